/// The simulated station of plants/mps alone: the test is the controller and sets every output.
#pragma once

#include <io/image.h>
#include <sim/sim.h>

enum { HALL_IMAGE_BYTES = 256 };

struct hall {
    struct plant *plant;
    struct sim *sim;
    struct io_driver driver;
    uint8_t inputs[HALL_IMAGE_BYTES], outputs[HALL_IMAGE_BYTES];
};

struct plant *hall_read_plant(void);                         // fails the test when it cannot
struct hall *hall_create(const struct sim_options *options); // NULL: seed 1, nobody there
void hall_destroy(struct hall *hall);
void hall_run(struct hall *hall, unsigned milliseconds);
/// Signals by the module's path below the station and their name: "mps_conveyor/motor", "right".
void hall_output(struct hall *hall, const char *module, const char *signal, bool on);
bool hall_input(const struct hall *hall, const char *module, const char *signal); // state, whatever the wiring
/// Extends and retracts the pusher, 3 s.
void hall_feed(struct hall *hall);
void hall_check_conservation(const struct hall *hall);
