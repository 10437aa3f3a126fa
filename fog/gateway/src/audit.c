// A value that is not heard is not silently taken for true: what was told by nobody for a while is read, some of it at
// a time. A server may delete a node without a word, and its subscription then never tells of it again ([bus-4.17]).
#include "internal.h"
#include <stdlib.h>

enum {
    AUDIT_AGE_MS = 2500,   // not heard and not read for so long: read
    AUDIT_NODES_MAX = 1500 // at once: some milliseconds of a server's time
};

struct audit {
    struct gateway *gateway;
    size_t count;
    size_t leaves[AUDIT_NODES_MAX];
};

static bool is_unknown(status_code status) {
    return status == STATUS_BadNodeIdUnknown;
}

/// True when the connection must be made anew: a node is back, and nobody watches it.
static bool take(struct gateway *gateway, struct plan_leaf *leaf, const struct opcua_data *data) {
    leaf->audited_ns = clock_monotonic_ns();
    bool was_unknown = is_unknown(leaf->status);
    if (was_unknown != is_unknown(data->status)) {
        if (was_unknown) return true;
        struct opcua_data gone = {.status = data->status, .source_time_ns = (int64_t)clock_wall_ns()};
        log_warning("%s: %s is not there any more", leaf->thing->name, leaf->path);
        report_leaf(gateway, leaf, &gone);
    }
    return false;
}

static void audited(void *context, status_code status, const struct opcua_data *data, size_t count) {
    struct gateway *gateway = context;
    struct audit *audit = TAKE(gateway->audit);
    bool back = false;
    for (size_t i = 0; !status_is_bad(status) && i < count && i < audit->count; i++)
        back |= take(gateway, gateway->plan->leaves[audit->leaves[i]], &data[i]);
    free(audit);
    if (back) return link_again(gateway, "a node that had gone is there again");
    for (size_t i = 0; i < gateway->plan->thing_count; i++) report_flush(&gateway->twins[i]);
}

static bool is_due(const struct plan_leaf *leaf, uint64_t now_ns) {
    uint64_t last_ns = leaf->heard_ns > leaf->audited_ns ? leaf->heard_ns : leaf->audited_ns;
    return leaf->known && now_ns - last_ns > AUDIT_AGE_MS * NS_PER_MS;
}

/// In turn, so that none is forgotten when there are more than can be read.
static void gather(const struct gateway *gateway, struct audit *audit) {
    const struct plan *plan = gateway->plan;
    uint64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < plan->leaf_count && audit->count < AUDIT_NODES_MAX; i++) {
        size_t at = (gateway->audit_next + i) % plan->leaf_count;
        if (is_due(plan->leaves[at], now_ns)) audit->leaves[audit->count++] = at;
    }
}

void audit_tick(struct gateway *gateway) {
    if (gateway->state != LINK_LIVE || gateway->audit != NULL) return;
    struct audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL) return; // the next tick
    gather(gateway, audit);
    struct opcua_node *nodes = audit->count == 0 ? NULL : calloc(audit->count, sizeof *nodes);
    if (nodes == NULL) return free(audit);
    for (size_t i = 0; i < audit->count; i++) nodes[i] = plan_node_view(&gateway->plan->leaves[audit->leaves[i]]->node);
    gateway->audit_next = audit->leaves[audit->count - 1] + 1;
    gateway->audit = audit;
    if (opcua_client_read(gateway->client, nodes, audit->count, audited, gateway)) audit_stop(gateway);
    free(nodes);
}

void audit_stop(struct gateway *gateway) {
    free(gateway->audit);
    gateway->audit = NULL;
}
