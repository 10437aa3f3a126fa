// Signals of core modules, channels of I/O modules, and where channels lie in the process image.
#include "data_type.h"
#include "plant.h"

#include <stdlib.h>
#include <string.h>

enum { IMAGE_BYTES_MAX = 64 * 1024, CHANNEL_BITS_MAX = 32 }; // of a process image; a Revolution Pi has 4096 bytes

bool plant_interface_is(const struct store *store, const struct scope *interface, enum known_interface kind) {
    return caex_is_a(scope_class(interface, CAEX_INTERFACE), store->interfaces[kind]);
}

uint32_t plant_scope_number(struct store *store, const struct scope *owner, struct text path, uint32_t otherwise) {
    struct scope attribute = scope_find(owner, path);
    struct text value;
    uint64_t number;
    if (!scope_value(&attribute, &value)) return otherwise;
    if (!text_to_u64(text_trim(value), &number) && number <= UINT32_MAX) return (uint32_t)number;
    if (!attribute.nodes[0]->bad)
        caex_error(&store->caex, attribute.nodes[0], "'%.*s' is not a whole number from 0 to 4294967295",
                   TEXT_ARG(value));
    return otherwise;
}

bool plant_scope_true(const struct scope *owner, struct text path) {
    struct text value = text_trim(scope_text(owner, path));
    return text_is(value, "true") || text_is(value, "1");
}

// ---------------------------------------------------------------- signals

static bool is_twin_path(struct text path) {
    struct text segment;
    if (path.length == 0 || path.data[path.length - 1] == '/') return false;
    while (text_split(&path, '/', &segment))
        if (!plant_is_name(segment, false)) return false;
    return true;
}

/// The interface must be one that the class has: otherwise nobody serves it.
static void check_declared(struct store *store, const struct element *element, const struct scope *interface) {
    struct caex_node *node = interface->nodes[0];
    const struct scope *module = &element->scope;
    if (element->shown.class == NULL) return;
    if (interface->count < 2 || interface->nodes[1]->kind != CAEX_INTERFACE) {
        const struct caex_node *classes[SCOPE_MAX];
        for (size_t i = 1; i < module->count; i++) classes[i - 1] = module->nodes[i];
        caex_error(&store->caex, node, "class %.*s has no signal '%.*s'%s", TEXT_ARG(element->shown.class->name),
                   TEXT_ARG(node->name),
                   caex_hint_child(&store->caex, node->name, CAEX_INTERFACE, classes, module->count - 1));
        return;
    }
    const struct caex_node *declared = interface->nodes[1]->base;
    if (node->base != NULL && declared != NULL && !caex_is_a(node->base, declared))
        caex_error(&store->caex, node, "its class is %.*s here, but %.*s in class %.*s", TEXT_ARG(node->base->name),
                   TEXT_ARG(declared->name), TEXT_ARG(element->shown.class->name));
}

static void check_signal(struct store *store, const struct element *element, const struct scope *interface) {
    struct caex_node *node = interface->nodes[0];
    plant_check_name(store, node, false);
    check_declared(store, element, interface);
    if (element->shown.kind != PLANT_CORE_MODULE)
        caex_error(&store->caex, node, "a signal belongs to a core module; '%.*s' is none",
                   TEXT_ARG(element->shown.name));
    if (!plant_interface_is(store, interface, INTERFACE_SENSOR) &&
        !plant_interface_is(store, interface, INTERFACE_ACTUATOR))
        caex_error(&store->caex, node, "is neither a SensorSignal nor an ActuatorSignal; make it one of them");
    struct text path = scope_text(interface, TEXT("TwinPath"));
    if (!is_twin_path(path))
        caex_error(&store->caex, node, "TwinPath '%.*s' must be names with / between them", TEXT_ARG(path));
    const struct caex_node *safe = caex_child(node, CAEX_ATTRIBUTE, TEXT("SafeState"));
    if (safe != NULL && !plant_interface_is(store, interface, INTERFACE_ACTUATOR))
        caex_warning(&store->caex, safe, "only an output has a safe state, '%.*s' is an input; remove it",
                     TEXT_ARG(node->name));
    if (node->id.length == 0)
        caex_error(&store->caex, node, "the signal has no ID, so it cannot be wired; give it a UUID");
}

static enum error add_signal(struct store *store, struct element *element, const struct scope *interface) {
    struct signal *signal = arena_take(&store->caex.arena, sizeof *signal);
    if (signal == NULL) return ERROR_NO_MEMORY;
    struct caex_node *node = interface->nodes[0];
    node->meaning = signal;
    check_signal(store, element, interface);
    signal->node = node;
    signal->told = node->id.length == 0;
    signal->shown = (struct plant_signal){
        .name = node->name,
        .twin_path = scope_text(interface, TEXT("TwinPath")),
        .module = &element->shown,
        .actuator = plant_interface_is(store, interface, INTERFACE_ACTUATOR),
        .on_true = text_trim(scope_text(interface, TEXT("Desired/OnTrue"))),
        .on_false = text_trim(scope_text(interface, TEXT("Desired/OnFalse"))),
        .on_value = text_trim(scope_text(interface, TEXT("Desired/OnValue"))),
        .index = store->all_signals.count,
    };
    plant_read_point(store, interface, &signal->shown);
    return list_add(&store->all_signals, signal) ? ERROR_NONE : ERROR_NO_MEMORY;
}

// ---------------------------------------------------------------- channels

/// First bit of the channel, counted from the beginning of the image; 0 with a finding when it lies outside.
static uint64_t first_bit(struct store *store, const struct element *element, const struct scope *interface,
                          uint32_t bits) {
    const struct caex_node *node = interface->nodes[0];
    uint32_t number = plant_scope_number(store, interface, TEXT("Number"), 0);
    uint32_t own = plant_scope_number(store, interface, TEXT("StartAddress"), UINT32_MAX);
    uint32_t module = plant_scope_number(store, &element->scope, TEXT("Address/StartAddress"), UINT32_MAX);
    uint32_t start = own != UINT32_MAX ? own : module;
    if (start == UINT32_MAX) {
        caex_error(&store->caex, node,
                   "has no StartAddress, and its module has none in Address; give it to one of them");
        return 0;
    }
    uint64_t first = (uint64_t)start * 8 + number;
    if (first + bits > (uint64_t)IMAGE_BYTES_MAX * 8) {
        caex_error(&store->caex, node, "ends behind byte %d, the last of a process image", IMAGE_BYTES_MAX - 1);
        return 0;
    }
    uint32_t length = plant_scope_number(store, &element->scope, TEXT("Address/Length"), UINT32_MAX);
    if (own == UINT32_MAX && (uint64_t)number + bits > length)
        caex_error(&store->caex, node, "Number %u and Length %u lie outside of the module's Length, %u bits", number,
                   bits, length);
    return first;
}

static enum plant_encoding encoding_of(struct store *store, const struct scope *interface, uint32_t bits) {
    static const struct {
        const char *word;
        enum plant_encoding encoding;
    } rows[] = {{"unsigned", ENCODING_UNSIGNED}, {"signed", ENCODING_SIGNED}, {"float", ENCODING_FLOAT}};
    struct scope attribute = scope_enter(interface, TEXT("Encoding"));
    struct text word;
    if (!scope_value(&attribute, &word)) return ENCODING_UNSIGNED;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!text_is(word, rows[i].word)) continue;
        if (rows[i].encoding == ENCODING_FLOAT && bits != 32)
            caex_error(&store->caex, interface->nodes[0], "a float has a Length of 32 bits, not %u", bits);
        return rows[i].encoding;
    }
    if (!attribute.nodes[0]->bad)
        caex_error(&store->caex, attribute.nodes[0], "Encoding '%.*s' is none of unsigned, signed, float",
                   TEXT_ARG(word));
    return ENCODING_UNSIGNED;
}

static bool is_output(struct store *store, const struct scope *interface) {
    bool input = plant_interface_is(store, interface, INTERFACE_INPUT);
    bool output = plant_interface_is(store, interface, INTERFACE_OUTPUT);
    struct text type = scope_text(interface, TEXT("IoType"));
    if (!input && !output) {
        caex_error(&store->caex, interface->nodes[0],
                   "is neither an InputChannel nor an OutputChannel; make it one of "
                   "them");
        return false;
    }
    if (type.length > 0 && !text_is(type, output ? "Output" : "Input"))
        caex_error(&store->caex, interface->nodes[0], "is an %s, but its IoType says '%.*s'",
                   output ? "OutputChannel" : "InputChannel", TEXT_ARG(type));
    return output;
}

static enum error add_channel(struct store *store, struct element *element, const struct scope *interface) {
    struct channel *channel = arena_take(&store->caex.arena, sizeof *channel);
    if (channel == NULL) return ERROR_NO_MEMORY;
    struct caex_node *node = interface->nodes[0];
    node->meaning = channel;
    channel->node = node;
    plant_check_name(store, node, false);
    bool controller = element->shown.kind == PLANT_THING && plant_has_role(&element->shown, TEXT("Controller"));
    if (element->shown.kind != PLANT_IO_MODULE && !controller)
        caex_error(&store->caex, node, "a channel belongs to an I/O module or the controller; '%.*s' is neither",
                   TEXT_ARG(element->shown.name));
    uint32_t bits = plant_scope_number(store, interface, TEXT("Length"), 1);
    if (bits == 0 || bits > CHANNEL_BITS_MAX)
        caex_error(&store->caex, node, "a channel has a Length of 1 to %d bits, not %u", CHANNEL_BITS_MAX, bits);
    uint64_t first = first_bit(store, element, interface, bits);
    channel->shown = (struct plant_channel){
        .name = node->name,
        .description = scope_own_description(interface),
        .module = &element->shown,
        .output = is_output(store, interface),
        .byte = (uint32_t)(first / 8),
        .bit = (uint8_t)(first % 8),
        .bits = bits,
        .encoding = encoding_of(store, interface, bits),
    };
    return list_add(&store->all_channels, channel) ? ERROR_NONE : ERROR_NO_MEMORY;
}

static int by_address(const void *a, const void *b) {
    const struct plant_channel *first = *(const struct plant_channel *const *)a;
    const struct plant_channel *second = *(const struct plant_channel *const *)b;
    if (first->byte != second->byte) return first->byte < second->byte ? -1 : 1;
    if (first->bit != second->bit) return first->bit < second->bit ? -1 : 1;
    unsigned first_line = ((const struct channel *)first)->node->line;
    unsigned second_line = ((const struct channel *)second)->node->line;
    return (first_line > second_line) - (first_line < second_line);
}

static uint64_t end_of(const struct plant_channel *channel) {
    return (uint64_t)channel->byte * 8 + channel->bit + channel->bits;
}

static void tell_clash(struct store *store, const struct plant_channel *channel, const struct plant_channel *before) {
    const struct channel *whole = (const struct channel *)channel;
    caex_error(&store->caex, whole->node,
               "lies at byte %u bit %u, where channel '%.*s' of '%.*s' is; change Number or "
               "StartAddress",
               channel->byte, channel->bit, TEXT_ARG(before->name), TEXT_ARG(before->module->path));
}

enum error plant_check_addresses(struct store *store) {
    size_t count = store->all_channels.count;
    if (count == 0) return ERROR_NONE;
    CLEANUP(free_at) const struct plant_channel **sorted = calloc(count, sizeof *sorted);
    if (sorted == NULL) return ERROR_NO_MEMORY;
    memcpy(sorted, store->all_channels.items, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_address);
    const struct plant_channel *furthest = sorted[0]; // of those before, the one that ends last
    for (size_t i = 1; i < count; i++) {
        const struct plant_channel *channel = sorted[i];
        if ((uint64_t)channel->byte * 8 + channel->bit < end_of(furthest)) tell_clash(store, channel, furthest);
        if (end_of(channel) > end_of(furthest)) furthest = channel;
    }
    return ERROR_NONE;
}

// ---------------------------------------------------------------- all of an element

static enum error add_interface(struct store *store, struct element *element, const struct scope *interface) {
    if (plant_interface_is(store, interface, INTERFACE_SIGNAL)) return add_signal(store, element, interface);
    if (plant_interface_is(store, interface, INTERFACE_CHANNEL)) return add_channel(store, element, interface);
    return ERROR_NONE; // documents, geometry: not ours
}

/// The element's own are the last ones of the list.
static enum error keep_tail(struct store *store, const struct list *all, size_t from, const void **ret_items,
                            size_t *ret_count) {
    if (all->count == from) return ERROR_NONE;
    struct list tail = {.items = all->items + from, .count = all->count - from};
    *ret_items = list_keep(&tail, &store->caex.arena);
    if (*ret_items == NULL) return ERROR_NO_MEMORY;
    *ret_count = tail.count;
    return ERROR_NONE;
}

static enum error make_interfaces(struct store *store, struct element *element) {
    size_t signals = store->all_signals.count, channels = store->all_channels.count;
    struct caex_node *node = caex_first(element->node, CAEX_INTERFACE);
    for (; node != NULL; node = caex_next(node)) {
        if (caex_master(node) != NULL) continue; // a second view of another interface
        struct scope interface = scope_of(node);
        enum error error = add_interface(store, element, &interface);
        if (error) return error;
    }
    struct plant_element *shown = &element->shown;
    enum error error =
        keep_tail(store, &store->all_signals, signals, (const void **)&shown->signals, &shown->signal_count);
    if (error) return error;
    return keep_tail(store, &store->all_channels, channels, (const void **)&shown->channels, &shown->channel_count);
}

enum error plant_make_io(struct store *store) {
    for (size_t i = 0; i < store->all_elements.count; i++) {
        enum error error = make_interfaces(store, store->all_elements.items[i]);
        if (error) return error;
    }
    return ERROR_NONE;
}
