// Signals and channels of the model become tags and points of the process image.

#include "build.h"

#include <math.h>

static const double NS_PER_MS = 1e6;

uint32_t add_tag(struct program *program, struct program_tag tag) {
    struct scan *scan = &program->scan;
    uint32_t index = (uint32_t)scan->tag_count++;
    program->tags[index] = tag;
    scan->type[index] = tag.type;
    scan->quality[index] = STATUS_BadWaitingForInitialData;
    scan->output_of_tag[index] = scan->input_of_tag[index] = SCAN_NO_TAG;
    scan->dirty[index] = true; // the server gets every tag with the first scan
    scan->dirty_list[scan->dirty_count++] = index;
    remember(program, program->tag_by_path, tag.path, index);
    return index;
}

// ---------------------------------------------------------------- signals

bool point_is_plain(const struct io_driver *driver, const struct plant_signal *signal) {
    return signal->field.type == VALUE_BOOL && signal->debounce_ms <= 0 && signal->latch_ms <= 0 &&
           signal->stale_ms <= 0 && signal->substitute == SUBSTITUTE_NONE &&
           io_range_of(driver, signal->channel->byte) == IO_NO_RANGE;
}

static enum scan_encoding encoding_of(const struct plant_channel *channel) {
    static const enum scan_encoding encodings[] = {
        [ENCODING_UNSIGNED] = SCAN_UNSIGNED, [ENCODING_SIGNED] = SCAN_SIGNED, [ENCODING_FLOAT] = SCAN_FLOAT};
    return encodings[channel->encoding];
}

static struct scan_scale scale_of(const struct plant_signal *signal) {
    const struct plant_scaling *scaling = &signal->scaling;
    const struct plant_range *range = &signal->field.range;
    struct scan_scale scale = {
        .encoding = (uint8_t)encoding_of(signal->channel),
        .factor = 1,
        .raw_least = scaling->raw_least,
        .raw_most = scaling->raw_most,
        .value_low = range->low,
        .value_high = range->high,
    };
    if (!scaling->given) return scale;
    scale.factor = (range->high - range->low) / (scaling->raw_high - scaling->raw_low);
    scale.offset = range->low - scaling->raw_low * scale.factor;
    return scale;
}

static struct scan_point point_of(const struct plant_signal *signal, uint32_t tag) {
    static const enum scan_safe safe_states[] = {
        [SAFE_FALSE] = SCAN_SAFE_OFF, [SAFE_TRUE] = SCAN_SAFE_ON, [SAFE_HOLD] = SCAN_SAFE_HOLD};
    const struct core_module *module = element_module(signal->module);
    bool lamp = module == &indicator_module && signal->safe_state == SAFE_HOLD;
    const struct plant_channel *channel = signal->channel;
    return (struct scan_point){.tag = tag,
                               .place = {channel->byte, channel->bit, (uint8_t)channel->bits},
                               .inverted = signal->inverted,
                               .safe = lamp ? SCAN_SAFE_FREE : safe_states[signal->safe_state]};
}

static struct scan_input input_of(const struct io_driver *driver, const struct plant_signal *signal, uint32_t tag) {
    static const enum scan_substitute substitutes[] = {[SUBSTITUTE_NONE] = SCAN_SUBSTITUTE_NONE,
                                                       [SUBSTITUTE_HOLD] = SCAN_SUBSTITUTE_HOLD,
                                                       [SUBSTITUTE_VALUE] = SCAN_SUBSTITUTE_VALUE};
    struct scan_input input = {
        .point = point_of(signal, tag),
        .scale = scale_of(signal),
        .range = io_range_of(driver, signal->channel->byte),
        .debounce_ns = (uint64_t)(signal->debounce_ms * NS_PER_MS),
        .latch_ns = (uint64_t)(signal->latch_ms * NS_PER_MS),
        .stale_ns = (uint64_t)(signal->stale_ms * NS_PER_MS),
        .deadband = signal->deadband,
        .substitute = (uint8_t)substitutes[signal->substitute],
    };
    if (signal->field.type == VALUE_BOOL)
        input.substitute_value.boolean = signal->substitute_value != 0;
    else
        input.substitute_value.number = signal->substitute_value;
    return input;
}

static void add_output(struct program *program, const struct plant_signal *signal, uint32_t tag) {
    struct scan *scan = &program->scan;
    bool number = signal->field.type != VALUE_BOOL;
    size_t *count = number ? &scan->number_count : &scan->output_count;
    size_t at = (*count)++;
    scan->output_of_tag[tag] = (uint32_t)at;
    if (!number) {
        scan->outputs[at] = point_of(signal, tag);
        return;
    }
    scan->numbers[at] = (struct scan_number){
        .point = point_of(signal, tag), .scale = scale_of(signal), .safe_value = signal->safe_value};
    scan->number_wish[at] = scan->number_decided[at] = signal->safe_value;
}

void add_signal(struct program *program, const struct plant_signal *signal) {
    struct scan *scan = &program->scan;
    struct text name = signal->twin_path;
    for (struct text rest = signal->twin_path, piece; text_split(&rest, '/', &piece);) name = piece;
    uint32_t tag =
        add_tag(program, (struct program_tag){.kind = PROGRAM_SIGNAL,
                                              .type = signal->field.type,
                                              .path = own_path(program, signal->module->path, signal->twin_path),
                                              .name = name,
                                              .signal = signal});
    if (signal->actuator) {
        add_output(program, signal, tag);
    } else if (point_is_plain(&scan->driver, signal)) {
        scan->input_of_tag[tag] = (uint32_t)scan->input_count;
        scan->inputs[scan->input_count++] = point_of(signal, tag);
    } else {
        scan->input_of_tag[tag] = SCAN_CONDITIONED | (uint32_t)scan->conditioned_count;
        scan->conditioned[scan->conditioned_count++] = input_of(&scan->driver, signal, tag);
    }
}

// ---------------------------------------------------------------- channels

static enum value_type channel_type(const struct plant_channel *channel) {
    if (channel->bits == 1) return VALUE_BOOL;
    if (channel->encoding == ENCODING_FLOAT) return VALUE_DOUBLE;
    if (channel->encoding == ENCODING_SIGNED) return VALUE_INT32;
    return channel->bits <= 16 ? VALUE_UINT16 : VALUE_UINT32;
}

void add_channel(struct program *program, const struct plant_channel *channel) {
    struct scan *scan = &program->scan;
    struct text folder = own_path(program, channel->module->path, channel->name);
    uint32_t tag = add_tag(program, (struct program_tag){.kind = PROGRAM_CHANNEL,
                                                         .type = channel_type(channel),
                                                         .path = own_path(program, folder, TEXT("Value")),
                                                         .name = TEXT("Value"),
                                                         .channel = channel});
    struct scan_channel entry = {
        .tag = tag,
        .place = {channel->byte, channel->bit, (uint8_t)channel->bits},
        .encoding = (uint8_t)encoding_of(channel),
        .range = channel->output ? IO_NO_RANGE : io_range_of(&scan->driver, channel->byte),
    };
    if (channel->output)
        scan->output_channels[scan->output_channel_count++] = entry;
    else
        scan->input_channels[scan->input_channel_count++] = entry;
}
