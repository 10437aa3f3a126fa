#include <site/function.h>

#include "settings.h"

#include <base/file.h>

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

static const char *const runtime_words[] = {"provided.al2023", NULL};

#define AT(member) offsetof(struct manifest_file, manifest.member)

static const struct setting trigger_fields[] = {
    {.name = "twin",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct function_trigger, twin),
     .accepts = is_thing_pattern,
     .required = true,
     .expected = "the name of a thing, * and ? allowed, in quotes"},
    {.name = "path",
     .kind = SETTING_TEXT,
     .offset = offsetof(struct function_trigger, path),
     .accepts = is_twin_path,
     .expected = "a path in the shadow that begins with reported or desired, such as reported/motor"},
};

static const struct setting trigger_row = {.name = "trigger",
                                           .kind = SETTING_SECTION,
                                           .rows = trigger_fields,
                                           .row_count = sizeof trigger_fields / sizeof *trigger_fields};

static const struct setting thing_row = {.name = "thing",
                                         .kind = SETTING_TEXT,
                                         .accepts = is_thing,
                                         .expected = "the exact name of a thing: letters, digits, _ - and :"};

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
     .expected = "provided.al2023"},
    {.name = "timeout",
     .kind = SETTING_UNSIGNED,
     .offset = AT(timeout_s),
     .low = 1,
     .high = FUNCTION_TIMEOUT_S_MAX,
     .expected = "whole seconds from 1 to 900"},
    {.name = "triggers",
     .kind = SETTING_LIST,
     .offset = AT(triggers),
     .count_offset = AT(trigger_count),
     .item_bytes = sizeof(struct function_trigger),
     .rows = &trigger_row,
     .row_count = 1,
     .expected = "triggers, such as - twin: \"mps_*\""},
    {.name = "commands",
     .kind = SETTING_LIST,
     .offset = AT(commands),
     .count_offset = AT(command_count),
     .item_bytes = sizeof(char *),
     .rows = &thing_row,
     .row_count = 1,
     .expected = "things"},
    {.name = "state",
     .kind = SETTING_LIST,
     .offset = AT(state),
     .count_offset = AT(state_count),
     .item_bytes = sizeof(char *),
     .rows = &thing_row,
     .row_count = 1,
     .expected = "things"},
};

// --- public ---

/// Lists that the file leaves out are empty, texts are "": users need not look for NULL.
static void complete(struct manifest_file *file) {
    struct function_trigger *triggers = (struct function_trigger *)file->manifest.triggers; // ours until handed out
    for (size_t i = 0; i < file->manifest.trigger_count; i++) {
        if (triggers[i].path == NULL) triggers[i].path = "";
    }
}

enum error function_manifest_read(struct text bytes, const char *file_name, const char *folder,
                                  struct function_manifest **ret_manifest, struct problem *ret_problem) {
    struct manifest_file *file = calloc(1, sizeof *file);
    if (file == NULL) return ERROR_NO_MEMORY;
    file->manifest.timeout_s = FUNCTION_TIMEOUT_S;
    file->manifest.folder = keep_text(&file->keep, text_of(folder));
    enum error error = file->manifest.folder == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
    if (!error) {
        error = settings_read(bytes, file_name, manifest_rows, sizeof manifest_rows / sizeof *manifest_rows, file,
                              &file->keep, NULL, ret_problem);
    }
    if (error) {
        function_manifest_destroy(&file->manifest);
        return error;
    }
    complete(file);
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
