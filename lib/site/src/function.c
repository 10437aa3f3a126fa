#include <site/function.h>

#include "settings.h"

#include <base/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 64, THING_BYTES_MAX = 128 }; // Lambda's function name; AWS IoT's thing name

struct manifest_file {
    struct function_manifest manifest; // first: a pointer to it is handed out
    struct keep keep;
};

// --- what may stand in the file ---

static bool is_word_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_' || byte == '-';
}

static bool is_name(struct text text) {
    for (size_t i = 0; i < text.length; i++) {
        if (!is_word_byte(text.data[i])) return false;
    }
    return text.length > 0 && text.length <= NAME_BYTES_MAX;
}

static bool is_thing(struct text text) {
    for (size_t i = 0; i < text.length; i++) {
        if (!is_word_byte(text.data[i]) && text.data[i] != ':') return false;
    }
    return text.length > 0 && text.length <= THING_BYTES_MAX;
}

static bool is_thing_pattern(struct text text) {
    for (size_t i = 0; i < text.length; i++) {
        if (!is_word_byte(text.data[i]) && strchr(":*?", text.data[i]) == NULL) return false;
    }
    return text.length > 0 && text.length <= THING_BYTES_MAX;
}

static bool is_twin_path(struct text text) {
    struct text rest = text, step;
    if (!text_split(&rest, '/', &step)) return false;
    if (!text_is(step, "reported") && !text_is(step, "desired")) return false;
    while (text_split(&rest, '/', &step)) {
        if (step.length == 0) return false;
    }
    return true;
}

enum { TOPIC_BYTES_MAX = 256, TOPIC_LEVELS_MAX = 8 }; // AWS IoT's: at most seven slashes

/// Levels that are not empty, and are wildcards as a whole; none of the characters that a bus would take for others.
static bool is_topic_of(struct text text, bool filter) {
    struct text rest = text, level;
    size_t levels = 0;
    if (text.length > TOPIC_BYTES_MAX || text_ends_with(text, TEXT("/"))) return false;
    for (; text_split(&rest, '/', &level); levels++) {
        bool wild = text_is(level, "+") || (text_is(level, "#") && rest.length == 0);
        if (level.length == 0 || (wild && !filter)) return false;
        for (size_t i = 0; i < level.length && !wild; i++)
            if (strchr("+#*>. ", level.data[i]) != NULL || (unsigned char)level.data[i] <= ' ') return false;
    }
    return levels > 0 && levels <= TOPIC_LEVELS_MAX;
}

static bool is_topic(struct text text) {
    return is_topic_of(text, false);
}

static bool is_topic_filter(struct text text) {
    return is_topic_of(text, true);
}

static bool is_schedule(struct text text) {
    bool known = text_starts_with(text, TEXT("rate(")) || text_starts_with(text, TEXT("cron("));
    return known && text_ends_with(text, TEXT(")")) && text.length <= 128;
}

static bool is_condition(struct text text) {
    return text.length > 0 && text.length <= 256;
}

static bool is_source(struct text text) {
    return text.length > 0 && text.length <= 256;
}

static bool is_handler(struct text text) {
    for (size_t i = 0; i < text.length; i++)
        if (!is_word_byte(text.data[i]) && strchr("./", text.data[i]) == NULL) return false;
    return text.length > 0 && text.length <= 128;
}

static const char *const runtime_words[] = {"provided.al2023", "provided.al2", "nodejs20.x", NULL};

#define AT(member) offsetof(struct manifest_file, manifest.member)

static const struct setting trigger_fields[] = {
    {.name = "twin",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct function_trigger, twin),
     .accepts = is_thing_pattern,
     .expected = "the name of a thing, * and ? allowed, in quotes"},
    {.name = "path",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct function_trigger, path),
     .accepts = is_twin_path,
     .expected = "a path in the shadow that begins with reported or desired, such as reported/motor"},
    {.name = "when",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct function_trigger, condition),
     .accepts = is_condition,
     .expected = "a condition, such as \"reported/motor/state == true\""},
    {.name = "topic",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct function_trigger, topic),
     .accepts = is_topic_filter,
     .expected = "a topic of at most 8 levels, + for any level and # for any rest, such as \"plant/+/alarm\""},
    {.name = "schedule",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct function_trigger, schedule),
     .accepts = is_schedule,
     .expected = "\"rate(5 minutes)\" or \"cron(0 8 ? * MON-FRI *)\""},
    {.name = "event",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct function_trigger, event),
     .accepts = is_source,
     .expected = "the source of events, * and ? allowed, such as \"mps_conveyor/*\""},
    {.name = "severity",
     .kind = SETTING_UNSIGNED,
     .offset = offsetof(struct function_trigger, severity),
     .low = 1,
     .high = 1000,
     .expected = "the least severity, from 1 to 1000"},
    {.name = "url", .kind = SETTING_BOOL, .offset = offsetof(struct function_trigger, url), .expected = "true"},
};

static const struct setting trigger_row = {.name = "trigger",
                                           .kind = SETTING_SECTION,
                                           .rows = trigger_fields,
                                           .row_count = sizeof trigger_fields / sizeof *trigger_fields};

static const struct setting thing_row = {.name = "thing",
                                         .kind = SETTING_TEXT,
                                         .accepts = is_thing,
                                         .expected = "the exact name of a thing: letters, digits, _ - and :"};

static const struct setting topic_row = {.name = "topic",
                                         .kind = SETTING_TEXT,
                                         .accepts = is_topic_filter,
                                         .expected = "a topic of at most 8 levels, + for any level and # for any rest"};

static const struct setting function_row = {.name = "function",
                                            .kind = SETTING_TEXT,
                                            .accepts = is_name,
                                            .expected = "the name of a function: letters, digits, _ and -"};

#define LIST_ROW(field, member, count, row_of, what)                                                                   \
    {                                                                                                                  \
        .name = (field), .kind = SETTING_LIST, .offset = AT(member), .count_offset = AT(count),                        \
        .item_bytes = sizeof(char *), .rows = &(row_of), .row_count = 1, .expected = (what)                            \
    }

#define NUMBER_ROW(field, member, least, most, what)                                                                   \
    {                                                                                                                  \
        .name = (field), .kind = SETTING_UNSIGNED, .offset = AT(member), .low = (least), .high = (most),               \
        .expected = (what)                                                                                             \
    }

static const struct setting canary_rows[] = {
    NUMBER_ROW("errors", canary_errors, 1, 1000, "a number of errors from 1 to 1000"),
    NUMBER_ROW("of", canary_of, 1, 100000, "a number of events from 1 to 100000"),
};

static const struct setting manifest_rows[] = {
    {.name = "name",
     .kind = SETTING_TEXT,
     .offset = AT(name),
     .accepts = is_name,
     .required = true,
     .expected = "a name of 1 to 64 letters, digits, _ and -"},
    {.name = "runtime",
     .kind = SETTING_TEXT,
     .offset = AT(runtime),
     .words = runtime_words,
     .required = true,
     .expected = "provided.al2023, provided.al2 or nodejs20.x"},
    {.name = "handler",
     .kind = SETTING_TEXT,
     .offset = AT(handler),
     .accepts = is_handler,
     .expected = "FILE.FUNCTION, such as index.handler"},
    NUMBER_ROW("timeout", timeout_s, 1, FUNCTION_TIMEOUT_S_MAX, "whole seconds from 1 to 900"),
    NUMBER_ROW("memory", memory_mb, 16, FUNCTION_MEMORY_MB_MAX, "megabytes from 16 to 10240"),
    NUMBER_ROW("storage", storage_mb, 1, FUNCTION_STORAGE_MB_MAX, "megabytes from 1 to 10240"),
    NUMBER_ROW("concurrency", concurrency, 1, FUNCTION_CONCURRENCY_MAX, "a number of workers from 1 to 100"),
    {.name = "pinned", .kind = SETTING_BOOL, .offset = AT(pinned), .expected = "true or false"},
    {.name = "network", .kind = SETTING_BOOL, .offset = AT(network), .expected = "true or false"},
    NUMBER_ROW("retries", retries, 0, FUNCTION_RETRIES_MAX, "0, 1 or 2"),
    NUMBER_ROW("maximum_age", age_s, 1, FUNCTION_AGE_S_MAX, "whole seconds from 1 to 21600"),
    {.name = "canary",
     .kind = SETTING_SECTION,
     .rows = canary_rows,
     .row_count = sizeof canary_rows / sizeof *canary_rows,
     .expected = "errors and of, such as {errors: 3, of: 20}"},
    {.name = "dead_letter",
     .kind = SETTING_TEXT,
     .offset = AT(dead_letter),
     .accepts = is_topic,
     .expected = "a topic of at most 8 levels"},
    {.name = "triggers",
     .kind = SETTING_LIST,
     .offset = AT(triggers),
     .count_offset = AT(trigger_count),
     .item_bytes = sizeof(struct function_trigger),
     .rows = &trigger_row,
     .row_count = 1,
     .expected = "triggers, such as - twin: \"mps_*\""},
    LIST_ROW("commands", commands, command_count, thing_row, "things"),
    LIST_ROW("state", state, state_count, thing_row, "things"),
    LIST_ROW("publish", publish, publish_count, topic_row, "topics"),
    LIST_ROW("invoke", invoke, invoke_count, function_row, "functions"),
};

// --- public ---

static void set_defaults(struct function_manifest *manifest) {
    manifest->timeout_s = FUNCTION_TIMEOUT_S;
    manifest->memory_mb = FUNCTION_MEMORY_MB;
    manifest->storage_mb = FUNCTION_STORAGE_MB;
    manifest->concurrency = 1;
    manifest->pinned = true;
    manifest->retries = FUNCTION_RETRIES_MAX;
    manifest->canary_errors = FUNCTION_CANARY_ERRORS;
    manifest->canary_of = FUNCTION_CANARY_OF;
    manifest->age_s = FUNCTION_AGE_S_MAX;
}

static bool is_one_kind(const struct function_trigger *trigger) {
    int kinds = (trigger->twin != NULL) + (trigger->topic != NULL) + (trigger->schedule != NULL) +
                (trigger->event != NULL) + (trigger->url ? 1 : 0);
    bool narrows_twin = trigger->path != NULL || trigger->condition != NULL;
    return kinds == 1 && (!narrows_twin || trigger->twin != NULL) && (trigger->severity == 0 || trigger->event != NULL);
}

/// Texts that the file leaves out are "": users need not look for NULL.
static enum error complete(struct manifest_file *file, const struct settings *settings, struct problem *ret_problem) {
    struct function_manifest *manifest = &file->manifest;
    struct function_trigger *triggers = (struct function_trigger *)manifest->triggers; // ours until handed out
    if (manifest->handler == NULL) manifest->handler = "index.handler";
    if (manifest->dead_letter == NULL) manifest->dead_letter = "";
    for (size_t i = 0; i < manifest->trigger_count; i++) {
        char path[48];
        snprintf(path, sizeof path, "triggers[%zu]", i);
        if (!is_one_kind(&triggers[i]))
            return settings_refuse(settings, ret_problem, path,
                                   "a trigger is one of twin (with path, when), topic, schedule, event (with severity) "
                                   "and url: true");
        if (triggers[i].path == NULL) triggers[i].path = "";
        if (triggers[i].condition == NULL) triggers[i].condition = "";
    }
    return ERROR_NONE;
}

enum error function_manifest_read(struct text bytes, const char *file_name, const char *folder,
                                  struct function_manifest **ret_manifest, struct problem *ret_problem) {
    struct manifest_file *file = calloc(1, sizeof *file);
    if (file == NULL) return ERROR_NO_MEMORY;
    set_defaults(&file->manifest);
    struct settings *settings = NULL;
    file->manifest.folder = keep_text(&file->keep, text_of(folder));
    enum error error = file->manifest.folder == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error) {
        error = settings_read(bytes, file_name, manifest_rows, sizeof manifest_rows / sizeof *manifest_rows, file,
                              &file->keep, &settings, ret_problem);
    }
    if (!error) error = complete(file, settings, ret_problem);
    settings_close(settings);
    if (error) {
        function_manifest_destroy(&file->manifest);
        return error;
    }
    *ret_manifest = &file->manifest;
    return ERROR_NONE;
}

enum error function_manifest_load(const char *folder, struct function_manifest **ret_manifest,
                                  struct problem *ret_problem) {
    CLEANUP(free_at) char *path = file_join(folder, "function.yaml");
    if (path == NULL) return ERROR_NO_MEMORY;
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error = file_read(path, SETTINGS_BYTES_MAX, &bytes, ret_problem);
    if (error == ERROR_NOT_FOUND) {
        return problem_say(ret_problem, error,
                           "%s: not found: a function's package holds function.yaml; correct the "
                           "list fog.functions of the site file",
                           path);
    }
    return error ? error : function_manifest_read(buffer_view(&bytes), path, folder, ret_manifest, ret_problem);
}

void function_manifest_destroy(struct function_manifest *manifest) {
    if (manifest == NULL) return;
    struct manifest_file *file = (struct manifest_file *)manifest;
    struct keep keep = file->keep;
    keep_clear(&keep);
    free(file);
}
