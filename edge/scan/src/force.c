// Forces of inputs and outputs. A forced input is left alone by `stage_read`; a forced output's wish is exchanged
// between `stage_force_outputs` and `stage_restore_wishes`, around interlocks and arbiter.

#include "stages.h"

#include <math.h>

static bool is_output(const struct scan *scan, uint32_t tag) {
    return scan->output_of_tag[tag] != SCAN_NO_TAG;
}

static bool is_protected(const struct scan *scan, uint32_t tag) {
    for (size_t i = 0; i < scan->emergency_stop_count; i++)
        if (scan->emergency_stops[i] == tag) return true;
    return tag == scan->stop_button || tag == scan->reset_button;
}

/// NULL when the tag is not forced.
static struct scan_force *find(struct scan *scan, uint32_t tag) {
    for (size_t i = 0; i < scan->forces.count; i++)
        if (scan->forces.list[i].tag == tag) return &scan->forces.list[i];
    return NULL;
}

static bool fits(enum value_type type, double value) {
    switch (type) {
    case VALUE_BOOL: return value == 0 || value == 1;
    case VALUE_INT32: return value >= INT32_MIN && value <= INT32_MAX && value == trunc(value);
    case VALUE_UINT16: return value >= 0 && value <= UINT16_MAX && value == trunc(value);
    case VALUE_UINT32: return value >= 0 && value <= UINT32_MAX && value == trunc(value);
    case VALUE_DOUBLE: return isfinite(value);
    case VALUE_STRING:
    case VALUE_NULL: break;
    }
    return false;
}

/// A numeric output has its range, which nothing may leave.
static bool in_range(const struct scan *scan, uint32_t tag, double value) {
    if (!is_output(scan, tag) || scan->type[tag] == VALUE_BOOL) return true;
    const struct scan_scale *scale = &scan->numbers[scan->output_of_tag[tag]].scale;
    return value >= scale->value_low && value <= scale->value_high;
}

static struct scan_reason check(struct scan *scan, uint32_t tag, double value, uint32_t session) {
    const struct scan_point *point = tag < scan->tag_count ? scan_point(scan, tag) : NULL;
    if (point == NULL) return scan_reason_of(SCAN_REASON_FORCE_NO_POINT, SCAN_NO_MODULE);
    if (is_protected(scan, tag)) return scan_reason_of(SCAN_REASON_FORCE_PROTECTED, point->module);
    if (!fits(scan->type[tag], value) || !in_range(scan, tag, value))
        return scan_reason_of(SCAN_REASON_FORCE_VALUE, point->module);
    if (!is_output(scan, tag)) return scan_reason_none();
    struct scan_reason refused = scan_check_authority(scan, session);
    return scan_refused(refused) ? refused : scan_standstill(scan);
}

struct scan_reason scan_force(struct scan *scan, uint32_t tag, double value, uint32_t session) {
    struct scan_reason refused = check(scan, tag, value, session);
    if (scan_refused(refused)) return refused;
    struct scan_force *force = find(scan, tag);
    if (force == NULL && scan->forces.count == SCAN_FORCES_MAX)
        return scan_reason_of(SCAN_REASON_FORCES_FULL, SCAN_NO_MODULE);
    if (force == NULL) force = &scan->forces.list[scan->forces.count++];
    *force = (struct scan_force){.tag = tag, .value = value};
    scan_point(scan, tag)->forced = true;
    if (is_output(scan, tag))
        scan->outputs_known = false; // its quality changes, though its value may not
    else
        scan_set(scan, tag, scan_number_as(scan->type[tag], value), STATUS_GoodLocalOverride);
    return scan_reason_none();
}

static void release(struct scan *scan, struct scan_force *force) {
    uint32_t tag = force->tag;
    scan_point(scan, tag)->forced = false;
    if (!is_output(scan, tag) && scan->read_failed) scan_set(scan, tag, scan->value[tag], STATUS_BadNoCommunication);
    scan->inputs_known = scan->outputs_known = false; // read and write go through every point once more
    *force = scan->forces.list[--scan->forces.count];
}

struct scan_reason scan_unforce(struct scan *scan, uint32_t tag) {
    struct scan_force *force = find(scan, tag);
    if (force == NULL) return scan_reason_of(SCAN_REASON_NOT_FORCED, SCAN_NO_MODULE);
    release(scan, force);
    return scan_reason_none();
}

void scan_unforce_all(struct scan *scan) {
    while (scan->forces.count > 0) release(scan, &scan->forces.list[scan->forces.count - 1]);
}

void scan_forces_halt(struct scan *scan) {
    size_t before = scan->forces.count;
    for (size_t i = scan->forces.count; i-- > 0;)
        if (is_output(scan, scan->forces.list[i].tag)) release(scan, &scan->forces.list[i]);
    if (scan->forces.count == before) return;
    scan_raise(scan, &scan->modules[scan->controller_module], SCAN_EVENT_FORCES_REMOVED, scan_reason_none());
}

/// Off until the reset, and the wish is gone as well.
static bool is_locked(const struct scan *scan, const struct scan_point *point) {
    return scan->modules[point->module].fault.id == SCAN_REASON_EXCLUSION;
}

void stage_force_outputs(struct scan *scan) {
    for (size_t i = 0; i < scan->forces.count; i++) {
        struct scan_force *force = &scan->forces.list[i];
        if (!is_output(scan, force->tag)) continue;
        uint32_t output = scan->output_of_tag[force->tag];
        if (scan->type[force->tag] != VALUE_BOOL) {
            force->wish = scan->number_wish[output];
            scan->number_wish[output] = force->value;
            continue;
        }
        force->wish = scan->wish[output];
        scan->wish[output] = !is_locked(scan, &scan->outputs[output]) && force->value != 0;
    }
}

void stage_restore_wishes(struct scan *scan) {
    for (size_t i = 0; i < scan->forces.count; i++) {
        const struct scan_force *force = &scan->forces.list[i];
        if (!is_output(scan, force->tag)) continue;
        uint32_t output = scan->output_of_tag[force->tag];
        const struct scan_module *module = &scan->modules[scan_point(scan, force->tag)->module];
        if (scan_refused(scan_interlocked(scan, module))) continue; // the interlock's wish stays, the module's is gone
        if (scan->type[force->tag] != VALUE_BOOL)
            scan->number_wish[output] = force->wish;
        else
            scan->wish[output] = !is_locked(scan, &scan->outputs[output]) && force->wish != 0;
    }
}
