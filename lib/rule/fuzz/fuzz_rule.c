// A rule on the first lines up to an empty one, the message after it: read or refused with a reason, and what comes
// out of an object is JSON.
#include <rule/rule.h>

#include <json/json.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text all = {(const char *)data, size}, sql = all, payload = TEXT_EMPTY;
    for (size_t i = 0; i + 1 < size; i++) {
        if (data[i] != '\n' || data[i + 1] != '\n') continue;
        sql.length = i;
        payload = text_from(all, i + 2);
        break;
    }
    struct rule *rule = NULL;
    struct problem problem = {0};
    if (rule_parse(sql, &rule, &problem)) {
        if (problem.text[0] == '\0') abort();
        return 0;
    }
    const struct rule_message message = {.topic = TEXT("$aws/things/press/shadow/update"), .payload = payload};
    struct buffer out = {0};
    bool selected = false;
    enum error error = rule_run(rule, &message, &out, &selected, &problem);
    struct json_document *document = NULL;
    const struct json_limits limits = {RULE_OUTPUT_BYTES_MAX, JSON_DEPTH_MAX};
    bool handed_on =
        out.length == payload.length && (out.length == 0 || memcmp(out.data, payload.data, out.length) == 0);
    if (!error && selected && !handed_on && json_parse(buffer_view(&out), limits, &document, NULL)) abort();
    json_destroy(document);
    buffer_clear(&out);
    error_ignore(rule_substitute(sql, &message, &out, &problem));
    buffer_clear(&out);
    rule_destroy(rule);
    return 0;
}
