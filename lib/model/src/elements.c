// The tree of the station: what each element is, and whether it may be where it is.
#include "plant.h"

#include <string.h>

// ---------------------------------------------------------------- names

static bool is_letter(char byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
}

bool plant_is_name(struct text name, bool thing) {
    if (name.length == 0 || name.length > PLANT_NAME_BYTES_MAX || !is_letter(name.data[0])) return false;
    for (size_t i = 1; i < name.length; i++) {
        char byte = name.data[i];
        if (!is_letter(byte) && !(byte >= '0' && byte <= '9') && !(thing && byte == '-')) return false;
    }
    return true;
}

void plant_check_name(struct store *store, const struct caex_node *node, bool thing) {
    if (node->name.length == 0 || plant_is_name(node->name, thing)) return; // a missing name has a finding
    caex_error(&store->caex, node, "'%.*s' is no name: letters, digits%s and _ only, not a digit first, at most %d",
               TEXT_ARG(node->name), thing ? ", -" : "", PLANT_NAME_BYTES_MAX);
}

static bool is_uuid(struct text id) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (id.length != sizeof form - 1) return false;
    for (size_t i = 0; i < id.length; i++) {
        bool hex = (id.data[i] >= '0' && id.data[i] <= '9') || (id.data[i] >= 'a' && id.data[i] <= 'f');
        if (form[i] == '-' ? id.data[i] != '-' : !hex) return false;
    }
    return true;
}

static void check_id(struct store *store, const struct caex_node *node) {
    if (node->id.length == 0)
        caex_error(&store->caex, node, "has no ID; give it a UUID (uuidgen makes one)");
    else if (!is_uuid(node->id))
        caex_error(&store->caex, node, "the ID '%.*s' is no UUID; uuidgen makes one", TEXT_ARG(node->id));
}

// ---------------------------------------------------------------- roles

typedef bool role_fn(const struct caex_node *role, const void *context);

/// The first role of the element or of its classes for which `accept` holds; NULL when there is none.
static const struct caex_node *find_role(const struct scope *scope, role_fn *accept, const void *context) {
    static const enum caex_kind kinds[] = {CAEX_ROLE_REQUIREMENT, CAEX_SUPPORTED_ROLE};
    for (size_t i = 0; i < scope->count; i++)
        for (size_t k = 0; k < 2; k++) {
            const struct caex_node *stated = caex_first(scope->nodes[i], kinds[k]);
            for (; stated != NULL; stated = caex_next(stated))
                if (stated->base != NULL && accept(stated->base, context)) return stated->base;
        }
    return NULL;
}

static bool is_or_derives(const struct caex_node *role, const void *wanted) {
    return caex_is_a(role, wanted);
}

static bool has_role(const struct scope *scope, const struct caex_node *role) {
    return role != NULL && find_role(scope, is_or_derives, role) != NULL;
}

static bool any_role(const struct caex_node *role, const void *context) {
    (void)role, (void)context;
    return true;
}

static bool is_ours(const struct caex_node *role) {
    while (role->parent->kind == CAEX_ROLE_CLASS) role = role->parent;
    return text_is(role->parent->name, "SplcRoleClassLib");
}

/// The role itself or the nearest base of it that is one of ours; NULL when there is none.
static const struct caex_node *our_role(const struct caex_node *role) {
    while (role != NULL && !is_ours(role)) role = role->base;
    return role;
}

struct best_role {
    const struct scope *scope;
    const struct caex_node *thing; // says least, so any other is better
};

static bool derives_from_other(const struct caex_node *role, const void *other) {
    const struct caex_node *ours = our_role(role);
    return ours != NULL && ours != other && caex_is_a(ours, other);
}

static bool is_best_role(const struct caex_node *role, const void *context) {
    const struct best_role *best = context;
    const struct caex_node *ours = our_role(role);
    return ours != NULL && ours != best->thing && find_role(best->scope, derives_from_other, ours) == NULL;
}

static struct text most_specific_role(const struct store *store, const struct scope *scope) {
    const struct best_role best = {scope, store->roles[ROLE_THING]};
    const struct caex_node *role = find_role(scope, is_best_role, &best);
    if (role != NULL) return our_role(role)->name;
    return has_role(scope, best.thing) ? best.thing->name : TEXT_EMPTY;
}

bool plant_has_role(const struct plant_element *element, struct text role) {
    const struct element *whole = (const struct element *)element;
    CLEANUP(buffer_clear) struct buffer path = {0};
    if (memchr(role.data, '/', role.length) == NULL) buffer_string(&path, "SplcRoleClassLib/");
    buffer_text(&path, role);
    return has_role(&whole->scope, caex_class(&whole->store->caex, FAMILY_ROLE, buffer_view(&path)));
}

static enum plant_kind kind_of(const struct store *store, const struct scope *scope) {
    static const struct {
        enum known_role role;
        enum plant_kind kind;
    } rows[] = {{ROLE_STATION, PLANT_STATION},
                {ROLE_THING, PLANT_THING},
                {ROLE_IO_MODULE, PLANT_IO_MODULE},
                {ROLE_CORE_MODULE, PLANT_CORE_MODULE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (has_role(scope, store->roles[rows[i].role])) return rows[i].kind;
    return PLANT_OTHER;
}

// ---------------------------------------------------------------- one element

static bool has_broken_reference(const struct scope *scope) {
    for (size_t i = 0; i < scope->count; i++)
        if (scope->nodes[i]->reference.length > 0 && scope->nodes[i]->base == NULL) return true;
    return false;
}

static bool has_broken_role(const struct caex_node *node) {
    const struct caex_node *role = caex_first(node, CAEX_ROLE_REQUIREMENT);
    while (role != NULL && role->base != NULL) role = caex_next(role);
    return role != NULL;
}

static void check_place(struct store *store, const struct element *element) {
    struct caex *caex = &store->caex;
    const struct plant_element *shown = &element->shown;
    const struct plant_element *station = store->plant.station;
    if (shown->kind == PLANT_STATION) return; // a second one has a finding
    if (shown->kind == PLANT_THING && shown->parent != station)
        caex_error(caex, element->node, "a thing stands directly below the station; move it there");
    if (shown->thing == NULL && (shown->kind == PLANT_CORE_MODULE || shown->kind == PLANT_IO_MODULE))
        caex_error(caex, element->node,
                   "a module stands below a thing; move it there, or give an element above it the "
                   "role Thing");
    if (has_broken_reference(&element->scope) || has_broken_role(element->node)) return; // would explain the rest
    if (shown->kind == PLANT_CORE_MODULE && shown->class == NULL)
        caex_error(caex, element->node, "a core module needs a class; add RefBaseSystemUnitPath");
    if (shown->kind != PLANT_OTHER || shown->thing == NULL) return;
    if (find_role(&element->scope, any_role, NULL) == NULL)
        caex_error(caex, element->node,
                   "has no role; below a thing stand core modules and I/O modules, add "
                   "RoleRequirements");
    else
        caex_warning(caex, element->node, "is passed over: none of its roles is one of ours");
}

static void read_texts(struct element *element) {
    struct plant_element *shown = &element->shown;
    struct scope display = scope_find(&element->scope, TEXT("DisplayName"));
    shown->display_name = shown->name;
    shown->description = scope_description(&element->scope);
    if (scope_value(&display, &shown->display_name) && shown->display_name.length == 0)
        shown->display_name = shown->name;
    shown->display_name_de = scope_text(&display, TEXT("aml-lang=de-DE"));
    if (shown->display_name_de.length == 0) shown->display_name_de = scope_text(&display, TEXT("aml-lang=de"));
}

static enum error read_path(struct store *store, struct element *element) {
    const struct plant_element *parent = element->shown.parent;
    CLEANUP(buffer_clear) struct buffer path = {0};
    if (parent != NULL) buffer_text(&path, parent->path);
    if (parent != NULL) buffer_byte(&path, '/');
    buffer_text(&path, element->shown.name);
    if (path.failed || !arena_copy(&store->caex.arena, buffer_view(&path), &element->shown.path))
        return ERROR_NO_MEMORY;
    if (map_get(store->elements, element->shown.path) != NULL) return ERROR_NONE; // has a finding as a sibling
    return map_set(store->elements, element->shown.path, element);
}

static enum error make_children(struct store *store, struct element *element);

static enum error make_element(struct store *store, struct caex_node *node, const struct plant_element *parent,
                               struct element **ret_element) {
    struct element *element = arena_take(&store->caex.arena, sizeof *element);
    if (element == NULL || !list_add(&store->all_elements, element)) return ERROR_NO_MEMORY;
    if (parent == NULL) store->plant.station = &element->shown;
    element->store = store;
    element->node = node;
    element->scope = scope_of(node);
    node->meaning = element;
    struct plant_element *shown = &element->shown;
    struct caex_node *class = scope_class(&element->scope, CAEX_ELEMENT);
    shown->name = node->name;
    shown->id = node->id;
    shown->line = node->line;
    shown->parent = parent;
    shown->class = class == NULL ? NULL : class->meaning;
    shown->kind = kind_of(store, &element->scope);
    shown->role = most_specific_role(store, &element->scope);
    shown->thing = shown->kind == PLANT_THING ? shown : parent == NULL ? NULL : parent->thing;
    plant_check_name(store, node, shown->kind == PLANT_THING);
    check_id(store, node);
    check_place(store, element);
    read_texts(element);
    enum error error = read_path(store, element);
    if (!error) error = make_children(store, element);
    *ret_element = element;
    return error;
}

/// A second view of something that is in the plant already, perhaps in another hierarchy.
static bool is_mirror(struct store *store, const struct caex_node *node) {
    const struct caex_node *master = caex_master(node);
    if (master == NULL) return false;
    caex_warning(&store->caex, node, "is passed over: it mirrors '%.*s' in line %u", TEXT_ARG(master->name),
                 master->line);
    return true;
}

static enum error make_children(struct store *store, struct element *element) {
    size_t count = 0, at = 0;
    struct caex_node *node = caex_first(element->node, CAEX_ELEMENT);
    for (; node != NULL; node = caex_next(node)) count += !is_mirror(store, node);
    const struct plant_element **children = arena_take_array(&store->caex.arena, count + 1, sizeof *children);
    if (children == NULL) return ERROR_NO_MEMORY;
    element->shown.children = children;
    element->shown.child_count = count;
    for (node = caex_first(element->node, CAEX_ELEMENT); node != NULL; node = caex_next(node)) {
        if (caex_master(node) != NULL) continue;
        struct element *child = NULL;
        enum error error = make_element(store, node, &element->shown, &child);
        if (error) return error;
        children[at++] = &child->shown;
    }
    return ERROR_NONE;
}

// ---------------------------------------------------------------- the station

static struct text version_above(const struct caex_node *node) {
    while (node->kind != CAEX_HIERARCHY) node = node->parent;
    return node->version;
}

static bool in_hierarchy(const struct caex_node *node) {
    while (node->kind == CAEX_ELEMENT) node = node->parent;
    return node->kind == CAEX_HIERARCHY;
}

static void find_station(struct store *store, struct caex_node **ret_station) {
    struct caex_node *root = store->caex.root;
    for (struct caex_node *node = root; node != NULL; node = caex_walk(root, node)) {
        if (node->kind != CAEX_ELEMENT || caex_master(node) != NULL || !in_hierarchy(node)) continue;
        struct scope scope = scope_of(node);
        if (!has_role(&scope, store->roles[ROLE_STATION])) continue;
        if (*ret_station == NULL)
            *ret_station = node;
        else
            caex_error(&store->caex, node,
                       "is a second station, after line %u; a plant has one, move it to a file of "
                       "its own",
                       (*ret_station)->line);
    }
}

static void find_controller(struct store *store) {
    for (size_t i = 0; i < store->all_elements.count; i++) {
        struct element *element = store->all_elements.items[i];
        if (!has_role(&element->scope, store->roles[ROLE_CONTROLLER])) continue;
        if (store->plant.controller == NULL) {
            store->plant.controller = &element->shown;
            if (element->shown.kind != PLANT_THING)
                caex_error(&store->caex, element->node, "the controller must be a thing as well; add the role Thing");
            continue;
        }
        caex_error(&store->caex, element->node, "is a second controller, after '%.*s'; a station has one",
                   TEXT_ARG(store->plant.controller->path));
    }
    if (store->plant.controller == NULL)
        caex_error(&store->caex, ((const struct element *)store->plant.station)->node,
                   "the station has no controller; give the PLC the role SplcRoleClassLib/Controller");
}

static void read_namespace(struct store *store) {
    const struct element *station = (const struct element *)store->plant.station;
    struct text uri = scope_text(&station->scope, TEXT("NamespaceUri"));
    store->plant.namespace_uri = uri;
    if (uri.length == 0)
        caex_error(&store->caex, station->node,
                   "the station needs the attribute NamespaceUri, as "
                   "urn:serverless-plc:plant:NAME");
    else if (memchr(uri.data, ':', uri.length) == NULL)
        caex_error(&store->caex, station->node,
                   "NamespaceUri '%.*s' is no URI; write it as "
                   "urn:serverless-plc:plant:NAME",
                   TEXT_ARG(uri));
}

enum error plant_make_elements(struct store *store) {
    struct caex_node *node = NULL;
    find_station(store, &node);
    if (node == NULL) {
        caex_error_at(&store->caex, 0,
                      "no element of an InstanceHierarchy has the role Station; give the root of the "
                      "plant the role SplcRoleClassLib/Station");
        return ERROR_NONE;
    }
    struct element *station = NULL;
    enum error error = make_element(store, node, NULL, &station);
    if (error) return error;
    store->plant.version = version_above(node);
    find_controller(store);
    read_namespace(store);
    return ERROR_NONE;
}
