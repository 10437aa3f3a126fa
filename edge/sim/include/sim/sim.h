/// A simulated station behind the driver interface: magazine, belt, beams, material sensor, ejector, slide, panel.
/// Built from the plant model (model/simulation.h); the program cannot tell it from a machine.
/// Deterministic: same model, seed, outputs and hands give the same inputs, step by step. One step is 1 ms of plant
/// time. No clock and no thread of its own; all calls in the scan thread (through driver and module).
///
/// As a module it has variables and methods like any other (docs/spec/opcua.md, "The simulation"):
/// press(name), turn(name, on), refill(), emptySlide(), injectFault(fault, target), clearFault(fault),
/// listFaults(index).
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <io/driver.h>
#include <model/model.h>
#include <scan/module.h>

struct sim_options {
    uint64_t seed;         // 1 .. : draws the stock of a refill and what the operator does
    bool operator_present; // somebody refills the magazine, empties the slide, and presses start again
    const char *const
        *press; // what somebody does first (words of docs/spec/site.md), once the control authority is held
    size_t press_count;
};

/// Everything that can be counted. At every step fed == on_belt + sorted + passed + lost.
struct sim_counts {
    uint32_t fed, sorted, passed, lost, on_belt, in_magazine, on_slide;
    uint32_t metal_sorted, plastic_sorted, metal_passed, plastic_passed;
    uint32_t jams;
};

struct sim;
/// Borrows the plant, which must live longer. What the model says about the simulation was checked when it was read
/// (model/simulation.h); a plant of which it says nothing stands still, its panel can be pressed. The problem names the
/// word in `press` that nobody can do.
enum error sim_create(const struct plant *plant, const struct sim_options *options, struct sim **ret_sim,
                      struct problem *ret_problem);
void sim_destroy(struct sim *sim); // NULL is fine
CLEANUP_DEFINE(struct sim, sim_destroy)

struct io_driver sim_driver(struct sim *sim); // borrowed: the sim must outlive it
/// For program_extra, with the simulation as memory. Workpieces are counted, and fed, only where a plant conveys them.
const struct scan_kind *sim_kind(const struct sim *sim);
struct sim_counts sim_count(const struct sim *sim);

// ---- hands on the machine; false when the panel has no such element
bool sim_press(struct sim *sim, struct text name); // 0.3 s of plant time
bool sim_turn(struct sim *sim, struct text name, bool on);
void sim_refill(struct sim *sim);
void sim_empty_slide(struct sim *sim);

// ---- faults (docs/spec/faults.md)

extern const char *const sim_fault_names[]; // NULL ends
enum sim_fault_answer { SIM_FAULT_DONE, SIM_NO_SUCH_FAULT, SIM_NO_SUCH_TARGET };
/// `target`: path below the station of a module, or of a signal ("mps_magazine/ejector/extended"); empty where the
/// fault is the whole station's. A fault is at one place at a time: a second one elsewhere moves it.
enum sim_fault_answer sim_inject_fault(struct sim *sim, struct text name, struct text target);
enum sim_fault_answer sim_clear_fault(struct sim *sim, struct text name); // empty: all

struct sim_fault {
    const char *name;
    struct text element, signal; // empty: the station; the whole module
};
size_t sim_fault_count(const struct sim *sim);
bool sim_fault_at(const struct sim *sim, size_t index, struct sim_fault *ret_fault); // of those that are there now
