// From what the model says about vessels to the process and its wires.

#include "process_io.h"

static const double STEP_S = 0.001, STEPS_PER_MIN = 60000;

// ---------------------------------------------------------------- vessels

static void add_vessel(struct process *process, struct process_io *io, const struct simulation_vessel *from) {
    io->vessels[process->vessel_count] = from->thing;
    process->vessels[process->vessel_count++] = (struct vessel){
        .volume_l = from->volume_l,
        .level_l = from->level_l,
        .temperature_c = from->temperature_c,
        .homogeneity = 1,
        .ambient_c = from->ambient_c,
        .cooling_steps = from->cooling_s / STEP_S,
    };
    process->supplied_l += from->level_l;
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

static void add_actor(struct process_io *io, const struct plant_element *element, enum actor_kind kind, size_t index) {
    io->actors[io->actor_count++] = (struct actor){
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

static void add_flow(struct process *process, struct process_io *io, const struct simulation_flow *from) {
    add_actor(io, from->element, ACTOR_FLOW, process->flow_count);
    process->flows[process->flow_count++] = (struct flow){
        .from = from->from,
        .to = from->to,
        .rate_l = from->rate_l_min / STEPS_PER_MIN,
        .temperature_c = from->supply_c,
        .travel = from->travel_s > STEP_S ? STEP_S / from->travel_s : 1,
    };
}

static void add_heater(struct process *process, struct process_io *io, const struct simulation_worker *from) {
    add_actor(io, from->element, ACTOR_HEATER, process->heater_count);
    process->heaters[process->heater_count++] =
        (struct heater){.vessel = (int)from->vessel, .energy_j = from->value * STEP_S};
}

static void add_stirrer(struct process *process, struct process_io *io, const struct simulation_worker *from) {
    add_actor(io, from->element, ACTOR_STIRRER, process->stirrer_count);
    process->stirrers[process->stirrer_count++] =
        (struct stirrer){.vessel = (int)from->vessel, .mixing_steps = from->value / STEP_S};
}

// ---------------------------------------------------------------- sensors

static struct gauge gauge_of(const struct simulation_gauge *from) {
    struct gauge gauge = {
        .measure = from->measure,
        .index = from->index,
        .factor = from->factor * (from->measure == SIMULATION_FLOW ? STEPS_PER_MIN : 1),
        .response = from->response_s > STEP_S ? STEP_S / from->response_s : 1,
        .switches_at = from->switches_at,
        .hysteresis = from->hysteresis,
    };
    if (from->signal->field.type == VALUE_BOOL)
        gauge.level_switch = wire_of_signal(from->signal);
    else
        gauge.number = analog_of_signal(from->signal);
    return gauge;
}

// ---------------------------------------------------------------- all

void process_make(struct process *process, struct process_io *io, const struct plant_simulation *from) {
    for (size_t i = 0; i < from->vessel_count; i++) add_vessel(process, io, &from->vessels[i]);
    for (size_t i = 0; i < from->flow_count; i++) add_flow(process, io, &from->flows[i]);
    for (size_t i = 0; i < from->heater_count; i++) add_heater(process, io, &from->heaters[i]);
    for (size_t i = 0; i < from->stirrer_count; i++) add_stirrer(process, io, &from->stirrers[i]);
    for (size_t i = 0; i < from->gauge_count; i++) io->gauges[io->gauge_count++] = gauge_of(&from->gauges[i]);
    process_io_settle(process, io);
}
