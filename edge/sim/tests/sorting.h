/// The station of plants/mps in its automatic mode without any network: simulated plant, program and scan, and above
/// them the state machine of the function `automatic`, which looks every 10 ms and calls methods.
#pragma once

#include <program/program.h>
#include <sim/sim.h>
#include <station.h>

enum { SORTING_TAGS = 512 };

struct sorting {
    struct plant *plant;
    struct sim *sim;
    struct program *program;
    struct exchange *exchange;
    struct scan_time time;
    union scan_value seen[SORTING_TAGS]; // as a client sees them
    status_code quality[SORTING_TAGS];
    uint64_t changed_ns[SORTING_TAGS];
    unsigned events[SCAN_EVENT_COUNT];
    struct station automatic;
    struct station_view before, view;
    bool looked;
    uint64_t milliseconds;
};

struct sorting *sorting_create(void); // the key switch on automatic, and somebody presses start
void sorting_destroy(struct sorting *sorting);
void sorting_run(struct sorting *sorting, unsigned milliseconds);
/// True as soon as the automatic mode is in that state; false after `milliseconds`.
bool sorting_until(struct sorting *sorting, const char *state, unsigned milliseconds);
uint32_t sorting_count(const struct sorting *sorting, const char *variable); // of the simulation
const char *sorting_cause(const struct sorting *sorting);                    // of the safe state; "": none
status_code sorting_quality(const struct sorting *sorting, const char *path);
void sorting_press(struct sorting *sorting, const char *button); // 0.5 s
