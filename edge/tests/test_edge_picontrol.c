// A whole splc-edge of plants/mps whose /dev/piControl0 is the driver model, preloaded: it is killed, stopped and
// terminated, and the test looks at the driver's image and handles from outside.

#include "pi_model.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/process.h>
#include <fcntl.h>
#include <io/image.h>
#include <model/model.h>
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
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <testing/testing.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { INPUT_BYTE = 200, OUTPUT_BYTE = 300, WAIT_MS = 60000 };

struct cabinet {
    char *plant_folder, *data_folder, *model_file;
    struct pi_model *model;
    struct plant *plant;
    pid_t pid;
};

static void put(const char *folder, const char *name, const char *content) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    assert_int_equal(file_write(path, text_of(content), 0600, NULL), ERROR_NONE);
}

static unsigned free_port(void) {
    CLEANUP(descriptor_close_at) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void make_folders(struct cabinet *cabinet) {
    CLEANUP(buffer_clear) struct buffer model = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    assert_int_equal(file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &model, NULL), ERROR_NONE);
    put(cabinet->plant_folder, "plant.aml", model.data);
    assert_int_equal(model_read(buffer_view(&model), findings, &cabinet->plant, NULL), ERROR_NONE);
    char site[256];
    snprintf(site, sizeof site,
             "edge:\n  driver: picontrol\n  scan_period_ms: 5\n  port: %u\n  picontrol: {config: /nonexistent, "
             "watchdog_ms: 400}\n",
             free_port());
    put(cabinet->plant_folder, "site.yaml", site);
    CLEANUP(free_at) char *folder = testing_path(cabinet->data_folder, "pki/opcua");
    CLEANUP(free_at) char *certificate = testing_path(cabinet->data_folder, "pki/opcua/edge.der");
    CLEANUP(free_at) char *key = testing_path(cabinet->data_folder, "pki/opcua/edge.key.der");
    assert_int_equal(file_make_folder(folder, 0700, NULL), ERROR_NONE);
    struct pki_request request = {.common_name = "edge",
                                  .dns_names = (const char *[]){"localhost", NULL},
                                  .addresses = (const char *[]){"127.0.0.1", NULL},
                                  .uri = "urn:serverless-plc:edge:MPS",
                                  .days = 30,
                                  .server = true,
                                  .client = true};
    assert_int_equal(pki_make_application_certificate(&request, certificate, key, NULL), ERROR_NONE);
}

static void wire(struct cabinet *cabinet) {
    pi_model_add_device(cabinet->model, INPUT_BYTE, 2, 0, 0);
    pi_model_add_device(cabinet->model, 0, 0, OUTPUT_BYTE, 2);
    for (size_t i = 0; i < cabinet->plant->signal_count; i++) {
        const struct plant_channel *channel = cabinet->plant->signals[i]->channel;
        char name[32];
        snprintf(name, sizeof name, "%.*s", TEXT_ARG(channel->name));
        unsigned number = (unsigned)strtoul(name + 2, NULL, 10) - 1; // I_1, O_16
        pi_model_add_variable(cabinet->model, name, channel->output ? OUTPUT_BYTE : INPUT_BYTE, number, 1);
    }
}

static struct io_place place_of(const struct cabinet *cabinet, const char *module, const char *signal, bool *inverted) {
    const struct plant_element *element = plant_find(cabinet->plant, text_of(module));
    for (size_t i = 0; element != NULL && i < element->signal_count; i++) {
        const struct plant_signal *found = element->signals[i];
        if (!text_is(found->name, signal)) continue;
        char name[32];
        snprintf(name, sizeof name, "%.*s", TEXT_ARG(found->channel->name));
        unsigned number = (unsigned)strtoul(name + 2, NULL, 10) - 1;
        *inverted = found->inverted;
        unsigned byte = found->channel->output ? OUTPUT_BYTE : INPUT_BYTE;
        return (struct io_place){byte + number / 8, (uint8_t)(number % 8), 1};
    }
    fail_msg("no signal %s of %s", signal, module);
    return (struct io_place){0};
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

static void pause_ms(unsigned milliseconds) {
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

static void await_blocked(struct cabinet *cabinet, bool blocked) {
    for (unsigned i = 0; belt_is_blocked(cabinet) != blocked; i++) {
        if (i == WAIT_MS) fail_msg("the belt did not become %s", blocked ? "blocked" : "free");
        if (waitpid(cabinet->pid, NULL, WNOHANG) != 0) fail_msg("splc-edge has ended");
        pause_ms(1);
    }
}

/// The emergency stop is not pressed, and somebody presses reset: out of the safe state.
static void start_up(struct cabinet *cabinet) {
    await_blocked(cabinet, true); // the contact of the emergency stop is open: all inputs are 0
    sensor(cabinet, "MPS/mps_conveyor/emergency_stop", "contact", false);
    for (unsigned i = 0; belt_is_blocked(cabinet); i++) {
        if (i == WAIT_MS / 40) fail_msg("reset did not leave the safe state");
        sensor(cabinet, "MPS/mps_hmi/actuator_reset", "pressed", i % 2 == 0);
        pause_ms(40);
    }
}

static int setup(void **state) {
    struct cabinet *cabinet = calloc(1, sizeof *cabinet);
    cabinet->plant_folder = testing_folder();
    cabinet->data_folder = testing_folder();
    cabinet->model_file = testing_path(cabinet->data_folder, "picontrol");
    make_folders(cabinet);
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
    const char *const words[] = {BINARY_FOLDER "/splc-edge", cabinet->plant_folder, "--data", cabinet->data_folder,
                                 NULL};
    struct process_options options = {.arguments = words, .environment = environment, .output = -1};
    struct problem problem = {0};
    if (process_start(&options, &cabinet->pid, &problem)) fail_msg("%s", problem.text);
    *state = cabinet;
    return 0;
}

static int teardown(void **state) {
    struct cabinet *cabinet = *state;
    if (cabinet->pid > 0) {
        kill(cabinet->pid, SIGKILL);
        waitpid(cabinet->pid, NULL, 0);
    }
    munmap(cabinet->model, sizeof *cabinet->model);
    plant_destroy(cabinet->plant);
    testing_remove(cabinet->plant_folder);
    testing_remove(cabinet->data_folder);
    free(cabinet->plant_folder);
    free(cabinet->data_folder);
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
    pause_ms(300);
    cabinet->model->running = true;
    await_blocked(cabinet, true); // the safe state was latched: the driver was lost
    assert_int_equal(waitpid(cabinet->pid, NULL, WNOHANG), 0);
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
    kill(cabinet->pid, SIGKILL);
    waitpid(cabinet->pid, NULL, 0);
    cabinet->pid = 0;
    close_handles(cabinet->model);
    assert_int_equal(cabinet->model->closed_armed, 1);
    assert_int_equal(cabinet->model->image[OUTPUT_BYTE] | cabinet->model->image[OUTPUT_BYTE + 1], 0);
}

static void a_frozen_plc_loses_its_outputs_and_stays_stopped(void **state) {
    struct cabinet *cabinet = *state;
    start_up(cabinet);
    kill(cabinet->pid, SIGSTOP);
    for (unsigned i = 0; cabinet->model->zeroed == 0; i++) {
        if (i == WAIT_MS) fail_msg("the watchdog did not fire");
        pi_model_tick(cabinet->model, clock_monotonic_ns());
        pause_ms(1);
    }
    kill(cabinet->pid, SIGCONT);
    await_blocked(cabinet, true); // the safe state, latched, where the driver's watchdog would have forgotten
    pause_ms(50);
    assert_true(belt_is_blocked(cabinet));
}

static void leaving_in_order_keeps_the_safe_state_at_the_terminals(void **state) {
    struct cabinet *cabinet = *state;
    start_up(cabinet);
    kill(cabinet->pid, SIGTERM);
    int status = 0;
    waitpid(cabinet->pid, &status, 0);
    cabinet->pid = 0;
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
        CASE(a_frozen_plc_loses_its_outputs_and_stays_stopped),
        CASE(leaving_in_order_keeps_the_safe_state_at_the_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
