// Control authority: the gateway holds the station's lock while it is connected, and renews it well within the soft
// time-out. Wishes wait while it is not held; a command is refused by the edge (docs/spec/opcua.md, "Control
// authority").
#include "internal.h"
#include <stdlib.h>
#include <string.h>

enum { LEASE_RENEWALS = 4 }; // per soft time-out: three may fail before it passes

static void lease_set(struct gateway *gateway, enum lease_state state, const char *why) {
    if (gateway->lease == state && strcmp(gateway->lease_reason, why) == 0) return;
    bool told_before = gateway->lease == state && state != LEASE_HELD;
    gateway->lease = state;
    snprintf(gateway->lease_reason, sizeof gateway->lease_reason, "%s", why);
    if (!told_before || why[0] != '\0')
        log_info("control authority %s%s%s", state == LEASE_HELD ? "held" : "not held", why[0] ? ": " : "", why);
    gateway_tell(gateway);
    for (size_t i = 0; gateway->plan != NULL && i < gateway->plan->thing_count; i++) wish_next(&gateway->twins[i]);
}

static void lease_refused(struct gateway *gateway, status_code status) {
    char name[STATUS_NAME_BYTES], why[GATEWAY_REASON_BYTES];
    snprintf(why, sizeof why, "the edge does not grant it (%s)", status_name(status, name));
    lease_set(gateway, LEASE_LOST, why);
}

static bool has_answer(const struct value *outputs, size_t count) {
    return count > 0 && outputs[0].type == VALUE_INT32;
}

static enum error lease_call(struct gateway *gateway, const char *method, const struct value *inputs, size_t count,
                             opcua_call_fn *answered) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_print(&path, "%s/%s", gateway->plan->lock.string, method);
    if (path.failed) return ERROR_NO_MEMORY;
    struct opcua_node object = plan_node_view(&gateway->plan->lock);
    struct opcua_node node = {.namespace_index = object.namespace_index, .string = buffer_view(&path)};
    return opcua_client_call(gateway->client, &object, &node, inputs, count, answered, gateway);
}

static struct text text_of_data(const struct opcua_data *data) {
    bool given = !status_is_bad(data->status) && data->value.type == VALUE_STRING;
    return given ? data->value.string : TEXT_EMPTY;
}

static void holder_read(void *context, status_code status, const struct opcua_data *data, size_t count) {
    struct gateway *gateway = context;
    if (gateway->state != LINK_LIVE || gateway->lease == LEASE_HELD) return;
    bool read = !status_is_bad(status) && count == 2;
    struct text user = read ? text_of_data(&data[0]) : TEXT_EMPTY, client = read ? text_of_data(&data[1]) : TEXT_EMPTY;
    char why[GATEWAY_REASON_BYTES] = "another session holds it";
    if (user.length > 0)
        snprintf(why, sizeof why, "the user '%.*s' holds it, in a session of %.*s", TEXT_ARG(user), TEXT_ARG(client));
    lease_set(gateway, LEASE_LOST, why);
}

/// Another session holds it: whose? (OPC 10000-100, 7: properties of the Lock)
static void ask_holder(struct gateway *gateway) {
    CLEANUP(buffer_clear) struct buffer user = {0}, client = {0};
    buffer_print(&user, "%s/LockingUser", gateway->plan->lock.string);
    buffer_print(&client, "%s/LockingClient", gateway->plan->lock.string);
    uint16_t space = gateway->plan->lock.namespace_index;
    const struct opcua_node nodes[] = {{.namespace_index = space, .string = buffer_view(&user)},
                                       {.namespace_index = space, .string = buffer_view(&client)}};
    if (user.failed || client.failed || opcua_client_read(gateway->client, nodes, 2, holder_read, gateway))
        lease_set(gateway, LEASE_LOST, "another session holds it");
}

static void init_answered(void *context, status_code status, const struct value *outputs, size_t count) {
    struct gateway *gateway = context;
    if (gateway->state != LINK_LIVE) return;
    if (status_is_bad(status) || !has_answer(outputs, count)) return lease_refused(gateway, status);
    if (outputs[0].int32 != 0) return ask_holder(gateway);
    gateway->lease_renewed_ns = clock_monotonic_ns();
    lease_set(gateway, LEASE_HELD, "");
}

/// -1 says only that this session does not hold it any more. It was renewed too late, or else somebody broke it.
static void renewal_refused(struct gateway *gateway) {
    char why[GATEWAY_REASON_BYTES];
    double age_s = (double)(clock_monotonic_ns() - gateway->lease_renewed_ns) / (double)NS_PER_S;
    double soft_s = gateway->site->edge.lease_soft_s;
    if (age_s > soft_s)
        snprintf(why, sizeof why, "it was renewed too late: after %.2f s, the soft time-out is %.2f s", age_s, soft_s);
    else
        snprintf(why, sizeof why, "it was taken from this session (BreakLock), %.2f s after it was renewed", age_s);
    lease_set(gateway, LEASE_LOST, why);
}

static void renew_answered(void *context, status_code status, const struct value *outputs, size_t count) {
    struct gateway *gateway = context;
    if (gateway->state != LINK_LIVE) return;
    if (status_is_bad(status) || !has_answer(outputs, count)) return lease_refused(gateway, status);
    if (outputs[0].int32 != 0) return renewal_refused(gateway);
    gateway->lease_renewed_ns = clock_monotonic_ns();
    lease_set(gateway, LEASE_HELD, "");
}

static void lease_tick(void *context) {
    struct gateway *gateway = context;
    if (gateway->state != LINK_LIVE || gateway->plan->lock.string == NULL) return;
    struct value who = {.type = VALUE_STRING, .string = TEXT("gateway")};
    enum error error = gateway->lease == LEASE_HELD ? lease_call(gateway, "RenewLock", NULL, 0, renew_answered)
                                                    : lease_call(gateway, "InitLock", &who, 1, init_answered);
    if (error) lease_set(gateway, LEASE_LOST, error_text(error));
}

void lease_unknown(struct gateway *gateway) {
    if (gateway->plan->lock.string != NULL) lease_set(gateway, LEASE_UNKNOWN, "the edge is silent");
}

void lease_start(struct gateway *gateway) {
    uint64_t period_ns = (uint64_t)(gateway->site->edge.lease_soft_s * 1e9 / LEASE_RENEWALS);
    gateway->lease = LEASE_NONE;
    gateway->lease_reason[0] = '\0';
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
