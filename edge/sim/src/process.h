/// Vessels and what flows between them: level, temperature, mixture. Pure; one step is one millisecond of plant time.
///
///   supply --valve--> [vessel: volume, level, temperature, homogeneity] --pump--> [vessel] --valve--> drain
///                         ^ heater        ^ stirrer
///
/// (1) What flows out of a vessel is never more than what is in it; what does not fit runs over and is counted.
/// (2) supplied == in the vessels + drained + spilled, after every step.
/// (3) A liquid of density 1 kg/l and the heat capacity of water; it boils at 100 °C and gets no hotter.
#pragma once

#include <model/simulation.h>

enum {
    VESSELS_MAX = SIMULATION_VESSELS_MAX,
    FLOWS_MAX = SIMULATION_FLOWS_MAX,
    HEATERS_MAX = SIMULATION_HEATERS_MAX,
    STIRRERS_MAX = SIMULATION_STIRRERS_MAX,
    PROCESS_OUTSIDE = SIMULATION_OUTSIDE, // a flow's end that is no vessel: the supply or the drain
};

struct vessel {
    double volume_l;
    double level_l;
    double temperature_c;
    double homogeneity;   // 0: layers, 1: mixed
    double ambient_c;     // of the room
    double cooling_steps; // time constant of the way to the room's temperature; 0: it keeps its heat
    double leak_l;        // per step
};

/// A valve or pump. It moves towards what its actuator says, by at most `travel` in a step.
struct flow {
    int from, to;         // vessel, or PROCESS_OUTSIDE
    double rate_l;        // per step when fully open
    double temperature_c; // of what comes from the supply
    double travel;        // part of its opening per step; 1: at once
    double wanted;        // 0..1: the actuator
    double opening;       // 0..1: now
    double moved_l;       // in the last step
    bool stuck;           // stays where it is
};

struct heater {
    int vessel;
    double energy_j; // per step at full power
    double wanted;   // 0..1
};

struct stirrer {
    int vessel;
    double mixing_steps; // time constant to homogeneity
    double wanted;       // 0..1
};

struct process {
    struct vessel vessels[VESSELS_MAX];
    size_t vessel_count;
    struct flow flows[FLOWS_MAX];
    size_t flow_count;
    struct heater heaters[HEATERS_MAX];
    size_t heater_count;
    struct stirrer stirrers[STIRRERS_MAX];
    size_t stirrer_count;
    double supplied_l, drained_l, spilled_l;
};

void process_step(struct process *process);
double process_content_l(const struct process *process); // of all vessels
