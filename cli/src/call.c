// splc call THING PATH [ARGUMENTS...]
#include "command.h"
#include "words.h"

#include <base/clock.h>
#include <stdio.h>

enum { CALL_ARGUMENTS_MAX = 32, CALL_TIMEOUT_MS = 30 * 1000 };

struct call_options {
    const char *data, *key, *when;
    double life_s; // 0: the interface's default
    bool json, history;
};

static enum error make_body(const struct call_options *options, const char *method, const char *const *words,
                            size_t count, struct buffer *body) {
    struct json_writer writer = json_writer(body);
    json_open_object(&writer);
    json_key(&writer, "method");
    json_put_string(&writer, method);
    if (options->life_s > 0) {
        json_key(&writer, "timeToLive");
        json_put_real(&writer, options->life_s);
    }
    if (options->key != NULL) {
        json_key(&writer, "idempotencyKey");
        json_put_string(&writer, options->key);
    }
    if (options->when != NULL) {
        json_key(&writer, "precondition");
        json_put_raw(&writer, text_of(options->when));
    }
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

static void put_path(const char *thing, struct buffer *path) {
    buffer_string(path, "/v1/things/");
    api_put_encoded(path, thing);
    buffer_string(path, "/commands");
}

/// It is put into the body as it is, so it must be JSON.
static enum error check_when(const char *when, struct problem *problem) {
    if (when == NULL) return ERROR_NONE;
    CLEANUP(json_destroy_at) struct json_document *parsed = NULL;
    enum error error = json_parse(text_of(when), (struct json_limits){64 * 1024, 16}, &parsed, problem);
    return error ? problem_prefix(problem, error, "option --when is not JSON (is it in single quotes?)") : error;
}

static int call(const struct call_options *options, const char *const *arguments, size_t count) {
    const char *thing = arguments[0], *method = arguments[1];
    CLEANUP(api_close_at) struct api *api = NULL;
    struct problem problem;
    if (check_when(options->when, &problem)) return refuse_usage("%s", problem.text);
    if (find_api(options->data, CALL_TIMEOUT_MS, &api, &problem)) return refuse("%s", problem.text);
    CLEANUP(buffer_clear) struct buffer path = {0};
    put_path(thing, &path);
    CLEANUP(buffer_clear) struct buffer body = {0};
    if (make_body(options, method, arguments + 2, count - 2, &body) || path.failed) return refuse("out of memory");
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    enum error error = api_call(api, "POST", path.data, buffer_view(&body), &answer, &problem);
    bool answered = json_exists(json_member(json_root(answer), "status"));
    if (error && !answered) return refuse("%s", problem.text);
    return print_answer(thing, method, json_root(answer), options->json);
}

// --- the history ---

static void print_execution(const struct json *execution) {
    CLEANUP(buffer_clear) struct buffer arguments = {0};
    struct json_writer writer = json_writer(&arguments);
    json_put_value(&writer, json_member(execution, "arguments"));
    uint64_t created_ms = (uint64_t)json_integer(json_member(execution, "createdAt"), 0);
    char time[CLOCK_TEXT_BYTES] = "-";
    if (created_ms != 0) clock_text(created_ms * NS_PER_MS, time);
    struct text why = json_string(json_path(execution, TEXT("statusReason/reasonDescription")));
    const struct json *total = json_path(execution, TEXT("timings/total_ms"));
    printf("%-24s  %-9.*s  %.*s %s", time, TEXT_ARG(json_string(json_member(execution, "status"))),
           TEXT_ARG(json_string(json_member(execution, "method"))), arguments.data);
    if (json_exists(total)) printf("  %.2f ms", json_real(total, 0));
    printf("%s%.*s\n", why.length == 0 ? "" : "  ", TEXT_ARG(why));
}

static int history(const struct call_options *options, const char *thing) {
    CLEANUP(api_close_at) struct api *api = NULL;
    struct problem problem;
    if (find_api(options->data, CALL_TIMEOUT_MS, &api, &problem)) return refuse("%s", problem.text);
    CLEANUP(buffer_clear) struct buffer path = {0};
    put_path(thing, &path);
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    if (path.failed) return refuse("out of memory");
    if (api_call(api, "GET", path.data, TEXT_EMPTY, &answer, &problem)) return refuse("%s", problem.text);
    const struct json *executions = json_member(json_root(answer), "executions");
    if (options->json) return print_value(executions), EXIT_DONE;
    if (json_count(executions) == 0) printf("nothing was commanded yet\n");
    struct json_each each = json_each(executions);
    while (json_next(&each)) print_execution(each.value);
    return EXIT_DONE;
}

int command_call(int argc, char **argv) {
    struct call_options chosen = {0};
    const struct option table[] = {
        {"ttl", "SECONDS", "the command is not executed later than that; default: 5", OPTION_REAL, &chosen.life_s},
        {"key", "TEXT", "a repeat with the same key is not executed again and gets the first outcome", OPTION_TEXT,
         &chosen.key},
        {"when", "JSON",
         "execute it only when that holds: {\"version\":n, \"reported\":{...}, \"things\":{\"THING\":{...}}}",
         OPTION_TEXT, &chosen.when},
        {"history", NULL, "no call: what was commanded of THING before, the newest first", OPTION_FLAG,
         &chosen.history},
        DATA_OPTION(&chosen.data),
        JSON_OPTION(&chosen.json),
    };
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
        .epilog =
            "EXAMPLES\n"
            "    splc call mps_conveyor motor/setDirection 1\n"
            "    splc call mps_simulation press start\n"
            "    splc call mps_simulation turn switch_opMode true\n"
            "    splc call mps_plc reset --json\n"
            "    splc call mps_conveyor motor/setDirection 1 --when '{\"things\":{\"mps_plc\":{\"State\":\"run\"}}}'\n"
            "    splc call mps_hmi --history\n"
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
    if (!(chosen.life_s >= 0 && chosen.life_s <= 3600))
        return refuse_usage("option --ttl: seconds above 0, up to 3600");
    if (chosen.history && count != 1) return refuse_usage("usage: splc call THING --history; see splc call --help");
    if (chosen.history) return history(&chosen, arguments[0]);
    if (count < 2) return refuse_usage("usage: %s; see splc call --help", options.usage);
    return call(&chosen, arguments, count);
}
