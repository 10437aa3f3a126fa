#include "worker.h"

#include <http/client.h>
#include <splc/function.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/// Keeps the event in the twin `NAME_state` and counts it there.
static enum error record(void *context, const struct splc_twin *twin, struct buffer *ret_desired,
                         struct buffer *ret_reported, struct problem *ret_problem) {
    (void)ret_desired, (void)ret_problem;
    const struct splc_event *event = context;
    struct json_writer writer = json_writer(ret_reported);
    json_open_object(&writer);
    json_key(&writer, "count");
    json_put_integer(&writer, json_integer(json_member(twin->reported, "count"), 0) + 1);
    json_key_text(&writer, event->thing);
    json_put_text(&writer, event->body); // as a string: a null in it would be taken as a removal
    json_close_object(&writer);
    return ERROR_NONE;
}

static struct text own_twin(void) {
    static char name[80];
    snprintf(name, sizeof name, "%s_state", getenv("AWS_LAMBDA_FUNCTION_NAME"));
    return text_of(name);
}

static enum error on_echo(void *context, struct splc_function *function, const struct splc_event *event,
                          struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)ret_answer;
    return splc_twin_edit(function, own_twin(), record, (void *)event, ret_problem);
}

/// Works on an event only once the twin `gate` is open.
static enum error on_gated(void *context, struct splc_function *function, const struct splc_event *event,
                           struct buffer *ret_answer, struct problem *ret_problem) {
    enum error error = splc_twin_report(function, own_twin(), TEXT("{\"waiting\":true}"), ret_problem);
    for (bool open = false; !open && !error;) {
        CLEANUP(splc_twin_clear) struct splc_twin gate = {0};
        error = splc_twin_get(function, TEXT("gate"), &gate, ret_problem);
        open = json_bool(json_member(gate.reported, "open"));
        if (!open) nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return error ? error : on_echo(context, function, event, ret_answer, ret_problem);
}

/// Dies of the first event, in the middle of its work.
static enum error on_mortal(void *context, struct splc_function *function, const struct splc_event *event,
                            struct buffer *ret_answer, struct problem *ret_problem) {
    CLEANUP(splc_twin_clear) struct splc_twin own = {0};
    enum error error = splc_twin_get(function, own_twin(), &own, ret_problem);
    if (error) return error;
    if (!json_bool(json_member(own.reported, "died"))) {
        error = splc_twin_report(function, own_twin(), TEXT("{\"died\":true}"), ret_problem);
        fprintf(stderr, "alas\n");
        raise(SIGKILL);
    }
    return error ? error : on_echo(context, function, event, ret_answer, ret_problem);
}

/// Dies of every event of `poison`.
static enum error on_fragile(void *context, struct splc_function *function, const struct splc_event *event,
                             struct buffer *ret_answer, struct problem *ret_problem) {
    if (text_is(event->thing, "poison")) raise(SIGKILL);
    return on_echo(context, function, event, ret_answer, ret_problem);
}

/// Never ends with an event of `tar`.
static enum error on_slow(void *context, struct splc_function *function, const struct splc_event *event,
                          struct buffer *ret_answer, struct problem *ret_problem) {
    while (text_is(event->thing, "tar")) pause();
    return on_echo(context, function, event, ret_answer, ret_problem);
}

static enum error on_failing(void *context, struct splc_function *function, const struct splc_event *event,
                             struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)function, (void)event, (void)ret_answer;
    return problem_say(ret_problem, ERROR_CONFLICT, "the station is not where it should be");
}

/// Answers with what it was given, and says so.
static enum error on_answer(void *context, struct splc_function *function, const struct splc_event *event,
                            struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)function, (void)ret_problem;
    fprintf(stderr, "given: %.*s\n", TEXT_ARG(event->body));
    buffer_print(ret_answer, "{\"given\":%.*s}", TEXT_ARG(event->body));
    return ERROR_NONE;
}

/// An answer of 6 MB and a byte.
static enum error on_huge(void *context, struct splc_function *function, const struct splc_event *event,
                          struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)function, (void)event, (void)ret_problem;
    buffer_byte(ret_answer, '"');
    for (int i = 0; i < 6 * 1024 * 1024 - 1; i++) buffer_byte(ret_answer, 'x');
    buffer_byte(ret_answer, '"');
    return ERROR_NONE;
}

// --- abuse ---

static enum error on_bomb(void *context, struct splc_function *function, const struct splc_event *event,
                          struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)function, (void)event, (void)ret_answer;
    for (int forked = 0;; forked++) {
        pid_t pid = fork();
        if (pid == 0)
            while (true) pause();
        if (pid < 0) return problem_say(ret_problem, ERROR_LIMIT, "no more processes after %d", forked);
    }
}

static enum error on_filler(void *context, struct splc_function *function, const struct splc_event *event,
                            struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)function, (void)event, (void)ret_answer;
    static const char megabyte[1024 * 1024];
    FILE *file = fopen("/tmp/full", "w");
    if (file == NULL) return problem_say(ret_problem, ERROR_IO, "no file in /tmp");
    int written = 0;
    while (written < 1000 && fwrite(megabyte, sizeof megabyte, 1, file) == 1 && fflush(file) == 0) written++;
    fclose(file);
    bool elsewhere = access("/var/task", W_OK) == 0 || access("/usr", W_OK) == 0 || access("/home", F_OK) == 0;
    return problem_say(ret_problem, ERROR_IO, "the disk is full after %d MB%s", written,
                       elsewhere ? ", and more of it can be reached" : "");
}

static enum error on_spinner(void *context, struct splc_function *function, const struct splc_event *event,
                             struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)function, (void)event, (void)ret_answer, (void)ret_problem;
    for (volatile bool forever = true; forever;) continue;
    return ERROR_NONE;
}

static enum error on_chatter(void *context, struct splc_function *function, const struct splc_event *event,
                             struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)function, (void)event, (void)ret_answer;
    char line[64 * 1024];
    memset(line, 'x', sizeof line);
    for (int i = 99; i < (int)sizeof line; i += 100) line[i] = '\n';
    for (int i = 0; i < 16 * 1024; i++)
        if (write(STDOUT_FILENO, line, sizeof line) < 0) return problem_say(ret_problem, ERROR_IO, "not written");
    return problem_say(ret_problem, ERROR_NONE, "all written");
}

// --- the wire, without the library for functions ---

struct raw {
    struct http_client *client;
    char token[128];
    struct http_result result;
};

static int call(struct raw *raw, const char *method, const char *variable, const char *path, const char *token,
                const char *body) {
    char url[512];
    snprintf(url, sizeof url, "%s%s%s", strcmp(variable, "AWS_LAMBDA_RUNTIME_API") == 0 ? "http://" : "",
             getenv(variable), path);
    const char *const headers[] = {token, NULL};
    struct http_call one = {.method = method, .url = url, .headers = headers, .body = text_of(body)};
    return http_client_call(raw->client, &one, &raw->result, NULL) ? 0 : raw->result.status;
}

static int runtime_call(struct raw *raw, const char *method, const char *path, const char *body) {
    char full[256];
    snprintf(full, sizeof full, "/2018-06-01/runtime%s", path);
    return call(raw, method, "AWS_LAMBDA_RUNTIME_API", full, NULL, body);
}

static int data_call(struct raw *raw, const char *method, const char *path, const char *body) {
    return call(raw, method, "AWS_ENDPOINT_URL_IOT_DATA_PLANE", path, raw->token, body);
}

static void put_status(struct json_writer *writer, const char *name, int status) {
    json_key(writer, name);
    json_put_integer(writer, status);
}

static void put_header(struct json_writer *writer, const struct raw *raw, const char *name) {
    json_key(writer, name);
    json_put_text(writer, http_result_header(&raw->result, name));
}

/// Tries the interface out and reports what came of it.
static int raw_main(void) {
    struct raw raw = {.client = http_client_create(&(struct http_client_options){0})};
    snprintf(raw.token, sizeof raw.token, "X-Amz-Security-Token: %s", getenv("AWS_SESSION_TOKEN"));
    CLEANUP(buffer_clear) struct buffer body = {0};
    struct json_writer writer = json_writer(&body);
    json_open_object(&writer);
    json_key(&writer, "state");
    json_open_object(&writer);
    json_key(&writer, "reported");
    json_open_object(&writer);
    put_status(&writer, "unknown path", runtime_call(&raw, "GET", "/nonsense", ""));
    put_status(&writer, "answer before any event", runtime_call(&raw, "POST", "/invocation/x/response", "1"));
    put_status(&writer, "next", runtime_call(&raw, "GET", "/invocation/next", ""));
    put_header(&writer, &raw, "Content-Type");
    put_header(&writer, &raw, "Lambda-Runtime-Aws-Request-Id");
    put_header(&writer, &raw, "Lambda-Runtime-Deadline-Ms");
    put_header(&writer, &raw, "Lambda-Runtime-Invoked-Function-Arn");
    put_header(&writer, &raw, "Lambda-Runtime-Trace-Id");
    char path[128];
    snprintf(path, sizeof path, "/invocation/%.*s/response",
             TEXT_ARG(http_result_header(&raw.result, "Lambda-Runtime-Aws-Request-Id")));
    put_status(&writer, "another id", runtime_call(&raw, "POST", "/invocation/123/response", "1"));
    put_status(&writer, "right id", runtime_call(&raw, "POST", path, "{\"fine\":true}"));
    put_status(&writer, "right id again", runtime_call(&raw, "POST", path, "1"));
    put_status(&writer, "init/error after next", runtime_call(&raw, "POST", "/init/error", "{}"));
    put_status(&writer, "publish elsewhere", data_call(&raw, "POST", "/topics/plant/other", "{}"));
    put_status(&writer, "publish", data_call(&raw, "POST", "/topics/plant/raw/1", "{}"));
    put_status(&writer, "publish for services", data_call(&raw, "POST", "/topics/$aws/things/x/shadow/get", "{}"));
    put_status(&writer, "invoke elsewhere", data_call(&raw, "POST", "/2015-03-31/functions/echo/invocations", "{}"));
    put_status(&writer, "invoke what is not there",
               data_call(&raw, "POST", "/2015-03-31/functions/absent/invocations", "{}"));
    put_status(&writer, "with a wrong signature",
               call(&raw, "GET", "AWS_ENDPOINT_URL_IOT_DATA_PLANE", "/things/other/shadow",
                    "Authorization: AWS4-HMAC-SHA256 Credential=raw/20150830/local/iotdata/aws4_request, "
                    "SignedHeaders=host;x-amz-date, Signature=00",
                    ""));
    put_status(&writer, "read anything", data_call(&raw, "GET", "/things/other/shadow", ""));
    put_status(&writer, "wish",
               data_call(&raw, "POST", "/things/machine/shadow", "{\"state\":{\"desired\":{\"a\":1}}}"));
    put_status(&writer, "wish elsewhere",
               data_call(&raw, "POST", "/things/other/shadow", "{\"state\":{\"desired\":{\"a\":1}}}"));
    put_status(&writer, "report elsewhere",
               data_call(&raw, "POST", "/things/machine/shadow", "{\"state\":{\"reported\":{\"a\":1}}}"));
    put_status(&writer, "empty elsewhere", data_call(&raw, "POST", "/things/machine/shadow", "{\"state\":null}"));
    put_status(&writer, "delete elsewhere", data_call(&raw, "DELETE", "/things/machine/shadow", ""));
    put_status(&writer, "no JSON", data_call(&raw, "POST", "/things/machine/shadow", "{"));
    put_status(&writer, "no such path", data_call(&raw, "GET", "/nonsense", ""));
    put_status(&writer, "without token",
               call(&raw, "POST", "AWS_ENDPOINT_URL_IOT_DATA_PLANE", "/things/raw_state/shadow", NULL,
                    "{\"state\":{\"reported\":{\"stolen\":true}}}"));
    put_status(&writer, "with a wrong token",
               call(&raw, "POST", "AWS_ENDPOINT_URL_IOT_DATA_PLANE", "/things/raw_state/shadow",
                    "X-Amz-Security-Token: guess", "{\"state\":{\"reported\":{\"stolen\":true}}}"));
    json_key(&writer, "done");
    json_put_bool(&writer, true);
    json_close_object(&writer);
    json_close_object(&writer);
    json_close_object(&writer);
    data_call(&raw, "POST", "/things/raw_state/shadow", body.data);
    runtime_call(&raw, "GET", "/invocation/next", ""); // until it is killed
    return EXIT_FAILURE;
}

/// Reports its surroundings with its first event.
static enum error on_surroundings(void *context, struct splc_function *function, const struct splc_event *event,
                                  struct buffer *ret_answer, struct problem *ret_problem) {
    (void)context, (void)event, (void)ret_answer;
    CLEANUP(buffer_clear) struct buffer reported = {0};
    struct json_writer writer = json_writer(&reported);
    json_open_object(&writer);
    for (char **variable = environ; *variable != NULL; variable++) {
        struct text rest = text_of(*variable), name;
        text_split(&rest, '=', &name);
        json_key_text(&writer, name);
        json_put_text(&writer, rest);
    }
    struct rlimit files;
    getrlimit(RLIMIT_FSIZE, &files);
    put_status(&writer, "fileBytesMax", (int)files.rlim_cur);
    json_close_object(&writer);
    return splc_twin_report(function, own_twin(), buffer_view(&reported), ret_problem);
}

void worker_main_if_started_by_the_service(void) {
    static const struct {
        const char *name;
        splc_handler *handler;
    } functions[] = {
        {"echo", on_echo},
        {"gated", on_gated},
        {"mortal", on_mortal},
        {"fragile", on_fragile},
        {"slow", on_slow},
        {"failing", on_failing},
        {"answer", on_answer},
        {"huge", on_huge},
        {"bomb", on_bomb},
        {"filler", on_filler},
        {"spinner", on_spinner},
        {"chatter", on_chatter},
        {"surroundings", on_surroundings},
    };
    const char *name = getenv("AWS_LAMBDA_FUNCTION_NAME");
    if (name == NULL) return;
    if (strcmp(name, "raw") == 0) exit(raw_main());
    if (strcmp(name, "unable") == 0) exit(splc_function_cannot_start("the recipe is missing"));
    if (strcmp(name, "stillborn") == 0) {
        fprintf(stderr, "no licence found\n");
        exit(3);
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(name, functions[i].name) == 0) exit(splc_function_run(functions[i].handler, NULL));
    exit(99);
}
