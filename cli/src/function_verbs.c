// splc function list|show|rollback|delete: what is deployed, and which version runs.
#include "function.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_json(const struct json *value) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_value(&writer, value);
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
}

static struct text member(const struct json *object, const char *name) {
    return json_string(json_member(object, name));
}

// --- list ---

static int print_list(struct api *api, const struct json *functions) {
    printf("%-20s %-16s %-8s %s\n", "NAME", "RUNTIME", "LIVE", "DESCRIPTION");
    for (struct json_each each = json_each(functions); json_next(&each);) {
        char name[FUNCTION_NAME_BYTES], live[FUNCTION_NAME_BYTES], second[FUNCTION_NAME_BYTES];
        struct problem problem = {""};
        snprintf(name, sizeof name, "%.*s", TEXT_ARG(member(each.value, "FunctionName")));
        if (function_live(api, name, live, second, &problem)) return refuse("%s", problem.text);
        printf("%-20s %-16.*s %-8s %.*s\n", name, TEXT_ARG(member(each.value, "Runtime")),
               live[0] == '\0' ? "$LATEST" : live, TEXT_ARG(member(each.value, "Description")));
    }
    return EXIT_DONE;
}

int function_list(int argc, char **argv) {
    const char *data = NULL;
    bool json = false;
    const struct option table[] = {DATA_OPTION(&data), JSON_OPTION(&json)};
    const struct options options = {
        .usage = "splc function list [OPTIONS]",
        .summary =
            "Prints the functions of the plant: its own and those that were deployed, and which version of each\n"
            "the alias live names. $LATEST: there is no such alias, triggers go to what was uploaded last.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = EXIT_STATUS_HELP,
    };
    const char *none[1];
    int status = function_options(&options, argc, argv, none, 0, 0);
    if (status != EXIT_DONE) return status;
    struct problem problem = {"out of memory"};
    CLEANUP(api_close_at) struct api *api = NULL;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    if (function_api(data, &api, &problem) ||
        api_call(api, "GET", "/2015-03-31/functions", TEXT_EMPTY, &answer, &problem))
        return refuse("%s", problem.text);
    const struct json *functions = json_member(json_root(answer), "Functions");
    if (!json) return print_list(api, functions);
    print_json(functions);
    return EXIT_DONE;
}

// --- show ---

static void print_version(const struct json *version, const char *live, const char *second) {
    struct text name = member(version, "Version");
    const char *mark = text_is(name, live) ? "live" : second[0] != '\0' && text_is(name, second) ? "canary" : "";
    printf("    %-9.*s %-7s %.19s  %.12s  %.*s\n", TEXT_ARG(name), mark, member(version, "LastModified").data,
           member(version, "CodeSha256").data, TEXT_ARG(member(version, "Description")));
}

int function_show(int argc, char **argv) {
    const char *data = NULL;
    bool json = false;
    const struct option table[] = {DATA_OPTION(&data), JSON_OPTION(&json)};
    const struct options options = {
        .usage = "splc function show NAME [OPTIONS]",
        .summary = "Prints the versions of a function: when each was made, the digest of its package, which one is\n"
                   "live and which is tried out beside it (canary).",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    int status = function_options(&options, argc, argv, arguments, 1, 1);
    if (status != EXIT_DONE) return status;
    struct problem problem = {"out of memory"};
    char live[FUNCTION_NAME_BYTES], second[FUNCTION_NAME_BYTES];
    CLEANUP(api_close_at) struct api *api = NULL;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    if (function_api(data, &api, &problem) ||
        function_call(api, "GET", arguments[0], "/versions", TEXT_EMPTY, &answer, &problem) ||
        function_live(api, arguments[0], live, second, &problem))
        return refuse("%s", problem.text);
    const struct json *versions = json_member(json_root(answer), "Versions");
    if (json) return print_json(versions), EXIT_DONE;
    const struct json *latest = json_element(versions, 0);
    printf("%s\n    %.*s  timeout %lld s  memory %lld MB\n", arguments[0], TEXT_ARG(member(latest, "Runtime")),
           (long long)json_integer(json_member(latest, "Timeout"), 0),
           (long long)json_integer(json_member(latest, "MemorySize"), 0));
    for (struct json_each each = json_each(versions); json_next(&each);) print_version(each.value, live, second);
    return EXIT_DONE;
}

// --- rollback ---

/// The highest published version below `live`; 0: none.
static long version_before(const struct json *versions, long live) {
    long best = 0;
    for (struct json_each each = json_each(versions); json_next(&each);) {
        uint64_t number = 0;
        if (text_to_u64(member(each.value, "Version"), &number)) continue;
        if ((long)number < live && (long)number > best) best = (long)number;
    }
    return best;
}

static enum error find_target(struct api *api, const char *name, const char *live, char ret_target[static 24],
                              struct problem *problem) {
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    enum error error = function_call(api, "GET", name, "/versions", TEXT_EMPTY, &answer, problem);
    if (error) return error;
    long before = version_before(json_member(json_root(answer), "Versions"), strtol(live, NULL, 10));
    if (before == 0)
        return problem_say(problem, ERROR_NOT_FOUND,
                           "there is no version before %s of %s: 'splc function show %s' lists those that there are",
                           live, name, name);
    snprintf(ret_target, 24, "%ld", before);
    return ERROR_NONE;
}

int function_rollback(int argc, char **argv) {
    const char *data = NULL;
    const struct option table[] = {DATA_OPTION(&data)};
    const struct options options = {
        .usage = "splc function rollback NAME [VERSION] [OPTIONS]",
        .summary =
            "Moves the alias live back to VERSION, or to the version before the live one. A canary ends: while one\n"
            "is tried out, the first rollback only takes it away. Events that are being worked on are finished.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc function rollback jam\n"
                  "    splc function rollback jam 3\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *arguments[2];
    int status = function_options(&options, argc, argv, arguments, 1, 2);
    if (status != EXIT_DONE) return status;
    struct problem problem = {"out of memory"};
    char live[FUNCTION_NAME_BYTES], second[FUNCTION_NAME_BYTES], target[24] = "";
    CLEANUP(api_close_at) struct api *api = NULL;
    if (function_api(data, &api, &problem) || function_live(api, arguments[0], live, second, &problem))
        return refuse("%s", problem.text);
    if (live[0] == '\0')
        return refuse("%s has no alias live: deploy it with 'splc function deploy', or see 'splc function list'",
                      arguments[0]);
    if (arguments[1] != NULL)
        snprintf(target, sizeof target, "%s", arguments[1]);
    else if (second[0] != '\0')
        snprintf(target, sizeof target, "%.23s", live);
    else if (find_target(api, arguments[0], live, target, &problem))
        return refuse("%s", problem.text);
    if (function_point(api, arguments[0], target, NULL, 0, &problem)) return refuse("%s", problem.text);
    printf("%s: version %s is live\n", arguments[0], target);
    return EXIT_DONE;
}

// --- delete ---

int function_delete(int argc, char **argv) {
    const char *data = NULL;
    const struct option table[] = {DATA_OPTION(&data)};
    const struct options options = {
        .usage = "splc function delete NAME [OPTIONS]",
        .summary =
            "Removes a function with its versions and aliases; its workers end when they have finished. A function\n"
            "that the plant's site file names comes back at the next start: take it out there, too.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    int status = function_options(&options, argc, argv, arguments, 1, 1);
    if (status != EXIT_DONE) return status;
    struct problem problem = {"out of memory"};
    CLEANUP(api_close_at) struct api *api = NULL;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    if (function_api(data, &api, &problem) ||
        function_call(api, "DELETE", arguments[0], "", TEXT_EMPTY, &answer, &problem))
        return refuse("%s", problem.text);
    printf("%s is deleted\n", arguments[0]);
    return EXIT_DONE;
}
