#include "hall.h"

#include <base/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct plant *hall_read_plant(void) {
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct plant *plant = NULL;
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &plant, &problem);
    if (error) fail_msg("%s", problem.text);
    return plant;
}

struct hall *hall_create(const struct sim_options *options) {
    static const struct sim_options alone = {.seed = 1};
    struct problem problem = {0};
    struct hall *hall = calloc(1, sizeof *hall);
    assert_non_null(hall);
    hall->plant = hall_read_plant();
    if (sim_create(hall->plant, options == NULL ? &alone : options, &hall->sim, &problem)) {
        fail_msg("%s", problem.text);
    }
    hall->driver = sim_driver(hall->sim);
    return hall;
}

void hall_destroy(struct hall *hall) {
    sim_destroy(hall->sim);
    plant_destroy(hall->plant);
    free(hall);
}

void hall_run(struct hall *hall, unsigned milliseconds) {
    void *context = hall->driver.context;
    for (unsigned i = 0; i < milliseconds; i++) {
        assert_int_equal(hall->driver.write(context, hall->outputs, sizeof hall->outputs), ERROR_NONE);
        assert_int_equal(hall->driver.read(context, 1000000, hall->inputs, sizeof hall->inputs), ERROR_NONE);
        hall_check_conservation(hall);
    }
}

static const struct plant_signal *signal_of(const struct hall *hall, const char *module, const char *signal) {
    char path[256];
    int length = snprintf(path, sizeof path, "MPS/%s", module);
    const struct plant_element *element = plant_find(hall->plant, (struct text){path, (size_t)length});
    for (size_t i = 0; element != NULL && i < element->signal_count; i++) {
        if (text_is(element->signals[i]->name, signal)) return element->signals[i];
    }
    fail_msg("no signal %s of %s", signal, module);
    return NULL;
}

void hall_output(struct hall *hall, const char *module, const char *signal, bool on) {
    const struct plant_signal *found = signal_of(hall, module, signal);
    io_set_bit(hall->outputs, (struct io_place){found->channel->byte, found->channel->bit, 1}, on != found->inverted);
}

bool hall_input(const struct hall *hall, const char *module, const char *signal) {
    const struct plant_signal *found = signal_of(hall, module, signal);
    return io_bit(hall->inputs, (struct io_place){found->channel->byte, found->channel->bit, 1}) != found->inverted;
}

void hall_feed(struct hall *hall) {
    hall_output(hall, "mps_magazine/ejector", "extend", true);
    hall_run(hall, 1000);
    hall_output(hall, "mps_magazine/ejector", "extend", false);
    hall_output(hall, "mps_magazine/ejector", "retract", true);
    hall_run(hall, 1000);
    hall_output(hall, "mps_magazine/ejector", "retract", false);
    hall_run(hall, 1000);
}

void hall_check_conservation(const struct hall *hall) {
    struct sim_counts counts = sim_count(hall->sim);
    assert_int_equal(counts.fed, counts.on_belt + counts.sorted + counts.passed + counts.lost);
    assert_int_equal(counts.sorted, counts.metal_sorted + counts.plastic_sorted);
    assert_int_equal(counts.passed, counts.metal_passed + counts.plastic_passed);
}
