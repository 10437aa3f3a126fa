#include "edge.h"
#include "replay.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pki/pki.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <testing/testing.h>
#include <unistd.h>

#include <cmocka.h>

/// A plant folder and a data folder of this test alone.
struct desk {
    char *plant, *data;
    char *record; // NULL: none
    struct edge edge;
    struct problem problem;
};

static void put(const char *folder, const char *name, const char *content) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    assert_int_equal(file_write(path, text_of(content), 0600, NULL), ERROR_NONE);
}

static void copy_model(const struct desk *desk) {
    CLEANUP(buffer_clear) struct buffer model = {0};
    assert_int_equal(file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &model, NULL), ERROR_NONE);
    put(desk->plant, "plant.aml", model.data);
}

static unsigned free_port(int *ret_fd) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    if (ret_fd == NULL)
        close(fd);
    else
        *ret_fd = fd;
    return ntohs(address.sin_port);
}

static void write_site(const struct desk *desk, const char *driver, unsigned port) {
    char site[256];
    snprintf(site, sizeof site, "edge:\n  driver: %s\n  scan_period_ms: 1\n  port: %u\n", driver, port);
    put(desk->plant, "site.yaml", site);
}

static void make_identity(const struct desk *desk) {
    CLEANUP(free_at) char *folder = testing_path(desk->data, "pki/opcua");
    CLEANUP(free_at) char *certificate = testing_path(desk->data, "pki/opcua/edge.der");
    CLEANUP(free_at) char *key = testing_path(desk->data, "pki/opcua/edge.key.der");
    assert_int_equal(file_make_folder(folder, 0700, NULL), ERROR_NONE);
    struct pki_request request = {
        .common_name = "edge",
        .dns_names = (const char *[]){"localhost", NULL},
        .addresses = (const char *[]){"127.0.0.1", NULL},
        .uri = "urn:serverless-plc:edge:MPS",
        .days = 30,
        .server = true,
        .client = true,
    };
    struct problem problem = {0};
    if (pki_make_application_certificate(&request, certificate, key, &problem)) fail_msg("%s", problem.text);
}

static struct desk *desk_create(void) {
    struct desk *desk = calloc(1, sizeof *desk);
    desk->plant = testing_folder();
    desk->data = testing_folder();
    copy_model(desk);
    write_site(desk, "sim", free_port(NULL));
    make_identity(desk);
    return desk;
}

static void desk_destroy(struct desk *desk) {
    if (desk == NULL) return;
    edge_close(&desk->edge);
    testing_remove(desk->plant);
    testing_remove(desk->data);
    free(desk->plant);
    free(desk->data);
    free(desk->record);
    free(desk);
}
CLEANUP_DEFINE(struct desk, desk_destroy)

/// As main does.
static enum error run(struct desk *desk) {
    char *words[] = {(char[]){"splc-edge"}, desk->plant, (char[]){"--data"}, desk->data, (char[]){"--record"},
                     desk->record,          NULL};
    struct edge *edge = &desk->edge;
    struct problem *problem = &desk->problem;
    enum error error = edge_read_options(edge, desk->record == NULL ? 4 : 6, words, problem);
    if (!error) error = edge_read_site(edge, problem);
    if (!error) error = edge_find_identity(edge, problem);
    if (!error) edge_open_diagnostics(edge);
    if (!error) error = edge_read_model(edge, problem);
    if (!error) error = edge_open_driver(edge, problem);
    if (!error) edge_note_start(edge);
    if (!error) error = edge_load_program(edge, problem);
    if (!error) error = edge_set_pins(edge, problem);
    if (!error) edge_restore(edge);
    if (!error) error = edge_start_recording(edge, problem);
    if (!error) error = edge_start_scan(edge, problem);
    if (!error) error = edge_serve(edge, problem);
    if (!error) error = edge_run(edge, problem);
    return error;
}

static void assert_says(const struct desk *desk, const char *part) {
    if (strstr(desk->problem.text, part) == NULL) fail_msg("\"%s\" does not say \"%s\"", desk->problem.text, part);
}

/// Until the signal that is sent before.
static void run_to_sigterm(struct desk *desk) {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    kill(getpid(), SIGTERM); // waits until somebody looks
    enum error error = run(desk);
    if (error) fail_msg("%s", desk->problem.text);
}

static void it_runs_until_sigterm(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    run_to_sigterm(desk);
    assert_true(runtime_report(desk->edge.runtime).running);
}

static struct diagnostics_list read_diagnostics(const struct desk *desk) {
    CLEANUP(free_at) char *path = testing_path(desk->data, "edge/diagnostics");
    struct diagnostics_list list = {0};
    struct problem problem = {0};
    if (diagnostics_read(path, &list, &problem)) fail_msg("%s", problem.text);
    return list;
}

/// How often the entry is in the buffer.
static unsigned entries(const struct desk *desk, enum diagnostics_id id) {
    struct diagnostics_list list = read_diagnostics(desk);
    unsigned found = 0;
    for (size_t i = 0; i < list.count; i++) found += list.entries[i].code == diagnostics_code(id);
    diagnostics_list_clear(&list);
    return found;
}

static void run_and_end(struct desk *desk) {
    run_to_sigterm(desk);
    edge_close(&desk->edge);
    desk->edge = (struct edge){0};
}

static void starts_and_ends_are_in_the_diagnostics_buffer(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    run_and_end(desk);
    run_and_end(desk);
    assert_int_equal(entries(desk, DIAGNOSTICS_STARTED), 2);
    assert_int_equal(entries(desk, DIAGNOSTICS_STOPPED), 2);
    assert_int_equal(entries(desk, DIAGNOSTICS_NOT_STOPPED), 0);
    assert_int_equal(entries(desk, DIAGNOSTICS_MODEL_CHANGED), 0);
    struct diagnostics_list list = read_diagnostics(desk);
    assert_int_equal(list.entries[0].start, 1);
    assert_int_equal(list.entries[list.count - 1].start, 2);
    diagnostics_list_clear(&list);
}

static void a_start_after_a_power_cut_says_so(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    run_and_end(desk);
    CLEANUP(free_at) char *path = testing_path(desk->data, "edge/diagnostics");
    struct diagnostics *diagnostics = NULL;
    assert_int_equal(diagnostics_open(path, &diagnostics, NULL), ERROR_NONE);
    diagnostics_add(diagnostics, DIAGNOSTICS_STARTED, TEXT_EMPTY, "a start that did not end");
    diagnostics_close(diagnostics);
    run_and_end(desk);
    assert_int_equal(entries(desk, DIAGNOSTICS_NOT_STOPPED), 1);
}

static void another_model_is_noted(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    run_and_end(desk);
    CLEANUP(free_at) char *path = testing_path(desk->plant, "plant.aml");
    CLEANUP(buffer_clear) struct buffer model = {0};
    assert_int_equal(file_read(path, MODEL_BYTES_MAX, &model, NULL), ERROR_NONE);
    buffer_string(&model, "\n");
    put(desk->plant, "plant.aml", model.data);
    run_and_end(desk);
    assert_int_equal(entries(desk, DIAGNOSTICS_MODEL_CHANGED), 1);
    assert_int_equal(entries(desk, DIAGNOSTICS_PROGRAM_CHANGED), 0);
}

static void a_recording_of_a_start_is_replayed(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    desk->record = testing_path(desk->data, "start.rec");
    run_and_end(desk);
    char *words[] = {(char[]){"replay"}, desk->record, NULL};
    assert_int_equal(replay_main(2, words), 0);
    assert_int_equal(entries(desk, DIAGNOSTICS_RECORDING_STARTED), 1);
    assert_int_equal(entries(desk, DIAGNOSTICS_RECORDING_ENDED), 1);
    words[1] = desk->plant; // a folder
    assert_int_equal(replay_main(2, words), 2);
    assert_int_equal(replay_main(1, words), 2);
}

static void let_it_scan(struct desk *desk, uint64_t cycles) {
    uint64_t goal = runtime_report(desk->edge.runtime).cycles + cycles;
    for (unsigned i = 0; runtime_report(desk->edge.runtime).cycles < goal; i++) {
        if (i == 60000) fail_msg("the scan stands still");
        usleep(1000);
    }
}

static void a_recording_on_request_is_replayed(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    char *words[] = {(char[]){"splc-edge"}, desk->plant, (char[]){"--data"}, desk->data, NULL};
    struct edge *edge = &desk->edge;
    struct problem *problem = &desk->problem;
    enum error error = edge_read_options(edge, 4, words, problem);
    if (!error) error = edge_read_site(edge, problem);
    if (!error) error = edge_find_identity(edge, problem);
    if (!error) edge_open_diagnostics(edge);
    if (!error) error = edge_read_model(edge, problem);
    if (!error) error = edge_open_driver(edge, problem);
    if (!error) edge_note_start(edge);
    if (!error) error = edge_load_program(edge, problem);
    if (!error) error = edge_set_pins(edge, problem);
    if (!error) error = edge_start_scan(edge, problem);
    if (!error) error = edge_serve(edge, problem);
    if (error) fail_msg("%s", problem->text);
    const struct server_recording *recording = &edge->recording;
    assert_int_equal(recording->stop(edge, problem), ERROR_NOT_FOUND);
    char file[512] = "";
    for (unsigned round = 0; round < 10; round++) { // more than are kept
        let_it_scan(desk, 20);
        if (recording->start(edge, TEXT("engineer"), 0, 1, problem)) fail_msg("%s", problem->text);
        assert_int_equal(recording->start(edge, TEXT("engineer"), 0, 1, problem), ERROR_EXISTS);
        snprintf(file, sizeof file, "%s", recording->file(edge));
        let_it_scan(desk, 100);
        assert_int_equal(recording->stop(edge, problem), ERROR_NONE);
        assert_string_equal(recording->file(edge), "");
        if (round > 1) continue;
        char *replay[] = {(char[]){"replay"}, file, NULL};
        assert_int_equal(replay_main(2, replay), 0);
    }
    assert_int_equal(recording->start(edge, TEXT("engineer"), 0, 5000, problem), ERROR_INVALID);
    CLEANUP(free_at) char *folder = testing_path(desk->data, "edge/recordings");
    size_t kept = 0;
    DIR *listed = opendir(folder);
    for (struct dirent *entry; (entry = readdir(listed)) != NULL;) kept += strstr(entry->d_name, ".rec") != NULL;
    closedir(listed);
    assert_int_equal(kept, 8);
    struct stat about;
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    put(desk->plant, "plant.aml", "another");
    assert_int_equal(recording->start(edge, TEXT("engineer"), 0, 1, problem), ERROR_CONFLICT); // the file lies
    assert_int_equal(entries(desk, DIAGNOSTICS_RECORDING_STARTED), 10);
}

static void retained_values_are_restored_or_not(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    run_and_end(desk); // the cylinders of the simulated station stand in their rest position
    assert_int_equal(entries(desk, DIAGNOSTICS_RETAIN_NONE), 1);
    desk->record = testing_path(desk->data, "warm.rec");
    run_and_end(desk);
    assert_int_equal(entries(desk, DIAGNOSTICS_RETAIN_RESTORED), 1);
    char *words[] = {(char[]){"replay"}, desk->record, NULL};
    assert_int_equal(replay_main(2, words), 0);
}

static void pins_are_as_they_were_left(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    run_and_end(desk);
    CLEANUP(free_at) char *folder = testing_path(desk->data, "edge");
    put(folder, "pins", "mps_plc/RevPiDO/O_5 -\nmps_plc/RevPiDO/O_6 mps_hmi/indicator_Q1/state\n");
    desk->record = testing_path(desk->data, "pins.rec");
    run_and_end(desk);
    char *words[] = {(char[]){"replay"}, desk->record, NULL};
    assert_int_equal(replay_main(2, words), 0);
    put(folder, "pins", "mps_plc/RevPiDO/O_6 mps_hmi/indicator_Q1/state\n");
    assert_true(run(desk) != ERROR_NONE);
    assert_says(desk, "edge/pins");
    assert_says(desk, "two channels");
    assert_null(desk->edge.runtime);
}

static void a_missing_identity_is_said_before_anything_runs(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    CLEANUP(free_at) char *key = testing_path(desk->data, "pki/opcua/edge.key.der");
    unlink(key);
    assert_int_equal(run(desk), ERROR_NOT_FOUND);
    assert_says(desk, key);
    assert_says(desk, "run `splc up");
    assert_null(desk->edge.runtime);
}

static void a_broken_model_stops_it_with_the_number_of_its_errors(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    put(desk->plant, "plant.aml", "<CAEXFile><InstanceHierarchy Name='Plant'/></CAEXFile>");
    assert_true(run(desk) != ERROR_NONE);
    assert_says(desk, "plant.aml has");
    assert_null(desk->edge.plant);
}

static void a_missing_model_is_named(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    CLEANUP(free_at) char *model = testing_path(desk->plant, "plant.aml");
    unlink(model);
    assert_int_equal(run(desk), ERROR_NOT_FOUND);
    assert_says(desk, "plant.aml");
}

static void terminals_that_are_not_there_are_named(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    write_site(desk, "picontrol\n  picontrol: {device: /dev/piControl77}", free_port(NULL));
    assert_int_equal(run(desk), ERROR_NOT_FOUND);
    assert_says(desk, "/dev/piControl77");
    assert_says(desk, "Revolution Pi");
}

static void a_port_in_use_is_named_with_the_remedy(void **state) {
    (void)state;
    CLEANUP(desk_destroy_at) struct desk *desk = desk_create();
    CLEANUP(descriptor_close_at) int fd = -1;
    unsigned port = free_port(&fd);
    assert_int_equal(listen(fd, 1), 0);
    write_site(desk, "sim", port);
    assert_int_equal(run(desk), ERROR_EXISTS);
    char part[64];
    snprintf(part, sizeof part, "port %u on 127.0.0.1 is in use", port);
    assert_says(desk, part);
    assert_says(desk, "--port-offset");
}

static void no_plant_is_wrong_usage(void **state) {
    (void)state;
    struct edge edge = {0};
    struct problem problem = {0};
    char *words[] = {(char[]){"splc-edge"}, NULL};
    assert_int_equal(edge_read_options(&edge, 1, words, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "splc-edge --help"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_runs_until_sigterm),
        cmocka_unit_test(starts_and_ends_are_in_the_diagnostics_buffer),
        cmocka_unit_test(a_start_after_a_power_cut_says_so),
        cmocka_unit_test(another_model_is_noted),
        cmocka_unit_test(a_recording_of_a_start_is_replayed),
        cmocka_unit_test(a_recording_on_request_is_replayed),
        cmocka_unit_test(retained_values_are_restored_or_not),
        cmocka_unit_test(pins_are_as_they_were_left),
        cmocka_unit_test(a_missing_identity_is_said_before_anything_runs),
        cmocka_unit_test(a_broken_model_stops_it_with_the_number_of_its_errors),
        cmocka_unit_test(a_missing_model_is_named),
        cmocka_unit_test(terminals_that_are_not_there_are_named),
        cmocka_unit_test(a_port_in_use_is_named_with_the_remedy),
        cmocka_unit_test(no_plant_is_wrong_usage),
    };
    return cmocka_run_group_tests_name("splc-edge", tests, NULL, NULL);
}
