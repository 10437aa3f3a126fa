// splc function invoke|logs: calls one, shows what it printed.
#include "function.h"

#include <base/base64.h>
#include <base/file.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EVENT_BYTES_MAX = 6 * 1024 * 1024, EVENT_DEPTH_MAX = 128, LOG_LINES = 20, PIECE_BYTES = 64 * 1024 };
static const useconds_t LOOK_AGAIN_US = 250 * 1000;

// --- invoke ---

/// "-" is standard input; nothing is {}.
static enum error take_event(const char *word, struct buffer *event, struct problem *problem) {
    if (word == NULL || strcmp(word, "-") != 0) {
        buffer_string(event, word == NULL ? "{}" : word);
    } else {
        char bytes[4096];
        for (size_t length; (length = fread(bytes, 1, sizeof bytes, stdin)) > 0;) buffer_append(event, bytes, length);
    }
    if (event->failed) return ERROR_NO_MEMORY;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    const struct json_limits limits = {EVENT_BYTES_MAX, EVENT_DEPTH_MAX};
    enum error error = json_parse(buffer_view(event), limits, &document, problem);
    return error ? problem_prefix(problem, error, "the event is not JSON (is it in single quotes?)") : ERROR_NONE;
}

static void print_log(const struct api *api) {
    CLEANUP(buffer_clear) struct buffer log = {0};
    if (base64_read(api_header(api, "X-Amz-Log-Result"), &log) || log.length == 0) return;
    fprintf(stderr, "%s", log.data);
}

static int invoke(const char *data, const char *name, const char *word, const char *qualifier, bool asynchronous) {
    struct problem problem = {"out of memory"};
    CLEANUP(buffer_clear) struct buffer event = {0}, below = {0};
    CLEANUP(api_close_at) struct api *api = NULL;
    CLEANUP(json_destroy_at) struct json_document *answer = NULL;
    if (take_event(word, &event, &problem) || function_api(data, &api, &problem)) return refuse("%s", problem.text);
    char live[FUNCTION_NAME_BYTES], second[FUNCTION_NAME_BYTES];
    if (qualifier == NULL && function_live(api, name, live, second, &problem)) return refuse("%s", problem.text);
    if (qualifier == NULL) qualifier = live[0] == '\0' ? "$LATEST" : "live";
    buffer_string(&below, "/invocations?Qualifier=");
    api_put_encoded(&below, qualifier);
    if (below.failed) return refuse("out of memory");
    static const char *const now[] = {"X-Amz-Invocation-Type: RequestResponse", "X-Amz-Log-Type: Tail", NULL};
    static const char *const later[] = {"X-Amz-Invocation-Type: Event", NULL};
    api_set_headers(api, asynchronous ? later : now);
    if (function_call(api, "POST", name, below.data, buffer_view(&event), &answer, &problem))
        return refuse("%s", problem.text);
    if (asynchronous) return printf("the event is queued\n"), EXIT_DONE;
    print_log(api);
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_put_value(&writer, json_root(answer));
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
    if (api_header(api, "X-Amz-Function-Error").length == 0) return EXIT_DONE;
    return refuse("the function ended with an error; it is above, what it printed stands in 'splc function logs %s'",
                  name);
}

int function_invoke(int argc, char **argv) {
    const char *data = NULL, *qualifier = NULL;
    bool asynchronous = false;
    const struct option table[] = {
        {"qualifier", "V", "a version or an alias; default: live, or $LATEST where there is no such alias", OPTION_TEXT,
         &qualifier},
        {"async", NULL, "queue the event and do not wait for the answer", OPTION_FLAG, &asynchronous},
        DATA_OPTION(&data),
    };
    const struct options options = {
        .usage = "splc function invoke NAME [EVENT] [OPTIONS]",
        .summary =
            "Calls a function with EVENT, a JSON value ({} when it is left out, - reads it from standard input),\n"
            "and prints its answer on standard output, what it printed meanwhile on standard error.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc function invoke jam '{\"n\":1}'\n"
                  "    splc function invoke jam --qualifier 3\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  it answered, or the event is queued\n"
                  "    1  it ended with an error, or could not be called; the reason is on standard error\n"
                  "    2  wrong usage\n",
    };
    const char *arguments[2];
    int status = function_options(&options, argc, argv, arguments, 1, 2);
    return status != EXIT_DONE ? status : invoke(data, arguments[0], arguments[1], qualifier, asynchronous);
}

// --- logs ---

/// Where the last lines begin.
static long find_tail(FILE *file, unsigned lines) {
    fseek(file, 0, SEEK_END);
    long at = ftell(file);
    if (at > 0) at--; // the end of the last line
    for (; at > 0; at--) {
        fseek(file, at - 1, SEEK_SET);
        if (fgetc(file) == '\n' && --lines == 0) return at;
    }
    return 0;
}

static void copy_rest(FILE *file) {
    char piece[PIECE_BYTES];
    for (size_t length; (length = fread(piece, 1, sizeof piece, file)) > 0;) fwrite(piece, 1, length, stdout);
    fflush(stdout);
    clearerr(file);
}

/// The log was set aside and begun anew.
static bool was_replaced(const char *path, FILE *file) {
    CLEANUP(file_close_at) FILE *now = fopen(path, "re");
    if (now == NULL) return false;
    fseek(now, 0, SEEK_END);
    return ftell(now) < ftell(file);
}

static int follow(const char *path, FILE **file) {
    for (;;) {
        copy_rest(*file);
        if (ferror(stdout)) return EXIT_REFUSED;
        usleep(LOOK_AGAIN_US);
        if (!was_replaced(path, *file)) continue;
        FILE *again = freopen(path, "re", *file);
        if (again == NULL) return *file = NULL, EXIT_REFUSED;
    }
}

int function_logs(int argc, char **argv) {
    const char *data = NULL;
    unsigned lines = LOG_LINES;
    bool follows = false;
    const struct option table[] = {
        {"lines", "N", "the last N lines; default: 20", OPTION_UNSIGNED, &lines},
        {"follow", NULL, "go on with what it prints from now on, until Ctrl-C", OPTION_FLAG, &follows},
        {"f", NULL, "the same", OPTION_FLAG, &follows},
        DATA_OPTION(&data),
    };
    const struct options options = {
        .usage = "splc function logs NAME [OPTIONS]",
        .summary = "Prints what a function has printed: time, version, id of the request (- between events), text.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "FILES\n"
                  "    DATA/functions/NAME/log  at most 10 MB, one old file beside it\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    int status = function_options(&options, argc, argv, arguments, 1, 1);
    if (status != EXIT_DONE) return status;
    if (!function_is_name(arguments[0])) return refuse_usage("\"%s\" is no name of a function", arguments[0]);
    struct problem problem = {"out of memory"};
    CLEANUP(connect_file_destroy_at) struct connect_file *connect = NULL;
    if (find_plant(data, &connect, &problem)) return refuse("%s", problem.text);
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_print(&path, "%s/functions/%s/log", connect->data_folder, arguments[0]);
    if (path.failed) return refuse("out of memory");
    CLEANUP(file_close_at) FILE *file = fopen(path.data, "re");
    if (file == NULL)
        return refuse("%s has printed nothing yet, or there is no such function: splc function list", arguments[0]);
    fseek(file, find_tail(file, lines == 0 ? 1 : lines), SEEK_SET);
    if (follows) return follow(path.data, &file);
    copy_rest(file);
    return EXIT_DONE;
}
