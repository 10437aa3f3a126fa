// Stations stand below Objects, things below stations, everything below things; types decide, never names of instances.
//
// Each request carries a `struct step`. `waiting` counts steps under way; when it reaches 0 a phase is over:
//   NODES (browse the tree) -> PROPERTIES (read those of all variables at once) -> done
#include "browse.h"
#include <base/log.h>
#include <stdlib.h>
#include <string.h>

/// What a type says of its objects.
enum type_kind { TYPE_OTHER, TYPE_THING, TYPE_CONTROLLER, TYPE_STATION, TYPE_CHANNEL };

/// A property whose value is wanted: of which leaf, and where it goes.
struct wanted {
    struct plan_node node;
    char **text; // one of the two
    double *number;
    struct plan_leaf *leaf;
};

struct browse {
    struct opcua_client *client;
    const struct site_server *server; // with rules; NULL: types decide
    bool *found;                      // which of its things are there
    struct plan *plan;
    browse_done_fn *done;
    void *context;
    struct wanted *wanted;
    size_t wanted_count;
    struct step *steps; // under way, so that a cancelled browse leaves nothing behind
    size_t waiting;
    char reason[160]; // the first failure
};

/// Deeper than any twin; what a foreign server has in circles ends here.
enum { BROWSE_DEPTH_MAX = 8, BROWSE_LEAVES_MAX = 100 * 1000 };

enum step_place { AT_OBJECTS, AT_RULES, AT_STATION, AT_THING, AT_VARIABLE, AT_METHOD };

struct step {
    struct browse *browse;
    struct step *next, **link; // in browse->steps
    enum step_place place;
    struct plan_node node; // browsed
    char *name;            // of an object whose type is being looked up
    char *path;            // below the thing; NULL: the thing itself; of AT_RULES: below the Objects folder
    struct plan_thing *thing;
    struct plan_leaf *leaf;
    struct plan_method *method;
};

static void step_destroy(struct step *step) {
    *step->link = step->next;
    if (step->next != NULL) step->next->link = step->link;
    free(step->node.string);
    free(step->name);
    free(step->path);
    free(step);
}

static struct step *step_create(struct browse *browse, enum step_place place, const struct opcua_node *node) {
    struct step *step = calloc(1, sizeof *step);
    if (step == NULL) return NULL;
    step->browse = browse;
    step->place = place;
    step->next = browse->steps;
    step->link = &browse->steps;
    if (step->next != NULL) step->next->link = &step->next;
    browse->steps = step;
    if (node != NULL && !plan_node_copy(&step->node, node)) {
        step_destroy(step);
        return NULL;
    }
    return step;
}

static void browse_destroy(struct browse *browse) {
    while (browse->steps != NULL) step_destroy(browse->steps);
    for (size_t i = 0; i < browse->wanted_count; i++) free(browse->wanted[i].node.string);
    free(browse->wanted);
    free(browse->found);
    plan_destroy(browse->plan);
    free(browse);
}

static void fail(struct browse *browse, const char *reason) {
    if (browse->reason[0] == '\0') snprintf(browse->reason, sizeof browse->reason, "%s", reason);
}

static void finish(struct browse *browse) {
    browse_done_fn *done = browse->done;
    void *context = browse->context;
    struct plan *plan = browse->reason[0] == '\0' ? TAKE(browse->plan) : NULL;
    char reason[sizeof browse->reason];
    memcpy(reason, browse->reason, sizeof reason);
    for (size_t i = 0; plan != NULL && browse->server != NULL && i < browse->server->thing_count; i++)
        if (!browse->found[i])
            log_warning("server %s: %s is not there; no thing %s", browse->server->name, browse->server->things[i].path,
                        browse->server->things[i].thing);
    if (plan != NULL) plan_sort(plan);
    if (plan != NULL && plan->controller != NULL) plan->heartbeat = plan_find_leaf(plan->controller, TEXT("Clock"));
    browse_destroy(browse);
    done(context, plan, reason);
}

/// A limit in seconds; 0, as if it were not there, for what can be none.
static double seconds_of(const struct value *value) {
    double seconds = 0;
    if (value->type == VALUE_DOUBLE) seconds = value->real;
    if (value->type == VALUE_UINT32) seconds = value->uint32;
    if (value->type == VALUE_UINT16) seconds = value->uint16;
    if (value->type == VALUE_INT32) seconds = value->int32;
    return seconds > 0 && seconds < 1e9 ? seconds : 0;
}

static void properties_read(void *context, status_code status, const struct opcua_data *data, size_t count) {
    struct browse *browse = context;
    if (status_is_bad(status)) fail(browse, "reading properties of variables failed");
    for (size_t i = 0; i < count && i < browse->wanted_count; i++) {
        struct wanted *wanted = &browse->wanted[i];
        if (status_is_bad(data[i].status)) continue;
        if (wanted->number != NULL) *wanted->number = seconds_of(&data[i].value);
        if (wanted->text == NULL || data[i].value.type != VALUE_STRING) continue;
        free(*wanted->text);
        *wanted->text = text_copy(data[i].value.string);
        wanted->leaf->actuator = true;
    }
    finish(browse);
}

static void read_properties(struct browse *browse) {
    if (browse->wanted_count == 0) return finish(browse);
    struct opcua_node *nodes = calloc(browse->wanted_count, sizeof *nodes);
    if (nodes == NULL) return fail(browse, "out of memory"), finish(browse);
    for (size_t i = 0; i < browse->wanted_count; i++) nodes[i] = plan_node_view(&browse->wanted[i].node);
    enum error error = opcua_client_read(browse->client, nodes, browse->wanted_count, properties_read, browse);
    free(nodes);
    if (error) fail(browse, error_text(error)), finish(browse);
}

/// One step has come to its end.
static void step_done(struct step *step) {
    struct browse *browse = step->browse;
    step_destroy(step);
    if (--browse->waiting > 0) return;
    if (browse->reason[0] != '\0') return finish(browse);
    read_properties(browse);
}

static void references_found(void *context, status_code status, const struct opcua_reference *references, size_t count);

/// Sends a step on its way; on failure it is freed and the failure noted.
static void step_browse(struct step *step) {
    if (step == NULL) return;
    struct browse *browse = step->browse;
    struct opcua_node node = plan_node_view(&step->node);
    bool first = step->place == AT_OBJECTS || (step->place == AT_RULES && step->path == NULL);
    if (first) node = OPCUA_OBJECTS_FOLDER;
    enum error error = opcua_client_browse(browse->client, &node, references_found, step);
    if (!error) {
        browse->waiting++;
        return;
    }
    fail(browse, error_text(error));
    step_destroy(step);
}

static char *path_join(const char *path, struct text name) {
    struct buffer joined = {0};
    if (path != NULL) buffer_print(&joined, "%s/", path);
    buffer_text(&joined, name);
    return buffer_take(&joined);
}

static void want(struct step *step, const struct opcua_reference *property, char **text, double *number) {
    struct browse *browse = step->browse;
    struct wanted *larger = realloc(browse->wanted, (browse->wanted_count + 1) * sizeof *larger);
    if (larger == NULL) return fail(browse, "out of memory");
    browse->wanted = larger;
    struct wanted *wanted = &larger[browse->wanted_count];
    *wanted = (struct wanted){.text = text, .number = number, .leaf = step->leaf};
    if (plan_node_copy(&wanted->node, &property->node)) browse->wanted_count++;
}

static void variable_property(struct step *step, const struct opcua_reference *reference) {
    if (!reference->property) return;
    struct plan_leaf *leaf = step->leaf;
    if (text_is(reference->browse_name, "OnTrue")) want(step, reference, &leaf->on_true, NULL);
    if (text_is(reference->browse_name, "OnFalse")) want(step, reference, &leaf->on_false, NULL);
    if (text_is(reference->browse_name, "MaxAge")) want(step, reference, NULL, &leaf->max_age_s);
    if (text_is(reference->browse_name, "TimeToLive")) want(step, reference, NULL, &leaf->time_to_live_s);
}

static void inputs_found(void *context, status_code status, const struct opcua_argument *arguments, size_t count) {
    struct step *step = context;
    struct plan_method *method = step->method;
    if (status_is_bad(status)) fail(step->browse, "reading the arguments of a method failed");
    for (size_t i = 0; i < count && i < PLAN_ARGUMENTS_MAX; i++) {
        method->input_names[i] = text_copy(arguments[i].name);
        method->input_types[i] = arguments[i].type;
        method->input_count = i + 1;
    }
    step_done(step);
}

static void outputs_found(void *context, status_code status, const struct opcua_argument *arguments, size_t count) {
    struct step *step = context;
    struct plan_method *method = step->method;
    if (status_is_bad(status)) fail(step->browse, "reading the results of a method failed");
    for (size_t i = 0; i < count && i < PLAN_ARGUMENTS_MAX; i++) {
        method->output_names[i] = text_copy(arguments[i].name);
        method->output_count = i + 1;
    }
    step_done(step);
}

static void method_property(struct step *step, const struct opcua_reference *reference) {
    bool inputs = text_is(reference->browse_name, "InputArguments");
    if (!inputs && !text_is(reference->browse_name, "OutputArguments")) return;
    struct browse *browse = step->browse;
    struct step *next = step_create(browse, AT_METHOD, NULL);
    if (next == NULL) return fail(browse, "out of memory");
    next->method = step->method;
    enum error error =
        opcua_client_input_arguments(browse->client, &reference->node, inputs ? inputs_found : outputs_found, next);
    if (!error) {
        browse->waiting++;
        return;
    }
    fail(browse, error_text(error));
    step_destroy(next);
}

static enum type_kind kind_of_type(struct text type) {
    if (text_is(type, "ThingType")) return TYPE_THING;
    if (text_is(type, "ControllerType")) return TYPE_CONTROLLER; // a thing as well
    if (text_is(type, "StationType")) return TYPE_STATION;
    if (text_ends_with(type, TEXT("ChannelType"))) return TYPE_CHANNEL;
    return TYPE_OTHER;
}

static void object_of_kind(struct step *step, enum type_kind kind) {
    struct browse *browse = step->browse;
    struct opcua_node node = plan_node_view(&step->node);
    if (step->place == AT_OBJECTS && kind == TYPE_STATION) return step_browse(step_create(browse, AT_STATION, &node));
    if (step->place == AT_STATION && (kind == TYPE_THING || kind == TYPE_CONTROLLER)) {
        struct step *next = step_create(browse, AT_THING, &node);
        if (next == NULL) return fail(browse, "out of memory");
        next->thing = plan_add_thing(browse->plan, text_of(step->name));
        if (kind == TYPE_CONTROLLER) browse->plan->controller = next->thing;
        if (next->thing != NULL) return step_browse(next);
        fail(browse, "out of memory");
        step_destroy(next);
    }
}

/// Walks up from an object's type until a type says what the object is.
static void supertype_found(void *context, status_code status, const struct opcua_reference *supertype) {
    struct step *step = context;
    if (status_is_bad(status)) fail(step->browse, "looking up a type failed");
    bool ours = !status_is_bad(status) && supertype != NULL && supertype->node.string.length > 0;
    if (!ours) return step_done(step); // namespace 0: neither a station nor a thing
    enum type_kind kind = kind_of_type(supertype->node.string);
    if (kind != TYPE_OTHER) return object_of_kind(step, kind), step_done(step);
    enum error error = opcua_client_supertype(step->browse->client, &supertype->node, supertype_found, step);
    if (!error) return;
    fail(step->browse, error_text(error));
    step_done(step);
}

static void object_candidate(struct step *parent, const struct opcua_reference *reference) {
    struct browse *browse = parent->browse;
    if (reference->type_definition.string.length == 0) return; // a type of namespace 0
    struct step *step = step_create(browse, parent->place, &reference->node);
    if (step == NULL) return fail(browse, "out of memory");
    step->name = text_copy(reference->browse_name);
    enum type_kind kind = kind_of_type(reference->type_definition.string);
    enum error error = ERROR_NONE;
    if (kind == TYPE_OTHER)
        error = opcua_client_supertype(browse->client, &reference->type_definition, supertype_found, step);
    if (kind == TYPE_OTHER && !error) {
        browse->waiting++;
        return;
    }
    if (error)
        fail(browse, error_text(error));
    else
        object_of_kind(step, kind);
    step_destroy(step);
}

static void station_member(struct step *step, const struct opcua_reference *reference) {
    if (reference->node_class != OPCUA_OBJECT) return;
    if (!text_is(reference->browse_name, "Lock")) return object_candidate(step, reference);
    if (step->browse->plan->lock.string != NULL) return; // one station per edge
    if (!plan_node_copy(&step->browse->plan->lock, &reference->node)) fail(step->browse, "out of memory");
}

static unsigned depth_of(const char *path) {
    unsigned depth = path == NULL ? 0 : 1;
    for (; path != NULL && *path != '\0'; path++) depth += *path == '/';
    return depth;
}

/// A variable that a rule names is a thing with one value, called like it.
static void rule_matched(struct browse *browse, const struct site_server_thing *rule,
                         const struct opcua_reference *reference) {
    struct step *step = step_create(browse, AT_THING, &reference->node);
    if (step == NULL) return fail(browse, "out of memory");
    step->thing = plan_add_thing(browse->plan, text_of(rule->thing));
    if (step->thing != NULL && reference->node_class == OPCUA_VARIABLE) {
        step->place = AT_VARIABLE;
        step->leaf = plan_add_leaf(browse->plan, step->thing, reference->browse_name, &reference->node);
    }
    if (step->thing != NULL && (step->place == AT_THING || step->leaf != NULL)) return step_browse(step);
    fail(browse, "out of memory");
    step_destroy(step);
}

/// Follows the paths of the rules, one browse for all that lead on through a node.
static void rule_member(struct step *step, const struct opcua_reference *reference) {
    struct browse *browse = step->browse;
    if (reference->property || !plan_is_name(reference->browse_name)) return;
    char *path = path_join(step->path, reference->browse_name);
    bool leads_on = false;
    for (size_t i = 0; path != NULL && i < browse->server->thing_count; i++) {
        const struct site_server_thing *rule = &browse->server->things[i];
        leads_on |= plan_is_below(rule->path, text_of(path));
        if (strcmp(rule->path, path) != 0 || browse->found[i]) continue;
        browse->found[i] = true;
        rule_matched(browse, rule, reference);
    }
    struct step *next = leads_on ? step_create(browse, AT_RULES, &reference->node) : NULL;
    if (path == NULL || (leads_on && next == NULL)) fail(browse, "out of memory");
    if (next == NULL) return free(path);
    next->path = path;
    step_browse(next);
}

static void thing_member(struct step *step, const struct opcua_reference *reference) {
    struct browse *browse = step->browse;
    if (reference->property) return;
    // Channels belong to the pin table, not to the twin (docs/spec/model.md).
    if (kind_of_type(reference->type_definition.string) == TYPE_CHANNEL) return;
    if (!plan_is_name(reference->browse_name) || depth_of(step->path) >= BROWSE_DEPTH_MAX) return;
    if (browse->plan->leaf_count >= BROWSE_LEAVES_MAX) return fail(browse, "more than 100 000 values");
    struct opcua_node object = plan_node_view(&step->node);
    char *path = path_join(step->path, reference->browse_name);
    struct step *next = path == NULL ? NULL : step_create(browse, AT_THING, &reference->node);
    if (next == NULL) return free(path), fail(browse, "out of memory");
    next->path = path;
    next->thing = step->thing;
    if (reference->node_class == OPCUA_VARIABLE) {
        next->place = AT_VARIABLE;
        next->leaf = plan_add_leaf(browse->plan, step->thing, text_of(path), &reference->node);
    }
    if (reference->node_class == OPCUA_METHOD) {
        next->place = AT_METHOD;
        next->method = plan_add_method(step->thing, text_of(path), &object, &reference->node);
    }
    bool complete = next->place == AT_THING || next->leaf != NULL || next->method != NULL;
    if (complete) return step_browse(next);
    fail(browse, "out of memory");
    step_destroy(next);
}

static void references_found(void *context, status_code status, const struct opcua_reference *references,
                             size_t count) {
    static void (*const member[])(struct step *, const struct opcua_reference *) = {
        [AT_OBJECTS] = object_candidate, [AT_RULES] = rule_member,          [AT_STATION] = station_member,
        [AT_THING] = thing_member,       [AT_VARIABLE] = variable_property, [AT_METHOD] = method_property,
    };
    struct step *step = context;
    if (status_is_bad(status)) fail(step->browse, "browsing failed");
    for (size_t i = 0; i < count; i++) member[step->place](step, &references[i]);
    step_done(step);
}

enum error browse_start(struct opcua_client *client, const struct site_server *server, browse_done_fn *done,
                        void *context, struct browse **ret_browse) {
    struct browse *browse = calloc(1, sizeof *browse);
    if (browse == NULL) return ERROR_NO_MEMORY;
    *browse = (struct browse){.client = client, .plan = plan_create(), .done = done, .context = context};
    bool rules = server != NULL && server->thing_count > 0;
    if (rules) browse->server = server;
    browse->found = calloc(rules ? server->thing_count : 1, sizeof *browse->found);
    bool complete = browse->plan != NULL && browse->found != NULL;
    struct step *step = complete ? step_create(browse, rules ? AT_RULES : AT_OBJECTS, NULL) : NULL;
    if (step != NULL) step_browse(step);
    if (browse->waiting == 0) {
        browse_destroy(browse);
        return ERROR_UNAVAILABLE;
    }
    *ret_browse = browse;
    return ERROR_NONE;
}

void browse_cancel(struct browse *browse) {
    if (browse != NULL) browse_destroy(browse);
}
