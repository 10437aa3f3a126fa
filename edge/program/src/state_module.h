/// What sensors, buttons, switches, the emergency stop and lamps have in common: one signal, and `getState` for it.
#pragma once

#include "core_module.h"

struct state_module {
    uint32_t signal; // tag
};

extern const struct scan_field state_field; // "State"
scan_call_fn state_get;                     // refused while the signal has no usable value
