/// Terminals behind Modbus TCP: any number of devices, each with a thread of its own.
///
///     scan --outputs--> triple buffer --> worker --write--> device
///     scan <--inputs--- triple buffer <-- worker <--read--- device
///
/// The scan never waits for a device: it takes the newest inputs that there are and learns how old they are. What of a
/// device is where in the process image, the site file says (docs/spec/site.md).
/// A device that does not answer is closed and tried again after 0.1 s, then twice as long each time, at most 5 s. Its
/// inputs are uncertain at once and bad after `stale_ms`; has it outputs, they count as lost after `stale_ms`, and the
/// scan enters the safe state.
/// Threads: open, close and trouble from any one thread; the driver as io/driver.h says.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <io/driver.h>
#include <site/site.h>

struct modbus_driver_options {
    const struct site_modbus_device *devices; // borrowed until it is closed
    size_t device_count;
    uint64_t (*clock)(void); // monotonic, ns; NULL: the real one
};

struct modbus_driver;
/// ERROR_INVALID: no device, or two areas that overlap. A device that does not answer is no error.
enum error modbus_driver_open(const struct modbus_driver_options *options, struct modbus_driver **ret_driver,
                              struct problem *ret_problem);
/// After the last scan: every device that is connected gets its last outputs, the safe ones. Takes as long as one
/// answer may at most. NULL is fine.
void modbus_driver_close(struct modbus_driver *driver);
CLEANUP_DEFINE(struct modbus_driver, modbus_driver_close)

struct io_driver modbus_driver_table(struct modbus_driver *driver); // borrowed
/// True when something is wrong at this moment, and what: for the log.
bool modbus_driver_trouble(struct modbus_driver *driver, struct problem *ret_problem);
