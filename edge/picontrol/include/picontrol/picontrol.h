/// The terminals of a Revolution Pi: process image and module state of the kernel driver piControl.
///
///     scan ----- pread, pwrite, KB_SET_VALUE ------> /dev/piControl0 (watchdog armed)
///     guard ---- KB_SET_VALUE, pwrite -------------> the same
///     keeper --- KB_FIND_VARIABLE, device list ----> the same; hands new layouts to the scan
///     listener - KB_WAIT_FOR_EVENT ----------------> a handle of its own, no watchdog
///
/// The plant model says which channel is where in our image; PiCtory's names say where it is in piControl's. Both are
/// joined by the channel's name when the program starts and again after each reset of the driver, so that a module
/// that was moved in PiCtory is still found. Each trap of the driver is named beside the code that steps over it.
/// Threads: open, close and trouble from any one thread; the driver as io/driver.h says.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <io/driver.h>
#include <model/model.h>
#include <sys/types.h>

/// What is asked of the system, so that tests can put a driver of their own there.
struct picontrol_system {
    int (*open)(const char *path, int flags);
    int (*close)(int fd);
    ssize_t (*pread)(int fd, void *bytes, size_t count, off_t offset);
    ssize_t (*pwrite)(int fd, const void *bytes, size_t count, off_t offset);
    int (*ioctl)(int fd, unsigned long request, void *argument);
    uint64_t (*clock)(void); // monotonic, ns
};

#define PICONTROL_DEVICE "/dev/piControl0"
#define PICONTROL_CONFIG "/etc/revpi/config.rsc" // what PiCtory saves and the driver reads

struct picontrol_options {
    const char *device, *config_file; // NULL: the above
    uint64_t scan_period_ns;
    unsigned watchdog_ms;                  // 0: five scans, at least 100 ms
    const struct picontrol_system *system; // NULL: the real one
};

struct picontrol;
/// ERROR_NOT_FOUND: there is no such device, or a wired channel has no variable of its name in PiCtory. A driver that
/// does not run yet is no error: the inputs are bad until it does.
enum error picontrol_open(const struct plant *plant, const struct picontrol_options *options,
                          struct picontrol **ret_picontrol, struct problem *ret_problem);
/// After the last scan, which left the outputs in their safe state. They stay so: the watchdog is disarmed first.
void picontrol_close(struct picontrol *picontrol); // NULL is fine
CLEANUP_DEFINE(struct picontrol, picontrol_close)

struct io_driver picontrol_driver(struct picontrol *picontrol); // borrowed
/// True when something is wrong at this moment, and what: for the log.
bool picontrol_trouble(struct picontrol *picontrol, struct problem *ret_problem);
