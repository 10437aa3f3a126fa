#include "cabinet.h"

#include <base/clock.h>
#include <base/file.h>
#include <io/image.h>
#include <testing/testing.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { FIRST_FD = 1000, WAIT_MS = 20000 };

static struct cabinet *the_cabinet; // the system's calls have no context

static long told(long result) {
    if (result >= 0) return result;
    errno = (int)-result;
    return -1;
}

static int fake_open(const char *path, int flags) {
    (void)flags;
    if (strcmp(path, PICONTROL_DEVICE) != 0) return (int)told(-ENOENT);
    int handle = pi_model_open(&the_cabinet->model);
    return handle < 0 ? (int)told(handle) : FIRST_FD + handle;
}

static int fake_close(int fd) {
    return pi_model_close(&the_cabinet->model, fd - FIRST_FD);
}

static ssize_t fake_pread(int fd, void *bytes, size_t count, off_t offset) {
    (void)fd;
    return told(pi_model_read(&the_cabinet->model, bytes, count, offset, the_cabinet->now_ns));
}

static ssize_t fake_pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    return told(pi_model_write(&the_cabinet->model, fd - FIRST_FD, bytes, count, offset, the_cabinet->now_ns));
}

static int fake_ioctl(int fd, unsigned long request, void *argument) {
    for (;;) {
        int result = pi_model_ioctl(&the_cabinet->model, fd - FIRST_FD, request, argument, the_cabinet->now_ns);
        if (result != -EINPROGRESS) return (int)told(result);
        struct timespec pause = {.tv_nsec = 1000000};
        if (nanosleep(&pause, NULL) != 0) return (int)told(-EFAULT);
    }
}

static uint64_t fake_clock(void) {
    return the_cabinet->now_ns;
}

static const struct picontrol_system fake_system = {fake_open,   fake_close, fake_pread,
                                                    fake_pwrite, fake_ioctl, fake_clock};

static struct plant *read_plant(const char *from, const char *to) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(buffer_clear) struct buffer changed = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    if (file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem))
        fail_msg("%s", problem.text);
    const char *place = from == NULL ? bytes.data : strstr(bytes.data, from);
    if (place == NULL) fail_msg("plant.aml has no %s", from);
    buffer_append(&changed, bytes.data, (size_t)(place - bytes.data));
    if (from != NULL) buffer_string(&changed, to);
    buffer_string(&changed, place + (from == NULL ? 0 : strlen(from)));
    if (model_read(buffer_view(&changed), findings, &plant, &problem)) fail_msg("%s", problem.text);
    return plant;
}

void cabinet_wire(struct cabinet *cabinet, unsigned input, unsigned output) {
    struct pi_model *model = &cabinet->model;
    model->variable_count = model->device_count = 0;
    pi_model_add_device(model, 0, 6, 6, 2);
    pi_model_add_device(model, input, 4, 0, 0);
    pi_model_add_device(model, 0, 0, output, 2);
    pi_model_add_device(model, 0, 0, CABINET_STRANGER, 1);
    for (size_t i = 0; i < cabinet->plant->element_count; i++) {
        const struct plant_element *element = cabinet->plant->elements[i];
        for (size_t c = 0; c < element->channel_count; c++) {
            const struct plant_channel *channel = element->channels[c];
            char name[64];
            unsigned number = 0;
            snprintf(name, sizeof name, "%.*s", TEXT_ARG(channel->name));
            const char *digits = strpbrk(name, "0123456789");
            if (channel->bits != 1 || digits == NULL) continue;
            number = (unsigned)strtoul(digits, NULL, 10) - 1;
            pi_model_add_variable(model, name, channel->output ? output : input, number, 1);
        }
    }
}

struct cabinet *cabinet_create(const char *from, const char *to) {
    struct cabinet *cabinet = calloc(1, sizeof *cabinet);
    assert_non_null(cabinet);
    the_cabinet = cabinet;
    cabinet->plant = read_plant(from, to);
    cabinet->now_ns = NS_PER_S;
    pi_model_init(&cabinet->model);
    cabinet_wire(cabinet, CABINET_INPUT, CABINET_OUTPUT);
    cabinet->options = (struct picontrol_options){.scan_period_ns = 10 * NS_PER_MS, .system = &fake_system};
    char *folder = testing_folder();
    snprintf(cabinet->folder, sizeof cabinet->folder, "%s/config.rsc", folder);
    free(folder);
    cabinet->options.config_file = cabinet->folder;
    return cabinet;
}

void cabinet_config(struct cabinet *cabinet, const char *text) {
    assert_int_equal(file_write(cabinet->folder, text_of(text), 0600, NULL), ERROR_NONE);
}

void cabinet_destroy(struct cabinet *cabinet) {
    picontrol_close(cabinet->picontrol);
    plant_destroy(cabinet->plant);
    *strrchr(cabinet->folder, '/') = '\0';
    testing_remove(cabinet->folder);
    free(cabinet);
}

enum error cabinet_open(struct cabinet *cabinet) {
    enum error error = picontrol_open(cabinet->plant, &cabinet->options, &cabinet->picontrol, &cabinet->problem);
    if (!error) cabinet->driver = picontrol_driver(cabinet->picontrol);
    return error;
}

enum error cabinet_read(struct cabinet *cabinet) {
    return cabinet->driver.read(cabinet->driver.context, 0, cabinet->inputs, sizeof cabinet->inputs);
}

enum error cabinet_write(struct cabinet *cabinet) {
    return cabinet->driver.write(cabinet->driver.context, cabinet->outputs, sizeof cabinet->outputs);
}

void cabinet_scan(struct cabinet *cabinet) {
    cabinet->now_ns += cabinet->options.scan_period_ns;
    assert_int_equal(cabinet_read(cabinet), ERROR_NONE);
    assert_int_equal(cabinet_write(cabinet), ERROR_NONE);
}

void cabinet_await_inputs(struct cabinet *cabinet) {
    for (int i = 0; cabinet_read(cabinet) != ERROR_NONE; i++) {
        if (i == WAIT_MS) fail_msg("the inputs did not become good");
        struct timespec pause = {.tv_nsec = 1000000}; // the keeper looks every 50 ms
        nanosleep(&pause, NULL);
    }
}

void cabinet_run(struct cabinet *cabinet) {
    if (cabinet_open(cabinet)) fail_msg("%s", cabinet->problem.text);
    cabinet_await_inputs(cabinet);
    assert_int_equal(cabinet_write(cabinet), ERROR_NONE);
}

struct io_place cabinet_place(const struct cabinet *cabinet, const char *channel) {
    for (size_t i = 0; i < cabinet->plant->element_count; i++) {
        const struct plant_element *element = cabinet->plant->elements[i];
        for (size_t c = 0; c < element->channel_count; c++) {
            const struct plant_channel *found = element->channels[c];
            if (text_is(found->name, channel)) return (struct io_place){found->byte, found->bit, (uint8_t)found->bits};
        }
    }
    fail_msg("no channel %s", channel);
    return (struct io_place){0};
}

void cabinet_output(struct cabinet *cabinet, const char *channel, bool on) {
    io_set_bit(cabinet->outputs, cabinet_place(cabinet, channel), on);
}

bool cabinet_input(const struct cabinet *cabinet, const char *channel) {
    return io_bit(cabinet->inputs, cabinet_place(cabinet, channel));
}
