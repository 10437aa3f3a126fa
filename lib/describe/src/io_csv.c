// The I/O list: one line for each channel of the plant, in the order of the process image. RFC 4180: comma, CRLF,
// quotes where they are needed, a head. A text that a spreadsheet would take for a formula begins with an apostrophe.

#include "channels.h"
#include "formats.h"
#include "inventory.h"

#include <stdio.h>
#include <string.h>

/// "=A1+S1" would be computed, "-5" is only a number.
static bool is_formula(struct text text) {
    double number;
    return text.length > 0 && strchr("=+-@\t\r", text.data[0]) != NULL && text_to_real(text, &number) != ERROR_NONE;
}

static void put_cell(struct buffer *out, struct text text, bool first) {
    if (!first) buffer_byte(out, ',');
    bool quoted = false;
    for (size_t i = 0; i < text.length; i++) quoted = quoted || strchr("\",\r\n", text.data[i]) != NULL;
    if (quoted) buffer_byte(out, '"');
    if (is_formula(text)) buffer_byte(out, '\'');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"') buffer_byte(out, '"');
        buffer_byte(out, text.data[i]);
    }
    if (quoted) buffer_byte(out, '"');
}

static const char *const heads[] = {"Address",     "Bits",        "Direction", "IoModule", "Channel",  "Description",
                                    "Thing",       "Module",      "Signal",    "TwinPath", "Inverted", "SafeState",
                                    "Designation", "DisplayName", "Type",      "Unit",     "Low",      "High"};

/// One end of a signal's range; empty without one.
static void put_end(struct buffer *out, const struct plant_field *field, double end) {
    char text[32] = "";
    if (field->range.given) snprintf(text, sizeof text, "%g", end);
    put_cell(out, text_of(text), false);
}

static void put_wire(struct buffer *out, const struct plant_signal *signal) {
    enum { WIRE_COLUMNS = 12 };
    if (signal == NULL) { // a spare channel
        for (size_t i = 0; i < WIRE_COLUMNS; i++) put_cell(out, TEXT_EMPTY, false);
        return;
    }
    const struct plant_element *module = signal->module;
    put_cell(out, module->thing->name, false);
    put_cell(out, path_in_thing(module), false);
    put_cell(out, signal->name, false);
    put_cell(out, signal->twin_path, false);
    put_cell(out, signal->inverted ? TEXT("true") : TEXT("false"), false);
    char safe[SAFE_STATE_BYTES] = "";
    if (signal->actuator) safe_state_text(signal, safe);
    put_cell(out, text_of(safe), false);
    put_cell(out, plant_attribute(module, TEXT("Bmk")), false);
    put_cell(out, module->display_name, false);
    put_cell(out, text_of(value_type_name(signal->field.type)), false);
    put_cell(out, signal->field.unit, false);
    put_end(out, &signal->field, signal->field.range.low);
    put_end(out, &signal->field, signal->field.range.high);
}

static void put_channel(const struct plant *plant, struct buffer *out, const struct plant_channel *channel) {
    CLEANUP(buffer_clear) struct buffer address = {0};
    buffer_print(&address, "%u.%u", channel->byte, channel->bit);
    put_cell(out, buffer_view(&address), true);
    buffer_reset(&address);
    buffer_print(&address, "%u", channel->bits);
    put_cell(out, buffer_view(&address), false);
    if (address.failed) out->failed = true;
    put_cell(out, channel->output ? TEXT("output") : TEXT("input"), false);
    put_cell(out, path_in_station(plant, channel->module), false);
    put_cell(out, channel->name, false);
    put_cell(out, channel->description, false);
    put_wire(out, channel->signal);
    buffer_string(out, "\r\n");
}

enum error io_csv_write(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                        struct problem *ret_problem) {
    (void)options;
    size_t count;
    CLEANUP(free_at) const struct plant_channel **channels = channels_in_order(plant, &count);
    if (channels == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) put_cell(out, text_of(heads[i]), i == 0);
    buffer_string(out, "\r\n");
    for (size_t i = 0; i < count; i++) put_channel(plant, out, channels[i]);
    return written(out, ret_problem);
}
