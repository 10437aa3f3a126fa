/// `edge.modbus` of the site file: devices, and what of them is where in the process image.
#pragma once

#include "settings.h"

#include <site/site.h>

extern const struct setting modbus_device_row; // one element of the list: a `struct site_modbus_device`
/// Sets the defaults of what the file does not say, and refuses what does not fit together.
enum error modbus_check(struct site_modbus_device *devices, size_t count, const struct settings *file,
                        struct problem *problem);
