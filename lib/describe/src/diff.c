#include "diff.h"

#include <base/map.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// ---------------------------------------------------------------- the rules

#define COMPATIBLE VERDICT_COMPATIBLE
#define STOP VERDICT_NEEDS_STOP
#define BREAKING VERDICT_BREAKING
const struct rule describe_rules[RULE_COUNT] = {
    [RULE_STATION] = {"station", "the station is called differently", BREAKING, "every path begins with its name"},
    [RULE_NAMESPACE] = {"namespace", "the namespace is another one", BREAKING, "no NodeId is what it was"},
    [RULE_CONTROLLER] = {"controller", "another element is the controller", BREAKING,
                         "state, cause and reset are elsewhere"},
    [RULE_RENAMED] = {"renamed", "an element has another name or place (told by its ID)", BREAKING,
                      "NodeIds and twins are found by path"},
    [RULE_GONE] = {"element-gone", "an element is gone", BREAKING, "whoever reads or calls it finds nothing"},
    [RULE_NEW] = {"element-new", "an element is new", STOP, "the controller begins with a new program"},
    [RULE_ID] = {"id", "an element has another ID", BREAKING, "engineering tools find it by its ID"},
    [RULE_CLASS] = {"class", "an element is of another class", BREAKING,
                    "its type in OPC UA and its behaviour are others"},
    [RULE_BASE] = {"base", "a class has another base class", BREAKING,
                   "clients find objects by the types above theirs"},
    [RULE_VALUE_GONE] = {"value-gone", "a value is gone", BREAKING, "whoever reads it finds nothing"},
    [RULE_VALUE_NEW] = {"value-new", "a value is new", STOP, "the controller begins with a new program"},
    [RULE_VALUE_MOVED] = {"value-moved", "a value stands at another path", BREAKING,
                          "NodeIds and twins are found by path"},
    [RULE_TYPE] = {"type", "a value has another type", BREAKING, "clients read something else than they expect"},
    [RULE_UNIT] = {"unit", "a value has another unit", BREAKING, "the same number means something else"},
    [RULE_WORD_NEW] = {"word-new", "a value may be a word that is new", BREAKING,
                       "a client may meet a word that it does not know"},
    [RULE_WORD_GONE] = {"word-gone", "a value is no longer one of its words", COMPATIBLE, "it is simply never seen"},
    [RULE_RANGE] = {"range", "a value is expected in another range", STOP,
                    "numbers are scaled by it, and outputs are limited to it"},
    [RULE_DIRECTION] = {"direction", "an input became an output or the reverse", BREAKING,
                        "what was read is now commanded, or the reverse"},
    [RULE_WISH] = {"wish", "a wish calls something else, or nothing", BREAKING,
                   "who wishes it gets another motion, or a refusal"},
    [RULE_WISH_NEW] = {"wish-new", "what could not be wished now can", COMPATIBLE, "nobody did"},
    [RULE_WIRE] = {"wire", "a signal is wired to another channel", STOP, "the wire has to be moved with it"},
    [RULE_INVERTED] = {"inverted", "a signal is read or written the other way round", STOP,
                       "at the change it turns over"},
    [RULE_SAFE_STATE] = {"safe-state", "an output has another safe state", STOP,
                         "the machine stops differently; assess it anew"},
    [RULE_CONDITIONING] = {"conditioning", "scaling, debounce, latch, dead band or substitute of a signal are others",
                           STOP, "the controller sees the machine differently"},
    [RULE_CHANNEL_GONE] = {"channel-gone", "a channel is gone", STOP, "the hardware is another"},
    [RULE_CHANNEL_NEW] = {"channel-new", "a channel is new", STOP, "the hardware is another"},
    [RULE_ADDRESS] = {"address", "a channel lies elsewhere in the process image, or is of another kind", STOP,
                      "the hardware is another"},
    [RULE_METHOD_GONE] = {"method-gone", "a method is gone", BREAKING, "whoever calls it is refused"},
    [RULE_METHOD_NEW] = {"method-new", "a method is new", STOP, "the controller begins with a new program"},
    [RULE_ARGUMENTS] = {"arguments", "a method takes or gives something else", BREAKING,
                        "calls are refused, or answers misread"},
    [RULE_LIMIT_NARROWER] = {"limit-narrower", "an argument has narrower limits", BREAKING,
                             "calls that were accepted are refused"},
    [RULE_LIMIT_WIDER] = {"limit-wider", "an argument has wider limits", COMPATIBLE, "all that was accepted still is"},
    [RULE_EVENT_GONE] = {"event-gone", "an event is gone", BREAKING, "whoever waits for it waits in vain"},
    [RULE_EVENT_NEW] = {"event-new", "an event is new", STOP, "the controller begins with a new program"},
    [RULE_SEVERITY] = {"severity", "an event has another severity", BREAKING,
                       "alarm lists and filters go by it: who listens hears more, or nothing"},
    [RULE_PARAMETER_GONE] = {"parameter-gone", "a parameter is gone or of another type", BREAKING,
                             "whoever reads the property finds something else"},
    [RULE_PARAMETER] = {"parameter", "a parameter has another value, or is new", STOP,
                        "the module behaves differently"},
    [RULE_INTERLOCK] = {"interlock", "an interlock is new, gone or another", STOP,
                        "the machine is held in other cases; assess it anew"},
    [RULE_TIME_TO_LIVE] = {"time-to-live", "a wish has another time to live", STOP,
                           "wishes are dropped that were executed, or the reverse"},
    [RULE_MAX_AGE] = {"max-age", "a value has another maximum age", STOP,
                      "what counts as stale is another; functions rely on it"},
    [RULE_THING_TYPE] = {"thing-type", "a thing has another thing type", BREAKING,
                         "the registry keeps the type of a thing for ever, and rules and searches go by it"},
    [RULE_THING_GROUP] = {"thing-group", "the things are in another group", BREAKING,
                          "policies and jobs of the group no longer reach them"},
    [RULE_THING_ATTRIBUTE] = {"thing-attribute", "a fixed attribute of a thing is another, or gone", BREAKING,
                              "what selects things by it selects others"},
    [RULE_TEXT] = {"text", "texts for people, designation, nameplate, picture or simulation are others, or one is new",
                   COMPATIBLE, "no program goes by them"},
};
const size_t describe_rule_count = RULE_COUNT;

const char *verdict_name(enum verdict verdict) {
    static const char *const names[] = {[COMPATIBLE] = "compatible", [STOP] = "needs a stop", [BREAKING] = "breaking"};
    return names[verdict];
}

// ---------------------------------------------------------------- the list

struct diff {
    struct difference *list;
    size_t count, capacity;
    bool failed; // out of memory
};

void diff_note(struct diff *diff, enum rule_id rule, struct text a, struct text b, const char *format, ...) {
    struct buffer path = {0}, detail = {0};
    buffer_text(&path, a);
    if (b.length > 0) buffer_byte(&path, '/');
    buffer_text(&path, b);
    va_list arguments;
    va_start(arguments, format);
    buffer_vprint(&detail, format, arguments);
    va_end(arguments);
    if (diff->count == diff->capacity) {
        size_t capacity = diff->capacity == 0 ? 32 : diff->capacity * 2;
        struct difference *more = realloc(diff->list, capacity * sizeof *more);
        if (more != NULL) {
            diff->list = more;
            diff->capacity = capacity;
        }
    }
    diff->failed = diff->failed || path.failed || detail.failed || diff->count == diff->capacity;
    if (diff->failed) {
        buffer_clear(&path);
        buffer_clear(&detail);
        return;
    }
    struct text path_text = buffer_view(&path), detail_text = buffer_view(&detail); // the list frees what they point to
    diff->list[diff->count++] = (struct difference){&describe_rules[rule], path_text, detail_text};
}

void diff_destroy(struct diff *diff) {
    if (diff == NULL) return;
    for (size_t i = 0; i < diff->count; i++) {
        free((char *)(uintptr_t)diff->list[i].path.data);
        free((char *)(uintptr_t)diff->list[i].detail.data);
    }
    free(diff->list);
    free(diff);
}

size_t diff_count(const struct diff *diff) {
    return diff->count;
}

const struct difference *diff_at(const struct diff *diff, size_t index) {
    return &diff->list[index];
}

enum verdict diff_verdict(const struct diff *diff) {
    enum verdict worst = VERDICT_COMPATIBLE;
    for (size_t i = 0; i < diff->count; i++)
        if (diff->list[i].rule->verdict > worst) worst = diff->list[i].rule->verdict;
    return worst;
}

// ---------------------------------------------------------------- elements that belong together

/// Which element of the other model is this one: by path, else by ID.
struct pairs {
    struct map *new_of_old; // path of the old one to the new element
    struct map *old_of_new;
    struct map *new_by_path, *new_by_id;
};

static const struct plant_element *partner(const struct map *map, const struct plant_element *element) {
    return element == NULL ? NULL : map_get(map, element->path);
}

static bool put(struct map *map, struct text key, const struct plant_element *element) {
    return !map_set(map, key, (void *)(uintptr_t)element);
}

static bool pair(struct pairs *pairs, const struct plant_element *old, const struct plant_element *new) {
    return put(pairs->new_of_old, old->path, new) && put(pairs->old_of_new, new->path, old);
}

static bool index_new(struct pairs *pairs, const struct plant *new) {
    for (size_t i = 0; i < new->element_count; i++) {
        const struct plant_element *element = new->elements[i];
        if (!put(pairs->new_by_path, element->path, element)) return false;
        if (element->id.length > 0 && !put(pairs->new_by_id, element->id, element)) return false;
    }
    return true;
}

static bool make_pairs(struct pairs *pairs, const struct plant *old, const struct plant *new) {
    if (!index_new(pairs, new) || !pair(pairs, old->station, new->station)) return false;
    for (size_t i = 0; i < old->element_count; i++) {
        const struct plant_element *element = old->elements[i];
        if (partner(pairs->new_of_old, element) != NULL) continue;
        const struct plant_element *same = map_get(pairs->new_by_path, element->path);
        if (same == NULL && element->id.length > 0) same = map_get(pairs->new_by_id, element->id);
        if (same == NULL || partner(pairs->old_of_new, same) != NULL) continue;
        if (!pair(pairs, element, same)) return false;
    }
    return true;
}

// ---------------------------------------------------------------- one element in both

/// Attributes that are no members of a class, by what contains them.
static const struct {
    struct text group;
    enum rule_id rule;
} groups[] = {
    {{"Interlocks", 10}, RULE_INTERLOCK},
    {{"Hmi", 3}, RULE_TEXT},
    {{"Sim", 3}, RULE_TEXT},
    {{"Identification", 14}, RULE_TEXT},
    {{"DisplayName", 11}, RULE_TEXT},
    {{"Twin/Attributes", 15}, RULE_THING_ATTRIBUTE},
};
/// Single ones.
static const struct {
    const char *path;
    enum rule_id rule;
} singles[] = {{"Twin/ThingType", RULE_THING_TYPE}, {"Twin/ThingGroup", RULE_THING_GROUP}};
enum { MEMBERS_MAX = 64, ATTRIBUTE_DEPTH_MAX = 3 };

static void compare_attribute(struct diff *diff, enum rule_id rule, const struct plant_element *old,
                              const struct plant_element *new, struct text path) {
    struct text before = plant_attribute(old, path), after = plant_attribute(new, path);
    if (text_equal(before, after)) return;
    if (rule == RULE_THING_ATTRIBUTE && before.length == 0) rule = RULE_TEXT; // nobody selects by it yet
    diff_note(diff, rule, new->path, path, "\"%.*s\" became \"%.*s\"", TEXT_ARG(before), TEXT_ARG(after));
}

static void compare_group(struct diff *diff, enum rule_id rule, const struct plant_element *old,
                          const struct plant_element *new, struct text path, unsigned depth);

/// Members of one side; of the second side those that the first has not.
static void compare_members(struct diff *diff, enum rule_id rule, const struct plant_element *old,
                            const struct plant_element *new, struct text path, unsigned depth, bool second) {
    struct text names[MEMBERS_MAX], others[MEMBERS_MAX];
    size_t count = plant_members(second ? new : old, path, names, MEMBERS_MAX);
    size_t other_count = second ? plant_members(old, path, others, MEMBERS_MAX) : 0;
    for (size_t i = 0; i < count; i++) {
        bool done = false;
        for (size_t k = 0; k < other_count; k++) done = done || text_equal(names[i], others[k]);
        CLEANUP(buffer_clear) struct buffer below = {0};
        buffer_print(&below, "%.*s/%.*s", TEXT_ARG(path), TEXT_ARG(names[i]));
        if (below.failed) diff->failed = true;
        if (done || below.failed) continue;
        compare_attribute(diff, rule, old, new, buffer_view(&below));
        compare_group(diff, rule, old, new, buffer_view(&below), depth + 1);
    }
}

static void compare_group(struct diff *diff, enum rule_id rule, const struct plant_element *old,
                          const struct plant_element *new, struct text path, unsigned depth) {
    if (depth > ATTRIBUTE_DEPTH_MAX) return;
    compare_members(diff, rule, old, new, path, depth, false);
    compare_members(diff, rule, old, new, path, depth, true);
}

void diff_text(struct diff *diff, struct text a, struct text b, struct text old, struct text new) {
    if (text_equal(old, new)) return;
    diff_note(diff, RULE_TEXT, a, b, "\"%.*s\" became \"%.*s\"", TEXT_ARG(old), TEXT_ARG(new));
}

static void compare_texts(struct diff *diff, const struct plant_element *old, const struct plant_element *new) {
    const struct {
        const char *name;
        struct text before, after;
    } texts[] = {{"DisplayName", old->display_name, new->display_name},
                 {"Description", old->description, new->description},
                 {"Bmk", plant_attribute(old, TEXT("Bmk")), plant_attribute(new, TEXT("Bmk"))}};
    bool renamed = !text_equal(old->name, new->name);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bool is_name = renamed && text_equal(texts[i].before, old->name) && text_equal(texts[i].after, new->name);
        if (is_name || text_equal(texts[i].before, texts[i].after)) continue;
        diff_note(diff, RULE_TEXT, new->path, text_of(texts[i].name), "\"%.*s\" became \"%.*s\"",
                  TEXT_ARG(texts[i].before), TEXT_ARG(texts[i].after));
    }
}

static void compare_parameters(struct diff *diff, const struct plant_element *old, const struct plant_element *new) {
    for (const struct plant_class *class = new->class; class != NULL; class = class->base)
        for (size_t i = 0; i < class->parameter_count; i++)
            compare_attribute(diff, RULE_PARAMETER, old, new, class->parameters[i].name);
}

static struct text class_name(const struct plant_element *element) {
    return element->class == NULL ? TEXT("none") : element->class->name;
}

static bool is_same_class(const struct plant_element *old, const struct plant_element *new) {
    if (old->class == NULL || new->class == NULL) return old->class == new->class;
    return text_equal(old->class->name, new->class->name) && text_equal(old->class->library, new->class->library);
}

static void compare_element(struct diff *diff, const struct pairs *pairs, const struct plant_element *old,
                            const struct plant_element *new) {
    bool moved = partner(pairs->new_of_old, old->parent) != new->parent;
    if (old->parent != NULL && (moved || !text_equal(old->name, new->name)))
        diff_note(diff, RULE_RENAMED, new->path, TEXT_EMPTY, "was %.*s", TEXT_ARG(old->path));
    if (!text_equal(old->id, new->id))
        diff_note(diff, RULE_ID, new->path, TEXT_EMPTY, "%.*s became %.*s", TEXT_ARG(old->id), TEXT_ARG(new->id));
    if (!is_same_class(old, new) || old->kind != new->kind || !text_equal(old->role, new->role))
        diff_note(diff, RULE_CLASS, new->path, TEXT_EMPTY, "%.*s (%.*s) became %.*s (%.*s)", TEXT_ARG(class_name(old)),
                  TEXT_ARG(old->role), TEXT_ARG(class_name(new)), TEXT_ARG(new->role));
    diff_signals(diff, old, new);
    diff_channels(diff, old, new);
    compare_parameters(diff, old, new);
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        compare_group(diff, groups[i].rule, old, new, groups[i].group, 0);
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++)
        compare_attribute(diff, singles[i].rule, old, new, text_of(singles[i].path));
    compare_texts(diff, old, new);
}

// ---------------------------------------------------------------- everything

static void compare_station(struct diff *diff, const struct plant *old, const struct plant *new,
                            const struct pairs *pairs) {
    struct text path = new->station->path;
    if (!text_equal(old->station->name, new->station->name))
        diff_note(diff, RULE_STATION, path, TEXT_EMPTY, "was %.*s", TEXT_ARG(old->station->name));
    if (!text_equal(old->namespace_uri, new->namespace_uri))
        diff_note(diff, RULE_NAMESPACE, path, TEXT_EMPTY, "%.*s became %.*s", TEXT_ARG(old->namespace_uri),
                  TEXT_ARG(new->namespace_uri));
    diff_text(diff, path, TEXT("Version"), old->version, new->version);
    if (partner(pairs->new_of_old, old->controller) != new->controller)
        diff_note(diff, RULE_CONTROLLER, new->controller->path, TEXT_EMPTY, "was %.*s",
                  TEXT_ARG(old->controller->path));
}

/// What is below something that is gone or new as a whole is told with it.
static void compare_elements(struct diff *diff, const struct plant *old, const struct plant *new,
                             const struct pairs *pairs) {
    for (size_t i = 0; i < old->element_count; i++) {
        const struct plant_element *element = old->elements[i], *same = partner(pairs->new_of_old, element);
        if (same != NULL)
            compare_element(diff, pairs, element, same);
        else if (partner(pairs->new_of_old, element->parent) != NULL)
            diff_note(diff, RULE_GONE, element->path, TEXT_EMPTY, "%s", "");
    }
    for (size_t i = 0; i < new->element_count; i++) {
        const struct plant_element *element = new->elements[i];
        if (partner(pairs->old_of_new, element) != NULL) continue;
        if (partner(pairs->old_of_new, element->parent) == NULL) continue;
        diff_note(diff, RULE_NEW, element->path, TEXT_EMPTY, "%.*s", TEXT_ARG(class_name(element)));
    }
}

static void compare_plants(struct diff *diff, const struct plant *old, const struct plant *new) {
    struct pairs pairs = {map_create(), map_create(), map_create(), map_create()};
    bool good = pairs.new_of_old != NULL && pairs.old_of_new != NULL && pairs.new_by_path != NULL &&
                pairs.new_by_id != NULL && make_pairs(&pairs, old, new);
    if (good) {
        compare_station(diff, old, new, &pairs);
        compare_elements(diff, old, new, &pairs);
        diff_classes(diff, old, new);
    }
    diff->failed = diff->failed || !good;
    map_destroy(pairs.new_of_old);
    map_destroy(pairs.old_of_new);
    map_destroy(pairs.new_by_path);
    map_destroy(pairs.new_by_id);
}

struct diff *diff_create(const struct plant *old, const struct plant *new) {
    struct diff *diff = calloc(1, sizeof *diff);
    if (diff == NULL) return NULL;
    compare_plants(diff, old, new);
    if (!diff->failed) return diff;
    diff_destroy(diff);
    return NULL;
}
