// Changes of the catalogue: made in memory, then kept; what cannot be kept was not made.
#include "catalog_internal.h"

#include <base/clock.h>
#include <base/uuid.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- what all of them need ---

static struct catalog_function *find(const struct catalog *catalog, struct text name) {
    return (struct catalog_function *)catalog_find(catalog, name); // ours to change
}

static struct catalog_mapping *find_mapping(const struct catalog *catalog, struct text id) {
    return (struct catalog_mapping *)catalog_mapping(catalog, id);
}

/// Takes an element, which has been cleared, out of a list.
static void cut(void *list, size_t *count, size_t element_bytes, const void *element) {
    size_t index = (size_t)((const char *)element - (const char *)list) / element_bytes;
    char *place = (char *)list + index * element_bytes;
    if (index < --*count) memmove(place, place + element_bytes, (*count - index) * element_bytes);
}

static int64_t now_ms(void) {
    return (int64_t)(clock_wall_ns() / NS_PER_MS);
}

/// Keeps what has been changed in memory; when that fails, memory goes back to what is kept.
static enum error keep(struct catalog *catalog, struct text function, struct problem *ret_problem) {
    char name[CATALOG_NAME_BYTES];
    snprintf(name, sizeof name, "%.*s", TEXT_ARG(function)); // its own memory may be the catalogue's
    enum error error = catalog_write(catalog, ret_problem);
    if (!error && catalog->options.changed != NULL) catalog->options.changed(catalog->options.context, name);
    if (!error) return ERROR_NONE;
    catalog_empty(catalog);
    error_ignore(catalog_read(catalog, NULL)); // the disk is ill: what can be read of it counts
    return error;
}

static enum error no_memory(struct catalog *catalog, struct problem *ret_problem) {
    catalog_empty(catalog);
    error_ignore(catalog_read(catalog, NULL));
    return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
}

static enum error find_or_say(struct catalog *catalog, const char *name, struct catalog_function **ret_function,
                              struct problem *ret_problem) {
    *ret_function = find(catalog, text_of(name));
    if (*ret_function != NULL) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_NOT_FOUND, "Function not found: %s", name);
}

static enum error check_revision(const char *current, struct text wanted, struct problem *ret_problem) {
    if (wanted.length == 0 || text_is(wanted, current)) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_CONFLICT,
                       "The RevisionId provided does not match the latest one: somebody else has changed it; read it "
                       "again");
}

static bool replace(const char **text, const char *with) {
    char *own = (char *)*text;
    if (with == NULL) return true;
    char *copy = strdup(with);
    if (copy == NULL) return false;
    free(own);
    *text = copy;
    return true;
}

static char **copy_lines(const char *const *lines) {
    size_t count = 0;
    while (lines[count] != NULL) count++;
    char **copy = calloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) copy[i] = strdup(lines[i]);
    return copy;
}

static bool apply(struct catalog_version *version, const struct catalog_settings *settings) {
    if (settings->timeout_s != 0) version->timeout_s = settings->timeout_s;
    if (settings->memory_mb != 0) version->memory_mb = settings->memory_mb;
    bool done = replace(&version->description, settings->description) &&
                replace(&version->runtime, settings->runtime) && replace(&version->handler, settings->handler);
    if (!done || settings->environment == NULL) return done;
    char **lines = copy_lines(settings->environment);
    if (lines == NULL) return false;
    for (char **line = version->environment; line != NULL && *line != NULL; line++) free(*line);
    free(version->environment);
    version->environment = lines;
    return true;
}

static void touch(struct catalog_version *version) {
    uuid_make(version->revision);
    version->modified_ms = now_ms();
    version->given = false;
}

static void take_package(struct catalog_version *version, struct package *package) {
    function_manifest_destroy(version->manifest);
    version->manifest = TAKE(package->manifest);
    memcpy(version->sha256, package->sha256, sizeof version->sha256);
    memcpy(version->folder, package->folder, sizeof version->folder);
    version->bytes = package->bytes;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct catalog_function *)a)->name, ((const struct catalog_function *)b)->name);
}

static const struct catalog_settings first_settings = {
    .description = "",
    .handler = "",
    .timeout_s = FUNCTION_TIMEOUT_S,
    .memory_mb = FUNCTION_MEMORY_MB,
    .environment = (const char *const[]){NULL},
};

/// In memory alone.
static enum error create(struct catalog *catalog, const char *name, const struct catalog_settings *settings,
                         struct package *package, struct problem *ret_problem) {
    if (find(catalog, text_of(name)) != NULL)
        return problem_say(ret_problem, ERROR_EXISTS, "Function already exist: %s", name);
    if (catalog->function_count >= CATALOG_FUNCTIONS_MAX)
        return problem_say(ret_problem, ERROR_LIMIT, "there are %d functions already: delete one",
                           CATALOG_FUNCTIONS_MAX);
    struct catalog_function *function = catalog_add_function(catalog);
    struct catalog_version *latest = function == NULL ? NULL : catalog_add_version(function);
    if (latest == NULL) return no_memory(catalog, ret_problem);
    snprintf(function->name, sizeof function->name, "%s", name);
    snprintf(latest->version, sizeof latest->version, CATALOG_LATEST);
    function->next_version = 1;
    if (!apply(latest, &first_settings) || !apply(latest, settings)) return no_memory(catalog, ret_problem);
    take_package(latest, package);
    touch(latest);
    qsort(catalog->functions, catalog->function_count, sizeof *catalog->functions, by_name);
    return ERROR_NONE;
}

enum error catalog_create(struct catalog *catalog, const char *name, const struct catalog_settings *settings,
                          struct package *package, struct problem *ret_problem) {
    enum error error = create(catalog, name, settings, package, ret_problem);
    return error ? error : keep(catalog, text_of(name), ret_problem);
}

enum error catalog_update_code(struct catalog *catalog, const char *name, struct text revision, struct package *package,
                               struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, name, &function, ret_problem);
    if (!error) error = check_revision(function->versions[0].revision, revision, ret_problem);
    if (error) return error;
    take_package(&function->versions[0], package);
    touch(&function->versions[0]);
    return keep(catalog, text_of(name), ret_problem);
}

enum error catalog_update_settings(struct catalog *catalog, const char *name, struct text revision,
                                   const struct catalog_settings *settings, struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, name, &function, ret_problem);
    if (!error) error = check_revision(function->versions[0].revision, revision, ret_problem);
    if (error) return error;
    if (!apply(&function->versions[0], settings)) return no_memory(catalog, ret_problem);
    touch(&function->versions[0]);
    return keep(catalog, text_of(name), ret_problem);
}

// --- versions ---

static bool same_lines(char **a, char **b) {
    for (; *a != NULL && *b != NULL; a++, b++)
        if (strcmp(*a, *b) != 0) return false;
    return *a == NULL && *b == NULL;
}

static bool is_same(const struct catalog_version *a, const struct catalog_version *b) {
    return strcmp(a->sha256, b->sha256) == 0 && strcmp(a->runtime, b->runtime) == 0 &&
           strcmp(a->handler, b->handler) == 0 && a->timeout_s == b->timeout_s && a->memory_mb == b->memory_mb &&
           same_lines(a->environment, b->environment);
}

/// In memory alone. The package stays where it is; its manifest is read once more.
static enum error publish(struct catalog *catalog, struct catalog_function *function, const char *description,
                          struct problem *ret_problem) {
    if (function->version_count > CATALOG_VERSIONS_MAX)
        return problem_say(ret_problem, ERROR_LIMIT, "%s has %d versions already: delete old ones", function->name,
                           CATALOG_VERSIONS_MAX);
    struct catalog_version *version = catalog_add_version(function);
    if (version == NULL) return no_memory(catalog, ret_problem);
    const struct catalog_version *latest = &function->versions[0];
    const struct catalog_settings settings = {
        .description = description == NULL ? latest->description : description,
        .runtime = latest->runtime,
        .handler = latest->handler,
        .timeout_s = latest->timeout_s,
        .memory_mb = latest->memory_mb,
        .environment = (const char *const *)latest->environment,
    };
    snprintf(version->version, sizeof version->version, "%llu", (unsigned long long)function->next_version++);
    memcpy(version->sha256, latest->sha256, sizeof version->sha256);
    memcpy(version->folder, latest->folder, sizeof version->folder);
    version->bytes = latest->bytes;
    touch(version);
    if (!apply(version, &settings) || catalog_read_manifest(catalog, function->name, version))
        return no_memory(catalog, ret_problem);
    return ERROR_NONE;
}

enum error catalog_publish(struct catalog *catalog, const char *name, struct text revision, struct text sha256,
                           const char *description, const struct catalog_version **ret_version,
                           struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, name, &function, ret_problem);
    if (!error) error = check_revision(function->versions[0].revision, revision, ret_problem);
    if (error) return error;
    if (sha256.length > 0 && !text_is(sha256, function->versions[0].sha256))
        return problem_say(ret_problem, ERROR_CONFLICT, "CodeSha256 is not that of $LATEST, which is %s",
                           function->versions[0].sha256);
    const struct catalog_version *last = &function->versions[function->version_count - 1];
    if (function->version_count > 1 && is_same(last, &function->versions[0])) return *ret_version = last, ERROR_NONE;
    error = publish(catalog, function, description, ret_problem);
    if (!error) error = keep(catalog, text_of(name), ret_problem);
    if (error) return error;
    function = find(catalog, text_of(name));
    *ret_version = &function->versions[function->version_count - 1];
    return ERROR_NONE;
}

static enum error check_version_free(const struct catalog_function *function, struct text version,
                                     struct problem *ret_problem) {
    if (text_is(version, CATALOG_LATEST))
        return problem_say(ret_problem, ERROR_INVALID, "$LATEST cannot be deleted without deleting the function");
    for (size_t i = 0; i < function->alias_count; i++) {
        const struct catalog_alias *alias = &function->aliases[i];
        if (text_is(version, alias->version) || text_is(version, alias->second))
            return problem_say(ret_problem, ERROR_CONFLICT, "version %.*s is what the alias %s names: move the alias",
                               TEXT_ARG(version), alias->name);
    }
    return ERROR_NONE;
}

static enum error remove_function(struct catalog *catalog, struct catalog_function *function,
                                  struct problem *ret_problem) {
    char name[CATALOG_NAME_BYTES];
    memcpy(name, function->name, sizeof name);
    function_entry_clear(function);
    cut(catalog->functions, &catalog->function_count, sizeof *catalog->functions, function);
    for (size_t i = catalog->mapping_count; i-- > 0;) {
        if (strcmp(catalog->mappings[i].function, name) != 0) continue;
        mapping_clear(&catalog->mappings[i]);
        cut(catalog->mappings, &catalog->mapping_count, sizeof *catalog->mappings, &catalog->mappings[i]);
    }
    return keep(catalog, text_of(name), ret_problem);
}

enum error catalog_remove(struct catalog *catalog, const char *name, struct text version, struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, name, &function, ret_problem);
    if (error) return error;
    if (version.length == 0) return remove_function(catalog, function, ret_problem);
    error = check_version_free(function, version, ret_problem);
    if (error) return error;
    struct catalog_version *found = (struct catalog_version *)catalog_version(function, version);
    if (found == NULL) return ERROR_NONE; // as Lambda: it is not there afterwards
    version_clear(found);
    cut(function->versions, &function->version_count, sizeof *function->versions, found);
    return keep(catalog, text_of(name), ret_problem);
}

// --- aliases ---

static enum error check_alias(const struct catalog_function *function, const struct catalog_alias *alias,
                              struct problem *ret_problem) {
    const char *const versions[] = {alias->version, alias->second};
    for (size_t i = 0; i < 2; i++) {
        if (i == 1 && versions[i][0] == '\0') continue;
        if (versions[i][0] == '\0' || catalog_version(function, text_of(versions[i])) == NULL)
            return problem_say(ret_problem, ERROR_NOT_FOUND, "%s has no version '%s': publish it first", function->name,
                               versions[i]);
    }
    if (alias->second[0] == '\0') return ERROR_NONE;
    if (strcmp(alias->version, CATALOG_LATEST) == 0 || strcmp(alias->second, CATALOG_LATEST) == 0)
        return problem_say(ret_problem, ERROR_INVALID, "an alias with weights names published versions, not $LATEST");
    if (strcmp(alias->version, alias->second) == 0 || alias->share < 0 || alias->share > 1)
        return problem_say(ret_problem, ERROR_INVALID,
                           "the second version of an alias is another one and has a weight from 0 to 1");
    return ERROR_NONE;
}

static struct catalog_alias *add_alias(struct catalog_function *function, const char *name,
                                       struct problem *ret_problem) {
    if (function->alias_count >= CATALOG_ALIASES_MAX) {
        error_ignore(
            problem_say(ret_problem, ERROR_LIMIT, "%s has %d aliases already", function->name, CATALOG_ALIASES_MAX));
        return NULL;
    }
    struct catalog_alias *alias = catalog_add_alias(function);
    if (alias == NULL || !replace(&alias->description, "")) return NULL;
    snprintf(alias->name, sizeof alias->name, "%s", name);
    return alias;
}

/// In memory alone.
static enum error put_alias(struct catalog *catalog, struct catalog_function *function,
                            const struct catalog_alias *wanted, struct problem *ret_problem) {
    enum error error = check_alias(function, wanted, ret_problem);
    if (error) return error;
    struct catalog_alias *alias = (struct catalog_alias *)catalog_alias(function, text_of(wanted->name));
    if (alias == NULL) alias = add_alias(function, wanted->name, ret_problem);
    if (alias == NULL) return ERROR_LIMIT;
    if (!replace(&alias->description, wanted->description)) return no_memory(catalog, ret_problem);
    memcpy(alias->version, wanted->version, sizeof alias->version);
    memcpy(alias->second, wanted->second, sizeof alias->second);
    alias->share = wanted->share;
    uuid_make(alias->revision);
    return ERROR_NONE;
}

enum error catalog_put_alias(struct catalog *catalog, const char *name, const struct catalog_alias *wanted,
                             const struct text *revision, struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, name, &function, ret_problem);
    if (error) return error;
    const struct catalog_alias *there = catalog_alias(function, text_of(wanted->name));
    if (revision == NULL && there != NULL)
        return problem_say(ret_problem, ERROR_EXISTS, "Alias already exists: %s:%s", name, wanted->name);
    if (revision != NULL && there == NULL)
        return problem_say(ret_problem, ERROR_NOT_FOUND, "Alias not found: %s:%s", name, wanted->name);
    if (there != NULL) error = check_revision(there->revision, *revision, ret_problem);
    if (!error) error = put_alias(catalog, function, wanted, ret_problem);
    return error ? error : keep(catalog, text_of(name), ret_problem);
}

enum error catalog_remove_alias(struct catalog *catalog, const char *name, struct text alias,
                                struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, name, &function, ret_problem);
    if (error) return error;
    struct catalog_alias *found = (struct catalog_alias *)catalog_alias(function, alias);
    if (found == NULL) return ERROR_NONE;
    free((char *)found->description);
    cut(function->aliases, &function->alias_count, sizeof *function->aliases, found);
    return keep(catalog, text_of(name), ret_problem);
}

// --- what belongs to the function ---

enum error catalog_set_concurrency(struct catalog *catalog, const char *name, int concurrency,
                                   struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, name, &function, ret_problem);
    if (error) return error;
    function->concurrency = concurrency;
    return keep(catalog, text_of(name), ret_problem);
}

enum error catalog_set_url(struct catalog *catalog, const char *name, bool url, struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, name, &function, ret_problem);
    if (error) return error;
    function->url = url;
    return keep(catalog, text_of(name), ret_problem);
}

enum error catalog_put_mapping(struct catalog *catalog, const struct catalog_mapping *wanted,
                               char ret_id[static CATALOG_ID_BYTES], struct problem *ret_problem) {
    struct catalog_function *function;
    enum error error = find_or_say(catalog, wanted->function, &function, ret_problem);
    if (error) return error;
    struct catalog_mapping *mapping = find_mapping(catalog, text_of(wanted->id));
    if (mapping == NULL && catalog->mapping_count >= CATALOG_MAPPINGS_MAX)
        return problem_say(ret_problem, ERROR_LIMIT, "there are %d event source mappings already",
                           CATALOG_MAPPINGS_MAX);
    if (mapping == NULL) {
        mapping = catalog_add_mapping(catalog);
        if (mapping != NULL) uuid_make(mapping->id);
    }
    if (mapping == NULL || !replace(&mapping->source, wanted->source) ||
        !replace(&mapping->condition, wanted->condition))
        return no_memory(catalog, ret_problem);
    snprintf(mapping->function, sizeof mapping->function, "%s", wanted->function);
    mapping->enabled = wanted->enabled;
    mapping->modified_ms = now_ms();
    memmove(ret_id, mapping->id, CATALOG_ID_BYTES);
    return keep(catalog, text_of(function->name), ret_problem);
}

enum error catalog_remove_mapping(struct catalog *catalog, struct text id, struct problem *ret_problem) {
    struct catalog_mapping *mapping = find_mapping(catalog, id);
    if (mapping == NULL)
        return problem_say(ret_problem, ERROR_NOT_FOUND, "Event source mapping not found: %.*s", TEXT_ARG(id));
    char function[CATALOG_NAME_BYTES];
    memcpy(function, mapping->function, sizeof function);
    mapping_clear(mapping);
    cut(catalog->mappings, &catalog->mapping_count, sizeof *catalog->mappings, mapping);
    return keep(catalog, text_of(function), ret_problem);
}

// --- what the plant brings ---

enum error catalog_seed(struct catalog *catalog, struct package *package, bool *ret_changed,
                        struct problem *ret_problem) {
    CLEANUP(free_at) char *name = strdup(package->manifest->name);
    if (name == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct catalog_function *function = find(catalog, text_of(name));
    *ret_changed = function == NULL || strcmp(function->seed, package->sha256) != 0;
    if (!*ret_changed) return ERROR_NONE;
    const struct function_manifest *manifest = package->manifest;
    const struct catalog_settings settings = {.runtime = manifest->runtime,
                                              .handler = manifest->handler == NULL ? "" : manifest->handler,
                                              .timeout_s = manifest->timeout_s,
                                              .memory_mb = manifest->memory_mb};
    enum error error = ERROR_NONE;
    if (function == NULL)
        error = create(catalog, name, &settings, package, ret_problem);
    else if (!apply(&function->versions[0], &settings))
        error = no_memory(catalog, ret_problem);
    if (error) return error;
    function = find(catalog, text_of(name));
    if (package->manifest != NULL) take_package(&function->versions[0], package);
    touch(&function->versions[0]);
    memcpy(function->seed, function->versions[0].sha256, sizeof function->seed);
    error = publish(catalog, function, "the plant's own", ret_problem);
    if (error) return error;
    struct catalog_alias live = {.name = CATALOG_LIVE};
    memcpy(live.version, function->versions[function->version_count - 1].version, sizeof live.version);
    error = put_alias(catalog, function, &live, ret_problem);
    return error ? error : keep(catalog, text_of(name), ret_problem);
}

void catalog_note_given(struct catalog *catalog, const char *name, const char *version) {
    struct catalog_function *function = find(catalog, text_of(name));
    struct catalog_version *found =
        function == NULL ? NULL : (struct catalog_version *)catalog_version(function, text_of(version));
    if (found != NULL) found->given = true;
}
