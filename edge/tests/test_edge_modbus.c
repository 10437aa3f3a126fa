// A whole splc-edge of plants/mps whose terminals are a Modbus device: a real libmodbus server in a process of its own,
// which is killed and started again. Called with the word "server" this program is that server.

#include "whole_edge.h"

#include <base/cleanup.h>
#include <base/process.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <testing/testing.h>
#include <unistd.h>

#include <cmocka.h>

/// All bits of the image from byte 0 on, as the plant model addresses them.
enum { BITS = 8 * 256, WAIT_MS = 60000 };

struct terminals {
    uint8_t inputs[BITS], outputs[BITS];
};

struct bench {
    struct whole_edge edge;
    struct terminals *terminals;
    char *file, port[16];
    pid_t server;
};

static int serve(const char *port, const char *file) {
    int fd = open(file, O_RDWR | O_CLOEXEC);
    struct terminals *terminals = mmap(NULL, sizeof *terminals, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    modbus_mapping_t mapping = {
        .nb_bits = BITS, .nb_input_bits = BITS, .tab_bits = terminals->outputs, .tab_input_bits = terminals->inputs};
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", atoi(port));
    int listener = modbus_tcp_listen(modbus, 1);
    while (listener >= 0 && modbus_tcp_accept(modbus, &listener) >= 0) {
        uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
        for (int length; (length = modbus_receive(modbus, request)) >= 0;)
            if (length > 0 && modbus_reply(modbus, request, length, &mapping) < 0) break;
        modbus_close(modbus);
    }
    return EXIT_FAILURE;
}

static void start_server(struct bench *bench) {
    const char *const words[] = {"/proc/self/exe", "server", bench->port, bench->file, NULL};
    struct process_options options = {.arguments = words, .output = -1};
    assert_int_equal(process_start(&options, &bench->server, NULL), ERROR_NONE);
}

static void kill_server(struct bench *bench) {
    kill(bench->server, SIGKILL);
    waitpid(bench->server, NULL, 0);
    bench->server = 0;
}

static int setup(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    char site[512];
    snprintf(bench->port, sizeof bench->port, "%u", whole_edge_free_port());
    snprintf(site, sizeof site,
             "  driver: modbus\n  scan_period_ms: 5\n  modbus:\n    - name: terminals\n      address: 127.0.0.1\n"
             "      port: %s\n      stale_ms: 400\n      timeout_ms: 5000\n      areas:\n"
             "        - {kind: discrete_inputs, count: %d, image_byte: 0}\n"
             "        - {kind: coils, count: %d, image_byte: 0}\n",
             bench->port, BITS, BITS);
    whole_edge_prepare(&bench->edge, site);
    bench->file = testing_path(bench->edge.data_folder, "terminals");
    CLEANUP(descriptor_close_at) int fd = open(bench->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, sizeof *bench->terminals), 0);
    bench->terminals = mmap(NULL, sizeof *bench->terminals, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    start_server(bench);
    whole_edge_start(&bench->edge, NULL);
    *state = bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    if (bench->server > 0) kill_server(bench);
    munmap(bench->terminals, sizeof *bench->terminals);
    whole_edge_remove(&bench->edge);
    free(bench->file);
    free(bench);
    return 0;
}

static uint8_t *bit_of(struct bench *bench, const struct plant_signal *signal) {
    size_t index = signal->channel->byte * 8u + signal->channel->bit;
    return signal->channel->output ? &bench->terminals->outputs[index] : &bench->terminals->inputs[index];
}

static void sensor(struct bench *bench, const char *module, const char *name, bool on) {
    const struct plant_signal *signal = whole_edge_signal(&bench->edge, module, name);
    *bit_of(bench, signal) = on != signal->inverted;
}

static void await_blocked(struct bench *bench, bool blocked) {
    const struct plant_signal *stop = whole_edge_signal(&bench->edge, "MPS/mps_conveyor/motor", "stop");
    for (unsigned i = 0; (*bit_of(bench, stop) != 0) != (blocked != stop->inverted); i++) {
        if (i == WAIT_MS) fail_msg("the belt did not become %s", blocked ? "blocked" : "free");
        if (waitpid(bench->edge.pid, NULL, WNOHANG) != 0) fail_msg("splc-edge has ended");
        whole_edge_pause_ms(1);
    }
}

/// The emergency stop is not pressed, and somebody presses reset until the safe state is left.
static void start_up(struct bench *bench) {
    const struct plant_signal *stop = whole_edge_signal(&bench->edge, "MPS/mps_conveyor/motor", "stop");
    sensor(bench, "MPS/mps_conveyor/emergency_stop", "contact", false);
    for (unsigned i = 0; (*bit_of(bench, stop) != 0) != stop->inverted; i++) {
        if (i == WAIT_MS / 60) fail_msg("reset did not leave the safe state");
        sensor(bench, "MPS/mps_hmi/actuator_reset", "pressed", i % 2 == 0);
        whole_edge_pause_ms(60);
    }
    sensor(bench, "MPS/mps_hmi/actuator_reset", "pressed", false);
}

static void a_device_that_dies_stops_the_plant_and_comes_back(void **state) {
    struct bench *bench = *state;
    await_blocked(bench, true);
    start_up(bench);
    kill_server(bench);
    whole_edge_pause_ms(1000); // two and a half times stale_ms
    start_server(bench);
    await_blocked(bench, true); // the safe state was latched meanwhile
    start_up(bench);
}

static void the_safe_state_is_at_the_terminals_after_an_orderly_end(void **state) {
    struct bench *bench = *state;
    await_blocked(bench, true);
    start_up(bench);
    kill(bench->edge.pid, SIGTERM);
    int status = 0;
    waitpid(bench->edge.pid, &status, 0);
    bench->edge.pid = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    const struct plant_signal *stop = whole_edge_signal(&bench->edge, "MPS/mps_conveyor/motor", "stop");
    assert_true((*bit_of(bench, stop) != 0) != stop->inverted);
}

static void a_crash_leaves_the_safe_state_at_the_terminals(void **state) {
    struct bench *bench = *state;
    await_blocked(bench, true);
    start_up(bench);
    kill(bench->edge.pid, SIGSEGV);
    int status = 0;
    waitpid(bench->edge.pid, &status, 0);
    bench->edge.pid = 0;
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    const struct plant_signal *stop = whole_edge_signal(&bench->edge, "MPS/mps_conveyor/motor", "stop");
    assert_true((*bit_of(bench, stop) != 0) != stop->inverted);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "server") == 0) return serve(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        {"[edge-8.10] a device that dies stops the plant and comes back",
         a_device_that_dies_stops_the_plant_and_comes_back, setup, teardown, NULL},
        {"[edge-9.7] a crash leaves the safe state at the terminals", a_crash_leaves_the_safe_state_at_the_terminals,
         setup, teardown, NULL},
        cmocka_unit_test_setup_teardown(the_safe_state_is_at_the_terminals_after_an_orderly_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
