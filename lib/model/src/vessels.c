// From `Sim` attributes to vessels, flows, heaters, stirrers and their sensors.
#include "simulation.h"

#include <math.h>

// ---------------------------------------------------------------- vessels

static void read_vessel(struct store *store, const struct element *thing, struct plant_simulation *simulation) {
    if (!sim_room(store, thing, simulation->vessel_count, SIMULATION_VESSELS_MAX, "vessels")) return;
    if (thing->shown.kind != PLANT_THING)
        caex_error(&store->caex, plant_stated_at(thing, TEXT("Sim/VesselVolume")),
                   "a vessel is a thing; '%.*s' is none, move Sim/VesselVolume to its thing",
                   TEXT_ARG(thing->shown.name));
    struct simulation_vessel vessel = {
        .thing = &thing->shown,
        .volume_l = sim_positive(store, thing, "Sim/VesselVolume", "10 l"),
        .level_l = sim_at_least_zero(store, thing, "Sim/Level", 0),
        .ambient_c = sim_number(store, thing, "Sim/AmbientTemperature", 20),
        .cooling_s = sim_at_least_zero(store, thing, "Sim/CoolingTime", 0),
        .height_mm = sim_at_least_zero(store, thing, "Sim/VesselHeight", 0),
    };
    vessel.temperature_c = sim_number(store, thing, "Sim/Temperature", vessel.ambient_c);
    if (vessel.volume_l > 0 && vessel.level_l > vessel.volume_l)
        caex_error(&store->caex, plant_stated_at(thing, TEXT("Sim/Level")),
                   "Sim/Level is %g l, but the vessel holds 0 to %g l", vessel.level_l, vessel.volume_l);
    simulation->vessels[simulation->vessel_count++] = vessel;
}

/// The vessel that an attribute names by its thing, or the one that the element stands in.
static int find_vessel(struct store *store, const struct element *element, const char *attribute, bool own,
                       const struct plant_simulation *simulation) {
    struct text name = scope_text(&element->scope, text_of(attribute));
    if (name.length == 0 && !own) return SIMULATION_OUTSIDE;
    for (size_t i = 0; i < simulation->vessel_count; i++) {
        const struct plant_element *thing = simulation->vessels[i].thing;
        if (name.length == 0 ? thing == element->shown.thing : text_equal(thing->name, name)) return (int)i;
    }
    caex_error(&store->caex, plant_stated_at(element, text_of(attribute)),
               "%s must name a thing with Sim/VesselVolume%s; '%.*s' is none", attribute,
               own ? " (or the element stands in one)" : "", TEXT_ARG(name));
    return SIMULATION_OUTSIDE;
}

// ---------------------------------------------------------------- actors

static void read_flow(struct store *store, const struct element *element, struct plant_simulation *simulation) {
    if (!sim_room(store, element, simulation->flow_count, SIMULATION_FLOWS_MAX, "valves and pumps")) return;
    size_t errors = model_findings_errors(store->caex.findings);
    struct simulation_flow flow = {
        .element = &element->shown,
        .rate_l_min = sim_positive(store, element, "Sim/FlowRate", "6 l/min"),
        .from = find_vessel(store, element, "Sim/From", false, simulation),
        .to = find_vessel(store, element, "Sim/To", false, simulation),
        .supply_c = sim_number(store, element, "Sim/SupplyTemperature", 15),
        .travel_s = sim_at_least_zero(store, element, "Sim/TravelTime", 0),
    };
    if (flow.from == flow.to && model_findings_errors(store->caex.findings) == errors)
        caex_error(&store->caex, plant_stated_at(element, TEXT("Sim/FlowRate")),
                   "Sim/From and Sim/To must say where it flows: a vessel on one side at least, and not the same on "
                   "both");
    simulation->flows[simulation->flow_count++] = flow;
}

static struct simulation_worker worker_of(struct store *store, const struct element *element, const char *attribute,
                                          const char *example, const struct plant_simulation *simulation) {
    int vessel = find_vessel(store, element, "Sim/Of", true, simulation);
    return (struct simulation_worker){
        .element = &element->shown,
        .vessel = vessel < 0 ? 0 : (size_t)vessel, // with a finding
        .value = sim_positive(store, element, attribute, example),
    };
}

static void read_heater(struct store *store, const struct element *element, struct plant_simulation *simulation) {
    if (sim_room(store, element, simulation->heater_count, SIMULATION_HEATERS_MAX, "heaters"))
        simulation->heaters[simulation->heater_count++] =
            worker_of(store, element, "Sim/HeatingPower", "2000 W", simulation);
}

static void read_stirrer(struct store *store, const struct element *element, struct plant_simulation *simulation) {
    if (sim_room(store, element, simulation->stirrer_count, SIMULATION_STIRRERS_MAX, "stirrers"))
        simulation->stirrers[simulation->stirrer_count++] =
            worker_of(store, element, "Sim/MixingTime", "5 s", simulation);
}

// ---------------------------------------------------------------- sensors

/// From what the vessels count in to the unit of the signal; 0: the simulation does not know that unit there.
static double factor_of(const struct plant_simulation *simulation, const struct simulation_gauge *gauge,
                        struct text unit) {
    if (gauge->measure == SIMULATION_TEMPERATURE) return unit.length == 0 || text_is(unit, "°C") ? 1 : 0;
    if (gauge->measure == SIMULATION_HOMOGENEITY) return text_is(unit, "%") ? 100 : unit.length == 0;
    if (gauge->measure == SIMULATION_FLOW) {
        if (unit.length == 0 || text_is(unit, "l/min")) return 1;
        return text_is(unit, "l/h") ? 60 : 0;
    }
    const struct simulation_vessel *vessel = &simulation->vessels[gauge->index];
    if (unit.length == 0 || text_is(unit, "l")) return 1;
    if (text_is(unit, "%")) return 100 / vessel->volume_l;
    if (text_is(unit, "m³")) return 0.001;
    if (text_is(unit, "mm")) return vessel->height_mm / vessel->volume_l;
    return text_is(unit, "m") ? vessel->height_mm / vessel->volume_l / 1000 : 0;
}

/// The index of the valve or pump that a flow sensor names, of the same thing; -1 with a finding.
static int find_flow(struct store *store, const struct element *element, const struct plant_simulation *simulation) {
    struct text name = scope_text(&element->scope, TEXT("Sim/Of"));
    for (size_t i = 0; i < simulation->flow_count; i++) {
        const struct plant_element *flow = simulation->flows[i].element;
        if (flow->thing != element->shown.thing) continue;
        if (flow == &element->shown || text_equal(flow->name, name)) return (int)i;
    }
    caex_error(&store->caex, plant_stated_at(element, TEXT("Sim/Of")),
               "Sim/Of must name a valve or pump (with Sim/FlowRate) of the same thing; '%.*s' is none",
               TEXT_ARG(name));
    return -1;
}

static bool find_measure(struct store *store, const struct element *element, enum simulation_measure *ret_measure) {
    static const char *const words[] = {[SIMULATION_LEVEL] = "level",
                                        [SIMULATION_TEMPERATURE] = "temperature",
                                        [SIMULATION_HOMOGENEITY] = "homogeneity",
                                        [SIMULATION_FLOW] = "flow"};
    struct text word = scope_text(&element->scope, TEXT("Sim/Measures"));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        *ret_measure = (enum simulation_measure)i;
        if (text_is(word, words[i])) return true;
    }
    caex_error(&store->caex, plant_stated_at(element, TEXT("Sim/Measures")),
               "Sim/Measures is '%.*s'; the simulation knows level, temperature, homogeneity, flow", TEXT_ARG(word));
    return false;
}

static const struct plant_signal *sensor_of(const struct plant_element *element) {
    for (size_t i = 0; i < element->signal_count; i++)
        if (!element->signals[i]->actuator) return element->signals[i];
    return NULL;
}

static void read_unit(struct store *store, const struct element *element, const struct plant_simulation *simulation,
                      struct simulation_gauge *gauge) {
    bool number = gauge->signal->field.type != VALUE_BOOL;
    struct text unit = number ? gauge->signal->field.unit : scope_text(&element->scope, TEXT("Sim/Unit"));
    gauge->factor = factor_of(simulation, gauge, unit);
    if (gauge->factor > 0 && isfinite(gauge->factor)) return;
    caex_error(&store->caex, plant_stated_at(element, TEXT("Sim/Measures")),
               "the simulation cannot measure %.*s in '%.*s'%s",
               TEXT_ARG(scope_text(&element->scope, TEXT("Sim/Measures"))), TEXT_ARG(unit),
               gauge->measure == SIMULATION_LEVEL ? "; use l, % or m³, or mm and m with Sim/VesselHeight" : "");
}

static void read_gauge(struct store *store, const struct element *element, struct plant_simulation *simulation) {
    struct simulation_gauge gauge = {.element = &element->shown, .signal = sensor_of(&element->shown)};
    if (!sim_room(store, element, simulation->gauge_count, SIMULATION_GAUGES_MAX, "sensors of vessels")) return;
    if (!find_measure(store, element, &gauge.measure)) return;
    if (gauge.signal == NULL) {
        caex_error(&store->caex, element->node, "has Sim/Measures but no sensor signal; add one");
        return;
    }
    int index = gauge.measure == SIMULATION_FLOW ? find_flow(store, element, simulation)
                                                 : find_vessel(store, element, "Sim/Of", true, simulation);
    if (index < 0) return;
    gauge.index = (size_t)index;
    read_unit(store, element, simulation, &gauge);
    gauge.response_s = sim_at_least_zero(store, element, "Sim/ResponseTime", 0);
    if (gauge.signal->field.type == VALUE_BOOL)
        gauge.switches_at = sim_positive(store, element, "Sim/SwitchesAt", "8 l");
    gauge.hysteresis = sim_at_least_zero(store, element, "Sim/Hysteresis", 0);
    simulation->gauges[simulation->gauge_count++] = gauge;
}

// ---------------------------------------------------------------- all

/// Vessels first, for the others name them; sensors last, for they name flows.
void plant_read_vessels(struct store *store, struct plant_simulation *simulation) {
    static const struct {
        const char *attribute;
        void (*read)(struct store *store, const struct element *element, struct plant_simulation *simulation);
    } passes[] = {{"Sim/VesselVolume", read_vessel},
                  {"Sim/FlowRate", read_flow},
                  {"Sim/HeatingPower", read_heater},
                  {"Sim/MixingTime", read_stirrer},
                  {"Sim/Measures", read_gauge}};
    for (size_t pass = 0; pass < sizeof passes / sizeof passes[0]; pass++)
        for (size_t i = 0; i < store->simulated.count; i++)
            if (sim_has(store->simulated.items[i], passes[pass].attribute))
                passes[pass].read(store, store->simulated.items[i], simulation);
}
