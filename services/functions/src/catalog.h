/// What is deployed: functions, their versions and aliases, as AWS Lambda knows them. Kept in
/// DATA/functions/catalog.json, the packages beside it in `.packages`; whenever the process dies, the file has what was
/// before a change or what was after it, and every package that it names is there.
///
/// `$LATEST` is the version that may be changed. A published version never is. An alias names a version, and perhaps a
/// second one with a share of the invocations (canary). Triggers are given to the alias `live` where there is one, else
/// to `$LATEST`.
///
/// Owns everything in it; what is given out is borrowed until the next change. Threads: all on the loop's.
#pragma once

#include <base/cleanup.h>
#include <package/package.h>

enum {
    CATALOG_FUNCTIONS_MAX = 200,
    CATALOG_VERSIONS_MAX = 1000, // of one function; past it old ones must be deleted
    CATALOG_ALIASES_MAX = 50,
    CATALOG_MAPPINGS_MAX = 500,
    CATALOG_ENVIRONMENT_BYTES_MAX = 4096, // Lambda's limit
    CATALOG_NAME_BYTES = 65,              // of a function, an alias, a version; with NUL
    CATALOG_ID_BYTES = 37,                // a UUID, with NUL
    CATALOG_DESCRIPTION_BYTES_MAX = 256,
};

#define CATALOG_LATEST "$LATEST"
#define CATALOG_LIVE "live"

struct catalog_version {
    char version[CATALOG_NAME_BYTES]; // "$LATEST", "1", "2"
    char revision[CATALOG_ID_BYTES];  // another one with each change
    const char *description, *runtime, *handler;
    unsigned timeout_s, memory_mb;
    char **environment; // "NAME=value", NULL ends
    char sha256[PACKAGE_SHA256_BYTES], folder[PACKAGE_FOLDER_BYTES];
    size_t bytes; // of the archive
    int64_t modified_ms;
    struct function_manifest *manifest; // of its package; never NULL
    bool given;                         // the run time has it as it is
};

struct catalog_alias {
    char name[CATALOG_NAME_BYTES], version[CATALOG_NAME_BYTES], revision[CATALOG_ID_BYTES];
    const char *description;
    char second[CATALOG_NAME_BYTES]; // "": none
    double share;                    // 0 .. 1, of the invocations, that goes to `second`
};

struct catalog_function {
    char name[CATALOG_NAME_BYTES];
    struct catalog_version *versions; // the first is $LATEST
    size_t version_count;
    struct catalog_alias *aliases;
    size_t alias_count;
    uint64_t next_version;
    int concurrency;                 // reserved; -1: none
    bool url;                        // it has a function URL beyond what its function.yaml says
    char seed[PACKAGE_SHA256_BYTES]; // of the package that the plant brought last; "": it is none of the plant's
};

/// What starts a function besides its own triggers; docs/spec/function.md says how `source` names it.
struct catalog_mapping {
    char id[CATALOG_ID_BYTES];
    char function[CATALOG_NAME_BYTES];
    const char *source;    // "arn:aws:iot:local:000000000000:thing/mps_conveyor/reported/motor"
    const char *condition; // of a twin; "": none
    bool enabled;
    int64_t modified_ms;
};

struct catalog;
struct catalog_options {
    const char *folder;                                   // DATA/functions
    void (*changed)(void *context, const char *function); // after each change that is kept; NULL: nobody cares
    void *context;
};
/// Reads what is kept; packages that nothing names any more are removed. ERROR_INVALID when the file is damaged.
enum error catalog_open(const struct catalog_options *options, struct catalog **ret_catalog,
                        struct problem *ret_problem);
void catalog_close(struct catalog *catalog); // NULL is fine
CLEANUP_DEFINE(struct catalog, catalog_close)
/// Where packages are unpacked, "DATA/functions/.packages"; absolute when the folder is.
const char *catalog_store(const struct catalog *catalog);

// --- looking ---

size_t catalog_count(const struct catalog *catalog);
const struct catalog_function *catalog_at(const struct catalog *catalog, size_t index);       // by name, ascending
const struct catalog_function *catalog_find(const struct catalog *catalog, struct text name); // NULL: none
/// "$LATEST" (also when it is empty) or a number. NULL: none.
const struct catalog_version *catalog_version(const struct catalog_function *function, struct text version);
const struct catalog_alias *catalog_alias(const struct catalog_function *function, struct text alias);
/// The version that an invocation goes to: of a version itself, or by the weight of an alias. `chance` is 0 .. 1, below
/// the share it is the second. NULL: there is no such version or alias.
const struct catalog_version *catalog_resolve(const struct catalog_function *function, struct text qualifier,
                                              double chance);
size_t catalog_mapping_count(const struct catalog *catalog);
const struct catalog_mapping *catalog_mapping_at(const struct catalog *catalog, size_t index);
const struct catalog_mapping *catalog_mapping(const struct catalog *catalog, struct text id);

// --- changing: kept when it returns ERROR_NONE, else as it was ---

/// Of $LATEST. Texts that are NULL and numbers that are 0 leave what is there (of a new function: Lambda's defaults).
struct catalog_settings {
    const char *description, *runtime, *handler;
    unsigned timeout_s, memory_mb;
    const char *const *environment; // NULL ends
};
/// `package` has been unpacked into catalog_store; its manifest is taken over. ERROR_EXISTS, ERROR_LIMIT,
/// ERROR_INVALID.
enum error catalog_create(struct catalog *catalog, const char *name, const struct catalog_settings *settings,
                          struct package *package, struct problem *ret_problem);
/// `revision`: of $LATEST as the caller saw it (ERROR_CONFLICT when it is another by now); empty: in any case.
enum error catalog_update_code(struct catalog *catalog, const char *name, struct text revision, struct package *package,
                               struct problem *ret_problem);
enum error catalog_update_settings(struct catalog *catalog, const char *name, struct text revision,
                                   const struct catalog_settings *settings, struct problem *ret_problem);
/// $LATEST becomes an immutable version; when it is the same as the one published last, that one is it.
/// `sha256` must be that of $LATEST (ERROR_CONFLICT), empty: in any case. `description` NULL: that of $LATEST.
enum error catalog_publish(struct catalog *catalog, const char *name, struct text revision, struct text sha256,
                           const char *description, const struct catalog_version **ret_version,
                           struct problem *ret_problem);
/// A new one (`revision` NULL) or another version for it. `alias->description` NULL leaves it.
enum error catalog_put_alias(struct catalog *catalog, const char *name, const struct catalog_alias *alias,
                             const struct text *revision, struct problem *ret_problem);
enum error catalog_remove_alias(struct catalog *catalog, const char *name, struct text alias,
                                struct problem *ret_problem);
/// `version` empty: the whole function with its mappings. ERROR_CONFLICT: an alias names the version, or it is $LATEST.
enum error catalog_remove(struct catalog *catalog, const char *name, struct text version, struct problem *ret_problem);
enum error catalog_set_concurrency(struct catalog *catalog, const char *name, int concurrency,
                                   struct problem *ret_problem);
enum error catalog_set_url(struct catalog *catalog, const char *name, bool url, struct problem *ret_problem);
/// An empty id makes a new one. `ret_id` may be the mapping's own.
enum error catalog_put_mapping(struct catalog *catalog, const struct catalog_mapping *mapping,
                               char ret_id[static CATALOG_ID_BYTES], struct problem *ret_problem);
enum error catalog_remove_mapping(struct catalog *catalog, struct text id, struct problem *ret_problem);

/// What the plant itself brings: made, or given new code and published as the next version of `live`, when it is other
/// than what the plant brought last; else left as it is, whatever has been deployed over it meanwhile.
enum error catalog_seed(struct catalog *catalog, struct package *package, bool *ret_changed,
                        struct problem *ret_problem);

/// The run time has the version as it is.
void catalog_note_given(struct catalog *catalog, const char *name, const char *version);
