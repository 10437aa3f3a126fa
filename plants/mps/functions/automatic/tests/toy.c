#include "toy.h"

#include <math.h>
#include <string.h>

static const double FAST = 0.077, SLOW = 0.040, RAMP = 0.077 / 200; // mm per ms
static const double FEED = 30, ENTRY = 250, SENSOR = 300, EJECTOR = 320, EXIT = 560, END = 600, HALF = 20;

void toy_init(struct toy *toy, unsigned latency_ms) {
    *toy = (struct toy){
        .latency_ms = latency_ms,
        .power = true,
        .runs = true,
        .automatic = true,
        .magazine = 8,
        .slide_capacity = 5,
        .pusher = {.out_ms = 800, .in_ms = 600},
        .ejector = {.out_ms = 400, .in_ms = 350},
        .next_is_metal = true,
    };
}

static void remove_piece(struct toy *toy, size_t index) {
    toy->piece_count--;
    memmove(&toy->pieces[index], &toy->pieces[index + 1], (toy->piece_count - index) * sizeof toy->pieces[0]);
}

void toy_put(struct toy *toy, double at, bool metal) {
    toy->pieces[toy->piece_count].at = at;
    toy->pieces[toy->piece_count++].metal = metal;
}

/// Feeds and sorts at the ends of the strokes.
static void move_cylinder(struct toy_cylinder *cylinder) {
    if (cylinder->direction > 0) cylinder->at = fmin(1, cylinder->at + 1 / cylinder->out_ms);
    if (cylinder->direction < 0) cylinder->at = fmax(0, cylinder->at - 1 / cylinder->in_ms);
}

static void push(struct toy *toy) {
    if (toy->pusher.at <= 0) toy->carrying = toy->magazine > 0;
    move_cylinder(&toy->pusher);
    if (!toy->carrying || toy->pusher.at < 1) return;
    toy->carrying = false;
    toy->magazine--;
    toy->fed++;
    toy_put(toy, FEED, toy->next_is_metal);
    toy->next_is_metal = !toy->next_is_metal;
}

static void eject(struct toy *toy) {
    double before = toy->ejector.at;
    move_cylinder(&toy->ejector);
    if (before >= 0.5 || toy->ejector.at < 0.5) return;
    for (size_t i = toy->piece_count; i-- > 0;) {
        if (fabs(toy->pieces[i].at - EJECTOR) > HALF) continue;
        if (toy->slide >= toy->slide_capacity) toy->lost++;
        toy->slide++;
        *(toy->pieces[i].metal ? &toy->metal_sorted : &toy->plastic_sorted) += 1;
        remove_piece(toy, i);
    }
}

static void carry(struct toy *toy) {
    double wanted = toy->power ? toy->wanted * (toy->slow ? SLOW : FAST) : 0;
    if (toy->speed < wanted) toy->speed = fmin(wanted, toy->speed + RAMP);
    if (toy->speed > wanted) toy->speed = fmax(wanted, toy->speed - RAMP);
    for (size_t i = toy->piece_count; i-- > 0;) {
        toy->pieces[i].at += toy->speed;
        if (toy->pieces[i].at < 0) {
            toy->lost++;
            remove_piece(toy, i);
            continue;
        }
        if (toy->pieces[i].at < END) continue;
        *(toy->pieces[i].metal ? &toy->metal_passed : &toy->plastic_passed) += 1;
        remove_piece(toy, i);
    }
}

static void obey(struct toy *toy, const struct station_commands *commands) {
    for (int lamp = 0; lamp < STATION_LAMPS; lamp++)
        if (commands->lamp_given[lamp]) toy->lamps[lamp] = commands->lamps[lamp];
    if (!toy->power || !toy->runs) return;
    if (commands->belt != BELT_KEEP) {
        bool speed_only = commands->belt == BELT_SLOW_DOWN || commands->belt == BELT_SPEED_UP;
        double direction = commands->belt == BELT_STOP ? 0 : commands->belt == BELT_BACK ? -1 : 1;
        if (!speed_only) toy->wanted = direction;
        toy->slow =
            commands->belt == BELT_RUN_SLOWLY || commands->belt == BELT_SLOW_DOWN || commands->belt == BELT_BACK;
    }
    if (commands->pusher != STROKE_KEEP) toy->pusher.direction = commands->pusher == STROKE_OUT ? 1 : -1;
    if (commands->ejector != STROKE_KEEP) toy->ejector.direction = commands->ejector == STROKE_OUT ? 1 : -1;
}

void toy_order(struct toy *toy, const struct station_commands *commands) {
    toy->orders[toy->order_count++] = (struct toy_order){*commands, toy->now_ms + toy->latency_ms};
}

static bool is_at(const struct toy *toy, double place, bool metal_only) {
    for (size_t i = 0; i < toy->piece_count; i++)
        if (fabs(toy->pieces[i].at - place) < HALF && (toy->pieces[i].metal || !metal_only)) return true;
    return false;
}

static void note_times(struct toy *toy) {
    bool occupied = is_at(toy, SENSOR, false), right = toy->wanted > 0, left = toy->wanted < 0;
    if (occupied != toy->occupied) toy->occupied_us = toy->now_ms * 1000;
    if (right != toy->driven_right || left != toy->driven_left) toy->belt_us = toy->now_ms * 1000;
    toy->occupied = occupied;
    toy->driven_right = right;
    toy->driven_left = left;
}

void toy_step(struct toy *toy) {
    toy->now_ms++;
    while (toy->order_count > 0 && toy->orders[0].due_ms <= toy->now_ms) {
        obey(toy, &toy->orders[0].commands);
        toy->order_count--;
        memmove(toy->orders, toy->orders + 1, toy->order_count * sizeof toy->orders[0]);
    }
    if (!toy->power) toy->wanted = 0;
    push(toy);
    eject(toy);
    carry(toy);
    note_times(toy);
    if (!toy->operator_present) return;
    if (toy->magazine == 0) toy->magazine = 8;
    if (toy->slide >= toy->slide_capacity) toy->slide = 0;
}

void toy_look(const struct toy *toy, struct station_view *view) {
    *view = (struct station_view){
        .clock_ms = toy->now_ms - toy->now_ms % 250,
        .controller_runs = toy->runs && toy->power,
        .cause = "emergency stop",
        .emergency_stop = !toy->power,
        .automatic = toy->automatic,
        .start = toy->start,
        .stop = toy->stop,
        .reset = toy->reset,
        .magazine_empty = toy->magazine == 0,
        .pusher_extended = toy->pusher.at >= 1,
        .pusher_retracted = toy->pusher.at <= 0,
        .entry = is_at(toy, ENTRY, false),
        .occupied = is_at(toy, SENSOR, false),
        .metal = is_at(toy, SENSOR, true),
        .exit = is_at(toy, EXIT, false),
        .slide_full = toy->slide >= toy->slide_capacity,
        .ejector_extended = toy->ejector.at >= 1,
        .ejector_retracted = toy->ejector.at <= 0,
        .belt_right = toy->driven_right,
        .belt_left = toy->driven_left,
        .belt_slow = toy->slow,
        .occupied_us = toy->occupied_us,
        .belt_us = toy->belt_us,
    };
    memcpy(view->lamps, toy->lamps, sizeof view->lamps);
}
