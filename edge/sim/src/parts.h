/// The parts of the simulated station. One step is one millisecond of plant time.
///
///   magazine --pusher--> [feed]====beams, material sensor====[ejector]========[exit beam]==| passed
///                                                               |
///                                                               v slide (full: lost)
/// (1) fed == on the belt + sorted + passed + lost, after every step.
/// (2) Workpieces stand in the order of their place, the first one farthest to the right, and never overlap.
/// (3) The emergency stop takes the power from motor and valves. A valve without power stays as it is, so a stroke
///     under way is finished by the air.
#pragma once

#include "faults.h"
#include "process_io.h"

#include <io/image.h>
#include <sim/sim.h>
#include <stdatomic.h>

enum {
    PIECES_MAX = 64,                  // on a belt; more do not fit on any belt that is not longer than 64 workpieces
    STOCK_MAX = SIMULATION_STOCK_MAX, // in a magazine
    BEAMS_MAX = SIMULATION_BEAMS_MAX, // sensors of the station
    CONTROLS_MAX = SIMULATION_CONTROLS_MAX, // buttons, switches, emergency stops
    PRESSES_MAX = 16,                       // words of `press`
    CONTROL_NAME_BYTES = SIMULATION_CONTROL_NAME_BYTES,
};
_Static_assert((int)CONTROL_NAME_BYTES == (int)SCAN_TEXT_BYTES, "a name is an argument of press and turn");

struct piece {
    double at; // mm from the belt start, of its middle
    enum simulation_material material;
};

struct belt {
    double length, piece_length; // mm
    double fast, slow;           // mm per step
    double ramp;                 // change of speed per step
    struct wire right, left, slowly, stop;
    const struct plant_element *motor;
    int last_direction;              // for a motor that runs on
    double speed;                    // now; positive: to the right
    struct piece pieces[PIECES_MAX]; // by place, rightmost first
    size_t piece_count;
};

/// A cylinder behind a valve with two solenoids and a memory.
struct piston {
    const struct plant_element *element;
    struct wire extend, retract, extended, retracted;
    double out_step, in_step;       // part of the stroke per step
    unsigned delay;                 // steps a solenoid must be on before the valve switches
    unsigned extend_on, retract_on; // steps
    bool valve_extends;
    double at; // 0: retracted, 1: extended
};

struct magazine {
    struct piston pusher;
    double feeds_at;
    size_t capacity;                           // as many as the model's stock
    enum simulation_material stock[STOCK_MAX]; // bottom first
    size_t stock_count;
    bool carrying, jammed;
};

struct ejector {
    struct piston piston;
    double at, tolerance;
    unsigned slide_capacity;
};

struct beam {
    const struct plant_element *element;
    enum simulation_beam_kind kind;
    struct wire wire;
    double at;
    bool metal_only;
};

struct control {
    const struct plant_element *element;
    enum simulation_control_kind kind;
    char name[CONTROL_NAME_BYTES];
    char word_off[CONTROL_NAME_BYTES], word_on[CONTROL_NAME_BYTES]; // switches: TextFalse, TextTrue
    bool starts;                                                    // Function of the button in the model
    struct wire wire;
    bool on;
    uint64_t until; // buttons: step at which the finger leaves
};

/// Something that hands can do, made of a word.
enum act_kind { ACT_PRESS, ACT_TURN_OFF, ACT_TURN_ON, ACT_REFILL, ACT_EMPTY_SLIDE };
struct act {
    enum act_kind kind;
    size_t control;
};

struct person {
    bool present;                 // refills, empties, presses start again
    struct act acts[PRESSES_MAX]; // first
    size_t act_count, done;
    uint64_t next;                                   // step of the next act
    size_t start_button;                             // index into controls; CONTROLS_MAX: none
    bool wants_start;                                // pressed, and nothing moved yet
    uint64_t magazine_empty_since, slide_full_since; // 0: it is not
};

struct sim {
    const struct plant *plant;
    uint64_t step;
    uint64_t rest_ns; // plant time that is not yet a step
    uint64_t random;
    bool has_belt; // else the three below are not there
    struct belt belt;
    struct magazine magazine;
    struct ejector ejector;
    struct piston *cylinders; // that stand by themselves
    size_t cylinder_count;
    struct beam beams[BEAMS_MAX];
    size_t beam_count;
    struct control controls[CONTROLS_MAX];
    size_t control_count;
    struct process process; // without vessels: nothing
    struct process_io process_io;
    struct person person;
    bool attended; // somebody has held the control authority
    struct fault faults[FAULT_COUNT];
    uint64_t noise; // random numbers of faults: those of the stock stay the same
    uint8_t *outputs, *last_inputs;
    size_t image_bytes;
    _Atomic(const struct io_safe_image *) guarded; // set by the guard, until the next scan begins
    uint64_t seed;
    struct sim_counts counts;
    uint32_t lost_told, jams_told; // events raised so far
};

/// Splitmix64: 64 bits of state, every seed is good.
uint64_t sim_random(uint64_t *state);

void sim_make_parts(struct sim *sim, const struct plant *plant);
enum error sim_read_press(struct sim *sim, const char *const *words, size_t count, struct problem *ret_problem);

// ---- one step each
bool sim_power(const struct sim *sim); // no emergency stop is pressed
void belt_step(struct sim *sim, bool power);
void magazine_step(struct sim *sim, bool power);
void ejector_step(struct sim *sim, bool power);
void panel_step(struct sim *sim);
void person_step(struct sim *sim, bool power);

void piston_step(const struct sim *sim, struct piston *piston, bool power);
void piston_report(const struct piston *piston, uint8_t *inputs);
/// After the plant was read: the other cylinders.
enum error cylinders_read(struct sim *sim, const struct plant *plant, struct problem *ret_problem);
bool cylinders_have(const struct sim *sim, const struct plant_element *element);
void cylinders_step(struct sim *sim, bool power);
void cylinders_report(const struct sim *sim, uint8_t *inputs);

bool belt_powered(const struct sim *sim, bool power);
bool piston_powered(const struct sim *sim, const struct piston *piston, bool power);
bool belt_free_at(const struct belt *belt, double at);
bool belt_place(struct belt *belt, struct piece piece); // false: no room
struct piece belt_take(struct belt *belt, size_t index);
struct control *sim_control(struct sim *sim, enum simulation_control_kind kind, struct text name); // NULL: none
