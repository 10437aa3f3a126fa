// What can be called. Arguments of a wrong kind give Undefined, never an error: that is the language.
#include "time_pattern.h"
#include "tree.h"

#include <base/base64.h>
#include <base/uuid.h>
#include <pki/pki.h>

#include <ctype.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { EXPRESSION_BYTES_MAX = 256, MATCHED_BYTES_MAX = 4096 }; // of regular expressions: more could take for ever

typedef const struct value *arguments;

// --- of the message ---

/// `$aws/rules/NAME/` is the way in (Basic Ingest), not part of the topic.
static struct text topic_of(const struct run *run) {
    struct text topic = run->message->topic, rest = topic, level;
    if (!text_starts_with(topic, TEXT("$aws/rules/"))) return topic;
    for (int i = 0; i < 3; i++)
        if (!text_split(&rest, '/', &level)) return topic;
    return rest.length > 0 ? rest : topic;
}

static struct value call_topic(struct run *run, arguments given, unsigned count) {
    struct text rest = topic_of(run), level;
    int64_t wanted;
    if (count == 0) return value_string(rest);
    if (!value_to_int(given[0], &wanted)) return value_undefined;
    for (int64_t i = 1; text_split(&rest, '/', &level); i++)
        if (i == wanted) return value_string(level);
    return value_undefined;
}

static struct value call_timestamp(struct run *run, arguments given, unsigned count) {
    (void)given;
    (void)count;
    return value_integer((int64_t)run->message->time_ms);
}

static struct value or_else(struct text text, struct value otherwise) {
    return text.length > 0 ? value_string(text) : otherwise;
}

static struct value call_clientid(struct run *run, arguments given, unsigned count) {
    (void)given;
    (void)count;
    return or_else(run->message->client_id, value_string(TEXT("n/a")));
}

static struct value call_principal(struct run *run, arguments given, unsigned count) {
    (void)given;
    (void)count;
    return or_else(run->message->principal, value_undefined);
}

static struct value call_traceid(struct run *run, arguments given, unsigned count) {
    (void)given;
    (void)count;
    return or_else(run->message->trace_id, value_undefined);
}

static struct value call_accountid(struct run *run, arguments given, unsigned count) {
    (void)given;
    (void)count;
    return or_else(run->message->account, value_undefined);
}

static struct value call_newuuid(struct run *run, arguments given, unsigned count) {
    (void)given;
    (void)count;
    char id[UUID_BYTES];
    struct buffer text = {0};
    uuid_make(id);
    buffer_string(&text, id);
    return run_keep_string(run, &text);
}

// --- of values ---

static struct value call_get(struct run *run, arguments given, unsigned count) {
    (void)run;
    (void)count;
    int64_t index;
    if (given[0].kind == VALUE_STRING) { // a character
        if (given[1].kind != VALUE_INT) return value_undefined;
        index = given[1].integer;
        if (index < 0 || (uint64_t)index >= given[0].string.length) return value_undefined;
        return value_string((struct text){given[0].string.data + index, 1});
    }
    if (given[0].kind != VALUE_JSON) return value_undefined;
    if (json_is(given[0].json, JSON_OBJECT))
        return given[1].kind == VALUE_STRING ? value_of_json(json_member_text(given[0].json, given[1].string))
                                             : value_undefined;
    if (!value_to_int(given[1], &index) || index < 0) return value_undefined;
    return value_of_json(json_element(given[0].json, (size_t)index));
}

static struct value call_get_or_default(struct run *run, arguments given, unsigned count) {
    (void)run;
    (void)count;
    return given[0].kind == VALUE_UNDEFINED ? given[1] : given[0];
}

static struct value call_isnull(struct run *run, arguments given, unsigned count) {
    (void)run;
    (void)count;
    return value_boolean(given[0].kind == VALUE_NULL);
}

static struct value call_isundefined(struct run *run, arguments given, unsigned count) {
    (void)run;
    (void)count;
    return value_boolean(given[0].kind == VALUE_UNDEFINED);
}

// --- of numbers ---

static struct value by(struct value value, double (*function)(double)) {
    double decimal;
    return value_to_decimal(value, &decimal) ? value_decimal(function(decimal)) : value_undefined;
}

static double sign(double value) {
    return (value > 0) - (value < 0);
}

/// An Int stays exact where the function leaves it as it is.
#define NUMERIC(name, function, keeps_int)                                                                             \
    static struct value call_##name(struct run *run, arguments given, unsigned count) {                                \
        (void)run;                                                                                                     \
        (void)count;                                                                                                   \
        return (keeps_int) && given[0].kind == VALUE_INT ? given[0] : by(given[0], function);                          \
    }
NUMERIC(abs, fabs, given[0].integer >= 0)
NUMERIC(ceil, ceil, true)
NUMERIC(floor, floor, true)
NUMERIC(round, round, true)
NUMERIC(trunc, trunc, true)
NUMERIC(sign, sign, false)
NUMERIC(sqrt, sqrt, false)
NUMERIC(exp, exp, false)
NUMERIC(ln, log, false)
NUMERIC(log, log10, false)
NUMERIC(sin, sin, false)
NUMERIC(cos, cos, false)
NUMERIC(tan, tan, false)

static struct value by_two(arguments given, double (*function)(double, double)) {
    double a, b;
    if (!value_to_decimal(given[0], &a) || !value_to_decimal(given[1], &b)) return value_undefined;
    return value_decimal(function(a, b));
}

static struct value call_mod(struct run *run, arguments given, unsigned count) {
    (void)run;
    (void)count;
    return by_two(given, fmod);
}

static struct value call_power(struct run *run, arguments given, unsigned count) {
    (void)run;
    (void)count;
    return by_two(given, pow);
}

/// trunc(value, places): 1.239, 2 gives 1.23.
static struct value call_trunc_places(struct run *run, arguments given, unsigned count) {
    double value;
    int64_t places;
    if (count == 1) return call_trunc(run, given, count);
    if (!value_to_decimal(given[0], &value) || !value_to_int(given[1], &places)) return value_undefined;
    if (places <= 0) return value_decimal(trunc(value));
    char text[512];
    snprintf(text, sizeof text, "%.17f", value); // digits as they are written, not as binary fractions cut
    char *dot = strchr(text, '.');
    if (dot != NULL && places < 17) dot[1 + places] = '\0';
    return value_decimal(strtod(text, NULL));
}

// --- of texts ---

/// Texts, or what becomes one; false: Undefined.
static bool text_argument(struct run *run, struct value value, struct text *ret_text) {
    if (value.kind == VALUE_STRING) {
        *ret_text = value.string;
        return true;
    }
    struct buffer text = {0};
    if (!value_to_string(value, &text)) return false;
    struct value kept = run_keep_string(run, &text);
    *ret_text = kept.kind == VALUE_STRING ? kept.string : TEXT_EMPTY;
    return kept.kind == VALUE_STRING;
}

static struct value call_concat(struct run *run, arguments given, unsigned count) {
    struct buffer all = {0};
    for (unsigned i = 0; i < count; i++) {
        struct text text;
        if (text_argument(run, given[i], &text)) {
            buffer_text(&all, text);
            continue;
        }
        buffer_clear(&all);
        return value_undefined;
    }
    return run_keep_string(run, &all);
}

static struct value change_case(struct run *run, struct value value, int (*change)(int)) {
    struct text text;
    if (!text_argument(run, value, &text)) return value_undefined;
    struct buffer changed = {0};
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        buffer_byte(&changed, (char)(byte < 0x80 ? change(byte) : byte));
    }
    return run_keep_string(run, &changed);
}

static struct value call_lower(struct run *run, arguments given, unsigned count) {
    (void)count;
    return change_case(run, given[0], tolower);
}

static struct value call_upper(struct run *run, arguments given, unsigned count) {
    (void)count;
    return change_case(run, given[0], toupper);
}

static struct value call_trim(struct run *run, arguments given, unsigned count) {
    struct text text;
    (void)count;
    return text_argument(run, given[0], &text) ? value_string(text_trim(text)) : value_undefined;
}

static bool is_continuation(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static int64_t count_characters(struct text text) {
    int64_t count = 0;
    for (size_t i = 0; i < text.length; i++) count += !is_continuation(text.data[i]);
    return count;
}

static struct value call_length(struct run *run, arguments given, unsigned count) {
    struct text text;
    (void)count;
    return text_argument(run, given[0], &text) ? value_integer(count_characters(text)) : value_undefined;
}

/// Where the character begins; the length past the last one.
static size_t offset_of(struct text text, int64_t character) {
    size_t offset = 0;
    while (offset < text.length && character > 0) {
        offset++;
        while (offset < text.length && is_continuation(text.data[offset])) offset++;
        character--;
    }
    return offset;
}

/// substring(text, start[, end]): from 0, the end not included.
static struct value call_substring(struct run *run, arguments given, unsigned count) {
    struct text text;
    int64_t start, end;
    if (!text_argument(run, given[0], &text) || !value_to_int(given[1], &start)) return value_undefined;
    end = count_characters(text);
    if (count == 3 && !value_to_int(given[2], &end)) return value_undefined;
    if (start < 0 || end < start) return value_undefined;
    size_t from = offset_of(text, start), to = offset_of(text, end);
    return value_string((struct text){text.data + from, to - from});
}

/// How many bytes stand before it; false: it does not occur.
static bool find(struct text text, struct text part, size_t *ret_offset) {
    for (size_t i = 0; i + part.length <= text.length; i++) {
        if (!text_starts_with(text_from(text, i), part)) continue;
        *ret_offset = i;
        return true;
    }
    return false;
}

static bool two_texts(struct run *run, arguments given, struct text *ret_a, struct text *ret_b) {
    return text_argument(run, given[0], ret_a) && text_argument(run, given[1], ret_b);
}

static struct value call_indexof(struct run *run, arguments given, unsigned count) {
    struct text text, part;
    size_t offset;
    (void)count;
    if (!two_texts(run, given, &text, &part)) return value_undefined;
    if (!find(text, part, &offset)) return value_integer(-1);
    return value_integer(count_characters((struct text){text.data, offset}));
}

static struct value call_startswith(struct run *run, arguments given, unsigned count) {
    struct text text, part;
    (void)count;
    return two_texts(run, given, &text, &part) ? value_boolean(text_starts_with(text, part)) : value_undefined;
}

static struct value call_endswith(struct run *run, arguments given, unsigned count) {
    struct text text, part;
    (void)count;
    return two_texts(run, given, &text, &part) ? value_boolean(text_ends_with(text, part)) : value_undefined;
}

static struct value call_replace(struct run *run, arguments given, unsigned count) {
    struct text text, part, with;
    size_t offset;
    (void)count;
    if (!two_texts(run, given, &text, &part) || !text_argument(run, given[2], &with)) return value_undefined;
    if (part.length == 0) return value_string(text);
    struct buffer replaced = {0};
    while (find(text, part, &offset) && replaced.length <= RULE_OUTPUT_BYTES_MAX) {
        buffer_append(&replaced, text.data, offset);
        buffer_text(&replaced, with);
        text = text_from(text, offset + part.length);
    }
    buffer_text(&replaced, text);
    return run_keep_string(run, &replaced);
}

/// POSIX extended expressions (regex(7)).
static struct value call_regexp_matches(struct run *run, arguments given, unsigned count) {
    struct text text, expression;
    regex_t compiled;
    (void)count;
    if (!two_texts(run, given, &text, &expression)) return value_undefined;
    if (expression.length > EXPRESSION_BYTES_MAX || text.length > MATCHED_BYTES_MAX) return value_undefined;
    CLEANUP(free_at) char *pattern = text_copy(expression);
    CLEANUP(free_at) char *subject = text_copy(text);
    if (pattern == NULL || subject == NULL || regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return value_undefined;
    bool matches = regexec(&compiled, subject, 0, NULL, 0) == 0;
    regfree(&compiled);
    return value_boolean(matches);
}

// --- of encodings ---

static bool is_base64(struct value scheme) {
    return scheme.kind == VALUE_STRING && text_is(scheme.string, "base64");
}

static struct value call_encode(struct run *run, arguments given, unsigned count) {
    struct text text = run->message->payload;
    (void)count;
    if (!is_base64(given[1])) return value_undefined;
    bool is_payload = given[0].kind == VALUE_JSON && given[0].json == run->payload; // *: the bytes as they came
    bool is_binary = given[0].kind == VALUE_UNDEFINED && run->payload == NULL;
    if (!is_payload && !is_binary && !text_argument(run, given[0], &text)) return value_undefined;
    struct buffer encoded = {0};
    base64_write(text, &encoded);
    return run_keep_string(run, &encoded);
}

static struct value call_decode(struct run *run, arguments given, unsigned count) {
    struct text text;
    (void)count;
    if (!is_base64(given[1]) || !text_argument(run, given[0], &text)) return value_undefined;
    struct buffer decoded = {0};
    if (base64_read(text, &decoded) == ERROR_NONE && text_is_utf8(buffer_view(&decoded)))
        return run_keep_string(run, &decoded);
    buffer_clear(&decoded);
    return value_undefined;
}

static struct value call_sha256(struct run *run, arguments given, unsigned count) {
    struct text text;
    char hex[PKI_DIGEST_BYTES];
    (void)count;
    if (!text_argument(run, given[0], &text) || pki_digest(text, hex)) return value_undefined;
    struct buffer digest = {0};
    buffer_string(&digest, hex);
    return run_keep_string(run, &digest);
}

// --- of times ---

static struct value call_parse_time(struct run *run, arguments given, unsigned count) {
    struct text zone = TEXT("UTC");
    int64_t time_ms;
    if (given[0].kind != VALUE_STRING || !value_to_int(given[1], &time_ms)) return value_undefined;
    if (count == 3 && !text_argument(run, given[2], &zone)) return value_undefined;
    struct buffer text = {0};
    if (time_pattern_write(given[0].string, time_ms, zone, &text)) return run_keep_string(run, &text);
    buffer_clear(&text);
    return value_undefined;
}

static struct value call_time_to_epoch(struct run *run, arguments given, unsigned count) {
    struct text text, pattern;
    int64_t time_ms;
    (void)count;
    if (!two_texts(run, given, &text, &pattern) || !time_pattern_read(pattern, text, &time_ms)) return value_undefined;
    return value_integer(time_ms);
}

// --- the table ---

static const struct function functions[] = {
    {"abs", 1, 1, call_abs},
    {"accountid", 0, 0, call_accountid},
    {"ceil", 1, 1, call_ceil},
    {"clientid", 0, 0, call_clientid},
    {"concat", 1, ARGUMENTS_MAX, call_concat},
    {"cos", 1, 1, call_cos},
    {"decode", 2, 2, call_decode},
    {"encode", 2, 2, call_encode},
    {"endswith", 2, 2, call_endswith},
    {"exp", 1, 1, call_exp},
    {"floor", 1, 1, call_floor},
    {"get", 2, 2, call_get},
    {"get_or_default", 2, 2, call_get_or_default},
    {"indexof", 2, 2, call_indexof},
    {"isnull", 1, 1, call_isnull},
    {"isundefined", 1, 1, call_isundefined},
    {"length", 1, 1, call_length},
    {"ln", 1, 1, call_ln},
    {"log", 1, 1, call_log},
    {"lower", 1, 1, call_lower},
    {"mod", 2, 2, call_mod},
    {"newuuid", 0, 0, call_newuuid},
    {"parse_time", 2, 3, call_parse_time},
    {"power", 2, 2, call_power},
    {"principal", 0, 0, call_principal},
    {"regexp_matches", 2, 2, call_regexp_matches},
    {"replace", 3, 3, call_replace},
    {"round", 1, 1, call_round},
    {"sha256", 1, 1, call_sha256},
    {"sign", 1, 1, call_sign},
    {"sin", 1, 1, call_sin},
    {"sqrt", 1, 1, call_sqrt},
    {"startswith", 2, 2, call_startswith},
    {"substring", 2, 3, call_substring},
    {"tan", 1, 1, call_tan},
    {"time_to_epoch", 2, 2, call_time_to_epoch},
    {"timestamp", 0, 0, call_timestamp},
    {"topic", 0, 1, call_topic},
    {"traceid", 0, 0, call_traceid},
    {"trim", 1, 1, call_trim},
    {"trunc", 1, 2, call_trunc_places},
    {"upper", 1, 1, call_upper},
};

const struct function *function_find(struct text name) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strlen(functions[i].name) == name.length && strncasecmp(functions[i].name, name.data, name.length) == 0)
            return &functions[i];
    return NULL;
}
