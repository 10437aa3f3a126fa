// Inputs from the driver into tags, decided outputs into the driver. Only what changed is looked at: the images are
// compared word by word, and inputs and channels stand in the order of their bytes.

#include "stages.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BYTES = 8 };

// ---------------------------------------------------------------- order

static int by_input(const void *a, const void *b) {
    const struct scan_point *first = a, *second = b;
    return (first->place.byte > second->place.byte) - (first->place.byte < second->place.byte);
}

static int by_channel(const void *a, const void *b) {
    const struct scan_channel *first = a, *second = b;
    return (first->place.byte > second->place.byte) - (first->place.byte < second->place.byte);
}

/// from[w] becomes the number of entries that begin before word w.
static void add_up(uint32_t *from, size_t words) {
    for (size_t i = 0; i < words; i++) from[i + 1] += from[i];
}

static void order_channels(struct scan_channel *channels, size_t count, uint32_t *from, size_t words) {
    if (count > 0) qsort(channels, count, sizeof *channels, by_channel);
    for (size_t i = 0; i < count; i++) from[channels[i].place.byte / WORD_BYTES + 1]++;
    add_up(from, words);
}

static void add_to_mask(struct scan *scan, struct io_place place) {
    io_set_word(scan->safe_mask, place, UINT32_MAX);
}

void scan_build_safe_image(struct scan *scan) {
    memset(scan->safe_outputs, 0, scan->image_bytes);
    memset(scan->safe_mask, 0, scan->image_bytes);
    for (size_t i = 0; i < scan->output_count; i++) {
        const struct scan_point *point = &scan->outputs[i];
        if (point->place.bits == 0 || (point->safe != SCAN_SAFE_OFF && point->safe != SCAN_SAFE_ON)) continue;
        io_set_bit(scan->safe_outputs, point->place, (point->safe == SCAN_SAFE_ON) != point->inverted);
        add_to_mask(scan, point->place);
    }
    for (size_t i = 0; i < scan->number_count; i++) {
        const struct scan_number *number = &scan->numbers[i];
        if (number->point.place.bits == 0 || number->point.safe == SCAN_SAFE_HOLD) continue;
        double raw = (number->safe_value - number->scale.offset) / number->scale.factor;
        scan_encode(scan->safe_outputs, number->point.place, (enum scan_encoding)number->scale.encoding, raw);
        add_to_mask(scan, number->point.place);
    }
    scan->safe_image = (struct io_safe_image){scan->safe_outputs, scan->safe_mask, scan->image_bytes};
}

void scan_order(struct scan *scan) {
    scan_build_safe_image(scan);
    size_t words = scan->image_words;
    if (scan->input_count > 0) qsort(scan->inputs, scan->input_count, sizeof *scan->inputs, by_input);
    for (size_t i = 0; i < scan->input_count; i++) {
        scan->inputs_from[scan->inputs[i].place.byte / WORD_BYTES + 1]++;
    }
    add_up(scan->inputs_from, words);
    for (uint32_t i = 0; i < scan->input_count; i++) scan->input_of_tag[scan->inputs[i].tag] = i;
    for (uint32_t i = 0; i < scan->conditioned_count; i++) {
        scan->input_of_tag[scan->conditioned[i].point.tag] = SCAN_CONDITIONED | i;
    }
    order_channels(scan->input_channels, scan->input_channel_count, scan->input_channels_from, words);
    order_channels(scan->output_channels, scan->output_channel_count, scan->output_channels_from, words);
}

static bool same_word(const uint8_t *a, const uint8_t *b, size_t word) {
    return memcmp(a + word * WORD_BYTES, b + word * WORD_BYTES, WORD_BYTES) == 0;
}

// ---------------------------------------------------------------- channels

static void set_channels(struct scan *scan, const struct scan_channel *channels, size_t first, size_t end,
                         const uint8_t *image, status_code whole) {
    for (size_t i = first; i < end; i++) {
        uint32_t tag = channels[i].tag;
        struct io_place place = channels[i].place;
        union scan_value value = scan_boolean(place.bits == 1 && io_bit(image, place));
        if (scan->type[tag] != VALUE_BOOL) {
            double raw = scan_decode(image, place, (enum scan_encoding)channels[i].encoding);
            value = scan_number_as(scan->type[tag], raw);
        }
        status_code part = io_quality(&scan->driver, channels[i].range);
        scan_set(scan, tag, value, status_is_bad(whole) ? whole : part);
    }
}

/// Those of one word of the image, and those that begin in the word before and may reach into it.
static void set_channels_of_word(struct scan *scan, const struct scan_channel *channels, const uint32_t *from,
                                 size_t word, const uint8_t *image) {
    set_channels(scan, channels, from[word > 0 ? word - 1 : 0], from[word + 1], image, STATUS_Good);
}

// ---------------------------------------------------------------- inputs

/// A driver that does not answer leaves the last values standing, marked as such.
static void lose_inputs(struct scan *scan) {
    if (!scan->inputs_known && scan->read_failed) return;
    scan->inputs_known = false;
    for (size_t i = 0; i < scan->input_count; i++) {
        uint32_t tag = scan->inputs[i].tag;
        if (scan->inputs[i].forced) continue;
        scan_set(scan, tag, scan->value[tag], STATUS_BadNoCommunication);
    }
    set_channels(scan, scan->input_channels, 0, scan->input_channel_count, scan->last_input_image,
                 STATUS_BadNoCommunication);
}

static void take_word(struct scan *scan, size_t word) {
    for (uint32_t i = scan->inputs_from[word]; i < scan->inputs_from[word + 1]; i++) {
        const struct scan_point *point = &scan->inputs[i];
        if (point->forced) continue;
        bool on = io_bit(scan->input_image, point->place) != point->inverted;
        scan_set(scan, point->tag, scan_boolean(on), STATUS_Good);
    }
    set_channels_of_word(scan, scan->input_channels, scan->input_channels_from, word, scan->input_image);
}

/// A part of the image that comes or goes changes the quality of its channels, though no bit may have changed.
static void take_ranges(struct scan *scan) {
    const struct io_driver *driver = &scan->driver;
    for (size_t i = 0; i < driver->range_count; i++) {
        if (driver->quality[i] == scan->range_quality[i]) continue;
        scan->range_quality[i] = driver->quality[i];
        size_t end = (driver->ranges[i].first + (size_t)driver->ranges[i].bytes + WORD_BYTES - 1) / WORD_BYTES;
        if (end > scan->image_words) end = scan->image_words;
        for (size_t word = driver->ranges[i].first / WORD_BYTES; word < end; word++) {
            set_channels_of_word(scan, scan->input_channels, scan->input_channels_from, word, scan->input_image);
        }
    }
}

static void take_inputs(struct scan *scan) {
    for (size_t word = 0; word < scan->image_words; word++) {
        if (scan->inputs_known && same_word(scan->input_image, scan->last_input_image, word)) continue;
        take_word(scan, word);
    }
    take_ranges(scan);
    memcpy(scan->last_input_image, scan->input_image, scan->image_bytes);
    scan->inputs_known = true;
}

void stage_read(struct scan *scan) {
    const struct io_driver *driver = &scan->driver;
    enum error error = driver->read(driver->context, scan->now.elapsed_ns, scan->input_image, scan->image_bytes);
    if (error)
        lose_inputs(scan);
    else
        take_inputs(scan);
    scan->read_failed = error != ERROR_NONE;
    if (!error) scan->read_ns = scan->now.monotonic_ns;
    scan_condition_inputs(scan);
}

// ---------------------------------------------------------------- outputs

static void set_bits(struct scan *scan) {
    if (scan->outputs_known && memcmp(scan->decided, scan->written, scan->output_count * sizeof *scan->decided) == 0) {
        return;
    }
    for (size_t i = 0; i < scan->output_count; i++) {
        const struct scan_point *point = &scan->outputs[i];
        if (scan->outputs_known && scan->decided[i] == scan->written[i]) continue;
        bool placed = point->place.bits > 0;
        if (placed) io_set_bit(scan->output_image, point->place, scan->decided[i] != point->inverted);
        status_code quality = point->forced ? STATUS_GoodLocalOverride : STATUS_Good;
        if (!placed) quality = STATUS_BadNotConnected;
        scan_set(scan, point->tag, scan_boolean(scan->decided[i]), quality);
        scan->written[i] = scan->decided[i];
    }
}

static void set_numbers(struct scan *scan) {
    for (size_t i = 0; i < scan->number_count; i++) {
        const struct scan_number *number = &scan->numbers[i];
        double value = scan->number_decided[i];
        if (scan->outputs_known && value == scan->number_written[i]) continue;
        uint32_t tag = number->point.tag;
        double raw = (value - number->scale.offset) / number->scale.factor;
        bool placed = number->point.place.bits > 0;
        if (placed)
            scan_encode(scan->output_image, number->point.place, (enum scan_encoding)number->scale.encoding, raw);
        status_code quality = number->point.forced ? STATUS_GoodLocalOverride : STATUS_Good;
        if (!placed) quality = STATUS_BadNotConnected;
        scan_set(scan, tag, scan_number_as(scan->type[tag], value), quality);
        scan->number_written[i] = value;
    }
}

static void publish_output_channels(struct scan *scan) {
    for (size_t word = 0; word < scan->image_words; word++) {
        if (scan->outputs_known && same_word(scan->output_image, scan->last_output_image, word)) continue;
        set_channels_of_word(scan, scan->output_channels, scan->output_channels_from, word, scan->output_image);
    }
    memcpy(scan->last_output_image, scan->output_image, scan->image_bytes);
}

void stage_write(struct scan *scan) {
    const struct io_driver *driver = &scan->driver;
    set_bits(scan);
    set_numbers(scan);
    scan_leave_pins(scan);
    scan->write_failed = driver->write(driver->context, scan->output_image, scan->image_bytes) != ERROR_NONE;
    publish_output_channels(scan);
    scan->outputs_known = true;
}
