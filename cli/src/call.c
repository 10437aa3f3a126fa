// splc call THING PATH [ARGUMENTS...]
#include "command.h"
#include "words.h"

#include <stdio.h>

enum { CALL_ARGUMENTS_MAX = 32, CALL_TIMEOUT_MS = 30 * 1000 };

static enum error make_body(const char *method, const char *const *words, size_t count, struct buffer *body) {
    struct json_writer writer = json_writer(body);
    json_open_object(&writer);
    json_key(&writer, "method");
    json_put_string(&writer, method);
    json_key(&writer, "arguments");
    CLEANUP(buffer_clear) struct buffer arguments = {0};
    words_print(words, count, &arguments);
    json_put_raw(&writer, buffer_view(&arguments));
    json_close_object(&writer);
    return body->failed || arguments.failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

static void print_value(const struct json *value) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_value(&writer, value);
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
}

/// Results are typed as AWS IoT Commands types them: {"State":{"b":true}}.
static void print_results(const struct json *result) {
    struct json_each each = json_each(result);
    while (json_next(&each)) {
        struct json_each typed = json_each(each.value);
        printf("%.*s = ", TEXT_ARG(each.name));
        print_value(json_next(&typed) ? typed.value : each.value);
    }
}

/// The method's own answer, good or bad; 1 when it was no answer at all.
static int print_answer(const char *thing, const char *method, const struct json *answer, bool json) {
    struct text status = json_string(json_member(answer, "status"));
    bool done = text_is(status, "SUCCEEDED");
    if (json) {
        print_value(answer);
        return done ? EXIT_DONE : EXIT_REFUSED;
    }
    if (done) {
        const struct json *result = json_member(answer, "result");
        if (json_count(result) == 0) printf("done\n");
        print_results(result);
        return EXIT_DONE;
    }
    struct text code = json_string(json_path(answer, TEXT("statusReason/reasonCode")));
    struct text why = json_string(json_path(answer, TEXT("statusReason/reasonDescription")));
    return refuse("%s %s: %.*s%s%.*s%s%.*s", thing, method, TEXT_ARG(status), code.length == 0 ? "" : ", ",
                  TEXT_ARG(code), why.length == 0 ? "" : ": ", TEXT_ARG(why));
}

static int call(const char *data, const char *const *arguments, size_t count, bool json) {
    const char *thing = arguments[0], *method = arguments[1];
    CLEANUP(api_close_at) struct api *api = NULL;
    struct problem problem;
    if (find_api(data, CALL_TIMEOUT_MS, &api, &problem)) return refuse("%s", problem.text);
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_string(&path, "/v1/things/");
    api_put_encoded(&path, thing);
    buffer_string(&path, "/commands");
    CLEANUP(buffer_clear) struct buffer body = {0};
    if (make_body(method, arguments + 2, count - 2, &body) || path.failed) return refuse("out of memory");
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    enum error error = api_call(api, "POST", path.data, buffer_view(&body), &answer, &problem);
    bool answered = json_exists(json_member(json_root(answer), "status"));
    if (error && !answered) return refuse("%s", problem.text);
    return print_answer(thing, method, json_root(answer), json);
}

int command_call(int argc, char **argv) {
    const char *data = NULL;
    bool json = false;
    const struct option table[] = {DATA_OPTION(&data), JSON_OPTION(&json)};
    const struct options options = {
        .usage = "splc call THING PATH [ARGUMENTS...] [OPTIONS]",
        .summary =
            "Calls a method of the plant and waits for its answer. THING is a thing of the model, PATH the method "
            "below\n"
            "it, with slashes. ARGUMENTS are values in the method's order: true, false, whole and decimal numbers are\n"
            "what they look like, \"1\" with its quotes is a text, and so is everything else. Options stand before a "
            "--,\n"
            "when an argument is a negative number: splc call THING PATH -- -1.\n"
            "Outputs move only for the holder of the control authority: while the fog's functions run the plant, the\n"
            "gateway calls for us.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc call mps_conveyor motor/setDirection 1\n"
                  "    splc call mps_simulation press start\n"
                  "    splc call mps_simulation turn switch_opMode true\n"
                  "    splc call mps_plc reset --json\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  the method was executed\n"
                  "    1  it was refused (the reason is on standard error), or nobody answered\n"
                  "    2  wrong usage\n",
    };
    const char *arguments[CALL_ARGUMENTS_MAX];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, CALL_ARGUMENTS_MAX, &count, &problem)) {
        return refuse_usage("%s", problem.text);
    }
    if (count < 2) return refuse_usage("usage: %s; see splc call --help", options.usage);
    return call(data, arguments, count, json);
}
