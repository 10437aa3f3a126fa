// splc shadow get|update|delete THING [DOCUMENT]
#include "command.h"

#include <stdio.h>
#include <string.h>

enum { SHADOW_TIMEOUT_MS = 10 * 1000, DOCUMENT_BYTES_MAX = 64 * 1024, DOCUMENT_DEPTH_MAX = 32 };

static const struct verb {
    const char *name;
    const char *method;
    bool takes_document;
} verbs[] = {{"get", "GET", false}, {"update", "POST", true}, {"delete", "DELETE", false}};

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    }
    return NULL;
}

static void put_indented(const struct json *value, unsigned depth, struct buffer *out);

static void put_member(const struct json_each *each, bool first, bool object, unsigned depth, struct buffer *out) {
    buffer_print(out, "%s\n%*s", first ? "" : ",", (int)(4 * (depth + 1)), "");
    if (object) {
        struct json_writer writer = json_writer(out);
        json_put_text(&writer, each->name);
        buffer_string(out, ": ");
    }
    put_indented(each->value, depth + 1, out);
}

/// For people: one member per line.
static void put_indented(const struct json *value, unsigned depth, struct buffer *out) {
    bool object = json_is(value, JSON_OBJECT), array = json_is(value, JSON_ARRAY);
    if ((!object && !array) || json_count(value) == 0) {
        struct json_writer writer = json_writer(out);
        json_put_value(&writer, value);
        return;
    }
    buffer_byte(out, object ? '{' : '[');
    struct json_each each = json_each(value);
    for (bool first = true; json_next(&each); first = false) put_member(&each, first, object, depth, out);
    buffer_print(out, "\n%*s%c", (int)(4 * depth), "", object ? '}' : ']');
}

static void print_document(const struct json *document, bool json) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    if (json)
        json_put_value(&writer, document);
    else
        put_indented(document, 0, &out);
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
}

/// "-" is standard input.
static enum error take_document(const char *word, struct buffer *document, struct problem *problem) {
    if (strcmp(word, "-") != 0) {
        buffer_string(document, word);
    } else {
        char bytes[4096];
        for (size_t length; (length = fread(bytes, 1, sizeof bytes, stdin)) > 0;)
            buffer_append(document, bytes, length);
    }
    if (document->failed) return ERROR_NO_MEMORY;
    CLEANUP(json_destroy_at) struct json_document *parsed = NULL;
    const struct json_limits limits = {DOCUMENT_BYTES_MAX, DOCUMENT_DEPTH_MAX};
    enum error error = json_parse(buffer_view(document), limits, &parsed, problem);
    if (error) return problem_prefix(problem, error, "the document is not JSON (is it in single quotes?)");
    if (json_exists(json_member(json_root(parsed), "state"))) return ERROR_NONE;
    return problem_say(problem, ERROR_INVALID,
                       "the document has no member \"state\": write {\"state\":{\"desired\":{...}}}");
}

static enum error make_path(const char *thing, const char *shadow, struct buffer *path) {
    buffer_string(path, "/things/");
    api_put_encoded(path, thing);
    buffer_string(path, "/shadow");
    if (shadow != NULL) buffer_string(path, "?name=");
    if (shadow != NULL) api_put_encoded(path, shadow);
    return path->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

static int shadow(const char *data, const struct verb *verb, const char *thing, const char *shadow_name,
                  const char *document, bool json) {
    struct problem problem = {"out of memory"};
    CLEANUP(buffer_clear) struct buffer body = {0};
    if (document != NULL && take_document(document, &body, &problem)) return refuse("%s", problem.text);
    CLEANUP(buffer_clear) struct buffer path = {0};
    if (make_path(thing, shadow_name, &path)) return refuse("out of memory");
    CLEANUP(api_close_at) struct api *api = NULL;
    if (find_api(data, SHADOW_TIMEOUT_MS, &api, &problem)) return refuse("%s", problem.text);
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    if (api_call(api, verb->method, path.data, buffer_view(&body), &answer, &problem)) {
        return refuse("%s", problem.text);
    }
    print_document(json_root(answer), json);
    return EXIT_DONE;
}

int command_shadow(int argc, char **argv) {
    const char *data = NULL, *name = NULL;
    bool json = false;
    const struct option table[] = {
        {"name", "S", "a named shadow, such as status; default: the classic one", OPTION_TEXT, &name},
        DATA_OPTION(&data),
        JSON_OPTION(&json),
    };
    const struct options options = {
        .usage = "splc shadow get|update|delete THING [DOCUMENT] [OPTIONS]",
        .summary =
            "Reads, changes or deletes the twin of a thing: an AWS device shadow.\n"
            "\n"
            "    get     prints the document\n"
            "    update  merges DOCUMENT into it, {\"state\":{\"desired\":{...}}}; - reads it from standard input;\n"
            "            \"version\" in it makes the update conditional; prints what was accepted\n"
            "    delete  removes it; the version goes on counting\n"
            "\n"
            "A desired value of an actuator is a wish: it is executed once, or removed with the reason, which then\n"
            "stands in reported under command: at the module, or at the thing when the wish names nothing that the\n"
            "module can do.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog =
            "EXAMPLES\n"
            "    splc shadow get mps_conveyor\n"
            "    splc shadow get mps_conveyor --name status\n"
            "    splc shadow update mps_hmi '{\"state\":{\"desired\":{\"indicator_Q1\":{\"setState\":[true]}}}}'\n"
            "\n" EXIT_STATUS_HELP,
    };
    const char *arguments[3];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 3, &count, &problem)) return refuse_usage("%s", problem.text);
    const struct verb *verb = count == 0 ? NULL : find_verb(arguments[0]);
    if (verb == NULL || count != (verb->takes_document ? 3 : 2)) {
        return refuse_usage("usage: %s; see splc shadow --help", options.usage);
    }
    return shadow(data, verb, arguments[1], name, verb->takes_document ? arguments[2] : NULL, json);
}
