// Pusher of the magazine and piston of the ejector.

#include "parts.h"

#include <string.h>

// Where in its stroke a piston meets the workpiece: the pusher just before its end, the ejector's plate half-way.
static const double FEED_CONTACT = 0.9;
static const double EJECT_CONTACT = 0.5;
static const double SLOW = 0.1; // of the speed, with too little air

bool piston_powered(const struct sim *sim, const struct piston *piston, bool power) {
    return power && (wire_on(piston->extend, sim->outputs) || wire_on(piston->retract, sim->outputs));
}

/// A solenoid switches the valve when it has been on for the delay and the other one is off.
void piston_step(const struct sim *sim, struct piston *piston, bool power) {
    bool extend = power && wire_on(piston->extend, sim->outputs);
    bool retract = power && wire_on(piston->retract, sim->outputs);
    piston->extend_on = extend && !retract ? piston->extend_on + 1 : 0;
    piston->retract_on = retract && !extend ? piston->retract_on + 1 : 0;
    bool switches = !fault_at(sim, FAULT_VALVE_STUCK, piston->element);
    if (switches && piston->extend_on > piston->delay) piston->valve_extends = true;
    if (switches && piston->retract_on > piston->delay) piston->valve_extends = false;
    bool held = fault_at(sim, FAULT_CYLINDER_STUCK, piston->element) || fault_at(sim, FAULT_AIR_LOSS, NULL);
    double part = fault_at(sim, FAULT_CYLINDER_SLOW, piston->element) ? SLOW : 1;
    if (held) part = 0;
    piston->at += part * (piston->valve_extends ? piston->out_step : -piston->in_step);
    if (piston->at > 1) piston->at = 1;
    if (piston->at < 0) piston->at = 0;
}

void piston_report(const struct piston *piston, uint8_t *inputs) {
    wire_set(piston->extended, piston->at >= 1, inputs);
    wire_set(piston->retracted, piston->at <= 0, inputs);
}

static void lay(struct sim *sim, double at) {
    struct magazine *magazine = &sim->magazine;
    struct piece piece = {.at = at, .material = magazine->stock[0]};
    magazine->stock_count--;
    memmove(magazine->stock, magazine->stock + 1, magazine->stock_count * sizeof magazine->stock[0]);
    sim->counts.fed++;
    if (!belt_place(&sim->belt, piece)) sim->counts.lost++;
}

static void feed(struct sim *sim) {
    struct magazine *magazine = &sim->magazine;
    double beside = magazine->feeds_at + sim->belt.piece_length;
    bool two = fault_at(sim, FAULT_DOUBLE_FEED, NULL) && magazine->stock_count > 1 && belt_free_at(&sim->belt, beside);
    magazine->carrying = false;
    if (two) lay(sim, beside);
    lay(sim, magazine->feeds_at);
    if (two) sim->faults[FAULT_DOUBLE_FEED].active = false; // once
}

void magazine_step(struct sim *sim, bool power) {
    struct magazine *magazine = &sim->magazine;
    struct piston *pusher = &magazine->pusher;
    if (pusher->at <= 0)
        magazine->carrying = magazine->stock_count > 0 &&
                             !fault_at(sim, FAULT_MAGAZINE_BLOCKED, NULL); // the bottom one lies before the pusher
    piston_step(sim, pusher, power);
    bool blocked = magazine->carrying && pusher->at > FEED_CONTACT && !belt_free_at(&sim->belt, magazine->feeds_at);
    if (blocked) pusher->at = FEED_CONTACT;
    if (blocked && !magazine->jammed) sim->counts.jams++;
    magazine->jammed = blocked;
    if (magazine->carrying && pusher->at >= 1) feed(sim);
}

static void push_off(struct sim *sim) {
    struct ejector *ejector = &sim->ejector;
    for (size_t i = sim->belt.piece_count; i-- > 0;) {
        double distance = sim->belt.pieces[i].at - ejector->at;
        if (distance > ejector->tolerance || distance < -ejector->tolerance) continue;
        bool metal = belt_take(&sim->belt, i).material == MATERIAL_METAL;
        if (sim->counts.on_slide >= ejector->slide_capacity) {
            sim->counts.lost++; // no room: it falls beside the slide
            continue;
        }
        sim->counts.on_slide++;
        sim->counts.sorted++;
        sim->counts.metal_sorted += metal;
        sim->counts.plastic_sorted += !metal;
    }
}

void ejector_step(struct sim *sim, bool power) {
    struct piston *piston = &sim->ejector.piston;
    double before = piston->at;
    piston_step(sim, piston, power);
    if (before < EJECT_CONTACT && piston->at >= EJECT_CONTACT) push_off(sim);
}
