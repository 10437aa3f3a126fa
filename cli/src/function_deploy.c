// splc function deploy FOLDER|ZIP: a package becomes a version, and the version becomes live.
#include "function.h"

#include <base/base64.h>
#include <base/file.h>
#include <package/package.h>
#include <zip/zip.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MANIFEST_BYTES_MAX = 64 * 1024, PERCENT_MAX = 99 };

struct deployment {
    struct buffer archive;
    struct function_manifest *manifest; // of the archive's function.yaml
    struct package package;
    unsigned canary_percent;
};

static void deployment_clear(struct deployment *deployment) {
    buffer_clear(&deployment->archive);
    function_manifest_destroy(deployment->manifest);
    package_clear(&deployment->package);
}

// --- the package ---

/// What is packed is FOLDER/package where there is one: a project keeps its sources beside it.
static enum error pack(const char *path, struct buffer *archive, struct problem *problem) {
    struct stat what;
    if (stat(path, &what) != 0) return problem_say(problem, ERROR_NOT_FOUND, "%s: no such folder or file", path);
    if (!S_ISDIR(what.st_mode)) return file_read(path, PACKAGE_BYTES_MAX, archive, problem);
    CLEANUP(free_at) char *inner = file_join(path, "package");
    if (inner == NULL) return ERROR_NO_MEMORY;
    bool has_inner = stat(inner, &what) == 0 && S_ISDIR(what.st_mode);
    return package_pack(has_inner ? inner : path, archive, problem);
}

static enum error read_package(const char *path, struct deployment *deployment, struct problem *problem) {
    CLEANUP(buffer_clear) struct buffer yaml = {0};
    struct text archive;
    enum error error = pack(path, &deployment->archive, problem);
    archive = buffer_view(&deployment->archive);
    if (!error) error = zip_read(archive, TEXT("function.yaml"), MANIFEST_BYTES_MAX, &yaml, problem);
    if (error == ERROR_NOT_FOUND && deployment->archive.length > 0)
        return problem_say(problem, error,
                           "%s: has no function.yaml, which says name, runtime, triggers and rights: "
                           "docs/guide/functions.md, or 'splc function new'",
                           path);
    if (!error)
        error = function_manifest_read(buffer_view(&yaml), "function.yaml", path, &deployment->manifest, problem);
    if (error) return error;
    const struct function_manifest *manifest = deployment->manifest;
    const struct package_use use = {manifest->name, manifest->runtime, manifest->handler};
    return package_check(archive, &use, &deployment->package, problem);
}

// --- the calls ---

static void put(struct json_writer *writer, const char *name, const char *value) {
    json_key(writer, name);
    json_put_string(writer, value == NULL ? "" : value);
}

static void put_number(struct json_writer *writer, const char *name, unsigned value) {
    json_key(writer, name);
    json_put_unsigned(writer, value);
}

static void put_settings(struct json_writer *writer, const struct function_manifest *manifest) {
    put(writer, "Runtime", manifest->runtime);
    put(writer, "Handler", manifest->handler);
    put_number(writer, "Timeout", manifest->timeout_s);
    put_number(writer, "MemorySize",
               manifest->memory_mb < FUNCTION_MEMORY_MB ? FUNCTION_MEMORY_MB : manifest->memory_mb);
}

static void put_code(struct json_writer *writer, const struct deployment *deployment) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    base64_write(buffer_view(&deployment->archive), &text);
    json_key(writer, "ZipFile");
    json_put_text(writer, buffer_view(&text));
}

static enum error create(struct api *api, const struct deployment *deployment, struct problem *problem) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    put(&writer, "FunctionName", deployment->manifest->name);
    put(&writer, "Role", "arn:aws:iam::000000000000:role/function.yaml");
    put_settings(&writer, deployment->manifest);
    json_key(&writer, "Code");
    json_open_object(&writer);
    put_code(&writer, deployment);
    json_close_object(&writer);
    json_close_object(&writer);
    if (body.failed) return problem_say(problem, ERROR_NO_MEMORY, "out of memory");
    return api_call(api, "POST", "/2015-03-31/functions", buffer_view(&body), &answer, problem);
}

static enum error update(struct api *api, const struct deployment *deployment, struct problem *problem) {
    CLEANUP(buffer_clear) struct buffer code = {0}, settings = {0};
    CLEANUP(json_destroy_at) struct json_document *first = NULL;
    CLEANUP(json_destroy_at) struct json_document *second = NULL;
    struct json_writer writer = json_writer(&code);
    json_open_object(&writer);
    put_code(&writer, deployment);
    json_close_object(&writer);
    writer = json_writer(&settings);
    json_open_object(&writer);
    put_settings(&writer, deployment->manifest);
    json_close_object(&writer);
    if (code.failed || settings.failed) return problem_say(problem, ERROR_NO_MEMORY, "out of memory");
    const char *name = deployment->manifest->name;
    enum error error = function_call(api, "PUT", name, "/code", buffer_view(&code), &first, problem);
    if (!error) error = function_call(api, "PUT", name, "/configuration", buffer_view(&settings), &second, problem);
    return error;
}

static enum error upload(struct api *api, const struct deployment *deployment, struct problem *problem) {
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    enum error error =
        function_call(api, "GET", deployment->manifest->name, "/configuration", TEXT_EMPTY, &answer, problem);
    if (error == ERROR_NOT_FOUND) return create(api, deployment, problem);
    return error ? error : update(api, deployment, problem);
}

static enum error publish(struct api *api, const char *name, char ret_version[static FUNCTION_NAME_BYTES],
                          struct problem *problem) {
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    enum error error = function_call(api, "POST", name, "/versions", TEXT("{}"), &answer, problem);
    if (error) return error;
    snprintf(ret_version, FUNCTION_NAME_BYTES, "%.*s",
             TEXT_ARG(json_string(json_member(json_root(answer), "Version"))));
    return ERROR_NONE;
}

static int make_live(struct api *api, const struct deployment *deployment, struct problem *problem) {
    const char *name = deployment->manifest->name;
    char version[FUNCTION_NAME_BYTES], live[FUNCTION_NAME_BYTES], second[FUNCTION_NAME_BYTES];
    if (upload(api, deployment, problem) || publish(api, name, version, problem) ||
        function_live(api, name, live, second, problem))
        return refuse("%s", problem->text);
    bool canary = deployment->canary_percent > 0 && live[0] != '\0' && strcmp(live, version) != 0;
    enum error error = canary ? function_point(api, name, live, version, deployment->canary_percent / 100.0, problem)
                              : function_point(api, name, version, NULL, 0, problem);
    if (error) return refuse("%s", problem->text);
    if (canary)
        printf("%s: version %s gets %u %% of the events, version %s the rest; 'splc function deploy' without --canary "
               "makes it live, 'splc function rollback' takes it back\n",
               name, version, deployment->canary_percent, live);
    else
        printf("%s: version %s is live%s\n", name, version,
               strcmp(live, version) == 0 ? " already: nothing is new" : "");
    return EXIT_DONE;
}

int function_deploy(int argc, char **argv) {
    const char *data = NULL;
    CLEANUP(deployment_clear) struct deployment deployment = {0};
    const struct option table[] = {
        {"canary", "N",
         "the new version gets N of 100 events at first, the live one the rest; it is taken\n"
         "back by itself when it fails (canary in function.yaml)",
         OPTION_UNSIGNED, &deployment.canary_percent},
        DATA_OPTION(&data),
    };
    const struct options options = {
        .usage = "splc function deploy FOLDER|ZIP [OPTIONS]",
        .summary =
            "Packs FOLDER (or its folder package, where there is one), uploads it to the plant, publishes it as the\n"
            "next version and moves the alias live to that version. A ZIP is taken as it is. Name, runtime, triggers\n"
            "and rights stand in the package's function.yaml; hidden files are left out. Events that are being worked\n"
            "on are finished by the version before; none is lost or given twice.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc function deploy jam\n"
                  "    splc function deploy jam --canary 10\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    int status = function_options(&options, argc, argv, arguments, 1, 1);
    if (status != EXIT_DONE) return status;
    if (deployment.canary_percent > PERCENT_MAX) return refuse_usage("--canary: choose from 1 to 99 of 100 events");
    struct problem problem = {"out of memory"};
    CLEANUP(api_close_at) struct api *api = NULL;
    if (read_package(arguments[0], &deployment, &problem) || function_api(data, &api, &problem))
        return refuse("%s", problem.text);
    return make_live(api, &deployment, &problem);
}
