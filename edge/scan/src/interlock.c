// What must never be, whatever modules want: opposite outputs together, and what the interlocks of the model say.

#include "stages.h"

static void exclude(struct scan *scan) {
    for (size_t i = 0; i < scan->exclusion_count; i++) {
        const struct scan_exclusion *exclusion = &scan->exclusions[i];
        if (!scan->wish[exclusion->first] || !scan->wish[exclusion->second]) continue;
        scan->wish[exclusion->first] = false;
        scan->wish[exclusion->second] = false;
        scan_fault(scan, &scan->modules[exclusion->module], SCAN_REASON_EXCLUSION, SCAN_EVENT_FAULT);
    }
}

static bool holds(const struct scan *scan, const struct scan_interlock *interlock) {
    uint32_t tag = interlock->tag;
    if (!scan_usable(scan, tag)) return true;
    switch ((enum scan_condition)interlock->condition) {
    case SCAN_IS: return scan->value[tag].bits == interlock->value.bits;
    case SCAN_IS_NOT: return scan->value[tag].bits != interlock->value.bits;
    case SCAN_IS_BELOW: return !(scan_number(scan, tag) >= interlock->limit); // so not a number as well
    case SCAN_IS_ABOVE: return !(scan_number(scan, tag) <= interlock->limit);
    }
    return true;
}

static struct scan_reason reason_of(const struct scan *scan, const struct scan_interlock *interlock) {
    return (struct scan_reason){
        .id = SCAN_REASON_INTERLOCK, .detail = (uint16_t)(interlock - scan->interlocks), .module = interlock->module};
}

static void secure(struct scan *scan, const struct scan_interlock *interlock) {
    for (uint32_t i = interlock->outputs[0]; i < interlock->outputs[1]; i++) {
        switch ((enum scan_safe)scan->outputs[i].safe) {
        case SCAN_SAFE_OFF: scan->wish[i] = false; break;
        case SCAN_SAFE_ON: scan->wish[i] = true; break;
        case SCAN_SAFE_HOLD: scan->wish[i] = scan->decided[i]; break;
        case SCAN_SAFE_FREE: break;
        }
    }
    for (uint32_t i = interlock->numbers[0]; i < interlock->numbers[1]; i++) {
        bool hold = scan->numbers[i].point.safe == SCAN_SAFE_HOLD;
        scan->number_wish[i] = hold ? scan->number_decided[i] : scan->numbers[i].safe_value;
    }
}

static void watch(struct scan *scan, struct scan_interlock *interlock) {
    bool active = holds(scan, interlock);
    bool begins = active && !interlock->active;
    interlock->active = active;
    if (!active) return;
    struct scan_module *module = &scan->modules[interlock->module];
    if (begins && module->kind->halt != NULL) module->kind->halt(scan, module);
    if (begins && scan->cycles > 1) scan_raise(scan, module, SCAN_EVENT_INTERLOCKED, reason_of(scan, interlock));
    secure(scan, interlock);
}

void stage_interlocks(struct scan *scan) {
    exclude(scan);
    for (size_t i = 0; i < scan->interlock_count; i++) watch(scan, &scan->interlocks[i]);
}

struct scan_reason scan_interlocked(const struct scan *scan, const struct scan_module *module) {
    for (size_t i = 0; i < scan->interlock_count; i++) {
        const struct scan_interlock *interlock = &scan->interlocks[i];
        if (interlock->active && interlock->module == module->index) return reason_of(scan, interlock);
    }
    return scan_reason_none();
}
