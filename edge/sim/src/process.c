#include "process.h"

static const double HEAT_CAPACITY_J_PER_KG_K = 4186; // of water
static const double BOILING_C = 100;
static const double LEAST_HEATED_L =
    0.1; // a heater in an empty vessel warms at least this much: steel, and what sticks

static double least(double a, double b) {
    return a < b ? a : b;
}

static double most(double a, double b) {
    return a > b ? a : b;
}

static struct vessel *vessel_at(struct process *process, int index) {
    return index == PROCESS_OUTSIDE ? NULL : &process->vessels[index];
}

/// What comes in takes on its share of temperature, and lies in a layer of its own until it is stirred.
static void pour(struct process *process, struct vessel *vessel, double volume_l, double temperature_c) {
    double room_l = most(vessel->volume_l - vessel->level_l, 0);
    double taken_l = least(volume_l, room_l);
    process->spilled_l += volume_l - taken_l;
    double after_l = vessel->level_l + taken_l;
    if (after_l <= 0) return;
    double share = taken_l / after_l;
    vessel->temperature_c += (temperature_c - vessel->temperature_c) * share;
    vessel->homogeneity = vessel->level_l <= 0 ? 1 : vessel->homogeneity * (1 - share);
    vessel->level_l = after_l;
}

static void move(struct process *process, struct flow *flow) {
    double way = flow->wanted - flow->opening;
    if (!flow->stuck) flow->opening += way > 0 ? least(way, flow->travel) : most(way, -flow->travel);
    struct vessel *from = vessel_at(process, flow->from), *to = vessel_at(process, flow->to);
    double volume_l = flow->rate_l * flow->opening;
    if (from != NULL) volume_l = least(volume_l, from->level_l);
    flow->moved_l = volume_l;
    double temperature_c = from != NULL ? from->temperature_c : flow->temperature_c;
    if (from != NULL)
        from->level_l -= volume_l;
    else
        process->supplied_l += volume_l;
    if (to != NULL)
        pour(process, to, volume_l, temperature_c);
    else
        process->drained_l += volume_l;
}

static void warm(struct process *process, const struct heater *heater) {
    struct vessel *vessel = &process->vessels[heater->vessel];
    double mass_kg = most(vessel->level_l, LEAST_HEATED_L);
    double warmer_c = vessel->temperature_c + heater->energy_j * heater->wanted / (mass_kg * HEAT_CAPACITY_J_PER_KG_K);
    vessel->temperature_c = least(warmer_c, BOILING_C);
}

static void stir(struct process *process, const struct stirrer *stirrer) {
    struct vessel *vessel = &process->vessels[stirrer->vessel];
    vessel->homogeneity += (1 - vessel->homogeneity) * least(stirrer->wanted / stirrer->mixing_steps, 1);
}

static void rest(struct process *process, struct vessel *vessel) {
    if (vessel->cooling_steps > 0)
        vessel->temperature_c += (vessel->ambient_c - vessel->temperature_c) / vessel->cooling_steps;
    double leaked_l = least(vessel->leak_l, vessel->level_l);
    vessel->level_l -= leaked_l;
    process->spilled_l += leaked_l;
}

void process_step(struct process *process) {
    for (size_t i = 0; i < process->flow_count; i++) move(process, &process->flows[i]);
    for (size_t i = 0; i < process->heater_count; i++) warm(process, &process->heaters[i]);
    for (size_t i = 0; i < process->stirrer_count; i++) stir(process, &process->stirrers[i]);
    for (size_t i = 0; i < process->vessel_count; i++) rest(process, &process->vessels[i]);
}

double process_content_l(const struct process *process) {
    double content_l = 0;
    for (size_t i = 0; i < process->vessel_count; i++) content_l += process->vessels[i].level_l;
    return content_l;
}
