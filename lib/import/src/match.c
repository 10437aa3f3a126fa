// The I/O of an export beside that of a plant.
#include <import/import.h>

#include <strings.h>

struct match {
    const struct import_tags *tags;
    const struct plant *plant;
    struct buffer *out;
    struct taken {
        const struct plant_element *module;
        bool output, number;
    } taken[64]; // channels of a module that a device has already
    size_t taken_count;
    bool has_tags; // the export links tags to channels at all
    size_t differences;
};

static bool is_number(const struct import_tag *tag) {
    return tag->bits > 1;
}

/// A module of booleans says in words how it is: those are no channels to wire.
static bool has_booleans(const struct plant_element *module) {
    for (size_t i = 0; i < module->channel_count; i++)
        if (module->channels[i]->bits == 1) return true;
    return false;
}

/// The n-th channel of a module with the direction and kind of the tag's; NULL when it has fewer.
static const struct plant_channel *channel_of(const struct plant_element *module, const struct import_tag *tag,
                                              uint32_t number) {
    if (is_number(tag) && has_booleans(module)) return NULL;
    for (size_t i = 0; i < module->channel_count; i++) {
        const struct plant_channel *channel = module->channels[i];
        if (channel->output != tag->output || (channel->bits > 1) != is_number(tag)) continue;
        if (number-- == 0) return channel;
    }
    return NULL;
}

static bool same_word(struct text a, struct text b) {
    return a.length == b.length && a.length > 0 && strncasecmp(a.data, b.data, a.length) == 0;
}

static bool is_taken(const struct match *match, const struct plant_element *module, const struct import_tag *tag) {
    for (size_t i = 0; i < match->taken_count; i++) {
        const struct taken *taken = &match->taken[i];
        if (taken->module == module && taken->output == tag->output && taken->number == is_number(tag)) return true;
    }
    return false;
}

/// Of one device, with one direction, both numbers or both booleans.
static bool is_of_one_kind(const struct import_tag *a, const struct import_tag *b) {
    return text_equal(a->device, b->device) && a->output == b->output && is_number(a) == is_number(b);
}

/// How many channels of that kind the device has in the export.
static uint32_t wanted_channels(const struct match *match, const struct import_tag *tag) {
    uint32_t wanted = 0;
    for (size_t i = 0; i < import_tags_count(match->tags); i++) {
        const struct import_tag *other = import_tags_at(match->tags, i);
        if (is_of_one_kind(other, tag) && other->number >= wanted) wanted = other->number + 1;
    }
    return wanted;
}

static const struct plant_element *find_module(const struct match *match, const struct import_tag *tag) {
    const struct plant_element *fitting = NULL;
    uint32_t wanted = wanted_channels(match, tag);
    for (size_t i = 0; i < match->plant->element_count; i++) {
        const struct plant_element *module = match->plant->elements[i];
        if (module->kind != PLANT_IO_MODULE || is_taken(match, module, tag)) continue;
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

static void take(struct match *match, const struct plant_element *module, const struct import_tag *tag) {
    enum { TAKEN_MAX = sizeof match->taken / sizeof match->taken[0] };
    if (module == NULL || match->taken_count == TAKEN_MAX) return;
    match->taken[match->taken_count++] = (struct taken){module, tag->output, is_number(tag)};
}

static bool is_first(const struct match *match, size_t index) {
    const struct import_tag *tag = import_tags_at(match->tags, index);
    for (size_t i = 0; i < index; i++) {
        if (is_of_one_kind(import_tags_at(match->tags, i), tag)) return false;
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
        take(&match, module, first);
        for (size_t k = i; k < import_tags_count(tags); k++) {
            const struct import_tag *tag = import_tags_at(tags, k);
            if (is_of_one_kind(tag, first)) match_tag(&match, tag, module);
        }
    }
    return match.differences;
}
