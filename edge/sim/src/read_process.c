// From the plant model to vessels, flows, heaters, stirrers and sensors: by `Sim` attributes, never by names.

#include "process_io.h"

#include <math.h>

static const double STEP_S = 0.001, STEPS_PER_MIN = 60000;

struct reading {
    struct process *process;
    struct process_io *io;
    struct problem *problem;
};

static bool has(const struct plant_element *element, const char *attribute) {
    return plant_attribute(element, text_of(attribute)).length > 0;
}

static enum error positive(const struct reading *reading, const struct plant_element *element, const char *attribute,
                           const char *example, double *ret_number) {
    *ret_number = plant_number(element, text_of(attribute), NAN);
    if (isfinite(*ret_number) && *ret_number > 0) return ERROR_NONE;
    return problem_say(reading->problem, ERROR_INVALID, "%.*s: %s must be a positive number, for example %s",
                       TEXT_ARG(element->path), attribute, example);
}

static enum error too_many(const struct reading *reading, const struct plant_element *element, const char *what,
                           int limit) {
    return problem_say(reading->problem, ERROR_TOO_LARGE, "%.*s: the simulation knows at most %d %s",
                       TEXT_ARG(element->path), limit, what);
}

// ---------------------------------------------------------------- vessels

static enum error read_vessel(struct reading *reading, const struct plant_element *thing) {
    struct process *process = reading->process;
    if (process->vessel_count == VESSELS_MAX) return too_many(reading, thing, "vessels", VESSELS_MAX);
    struct vessel vessel = {.homogeneity = 1};
    enum error error = positive(reading, thing, "Sim/VesselVolume", "10 l", &vessel.volume_l);
    if (error) return error;
    vessel.level_l = plant_number(thing, TEXT("Sim/Level"), 0);
    vessel.ambient_c = plant_number(thing, TEXT("Sim/AmbientTemperature"), 20);
    vessel.temperature_c = plant_number(thing, TEXT("Sim/Temperature"), vessel.ambient_c);
    vessel.cooling_steps = plant_number(thing, TEXT("Sim/CoolingTime"), 0) / STEP_S;
    if (vessel.level_l < 0 || vessel.level_l > vessel.volume_l)
        return problem_say(reading->problem, ERROR_INVALID, "%.*s: Sim/Level is %g l, but the vessel holds 0 to %g l",
                           TEXT_ARG(thing->path), vessel.level_l, vessel.volume_l);
    process->supplied_l += vessel.level_l;
    reading->io->vessels[process->vessel_count] = thing;
    process->vessels[process->vessel_count++] = vessel;
    return ERROR_NONE;
}

/// The vessel that an attribute names by its thing, or the one that the element stands in.
static enum error find_vessel(const struct reading *reading, const struct plant_element *element, const char *attribute,
                              bool own, int *ret_vessel) {
    struct text name = plant_attribute(element, text_of(attribute));
    *ret_vessel = PROCESS_OUTSIDE;
    if (name.length == 0 && !own) return ERROR_NONE;
    for (size_t i = 0; i < reading->process->vessel_count; i++) {
        const struct plant_element *thing = reading->io->vessels[i];
        if (name.length == 0 ? thing != element->thing : !text_equal(thing->name, name)) continue;
        *ret_vessel = (int)i;
        return ERROR_NONE;
    }
    return problem_say(reading->problem, ERROR_INVALID,
                       "%.*s: %s must name a thing with Sim/VesselVolume%s; \"%.*s\" is none", TEXT_ARG(element->path),
                       attribute, own ? " (or the element stands in one)" : "", TEXT_ARG(name));
}

// ---------------------------------------------------------------- actors

static struct drive drive_of(const struct plant_element *element) {
    struct drive drive = {.stop = wire_of(element, "stop")};
    for (size_t i = 0; i < element->signal_count; i++) {
        const struct plant_signal *signal = element->signals[i];
        if (!signal->actuator || text_is(signal->name, "stop")) continue;
        if (signal->field.type != VALUE_BOOL && drive.number_count < DRIVE_WIRES_MAX)
            drive.numbers[drive.number_count++] = analog_of_signal(signal);
        if (signal->field.type == VALUE_BOOL && drive.bit_count < DRIVE_WIRES_MAX)
            drive.bits[drive.bit_count++] = wire_of_signal(signal);
    }
    return drive;
}

static void add_actor(struct reading *reading, const struct plant_element *element, enum actor_kind kind,
                      size_t index) {
    reading->io->actors[reading->io->actor_count++] = (struct actor){
        .kind = kind,
        .index = index,
        .drive = drive_of(element),
        .opened = wire_of(element, "opened"),
        .closed = wire_of(element, "closed"),
        .running = wire_of(element, "running"),
        .tripped = wire_of(element, "tripped"),
        .element = element,
    };
}

static enum error read_flow(struct reading *reading, const struct plant_element *element) {
    struct process *process = reading->process;
    if (process->flow_count == FLOWS_MAX) return too_many(reading, element, "valves and pumps", FLOWS_MAX);
    struct flow flow = {.temperature_c = plant_number(element, TEXT("Sim/SupplyTemperature"), 15)};
    double rate = 0, travel_s = plant_number(element, TEXT("Sim/TravelTime"), 0);
    enum error error = positive(reading, element, "Sim/FlowRate", "6 l/min", &rate);
    if (!error) error = find_vessel(reading, element, "Sim/From", false, &flow.from);
    if (!error) error = find_vessel(reading, element, "Sim/To", false, &flow.to);
    if (error) return error;
    if (flow.from == flow.to)
        return problem_say(reading->problem, ERROR_INVALID,
                           "%.*s: Sim/From and Sim/To must say where it flows: a vessel on one side at least, and not "
                           "the same on both",
                           TEXT_ARG(element->path));
    flow.rate_l = rate / STEPS_PER_MIN;
    flow.travel = travel_s > STEP_S ? STEP_S / travel_s : 1;
    add_actor(reading, element, ACTOR_FLOW, process->flow_count);
    process->flows[process->flow_count++] = flow;
    return ERROR_NONE;
}

static enum error read_heater(struct reading *reading, const struct plant_element *element) {
    struct process *process = reading->process;
    if (process->heater_count == HEATERS_MAX) return too_many(reading, element, "heaters", HEATERS_MAX);
    struct heater heater = {0};
    double power_w = 0;
    enum error error = positive(reading, element, "Sim/HeatingPower", "2000 W", &power_w);
    if (!error) error = find_vessel(reading, element, "Sim/Of", true, &heater.vessel);
    if (error) return error;
    heater.energy_j = power_w * STEP_S;
    add_actor(reading, element, ACTOR_HEATER, process->heater_count);
    process->heaters[process->heater_count++] = heater;
    return ERROR_NONE;
}

static enum error read_stirrer(struct reading *reading, const struct plant_element *element) {
    struct process *process = reading->process;
    if (process->stirrer_count == STIRRERS_MAX) return too_many(reading, element, "stirrers", STIRRERS_MAX);
    struct stirrer stirrer = {0};
    double mixing_s = 0;
    enum error error = positive(reading, element, "Sim/MixingTime", "5 s", &mixing_s);
    if (!error) error = find_vessel(reading, element, "Sim/Of", true, &stirrer.vessel);
    if (error) return error;
    stirrer.mixing_steps = mixing_s / STEP_S;
    add_actor(reading, element, ACTOR_STIRRER, process->stirrer_count);
    process->stirrers[process->stirrer_count++] = stirrer;
    return ERROR_NONE;
}

// ---------------------------------------------------------------- sensors

static const struct {
    const char *word;
    enum measure measure;
} measures[] = {{"level", MEASURE_LEVEL},
                {"temperature", MEASURE_TEMPERATURE},
                {"homogeneity", MEASURE_HOMOGENEITY},
                {"flow", MEASURE_FLOW}};

static const struct plant_signal *sensor_of(const struct plant_element *element) {
    for (size_t i = 0; i < element->signal_count; i++)
        if (!element->signals[i]->actuator) return element->signals[i];
    return NULL;
}

/// From what the process counts in to the unit of the signal; 0: the simulation does not know that unit there.
static double factor_of(const struct reading *reading, const struct gauge *gauge, struct text unit) {
    if (gauge->measure == MEASURE_TEMPERATURE) return unit.length == 0 || text_is(unit, "°C") ? 1 : 0;
    if (gauge->measure == MEASURE_HOMOGENEITY) return text_is(unit, "%") ? 100 : unit.length == 0;
    if (gauge->measure == MEASURE_FLOW) {
        if (unit.length == 0 || text_is(unit, "l/min")) return STEPS_PER_MIN;
        return text_is(unit, "l/h") ? STEPS_PER_MIN * 60 : 0;
    }
    double volume_l = reading->process->vessels[gauge->index].volume_l;
    double height_mm = plant_number(reading->io->vessels[gauge->index], TEXT("Sim/VesselHeight"), 0);
    if (unit.length == 0 || text_is(unit, "l")) return 1;
    if (text_is(unit, "%")) return 100 / volume_l;
    if (text_is(unit, "m³")) return 0.001;
    if (text_is(unit, "mm")) return height_mm / volume_l;
    return text_is(unit, "m") ? height_mm / volume_l / 1000 : 0;
}

static enum error find_flow(const struct reading *reading, const struct plant_element *element, size_t *ret_flow) {
    struct text name = plant_attribute(element, TEXT("Sim/Of"));
    for (size_t i = 0; i < reading->io->actor_count; i++) {
        const struct actor *actor = &reading->io->actors[i];
        if (actor->kind != ACTOR_FLOW || actor->element->thing != element->thing) continue;
        if (actor->element != element && !text_equal(actor->element->name, name)) continue;
        *ret_flow = actor->index;
        return ERROR_NONE;
    }
    return problem_say(reading->problem, ERROR_INVALID,
                       "%.*s: Sim/Of must name a valve or pump (with Sim/FlowRate) of the same thing",
                       TEXT_ARG(element->path));
}

static enum error read_gauge(struct reading *reading, const struct plant_element *element, struct text word) {
    if (reading->io->gauge_count == GAUGES_MAX) return too_many(reading, element, "sensors", GAUGES_MAX);
    const struct plant_signal *signal = sensor_of(element);
    size_t choice = 0, choices = sizeof measures / sizeof measures[0];
    while (choice < choices && !text_is(word, measures[choice].word)) choice++;
    if (choice == choices)
        return problem_say(reading->problem, ERROR_INVALID,
                           "%.*s: Sim/Measures is \"%.*s\"; the simulation knows level, temperature, homogeneity, flow",
                           TEXT_ARG(element->path), TEXT_ARG(word));
    if (signal == NULL)
        return problem_say(reading->problem, ERROR_INVALID, "%.*s: has Sim/Measures but no sensor signal",
                           TEXT_ARG(element->path));
    struct gauge gauge = {.measure = measures[choice].measure, .response = 1};
    int vessel = 0;
    enum error error = gauge.measure == MEASURE_FLOW ? find_flow(reading, element, &gauge.index)
                                                     : find_vessel(reading, element, "Sim/Of", true, &vessel);
    if (error) return error;
    if (gauge.measure != MEASURE_FLOW) gauge.index = (size_t)vessel;
    bool number = signal->field.type != VALUE_BOOL;
    struct text unit = number ? signal->field.unit : plant_attribute(element, TEXT("Sim/Unit"));
    gauge.factor = factor_of(reading, &gauge, unit);
    if (!(gauge.factor > 0))
        return problem_say(reading->problem, ERROR_INVALID, "%.*s: the simulation cannot measure %.*s in \"%.*s\"%s",
                           TEXT_ARG(element->path), TEXT_ARG(word), TEXT_ARG(unit),
                           gauge.measure == MEASURE_LEVEL ? "; use l, % or m³, or mm and m with Sim/VesselHeight" : "");
    double lag_s = plant_number(element, TEXT("Sim/ResponseTime"), 0);
    if (lag_s > STEP_S) gauge.response = STEP_S / lag_s;
    if (number)
        gauge.number = analog_of_signal(signal);
    else
        gauge.level_switch = wire_of_signal(signal);
    if (!number) error = positive(reading, element, "Sim/SwitchesAt", "8 l", &gauge.switches_at);
    gauge.hysteresis = plant_number(element, TEXT("Sim/Hysteresis"), 0);
    if (!error) reading->io->gauges[reading->io->gauge_count++] = gauge;
    return error;
}

// ---------------------------------------------------------------- all

static const struct {
    const char *attribute;
    enum error (*read)(struct reading *reading, const struct plant_element *element);
} actors[] = {{"Sim/FlowRate", read_flow}, {"Sim/HeatingPower", read_heater}, {"Sim/MixingTime", read_stirrer}};

static enum error read_actors(struct reading *reading, const struct plant_element *element) {
    enum error error = ERROR_NONE;
    for (size_t i = 0; !error && i < sizeof actors / sizeof actors[0]; i++)
        if (has(element, actors[i].attribute)) error = actors[i].read(reading, element);
    return error;
}

enum error process_read(struct process *process, struct process_io *io, const struct plant *plant,
                        struct problem *ret_problem) {
    struct reading reading = {.process = process, .io = io, .problem = ret_problem};
    enum error error = ERROR_NONE;
    for (size_t i = 0; !error && i < plant->element_count; i++)
        if (has(plant->elements[i], "Sim/VesselVolume")) error = read_vessel(&reading, plant->elements[i]);
    if (process->vessel_count == 0) return error;
    for (size_t i = 0; !error && i < plant->element_count; i++) error = read_actors(&reading, plant->elements[i]);
    for (size_t i = 0; !error && i < plant->element_count; i++) {
        struct text word = plant_attribute(plant->elements[i], TEXT("Sim/Measures"));
        if (word.length > 0) error = read_gauge(&reading, plant->elements[i], word);
    }
    if (!error) process_io_settle(process, io);
    return error;
}
