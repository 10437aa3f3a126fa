// splc function VERB ...
#include "function.h"

#include <base/file.h>
#include <base/nearest.h>

#include <stdio.h>
#include <string.h>

static const struct command verbs[] = {
    {"new", "write a project: a function in C or JavaScript, with a test", function_new},
    {"deploy", "pack a folder and let the plant run it", function_deploy},
    {"list", "which functions there are", function_list},
    {"show", "versions and aliases of one", function_show},
    {"invoke", "call one with an event, print its answer", function_invoke},
    {"logs", "what it printed", function_logs},
    {"rollback", "let the version before run again", function_rollback},
    {"delete", "remove one with all its versions", function_delete},
};
enum { VERB_COUNT = sizeof verbs / sizeof *verbs };

static void print_help(void) {
    printf(
        "USAGE\n"
        "    splc function VERB [ARGUMENTS] [OPTIONS]\n"
        "\n"
        "    Functions decide what happens in the plant. These verbs write, deploy, call and watch them. What they\n"
        "    do to a plant they do through its Lambda interface; AWS's own tools do the same (splc connect lambda).\n"
        "\n"
        "VERBS\n");
    for (size_t i = 0; i < VERB_COUNT; i++) printf("    %-8s  %s\n", verbs[i].name, verbs[i].summary);
    printf("\n"
           "    splc function VERB --help explains one, its options and its exit status.\n"
           "\n"
           "EXAMPLES\n"
           "    splc function new jam --runtime nodejs\n"
           "    splc function deploy jam\n"
           "    splc function invoke jam '{\"n\":1}'\n"
           "    splc function logs jam\n"
           "    splc function rollback jam\n"
           "\n" EXIT_STATUS_HELP);
}

int command_function(int argc, char **argv) {
    if (argc < 2)
        return refuse_usage("usage: splc function new|deploy|list|show|invoke|logs|rollback|delete; see splc function "
                            "--help");
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return print_help(), EXIT_DONE;
    const char *names[VERB_COUNT];
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(word, verbs[i].name) == 0) return verbs[i].run(argc - 1, argv + 1);
        names[i] = verbs[i].name;
    }
    const char *near = nearest_word(text_of(word), names, VERB_COUNT);
    if (near != NULL)
        return refuse_usage("there is no \"splc function %s\"; did you mean \"splc function %s\"?", word, near);
    return refuse_usage("there is no \"splc function %s\"; see splc function --help", word);
}

// ---------------------------------------------------------------- what the verbs share

int function_options(const struct options *options, int argc, char **argv, const char **arguments, size_t least,
                     size_t most) {
    size_t given;
    struct problem problem = {""};
    if (options_parse(options, argc, argv, arguments, most, &given, &problem)) return refuse_usage("%s", problem.text);
    if (given < least) return refuse_usage("usage: %s", options->usage);
    for (size_t i = given; i < most; i++) arguments[i] = NULL;
    return EXIT_DONE;
}

bool function_is_name(const char *name) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return length > 0 && length < FUNCTION_NAME_BYTES && name[length] == '\0';
}

enum error function_api(const char *data, struct api **ret_api, struct problem *ret_problem) {
    CLEANUP(connect_file_destroy_at) struct connect_file *file = NULL;
    enum error error = find_plant(data, &file, ret_problem);
    if (error) return error;
    const struct api_options options = {file->lambda.url, file->lambda.token_file, FUNCTION_CALL_TIMEOUT_MS};
    return api_open(&options, ret_api, ret_problem);
}

enum error function_call(struct api *api, const char *method, const char *name, const char *below, struct text body,
                         struct json_document **ret_answer, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_string(&path, "/2015-03-31/functions/");
    api_put_encoded(&path, name);
    buffer_string(&path, below);
    if (path.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = api_call(api, method, path.data, body, ret_answer, ret_problem);
    if (error != ERROR_NOT_FOUND || *ret_answer == NULL) return error;
    struct text message = json_string(json_member(json_root(*ret_answer), "message"));
    if (!text_starts_with(message, TEXT("Function not found"))) return error;
    return problem_say(ret_problem, error, "there is no function %s: 'splc function list' shows those that there are",
                       name);
}

enum error function_live(struct api *api, const char *name, char ret_version[static FUNCTION_NAME_BYTES],
                         char ret_second[static FUNCTION_NAME_BYTES], struct problem *ret_problem) {
    ret_version[0] = ret_second[0] = '\0';
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    struct problem problem = {""};
    enum error error = function_call(api, "GET", name, "/aliases/live", TEXT_EMPTY, &answer, &problem);
    if (error == ERROR_NOT_FOUND) return ERROR_NONE;
    if (error) return problem_say(ret_problem, error, "%s", problem.text);
    const struct json *alias = json_root(answer);
    snprintf(ret_version, FUNCTION_NAME_BYTES, "%.*s", TEXT_ARG(json_string(json_member(alias, "FunctionVersion"))));
    struct json_each each = json_each(json_path(alias, TEXT("RoutingConfig/AdditionalVersionWeights")));
    if (json_next(&each)) snprintf(ret_second, FUNCTION_NAME_BYTES, "%.*s", TEXT_ARG(each.name));
    return ERROR_NONE;
}

static void write_alias(const char *version, const char *second, double share, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "Name");
    json_put_string(&writer, "live");
    json_key(&writer, "FunctionVersion");
    json_put_string(&writer, version);
    json_key(&writer, "RoutingConfig");
    json_open_object(&writer);
    json_key(&writer, "AdditionalVersionWeights");
    json_open_object(&writer);
    if (second != NULL) {
        json_key(&writer, second);
        json_put_real(&writer, share);
    }
    json_close_object(&writer);
    json_close_object(&writer);
    json_close_object(&writer);
}

enum error function_point(struct api *api, const char *name, const char *version, const char *second, double share,
                          struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer body = {0};
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    CLEANUP(json_destroy_at) struct json_document *created = NULL;
    write_alias(version, second, share, &body);
    if (body.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = function_call(api, "PUT", name, "/aliases/live", buffer_view(&body), &answer, ret_problem);
    if (error != ERROR_NOT_FOUND) return error;
    return function_call(api, "POST", name, "/aliases", buffer_view(&body), &created, ret_problem);
}
