// I/O of an export by AR APC (AutomationML's recommendation for automation project configuration): TIA Portal, EPLAN.
#include "tags.h"

#include <base/map.h>
#include <stdlib.h>

struct apc {
    struct import_tags *tags;
    struct model_findings *findings;
    struct map *linked; // channel or tag -> the other; the key is the pointer
};

static bool refers_to(const struct caex_node *node, const char *class) {
    return text_ends_with(node->reference, text_of(class));
}

// ---------------------------------------------------------------- links between channels and tags

static struct text pointer_key(const struct caex_node *const *node) {
    return (struct text){(const char *)node, sizeof *node};
}

static enum error note_links(const struct caex *caex, struct apc *apc) {
    struct caex_node *root = caex_root(caex);
    for (struct caex_node *node = root; node != NULL; node = caex_walk(root, node)) {
        if (node->kind != CAEX_LINK || node->partner_a == NULL || node->partner_b == NULL) continue;
        const struct caex_node *a = node->partner_a, *b = node->partner_b;
        bool to_tag = refers_to(a, "/Channel") && refers_to(b, "/Tag");
        if (!to_tag && !(refers_to(b, "/Channel") && refers_to(a, "/Tag"))) continue;
        enum error error = map_set(apc->linked, pointer_key(to_tag ? &a : &b), (void *)(to_tag ? b : a));
        if (error) return error;
    }
    return ERROR_NONE;
}

// ---------------------------------------------------------------- addresses

static bool is_output(struct caex_node *node) {
    return text_is(caex_attribute(node, TEXT("IoType")), "Output");
}

/// Of the member of `Address` for this direction; false when it states none.
static bool start_address(struct caex_node *device, bool output, uint32_t *ret_byte) {
    const struct caex_node *address = caex_child(device, CAEX_ATTRIBUTE, TEXT("Address"));
    const struct caex_node *area = address == NULL ? NULL : caex_first(address, CAEX_ATTRIBUTE);
    for (; area != NULL; area = caex_next(area)) {
        const struct caex_node *type = caex_child(area, CAEX_ATTRIBUTE, TEXT("IoType"));
        const struct caex_node *start = caex_child(area, CAEX_ATTRIBUTE, TEXT("StartAddress"));
        uint64_t byte;
        enum { BYTE_MAX = 65535 };
        if (type == NULL || start == NULL || text_is(type->value, "Output") != output) continue;
        if (text_to_u64(text_trim(start->value), &byte) || byte > BYTE_MAX) continue; // EPLAN writes -1 for none
        *ret_byte = (uint32_t)byte;
        return true;
    }
    return false;
}

static bool is_analogue(struct caex_node *node) {
    return text_is(caex_attribute(node, TEXT("Type")), "Analog");
}

static bool is_of_one_kind(struct caex_node *before, struct caex_node *channel) {
    return refers_to(before, "/Channel") && is_output(before) == is_output(channel) &&
           is_analogue(before) == is_analogue(channel);
}

/// `Number`, as far as it is one (EPLAN writes "Channel 1"); else the place among those of the same kind.
static uint32_t number_of(struct caex_node *channel) {
    uint64_t number;
    struct text stated = text_trim(caex_attribute(channel, TEXT("Number")));
    if (!text_to_u64(stated, &number) && number <= UINT16_MAX) return (uint32_t)number;
    number = 0;
    struct caex_node *at = caex_first(channel->parent, CAEX_INTERFACE);
    for (; at != channel && at != NULL; at = caex_next(at)) number += is_of_one_kind(at, channel);
    return (uint32_t)number;
}

/// EPLAN gives analogue channels the length 1.
static uint32_t bits_of(struct caex_node *channel) {
    uint64_t bits;
    enum { BITS_MAX = 64, ANALOGUE_BITS = 16 };
    bool analogue = is_analogue(channel);
    struct text stated = text_trim(caex_attribute(channel, TEXT("Length")));
    if (!text_to_u64(stated, &bits) && bits > (analogue ? 1 : 0) && bits <= BITS_MAX) return (uint32_t)bits;
    return analogue ? ANALOGUE_BITS : 1;
}

// ---------------------------------------------------------------- channels

static enum error add_channel(struct apc *apc, struct caex_node *device, struct caex_node *channel) {
    const struct caex_node *key = channel;
    struct caex_node *linked = map_get(apc->linked, pointer_key(&key));
    struct import_tag tag = {.name = linked == NULL ? channel->name : linked->name,
                             .comment = linked == NULL ? TEXT_EMPTY : caex_attribute(linked, TEXT("Comment")),
                             .device = device->name,
                             .channel = channel->name,
                             .thing = device->name,
                             .output = is_output(channel),
                             .bits = bits_of(channel),
                             .encoding = is_analogue(channel) ? ENCODING_SIGNED : ENCODING_UNSIGNED,
                             .number = number_of(channel),
                             .line = channel->line};
    uint32_t start = 0;
    if (start_address(device, tag.output, &start)) {
        uint32_t first = tag.number * tag.bits; // AR APC counts channels, not bits
        tag.has_address = true;
        tag.byte = start + first / 8;
        tag.bit = (uint8_t)(first % 8);
    }
    return tags_add(apc->tags, &tag, apc->findings);
}

static bool clash(const struct import_tag *a, const struct import_tag *b) {
    return a->output == b->output && a->has_address && b->has_address &&
           (uint64_t)a->byte * 8 + a->bit < (uint64_t)b->byte * 8 + b->bit + b->bits &&
           (uint64_t)b->byte * 8 + b->bit < (uint64_t)a->byte * 8 + a->bit + a->bits;
}

/// EPLAN has every terminal of a field bus begin at 0 until somebody assigns addresses: then none of them means
/// anything.
static void drop_senseless(struct apc *apc, bool output) {
    struct import_tags *tags = apc->tags;
    const struct import_tag *a = NULL, *b = NULL;
    for (size_t i = 1; i < tags->count && a == NULL; i++)
        for (size_t k = 0; k < i && a == NULL; k++)
            if (tags->items[i].output == output && clash(&tags->items[i], &tags->items[k]))
                a = &tags->items[i], b = &tags->items[k];
    if (a == NULL) return;
    model_findings_add(apc->findings, false, a->line, a->device,
                       "its channel '%.*s' has the address of '%.*s' in '%.*s': the addresses of %s are left out, they "
                       "get new ones in order",
                       TEXT_ARG(a->channel), TEXT_ARG(b->channel), TEXT_ARG(b->device), output ? "outputs" : "inputs");
    for (size_t i = 0; i < tags->count; i++)
        if (tags->items[i].output == output) tags->items[i].has_address = false;
}

static enum error read_channels(const struct caex *caex, struct apc *apc) {
    enum error error = note_links(caex, apc);
    struct caex_node *root = caex_root(caex);
    for (struct caex_node *node = root; node != NULL && !error; node = caex_walk(root, node)) {
        if (node->kind != CAEX_INTERFACE || !refers_to(node, "/Channel")) continue;
        if (node->parent->kind == CAEX_ELEMENT) error = add_channel(apc, node->parent, node);
    }
    drop_senseless(apc, false);
    drop_senseless(apc, true);
    if (!error && apc->tags->count == 0)
        model_findings_add(apc->findings, true, 0, TEXT_EMPTY,
                           "no device in it has a channel: export the hardware with its I/O (AR APC)");
    return error;
}

enum error import_apc(const struct caex *caex, struct model_findings *findings, struct import_tags **ret_tags,
                      struct problem *ret_problem) {
    struct apc apc = {.tags = calloc(1, sizeof *apc.tags), .findings = findings, .linked = map_create()};
    if (apc.tags == NULL || apc.linked == NULL) {
        free(apc.tags);
        map_destroy(apc.linked);
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    }
    enum error error = read_channels(caex, &apc);
    map_destroy(apc.linked);
    return tags_finish(apc.tags, error, findings, ret_tags, ret_problem);
}
