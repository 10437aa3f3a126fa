// Inputs that are more than a bit: numbers with their scaling, debounce and latch, what stands in for a lost one.

#include "stages.h"

#include <math.h>
#include <string.h>

// ---------------------------------------------------------------- numbers in the image

double scan_decode(const uint8_t *image, struct io_place place, enum scan_encoding encoding) {
    uint32_t word = io_word(image, place);
    if (encoding == SCAN_UNSIGNED) return word;
    if (encoding == SCAN_SIGNED) {
        uint32_t sign = UINT32_C(1) << (place.bits - 1);
        return (double)(word & (sign - 1)) - (double)(word & sign);
    }
    float number;
    memcpy(&number, &word, sizeof number);
    return (double)number;
}

static double limited(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

void scan_encode(uint8_t *image, struct io_place place, enum scan_encoding encoding, double raw) {
    uint32_t word = 0;
    if (encoding == SCAN_FLOAT) {
        float number = (float)raw;
        memcpy(&word, &number, sizeof word);
    } else if (encoding == SCAN_SIGNED) {
        double end = (double)(UINT64_C(1) << (place.bits - 1));
        word = (uint32_t)(int32_t)limited(nearbyint(raw), -end, end - 1);
    } else {
        word = (uint32_t)limited(nearbyint(raw), 0, (double)((UINT64_C(1) << place.bits) - 1));
    }
    io_set_word(image, place, word);
}

union scan_value scan_number_as(enum value_type type, double number) {
    switch (type) {
    case VALUE_BOOL: return scan_boolean(number != 0);
    case VALUE_INT32: return scan_int32((int32_t)limited(nearbyint(number), INT32_MIN, INT32_MAX));
    case VALUE_UINT16: return scan_uint16((uint16_t)limited(nearbyint(number), 0, UINT16_MAX));
    case VALUE_UINT32: return scan_uint32((uint32_t)limited(nearbyint(number), 0, UINT32_MAX));
    case VALUE_DOUBLE:
    case VALUE_STRING:
    case VALUE_NULL: break;
    }
    return scan_real(number);
}

// ---------------------------------------------------------------- one input

struct reading {
    status_code quality; // of the bytes; Good: `value` is what they say
    uint64_t age_ns;
    union scan_value value;
};

/// A state must last for the time before it counts; the first one counts at once.
static bool debounced(const struct scan *scan, struct scan_input *input, bool on) {
    if (!input->known || on != input->candidate) {
        input->candidate_ns = scan->plant_ns;
        input->candidate = on;
    }
    bool lasted = scan->plant_ns - input->candidate_ns >= input->debounce_ns;
    return !input->known || lasted ? on : scan->value[input->point.tag].boolean;
}

/// Also a pulse between two scans counts, where the driver saw it.
static bool latched(const struct scan *scan, struct scan_input *input, bool on) {
    const uint8_t *pulses = input->point.inverted ? scan->driver.was_clear : scan->driver.was_set;
    if (pulses != NULL && io_bit(pulses, input->point.place)) on = true;
    if (on) {
        input->candidate_ns = scan->plant_ns;
        input->candidate = true;
    }
    return on || (input->candidate && scan->plant_ns - input->candidate_ns < input->latch_ns);
}

static void read_boolean(const struct scan *scan, struct scan_input *input, struct reading *reading) {
    bool on = io_bit(scan->input_image, input->point.place) != input->point.inverted;
    if (input->debounce_ns > 0) on = debounced(scan, input, on);
    if (input->latch_ns > 0) on = latched(scan, input, on);
    reading->value = scan_boolean(on);
}

static void read_number(const struct scan *scan, const struct scan_input *input, struct reading *reading) {
    const struct scan_scale *scale = &input->scale;
    uint32_t tag = input->point.tag;
    double raw = scan_decode(scan->input_image, input->point.place, (enum scan_encoding)scale->encoding);
    bool broken = !isfinite(raw) || raw < scale->raw_least || raw > scale->raw_most;
    if (broken) {
        reading->quality = STATUS_BadSensorFailure;
        return;
    }
    double number = raw * scale->factor + scale->offset;
    bool small = status_is_good(scan->quality[tag]) && fabs(number - scan_number(scan, tag)) < input->deadband;
    reading->value = small ? scan->value[tag] : scan_number_as(scan->type[tag], number);
}

static struct reading read_input(const struct scan *scan, struct scan_input *input) {
    struct reading reading = {.age_ns = 0};
    const struct io_driver *driver = &scan->driver;
    reading.quality = io_quality(driver, input->range);
    if (input->range != IO_NO_RANGE && driver->age_ns != NULL) reading.age_ns = driver->age_ns[input->range];
    if (scan->read_failed) {
        reading.quality = STATUS_BadNoCommunication;
        reading.age_ns += scan->now.monotonic_ns - scan->read_ns;
    }
    if (input->point.place.bits == 0) reading.quality = STATUS_BadNotConnected;
    bool old = input->stale_ns > 0 && reading.age_ns > input->stale_ns;
    if (!status_is_bad(reading.quality) && old) reading.quality = STATUS_BadNoCommunication;
    if (status_is_bad(reading.quality)) return reading;
    if (scan->type[input->point.tag] == VALUE_BOOL)
        read_boolean(scan, input, &reading);
    else
        read_number(scan, input, &reading);
    return reading;
}

/// A value that was good and may still be used: its limit of age is not over yet.
static bool young(const struct scan_input *input, const struct reading *reading) {
    return input->known && input->stale_ns > 0 && reading->age_ns <= input->stale_ns &&
           reading->quality != STATUS_BadSensorFailure;
}

static void substitute(struct scan *scan, const struct scan_input *input, const struct reading *reading) {
    uint32_t tag = input->point.tag;
    union scan_value value = scan->value[tag];
    status_code quality = reading->quality;
    bool hold = input->substitute == SCAN_SUBSTITUTE_HOLD && input->known;
    if (young(input, reading) || hold) quality = STATUS_UncertainLastUsableValue;
    if (input->substitute == SCAN_SUBSTITUTE_VALUE && !young(input, reading)) {
        bool boolean = scan->type[tag] == VALUE_BOOL;
        value = boolean ? scan_boolean(input->substitute_value.boolean)
                        : scan_number_as(scan->type[tag], input->substitute_value.number);
        quality = STATUS_UncertainSubstituteValue;
    }
    scan_set(scan, tag, value, quality);
}

void scan_condition_inputs(struct scan *scan) {
    for (size_t i = 0; i < scan->conditioned_count; i++) {
        struct scan_input *input = &scan->conditioned[i];
        struct reading reading = read_input(scan, input);
        bool lost = status_is_bad(reading.quality);
        if (!lost) input->known = true;
        if (input->point.forced) continue;
        if (lost)
            substitute(scan, input, &reading);
        else
            scan_set_at(scan, input->point.tag, reading.value, reading.quality, scan->now.wall_ns - reading.age_ns);
    }
}
