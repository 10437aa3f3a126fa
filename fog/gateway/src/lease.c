// Control authority: the gateway holds the station's lock while it is connected, and renews it well within the soft
// time-out. Wishes wait while it is not held; a command is refused by the edge (docs/spec/opcua.md, "Control
// authority").
#include "internal.h"
#include <stdlib.h>

enum { LEASE_RENEWALS = 4 }; // per soft time-out: three may fail before it passes

static void lease_set(struct gateway *gateway, enum lease_state state, const char *why) {
    if (gateway->lease == state) return;
    gateway->lease = state;
    log_info("control authority %s%s%s", state == LEASE_HELD ? "held" : "not held", why[0] ? ": " : "", why);
    gateway_tell(gateway);
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) wish_next(&gateway->twins[i]);
}

static void lease_answered(void *context, status_code status, const struct value *outputs, size_t count) {
    struct gateway *gateway = context;
    char name[STATUS_NAME_BYTES];
    if (gateway->state != LINK_LIVE) return;
    if (status_is_bad(status) || count == 0 || outputs[0].type != VALUE_INT32)
        return lease_set(gateway, LEASE_LOST, status_name(status, name));
    if (outputs[0].int32 == 0) return lease_set(gateway, LEASE_HELD, "");
    lease_set(gateway, LEASE_LOST, "another session holds it, or it was not renewed in time");
}

static void lease_call(struct gateway *gateway, const char *method, const struct value *inputs, size_t count) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_print(&path, "%s/%s", gateway->plan->lock.string, method);
    struct opcua_node object = plan_node_view(&gateway->plan->lock);
    struct opcua_node node = {.namespace_index = object.namespace_index, .string = buffer_view(&path)};
    enum error error = opcua_client_call(gateway->client, &object, &node, inputs, count, lease_answered, gateway);
    if (error) lease_set(gateway, LEASE_LOST, error_text(error));
}

static void lease_tick(void *context) {
    struct gateway *gateway = context;
    if (gateway->state != LINK_LIVE || gateway->plan->lock.string == NULL) return;
    struct value who = {.type = VALUE_STRING, .string = TEXT("gateway")};
    if (gateway->lease == LEASE_HELD)
        lease_call(gateway, "RenewLock", NULL, 0);
    else
        lease_call(gateway, "InitLock", &who, 1);
}

void lease_unknown(struct gateway *gateway) {
    if (gateway->plan->lock.string != NULL) lease_set(gateway, LEASE_UNKNOWN, "the edge is silent");
}

void lease_start(struct gateway *gateway) {
    uint64_t period_ns = (uint64_t)(gateway->site->edge.lease_soft_s * 1e9 / LEASE_RENEWALS);
    gateway->lease = LEASE_NONE;
    if (gateway->plan->lock.string == NULL) { // a server without our locking: nothing to hold
        gateway->lease = LEASE_HELD;
        gateway_tell(gateway);
        return;
    }
    gateway->lease_timer = loop_timer(gateway->loop, 0, period_ns, lease_tick, gateway);
    if (gateway->lease_timer == NULL) log_error("control authority: no timer; wishes will wait");
}

void lease_stop(struct gateway *gateway) {
    loop_timer_cancel(gateway->lease_timer);
    gateway->lease_timer = NULL;
    gateway->lease = LEASE_NONE;
}
