/// A toy of the station for tests of the state machine: belt, two cylinders, beams, magazine, slide; 1 ms of plant time
/// per step, and commands that take a while to arrive. The real simulation is edge/sim; here only what a decision
/// depends on.
#pragma once

#include "../plant.h"

enum { TOY_PIECES_MAX = 64 };

struct toy_cylinder {
    double at; // 0 .. 1
    int direction;
    double out_ms, in_ms;
};

struct toy_order {
    struct station_commands commands;
    int64_t due_ms;
};

struct toy {
    int64_t now_ms;
    unsigned latency_ms; // of a command
    struct toy_order orders[256];
    size_t order_count;

    bool power, runs, automatic, start, stop, reset, operator_present;
    double speed, wanted; // mm per ms
    bool slow;
    struct {
        double at;
        bool metal;
    } pieces[TOY_PIECES_MAX]; // on the belt
    size_t piece_count;
    struct toy_cylinder pusher, ejector;
    unsigned magazine, slide, slide_capacity;
    bool next_is_metal;
    bool carrying;                            // the pusher has a workpiece before it
    bool occupied, driven_right, driven_left; // as they were, for the times of their changes
    int64_t occupied_us, belt_us;
    bool lamps[STATION_LAMPS];
    unsigned fed, metal_sorted, plastic_sorted, metal_passed, plastic_passed, lost;
};

void toy_init(struct toy *toy, unsigned latency_ms);
void toy_step(struct toy *toy);
void toy_look(const struct toy *toy, struct station_view *view);
void toy_order(struct toy *toy, const struct station_commands *commands); // arrives after the latency
void toy_put(struct toy *toy, double at, bool metal);                     // by hand, onto the belt
