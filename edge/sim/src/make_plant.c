// From what the model says about the simulated plant to its parts.

#include "parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double MM_PER_M = 1000;
static const double STEP_S = 0.001;

static void make_belt(struct belt *belt, const struct simulation_belt *from) {
    belt->length = from->length_mm;
    belt->piece_length = from->piece_mm;
    belt->fast = from->fast_m_s * MM_PER_M * STEP_S;
    belt->slow = from->slow_m_s * MM_PER_M * STEP_S;
    belt->ramp = belt->fast * STEP_S / from->ramp_s;
    belt->motor = from->motor;
    belt->right = wire_of(from->motor, "right");
    belt->left = wire_of(from->motor, "left");
    belt->slowly = wire_of(from->motor, "slow");
    belt->stop = wire_of(from->motor, "stop");
}

static struct piston piston_of(const struct simulation_cylinder *from) {
    return (struct piston){
        .out_step = STEP_S / from->extend_s,
        .in_step = STEP_S / from->retract_s,
        .delay = (unsigned)lround(from->delay_s / STEP_S),
        .element = from->element,
        .extend = wire_of(from->element, "extend"),
        .retract = wire_of(from->element, "retract"),
        .extended = wire_of(from->element, "extended"),
        .retracted = wire_of(from->element, "retracted"),
    };
}

static void make_magazine(struct magazine *magazine, const struct simulation_belt *from) {
    magazine->feeds_at = from->feeds_at_mm;
    magazine->capacity = magazine->stock_count = from->stock_count;
    memcpy(magazine->stock, from->stock, sizeof magazine->stock);
    magazine->pusher = piston_of(&from->pusher);
}

static void make_ejector(struct ejector *ejector, const struct simulation_belt *from) {
    ejector->at = from->ejects_at_mm;
    ejector->tolerance = from->tolerance_mm;
    ejector->slide_capacity = from->slide_capacity;
    ejector->piston = piston_of(&from->piston);
}

static void make_beams(struct sim *sim, const struct plant_simulation *from) {
    for (size_t i = 0; i < from->beam_count; i++)
        sim->beams[i] = (struct beam){
            .element = from->beams[i].element,
            .kind = from->beams[i].kind,
            .wire = wire_of(from->beams[i].element, "signal"),
            .at = from->beams[i].at_mm,
            .metal_only = from->beams[i].metal_only,
        };
    sim->beam_count = from->beam_count;
}

static void make_control(struct sim *sim, const struct simulation_control *from) {
    struct control *control = &sim->controls[sim->control_count];
    *control = (struct control){.element = from->element,
                                .kind = from->kind,
                                .wire = wire_of_signal(from->signal),
                                .on = from->on,
                                .starts = from->starts};
    snprintf(control->name, sizeof control->name, "%.*s", TEXT_ARG(from->element->name));
    snprintf(control->word_off, sizeof control->word_off, "%.*s", TEXT_ARG(from->word_off));
    snprintf(control->word_on, sizeof control->word_on, "%.*s", TEXT_ARG(from->word_on));
    if (control->starts) sim->person.start_button = sim->control_count;
    sim->control_count++;
}

static size_t image_bytes_of(const struct plant *plant) {
    size_t bytes = 0;
    for (size_t i = 0; i < plant->signal_count; i++) {
        const struct plant_channel *channel = plant->signals[i]->channel;
        size_t end = io_place_end((struct io_place){channel->byte, channel->bit, (uint8_t)channel->bits});
        if (end > bytes) bytes = end;
    }
    return bytes;
}

void sim_make_parts(struct sim *sim, const struct plant *plant) {
    const struct plant_simulation *from = plant->simulation;
    sim->person.start_button = CONTROLS_MAX;
    process_make(&sim->process, &sim->process_io, from);
    sim->has_belt = from->belt.thing != NULL;
    if (sim->has_belt) {
        make_belt(&sim->belt, &from->belt);
        make_magazine(&sim->magazine, &from->belt);
        make_ejector(&sim->ejector, &from->belt);
    }
    make_beams(sim, from);
    for (size_t i = 0; i < from->control_count; i++) make_control(sim, &from->controls[i]);
    sim->image_bytes = image_bytes_of(plant);
}

// ---------------------------------------------------------------- words

static const struct {
    const char *word;
    enum act_kind kind;
    bool emergency_stop;
} fixed_words[] = {
    {"refill", ACT_REFILL, false},
    {"empty_slide", ACT_EMPTY_SLIDE, false},
    {"emergency_stop", ACT_TURN_ON, true},
    {"emergency_release", ACT_TURN_OFF, true},
};

static bool understand(struct sim *sim, const char *word, struct act *ret_act) {
    for (size_t i = 0; i < sizeof fixed_words / sizeof fixed_words[0]; i++) {
        if (strcmp(word, fixed_words[i].word) != 0) continue;
        ret_act->kind = fixed_words[i].kind;
        if (!fixed_words[i].emergency_stop) return true;
        for (ret_act->control = 0; ret_act->control < sim->control_count; ret_act->control++) {
            if (sim->controls[ret_act->control].kind == SIMULATION_EMERGENCY_STOP) return true;
        }
        return false;
    }
    const struct control *button = sim_control(sim, SIMULATION_BUTTON, text_of(word));
    if (button != NULL) {
        *ret_act = (struct act){ACT_PRESS, (size_t)(button - sim->controls)};
        return true;
    }
    for (size_t i = 0; i < sim->control_count; i++) {
        if (sim->controls[i].kind != SIMULATION_SWITCH) continue;
        bool on = strcmp(word, sim->controls[i].word_on) == 0, off = strcmp(word, sim->controls[i].word_off) == 0;
        *ret_act = (struct act){on ? ACT_TURN_ON : ACT_TURN_OFF, i};
        if (on || off) return true;
    }
    return false;
}

enum error sim_read_press(struct sim *sim, const char *const *words, size_t count, struct problem *ret_problem) {
    if (count > PRESSES_MAX) {
        return problem_say(ret_problem, ERROR_TOO_LARGE, "press: at most %d words", PRESSES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (understand(sim, words[i], &sim->person.acts[i])) continue;
        return problem_say(ret_problem, ERROR_INVALID,
                           "press: the simulated panel has nothing for \"%s\"; use a button (start), a position of a "
                           "switch (automatic), emergency_stop, emergency_release, refill or empty_slide",
                           words[i]);
    }
    sim->person.act_count = count;
    return ERROR_NONE;
}
