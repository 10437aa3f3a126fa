#include "catalog_internal.h"

#include <base/file.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

// --- lists ---

void version_clear(struct catalog_version *version) {
    free((char *)version->description);
    free((char *)version->runtime);
    free((char *)version->handler);
    for (char **line = version->environment; line != NULL && *line != NULL; line++) free(*line);
    free(version->environment);
    function_manifest_destroy(version->manifest);
}

void function_entry_clear(struct catalog_function *function) {
    for (size_t i = 0; i < function->version_count; i++) version_clear(&function->versions[i]);
    for (size_t i = 0; i < function->alias_count; i++) free((char *)function->aliases[i].description);
    free(function->versions);
    free(function->aliases);
}

void mapping_clear(struct catalog_mapping *mapping) {
    free((char *)mapping->source); // ours: callers' own are const
    free((char *)mapping->condition);
}

void catalog_empty(struct catalog *catalog) {
    for (size_t i = 0; i < catalog->function_count; i++) function_entry_clear(&catalog->functions[i]);
    for (size_t i = 0; i < catalog->mapping_count; i++) mapping_clear(&catalog->mappings[i]);
    free(catalog->functions);
    free(catalog->mappings);
    catalog->functions = NULL;
    catalog->mappings = NULL;
    catalog->function_count = catalog->mapping_count = 0;
}

/// One more element at the end, zeroed; NULL when out of memory.
#define GROW(list, count)                                                                                              \
    ({                                                                                                                 \
        __typeof__(list) grown_ = reallocarray((list), (count) + 1, sizeof *(list));                                   \
        if (grown_ != NULL) {                                                                                          \
            (list) = grown_;                                                                                           \
            memset(&(list)[(count)], 0, sizeof *(list));                                                               \
        }                                                                                                              \
        grown_ == NULL ? NULL : &(list)[(count)++];                                                                    \
    })

struct catalog_function *catalog_add_function(struct catalog *catalog) {
    struct catalog_function *function = GROW(catalog->functions, catalog->function_count);
    if (function != NULL) function->concurrency = -1;
    return function;
}

struct catalog_version *catalog_add_version(struct catalog_function *function) {
    return GROW(function->versions, function->version_count);
}

struct catalog_alias *catalog_add_alias(struct catalog_function *function) {
    return GROW(function->aliases, function->alias_count);
}

struct catalog_mapping *catalog_add_mapping(struct catalog *catalog) {
    return GROW(catalog->mappings, catalog->mapping_count);
}

// --- opening ---

static bool is_named(const struct catalog *catalog, const char *folder) {
    for (size_t i = 0; i < catalog->function_count; i++)
        for (size_t j = 0; j < catalog->functions[i].version_count; j++)
            if (strcmp(catalog->functions[i].versions[j].folder, folder) == 0) return true;
    return false;
}

/// No worker runs yet: nobody uses what nothing names.
static void remove_unused(const struct catalog *catalog) {
    package_sweep(catalog->store);
    DIR *folder = opendir(catalog->store);
    if (folder == NULL) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.' && !is_named(catalog, entry->d_name)) package_remove(catalog->store, entry->d_name);
    }
    closedir(folder);
}

enum error catalog_open(const struct catalog_options *options, struct catalog **ret_catalog,
                        struct problem *ret_problem) {
    CLEANUP(catalog_close_at) struct catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    catalog->options = *options;
    catalog->file = file_join(options->folder, "catalog.json");
    catalog->store = file_join(options->folder, ".packages");
    if (catalog->file == NULL || catalog->store == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = file_make_folder(catalog->store, 0700, ret_problem);
    if (!error) error = catalog_read(catalog, ret_problem);
    if (error) return error;
    remove_unused(catalog);
    *ret_catalog = TAKE(catalog);
    return ERROR_NONE;
}

void catalog_close(struct catalog *catalog) {
    if (catalog == NULL) return;
    catalog_empty(catalog);
    free(catalog->file);
    free(catalog->store);
    free(catalog);
}

const char *catalog_store(const struct catalog *catalog) {
    return catalog->store;
}

// --- looking ---

size_t catalog_count(const struct catalog *catalog) {
    return catalog->function_count;
}

const struct catalog_function *catalog_at(const struct catalog *catalog, size_t index) {
    return &catalog->functions[index];
}

const struct catalog_function *catalog_find(const struct catalog *catalog, struct text name) {
    for (size_t i = 0; i < catalog->function_count; i++)
        if (text_is(name, catalog->functions[i].name)) return &catalog->functions[i];
    return NULL;
}

const struct catalog_version *catalog_version(const struct catalog_function *function, struct text version) {
    if (version.length == 0) return &function->versions[0];
    for (size_t i = 0; i < function->version_count; i++)
        if (text_is(version, function->versions[i].version)) return &function->versions[i];
    return NULL;
}

const struct catalog_alias *catalog_alias(const struct catalog_function *function, struct text alias) {
    for (size_t i = 0; i < function->alias_count; i++)
        if (text_is(alias, function->aliases[i].name)) return &function->aliases[i];
    return NULL;
}

const struct catalog_version *catalog_resolve(const struct catalog_function *function, struct text qualifier,
                                              double chance) {
    const struct catalog_alias *alias = catalog_alias(function, qualifier);
    if (alias == NULL) return catalog_version(function, qualifier);
    bool second = alias->second[0] != '\0' && chance < alias->share;
    return catalog_version(function, text_of(second ? alias->second : alias->version));
}

size_t catalog_mapping_count(const struct catalog *catalog) {
    return catalog->mapping_count;
}

const struct catalog_mapping *catalog_mapping_at(const struct catalog *catalog, size_t index) {
    return &catalog->mappings[index];
}

const struct catalog_mapping *catalog_mapping(const struct catalog *catalog, struct text id) {
    for (size_t i = 0; i < catalog->mapping_count; i++)
        if (text_is(id, catalog->mappings[i].id)) return &catalog->mappings[i];
    return NULL;
}
