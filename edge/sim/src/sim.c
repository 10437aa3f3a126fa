#include "parts.h"

#include <scan/scan.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint64_t STEP_NS = 1000000;
static const struct timespec LATE = {.tv_nsec = 30000000}; // of the fault driverLate

uint64_t sim_random(uint64_t *state) {
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = *state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

enum error sim_create(const struct plant *plant, const struct sim_options *options, struct sim **ret_sim,
                      struct problem *ret_problem) {
    CLEANUP(sim_destroy_at) struct sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    sim->plant = plant;
    sim->seed = sim->random = sim->noise = options->seed;
    sim->person.present = options->operator_present;
    sim_make_parts(sim, plant);
    enum error error = cylinders_read(sim, plant, ret_problem);
    if (!error) error = sim_read_press(sim, options->press, options->press_count, ret_problem);
    if (error) return error;
    sim->outputs = calloc(sim->image_bytes, 1);
    sim->last_inputs = calloc(sim->image_bytes + 1, 1);
    if (sim->outputs == NULL || sim->last_inputs == NULL)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    *ret_sim = TAKE(sim);
    return ERROR_NONE;
}

void sim_destroy(struct sim *sim) {
    if (sim == NULL) return;
    free(sim->cylinders);
    free(sim->outputs);
    free(sim->last_inputs);
    free(sim);
}

struct sim_counts sim_count(const struct sim *sim) {
    struct sim_counts counts = sim->counts;
    counts.on_belt = (uint32_t)sim->belt.piece_count;
    counts.in_magazine = (uint32_t)sim->magazine.stock_count;
    return counts;
}

// ---------------------------------------------------------------- the driver

static void step(struct sim *sim) {
    sim->step++;
    bool power = sim_power(sim);
    person_step(sim, power);
    panel_step(sim);
    if (sim->has_belt) {
        belt_step(sim, power);
        magazine_step(sim, power);
        ejector_step(sim, power);
    }
    cylinders_step(sim, power);
    process_io_step(&sim->process, &sim->process_io, sim->outputs, power);
}

static bool beam_reports(const struct sim *sim, const struct beam *beam) {
    bool dirty = fault_at(sim, FAULT_SENSOR_DIRTY, beam->element);
    if (beam->kind == SIMULATION_MAGAZINE_EMPTY) return sim->magazine.stock_count <= (dirty ? 1 : 0);
    if (beam->kind == SIMULATION_SLIDE_FULL) return sim->counts.on_slide + dirty >= sim->ejector.slide_capacity;
    double reach = dirty ? sim->belt.piece_length : sim->belt.piece_length / 2;
    bool any_material = !beam->metal_only || fault_at(sim, FAULT_WRONG_MATERIAL, beam->element);
    for (size_t i = 0; i < sim->belt.piece_count; i++) {
        const struct piece *piece = &sim->belt.pieces[i];
        double distance = piece->at - beam->at;
        bool there = distance <= reach && distance >= -reach;
        if (there && (piece->material == MATERIAL_METAL || any_material)) return true;
    }
    return false;
}

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    struct sim *sim = context;
    if (bytes < sim->image_bytes) return ERROR_INVALID;
    const struct io_safe_image *guarded = atomic_exchange_explicit(&sim->guarded, NULL, memory_order_acquire);
    if (guarded != NULL) io_apply_safe(sim->outputs, guarded, sim->image_bytes); // while the scan did not come
    if (fault_at(sim, FAULT_DRIVER_LATE, NULL)) nanosleep(&LATE, NULL);
    faults_change_outputs(sim);
    faults_change_process(sim);
    sim->rest_ns += elapsed_ns;
    for (; sim->rest_ns >= STEP_NS; sim->rest_ns -= STEP_NS) step(sim);
    for (size_t i = 0; i < sim->beam_count; i++) {
        wire_set(sim->beams[i].wire, beam_reports(sim, &sim->beams[i]), inputs);
    }
    for (size_t i = 0; i < sim->control_count; i++) {
        wire_set(sim->controls[i].wire, sim->controls[i].on, inputs);
    }
    piston_report(&sim->magazine.pusher, inputs);
    piston_report(&sim->ejector.piston, inputs);
    cylinders_report(sim, inputs);
    process_io_report(&sim->process, &sim->process_io, inputs);
    faults_change_inputs(sim, inputs, bytes);
    return fault_at(sim, FAULT_DRIVER_LOSS, NULL) ? ERROR_UNAVAILABLE : ERROR_NONE;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct sim *sim = context;
    if (bytes < sim->image_bytes) return ERROR_INVALID;
    if (fault_at(sim, FAULT_DRIVER_LOSS, NULL)) return ERROR_UNAVAILABLE;
    memcpy(sim->outputs, outputs, sim->image_bytes);
    return ERROR_NONE;
}

/// Plant time stands still between two reads, so it is enough that the outputs are safe before it goes on.
static enum error keep_safe(void *context, const struct io_safe_image *image) {
    struct sim *sim = context;
    atomic_store_explicit(&sim->guarded, image, memory_order_release);
    return ERROR_NONE;
}

struct io_driver sim_driver(struct sim *sim) {
    return (struct io_driver){.name = "sim",
                              .read = read_inputs,
                              .write = write_outputs,
                              .safe = keep_safe,
                              .simulated = true,
                              .context = sim};
}

// ---------------------------------------------------------------- the module

/// Those of every simulation, then those of workpieces; methods as well.
enum {
    SEED,
    FAULTS_ACTIVE,
    COMMON_VARIABLES,
    FED = COMMON_VARIABLES,
    SORTED,
    PASSED,
    LOST,
    ON_BELT,
    IN_MAGAZINE,
    ON_SLIDE,
    METAL_SORTED,
    PLASTIC_SORTED,
    METAL_PASSED,
    PLASTIC_PASSED,
};
static const struct scan_field variables[] = {
    [SEED] = {"seed", VALUE_UINT32, NULL},
    [FAULTS_ACTIVE] = {"faultsActive", VALUE_UINT32, NULL},
    [FED] = {"fed", VALUE_UINT32, NULL},
    [SORTED] = {"sorted", VALUE_UINT32, NULL},
    [PASSED] = {"passed", VALUE_UINT32, NULL},
    [LOST] = {"lost", VALUE_UINT32, NULL},
    [ON_BELT] = {"onBelt", VALUE_UINT32, NULL},
    [IN_MAGAZINE] = {"inMagazine", VALUE_UINT32, NULL},
    [ON_SLIDE] = {"onSlide", VALUE_UINT32, NULL},
    [METAL_SORTED] = {"metalSorted", VALUE_UINT32, NULL},
    [PLASTIC_SORTED] = {"plasticSorted", VALUE_UINT32, NULL},
    [METAL_PASSED] = {"metalPassed", VALUE_UINT32, NULL},
    [PLASTIC_PASSED] = {"plasticPassed", VALUE_UINT32, NULL},
};

static void step_module(struct scan *scan, struct scan_module *module) {
    struct sim *sim = module->memory;
    if (scan->authority.state == AUTHORITY_HELD) sim->attended = true;
    const struct sim_counts counts = sim_count(sim);
    const uint32_t values[] = {
        [FED] = counts.fed,
        [SORTED] = counts.sorted,
        [PASSED] = counts.passed,
        [LOST] = counts.lost,
        [ON_BELT] = counts.on_belt,
        [IN_MAGAZINE] = counts.in_magazine,
        [ON_SLIDE] = counts.on_slide,
        [METAL_SORTED] = counts.metal_sorted,
        [PLASTIC_SORTED] = counts.plastic_sorted,
        [METAL_PASSED] = counts.metal_passed,
        [PLASTIC_PASSED] = counts.plastic_passed,
        [SEED] = (uint32_t)sim->seed,
        [FAULTS_ACTIVE] = (uint32_t)sim_fault_count(sim),
    };
    for (uint32_t i = 0; i < module->kind->variable_count; i++) {
        scan_set(scan, module->first_tag + i, scan_uint32(values[i]), STATUS_Good);
    }
    for (; sim->lost_told < counts.lost; sim->lost_told++) {
        scan_raise(scan, module, SCAN_EVENT_WORKPIECE_LOST, scan_reason_none());
    }
    for (; sim->jams_told < counts.jams; sim->jams_told++) {
        scan_raise(scan, module, SCAN_EVENT_JAM, scan_reason_none());
    }
}

static struct scan_reason found(bool there, enum scan_reason_id otherwise, const struct scan_module *module) {
    return there ? scan_reason_none() : scan_reason_of(otherwise, module->index);
}

/// The text of an argument; what is longer than a name can be is no name.
static struct text text_argument(const struct scan_argument *argument) {
    return (struct text){argument->text, strnlen(argument->text, SCAN_TEXT_BYTES)};
}

static struct scan_reason call_press(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                     struct scan_result *result) {
    (void)scan, (void)result;
    return found(sim_press(module->memory, text_argument(&command->arguments[0])), SCAN_REASON_NO_SUCH_BUTTON, module);
}

static struct scan_reason call_turn(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                    struct scan_result *result) {
    (void)scan, (void)result;
    bool on = command->arguments[1].value.boolean;
    return found(sim_turn(module->memory, text_argument(&command->arguments[0]), on), SCAN_REASON_NO_SUCH_SWITCH,
                 module);
}

static struct scan_reason call_refill(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                      struct scan_result *result) {
    (void)scan, (void)command, (void)result;
    sim_refill(module->memory);
    return scan_reason_none();
}

static struct scan_reason call_empty_slide(struct scan *scan, struct scan_module *module,
                                           const struct scan_command *command, struct scan_result *result) {
    (void)scan, (void)command, (void)result;
    sim_empty_slide(module->memory);
    return scan_reason_none();
}

static struct scan_reason faults_answer(enum sim_fault_answer answer, const struct scan_module *module) {
    if (answer == SIM_NO_SUCH_FAULT) return scan_reason_of(SCAN_REASON_NO_SUCH_FAULT, module->index);
    if (answer == SIM_NO_SUCH_TARGET) return scan_reason_of(SCAN_REASON_NO_SUCH_TARGET, module->index);
    return scan_reason_none();
}

static struct scan_reason call_inject(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                      struct scan_result *result) {
    (void)scan, (void)result;
    struct text name = text_argument(&command->arguments[0]), target = text_argument(&command->arguments[1]);
    return faults_answer(sim_inject_fault(module->memory, name, target), module);
}

static struct scan_reason call_clear(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                     struct scan_result *result) {
    (void)scan, (void)result;
    return faults_answer(sim_clear_fault(module->memory, text_argument(&command->arguments[0])), module);
}

static void append(char text[static SCAN_TEXT_BYTES], struct text piece) {
    size_t length = strnlen(text, SCAN_TEXT_BYTES), room = SCAN_TEXT_BYTES - 1 - length;
    if (piece.length > room) piece.length = room;
    if (piece.length > 0) memcpy(text + length, piece.data, piece.length);
    text[length + piece.length] = '\0';
}

static struct scan_reason call_list(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                    struct scan_result *result) {
    (void)scan;
    struct sim_fault fault = {.name = ""};
    sim_fault_at(module->memory, command->arguments[0].value.uint32, &fault);
    for (size_t i = 0; i < 2; i++) result->outputs[i] = (struct scan_argument){.type = VALUE_STRING};
    result->output_count = 2;
    append(result->outputs[0].text, text_of(fault.name));
    append(result->outputs[1].text, fault.element);
    if (fault.signal.length > 0) append(result->outputs[1].text, TEXT("/"));
    append(result->outputs[1].text, fault.signal);
    return scan_reason_none();
}

static const struct scan_field press_inputs[] = {{"name", VALUE_STRING, NULL}};
static const struct scan_field turn_inputs[] = {{"name", VALUE_STRING, NULL}, {"on", VALUE_BOOL, NULL}};

static const struct scan_field inject_inputs[] = {{"fault", VALUE_STRING, NULL}, {"target", VALUE_STRING, NULL}};
static const struct scan_field clear_inputs[] = {{"fault", VALUE_STRING, NULL}};
static const struct scan_field list_inputs[] = {{"index", VALUE_UINT32, NULL}};
static const struct scan_field list_outputs[] = {{"Fault", VALUE_STRING, NULL}, {"Target", VALUE_STRING, NULL}};

static const struct scan_method methods[] = {
    {"press", SCAN_HAND, press_inputs, 1, NULL, 0, call_press},
    {"turn", SCAN_HAND, turn_inputs, 2, NULL, 0, call_turn},
    {"injectFault", SCAN_HAND, inject_inputs, 2, NULL, 0, call_inject},
    {"clearFault", SCAN_HAND, clear_inputs, 1, NULL, 0, call_clear},
    {"listFaults", SCAN_GET, list_inputs, 1, list_outputs, 2, call_list},
    {"refill", SCAN_HAND, NULL, 0, NULL, 0, call_refill},
    {"emptySlide", SCAN_HAND, NULL, 0, NULL, 0, call_empty_slide},
};
enum { COMMON_METHODS = 5 };

static const struct scan_kind process_kind = {
    .name = "Simulation",
    .variables = variables,
    .variable_count = COMMON_VARIABLES,
    .methods = methods,
    .method_count = COMMON_METHODS,
    .step = step_module,
};

static const struct scan_kind station_kind = {
    .name = "Simulation",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .step = step_module,
};

const struct scan_kind *sim_kind(const struct sim *sim) {
    return sim->has_belt ? &station_kind : &process_kind;
}
