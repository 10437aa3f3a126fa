#include "process_io.h"

static double drive_wish(const struct drive *drive, const uint8_t *outputs) {
    if (wire_on(drive->stop, outputs)) return 0;
    double wish = drive->bit_count == 0 ? 1 : 0;
    for (size_t i = 0; i < drive->bit_count; i++)
        if (wire_on(drive->bits[i], outputs)) wish = 1;
    for (size_t i = 0; i < drive->number_count; i++) wish *= analog_share(&drive->numbers[i], outputs);
    return wish;
}

static void want(struct process *process, const struct actor *actor, double wish) {
    switch (actor->kind) {
    case ACTOR_FLOW: process->flows[actor->index].wanted = wish; break;
    case ACTOR_HEATER: process->heaters[actor->index].wanted = wish; break;
    case ACTOR_STIRRER: process->stirrers[actor->index].wanted = wish; break;
    }
}

static double measured(const struct process *process, const struct gauge *gauge) {
    switch (gauge->measure) {
    case SIMULATION_LEVEL: return process->vessels[gauge->index].level_l;
    case SIMULATION_TEMPERATURE: return process->vessels[gauge->index].temperature_c;
    case SIMULATION_HOMOGENEITY: return process->vessels[gauge->index].homogeneity;
    case SIMULATION_FLOW: break;
    }
    return process->flows[gauge->index].moved_l;
}

static void look(const struct process *process, struct gauge *gauge) {
    double now = measured(process, gauge) * gauge->factor;
    gauge->shown += (now - gauge->shown) * gauge->response;
    double limit = gauge->on ? gauge->switches_at - gauge->hysteresis : gauge->switches_at;
    gauge->on = gauge->shown >= limit;
}

void process_io_settle(const struct process *process, struct process_io *io) {
    for (size_t i = 0; i < io->gauge_count; i++) {
        struct gauge *gauge = &io->gauges[i];
        gauge->shown = measured(process, gauge) * gauge->factor;
        look(process, gauge);
    }
}

void process_io_step(struct process *process, struct process_io *io, const uint8_t *outputs, bool power) {
    for (size_t i = 0; i < io->actor_count; i++) {
        const struct actor *actor = &io->actors[i];
        want(process, actor, power ? drive_wish(&actor->drive, outputs) : 0);
    }
    process_step(process);
    for (size_t i = 0; i < io->gauge_count; i++) look(process, &io->gauges[i]);
}

static double activity(const struct process *process, const struct actor *actor) {
    if (actor->kind == ACTOR_FLOW) return process->flows[actor->index].opening;
    if (actor->kind == ACTOR_HEATER) return process->heaters[actor->index].wanted;
    return process->stirrers[actor->index].wanted;
}

void process_io_report(const struct process *process, const struct process_io *io, uint8_t *inputs) {
    for (size_t i = 0; i < io->actor_count; i++) {
        const struct actor *actor = &io->actors[i];
        double active = activity(process, actor);
        wire_set(actor->opened, active >= 1, inputs);
        wire_set(actor->closed, active <= 0, inputs);
        wire_set(actor->running, active > 0, inputs);
        wire_set(actor->tripped, false, inputs);
    }
    for (size_t i = 0; i < io->gauge_count; i++) {
        const struct gauge *gauge = &io->gauges[i];
        analog_set(&gauge->number, gauge->shown, inputs);
        wire_set(gauge->level_switch, gauge->on, inputs);
    }
}

bool process_moves(const struct process *process) {
    for (size_t i = 0; i < process->flow_count; i++)
        if (process->flows[i].opening > 0) return true;
    for (size_t i = 0; i < process->stirrer_count; i++)
        if (process->stirrers[i].wanted > 0) return true;
    return false;
}
