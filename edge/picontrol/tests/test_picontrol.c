#include "cabinet.h"

#include <base/clock.h>
#include <io/image.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { WIRED = 0x5F }; // of the first output byte: O_6 and O_8 are free

static int setup(void **state) {
    *state = cabinet_create(NULL, NULL);
    return 0;
}

static int teardown(void **state) {
    cabinet_destroy(*state);
    return 0;
}

/// Until the driver's own threads have looked again, which they do every 50 ms.
static void a_while(void) {
    struct timespec pause = {.tv_nsec = 1000000};
    nanosleep(&pause, NULL);
}

static void assert_says(const struct cabinet *cabinet, const char *part) {
    if (strstr(cabinet->problem.text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", cabinet->problem.text, part);
}

static void inputs_are_found_by_their_names(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    assert_false(cabinet_input(cabinet, "I_9"));
    cabinet->model.image[CABINET_INPUT + 1] = 0x01; // the ninth is in the second byte
    cabinet_scan(cabinet);
    assert_true(cabinet_input(cabinet, "I_9"));
    assert_false(cabinet_input(cabinet, "I_1"));
}

static void outputs_are_found_by_their_names(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    cabinet_output(cabinet, "O_1", true);
    cabinet_output(cabinet, "O_10", true);
    cabinet_scan(cabinet);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], 0x01);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT + 1], 0x02);
}

static void no_bit_of_others_is_written(void **state) {
    struct cabinet *cabinet = *state;
    memset(cabinet->model.image, 0xA5, sizeof cabinet->model.image);
    cabinet_run(cabinet);
    uint8_t before[PI_IMAGE_BYTES];
    for (int i = 0; i < 20; i++) {
        memset(cabinet->outputs, i % 2 == 0 ? 0xFF : 0x00, sizeof cabinet->outputs);
        memcpy(before, cabinet->model.image, sizeof before);
        cabinet->model.image[CABINET_STRANGER] = before[CABINET_STRANGER] = (uint8_t)i; // between our two calls
        cabinet_scan(cabinet);
        uint8_t *after = cabinet->model.image;
        for (size_t byte = 0; byte < sizeof before; byte++)
            if (byte != CABINET_OUTPUT && byte != CABINET_OUTPUT + 1) assert_int_equal(after[byte], before[byte]);
    }
    // O_15 and O_16 are wired to nothing: another program may use them.
    uint8_t unwired = 0;
    for (unsigned number = 9; number <= 16; number++) {
        char name[8];
        snprintf(name, sizeof name, "O_%u", number);
        bool wired = false;
        for (size_t i = 0; i < cabinet->plant->signal_count; i++)
            wired = wired || text_is(cabinet->plant->signals[i]->channel->name, name);
        if (!wired) unwired |= (uint8_t)(1u << (number - 9));
    }
    assert_int_not_equal(unwired, 0);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT + 1] & unwired, 0xA5 & unwired);
}

static void a_name_that_pictory_lacks_is_refused_with_the_nearest(void **state) {
    struct cabinet *cabinet = *state;
    for (size_t i = 0; i < cabinet->model.variable_count; i++)
        if (strcmp(cabinet->model.variables[i].name, "I_1") == 0) strcpy(cabinet->model.variables[i].name, "Start_I_1");
    cabinet_config(cabinet, "{\"Devices\":[{\"name\":\"DI\",\"offset\":40,\"inp\":{"
                            "\"0\":[\"I_1x\",\"0\",\"1\",\"0\",true,\"\",\"\",\"0\"]}}]}");
    assert_int_equal(cabinet_open(cabinet), ERROR_NOT_FOUND);
    assert_says(cabinet, "no variable \"I_1\"");
    assert_says(cabinet, "did you mean I_1x?");
}

static void another_width_than_in_pictory_is_refused(void **state) {
    struct cabinet *cabinet = *state;
    cabinet->model.variables[0].bits = 8;
    assert_int_equal(cabinet_open(cabinet), ERROR_CONFLICT);
    assert_says(cabinet, "make them equal");
}

static void an_output_that_is_none_in_pictory_is_refused(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_config(cabinet, "{\"Devices\":[{\"name\":\"DO\",\"offset\":70,\"inp\":{"
                            "\"0\":[\"O_1\",\"0\",\"1\",\"0\",true,\"\",\"\",\"0\"]}}]}");
    assert_int_equal(cabinet_open(cabinet), ERROR_CONFLICT);
    assert_says(cabinet, "an output in the plant model and none in PiCtory");
}

static void a_device_that_is_not_there_is_refused(void **state) {
    struct cabinet *cabinet = *state;
    cabinet->options.device = "/dev/piControl7";
    assert_int_equal(cabinet_open(cabinet), ERROR_NOT_FOUND);
    assert_says(cabinet, "Revolution Pi");
}

static void standing_still_is_bad_quality_and_no_end(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    cabinet->model.running = false;
    assert_int_equal(cabinet_read(cabinet), ERROR_UNAVAILABLE);
    assert_int_equal(cabinet_write(cabinet), ERROR_UNAVAILABLE);
    assert_true(picontrol_trouble(cabinet->picontrol, &cabinet->problem));
    cabinet->model.image[CABINET_INPUT] = 0x01;
    cabinet->model.running = true;
    cabinet_await_inputs(cabinet);
    assert_true(cabinet_input(cabinet, "I_1"));
    assert_false(picontrol_trouble(cabinet->picontrol, &cabinet->problem));
}

static void standing_still_at_the_start_is_no_end_either(void **state) {
    struct cabinet *cabinet = *state;
    cabinet->model.running = false;
    assert_int_equal(cabinet_open(cabinet), ERROR_NONE);
    assert_int_equal(cabinet_read(cabinet), ERROR_UNAVAILABLE);
    assert_int_equal(cabinet_write(cabinet), ERROR_UNAVAILABLE);
    assert_true(picontrol_trouble(cabinet->picontrol, &cabinet->problem));
    cabinet->model.running = true;
    cabinet_await_inputs(cabinet);
}

static void after_a_reset_no_input_is_read_from_its_old_place(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    cabinet->model.running = false; // PiCtory saved a layout with the modules elsewhere, and the driver reads it
    assert_int_equal(cabinet_read(cabinet), ERROR_UNAVAILABLE);
    cabinet_wire(cabinet, 90, 100);
    pi_model_reset(&cabinet->model);
    memset(cabinet->model.image + CABINET_INPUT, 0xFF, 2); // what stands at the old place is of another module now
    cabinet->model.running = true;
    cabinet_await_inputs(cabinet); // every read that succeeds is of the new place
    assert_false(cabinet_input(cabinet, "I_1"));
    cabinet->model.image[90] = 0x01;
    memset(cabinet->outputs, 0xFF, sizeof cabinet->outputs);
    uint8_t old = cabinet->model.image[CABINET_OUTPUT];
    cabinet_scan(cabinet);
    assert_true(cabinet_input(cabinet, "I_1"));
    assert_int_equal(cabinet->model.image[100], WIRED);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], old);
}

static void a_reset_between_two_scans_is_learnt_by_its_event(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    cabinet_wire(cabinet, 90, 100);
    pi_model_reset(&cabinet->model);
    cabinet->model.image[90] = 0x01;
    for (int i = 0; !cabinet_input(cabinet, "I_1"); i++) {
        if (i == 20000) fail_msg("the event did not make it look again");
        cabinet_await_inputs(cabinet);
        a_while();
    }
}

static void the_watchdog_is_armed_with_the_first_write(void **state) {
    struct cabinet *cabinet = *state;
    assert_int_equal(cabinet_open(cabinet), ERROR_NONE);
    cabinet_await_inputs(cabinet);
    for (size_t i = 0; i < PI_MODEL_HANDLES; i++) assert_int_equal(cabinet->model.handles[i].timeout_ms, 0);
    cabinet_scan(cabinet);
    unsigned armed = 0;
    for (size_t i = 0; i < PI_MODEL_HANDLES; i++) {
        if (cabinet->model.handles[i].timeout_ms == 0) continue;
        assert_int_equal(cabinet->model.handles[i].timeout_ms, 100); // not what stood beside a number of 32 bits
        armed++;
    }
    assert_int_equal(armed, 1);
}

static void outputs_that_do_not_change_feed_the_watchdog(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    cabinet_output(cabinet, "O_10", true);
    for (int i = 0; i < 100; i++) cabinet_scan(cabinet); // a second, ten times the watchdog
    assert_int_equal(cabinet->model.zeroed, 0);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT + 1], 0x02);
}

static void after_a_late_scan_nothing_is_switched_on_again(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    memset(cabinet->outputs, 0xFF, sizeof cabinet->outputs);
    cabinet_scan(cabinet);
    cabinet->now_ns += 150 * NS_PER_MS; // the driver zeroes, and would take the next outputs as if nothing had been
    pi_model_tick(&cabinet->model, cabinet->now_ns);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], 0);
    assert_int_equal(cabinet_read(cabinet), ERROR_NONE);
    assert_int_equal(cabinet_write(cabinet), ERROR_CONFLICT);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], 0);
    memset(cabinet->outputs, 0, sizeof cabinet->outputs); // the scan is in its safe state now
    cabinet_scan(cabinet);
    assert_true(picontrol_trouble(cabinet->picontrol, &cabinet->problem));
    assert_says(cabinet, "later than the watchdog");
}

static void assert_a_stranger_is_noticed(struct cabinet *cabinet) {
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], 0); // zeroed by somebody else
    assert_int_equal(cabinet_read(cabinet), ERROR_NONE);
    assert_int_equal(cabinet_write(cabinet), ERROR_CONFLICT);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], 0);
    assert_true(picontrol_trouble(cabinet->picontrol, &cabinet->problem));
    assert_says(cabinet, "zeroed by another program");
}

static void another_program_that_closes_an_armed_handle_is_noticed(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    memset(cabinet->outputs, 0xFF, sizeof cabinet->outputs);
    cabinet_scan(cabinet);
    int stranger = pi_model_open(&cabinet->model);
    unsigned long milliseconds = 1000;
    pi_model_ioctl(&cabinet->model, stranger, PI_SET_OUTPUT_WATCHDOG, &milliseconds, cabinet->now_ns);
    pi_model_close(&cabinet->model, stranger);
    assert_a_stranger_is_noticed(cabinet);
}

static void exported_outputs_of_another_program_that_time_out_are_noticed(void **state) {
    struct cabinet *cabinet = *state;
    static uint8_t image[PI_IMAGE_BYTES];
    cabinet_run(cabinet);
    memset(cabinet->outputs, 0xFF, sizeof cabinet->outputs);
    cabinet_scan(cabinet);
    int stranger = pi_model_open(&cabinet->model);
    for (int i = 0; i < 2; i++) { // twice, 10 ms apart: the third is awaited within 20 ms
        pi_model_ioctl(&cabinet->model, stranger, PI_SET_EXPORTED_OUTPUTS, image, cabinet->now_ns);
        cabinet_scan(cabinet);
    }
    cabinet->now_ns += 30 * NS_PER_MS;
    pi_model_tick(&cabinet->model, cabinet->now_ns);
    assert_a_stranger_is_noticed(cabinet);
    pi_model_close(&cabinet->model, stranger);
}

static void leaving_in_order_keeps_the_outputs(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    memset(cabinet->outputs, 0xFF, sizeof cabinet->outputs);
    cabinet_scan(cabinet);
    picontrol_close(cabinet->picontrol);
    cabinet->picontrol = NULL;
    assert_int_equal(cabinet->model.closed_armed, 0);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], WIRED);
    for (size_t i = 0; i < PI_MODEL_HANDLES; i++) assert_false(cabinet->model.handles[i].open);
}

static void await_quality(struct cabinet *cabinet, const char *channel, status_code quality) {
    uint32_t range = io_range_of(&cabinet->driver, cabinet_place(cabinet, channel).byte);
    assert_int_not_equal(range, IO_NO_RANGE);
    for (int i = 0; io_quality(&cabinet->driver, range) != quality; i++) {
        if (i == 20000) fail_msg("%s did not become %08x", channel, quality);
        cabinet_await_inputs(cabinet);
        a_while();
    }
}

static void inputs_of_a_module_that_is_gone_are_bad(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    await_quality(cabinet, "I_1", STATUS_Good);
    cabinet->model.devices[1].active = 0;
    await_quality(cabinet, "I_1", STATUS_BadNoCommunication);
    assert_int_equal(cabinet_write(cabinet), ERROR_NONE); // the outputs are elsewhere
    cabinet->model.devices[1].active = 1;
    await_quality(cabinet, "I_1", STATUS_Good);
}

static void outputs_of_a_module_that_is_gone_are_an_error(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_run(cabinet);
    cabinet->model.devices[2].module_type |= PI_TYPE_ABSENT; // configured, but not connected
    for (int i = 0; cabinet_write(cabinet) == ERROR_NONE; i++) {
        if (i == 20000) fail_msg("nobody noticed");
        cabinet_await_inputs(cabinet);
        a_while();
    }
    assert_true(picontrol_trouble(cabinet->picontrol, &cabinet->problem));
    assert_says(cabinet, "does not answer");
    uint32_t range = io_range_of(&cabinet->driver, cabinet_place(cabinet, "I_1").byte);
    assert_int_equal(io_quality(&cabinet->driver, range), STATUS_Good);
}

static void the_guard_switches_masked_outputs_while_the_scan_hangs(void **state) {
    struct cabinet *cabinet = *state;
    static uint8_t off[CABINET_IMAGE_BYTES], mask[CABINET_IMAGE_BYTES];
    const struct io_safe_image image = {off, mask, sizeof mask};
    memset(mask, 0, sizeof mask);
    cabinet_run(cabinet);
    memset(cabinet->outputs, 0xFF, sizeof cabinet->outputs);
    cabinet_scan(cabinet);
    struct io_place first = cabinet_place(cabinet, "O_1");
    io_set_bit(mask, first, true);
    assert_int_equal(cabinet->driver.safe(cabinet->driver.context, &image), ERROR_NONE);
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], WIRED & ~0x01);
    assert_int_equal(cabinet_write(cabinet), ERROR_NONE); // what the overtaken scan still writes
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], WIRED & ~0x01);
    cabinet_scan(cabinet); // a new scan, which decides anew
    assert_int_equal(cabinet->model.image[CABINET_OUTPUT], WIRED);
}

static void a_watchdog_shorter_than_three_scans_is_refused(void **state) {
    struct cabinet *cabinet = *state;
    cabinet->options.watchdog_ms = 29;
    assert_int_equal(cabinet_open(cabinet), ERROR_INVALID);
    assert_says(cabinet, "at least 3 scans");
}

static void a_file_that_disagrees_with_the_driver_is_told(void **state) {
    struct cabinet *cabinet = *state;
    cabinet_config(cabinet, "{\"Devices\":[{\"name\":\"DI\",\"offset\":50,\"inp\":{"
                            "\"0\":[\"I_1\",\"0\",\"1\",\"0\",true,\"\",\"\",\"0\"]}}]}");
    cabinet_run(cabinet);
    cabinet->model.image[CABINET_INPUT] = 0x01;
    cabinet_scan(cabinet);
    assert_true(cabinet_input(cabinet, "I_1")); // the driver counts: it moves the bytes
    assert_true(picontrol_trouble(cabinet->picontrol, &cabinet->problem));
    assert_says(cabinet, "reset the driver");
}

#define LONG "A_name_of_a_channel_that_is_longer_than_31_characters_1"

static void names_that_the_driver_cuts_come_from_pictory(void **state) {
    (void)state;
    struct cabinet *cabinet = cabinet_create("Name=\"I_1\"", "Name=\"" LONG "\"");
    cabinet_config(cabinet, "{\"Devices\":[{\"name\":\"DI\",\"offset\":40,\"inp\":{"
                            "\"0\":[\"" LONG "\",\"0\",\"1\",\"0\",true,\"\",\"\",\"12\"]}}]}");
    cabinet_run(cabinet);
    cabinet->model.image[CABINET_INPUT + 1] = 0x10; // bit 12 is bit 4 of the next byte
    cabinet_scan(cabinet);
    assert_true(cabinet_input(cabinet, LONG));
    cabinet_destroy(cabinet);
}

int main(void) {
#define CASE(function)                                                                                                 \
    { #function, function, setup, teardown, NULL }
    const struct CMUnitTest tests[] = {
        {"[edge-8.3] inputs are found by their names", inputs_are_found_by_their_names, setup, teardown, NULL},
        CASE(outputs_are_found_by_their_names),
        {"[edge-8.4] no bit of others is written", no_bit_of_others_is_written, setup, teardown, NULL},
        CASE(a_name_that_pictory_lacks_is_refused_with_the_nearest),
        CASE(another_width_than_in_pictory_is_refused),
        CASE(an_output_that_is_none_in_pictory_is_refused),
        CASE(a_device_that_is_not_there_is_refused),
        {"[edge-8.5] standing still is bad quality and no end", standing_still_is_bad_quality_and_no_end, setup,
         teardown, NULL},
        CASE(standing_still_at_the_start_is_no_end_either),
        {"[edge-8.3] after a reset no input is read from its old place",
         after_a_reset_no_input_is_read_from_its_old_place, setup, teardown, NULL},
        CASE(a_reset_between_two_scans_is_learnt_by_its_event),
        CASE(the_watchdog_is_armed_with_the_first_write),
        CASE(outputs_that_do_not_change_feed_the_watchdog),
        {"[edge-8.6] after a late scan nothing is switched on again", after_a_late_scan_nothing_is_switched_on_again,
         setup, teardown, NULL},
        {"[edge-8.6] another program that closes an armed handle is noticed",
         another_program_that_closes_an_armed_handle_is_noticed, setup, teardown, NULL},
        CASE(exported_outputs_of_another_program_that_time_out_are_noticed),
        {"[edge-8.7] leaving in order keeps the outputs", leaving_in_order_keeps_the_outputs, setup, teardown, NULL},
        {"[edge-8.8] inputs of a module that is gone are bad", inputs_of_a_module_that_is_gone_are_bad, setup, teardown,
         NULL},
        {"[edge-8.8] outputs of a module that is gone are an error", outputs_of_a_module_that_is_gone_are_an_error,
         setup, teardown, NULL},
        {"[edge-8.2] the guard switches masked outputs while the scan hangs",
         the_guard_switches_masked_outputs_while_the_scan_hangs, setup, teardown, NULL},
        CASE(a_watchdog_shorter_than_three_scans_is_refused),
        CASE(a_file_that_disagrees_with_the_driver_is_told),
        cmocka_unit_test(names_that_the_driver_cuts_come_from_pictory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
