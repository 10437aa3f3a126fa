/// A function package's manifest, `function.yaml`: what starts the function, what it may command, what it owns.
/// Form: docs/spec/function.md.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

enum {
    FUNCTION_TIMEOUT_S_MAX = 900, // what Lambda allows
    FUNCTION_TIMEOUT_S = 3,       // Lambda's default
};

/// An event for the function: a twin whose name matches and that changed.
struct function_trigger {
    const char *twin; // thing name, with `*` and `?` (text_matches)
    const char *path; // only when something below it changed: "reported", "reported/motor"; "" for any change
};

struct function_manifest {
    const char *folder;  // absolute or as given: where function.yaml is
    const char *name;    // "automatic": [A-Za-z0-9_-]{1,64}
    const char *runtime; // "provided.al2023"
    unsigned timeout_s;  // per invocation, 1..FUNCTION_TIMEOUT_S_MAX
    const struct function_trigger *triggers;
    size_t trigger_count;        // 0 for a function that is only invoked
    const char *const *commands; // things whose desired it may write; exact names
    size_t command_count;
    const char *const *state; // things that it owns, reported and desired; exact names
    size_t state_count;
};

/// Reads `folder/function.yaml`. Unknown fields are errors. The problem names file, line and field, and the remedy.
/// ERROR_NOT_FOUND when there is no such file.
enum error function_manifest_load(const char *folder, struct function_manifest **ret_manifest,
                                  struct problem *ret_problem);
/// The same from bytes, for tests; `file_name` is for the messages, `folder` is copied.
enum error function_manifest_read(struct text bytes, const char *file_name, const char *folder,
                                  struct function_manifest **ret_manifest, struct problem *ret_problem);
void function_manifest_destroy(struct function_manifest *manifest); // NULL is fine
CLEANUP_DEFINE(struct function_manifest, function_manifest_destroy)
