// The I/O of an export beside that of a plant.
#include <import/import.h>

#include <strings.h>

struct match {
    const struct import_tags *tags;
    const struct plant *plant;
    struct buffer *out;
    const struct plant_element *taken[64]; // I/O modules that a device has already, of each direction
    bool taken_outputs[64];
    size_t taken_count;
    bool has_tags; // the export links tags to channels at all
    size_t differences;
};

/// The n-th channel of a module with the direction and size of the tag's; NULL when it has fewer.
static const struct plant_channel *channel_of(const struct plant_element *module, const struct import_tag *tag,
                                              uint32_t number) {
    for (size_t i = 0; i < module->channel_count; i++) {
        const struct plant_channel *channel = module->channels[i];
        if (channel->output != tag->output || channel->bits != tag->bits) continue;
        if (number-- == 0) return channel;
    }
    return NULL;
}

static bool same_word(struct text a, struct text b) {
    return a.length == b.length && a.length > 0 && strncasecmp(a.data, b.data, a.length) == 0;
}

static bool is_taken(const struct match *match, const struct plant_element *module, bool output) {
    for (size_t i = 0; i < match->taken_count; i++)
        if (match->taken[i] == module && match->taken_outputs[i] == output) return true;
    return false;
}

/// How many channels of that direction the device has in the export.
static uint32_t wanted_channels(const struct match *match, const struct import_tag *tag) {
    uint32_t wanted = 0;
    for (size_t i = 0; i < import_tags_count(match->tags); i++) {
        const struct import_tag *other = import_tags_at(match->tags, i);
        if (text_equal(other->device, tag->device) && other->output == tag->output && other->number >= wanted)
            wanted = other->number + 1;
    }
    return wanted;
}

static const struct plant_element *find_module(const struct match *match, const struct import_tag *tag) {
    const struct plant_element *fitting = NULL;
    uint32_t wanted = wanted_channels(match, tag);
    for (size_t i = 0; i < match->plant->element_count; i++) {
        const struct plant_element *module = match->plant->elements[i];
        if (module->kind != PLANT_IO_MODULE || is_taken(match, module, tag->output)) continue;
        if (same_word(module->name, tag->device) || same_word(plant_attribute(module, TEXT("Bmk")), tag->device))
            return module;
        if (fitting == NULL && channel_of(module, tag, wanted - 1) != NULL) fitting = module;
    }
    return fitting;
}

static void put_tag(struct match *match, const struct import_tag *tag) {
    buffer_print(match->out, "%.*s/%.*s", TEXT_ARG(tag->device), TEXT_ARG(tag->channel));
    if (!text_equal(tag->name, tag->channel)) buffer_print(match->out, " (%.*s)", TEXT_ARG(tag->name));
    buffer_string(match->out, tag->output ? " -> " : " <- ");
}

/// To a tag; without one it is called like its channel.
static bool is_linked(const struct import_tag *tag) {
    return !text_equal(tag->name, tag->channel);
}

static void match_tag(struct match *match, const struct import_tag *tag, const struct plant_element *module) {
    put_tag(match, tag);
    const struct plant_channel *channel = module == NULL ? NULL : channel_of(module, tag, tag->number);
    bool named = is_linked(tag);
    if (channel == NULL) {
        buffer_string(match->out, "no channel of the plant\n");
        match->differences += named || !match->has_tags;
        return;
    }
    buffer_print(match->out, "%.*s/%.*s", TEXT_ARG(module->path), TEXT_ARG(channel->name));
    if (channel->signal != NULL)
        buffer_print(match->out, " = %.*s/%.*s", TEXT_ARG(channel->signal->module->path),
                     TEXT_ARG(channel->signal->twin_path));
    else
        buffer_string(match->out, " is free");
    if (match->has_tags && named != (channel->signal != NULL)) {
        buffer_string(match->out, named ? ": a tag without a wire" : ": a wire without a tag");
        match->differences++;
    }
    buffer_byte(match->out, '\n');
}

static void take(struct match *match, const struct plant_element *module, bool output) {
    enum { TAKEN_MAX = sizeof match->taken / sizeof match->taken[0] };
    if (module == NULL || match->taken_count == TAKEN_MAX) return;
    match->taken[match->taken_count] = module;
    match->taken_outputs[match->taken_count++] = output;
}

static bool is_first(const struct match *match, size_t index) {
    const struct import_tag *tag = import_tags_at(match->tags, index);
    for (size_t i = 0; i < index; i++) {
        const struct import_tag *before = import_tags_at(match->tags, i);
        if (text_equal(before->device, tag->device) && before->output == tag->output) return false;
    }
    return true;
}

size_t import_match(const struct import_tags *tags, const struct plant *plant, struct buffer *out) {
    struct match match = {.tags = tags, .plant = plant, .out = out};
    for (size_t i = 0; i < import_tags_count(tags); i++) match.has_tags |= is_linked(import_tags_at(tags, i));
    for (size_t i = 0; i < import_tags_count(tags); i++) {
        const struct import_tag *first = import_tags_at(tags, i);
        if (!is_first(&match, i)) continue; // its device has been looked at
        const struct plant_element *module = find_module(&match, first);
        take(&match, module, first->output);
        for (size_t k = i; k < import_tags_count(tags); k++) {
            const struct import_tag *tag = import_tags_at(tags, k);
            if (text_equal(tag->device, first->device) && tag->output == first->output) match_tag(&match, tag, module);
        }
    }
    return match.differences;
}
