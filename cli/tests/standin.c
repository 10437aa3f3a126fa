#include "standin.h"

#include "command.h"

#include <base/file.h>
#include <base/loop.h>
#include <base/notify.h>
#include <base/text.h>
#include <http/server.h>
#include <pki/pki.h>
#include <site/site.h>
#include <testing/testing.h>

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *data_folder;
static char token[64];

/// One write per line: lines of several processes do not mix.
__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
    CLEANUP(buffer_clear) struct buffer line = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vprint(&line, format, arguments);
    va_end(arguments);
    buffer_byte(&line, '\n');
    CLEANUP(free_at) char *path = testing_path(data_folder, "standin");
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line.data, line.length) != (ssize_t)line.length) abort();
    close(fd);
}

// --- the HTTP interface of a plant that runs well ---

static const struct {
    const char *path;
    const char *body;
} answers[] = {
    {"/v1/status",
     "{\"plant\":\"mps\",\"services\":["
     "{\"service\":\"twins\",\"state\":\"ok\",\"pid\":11,\"startedAt\":1},"
     "{\"service\":\"gateway\",\"state\":\"ok\",\"edges\":[{\"url\":\"opc.tcp://"
     "127.0.0.1:4840\",\"state\":\"connected\","
     "\"lease\":\"held\",\"items\":70,\"bad\":0}],\"latency\":{\"count\":12,\"p50_ms\":3.25,\"p99_ms\":7.5}},"
     "{\"service\":\"functions\",\"state\":\"ok\",\"functions\":[{\"name\":\"automatic\",\"state\":\"ready\"}]}]}"},
    {"/things/mps_simulation/shadow",
     "{\"state\":{\"reported\":{\"fed\":9,\"sorted\":3,\"passed\":5,\"lost\":0,\"metalSorted\":3,\"plasticSorted\":0,"
     "\"metalPassed\":0,\"plasticPassed\":5}}}"},
    {"/things/mps_plc/shadow", "{\"state\":{\"reported\":{\"State\":\"run\",\"Cause\":\"\",\"ScanCycles\":5000,"
                               "\"ScanMissed\":1,\"ScanTime\":20.5,"
                               "\"ScanTimeMax\":90.25}}}"},
    {"/v1/plant", "{\"things\":[{\"name\":\"mps_hmi\"},{\"name\":\"mps_plc\",\"controller\":true}],\"functionThings\":["
                  "\"mps_automatic\"],\"simulation\":\"mps_simulation\"}"},
    {"/v1/latency", "{\"hops\":[{\"name\":\"twin\",\"count\":81,\"p50_ms\":0.5,\"p99_ms\":1.9,\"budget_p50_ms\":0.6,"
                    "\"budget_p99_ms\":2.0},{\"name\":\"actuator\",\"count\":5,\"p50_ms\":2.5,\"p99_ms\":9.0,"
                    "\"budget_p50_ms\":3.0,\"budget_p99_ms\":8.0}]}"},
    {"/things/mps_hmi/shadow", "{\"state\":{\"reported\":{\"welcome\":\"Gr\\u00fc\\u00dfe\"}},\"version\":3}"},
};

/// One more each time that somebody looks.
static void answer_counts(struct http_request *request) {
    static int looks = 40; // from an earlier run
    char body[128];
    int length =
        snprintf(body, sizeof body, "{\"state\":{\"reported\":{\"passed\":%d,\"state\":\"producing\"}}}", looks++);
    http_answer(request, 200, NULL, 0, (struct text){body, (size_t)length});
}

static void handle(void *context, struct http_request *request) {
    (void)context;
    char expected[96];
    snprintf(expected, sizeof expected, "Bearer %s", token);
    if (!text_is(http_header(request, "Authorization"), expected)) {
        http_answer_error(request, ERROR_UNAUTHORIZED, "no token");
        return;
    }
    struct text path = http_path(request);
    if (text_is(http_method(request), "POST")) {
        note("post %.*s %.*s", TEXT_ARG(path), TEXT_ARG(http_body(request)));
        bool refused = text_ends_with(path, TEXT("mps_magazine/commands"));
        http_answer(request, refused ? 409 : 200, NULL, 0,
                    refused ? TEXT("{\"status\":\"REJECTED\",\"statusReason\":{\"reasonCode\":\"BadInvalidState\","
                                   "\"reasonDescription\":\"the emergency stop is active\"}}")
                            : TEXT("{\"status\":\"SUCCEEDED\",\"result\":{\"State\":{\"b\":true}}}"));
        return;
    }
    if (text_is(path, "/things/mps_automatic/shadow")) {
        answer_counts(request);
        return;
    }
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (!text_is(path, answers[i].path)) continue;
        http_answer(request, 200, NULL, 0, text_of(answers[i].body));
        return;
    }
    http_answer_error(request, ERROR_NOT_FOUND, "No shadow exists with name: '%.*s'", TEXT_ARG(path));
}

static struct http_server *serve(struct loop *loop, const struct site *site) {
    CLEANUP(free_at) char *token_file = site_path(site, "secrets/api-token");
    CLEANUP(buffer_clear) struct buffer secret = {0};
    if (token_file == NULL || pki_secret_read(token_file, &secret, NULL)) abort();
    snprintf(token, sizeof token, "%s", secret.data);
    const struct http_server_options options = {.address = site->fog.address,
                                                .port = site->fog.http_port,
                                                .body_bytes_max = 65536,
                                                .connections_max = 8,
                                                .handle = handle};
    struct http_server *server = NULL;
    struct problem problem;
    if (http_server_open(loop, &options, &server, &problem)) {
        fprintf(stderr, "%s\n", problem.text);
        exit(1);
    }
    return server;
}

// --- the program ---

static void run(const char *service, const char *mode, const struct site *site) {
    if (strcmp(mode, "silent") == 0) pause();
    struct loop *loop = loop_create();
    if (loop == NULL || loop_stop_on_signals(loop) || notify_keep_alive(loop)) abort();
    struct http_server *server = strcmp(service, "api") == 0 ? serve(loop, site) : NULL;
    notify_ready();
    do {
        if (loop_run(loop)) abort();
    } while (strcmp(mode, "deaf") == 0);
    note("stop %s", service);
    http_server_close(server);
    loop_destroy(loop);
}

static const char *argument_after(int argc, char **argv, const char *name) {
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) return argv[i + 1];
    }
    abort();
}

static int stand_in(int argc, char **argv, const char *service, const char *plant) {
    data_folder = argument_after(argc, argv, "--data");
    char line[512] = "";
    for (int i = 1; i < argc; i++) {
        size_t used = strlen(line);
        snprintf(line + used, sizeof line - used, " %s", argv[i]);
    }
    note("start %s %d%s", service, (int)getpid(), line);
    char name[64];
    snprintf(name, sizeof name, "STANDIN_%s", service);
    const char *mode = getenv(name);
    if (mode == NULL) mode = "";
    if (strcmp(mode, "fail") == 0) {
        fprintf(stderr, "reading the recipe\nthe recipe is torn: glue it\n");
        return 3;
    }
    CLEANUP(free_at) char *mended = testing_path(data_folder, "pki/mended");
    if (strcmp(mode, "choosy") == 0 && !file_exists(mended)) {
        fprintf(stderr, "the key is rusty: file it\n");
        return ERROR_EXIT_CONFIGURATION;
    }
    CLEANUP(site_destroy_at) struct site *site = NULL;
    unsigned offset = (unsigned)atoi(argument_after(argc, argv, "--port-offset"));
    if (site_load(plant, data_folder, offset, &site, NULL)) return 1;
    run(service, mode, site);
    return 0;
}

static int run_splc(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < command_count; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) return commands[i].run(argc - 1, argv + 1);
    }
    abort();
}

bool standin_ran(int argc, char **argv, int *ret_status) {
    const char *name = strrchr(argv[0], '/');
    name = name == NULL ? argv[0] : name + 1;
    if (strcmp(name, "splc") == 0) return *ret_status = run_splc(argc, argv), true;
    if (strcmp(name, "splc-edge") == 0) return *ret_status = stand_in(argc, argv, "edge", argv[1]), true;
    if (strcmp(name, "splc-fog") == 0) return *ret_status = stand_in(argc, argv, argv[1], argv[2]), true;
    return false;
}

char *standin_programs(void) {
    char *folder = testing_folder();
    CLEANUP(free_at) char *self = realpath("/proc/self/exe", NULL);
    CLEANUP(free_at) char *splc = testing_path(folder, "splc");
    CLEANUP(free_at) char *edge = testing_path(folder, "splc-edge");
    CLEANUP(free_at) char *fog = testing_path(folder, "splc-fog");
    if (self == NULL || symlink(self, splc) != 0 || symlink(self, edge) != 0 || symlink(self, fog) != 0) abort();
    return folder;
}
