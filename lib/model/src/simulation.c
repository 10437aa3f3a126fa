// From `Sim` attributes to the plant that the simulation plays, its workpieces and its panel: by roles and attributes,
// never by names.
#include "simulation.h"

#include <math.h>

// ---------------------------------------------------------------- attributes

bool sim_has(const struct element *element, const char *attribute) {
    return scope_text(&element->scope, text_of(attribute)).length > 0;
}

double sim_number(struct store *store, const struct element *element, const char *attribute, double otherwise) {
    return plant_scope_real(store, &element->scope, text_of(attribute), otherwise);
}

double sim_positive(struct store *store, const struct element *element, const char *attribute, const char *example) {
    double number = sim_number(store, element, attribute, NAN);
    if (number > 0) return number;
    if (plant_is_told(element, text_of(attribute))) return 0;
    caex_error(&store->caex, plant_stated_at(element, text_of(attribute)),
               "the simulation needs a number above 0 as %s here, for example %s", attribute, example);
    return 0;
}

double sim_at_least_zero(struct store *store, const struct element *element, const char *attribute, double otherwise) {
    double number = sim_number(store, element, attribute, otherwise);
    if (number >= 0) return number;
    if (plant_is_told(element, text_of(attribute))) return otherwise;
    caex_error(&store->caex, plant_stated_at(element, text_of(attribute)), "%s is %g; it is 0 or more", attribute,
               number);
    return otherwise;
}

bool sim_room(struct store *store, const struct element *element, size_t count, size_t max, const char *what) {
    if (count < max) return true;
    caex_error(&store->caex, element->node, "the simulation knows at most %zu %s; leave out the Sim attributes here",
               max, what);
    return false;
}

// ---------------------------------------------------------------- the belt, magazine and ejector

/// The only thing with that attribute; NULL, with a finding, when there is none.
static const struct element *find_thing(struct store *store, const char *attribute) {
    const struct element *thing = NULL;
    for (size_t i = 0; i < store->all_elements.count; i++) {
        const struct element *element = store->all_elements.items[i];
        if (element->shown.kind != PLANT_THING || !sim_has(element, attribute)) continue;
        if (thing == NULL)
            thing = element;
        else
            caex_error(&store->caex, plant_stated_at(element, text_of(attribute)),
                       "the simulation knows one thing with %s, but '%.*s' has it as well; remove one", attribute,
                       TEXT_ARG(thing->shown.path));
    }
    if (thing == NULL)
        caex_error(&store->caex, ((const struct element *)store->plant.station)->node,
                   "no thing has the attribute %s, which a simulation of workpieces needs; add it, or remove "
                   "Sim/BeltLength, Sim/FeedsBeltAt and Sim/EjectsBeltAt",
                   attribute);
    return thing;
}

static const struct element *find_module(struct store *store, const struct element *thing, const char *role) {
    for (size_t i = 0; i < store->all_elements.count; i++) {
        const struct element *element = store->all_elements.items[i];
        if (element->shown.kind != PLANT_CORE_MODULE || element->shown.thing != &thing->shown) continue;
        if (text_is(element->shown.role, role)) return element;
    }
    caex_error(&store->caex, thing->node, "the simulation needs a module with the role %s here; add one", role);
    return NULL;
}

static const struct plant_element *shown(const struct element *element) {
    return element == NULL ? NULL : &element->shown;
}

static void read_belt(struct store *store, const struct element *thing, struct simulation_belt *belt) {
    const struct element *motor = find_module(store, thing, "Motor");
    belt->thing = &thing->shown;
    belt->motor = shown(motor);
    belt->length_mm = sim_positive(store, thing, "Sim/BeltLength", "600 mm");
    belt->piece_mm = sim_positive(store, thing, "Sim/WorkpieceLength", "40 mm");
    if (motor == NULL) return;
    belt->fast_m_s = sim_positive(store, motor, "Sim/SpeedFast", "0.077 m/s");
    belt->slow_m_s = sim_positive(store, motor, "Sim/SpeedSlow", "0.04 m/s");
    belt->ramp_s = sim_positive(store, motor, "Sim/RampTime", "0.2 s");
}

static struct simulation_cylinder read_cylinder(struct store *store, const struct element *thing) {
    static const double DELAY_S_MAX = 60;
    const struct element *cylinder = find_module(store, thing, "PneumaticCylinder");
    if (cylinder == NULL) return (struct simulation_cylinder){0};
    struct simulation_cylinder read = {
        .element = &cylinder->shown,
        .extend_s = sim_positive(store, cylinder, "Sim/ExtendTime", "0.8 s"),
        .retract_s = sim_positive(store, cylinder, "Sim/RetractTime", "0.6 s"),
        .delay_s = sim_at_least_zero(store, cylinder, "Sim/ValveDelay", 0),
    };
    if (read.delay_s >= DELAY_S_MAX)
        caex_error(&store->caex, plant_stated_at(cylinder, TEXT("Sim/ValveDelay")),
                   "Sim/ValveDelay is %g s; a valve switches in less than %g s", read.delay_s, DELAY_S_MAX);
    return read;
}

static void check_on_belt(struct store *store, const struct element *element, const char *attribute, double at_mm,
                          const struct simulation_belt *belt) {
    if (at_mm <= 0 || belt->length_mm <= 0 || at_mm < belt->length_mm) return; // has a finding
    caex_error(&store->caex, plant_stated_at(element, text_of(attribute)),
               "%s is %g mm, beside the belt, which ends at %g mm", attribute, at_mm, belt->length_mm);
}

static void read_stock(struct store *store, const struct element *thing, struct simulation_belt *belt) {
    struct text rest = scope_text(&thing->scope, TEXT("Sim/Stock"));
    const struct caex_node *node = plant_stated_at(thing, TEXT("Sim/Stock"));
    for (struct text word; text_split(&rest, ',', &word);) {
        word = text_trim(word);
        bool metal = text_is(word, "metal");
        if (!metal && !text_is(word, "plastic"))
            caex_error(&store->caex, node, "Sim/Stock has '%.*s'; it knows metal and plastic", TEXT_ARG(word));
        if (belt->stock_count == SIMULATION_STOCK_MAX) {
            caex_error(&store->caex, node, "Sim/Stock holds at most %d workpieces", SIMULATION_STOCK_MAX);
            return;
        }
        belt->stock[belt->stock_count++] = metal ? MATERIAL_METAL : MATERIAL_PLASTIC;
    }
}

static void read_magazine(struct store *store, const struct element *thing, struct simulation_belt *belt) {
    belt->magazine = &thing->shown;
    belt->feeds_at_mm = sim_positive(store, thing, "Sim/FeedsBeltAt", "30 mm");
    check_on_belt(store, thing, "Sim/FeedsBeltAt", belt->feeds_at_mm, belt);
    read_stock(store, thing, belt);
    belt->pusher = read_cylinder(store, thing);
}

static void read_ejector(struct store *store, const struct element *thing, struct simulation_belt *belt) {
    static const double SLIDE_MAX = 1000;
    belt->ejector = &thing->shown;
    belt->ejects_at_mm = sim_positive(store, thing, "Sim/EjectsBeltAt", "320 mm");
    check_on_belt(store, thing, "Sim/EjectsBeltAt", belt->ejects_at_mm, belt);
    double capacity = sim_positive(store, thing, "Sim/SlideCapacity", "5");
    if (capacity > SLIDE_MAX)
        caex_error(&store->caex, plant_stated_at(thing, TEXT("Sim/SlideCapacity")),
                   "Sim/SlideCapacity is %g; a slide holds at most %g workpieces", capacity, SLIDE_MAX);
    else
        belt->slide_capacity = (unsigned)capacity;
    belt->tolerance_mm = sim_at_least_zero(store, thing, "Sim/EjectTolerance", belt->piece_mm / 2);
    belt->piston = read_cylinder(store, thing);
}

/// Anything of a conveyor makes it one, so that what is missing is told.
static bool conveys(const struct store *store) {
    for (size_t i = 0; i < store->simulated.count; i++) {
        const struct element *element = store->simulated.items[i];
        if (sim_has(element, "Sim/BeltLength") || sim_has(element, "Sim/FeedsBeltAt") ||
            sim_has(element, "Sim/EjectsBeltAt"))
            return true;
    }
    return false;
}

static void read_workpieces(struct store *store, struct simulation_belt *belt) {
    const struct element *conveyor = find_thing(store, "Sim/BeltLength");
    const struct element *magazine = find_thing(store, "Sim/FeedsBeltAt");
    const struct element *ejector = find_thing(store, "Sim/EjectsBeltAt");
    if (conveyor != NULL) read_belt(store, conveyor, belt);
    if (magazine != NULL) read_magazine(store, magazine, belt);
    if (ejector != NULL) read_ejector(store, ejector, belt);
}

// ---------------------------------------------------------------- sensors at the belt

static enum simulation_beam_kind kind_of_beam(struct store *store, const struct element *element) {
    static const struct {
        const char *word;
        enum simulation_beam_kind kind;
    } rows[] = {{"magazine-empty", SIMULATION_MAGAZINE_EMPTY}, {"slide-full", SIMULATION_SLIDE_FULL}};
    struct text word = scope_text(&element->scope, TEXT("Sim/Reports"));
    if (word.length == 0) return SIMULATION_AT_BELT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_is(word, rows[i].word)) return rows[i].kind;
    caex_error(&store->caex, plant_stated_at(element, TEXT("Sim/Reports")),
               "Sim/Reports is '%.*s'; the simulation knows magazine-empty and slide-full", TEXT_ARG(word));
    return SIMULATION_SLIDE_FULL;
}

static bool sees_metal_only(struct store *store, const struct element *element) {
    struct text word = scope_text(&element->scope, TEXT("Sim/Detects"));
    if (word.length == 0) return false;
    if (!text_is(word, "metal"))
        caex_error(&store->caex, plant_stated_at(element, TEXT("Sim/Detects")),
                   "Sim/Detects is '%.*s'; the simulation knows metal, and any material when it is absent",
                   TEXT_ARG(word));
    return true;
}

static void read_beam(struct store *store, const struct element *element, struct plant_simulation *simulation) {
    struct simulation_beam beam = {.element = &element->shown,
                                   .kind = kind_of_beam(store, element),
                                   .metal_only = sees_metal_only(store, element)};
    if (simulation->belt.thing == NULL) return; // nothing passes it
    if (beam.kind == SIMULATION_AT_BELT && !sim_has(element, "Sim/BeltPosition")) {
        caex_warning(&store->caex, element->node,
                     "is left out of the simulation: it has neither Sim/BeltPosition nor Sim/Reports");
        return;
    }
    if (beam.kind == SIMULATION_AT_BELT) {
        beam.at_mm = sim_positive(store, element, "Sim/BeltPosition", "250 mm");
        check_on_belt(store, element, "Sim/BeltPosition", beam.at_mm, &simulation->belt);
    }
    if (sim_room(store, element, simulation->beam_count, SIMULATION_BEAMS_MAX, "sensors at the belt"))
        simulation->beams[simulation->beam_count++] = beam;
}

// ---------------------------------------------------------------- the panel

/// A panel that the simulation cannot hold is no fault of the plant: it may be a real one.
static bool can_be_played(struct store *store, const struct element *element,
                          const struct plant_simulation *simulation) {
    struct text texts[] = {element->shown.name, scope_text(&element->scope, TEXT("TextFalse")),
                           scope_text(&element->scope, TEXT("TextTrue"))};
    bool fits = true;
    for (size_t i = 0; i < 3; i++) fits = fits && texts[i].length < SIMULATION_CONTROL_NAME_BYTES;
    if (!fits)
        caex_warning(&store->caex, element->node,
                     "cannot be pressed in the simulation: its name and words must have at most %d bytes",
                     SIMULATION_CONTROL_NAME_BYTES - 1);
    else if (simulation->control_count == SIMULATION_CONTROLS_MAX)
        caex_warning(&store->caex, element->node,
                     "cannot be pressed in the simulation, which has %d buttons and switches already",
                     SIMULATION_CONTROLS_MAX);
    return fits && simulation->control_count < SIMULATION_CONTROLS_MAX;
}

static void read_control(struct store *store, const struct element *element, enum simulation_control_kind kind,
                         const char *signal, struct plant_simulation *simulation) {
    const struct plant_signal *wired = plant_find_signal(&element->shown, text_of(signal));
    if (wired == NULL || !can_be_played(store, element, simulation)) return; // a missing signal has a finding
    simulation->controls[simulation->control_count++] = (struct simulation_control){
        .element = &element->shown,
        .kind = kind,
        .signal = wired,
        .word_off = scope_text(&element->scope, TEXT("TextFalse")),
        .word_on = scope_text(&element->scope, TEXT("TextTrue")),
        .on = plant_scope_true(&element->scope, TEXT("Sim/Position")),
        .starts = text_is(scope_text(&element->scope, TEXT("Function")), "start"),
    };
}

static void read_module(struct store *store, const struct element *element, struct plant_simulation *simulation) {
    static const struct {
        const char *role, *signal;
        enum simulation_control_kind kind;
    } controls[] = {{"Button", "pressed", SIMULATION_BUTTON},
                    {"Switch", "position", SIMULATION_SWITCH},
                    {"EmergencyStop", "contact", SIMULATION_EMERGENCY_STOP}};
    struct text role = element->shown.role;
    if (element->shown.kind != PLANT_CORE_MODULE) return;
    if (text_is(role, "LightBarrier") || text_is(role, "MaterialSensor")) read_beam(store, element, simulation);
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++)
        if (text_is(role, controls[i].role))
            read_control(store, element, controls[i].kind, controls[i].signal, simulation);
}

// ---------------------------------------------------------------- spelling

/// A name that the simulation does not know has no effect: likely a slip.
static void check_spelling(struct store *store, const struct element *element) {
    static const char *const known[] = {
        "BeltLength",
        "WorkpieceLength",
        "SpeedFast",
        "SpeedSlow",
        "RampTime",
        "ExtendTime",
        "RetractTime",
        "ValveDelay",
        "Stock",
        "FeedsBeltAt",
        "EjectsBeltAt",
        "SlideCapacity",
        "EjectTolerance",
        "BeltPosition",
        "Position",
        "Detects",
        "Reports",
        "VesselVolume",
        "Level",
        "Temperature",
        "AmbientTemperature",
        "CoolingTime",
        "VesselHeight",
        "FlowRate",
        "From",
        "To",
        "SupplyTemperature",
        "TravelTime",
        "HeatingPower",
        "Of",
        "MixingTime",
        "Measures",
        "ResponseTime",
        "SwitchesAt",
        "Hysteresis",
        "Unit",
    };
    enum { KNOWN = sizeof known / sizeof known[0] };
    struct scope sim = scope_enter(&element->scope, TEXT("Sim"));
    if (sim.count == 0 || sim.nodes[0]->parent != element->node) return; // a class's is about more than this element
    const struct caex_node *member = caex_first(sim.nodes[0], CAEX_ATTRIBUTE);
    for (; member != NULL; member = caex_next(member)) {
        size_t at = 0;
        while (at < KNOWN && !text_is(member->name, known[at])) at++;
        if (at == KNOWN)
            caex_warning(&store->caex, member, "the simulation has no use for '%.*s'%s", TEXT_ARG(member->name),
                         caex_hint(&store->caex, member->name, known, KNOWN));
    }
}

enum error plant_make_simulation(struct store *store) {
    struct plant_simulation *simulation = arena_take(&store->caex.arena, sizeof *simulation);
    if (simulation == NULL) return ERROR_NO_MEMORY;
    store->plant.simulation = simulation;
    for (size_t i = 0; i < store->all_elements.count; i++) {
        const struct element *element = store->all_elements.items[i];
        if (scope_enter(&element->scope, TEXT("Sim")).count == 0) continue;
        if (!list_add(&store->simulated, store->all_elements.items[i])) return ERROR_NO_MEMORY;
    }
    plant_read_vessels(store, simulation);
    if (conveys(store)) read_workpieces(store, &simulation->belt);
    for (size_t i = 0; i < store->all_elements.count; i++) read_module(store, store->all_elements.items[i], simulation);
    for (size_t i = 0; i < store->simulated.count; i++) check_spelling(store, store->simulated.items[i]);
    return ERROR_NONE;
}
