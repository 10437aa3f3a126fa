/// The kernel driver piControl as far as an application can tell it from the real one: image, names, handles, watchdog,
/// supervision of exported outputs, events, standing still. Time comes from outside. Lives in shared memory, so that a
/// test looks at it while another process works with it.
/// What it does and how it fails was read in the driver's source (piControlMain.c, revpi_common.c, revpi_core.c,
/// piConfig.c).
#pragma once

#include "../../src/abi.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PI_MODEL_HANDLES = 16, PI_MODEL_VARIABLES = 128, PI_MODEL_DEVICES = 8 };

struct pi_model_handle {
    bool open;
    unsigned long timeout_ms; // watchdog; 0: not armed
    uint64_t deadline_ns;
    bool event; // a reset waits to be told
};

struct pi_model_variable {
    char name[PI_NAME_BYTES];
    uint16_t byte;
    uint8_t bit;
    uint16_t bits;
    bool exported;
};

struct pi_model {
    pthread_mutex_t lock;
    uint8_t image[PI_IMAGE_BYTES];
    bool running;
    bool crash; // the next read of the image is the caller's end: shim.c
    struct pi_model_handle handles[PI_MODEL_HANDLES];
    struct pi_model_variable variables[PI_MODEL_VARIABLES];
    size_t variable_count;
    struct pi_device devices[PI_MODEL_DEVICES];
    size_t device_count;
    uint64_t exported_ns[2];               // last two calls of KB_SET_EXPORTED_OUTPUTS
    unsigned writes, zeroed, closed_armed; // counters
};

void pi_model_init(struct pi_model *model);
void pi_model_add_variable(struct pi_model *model, const char *name, unsigned byte, unsigned bit, unsigned bits);
void pi_model_add_device(struct pi_model *model, unsigned input, unsigned input_bytes, unsigned output,
                         unsigned output_bytes);
/// One cycle of the driver: watchdogs and exported outputs.
void pi_model_tick(struct pi_model *model, uint64_t now_ns);
/// As KB_RESET by another program: events for all handles. The caller has changed variables and devices before.
void pi_model_reset(struct pi_model *model);

// ---- the calls of an application; failures as negative errno
int pi_model_open(struct pi_model *model);
int pi_model_close(struct pi_model *model, int handle);
ssize_t pi_model_read(struct pi_model *model, void *bytes, size_t count, off_t offset, uint64_t now_ns);
ssize_t pi_model_write(struct pi_model *model, int handle, const void *bytes, size_t count, off_t offset,
                       uint64_t now_ns);
/// PI_WAIT_FOR_EVENT does not wait here: -EINPROGRESS when there is no event.
int pi_model_ioctl(struct pi_model *model, int handle, unsigned long request, void *argument, uint64_t now_ns);

#define PI_SET_EXPORTED_OUTPUTS _IO('K', 18) // by other programs
