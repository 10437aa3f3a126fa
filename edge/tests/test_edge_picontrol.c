// A whole splc-edge of plants/mps whose /dev/piControl0 is the driver model, preloaded: it is killed, stopped and
// terminated, and the test looks at the driver's image and handles from outside.

#include "pi_model.h"
#include "whole_edge.h"

#include <base/clock.h>
#include <diagnostics/diagnostics.h>
#include <fcntl.h>
#include <io/image.h>
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

enum { INPUT_BYTE = 200, OUTPUT_BYTE = 300, WAIT_MS = 60000 };

struct cabinet {
    struct whole_edge edge;
    char *model_file;
    struct pi_model *model;
};

static void wire(struct cabinet *cabinet) {
    pi_model_add_device(cabinet->model, INPUT_BYTE, 2, 0, 0);
    pi_model_add_device(cabinet->model, 0, 0, OUTPUT_BYTE, 2);
    for (size_t i = 0; i < cabinet->edge.plant->signal_count; i++) {
        const struct plant_channel *channel = cabinet->edge.plant->signals[i]->channel;
        char name[32];
        snprintf(name, sizeof name, "%.*s", TEXT_ARG(channel->name));
        unsigned number = (unsigned)strtoul(name + 2, NULL, 10) - 1; // I_1, O_16
        pi_model_add_variable(cabinet->model, name, channel->output ? OUTPUT_BYTE : INPUT_BYTE, number, 1);
    }
}

/// Names end in a number, I_1 or O_16, that counts from the first bit of their module.
static struct io_place place_of(const struct cabinet *cabinet, const char *module, const char *signal, bool *inverted) {
    const struct plant_signal *found = whole_edge_signal(&cabinet->edge, module, signal);
    char name[32];
    snprintf(name, sizeof name, "%.*s", TEXT_ARG(found->channel->name));
    unsigned number = (unsigned)strtoul(name + 2, NULL, 10) - 1;
    *inverted = found->inverted;
    unsigned byte = found->channel->output ? OUTPUT_BYTE : INPUT_BYTE;
    return (struct io_place){byte + number / 8, (uint8_t)(number % 8), 1};
}

static void sensor(const struct cabinet *cabinet, const char *module, const char *signal, bool on) {
    bool inverted = false;
    struct io_place place = place_of(cabinet, module, signal, &inverted);
    io_set_bit(cabinet->model->image, place, on != inverted);
}

/// The motor's output "stop": on in the safe state, off otherwise. What can be seen of the plant without a client.
static bool belt_is_blocked(const struct cabinet *cabinet) {
    bool inverted = false;
    struct io_place place = place_of(cabinet, "MPS/mps_conveyor/motor", "stop", &inverted);
    return io_bit(cabinet->model->image, place) != inverted;
}

static void await_blocked(struct cabinet *cabinet, bool blocked) {
    for (unsigned i = 0; belt_is_blocked(cabinet) != blocked; i++) {
        if (i == WAIT_MS) fail_msg("the belt did not become %s", blocked ? "blocked" : "free");
        if (waitpid(cabinet->edge.pid, NULL, WNOHANG) != 0) fail_msg("splc-edge has ended");
        whole_edge_pause_ms(1);
    }
}

/// The emergency stop is not pressed, and somebody presses reset: out of the safe state.
static void start_up(struct cabinet *cabinet) {
    await_blocked(cabinet, true); // the contact of the emergency stop is open: all inputs are 0
    sensor(cabinet, "MPS/mps_conveyor/emergency_stop", "contact", false);
    for (unsigned i = 0; belt_is_blocked(cabinet); i++) {
        if (i == WAIT_MS / 40) fail_msg("reset did not leave the safe state");
        sensor(cabinet, "MPS/mps_hmi/actuator_reset", "pressed", i % 2 == 0);
        whole_edge_pause_ms(40);
    }
}

static int setup(void **state) {
    struct cabinet *cabinet = calloc(1, sizeof *cabinet);
    whole_edge_prepare(&cabinet->edge, "  driver: picontrol\n  scan_period_ms: 5\n  picontrol: {config: /nonexistent, "
                                       "watchdog_ms: 400}\n");
    cabinet->model_file = testing_path(cabinet->edge.data_folder, "picontrol");
    CLEANUP(descriptor_close_at) int fd = open(cabinet->model_file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, sizeof *cabinet->model), 0);
    cabinet->model = mmap(NULL, sizeof *cabinet->model, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(cabinet->model != MAP_FAILED);
    pi_model_init(cabinet->model);
    wire(cabinet);
    char variable[512];
    snprintf(variable, sizeof variable, "PICONTROL_MODEL=%s", cabinet->model_file);
    // A preloaded library comes before the sanitizer's; it does nothing that would need to be checked.
    const char *const environment[] = {"LD_PRELOAD=" BINARY_FOLDER "/../tests/libpicontrol-shim.so", variable,
                                       "ASAN_OPTIONS=verify_asan_link_order=0", NULL};
    whole_edge_start(&cabinet->edge, environment);
    *state = cabinet;
    return 0;
}

static int teardown(void **state) {
    struct cabinet *cabinet = *state;
    whole_edge_remove(&cabinet->edge);
    munmap(cabinet->model, sizeof *cabinet->model);
    free(cabinet->model_file);
    free(cabinet);
    return 0;
}

static void terminals_are_found_by_name_and_the_panel_works(void **state) {
    struct cabinet *cabinet = *state;
    start_up(cabinet);
    sensor(cabinet, "MPS/mps_conveyor/emergency_stop", "contact", true);
    await_blocked(cabinet, true);
}

static void a_driver_that_stands_still_ends_nothing_but_motion(void **state) {
    struct cabinet *cabinet = *state;
    start_up(cabinet);
    cabinet->model->running = false;
    whole_edge_pause_ms(300);
    cabinet->model->running = true;
    await_blocked(cabinet, true); // the safe state was latched: the driver was lost
    assert_int_equal(waitpid(cabinet->edge.pid, NULL, WNOHANG), 0);
    start_up(cabinet);
}

/// As the kernel does for a process that is gone.
static void close_handles(struct pi_model *model) {
    for (int i = 0; i < PI_MODEL_HANDLES; i++)
        if (model->handles[i].open) pi_model_close(model, i);
}

static void a_killed_plc_leaves_all_outputs_off(void **state) {
    struct cabinet *cabinet = *state;
    await_blocked(cabinet, true); // an output that is on
    kill(cabinet->edge.pid, SIGKILL);
    waitpid(cabinet->edge.pid, NULL, 0);
    cabinet->edge.pid = 0;
    close_handles(cabinet->model);
    assert_int_equal(cabinet->model->closed_armed, 1);
    assert_int_equal(cabinet->model->image[OUTPUT_BYTE] | cabinet->model->image[OUTPUT_BYTE + 1], 0);
}

static unsigned entries(const struct cabinet *cabinet, enum diagnostics_id id) {
    CLEANUP(free_at) char *path = testing_path(cabinet->edge.data_folder, "edge/diagnostics");
    struct diagnostics_list list = {0};
    assert_int_equal(diagnostics_read(path, &list, NULL), ERROR_NONE);
    unsigned found = 0;
    for (size_t i = 0; i < list.count; i++) found += list.entries[i].code == diagnostics_code(id);
    assert_int_equal(list.damaged, 0);
    diagnostics_list_clear(&list);
    return found;
}

static void a_crash_in_the_scan_leaves_the_safe_state_and_a_last_entry(void **state) {
    struct cabinet *cabinet = *state;
    start_up(cabinet);
    cabinet->model->crash = true;
    int status = 0;
    waitpid(cabinet->edge.pid, &status, 0);
    cabinet->edge.pid = 0;
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0); // of its signal, or the sanitizer's way to say so
    close_handles(cabinet->model);
    assert_int_equal(cabinet->model->closed_armed, 0); // else the kernel would have taken the safe state back
    assert_true(belt_is_blocked(cabinet));
    assert_int_equal(entries(cabinet, DIAGNOSTICS_CRASHED), 1);
    assert_int_equal(entries(cabinet, DIAGNOSTICS_STOPPED), 0);
}

static void a_frozen_plc_loses_its_outputs_and_stays_stopped(void **state) {
    struct cabinet *cabinet = *state;
    start_up(cabinet);
    kill(cabinet->edge.pid, SIGSTOP);
    for (unsigned i = 0; cabinet->model->zeroed == 0; i++) {
        if (i == WAIT_MS) fail_msg("the watchdog did not fire");
        pi_model_tick(cabinet->model, clock_monotonic_ns());
        whole_edge_pause_ms(1);
    }
    kill(cabinet->edge.pid, SIGCONT);
    await_blocked(cabinet, true); // the safe state, latched, where the driver's watchdog would have forgotten
    whole_edge_pause_ms(50);
    assert_true(belt_is_blocked(cabinet));
}

static void leaving_in_order_keeps_the_safe_state_at_the_terminals(void **state) {
    struct cabinet *cabinet = *state;
    start_up(cabinet);
    kill(cabinet->edge.pid, SIGTERM);
    int status = 0;
    waitpid(cabinet->edge.pid, &status, 0);
    cabinet->edge.pid = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(cabinet->model->closed_armed, 0); // else everybody's outputs would be zero
    assert_true(belt_is_blocked(cabinet));
    for (int i = 0; i < PI_MODEL_HANDLES; i++) assert_false(cabinet->model->handles[i].open);
}

int main(void) {
#define CASE(function)                                                                                                 \
    { #function, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        CASE(terminals_are_found_by_name_and_the_panel_works),
        CASE(a_driver_that_stands_still_ends_nothing_but_motion),
        CASE(a_killed_plc_leaves_all_outputs_off),
        CASE(a_crash_in_the_scan_leaves_the_safe_state_and_a_last_entry),
        CASE(a_frozen_plc_loses_its_outputs_and_stays_stopped),
        CASE(leaving_in_order_keeps_the_safe_state_at_the_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
