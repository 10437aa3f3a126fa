// Which signal is on which channel: the links of the station.
#include "plant.h"

enum side { SIDE_A, SIDE_B };

/// What a side of a link leads to; both NULL when that is something else.
struct partner {
    const struct caex_node *node; // NULL: nothing, and told
    struct signal *signal;
    struct channel *channel;
};

static bool in_station(const struct store *store, const struct caex_node *node) {
    const struct caex_node *station = ((const struct element *)store->plant.station)->node;
    while (node != NULL && node != station) node = node->parent;
    return node != NULL;
}

static struct partner find_partner(struct store *store, const struct caex_node *link, enum side side) {
    struct caex_node *node = side == SIDE_A ? link->partner_a : link->partner_b;
    char letter = side == SIDE_A ? 'A' : 'B';
    struct partner none = {0};
    if (node == NULL) return none; // has a finding
    if (node->kind != CAEX_INTERFACE) {
        caex_error(&store->caex, link,
                   "side %c is '%.*s' in line %u, which is no ExternalInterface; use the ID of one of "
                   "its interfaces",
                   letter, TEXT_ARG(node->name), node->line);
        return none;
    }
    if (!in_station(store, node)) {
        caex_error(&store->caex, link,
                   "side %c is '%.*s' in line %u, which is not in the station but perhaps in a class; "
                   "use the ID of an instance's interface",
                   letter, TEXT_ARG(node->name), node->line);
        return none;
    }
    struct scope interface = scope_of(node);
    struct partner partner = {.node = node};
    if (plant_interface_is(store, &interface, INTERFACE_SIGNAL))
        partner.signal = node->meaning;
    else if (plant_interface_is(store, &interface, INTERFACE_CHANNEL))
        partner.channel = node->meaning;
    return partner;
}

static void join(struct store *store, const struct caex_node *link, struct signal *signal, struct channel *channel) {
    struct caex *caex = &store->caex;
    struct plant_signal *s = &signal->shown;
    struct plant_channel *c = &channel->shown;
    if (s->channel != NULL)
        caex_error(caex, link, "signal '%.*s' of '%.*s' is wired to '%.*s' already; remove one of the links",
                   TEXT_ARG(s->name), TEXT_ARG(s->module->path), TEXT_ARG(s->channel->name));
    else if (c->signal != NULL)
        caex_error(caex, link, "channel '%.*s' is in use by signal '%.*s' of '%.*s' already; choose a free one",
                   TEXT_ARG(c->name), TEXT_ARG(c->signal->name), TEXT_ARG(c->signal->module->path));
    else if (s->actuator != c->output)
        caex_error(caex, link, "the %s '%.*s' of '%.*s' cannot be wired to the %s channel '%.*s'",
                   s->actuator ? "actuator" : "sensor", TEXT_ARG(s->name), TEXT_ARG(s->module->path),
                   c->output ? "output" : "input", TEXT_ARG(c->name));
    else if (s->field.type == VALUE_BOOL && c->bits != 1)
        caex_error(caex, link, "the signal '%.*s' of '%.*s' is one bit, but the channel '%.*s' has %u",
                   TEXT_ARG(s->name), TEXT_ARG(s->module->path), TEXT_ARG(c->name), c->bits);
    else if (s->field.type != VALUE_BOOL && (c->bits < 2 || c->bits > 32))
        caex_error(caex, link,
                   "the signal '%.*s' of '%.*s' is a number, but the channel '%.*s' has %u bit%s, not 2 to 32",
                   TEXT_ARG(s->name), TEXT_ARG(s->module->path), TEXT_ARG(c->name), c->bits, c->bits == 1 ? "" : "s");
    else {
        s->channel = c;
        c->signal = s;
    }
}

static void make_wire(struct store *store, const struct caex_node *link) {
    struct partner a = find_partner(store, link, SIDE_A), b = find_partner(store, link, SIDE_B);
    if (a.signal != NULL) a.signal->told = true; // whatever is wrong with its wire is told here
    if (b.signal != NULL) b.signal->told = true;
    if (a.node == NULL || b.node == NULL) return;
    if (a.signal == NULL && a.channel == NULL && b.signal == NULL && b.channel == NULL) return; // joins other things
    if (a.channel != NULL && b.signal != NULL)
        caex_error(&store->caex, link, "side A is the channel and side B the signal; exchange them");
    else if (a.signal == NULL || b.channel == NULL)
        caex_error(&store->caex, link,
                   "a wire joins a signal (side A) with a channel (side B); '%.*s' and '%.*s' are "
                   "not that",
                   TEXT_ARG(a.node->name), TEXT_ARG(b.node->name));
    else
        join(store, link, a.signal, b.channel);
}

void plant_make_wires(struct store *store) {
    struct caex_node *station = ((const struct element *)store->plant.station)->node;
    for (struct caex_node *node = station; node != NULL; node = caex_walk(station, node))
        if (node->kind == CAEX_LINK) make_wire(store, node);
    for (size_t i = 0; i < store->all_signals.count; i++) {
        const struct signal *signal = store->all_signals.items[i];
        if (signal->shown.channel != NULL || signal->told) continue;
        caex_error(&store->caex, signal->node,
                   "the signal '%.*s' has no wire; add an InternalLink with its ID as side A "
                   "and a free channel as side B",
                   TEXT_ARG(signal->shown.name));
    }
}
