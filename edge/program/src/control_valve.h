/// The memory of an analogue actuator, for the controller that drives it.
#pragma once

#include "core_module.h"

struct control_valve {
    uint32_t setpoint, position; // tags; the feedback may be absent
    double tolerance;            // how far the feedback may be off, in its unit
    uint64_t timeout_ns;
    uint64_t turned_ns; // plant time: since when it is under way
    bool moving;
    const struct scan_module *controller; // that drives it; NULL: none
    const bool *automatic;                // of that controller
};

/// To its safe value, or where it stands when that is to be held.
void control_valve_secure(struct scan *scan, struct scan_module *module);

/// A number that is out of the range of the signal `tag` (signals come first among tags).
static inline struct scan_reason reason_beyond_range(const struct scan_module *module, uint32_t tag) {
    struct scan_reason reason = scan_reason_of(SCAN_REASON_BEYOND_RANGE, module->index);
    reason.detail = tag < UINT16_MAX ? (uint16_t)tag : UINT16_MAX;
    return reason;
}
