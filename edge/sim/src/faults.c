#include "parts.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    enum fault_place place;
} kinds[FAULT_COUNT] = {
#define X(id, name, place, what) [FAULT_##id] = {name, place},
    FAULT_TABLE(X)
#undef X
};

const char *const sim_fault_names[] = {
#define X(id, name, place, what) name,
    FAULT_TABLE(X)
#undef X
        NULL};

bool fault_at(const struct sim *sim, enum fault_id id, const struct plant_element *element) {
    const struct fault *fault = &sim->faults[id];
    return fault->active && (element == NULL || fault->element == element);
}

// ---------------------------------------------------------------- places

/// "mps_conveyor/motor": the path below the station.
static struct text path_below(const struct sim *sim, const struct plant_element *element) {
    return text_from(element->path, sim->plant->station->path.length + 1);
}

static const struct plant_element *find_element(const struct sim *sim, struct text path) {
    for (size_t i = 0; i < sim->plant->element_count; i++)
        if (text_equal(path_below(sim, sim->plant->elements[i]), path)) return sim->plant->elements[i];
    return NULL;
}

static bool signal_may(const struct plant_signal *signal, enum fault_place place) {
    bool boolean = signal->field.type == VALUE_BOOL;
    if (place == AT_ACTUATOR) return signal->actuator && boolean;
    return !signal->actuator && (place == AT_SENSOR || (place == AT_CONTACT) == boolean);
}

/// "module/signal", or "module" when only one of its signals can have the fault.
static const struct plant_signal *find_signal(const struct sim *sim, struct text path, enum fault_place place) {
    const struct plant_signal *found = NULL;
    for (size_t i = 0; i < sim->plant->signal_count; i++) {
        const struct plant_signal *signal = sim->plant->signals[i];
        struct text module = path_below(sim, signal->module);
        if (!signal_may(signal, place) || !text_starts_with(path, module)) continue;
        struct text rest = text_from(path, module.length);
        if (rest.length == signal->name.length + 1 && rest.data[0] == '/' &&
            text_equal(text_from(rest, 1), signal->name))
            return signal;
        if (rest.length > 0) continue;
        if (found != NULL) return NULL; // which one?
        found = signal;
    }
    return found;
}

static bool has_actor(const struct sim *sim, const struct plant_element *element) {
    for (size_t i = 0; i < sim->process_io.actor_count; i++) {
        const struct actor *actor = &sim->process_io.actors[i];
        if (actor->element == element) return actor->kind == ACTOR_FLOW;
    }
    return false;
}

static bool has_beam(const struct sim *sim, const struct plant_element *element, bool on_belt) {
    for (size_t i = 0; i < sim->beam_count; i++)
        if (sim->beams[i].element == element) return !on_belt || sim->beams[i].kind == SIMULATION_AT_BELT;
    return false;
}

static bool has_button(const struct sim *sim, const struct plant_element *element) {
    for (size_t i = 0; i < sim->control_count; i++)
        if (sim->controls[i].element == element) return sim->controls[i].kind != SIMULATION_SWITCH;
    return false;
}

static bool element_may(const struct sim *sim, const struct plant_element *element, enum fault_place place) {
    switch (place) {
    case AT_CYLINDER:
        return element == sim->magazine.pusher.element || element == sim->ejector.piston.element ||
               cylinders_have(sim, element);
    case AT_MOTOR: return element == sim->belt.motor;
    case AT_BEAM: return has_beam(sim, element, false);
    case AT_BELT_BEAM: return has_beam(sim, element, true);
    case AT_BUTTON: return has_button(sim, element);
    case AT_FLOW: return has_actor(sim, element);
    case AT_VESSEL: return plant_attribute(element, TEXT("Sim/VesselVolume")).length > 0;
    case AT_STATION:
    case AT_SENSOR:
    case AT_CONTACT:
    case AT_NUMBER:
    case AT_ACTUATOR: break;
    }
    return false;
}

static bool place_fault(const struct sim *sim, enum fault_place place, struct text target, struct fault *fault) {
    if (place == AT_STATION) return target.length == 0;
    if (place == AT_SENSOR || place == AT_CONTACT || place == AT_NUMBER || place == AT_ACTUATOR) {
        fault->signal = find_signal(sim, target, place);
        if (fault->signal != NULL) fault->element = fault->signal->module;
        return fault->signal != NULL;
    }
    fault->element = find_element(sim, target);
    return fault->element != NULL && element_may(sim, fault->element, place);
}

// ---------------------------------------------------------------- hands that break and mend

static int find_fault(struct text name) {
    for (int i = 0; i < FAULT_COUNT; i++)
        if (text_is(name, kinds[i].name)) return i;
    return -1;
}

enum sim_fault_answer sim_inject_fault(struct sim *sim, struct text name, struct text target) {
    int id = find_fault(name);
    if (id < 0) return SIM_NO_SUCH_FAULT;
    struct fault fault = {.active = true, .since = sim->step, .differs_since = sim->step};
    if (!place_fault(sim, kinds[id].place, target, &fault)) return SIM_NO_SUCH_TARGET;
    sim->faults[id] = fault;
    return SIM_FAULT_DONE;
}

/// What a fault has changed for good goes on from there; what it changes while it is there is undone here.
static void mend(struct sim *sim, enum fault_id id) {
    sim->faults[id].active = false;
    faults_change_process(sim);
}

enum sim_fault_answer sim_clear_fault(struct sim *sim, struct text name) {
    int id = find_fault(name);
    if (name.length > 0 && id < 0) return SIM_NO_SUCH_FAULT;
    for (int i = 0; i < FAULT_COUNT; i++)
        if (i == id || name.length == 0) mend(sim, (enum fault_id)i);
    return SIM_FAULT_DONE;
}

size_t sim_fault_count(const struct sim *sim) {
    size_t count = 0;
    for (size_t i = 0; i < FAULT_COUNT; i++) count += sim->faults[i].active;
    return count;
}

bool sim_fault_at(const struct sim *sim, size_t index, struct sim_fault *ret_fault) {
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        const struct fault *fault = &sim->faults[i];
        if (!fault->active || index-- > 0) continue;
        *ret_fault = (struct sim_fault){.name = kinds[i].name};
        if (fault->element != NULL) ret_fault->element = path_below(sim, fault->element);
        if (fault->signal != NULL) ret_fault->signal = fault->signal->name;
        return true;
    }
    return false;
}

// ---------------------------------------------------------------- what they do

static void set_raw(const struct fault *fault, bool on, uint8_t *image) {
    const struct plant_channel *channel = fault->signal->channel;
    io_set_bit(image, (struct io_place){channel->byte, channel->bit, 1}, on);
}

void faults_change_outputs(struct sim *sim) {
    const struct fault *broken = &sim->faults[FAULT_OUTPUT_BROKEN], *welded = &sim->faults[FAULT_OUTPUT_STUCK_ON];
    if (broken->active) wire_set(wire_of_signal(broken->signal), false, sim->outputs);
    if (welded->active) wire_set(wire_of_signal(welded->signal), true, sim->outputs);
    if (!sim->faults[FAULT_POWER_LOSS].active) return;
    for (size_t i = 0; i < sim->plant->signal_count; i++) {
        const struct plant_signal *signal = sim->plant->signals[i];
        if (signal->actuator && signal->field.type == VALUE_BOOL)
            set_raw(&(struct fault){.signal = signal}, false, sim->outputs);
    }
}

void faults_change_process(struct sim *sim) {
    for (size_t i = 0; i < sim->process_io.actor_count; i++) {
        const struct actor *actor = &sim->process_io.actors[i];
        if (actor->kind == ACTOR_FLOW)
            sim->process.flows[actor->index].stuck = fault_at(sim, FAULT_FLOW_STUCK, actor->element);
    }
    for (size_t i = 0; i < sim->process.vessel_count; i++) {
        struct vessel *vessel = &sim->process.vessels[i];
        bool leaks = fault_at(sim, FAULT_LEAK, sim->process_io.vessels[i]);
        vessel->leak_l = leaks ? vessel->volume_l * 0.01 * 0.001 : 0;
    }
}

static void chatter(const struct sim *sim, const struct fault *fault, uint8_t *inputs) {
    struct wire wire = wire_of_signal(fault->signal);
    if (wire_on(wire, inputs) && (sim->step - fault->since) / 15 % 2 != 0) wire_set(wire, false, inputs);
}

static void show_late(const struct sim *sim, struct fault *fault, uint8_t *inputs) {
    struct wire wire = wire_of_signal(fault->signal);
    bool now = wire_on(wire, inputs);
    if (now == fault->shown) fault->differs_since = sim->step;
    if (sim->step - fault->differs_since >= 400) fault->shown = now;
    wire_set(wire, fault->shown, inputs);
}

static double range_of(const struct analog *analog) {
    double range = analog->high - analog->low;
    return isfinite(range) ? range : 100;
}

static void add_noise(struct sim *sim, const struct fault *fault, uint8_t *inputs) {
    uint64_t draw = sim_random(&sim->noise);
    if (fault->signal->field.type == VALUE_BOOL) {
        struct wire wire = wire_of_signal(fault->signal);
        if (draw % 100 == 0) wire_set(wire, !wire_on(wire, inputs), inputs);
        return;
    }
    struct analog analog = analog_of_signal(fault->signal);
    double share = (double)(draw >> 11) / (double)(UINT64_C(1) << 53) * 2 - 1; // -1 to 1
    analog_set(&analog, analog_value(&analog, inputs) + 0.02 * share * range_of(&analog), inputs);
}

static void drift(const struct sim *sim, const struct fault *fault, uint8_t *inputs) {
    struct analog analog = analog_of_signal(fault->signal);
    double seconds = (double)(sim->step - fault->since) * 0.001;
    analog_set(&analog, analog_value(&analog, inputs) + 0.005 * seconds * range_of(&analog), inputs);
}

static void break_wire(const struct fault *fault, uint8_t *inputs) {
    const struct plant_channel *channel = fault->signal->channel;
    io_set_word(inputs, (struct io_place){channel->byte, channel->bit, (uint8_t)channel->bits}, 0);
}

void faults_change_inputs(struct sim *sim, uint8_t *inputs, size_t bytes) {
    struct fault *faults = sim->faults;
    if (faults[FAULT_SENSOR_LATE].active) show_late(sim, &faults[FAULT_SENSOR_LATE], inputs);
    if (faults[FAULT_SENSOR_DRIFTS].active) drift(sim, &faults[FAULT_SENSOR_DRIFTS], inputs);
    if (faults[FAULT_SENSOR_STUCK_ON].active)
        wire_set(wire_of_signal(faults[FAULT_SENSOR_STUCK_ON].signal), true, inputs);
    if (faults[FAULT_SENSOR_STUCK_OFF].active)
        wire_set(wire_of_signal(faults[FAULT_SENSOR_STUCK_OFF].signal), false, inputs);
    if (faults[FAULT_CONTACT_CHATTERS].active) chatter(sim, &faults[FAULT_CONTACT_CHATTERS], inputs);
    if (faults[FAULT_SENSOR_NOISE].active) add_noise(sim, &faults[FAULT_SENSOR_NOISE], inputs);
    if (faults[FAULT_WIRE_BROKEN].active) break_wire(&faults[FAULT_WIRE_BROKEN], inputs);
    size_t known = bytes < sim->image_bytes ? bytes : sim->image_bytes;
    if (faults[FAULT_DRIVER_FROZEN].active)
        memcpy(inputs, sim->last_inputs, known);
    else
        memcpy(sim->last_inputs, inputs, known);
}
