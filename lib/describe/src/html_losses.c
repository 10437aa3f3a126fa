// What goes on and what stops when a part is lost, tier by tier and terminal by terminal, with the names of this plant.

#include "html.h"

#include <stdlib.h>

enum { NAMES_MAX = 60 }; // in one cell; a large plant has thousands

/// "a, b, c": how many were named before.
struct names {
    struct buffer *out;
    size_t count;
};

static void put_name(struct names *names, const struct plant_element *element, struct text what) {
    if (names->count++ >= NAMES_MAX) return;
    if (names->count > 1) buffer_string(names->out, ", ");
    html_put_name(element, names->out);
    if (what.length > 0) buffer_print(names->out, " (%.*s)", TEXT_ARG(what));
}

static void end_names(struct names *names) {
    if (names->count > NAMES_MAX) buffer_print(names->out, " and %zu more", names->count - NAMES_MAX);
    if (names->count == 0) buffer_string(names->out, "nothing");
}

// ---------------------------------------------------------------- parts of the sentences

enum rest { RESTS_OFF, RESTS_ON, RESTS_HELD, RESTS };

static enum rest rest_of(const struct plant_signal *signal) {
    if (signal->safe_state == SAFE_HOLD) return RESTS_HELD;
    bool boolean = signal->field.type == VALUE_BOOL;
    bool low = signal->field.range.given ? signal->safe_value <= signal->field.range.low : signal->safe_value == 0;
    return (boolean ? signal->safe_state == SAFE_FALSE : low) ? RESTS_OFF : RESTS_ON;
}

/// "Then off: Belt motor (right), ...; on: ...; as they were: ..."
static void put_outputs_at_rest(const struct plant *plant, struct buffer *out) {
    static const char *const words[RESTS] = {[RESTS_OFF] = "off", [RESTS_ON] = "on", [RESTS_HELD] = "as they were"};
    bool any = false;
    for (enum rest rest = RESTS_OFF; rest < RESTS; rest++) {
        struct names names = {.out = out};
        for (size_t i = 0; i < plant->signal_count; i++) {
            const struct plant_signal *signal = plant->signals[i];
            if (!signal->actuator || rest_of(signal) != rest) continue;
            if (names.count == 0) buffer_print(out, "%s%s: ", any ? "; " : "Then ", words[rest]);
            put_name(&names, signal->module, signal->name);
        }
        if (names.count > 0) end_names(&names), any = true;
    }
}

static void put_with_role(const struct plant *plant, const char *role, struct buffer *out) {
    struct names names = {.out = out};
    for (size_t i = 0; i < plant->element_count; i++)
        if (plant_has_role(plant->elements[i], text_of(role))) put_name(&names, plant->elements[i], TEXT_EMPTY);
    end_names(&names);
}

static size_t count_with_role(const struct plant *plant, const char *role) {
    size_t count = 0;
    for (size_t i = 0; i < plant->element_count; i++) count += plant_has_role(plant->elements[i], text_of(role));
    return count;
}

static void put_controllers(const struct plant *plant, struct buffer *out) {
    if (count_with_role(plant, "PidController") == 0) return;
    buffer_string(out, "; controllers in automatic go on: ");
    put_with_role(plant, "PidController", out);
}

static size_t count_calls(const struct inventory *inventory) {
    size_t count = 0;
    for (size_t i = 0; i < inventory->thing_count; i++)
        for (size_t c = 0; c < inventory->things[i].call_count; c++) count += inventory->things[i].calls[c].commanding;
    return count;
}

static bool has_wish(const struct plant_element *element) {
    for (size_t i = 0; i < element->signal_count; i++)
        if (element->signals[i]->on_true.length > 0 || element->signals[i]->on_false.length > 0) return true;
    return false;
}

// ---------------------------------------------------------------- tiers

struct page {
    const struct plant *plant;
    const struct describe_options *options;
    const struct inventory *inventory;
    const struct plant_element **interlocked; // modules with interlocks
    size_t interlocked_count;
};

static void cloud_works(const struct page *page, struct buffer *out) {
    buffer_print(out, "everything at %.*s: control, twins, functions, console",
                 TEXT_ARG(page->plant->station->display_name));
}

static void cloud_stops(const struct page *page, struct buffer *out) {
    (void)page;
    buffer_string(out, "whoever looks in from outside sees nothing new");
}

static void functions_work(const struct page *page, struct buffer *out) {
    buffer_print(
        out,
        "the edge with its interlocks; by hand, from console, twins and OPC UA, all %zu methods that move something",
        count_calls(page->inventory));
    put_controllers(page->plant, out);
}

static void functions_stop(const struct page *page, struct buffer *out) {
    (void)page;
    buffer_string(out, "no new step is begun. A function that comes back goes on from its twin");
}

static void twins_work(const struct page *page, struct buffer *out) {
    buffer_string(out, "the edge with its interlocks; the panel: ");
    struct names names = {.out = out};
    for (size_t i = 0; i < page->plant->element_count; i++) {
        const struct plant_element *element = page->plant->elements[i];
        bool local =
            plant_has_role(element, TEXT("EmergencyStop")) || plant_attribute(element, TEXT("Function")).length > 0;
        if (local) put_name(&names, element, TEXT_EMPTY);
    }
    end_names(&names);
    buffer_print(out, "; clients of OPC UA at %s", page->options->opcua_url);
}

static void twins_stop(const struct page *page, struct buffer *out) {
    buffer_string(out, "functions and console; wishes, which are for: ");
    struct names names = {.out = out};
    for (size_t i = 0; i < page->plant->element_count; i++)
        if (has_wish(page->plant->elements[i])) put_name(&names, page->plant->elements[i], TEXT_EMPTY);
    end_names(&names);
    buffer_string(out, ". Twins come back from the disk, no version is given twice");
}

static void gateway_works(const struct page *page, struct buffer *out) {
    buffer_string(out,
                  "the edge with its interlocks and its panel. After the soft time-out of the control authority it "
                  "takes no new command; after the hard one outputs go to their safe states, latched. ");
    put_outputs_at_rest(page->plant, out);
}

static void gateway_stops(const struct page *page, struct buffer *out) {
    buffer_print(out, "the %zu twins are marked as not current; wishes wait and expire", page->inventory->thing_count);
}

static void edge_works(const struct page *page, struct buffer *out) {
    buffer_string(out, "the emergency stop's own circuit; the terminals go to their safe states by themselves. ");
    put_outputs_at_rest(page->plant, out);
}

static void edge_stops(const struct page *page, struct buffer *out) {
    buffer_print(out, "all of %.*s; nothing moves before a reset and a fresh command",
                 TEXT_ARG(page->plant->station->display_name));
}

static const struct {
    const char *lost;
    void (*put_works)(const struct page *page, struct buffer *out);
    void (*put_stops)(const struct page *page, struct buffer *out);
} tiers[] = {
    {"the network to the cloud", cloud_works, cloud_stops},
    {"a function, or the functions service", functions_work, functions_stop},
    {"the twins, the HTTP interface or the bus", twins_work, twins_stop},
    {"the gateway, or the network to the edge", gateway_works, gateway_stops},
    {"the edge, or all of its terminals", edge_works, edge_stops},
};

// ---------------------------------------------------------------- terminals

/// What a module carries; true when the station cannot do without: an output, or an emergency stop.
static bool put_carried(const struct plant_element *module, struct names *names) {
    bool needed = false;
    for (size_t i = 0; i < module->channel_count; i++) {
        const struct plant_signal *signal = module->channels[i]->signal;
        if (signal == NULL) continue;
        put_name(names, signal->module, signal->name);
        needed = needed || signal->actuator || plant_has_role(signal->module, TEXT("EmergencyStop"));
    }
    return needed;
}

/// What is left of the station without inputs that it can do without.
static void put_left(const struct page *page, const struct plant_element *terminal, struct buffer *out) {
    buffer_string(out, "what does not need these: their values are bad, or stand in as the model says");
    CLEANUP(buffer_clear) struct buffer resting = {0};
    struct names names = {.out = &resting};
    for (size_t i = 0; i < page->interlocked_count; i++)
        if (html_looks_at(page->plant, page->interlocked[i], terminal))
            put_name(&names, page->interlocked[i], TEXT_EMPTY);
    end_names(&names);
    if (resting.failed) out->failed = true;
    if (names.count == 0) return;
    buffer_print(out, ". An interlock that cannot be read holds, so these rest: %.*s", TEXT_ARG(buffer_view(&resting)));
}

static void put_terminal(const struct page *page, const struct plant_element *terminal, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer lost = {0}, left = {0}, carried = {0};
    struct names names = {.out = &carried};
    bool needed = put_carried(terminal, &names);
    if (names.count == 0) return;
    end_names(&names);
    buffer_print(&lost, "the terminal %.*s", TEXT_ARG(terminal->name));
    if (needed)
        buffer_string(&left, "nothing: the station goes to its safe state, latched");
    else
        put_left(page, terminal, &left);
    buffer_string(out, "<tr>");
    html_cell(out, buffer_view(&lost));
    html_cell(out, buffer_view(&left));
    html_cell(out, buffer_view(&carried));
    buffer_string(out, "</tr>\n");
    if (lost.failed || left.failed || carried.failed) out->failed = true;
}

void html_losses(const struct plant *plant, const struct describe_options *options, const struct inventory *inventory,
                 struct buffer *out) {
    static const char *const heads[] = {"lost", "goes on", "stops", NULL};
    struct page page = {.plant = plant, .options = options, .inventory = inventory};
    CLEANUP(free_at) const struct plant_element **interlocked = calloc(plant->element_count, sizeof *interlocked);
    if (interlocked == NULL) {
        out->failed = true;
        return;
    }
    page.interlocked = interlocked;
    struct text any;
    for (size_t i = 0; i < plant->element_count; i++)
        if (plant_members(plant->elements[i], TEXT("Interlocks"), &any, 1) > 0)
            interlocked[page.interlocked_count++] = plant->elements[i];
    html_head(out, heads);
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++) {
        CLEANUP(buffer_clear) struct buffer works = {0}, stops = {0};
        tiers[i].put_works(&page, &works);
        tiers[i].put_stops(&page, &stops);
        if (works.failed || stops.failed) out->failed = true;
        buffer_string(out, "<tr>");
        html_cell(out, text_of(tiers[i].lost));
        html_cell(out, buffer_view(&works));
        html_cell(out, buffer_view(&stops));
        buffer_string(out, "</tr>\n");
    }
    for (size_t i = 0; i < plant->element_count; i++)
        if (plant->elements[i]->kind == PLANT_IO_MODULE) put_terminal(&page, plant->elements[i], out);
    html_tail(out);
}
