#include <diagnostics/diagnostics.h>

#include "record.h"

#include <base/clock.h>
#include <base/file.h>

#include <stdlib.h>
#include <string.h>

static const struct {
    uint16_t code, severity;
    const char *name;
} KINDS[] = {
#define X(id, code, name, severity) {code, severity, name},
    DIAGNOSTICS_TABLE(X)
#undef X
};

const char *diagnostics_name(uint16_t code) {
    for (size_t i = 0; i < DIAGNOSTICS_COUNT; i++)
        if (KINDS[i].code == code) return KINDS[i].name;
    return "Unknown";
}

uint16_t diagnostics_code(enum diagnostics_id id) {
    return KINDS[id].code;
}

uint16_t diagnostics_severity(enum diagnostics_id id) {
    return KINDS[id].severity;
}

static int by_sequence(const void *a, const void *b) {
    const struct diagnostics_entry *left = a, *right = b;
    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

enum error diagnostics_decode(struct text bytes, struct diagnostics_list *ret_list) {
    size_t records = bytes.length / DIAGNOSTICS_RECORD_BYTES;
    if (records > DIAGNOSTICS_RECORDS) records = DIAGNOSTICS_RECORDS;
    struct diagnostics_list list = {.entries = calloc(records + 1, sizeof *list.entries)};
    if (list.entries == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < records; i++) {
        const uint8_t *record = (const uint8_t *)bytes.data + i * DIAGNOSTICS_RECORD_BYTES;
        struct diagnostics_entry *entry = &list.entries[list.count];
        enum record_state state = record_decode(record, entry);
        // A record in the slot of another has been put there by somebody else.
        if (state == RECORD_WHOLE && entry->sequence % DIAGNOSTICS_RECORDS != i) state = RECORD_DAMAGED;
        list.count += state == RECORD_WHOLE;
        list.damaged += state == RECORD_DAMAGED;
    }
    qsort(list.entries, list.count, sizeof *list.entries, by_sequence);
    *ret_list = list;
    return ERROR_NONE;
}

enum error diagnostics_read(const char *path, struct diagnostics_list *ret_list, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    enum error error = file_read(path, (size_t)DIAGNOSTICS_RECORDS * DIAGNOSTICS_RECORD_BYTES, &bytes, ret_problem);
    if (!error) error = diagnostics_decode(buffer_view(&bytes), ret_list);
    return error == ERROR_NO_MEMORY ? problem_say(ret_problem, error, "%s: %s", path, error_text(error)) : error;
}

void diagnostics_list_clear(struct diagnostics_list *list) {
    free(list->entries);
    *list = (struct diagnostics_list){0};
}

// ---------------------------------------------------------------- for people and programs

static void print_json_text(struct buffer *out, const char *text) {
    buffer_byte(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            buffer_print(out, "\\%c", byte);
        else if (byte < 0x20)
            buffer_print(out, "\\u%04x", byte);
        else
            buffer_byte(out, (char)byte);
    }
    buffer_byte(out, '"');
}

void diagnostics_print_json(const struct diagnostics_entry *entry, struct buffer *out) {
    char time[CLOCK_TEXT_BYTES];
    clock_text(entry->wall_ns, time);
    buffer_print(out,
                 "{\"sequence\":%llu,\"time\":\"%s\",\"monotonicNs\":%llu,\"start\":%u,\"code\":%u,\"name\":\"%s\","
                 "\"severity\":%u,\"source\":",
                 (unsigned long long)entry->sequence, time, (unsigned long long)entry->monotonic_ns, entry->start,
                 entry->code, diagnostics_name(entry->code), entry->severity);
    print_json_text(out, entry->source);
    buffer_string(out, ",\"text\":");
    print_json_text(out, entry->text);
    buffer_byte(out, '}');
}

void diagnostics_print_line(const struct diagnostics_entry *entry, struct buffer *out) {
    char time[CLOCK_TEXT_BYTES];
    clock_text(entry->wall_ns, time);
    buffer_print(out, "%s  %u %-21s %4u  %s%s%s", time, entry->code, diagnostics_name(entry->code), entry->severity,
                 entry->source, entry->source[0] == '\0' ? "" : ": ", entry->text);
}
