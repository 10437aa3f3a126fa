/// Settings in YAML, read by a table: one row per field says where it goes, what it may be, and so what to tell people
/// when it is something else. Every finding names file, line and field.
///
/// Strict: an unknown or repeated field, a second document, a value of the wrong kind are errors. What the file does
/// not say stays as it is in the target, so defaults are set before.
#pragma once

#include "keep.h"

#include <base/problem.h>

enum { SETTINGS_BYTES_MAX = 64 * 1024 }; // a file that a person wrote

enum setting_kind {
    SETTING_TEXT,     // const char *
    SETTING_BOOL,     // bool
    SETTING_UINT16,   // uint16_t
    SETTING_UNSIGNED, // unsigned
    SETTING_U64,      // uint64_t
    SETTING_REAL,     // double
    SETTING_SECTION,  // fields of a nested mapping; its rows' offsets are from the same target
    SETTING_LIST,     // a sequence of what `rows[0]` describes: pointer at `offset`, size_t at `count_offset`
};

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset;
    const char *expected;              // for people: "a port from 1 to 65535"
    double low, high;                  // numbers
    const char *const *words;          // texts: one of these, NULL ends; NULL: any that `accepts` takes
    bool (*accepts)(struct text text); // texts; NULL: any
    bool required;
    const struct setting *rows; // of a section; the one element of a list
    size_t row_count;
    size_t count_offset; // lists
    size_t item_bytes;   // lists
};

struct settings; // an open file: for findings that concern more than one field

/// Reads `bytes` into `target`. Texts and lists are kept in `keep`. `ret_settings` may be NULL; else close it.
enum error settings_read(struct text bytes, const char *file_name, const struct setting *rows, size_t row_count,
                         void *target, struct keep *keep, struct settings **ret_settings, struct problem *ret_problem);
void settings_close(struct settings *settings); // NULL is fine

/// Refuses a field that was read well: "site.yaml:7: edge.lease.hard: <format>". `path` is dotted; a field that is
/// not in the file gives the line of the nearest section above.
enum error settings_refuse(const struct settings *settings, struct problem *ret_problem, const char *path,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
