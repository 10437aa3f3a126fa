// Cylinders that neither feed nor eject: they move, and nothing is in their way.

#include "parts.h"

#include <math.h>
#include <stdlib.h>

static const double STEP_S = 0.001, STROKE_DEFAULT_S = 0.5, STROKE_MAX_S = 3600;

/// Part of the stroke per step, by the `Sim` attribute; without one as long as the PLC takes for granted.
static double step_of(const struct plant_element *element, const char *attribute) {
    double stroke_s = plant_number(element, TEXT("StrokeTime"), STROKE_DEFAULT_S);
    stroke_s = plant_number(element, text_of(attribute), stroke_s);
    return stroke_s > STEP_S && stroke_s < STROKE_MAX_S ? STEP_S / stroke_s : 1;
}

static bool is_free(const struct sim *sim, const struct plant_element *element) {
    return element->kind == PLANT_CORE_MODULE && text_is(element->role, "PneumaticCylinder") &&
           element != sim->magazine.pusher.element && element != sim->ejector.piston.element;
}

enum error cylinders_read(struct sim *sim, const struct plant *plant, struct problem *ret_problem) {
    size_t count = 0;
    for (size_t i = 0; i < plant->element_count; i++) count += is_free(sim, plant->elements[i]);
    sim->cylinders = calloc(count + 1, sizeof *sim->cylinders);
    if (sim->cylinders == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (!is_free(sim, element)) continue;
        double delay_s = plant_number(element, TEXT("Sim/ValveDelay"), 0);
        sim->cylinders[sim->cylinder_count++] = (struct piston){
            .element = element,
            .extend = wire_of(element, "extend"),
            .retract = wire_of(element, "retract"),
            .extended = wire_of(element, "extended"),
            .retracted = wire_of(element, "retracted"),
            .out_step = step_of(element, "Sim/ExtendTime"),
            .in_step = step_of(element, "Sim/RetractTime"),
            .delay = delay_s > 0 && delay_s < STROKE_MAX_S ? (unsigned)lround(delay_s / STEP_S) : 0,
        };
    }
    return ERROR_NONE;
}

bool cylinders_have(const struct sim *sim, const struct plant_element *element) {
    for (size_t i = 0; i < sim->cylinder_count; i++)
        if (sim->cylinders[i].element == element) return true;
    return false;
}

void cylinders_step(struct sim *sim, bool power) {
    for (size_t i = 0; i < sim->cylinder_count; i++) piston_step(sim, &sim->cylinders[i], power);
}

void cylinders_report(const struct sim *sim, uint8_t *inputs) {
    for (size_t i = 0; i < sim->cylinder_count; i++) piston_report(&sim->cylinders[i], inputs);
}
