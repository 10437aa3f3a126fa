/// Between the process image and the vessels: what the outputs want of valves, pumps, heaters and stirrers, and what
/// the sensors of the plant report.
#pragma once

#include "process.h"
#include "wire.h"

#include <model/model.h>

enum { ACTORS_MAX = FLOWS_MAX + HEATERS_MAX + STIRRERS_MAX, GAUGES_MAX = SIMULATION_GAUGES_MAX, DRIVE_WIRES_MAX = 4 };

/// The outputs of one module, as one wish from 0 to 1: any of its bits that is on, unless "stop" is; times its numbers.
struct drive {
    struct wire bits[DRIVE_WIRES_MAX];
    size_t bit_count;
    struct wire stop;
    struct analog numbers[DRIVE_WIRES_MAX];
    size_t number_count;
};

enum actor_kind { ACTOR_FLOW, ACTOR_HEATER, ACTOR_STIRRER };
struct actor {
    enum actor_kind kind;
    size_t index; // in its list of the process
    struct drive drive;
    struct wire opened, closed, running, tripped; // what it reports itself; its protection never trips
    const struct plant_element *element;
};

/// A sensor of a vessel or of a flow: a number, or a switch at a limit.
struct gauge {
    enum simulation_measure measure;
    size_t index;         // vessel, or flow
    double factor;        // from l, °C, 1 or l/step to the signal's unit
    double response;      // part of the way to the true value per step; 1: at once
    double shown;         // with its lag, in the signal's unit
    struct analog number; // fitted, or
    struct wire level_switch;
    double switches_at, hysteresis;
    bool on;
};

struct process_io {
    const struct plant_element *vessels[VESSELS_MAX]; // their things
    struct actor actors[ACTORS_MAX];
    size_t actor_count;
    struct gauge gauges[GAUGES_MAX];
    size_t gauge_count;
};

/// Both are empty before; without vessels they stay so.
void process_make(struct process *process, struct process_io *io, const struct plant_simulation *from);
/// One step: from the outputs to the process, and what the sensors see of it.
void process_io_step(struct process *process, struct process_io *io, const uint8_t *outputs, bool power);
/// What the sensors show is what there is, however slowly they follow: for the beginning.
void process_io_settle(const struct process *process, struct process_io *io);
void process_io_report(const struct process *process, const struct process_io *io, uint8_t *inputs);
bool process_moves(const struct process *process);
