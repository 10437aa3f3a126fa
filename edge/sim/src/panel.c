// The operator panel, and the person before it.

#include "parts.h"

#include <string.h>

enum {
    PRESS_STEPS = 300,      // how long a finger stays on a button
    BETWEEN_ACTS = 500,     // what somebody does one after the other
    PATIENCE_STEPS = 5000,  // until start is pressed again when nothing has moved
    ATTENTION_STEPS = 3000, // until somebody comes to an empty magazine or a full slide
    BEFORE_START = 1000,    // from there to the start button
};

bool sim_power(const struct sim *sim) {
    for (size_t i = 0; i < sim->control_count; i++) {
        if (sim->controls[i].kind == SIMULATION_EMERGENCY_STOP && sim->controls[i].on) return false;
    }
    return true;
}

struct control *sim_control(struct sim *sim, enum simulation_control_kind kind, struct text name) {
    for (size_t i = 0; i < sim->control_count; i++) {
        struct control *control = &sim->controls[i];
        if (control->kind != kind) continue;
        struct text own = text_of(control->name);
        if (text_equal(own, name)) return control;
        struct text prefix = TEXT("actuator_");
        if (text_starts_with(own, prefix) && text_equal(text_from(own, prefix.length), name)) return control;
    }
    return NULL;
}

static void press(struct sim *sim, struct control *button) {
    button->on = true;
    button->until = sim->step + PRESS_STEPS;
}

bool sim_press(struct sim *sim, struct text name) {
    struct control *button = sim_control(sim, SIMULATION_BUTTON, name);
    if (button != NULL) press(sim, button);
    return button != NULL;
}

bool sim_turn(struct sim *sim, struct text name, bool on) {
    struct control *control = sim_control(sim, SIMULATION_SWITCH, name);
    if (control == NULL) control = sim_control(sim, SIMULATION_EMERGENCY_STOP, name);
    if (control != NULL) control->on = on;
    return control != NULL;
}

void sim_refill(struct sim *sim) {
    struct magazine *magazine = &sim->magazine;
    while (magazine->stock_count < magazine->capacity) {
        magazine->stock[magazine->stock_count++] =
            (sim_random(&sim->random) >> 63) != 0 ? MATERIAL_METAL : MATERIAL_PLASTIC;
    }
}

void sim_empty_slide(struct sim *sim) {
    sim->counts.on_slide = 0;
}

void panel_step(struct sim *sim) {
    for (size_t i = 0; i < sim->control_count; i++) {
        struct control *control = &sim->controls[i];
        bool stuck = fault_at(sim, FAULT_BUTTON_STUCK, control->element);
        if (control->kind == SIMULATION_BUTTON && sim->step >= control->until && !stuck) control->on = false;
        if (stuck) control->on = true;
    }
}

static void act(struct sim *sim, struct act act) {
    switch (act.kind) {
    case ACT_PRESS: press(sim, &sim->controls[act.control]); break;
    case ACT_TURN_OFF: sim->controls[act.control].on = false; break;
    case ACT_TURN_ON: sim->controls[act.control].on = true; break;
    case ACT_REFILL: sim_refill(sim); break;
    case ACT_EMPTY_SLIDE: sim_empty_slide(sim); break;
    }
}

static void do_first_acts(struct sim *sim) {
    struct person *person = &sim->person;
    struct act next = person->acts[person->done++];
    act(sim, next);
    person->next = sim->step + BETWEEN_ACTS;
    bool started = next.kind == ACT_PRESS && next.control == person->start_button;
    if (!started) return;
    person->wants_start = true;
    person->next = sim->step + PATIENCE_STEPS;
}

static bool lasted(struct sim *sim, uint64_t *since, bool is) {
    if (!is)
        *since = 0;
    else if (*since == 0)
        *since = sim->step;
    return is && sim->step - *since >= ATTENTION_STEPS;
}

static void look_after_station(struct sim *sim) {
    struct person *person = &sim->person;
    bool empty = lasted(sim, &person->magazine_empty_since, sim->magazine.stock_count == 0);
    bool full = lasted(sim, &person->slide_full_since, sim->counts.on_slide >= sim->ejector.slide_capacity);
    if (empty) sim_refill(sim);
    if (full) sim_empty_slide(sim);
    if ((!empty && !full) || person->start_button == CONTROLS_MAX) return;
    person->wants_start = true;
    person->next = sim->step + BEFORE_START;
}

static bool something_moves(const struct sim *sim, bool power) {
    return process_moves(&sim->process) || belt_powered(sim, power) ||
           piston_powered(sim, &sim->magazine.pusher, power) || piston_powered(sim, &sim->ejector.piston, power);
}

void person_step(struct sim *sim, bool power) {
    struct person *person = &sim->person;
    if (!sim->attended) return; // nobody is there yet who would answer a button
    if (person->wants_start && something_moves(sim, power)) person->wants_start = false;
    bool due = sim->step >= person->next;
    if (due && person->done < person->act_count)
        do_first_acts(sim);
    else if (due && person->wants_start) {
        press(sim, &sim->controls[person->start_button]);
        person->next = sim->step + PATIENCE_STEPS;
    }
    if (person->present) look_after_station(sim);
}
