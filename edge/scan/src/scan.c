#include "stages.h"

#include <math.h>
#include <string.h>

static void run_stage(struct scan *scan, const uint32_t *modules, size_t count, bool settle) {
    for (size_t i = 0; i < count; i++) {
        struct scan_module *module = &scan->modules[modules[i]];
        scan_stage_fn *stage = settle ? module->kind->settle : module->kind->step;
        stage(scan, module);
    }
}

/// Puts changes into the ring in the order in which they came about; what finds no room stays for a later scan.
static bool publish(struct scan *scan) {
    size_t given = 0;
    while (given < scan->dirty_count) {
        size_t count = scan->dirty_count - given;
        struct scan_change *room = exchange_room_for_changes(scan->exchange, &count);
        if (count == 0) break;
        const uint32_t *tags = scan->dirty_list + given;
        for (size_t i = 0; i < count; i++) {
            uint32_t tag = tags[i];
            room[i] = (struct scan_change){
                .tag = tag, .quality = scan->quality[tag], .value = scan->value[tag], .time_ns = scan->changed_ns[tag]};
            scan->dirty[tag] = false;
        }
        exchange_give_changes(scan->exchange, count);
        given += count;
    }
    scan->dirty_count -= given;
    memmove(scan->dirty_list, scan->dirty_list + given, scan->dirty_count * sizeof *scan->dirty_list);
    return given > 0;
}

bool scan_once(struct scan *scan, const struct scan_time *time) {
    scan->now = *time;
    scan->plant_ns += time->elapsed_ns;
    scan->cycles++;
    scan->notify = false;
    stage_begin(scan);
    stage_pins(scan);
    stage_read(scan);
    stage_supervise(scan);
    stage_commands(scan);
    run_stage(scan, scan->steppers, scan->stepper_count, false);
    stage_force_outputs(scan);
    stage_interlocks(scan);
    stage_decide(scan);
    stage_restore_wishes(scan);
    stage_write(scan);
    run_stage(scan, scan->settlers, scan->settler_count, true);
    scan_show_cycle(scan);
    bool published = publish(scan);
    return published || scan->notify;
}

struct scan_point *scan_point(struct scan *scan, uint32_t tag) {
    uint32_t output = scan->output_of_tag[tag], input = scan->input_of_tag[tag];
    if (output != SCAN_NO_TAG)
        return scan->type[tag] == VALUE_BOOL ? &scan->outputs[output] : &scan->numbers[output].point;
    if (input == SCAN_NO_TAG) return NULL;
    if ((input & SCAN_CONDITIONED) != 0) return &scan->conditioned[input & ~SCAN_CONDITIONED].point;
    return &scan->inputs[input];
}

void scan_wish_number(struct scan *scan, struct scan_module *module, uint32_t tag, double value) {
    uint32_t at = scan->output_of_tag[tag];
    if (!isfinite(value)) {
        scan_fault(scan, module, SCAN_REASON_PROGRAM_FAULT, SCAN_EVENT_FAULT);
        scan_enter_safe_state(scan, scan_reason_of(SCAN_REASON_PROGRAM_FAULT, module->index));
        return;
    }
    const struct scan_scale *scale = &scan->numbers[at].scale;
    scan->number_wish[at] = fmin(fmax(value, scale->value_low), scale->value_high);
}

double scan_decided_number(const struct scan *scan, uint32_t tag) {
    return scan->number_decided[scan->output_of_tag[tag]];
}

double scan_number(const struct scan *scan, uint32_t tag) {
    union scan_value value = scan->value[tag];
    switch (scan->type[tag]) {
    case VALUE_BOOL: return value.boolean;
    case VALUE_INT32: return value.int32;
    case VALUE_UINT16: return value.uint16;
    case VALUE_UINT32: return value.uint32;
    case VALUE_DOUBLE: return value.real;
    case VALUE_STRING:
    case VALUE_NULL: break;
    }
    return NAN;
}

void scan_raise(struct scan *scan, const struct scan_module *module, enum scan_event_id event,
                struct scan_reason reason) {
    scan_raise_for(scan, module, event, reason, 0);
}

void scan_raise_for(struct scan *scan, const struct scan_module *module, enum scan_event_id event,
                    struct scan_reason reason, uint32_t session) {
    scan->notify = true;
    exchange_give_event(scan->exchange, (struct scan_event){.time_ns = scan->now.wall_ns,
                                                            .module = module->index,
                                                            .id = (uint16_t)event,
                                                            .session = session,
                                                            .reason = reason});
}

void scan_fault(struct scan *scan, struct scan_module *module, enum scan_reason_id why, enum scan_event_id event) {
    if (scan_refused(module->fault)) return;
    module->fault = scan_reason_of(why, module->index);
    if (scan->fault_count++ == 0) scan->first_fault = module->fault;
    scan_raise(scan, module, event, module->fault);
}

union scan_value scan_int32(int32_t value) {
    union scan_value of = {.bits = 0};
    of.int32 = value;
    return of;
}

union scan_value scan_uint16(uint16_t value) {
    union scan_value of = {.bits = 0};
    of.uint16 = value;
    return of;
}

union scan_value scan_uint32(uint32_t value) {
    union scan_value of = {.bits = 0};
    of.uint32 = value;
    return of;
}

union scan_value scan_real(double value) {
    return (union scan_value){.real = value};
}

union scan_value scan_because(struct scan_reason reason) {
    return (union scan_value){.reason = reason};
}
