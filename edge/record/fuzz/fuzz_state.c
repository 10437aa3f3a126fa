// What a recording says that the PLC knew: whatever the bytes are, the scan goes on with it or refuses it.
#include "../src/state.h"

#include <base/buffer.h>
#include <base/file.h>
#include <model/model.h>
#include <program/program.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SCANS = 5 };

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)context, (void)elapsed_ns;
    memset(inputs, 0x55, bytes);
    return ERROR_NONE;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    (void)context, (void)outputs, (void)bytes;
    return ERROR_NONE;
}

/// Read once: it never changes.
static const struct plant *the_plant(void) {
    static struct plant *plant;
    if (plant != NULL) return plant;
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    enum error error = file_read(SOURCE_FOLDER "/edge/program/tests/data/vessel.aml", MODEL_BYTES_MAX, &bytes, NULL);
    if (error || model_read(buffer_view(&bytes), findings, &plant, NULL)) abort();
    return plant;
}

static void drain(struct exchange *exchange) {
    struct scan_change change;
    struct scan_event event;
    while (exchange_take_change(exchange, &change)) continue;
    while (exchange_take_event(exchange, &event)) continue;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(program_destroy_at) struct program *program = NULL;
    struct program_options options = {.driver = {.name = "fuzz", .read = read_inputs, .write = write_outputs},
                                      .lease_soft_ns = 1,
                                      .lease_hard_ns = 2};
    if (program_create(the_plant(), &options, &program, NULL)) abort();
    struct scan *scan = program_scan(program);
    struct source source = {.at = data, .end = data + size};
    if (!state_load(scan, &source)) return 0;
    struct scan_time time = {.elapsed_ns = 1000000, .monotonic_ns = 1, .wall_ns = 1};
    for (int i = 0; i < SCANS; i++) {
        scan_once(scan, &time);
        drain(scan->exchange);
        time.monotonic_ns += 1000000;
    }
    return 0;
}
