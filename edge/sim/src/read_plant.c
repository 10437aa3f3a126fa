// From the plant model to the parts of the simulation: by roles and `Sim` attributes, never by names.

#include "parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double MM_PER_M = 1000;
static const double STEP_S = 0.001;

static enum error missing(const struct plant_element *element, const char *attribute, const char *example,
                          struct problem *ret_problem) {
    return problem_say(ret_problem, ERROR_INVALID,
                       "%.*s: the simulation needs a positive number %s here; add it to the model, for example %s",
                       TEXT_ARG(element->path), attribute, example);
}

/// A positive number; `example` is also what the message proposes.
static enum error positive(const struct plant_element *element, const char *attribute, const char *example,
                           double *ret_number, struct problem *ret_problem) {
    *ret_number = plant_number(element, text_of(attribute), NAN);
    bool usable = isfinite(*ret_number) && *ret_number > 0;
    return usable ? ERROR_NONE : missing(element, attribute, example, ret_problem);
}

static bool has(const struct plant_element *element, const char *attribute) {
    return plant_attribute(element, text_of(attribute)).length > 0;
}

/// The only thing with that attribute; NULL when the problem says why there is none.
static const struct plant_element *find_thing(const struct plant *plant, const char *attribute,
                                              struct problem *ret_problem) {
    const struct plant_element *thing = NULL;
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->kind != PLANT_THING || !has(element, attribute)) continue;
        if (thing != NULL) {
            error_ignore(problem_say(ret_problem, ERROR_UNSUPPORTED,
                                     "%.*s: the simulation knows one thing with %s, but %.*s has it as well",
                                     TEXT_ARG(element->path), attribute, TEXT_ARG(thing->path)));
            return NULL;
        }
        thing = element;
    }
    if (thing != NULL) return thing;
    error_ignore(
        problem_say(ret_problem, ERROR_INVALID,
                    "%.*s: no thing has the attribute %s, which the simulation needs; add it or choose another driver",
                    TEXT_ARG(plant->station->path), attribute));
    return NULL;
}

static const struct plant_element *find_module(const struct plant *plant, const struct plant_element *thing,
                                               const char *role, struct problem *ret_problem) {
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->kind != PLANT_CORE_MODULE || element->thing != thing) continue;
        if (text_is(element->role, role)) return element;
    }
    error_ignore(problem_say(ret_problem, ERROR_INVALID, "%.*s: the simulation needs a module with the role %s here",
                             TEXT_ARG(thing->path), role));
    return NULL;
}

static enum error read_belt(struct belt *belt, const struct plant *plant, struct problem *ret_problem) {
    const struct plant_element *thing = find_thing(plant, "Sim/BeltLength", ret_problem);
    const struct plant_element *motor = thing == NULL ? NULL : find_module(plant, thing, "Motor", ret_problem);
    if (motor == NULL) return ERROR_INVALID;
    double fast = 0, slow = 0, ramp = 0;
    enum error error = positive(thing, "Sim/BeltLength", "600 mm", &belt->length, ret_problem);
    if (!error) error = positive(thing, "Sim/WorkpieceLength", "40 mm", &belt->piece_length, ret_problem);
    if (!error) error = positive(motor, "Sim/SpeedFast", "0.077 m/s", &fast, ret_problem);
    if (!error) error = positive(motor, "Sim/SpeedSlow", "0.04 m/s", &slow, ret_problem);
    if (!error) error = positive(motor, "Sim/RampTime", "0.2 s", &ramp, ret_problem);
    if (error) return error;
    belt->fast = fast * MM_PER_M * STEP_S;
    belt->slow = slow * MM_PER_M * STEP_S;
    belt->ramp = belt->fast * STEP_S / ramp;
    belt->motor = motor;
    belt->right = wire_of(motor, "right");
    belt->left = wire_of(motor, "left");
    belt->slowly = wire_of(motor, "slow");
    belt->stop = wire_of(motor, "stop");
    return ERROR_NONE;
}

static enum error read_piston(struct piston *piston, const struct plant *plant, const struct plant_element *thing,
                              struct problem *ret_problem) {
    const struct plant_element *cylinder = find_module(plant, thing, "PneumaticCylinder", ret_problem);
    if (cylinder == NULL) return ERROR_INVALID;
    double out = 0, in = 0;
    enum error error = positive(cylinder, "Sim/ExtendTime", "0.8 s", &out, ret_problem);
    if (!error) error = positive(cylinder, "Sim/RetractTime", "0.6 s", &in, ret_problem);
    if (error) return error;
    double delay = plant_number(cylinder, TEXT("Sim/ValveDelay"), 0);
    piston->out_step = STEP_S / out;
    piston->in_step = STEP_S / in;
    piston->delay = delay > 0 && delay < 60 ? (unsigned)lround(delay / STEP_S) : 0;
    piston->element = cylinder;
    piston->extend = wire_of(cylinder, "extend");
    piston->retract = wire_of(cylinder, "retract");
    piston->extended = wire_of(cylinder, "extended");
    piston->retracted = wire_of(cylinder, "retracted");
    return ERROR_NONE;
}

static enum error read_stock(struct magazine *magazine, const struct plant_element *thing,
                             struct problem *ret_problem) {
    struct text rest = plant_attribute(thing, TEXT("Sim/Stock"));
    for (struct text word; text_split(&rest, ',', &word);) {
        word = text_trim(word);
        bool metal = text_is(word, "metal");
        if (!metal && !text_is(word, "plastic")) {
            return problem_say(ret_problem, ERROR_INVALID, "%.*s: Sim/Stock has \"%.*s\"; it knows metal and plastic",
                               TEXT_ARG(thing->path), TEXT_ARG(word));
        }
        if (magazine->stock_count == STOCK_MAX) {
            return problem_say(ret_problem, ERROR_TOO_LARGE, "%.*s: Sim/Stock holds at most %d workpieces",
                               TEXT_ARG(thing->path), STOCK_MAX);
        }
        magazine->stock[magazine->stock_count++] = metal ? METAL : PLASTIC;
    }
    magazine->capacity = magazine->stock_count;
    return ERROR_NONE;
}

static enum error on_belt(const struct belt *belt, const struct plant_element *element, const char *attribute,
                          double at, struct problem *ret_problem) {
    if (at > 0 && at < belt->length) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID, "%.*s: %s is %g mm, beside the belt, which ends at %g mm",
                       TEXT_ARG(element->path), attribute, at, belt->length);
}

static enum error read_magazine(struct sim *sim, const struct plant *plant, struct problem *ret_problem) {
    struct magazine *magazine = &sim->magazine;
    const struct plant_element *thing = find_thing(plant, "Sim/FeedsBeltAt", ret_problem);
    if (thing == NULL) return ERROR_INVALID;
    enum error error = positive(thing, "Sim/FeedsBeltAt", "30 mm", &magazine->feeds_at, ret_problem);
    if (!error) error = on_belt(&sim->belt, thing, "Sim/FeedsBeltAt", magazine->feeds_at, ret_problem);
    if (!error) error = read_stock(magazine, thing, ret_problem);
    return error ? error : read_piston(&magazine->pusher, plant, thing, ret_problem);
}

static enum error read_ejector(struct sim *sim, const struct plant *plant, struct problem *ret_problem) {
    struct ejector *ejector = &sim->ejector;
    const struct plant_element *thing = find_thing(plant, "Sim/EjectsBeltAt", ret_problem);
    if (thing == NULL) return ERROR_INVALID;
    double capacity = 0;
    enum error error = positive(thing, "Sim/EjectsBeltAt", "320 mm", &ejector->at, ret_problem);
    if (!error) error = on_belt(&sim->belt, thing, "Sim/EjectsBeltAt", ejector->at, ret_problem);
    if (!error) error = positive(thing, "Sim/SlideCapacity", "5", &capacity, ret_problem);
    if (error) return error;
    ejector->slide_capacity = (unsigned)capacity;
    ejector->tolerance = plant_number(thing, TEXT("Sim/EjectTolerance"), sim->belt.piece_length / 2);
    return read_piston(&ejector->piston, plant, thing, ret_problem);
}

static enum error add_beam(struct sim *sim, const struct plant_element *element, struct beam beam,
                           struct problem *ret_problem) {
    beam.element = element;
    beam.wire = wire_of(element, "signal");
    if (sim->beam_count < BEAMS_MAX) {
        sim->beams[sim->beam_count++] = beam;
        return ERROR_NONE;
    }
    return problem_say(ret_problem, ERROR_TOO_LARGE, "%.*s: the simulation knows at most %d sensors",
                       TEXT_ARG(element->path), BEAMS_MAX);
}

static enum error read_sensor(struct sim *sim, const struct plant_element *element, struct problem *ret_problem) {
    struct text reports = plant_attribute(element, TEXT("Sim/Reports"));
    struct beam beam = {.kind = BEAM_BELT,
                        .metal_only = text_is(plant_attribute(element, TEXT("Sim/Detects")), "metal")};
    if (text_is(reports, "magazine-empty"))
        beam.kind = BEAM_MAGAZINE_EMPTY;
    else if (text_is(reports, "slide-full"))
        beam.kind = BEAM_SLIDE_FULL;
    else if (reports.length > 0) {
        return problem_say(ret_problem, ERROR_INVALID,
                           "%.*s: Sim/Reports is \"%.*s\"; the simulation knows magazine-empty and slide-full",
                           TEXT_ARG(element->path), TEXT_ARG(reports));
    }
    if (beam.kind != BEAM_BELT) return add_beam(sim, element, beam, ret_problem);
    enum error error = positive(element, "Sim/BeltPosition", "250 mm", &beam.at, ret_problem);
    if (!error) error = on_belt(&sim->belt, element, "Sim/BeltPosition", beam.at, ret_problem);
    return error ? error : add_beam(sim, element, beam, ret_problem);
}

static enum error add_control(struct sim *sim, const struct plant_element *element, enum control_kind kind,
                              const char *signal, struct problem *ret_problem) {
    if (sim->control_count == CONTROLS_MAX || element->name.length >= CONTROL_NAME_BYTES) {
        return problem_say(ret_problem, ERROR_TOO_LARGE,
                           "%.*s: the simulation knows at most %d buttons and switches, with names of %d bytes",
                           TEXT_ARG(element->path), CONTROLS_MAX, CONTROL_NAME_BYTES - 1);
    }
    struct control *control = &sim->controls[sim->control_count];
    struct text off = plant_attribute(element, TEXT("TextFalse")), on = plant_attribute(element, TEXT("TextTrue"));
    *control = (struct control){.element = element, .kind = kind, .wire = wire_of(element, signal)};
    control->on = text_is(plant_attribute(element, TEXT("Sim/Position")), "true");
    control->starts = text_is(plant_attribute(element, TEXT("Function")), "start");
    snprintf(control->name, sizeof control->name, "%.*s", TEXT_ARG(element->name));
    snprintf(control->word_off, sizeof control->word_off, "%.*s", TEXT_ARG(off));
    snprintf(control->word_on, sizeof control->word_on, "%.*s", TEXT_ARG(on));
    if (control->starts) sim->person.start_button = sim->control_count;
    sim->control_count++;
    return ERROR_NONE;
}

static enum error read_element(struct sim *sim, const struct plant_element *element, struct problem *ret_problem) {
    if (element->kind != PLANT_CORE_MODULE) return ERROR_NONE;
    bool beam = text_is(element->role, "LightBarrier") || text_is(element->role, "MaterialSensor");
    if (beam && sim->has_belt) return read_sensor(sim, element, ret_problem);
    if (text_is(element->role, "Button")) return add_control(sim, element, CONTROL_BUTTON, "pressed", ret_problem);
    if (text_is(element->role, "Switch")) return add_control(sim, element, CONTROL_SWITCH, "position", ret_problem);
    if (text_is(element->role, "EmergencyStop")) {
        return add_control(sim, element, CONTROL_EMERGENCY_STOP, "contact", ret_problem);
    }
    return ERROR_NONE;
}

/// Anything of a conveyor makes it one, so that what is missing is told.
static bool conveys(const struct plant *plant) {
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (has(element, "Sim/BeltLength") || has(element, "Sim/FeedsBeltAt") || has(element, "Sim/EjectsBeltAt"))
            return true;
    }
    return false;
}

static enum error read_station(struct sim *sim, const struct plant *plant, struct problem *ret_problem) {
    enum error error = read_belt(&sim->belt, plant, ret_problem);
    if (!error) error = read_magazine(sim, plant, ret_problem);
    return error ? error : read_ejector(sim, plant, ret_problem);
}

enum error sim_read_plant(struct sim *sim, const struct plant *plant, struct problem *ret_problem) {
    sim->person.start_button = CONTROLS_MAX;
    enum error error = process_read(&sim->process, &sim->process_io, plant, ret_problem);
    sim->has_belt = conveys(plant);
    if (!error && sim->has_belt) error = read_station(sim, plant, ret_problem);
    for (size_t i = 0; !error && i < plant->element_count; i++) {
        error = read_element(sim, plant->elements[i], ret_problem);
    }
    for (size_t i = 0; i < plant->signal_count; i++) {
        const struct plant_channel *channel = plant->signals[i]->channel;
        size_t end = io_place_end((struct io_place){channel->byte, channel->bit, (uint8_t)channel->bits});
        if (end > sim->image_bytes) sim->image_bytes = end;
    }
    return error;
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
            if (sim->controls[ret_act->control].kind == CONTROL_EMERGENCY_STOP) return true;
        }
        return false;
    }
    const struct control *button = sim_control(sim, CONTROL_BUTTON, text_of(word));
    if (button != NULL) {
        *ret_act = (struct act){ACT_PRESS, (size_t)(button - sim->controls)};
        return true;
    }
    for (size_t i = 0; i < sim->control_count; i++) {
        if (sim->controls[i].kind != CONTROL_SWITCH) continue;
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
