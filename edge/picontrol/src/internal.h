/// The parts of the driver that share one device.
///   pictory.c    names and places as PiCtory saved them
///   layout.c     where each channel of the model is in piControl's image
///   picontrol.c  opening, closing, what the scan and the guard call
///   keeper.c     what takes its time: resolving names, module state, events
#pragma once

#include "abi.h"
#include "pictory.h"

#include <io/image.h>
#include <picontrol/picontrol.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { NO_MODULE = PI_DEVICES_MAX, LAYOUTS = 2 };

/// A channel of the model that we serve: every wired one, and inputs that have a name in PiCtory.
struct channel {
    const struct plant_channel *of;
    struct io_place model; // in our image
    uint32_t range;        // inputs: index into `ranges`
};

/// A set of modules, by their index in the driver's list.
struct module_set {
    uint64_t bits[2];
};

struct place {
    bool known;
    struct io_place pi; // in piControl's image
    uint8_t module;     // NO_MODULE: in none of the driver's list
};

/// One answer to "where is everything?". Immutable once the scan has it.
struct layout {
    unsigned generation;  // how often it had been asked for when the answer was looked up
    struct place *places; // by channel
    struct module_set *of_range;
    struct module_set of_outputs;
    uint8_t own[PI_IMAGE_BYTES]; // output bits that are ours; no other bit is ever written
    size_t own_first, own_end;   // bytes
};

struct picontrol {
    const struct picontrol_system *system;
    char *device, *config_file;
    int fd;       // image, watchdog
    int event_fd; // a handle without watchdog: closing it zeroes nobody's outputs
    uint64_t watchdog_ns;
    const struct plant *plant;

    struct channel *inputs, *outputs;
    size_t input_count, output_count; // places of a layout: inputs first
    struct io_range *ranges;
    status_code *quality;
    size_t range_count;
    size_t output_bytes;

    // scan thread
    uint8_t image[PI_IMAGE_BYTES];   // as read
    uint8_t written[PI_IMAGE_BYTES]; // own bits: as written last
    uint8_t *decided;                // outputs of the scan, with the guard's bits
    bool written_known;              // `written` is what should be in the image
    bool disturbed;                  // somebody else changed our outputs
    bool armed;                      // the driver's watchdog
    uint64_t last_write_ns;          // 0: none yet

    _Atomic(struct layout *) layout;    // the scan's; NULL: none yet
    _Atomic(struct layout *) published; // by the keeper, for the scan to take; NULL: nothing new
    atomic_uint wanted; // generation that is needed: raised by a reset and whenever piControl stood still
    _Atomic(const struct io_safe_image *) guarded;
    _Atomic uint64_t missing[2]; // modules that do not answer
    atomic_uint disturbances, overruns;

    // keeper
    struct layout layouts[LAYOUTS];
    struct layout *latest; // published last
    pthread_t keeper, listener;
    bool keeper_runs, listener_runs;
    sem_t stop;
    atomic_bool stopping, listener_done;
    pthread_mutex_t trouble_lock; // keeper and `picontrol_trouble`; never the scan
    struct problem trouble, note; // resolving failed; PiCtory and driver disagree
};

/// Looks all names up. ERROR_UNAVAILABLE: the driver does not run.
enum error layout_resolve(struct picontrol *picontrol, struct layout *layout, struct problem *ret_note,
                          struct problem *ret_problem);
enum error layout_reserve(struct picontrol *picontrol, struct layout *layout);
void layout_release(struct layout *layout);
/// Asks the driver which modules are there.
void keeper_look_at_modules(struct picontrol *picontrol);
enum error keeper_start(struct picontrol *picontrol, struct problem *ret_problem);
void keeper_stop(struct picontrol *picontrol);

static inline bool module_set_meets(const struct module_set *set, const struct module_set *other) {
    return (set->bits[0] & other->bits[0]) != 0 || (set->bits[1] & other->bits[1]) != 0;
}
