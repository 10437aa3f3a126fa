/// What the gateway has learnt of an edge by browsing: its things, their values and methods. Built by browse.c,
/// immutable afterwards except for the live values.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/value.h>
#include <opcua/client.h>

enum { PLAN_ARGUMENTS_MAX = 8, PLAN_NAME_BYTES = 256 };

/// A NodeId that owns its text.
struct plan_node {
    uint16_t namespace_index;
    uint32_t numeric; // used when `string` is empty
    char *string;
};

struct plan_thing;

/// One value below a thing.
struct plan_leaf {
    char *path; // below the thing: "motor/direction/left/state"
    struct plan_node node;
    struct plan_thing *thing;
    char *on_true, *on_false; // "setDirection(1)"; NULL: a wish is rejected
    bool actuator;            // has one of them
    double max_age_s;         // what is not heard for longer is stale; 0: it may stay as it is for ever
    double time_to_live_s;    // of a wish; 0: the site's
    struct value value;       // of the last notification; its string is `text`
    char *text;
    status_code status;
    int64_t source_time_ns;
    uint64_t bad_since_ns;     // wall; when it was last good, or first looked for; only while it is not good
    uint64_t heard_ns;         // monotonic; the last notification
    uint64_t audited_ns;       // monotonic; when it was last read
    bool stale;                // not heard for longer than its maximum age
    bool known;                // there has been a notification
    bool dirty;                // not yet reported
    bool source_dirty;         // its source time is not told yet
    bool sent;                 // in the update that is under way
    bool changed;              // dirty because of a change: neither the first value nor one told again
    uint64_t told_version;     // of the twin, with the last update of ours that told it; 0: none
    uint64_t disputed_version; // of the last one with another value while ours is under way; 0: none
};

struct plan_method {
    char *path; // "motor/setDirection"
    struct plan_node object, node;
    char *input_names[PLAN_ARGUMENTS_MAX];
    enum value_type input_types[PLAN_ARGUMENTS_MAX];
    size_t input_count;
    char *output_names[PLAN_ARGUMENTS_MAX];
    size_t output_count;
};

struct plan_thing {
    char *name;
    struct plan_leaf **leaves; // sorted by path
    size_t leaf_count;
    struct plan_method **methods;
    size_t method_count;
    size_t index;
};

struct plan {
    struct plan_thing **things;
    size_t thing_count;
    struct plan_thing *controller; // the thing whose type is a ControllerType; NULL when there is none
    struct plan_leaf *heartbeat;   // its `Clock`; NULL: none
    struct plan_leaf **leaves;     // all; the index is the item of the subscription
    size_t leaf_count;
    struct plan_node lock; // the station's Lock object; string NULL when there is none
};

struct plan *plan_create(void);
void plan_destroy(struct plan *plan); // NULL is fine
CLEANUP_DEFINE(struct plan, plan_destroy)

struct plan_thing *plan_add_thing(struct plan *plan, struct text name);
struct plan_leaf *plan_add_leaf(struct plan *plan, struct plan_thing *thing, struct text path,
                                const struct opcua_node *node);
struct plan_method *plan_add_method(struct plan_thing *thing, struct text path, const struct opcua_node *object,
                                    const struct opcua_node *node);
/// Sorts the leaves of every thing by path. Once, when browsing has ended.
void plan_sort(struct plan *plan);

struct plan_thing *plan_find_thing(const struct plan *plan, struct text name);
struct plan_leaf *plan_find_leaf(const struct plan_thing *thing, struct text path);
struct plan_method *plan_find_method(const struct plan_thing *thing, struct text path);
/// False for what can be no name of a node on the path: nothing, or something with a '/'.
bool plan_is_name(struct text name);
/// True when "a/b" stands below `above` "a"; everything stands below "".
bool plan_is_below(const char *path, struct text above);
/// True when a value or a method stands somewhere below `path`.
bool plan_has_below(const struct plan_thing *thing, struct text path);
/// The method `name` of the nearest object above the value at `leaf_path`; NULL when there is none.
struct plan_method *plan_method_above(const struct plan_thing *thing, struct text leaf_path, struct text name);

bool plan_node_copy(struct plan_node *copy, const struct opcua_node *node);
struct opcua_node plan_node_view(const struct plan_node *node);
