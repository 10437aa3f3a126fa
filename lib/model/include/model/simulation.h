/// What the model says about the plant that the `sim` driver plays (docs/spec/model.md, "The simulation"): the `Sim`
/// attributes of all elements, resolved and checked. Part of a plant that `model_read` gave: what is missing or
/// impossible is a finding there, so whoever plays the simulation finds nothing to refuse.
///
/// Owns: the plant owns it. Threads: as a plant.
#pragma once

#include <model/model.h>

// How much the simulation holds; more is a finding.
enum {
    SIMULATION_STOCK_MAX = 64,          // workpieces in a magazine
    SIMULATION_BEAMS_MAX = 32,          // sensors at the belt
    SIMULATION_CONTROLS_MAX = 128,      // buttons, switches, emergency stops; more cannot be pressed
    SIMULATION_CONTROL_NAME_BYTES = 48, // of their names and words, NUL included
    SIMULATION_VESSELS_MAX = 16,
    SIMULATION_FLOWS_MAX = 32, // valves and pumps
    SIMULATION_HEATERS_MAX = 16,
    SIMULATION_STIRRERS_MAX = 16,
    SIMULATION_GAUGES_MAX = 64, // sensors of vessels and flows
    SIMULATION_OUTSIDE = -1,    // a flow's end that is no vessel: the supply or the drain
};

// ---------------------------------------------------------------- workpieces

struct simulation_cylinder {
    const struct plant_element *element;
    double extend_s, retract_s, delay_s;
};

enum simulation_material { MATERIAL_PLASTIC, MATERIAL_METAL };

/// All of it is there or nothing: `thing` is NULL without a belt.
struct simulation_belt {
    const struct plant_element *thing, *motor;
    double length_mm, piece_mm;
    double fast_m_s, slow_m_s, ramp_s;
    const struct plant_element *magazine;
    struct simulation_cylinder pusher;
    double feeds_at_mm;
    enum simulation_material stock[SIMULATION_STOCK_MAX]; // bottom first
    size_t stock_count;
    const struct plant_element *ejector;
    struct simulation_cylinder piston;
    double ejects_at_mm, tolerance_mm;
    unsigned slide_capacity;
};

enum simulation_beam_kind { SIMULATION_AT_BELT, SIMULATION_MAGAZINE_EMPTY, SIMULATION_SLIDE_FULL };
struct simulation_beam {
    const struct plant_element *element;
    enum simulation_beam_kind kind;
    double at_mm;
    bool metal_only;
};

// ---------------------------------------------------------------- the panel

enum simulation_control_kind { SIMULATION_BUTTON, SIMULATION_SWITCH, SIMULATION_EMERGENCY_STOP };
struct simulation_control {
    const struct plant_element *element;
    enum simulation_control_kind kind;
    const struct plant_signal *signal;
    struct text word_off, word_on; // switches: TextFalse, TextTrue
    bool on;                       // at the beginning
    bool starts;                   // a button with the Function start
};

// ---------------------------------------------------------------- vessels

struct simulation_vessel {
    const struct plant_element *thing;
    double volume_l, level_l;
    double temperature_c, ambient_c, cooling_s; // cooling_s 0: it keeps its heat
    double height_mm;                           // 0: unknown
};

struct simulation_flow {
    const struct plant_element *element;
    int from, to; // index of a vessel, or SIMULATION_OUTSIDE
    double rate_l_min, supply_c, travel_s;
};

/// A heater or a stirrer.
struct simulation_worker {
    const struct plant_element *element;
    size_t vessel;
    double value; // W; s, time constant of mixing
};

enum simulation_measure {
    SIMULATION_LEVEL,
    SIMULATION_TEMPERATURE,
    SIMULATION_HOMOGENEITY,
    SIMULATION_FLOW,
};
struct simulation_gauge {
    const struct plant_element *element;
    const struct plant_signal *signal; // a number, or a switch
    enum simulation_measure measure;
    size_t index;  // of the vessel, or of the flow
    double factor; // from l, °C, 1 or l/min to the unit of the signal
    double response_s;
    double switches_at, hysteresis; // of a boolean signal
};

struct plant_simulation {
    struct simulation_belt belt;
    struct simulation_beam beams[SIMULATION_BEAMS_MAX];
    size_t beam_count;
    struct simulation_control controls[SIMULATION_CONTROLS_MAX];
    size_t control_count;
    struct simulation_vessel vessels[SIMULATION_VESSELS_MAX];
    size_t vessel_count;
    struct simulation_flow flows[SIMULATION_FLOWS_MAX];
    size_t flow_count;
    struct simulation_worker heaters[SIMULATION_HEATERS_MAX], stirrers[SIMULATION_STIRRERS_MAX];
    size_t heater_count, stirrer_count;
    struct simulation_gauge gauges[SIMULATION_GAUGES_MAX];
    size_t gauge_count;
};
