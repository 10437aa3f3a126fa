// The belt and what lies on it.

#include "parts.h"

#include <string.h>

bool belt_free_at(const struct belt *belt, double at) {
    for (size_t i = 0; i < belt->piece_count; i++) {
        double distance = belt->pieces[i].at - at;
        if (distance < belt->piece_length && distance > -belt->piece_length) return false;
    }
    return true;
}

bool belt_place(struct belt *belt, struct piece piece) {
    if (belt->piece_count == PIECES_MAX) return false;
    size_t index = 0;
    while (index < belt->piece_count && belt->pieces[index].at > piece.at) index++;
    struct piece *place = &belt->pieces[index];
    memmove(place + 1, place, (belt->piece_count - index) * sizeof *place);
    *place = piece;
    belt->piece_count++;
    return true;
}

struct piece belt_take(struct belt *belt, size_t index) {
    struct piece piece = belt->pieces[index];
    belt->piece_count--;
    memmove(&belt->pieces[index], &belt->pieces[index + 1], (belt->piece_count - index) * sizeof piece);
    return piece;
}

static int direction(const struct sim *sim) {
    const struct belt *belt = &sim->belt;
    if (fault_at(sim, FAULT_MOTOR_RUNS_ON, belt->motor) && belt->last_direction != 0) return belt->last_direction;
    if (wire_on(belt->stop, sim->outputs)) return 0;
    return (int)wire_on(belt->right, sim->outputs) - (int)wire_on(belt->left, sim->outputs);
}

bool belt_powered(const struct sim *sim, bool power) {
    return power && direction(sim) != 0;
}

static void accelerate(struct sim *sim, bool power) {
    struct belt *belt = &sim->belt;
    double wanted = wire_on(belt->slowly, sim->outputs) ? belt->slow : belt->fast;
    int turns = power ? direction(sim) : 0;
    if (turns != 0) belt->last_direction = turns;
    if (fault_at(sim, FAULT_MOTOR_DEAD, belt->motor)) turns = 0;
    if (fault_at(sim, FAULT_MOTOR_SLOW, belt->motor)) wanted /= 3;
    wanted *= turns;
    if (belt->speed < wanted)
        belt->speed = belt->speed + belt->ramp < wanted ? belt->speed + belt->ramp : wanted;
    else
        belt->speed = belt->speed - belt->ramp > wanted ? belt->speed - belt->ramp : wanted;
}

/// A piston across the belt is a wall for what has not reached it.
static double stopped_by_piston(const struct ejector *ejector, double from, double to) {
    if (ejector->piston.at < 0.5) return to;
    double right_wall = ejector->at - ejector->tolerance, left_wall = ejector->at + ejector->tolerance;
    if (from <= right_wall && to > right_wall) return right_wall;
    if (from >= left_wall && to < left_wall) return left_wall;
    return to;
}

/// So is what sticks before a sensor.
static double stopped_by_jam(const struct sim *sim, double from, double to) {
    for (size_t i = 0; i < sim->beam_count; i++) {
        const struct beam *beam = &sim->beams[i];
        if (beam->kind != SIMULATION_AT_BELT || !fault_at(sim, FAULT_JAM_ON_BELT, beam->element)) continue;
        double wall = beam->at - sim->belt.piece_length;
        if (from <= wall && to > wall) return wall;
    }
    return to;
}

/// The belt slips under a workpiece that something holds, and under those that have run up to it.
static void carry(struct sim *sim) {
    struct belt *belt = &sim->belt;
    bool right = belt->speed > 0;
    for (size_t i = 0; i < belt->piece_count; i++) {
        size_t index = right ? i : belt->piece_count - 1 - i;
        double *at = &belt->pieces[index].at;
        double to = stopped_by_piston(&sim->ejector, *at, *at + belt->speed);
        to = stopped_by_jam(sim, *at, to);
        if (i > 0) {
            double ahead = belt->pieces[right ? index - 1 : index + 1].at;
            double limit = right ? ahead - belt->piece_length : ahead + belt->piece_length;
            if (right ? to > limit : to < limit) to = limit;
        }
        if (right ? to > *at : to < *at) *at = to;
    }
}

static void leave_at_ends(struct sim *sim) {
    struct belt *belt = &sim->belt;
    while (belt->piece_count > 0 && belt->pieces[0].at >= belt->length) {
        bool metal = belt_take(belt, 0).material == MATERIAL_METAL;
        sim->counts.passed++;
        sim->counts.metal_passed += metal;
        sim->counts.plastic_passed += !metal;
    }
    while (belt->piece_count > 0 && belt->pieces[belt->piece_count - 1].at <= 0) {
        belt_take(belt, belt->piece_count - 1);
        sim->counts.lost++; // over the start of the belt, where nobody catches it
    }
}

static void lose_one(struct sim *sim) {
    if (!fault_at(sim, FAULT_WORKPIECE_LOST, NULL) || sim->belt.piece_count == 0) return;
    belt_take(&sim->belt, 0);
    sim->counts.lost++;
    sim->faults[FAULT_WORKPIECE_LOST].active = false; // once
}

void belt_step(struct sim *sim, bool power) {
    lose_one(sim);
    accelerate(sim, power);
    if (sim->belt.speed == 0) return;
    carry(sim);
    leave_at_ends(sim);
}
