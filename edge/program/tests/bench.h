/// The program of plants/mps on a bench: no plant behind the terminals, the test sets every input bit.
#pragma once

#include <program/program.h>

enum { BENCH_SESSION = 11, BENCH_IMAGE_BYTES = 256 };

struct bench {
    struct plant *plant;
    struct program *program;
    uint8_t inputs[BENCH_IMAGE_BYTES], outputs[BENCH_IMAGE_BYTES];
    enum error read_error, write_error; // what the driver answers
    struct scan_time time;
};

/// A plant in its rest position: both cylinders retracted, emergency stop and stop button not pressed.
struct bench *bench_create(void);
/// Another plant, with every input bit off.
struct bench *bench_open(const char *file);
void bench_destroy(struct bench *bench);
void bench_scan(struct bench *bench, unsigned milliseconds); // one scan per millisecond

uint32_t bench_tag(const struct bench *bench, const char *path); // below the station; fails the test when absent
/// Sets the state of a sensor, whatever its wiring.
void bench_sensor(struct bench *bench, const char *path, bool on);
/// Sets a scaled 16-bit sensor, in its unit.
void bench_value(struct bench *bench, const char *path, double value);
double bench_is(const struct bench *bench, const char *path); // a number's tag
bool bench_on(const struct bench *bench, const char *path);
/// A variable as text: "extending", "0.077", "true".
const char *bench_text(const struct bench *bench, const char *path);

struct scan_command bench_command(const struct bench *bench, const char *module, const char *method);
struct scan_result bench_run(struct bench *bench, const struct scan_command *command);
struct scan_result bench_call(struct bench *bench, const char *module, const char *method); // no arguments
struct scan_result bench_set(struct bench *bench, const char *module, const char *method, bool on);
struct scan_result bench_number(struct bench *bench, const char *module, const char *method, int32_t number);
struct scan_result bench_real(struct bench *bench, const char *module, const char *method, double number);
void bench_take_lock(struct bench *bench);

/// True when an event of that name came since the last call; its source and message are left in static texts.
bool bench_event(struct bench *bench, const char *name, const char **ret_source, const char **ret_message);
