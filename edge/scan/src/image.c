// Inputs from the driver into tags, decided outputs into the driver.

#include "stages.h"

#include <string.h>

void scan_set_channels(struct scan *scan, const struct scan_channel *channels, size_t count, const uint8_t *image,
                       status_code quality) {
    for (size_t i = 0; i < count; i++) {
        uint32_t tag = channels[i].tag;
        uint32_t word = io_word(image, channels[i].place);
        union scan_value value = scan_uint32(word);
        if (scan->type[tag] == VALUE_BOOL) value = scan_boolean(word != 0);
        if (scan->type[tag] == VALUE_UINT16) value = scan_uint16((uint16_t)word);
        scan_set(scan, tag, value, quality);
    }
}

/// A driver that does not answer leaves the last values standing, marked as such.
static void lose_inputs(struct scan *scan) {
    if (!scan->inputs_known && scan->read_failed) return;
    scan->inputs_known = false;
    for (size_t i = 0; i < scan->input_count; i++) {
        uint32_t tag = scan->inputs[i].tag;
        if (scan->inputs[i].forced) continue;
        scan_set(scan, tag, scan->value[tag], STATUS_BadNoCommunication);
    }
    scan_set_channels(scan, scan->input_channels, scan->input_channel_count, scan->last_input_image,
                      STATUS_BadNoCommunication);
}

void stage_read(struct scan *scan) {
    const struct io_driver *driver = &scan->driver;
    enum error error = driver->read(driver->context, scan->now.elapsed_ns, scan->input_image, scan->image_bytes);
    if (error) lose_inputs(scan);
    scan->read_failed = error != ERROR_NONE;
    if (error) return;
    bool same = scan->inputs_known && memcmp(scan->input_image, scan->last_input_image, scan->image_bytes) == 0;
    if (same) return;
    for (size_t i = 0; i < scan->input_count; i++) {
        const struct scan_point *point = &scan->inputs[i];
        if (point->forced) continue;
        bool on = io_bit(scan->input_image, point->place) != point->inverted;
        scan_set(scan, point->tag, scan_boolean(on), STATUS_Good);
    }
    scan_set_channels(scan, scan->input_channels, scan->input_channel_count, scan->input_image, STATUS_Good);
    memcpy(scan->last_input_image, scan->input_image, scan->image_bytes);
    scan->inputs_known = true;
}

void stage_write(struct scan *scan) {
    const struct io_driver *driver = &scan->driver;
    for (size_t i = 0; i < scan->output_count; i++) {
        const struct scan_point *point = &scan->outputs[i];
        io_set_bit(scan->output_image, point->place, scan->decided[i] != point->inverted);
        scan_set(scan, point->tag, scan_boolean(scan->decided[i]),
                 point->forced ? STATUS_GoodLocalOverride : STATUS_Good);
    }
    scan->write_failed = driver->write(driver->context, scan->output_image, scan->image_bytes) != ERROR_NONE;
    if (scan->cycles > 1 && memcmp(scan->output_image, scan->last_output_image, scan->image_bytes) == 0) return;
    scan_set_channels(scan, scan->output_channels, scan->output_channel_count, scan->output_image, STATUS_Good);
    memcpy(scan->last_output_image, scan->output_image, scan->image_bytes);
}
