// The exchange of the pin map (scan/pins.h).

#include "stages.h"

static bool same(struct io_place a, struct io_place b) {
    return a.byte == b.byte && a.bit == b.bit && a.bits == b.bits;
}

void scan_offer_pins(struct scan *scan, struct scan_pin_table *table) {
    scan->pins_offered = table; // the ring of commands brings it to the scan thread
}

/// A force is for the pin that it was meant for.
static void release_moved(struct scan *scan, const struct scan_pin_table *table) {
    for (size_t i = 0; i < scan->output_count; i++) {
        const struct scan_point *point = &scan->outputs[i];
        if (point->forced && !same(point->place, table->outputs[i])) (void)scan_unforce(scan, point->tag);
    }
    for (size_t i = 0; i < scan->number_count; i++) {
        const struct scan_point *point = &scan->numbers[i].point;
        if (point->forced && !same(point->place, table->numbers[i])) (void)scan_unforce(scan, point->tag);
    }
}

struct scan_reason scan_apply_pins(struct scan *scan, uint32_t session) {
    struct scan_reason refused = scan_check_authority(scan, session);
    struct scan_pin_table *offered = scan->pins_offered;
    scan->pins_offered = NULL;
    if (scan_refused(refused)) return refused;
    if (offered == NULL) return scan_reason_of(SCAN_REASON_NO_PINS, SCAN_NO_MODULE);
    scan->pins_next = offered;
    release_moved(scan, offered);
    return scan_reason_none();
}

void scan_leave_pins(struct scan *scan) {
    const struct scan_pin_table *next = scan->pins_next;
    if (next == NULL) return;
    for (size_t i = 0; i < scan->output_count; i++) {
        const struct scan_point *point = &scan->outputs[i];
        if (same(point->place, next->outputs[i])) continue;
        bool on = point->safe == SCAN_SAFE_ON;
        scan->wish[i] = scan->decided[i] = on;
        if (point->place.bits > 0) io_set_bit(scan->output_image, point->place, on != point->inverted);
    }
    for (size_t i = 0; i < scan->number_count; i++) {
        const struct scan_number *number = &scan->numbers[i];
        if (same(number->point.place, next->numbers[i])) continue;
        scan->number_wish[i] = scan->number_decided[i] = number->safe_value;
        double raw = (number->safe_value - number->scale.offset) / number->scale.factor;
        if (number->point.place.bits == 0) continue;
        scan_encode(scan->output_image, number->point.place, (enum scan_encoding)number->scale.encoding, raw);
    }
    scan->pins_left = true;
}

void scan_set_pins(struct scan *scan, const struct scan_pin_table *table) {
    for (size_t i = 0; i < scan->conditioned_count; i++) {
        struct scan_input *input = &scan->conditioned[i];
        if (!same(input->point.place, table->conditioned[i])) input->known = false;
        input->point.place = table->conditioned[i];
        input->range = table->ranges[i];
    }
    for (size_t i = 0; i < scan->output_count; i++) scan->outputs[i].place = table->outputs[i];
    for (size_t i = 0; i < scan->number_count; i++) scan->numbers[i].point.place = table->numbers[i];
    size_t inputs = scan->input_count + scan->unplaced_count;
    scan->inputs = table->inputs;
    scan->input_count = table->input_count;
    scan->unplaced_count = inputs - table->input_count;
    scan->inputs_from = table->inputs_from;
    scan->input_of_tag = table->input_of_tag;
    for (size_t i = 0; i < scan->forces.count; i++) scan_point(scan, scan->forces.list[i].tag)->forced = true;
    for (size_t i = scan->input_count; i < inputs; i++) {
        uint32_t tag = scan->inputs[i].tag;
        if (!scan->inputs[i].forced) scan_set(scan, tag, scan->value[tag], STATUS_BadNotConnected);
    }
    // In memory that the guard does not look at yet: it may act at any time.
    scan->safe_outputs = table->safe_outputs;
    scan->safe_mask = table->safe_mask;
    scan_build_safe_image(scan);
    scan->inputs_known = scan->outputs_known = false; // read and write go through every point once more
    scan->pins_version++;
}

void stage_pins(struct scan *scan) {
    if (!scan->pins_left) return;
    scan_set_pins(scan, scan->pins_next);
    scan->pins_next = NULL;
    scan->pins_left = false;
}
