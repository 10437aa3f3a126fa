// Where elements stand on the picture: inside of the frame of their parent, and not on each other.
#include "plant.h"

#include <math.h>

/// A number below `Hmi`; NaN when it is not stated, or has a finding as no number. `*ret_node`: where it is stated.
static double stated(const struct element *element, struct text name, const struct caex_node **ret_node) {
    struct scope hmi = scope_enter(&element->scope, TEXT("Hmi")), attribute = scope_enter(&hmi, name);
    struct text value;
    double number;
    if (!scope_value(&attribute, &value) || text_to_real(text_trim(value), &number)) return NAN;
    *ret_node = attribute.nodes[0];
    return number;
}

static const struct axis {
    struct text place, size;
    const char *direction;
} axes[] = {{TEXT("X"), TEXT("Width"), "wide"}, {TEXT("Y"), TEXT("Height"), "high"}};
enum { AXES = 2 };

static void check_size(struct store *store, const struct element *element, const struct axis *axis) {
    const struct caex_node *node = NULL;
    double size = stated(element, axis->size, &node);
    if (size <= 0) caex_error(&store->caex, node, "%s must be above 0, it is %g", axis->size.data, size);
}

static void check_place(struct store *store, const struct element *element, const struct axis *axis) {
    const struct element *parent = (const struct element *)element->shown.parent;
    const struct caex_node *node = NULL, *frame_node = NULL, *size_node = NULL;
    if (parent == NULL) return; // the station is the picture
    double place = stated(element, axis->place, &node), size = stated(element, axis->size, &size_node);
    double frame = stated(parent, axis->size, &frame_node);
    if (isnan(place)) return;
    if (place < 0 && isnan(frame))
        caex_error(&store->caex, node, "%s %g is outside of every picture; move it inside", axis->place.data, place);
    else if (place < 0 || place >= frame)
        caex_error(&store->caex, node, "%s %g is outside of the picture of '%.*s', which is %g px %s; move it inside",
                   axis->place.data, place, TEXT_ARG(parent->shown.name), frame, axis->direction);
    else if (place + size > frame)
        caex_warning(&store->caex, node, "reaches to %g and so out of the picture of '%.*s', which is %g px %s",
                     place + size, TEXT_ARG(parent->shown.name), frame, axis->direction);
}

/// Half of a place is none.
static void check_both(struct store *store, const struct element *element) {
    const struct caex_node *node = NULL;
    bool has_x = !isnan(stated(element, TEXT("X"), &node)), has_y = !isnan(stated(element, TEXT("Y"), &node));
    if (has_x != has_y)
        caex_warning(&store->caex, node, "has no %s on the picture; add it beside %s", has_x ? "Y" : "X",
                     has_x ? "X" : "Y");
}

/// An earlier sibling at the same place would be covered.
static void check_covered(struct store *store, const struct element *element) {
    const struct plant_element *parent = element->shown.parent;
    const struct caex_node *node = NULL, *other_node = NULL;
    double x = stated(element, TEXT("X"), &node), y = stated(element, TEXT("Y"), &node);
    enum { SIBLINGS_MAX = 500 }; // of a picture that anybody could still read
    for (size_t i = 0; parent != NULL && i < parent->child_count && i < SIBLINGS_MAX; i++) {
        const struct element *other = (const struct element *)parent->children[i];
        if (other == element) return;
        if (stated(other, TEXT("X"), &other_node) != x || stated(other, TEXT("Y"), &other_node) != y) continue;
        caex_warning(&store->caex, element->node, "stands on '%.*s' on the picture, both at %g, %g; move one",
                     TEXT_ARG(other->shown.name), x, y);
        return;
    }
}

/// A symbol that nobody can draw becomes a box, of a thing nothing: likely a slip.
static void check_symbol(struct store *store, const struct element *element) {
    static const char *const of_things[] = {"belt", "magazine", "slide", "vessel", "plc", "panel"};
    static const char *const of_modules[] = {
        "cylinder", "motor",          "light-barrier", "material-sensor", "button",        "lamp", "illuminated-button",
        "switch",   "emergency-stop", "analog-sensor", "valve",           "control-valve", "pump", "controller"};
    bool thing = element->shown.kind == PLANT_THING;
    const char *const *known = thing ? of_things : of_modules;
    size_t count = thing ? sizeof of_things / sizeof of_things[0] : sizeof of_modules / sizeof of_modules[0];
    struct text symbol = scope_text(&element->scope, TEXT("Hmi/Symbol"));
    if (symbol.length == 0 || (!thing && element->shown.kind != PLANT_CORE_MODULE)) return;
    for (size_t i = 0; i < count; i++)
        if (text_is(symbol, known[i])) return;
    caex_warning(&store->caex, plant_stated_at(element, TEXT("Hmi/Symbol")),
                 "the picture has no symbol '%.*s' for a %s%s", TEXT_ARG(symbol), thing ? "thing" : "module",
                 caex_hint(&store->caex, symbol, known, count));
}

void plant_check_picture(struct store *store) {
    for (size_t i = 0; i < store->all_elements.count; i++) {
        const struct element *element = store->all_elements.items[i];
        const struct caex_node *node = NULL;
        for (size_t k = 0; k < AXES; k++) {
            check_size(store, element, &axes[k]);
            check_place(store, element, &axes[k]);
        }
        check_both(store, element);
        check_symbol(store, element);
        if (!isnan(stated(element, TEXT("X"), &node))) check_covered(store, element);
    }
}
