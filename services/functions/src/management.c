#include "management.h"

#include "lambda.h"
#include "mapping.h"
#include "service.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/log.h>
#include <pki/pki.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPINGS_OF_ONE_MAX = 64 };

static const uint64_t CANARY_LOOK_NS = NS_PER_S / 2;

/// A canary that is being looked at: what its version had done when it began, or when the last round of events ended.
struct canary {
    char function[CATALOG_NAME_BYTES], revision[CATALOG_ID_BYTES]; // of the alias
    struct version_counts since;
    struct canary *next;
};

struct management {
    struct service *service;
    struct catalog *catalog;
    struct lambda *lambda;
    struct buffer token;
    char *access_keys, *node; // `node`: our runtime for JavaScript
    struct loop_timer *canary_timer;
    struct canary *canaries;
};

// --- catalogue to run time ---

static void say(const char *name, const struct problem *problem) {
    log_warning("%s: %s", name, problem->text);
}

static void give_version(struct management *management, const struct catalog_function *function,
                         const struct catalog_version *version) {
    CLEANUP(free_at) char *folder = file_join(catalog_store(management->catalog), version->folder);
    if (folder == NULL) return;
    char arn[256];
    snprintf(arn, sizeof arn, LAMBDA_ARN "%s", function->name);
    bool node = text_starts_with(text_of(version->runtime), TEXT("nodejs"));
    const struct version_settings settings = {.function = function->name,
                                              .version = version->version,
                                              .arn = arn,
                                              .runtime = version->runtime,
                                              .handler = version->handler[0] == '\0' ? NULL : version->handler,
                                              .folder = folder,
                                              .program = node ? management->node : NULL,
                                              .environment = (const char *const *)version->environment,
                                              .timeout_s = version->timeout_s,
                                              .memory_mb = version->memory_mb,
                                              .storage_mb = version->manifest->storage_mb};
    struct problem problem = {""};
    if (runtime_put_version(management->service, &settings, &problem)) return say(function->name, &problem);
    catalog_note_given(management->catalog, function->name, version->version);
}

/// All that starts it: what its function.yaml says, and the event source mappings. The mappings' texts are in the
/// manifests, which the caller destroys.
static size_t collect_triggers(const struct management *management, const struct catalog_function *function,
                               const struct function_manifest *own, struct function_trigger *ret_triggers,
                               size_t capacity, struct function_manifest **ret_manifests, size_t *ret_count) {
    size_t count = 0;
    *ret_count = 0;
    for (size_t i = 0; i < own->trigger_count && count < capacity; i++) ret_triggers[count++] = own->triggers[i];
    for (size_t i = 0; i < catalog_mapping_count(management->catalog); i++) {
        const struct catalog_mapping *mapping = catalog_mapping_at(management->catalog, i);
        if (!mapping->enabled || strcmp(mapping->function, function->name) != 0) continue;
        if (count >= capacity || *ret_count >= MAPPINGS_OF_ONE_MAX) break;
        struct function_manifest *manifest = NULL;
        struct problem problem = {""};
        if (mapping_read(text_of(mapping->source), text_of(mapping->condition), &manifest, &problem)) {
            say(function->name, &problem);
            continue;
        }
        ret_manifests[(*ret_count)++] = manifest;
        ret_triggers[count++] = manifest->triggers[0];
    }
    return count;
}

static void give_function(struct management *management, const struct catalog_function *function) {
    const struct catalog_alias *live = catalog_alias(function, TEXT(CATALOG_LIVE));
    const struct catalog_version *version =
        catalog_version(function, text_of(live == NULL ? CATALOG_LATEST : live->version));
    if (version == NULL) return;
    const struct function_manifest *manifest = version->manifest;
    size_t capacity = manifest->trigger_count + MAPPINGS_OF_ONE_MAX, from_mappings;
    CLEANUP(free_at) struct function_trigger *triggers = calloc(capacity, sizeof *triggers);
    struct function_manifest *manifests[MAPPINGS_OF_ONE_MAX];
    if (triggers == NULL) return;
    size_t count = collect_triggers(management, function, manifest, triggers, capacity, manifests, &from_mappings);
    const struct function_settings settings = {
        .name = function->name,
        .concurrency = function->concurrency < 0 ? manifest->concurrency : (unsigned)function->concurrency,
        .pinned = manifest->pinned,
        .version = version->version,
        .second = live == NULL || live->second[0] == '\0' ? NULL : live->second,
        .second_share = live == NULL ? 0 : live->share,
        .triggers = triggers,
        .trigger_count = count,
        .retries = manifest->retries,
        .age_s = manifest->age_s,
        .dead_letter_topic = manifest->dead_letter};
    struct problem problem = {""};
    if (runtime_put_function(management->service, &settings, &problem)) say(function->name, &problem);
    for (size_t i = 0; i < from_mappings; i++) function_manifest_destroy(manifests[i]);
}

static void on_changed(void *context, const char *name) {
    struct management *management = context;
    const struct catalog_function *function = catalog_find(management->catalog, text_of(name));
    if (function == NULL) return runtime_drop_function(management->service, name);
    for (size_t i = 0; i < function->version_count; i++)
        if (!function->versions[i].given) give_version(management, function, &function->versions[i]);
    give_function(management, function);
}

static void give_all(struct management *management) {
    for (size_t i = 0; i < catalog_count(management->catalog); i++)
        on_changed(management, catalog_at(management->catalog, i)->name);
}

// --- the plant's own ---

static enum error pack(const struct function_manifest *manifest, const char *program, struct buffer *archive,
                       struct problem *ret_problem) {
    if (strncmp(manifest->runtime, "nodejs", strlen("nodejs")) == 0)
        return package_pack(manifest->folder, archive, ret_problem);
    CLEANUP(free_at) char *file = file_join(manifest->folder, "function.yaml");
    if (file == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    if (!file_exists(program))
        return problem_say(ret_problem, ERROR_NOT_FOUND, "%s does not exist: build the function", program);
    return package_pack_program(file, program, archive, ret_problem);
}

enum error management_seed(struct management *management, const struct function_manifest *manifest, const char *program,
                           struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer archive = {0};
    CLEANUP(package_clear) struct package package = {0};
    const struct package_use use = {manifest->name, manifest->runtime, manifest->handler};
    bool changed = false;
    enum error error = pack(manifest, program, &archive, ret_problem);
    if (!error) error = package_check(buffer_view(&archive), &use, &package, ret_problem);
    if (!error)
        error = package_unpack(buffer_view(&archive), &package, catalog_store(management->catalog), ret_problem);
    if (!error) error = catalog_seed(management->catalog, &package, &changed, ret_problem);
    return error;
}

// --- canaries ---

static struct canary *find_canary(struct management *management, const char *function, const char *revision) {
    for (struct canary *canary = management->canaries; canary != NULL; canary = canary->next)
        if (strcmp(canary->function, function) == 0 && strcmp(canary->revision, revision) == 0) return canary;
    return NULL;
}

static struct canary *note_canary(struct management *management, const char *function, const char *revision,
                                  const struct version_counts *now) {
    struct canary *canary = calloc(1, sizeof *canary);
    if (canary == NULL) return NULL;
    snprintf(canary->function, sizeof canary->function, "%s", function);
    snprintf(canary->revision, sizeof canary->revision, "%s", revision);
    canary->since = *now;
    canary->next = management->canaries;
    management->canaries = canary;
    return canary;
}

static void take_back(struct management *management, const struct catalog_function *function,
                      const struct catalog_alias *alias, uint64_t errors, uint64_t invocations) {
    char name[CATALOG_NAME_BYTES], text[PROBLEM_TEXT_BYTES], source[128];
    memcpy(name, function->name, sizeof name);
    snprintf(text, sizeof text,
             "the alias %s is back at version %s alone: version %s failed %llu times in %llu invocations", alias->name,
             alias->version, alias->second, (unsigned long long)errors, (unsigned long long)invocations);
    struct catalog_alias without = *alias;
    without.second[0] = '\0';
    without.share = 0;
    without.description = NULL;
    struct problem problem = {""};
    if (catalog_put_alias(management->catalog, name, &without, &TEXT_EMPTY, &problem)) return say(name, &problem);
    log_warning("%s: %s", name, text);
    snprintf(source, sizeof source, "functions/%s", name);
    error_ignore(bus_event(management->service->bus, SEVERITY_WARNING, source, "%s", text)); // the log has it
}

/// True when the alias was taken back: the catalogue has changed.
static bool look_at_alias(struct management *management, const struct catalog_function *function,
                          const struct catalog_alias *alias) {
    const struct catalog_version *version = catalog_version(function, text_of(alias->second));
    struct version_counts now;
    if (version == NULL || !runtime_counts(management->service, function->name, alias->second, &now)) return false;
    struct canary *canary = find_canary(management, function->name, alias->revision);
    if (canary == NULL) canary = note_canary(management, function->name, alias->revision, &now);
    if (canary == NULL) return false;
    uint64_t errors = now.errors - canary->since.errors, invocations = now.invocations - canary->since.invocations;
    if (errors >= version->manifest->canary_errors) {
        take_back(management, function, alias, errors, invocations);
        return true;
    }
    if (invocations >= version->manifest->canary_of) canary->since = now; // the next round
    return false;
}

static void look_at_canaries(void *context) {
    struct management *management = context;
    for (size_t i = 0; i < catalog_count(management->catalog); i++) {
        const struct catalog_function *function = catalog_at(management->catalog, i);
        for (size_t j = 0; j < function->alias_count; j++) {
            const struct catalog_alias *alias = &function->aliases[j];
            if (alias->second[0] != '\0' && look_at_alias(management, function, alias)) return; // the rest next time
        }
    }
}

// --- opening ---

static enum error open_catalog(struct management *management, struct problem *ret_problem) {
    CLEANUP(free_at) char *folder = site_path(management->service->site, "functions");
    if (folder == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    const struct catalog_options options = {folder, on_changed, management};
    return catalog_open(&options, &management->catalog, ret_problem);
}

static enum error open_lambda(struct management *management, struct problem *ret_problem) {
    CLEANUP(free_at) char *token = site_path(management->service->site, "secrets/api-token");
    management->access_keys = site_path(management->service->site, "secrets/aws-credentials");
    if (token == NULL || management->access_keys == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = file_exists(token) ? pki_secret_read(token, &management->token, ret_problem) : ERROR_NONE;
    if (error) return error;
    const struct lambda_options options = {.port = management->service->site->fog.lambda_port,
                                           .access_keys_file = management->access_keys,
                                           .token = buffer_view(&management->token),
                                           .catalog = management->catalog,
                                           .service = management->service,
                                           .invoke = invoke,
                                           .forget = invoke_forget};
    error = lambda_open(management->service->loop, &options, &management->lambda, ret_problem);
    if (!error) log_info("AWS Lambda's interface is at http://127.0.0.1:%u", lambda_port(management->lambda));
    return error;
}

enum error management_open(struct service *service, struct management **ret_management, struct problem *ret_problem) {
    struct management *management = calloc(1, sizeof *management);
    if (management == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    management->service = service;
    CLEANUP(free_at) char *programs = file_program_folder();
    management->node = programs == NULL ? NULL : file_join(programs, "splc-nodejs");
    enum error error =
        management->node == NULL ? problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory") : ERROR_NONE;
    if (!error) error = open_catalog(management, ret_problem);
    if (!error) error = open_lambda(management, ret_problem);
    if (error) {
        management_close(management);
        return error;
    }
    give_all(management);
    management->canary_timer = loop_timer(service->loop, CANARY_LOOK_NS, CANARY_LOOK_NS, look_at_canaries, management);
    *ret_management = management;
    return ERROR_NONE;
}

void management_close(struct management *management) {
    if (management == NULL) return;
    loop_timer_cancel(management->canary_timer);
    lambda_close(management->lambda);
    catalog_close(management->catalog);
    while (management->canaries != NULL) {
        struct canary *next = management->canaries->next;
        free(management->canaries);
        management->canaries = next;
    }
    buffer_clear(&management->token);
    free(management->access_keys);
    free(management->node);
    free(management);
}
