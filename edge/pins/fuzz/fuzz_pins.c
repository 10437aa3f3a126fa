// Any bytes as the file of the pin map: what is accepted can be prepared, printed and read again.

#include <pins/pins.h>

#include <base/file.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum error none_read(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)context, (void)elapsed_ns, (void)inputs, (void)bytes;
    return ERROR_NONE;
}

static enum error none_write(void *context, const uint8_t *outputs, size_t bytes) {
    (void)context, (void)outputs, (void)bytes;
    return ERROR_NONE;
}

/// Once; it lives until the fuzzer ends.
static struct program *the_program(const struct plant **ret_plant) {
    static struct plant *plant;
    static struct program *program;
    *ret_plant = plant;
    if (program != NULL) return program;
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    struct program_options options = {.driver = {.name = "none", .read = none_read, .write = none_write}};
    if (file_read(SOURCE_FOLDER "/plants/mps/plant.aml", MODEL_BYTES_MAX, &bytes, NULL) ||
        model_read(buffer_view(&bytes), findings, &plant, NULL) || program_create(plant, &options, &program, NULL))
        abort();
    *ret_plant = plant;
    return program;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct plant *plant;
    struct program *program = the_program(&plant);
    CLEANUP(pins_destroy_at) struct pins *pins = NULL;
    if (pins_create(plant, program, &pins)) return 0;
    struct problem problem = {0};
    if (pins_read(pins, (struct text){(const char *)data, size}, &problem)) {
        if (problem.text[0] == '\0') abort();
        return 0;
    }
    struct scan_pin_table *table = NULL;
    if (pins_prepare(pins, &table, &problem)) abort();
    pins_accept(pins);
    CLEANUP(buffer_clear) struct buffer once = {0}, twice = {0};
    pins_print(pins, &once);
    if (pins_read(pins, buffer_view(&once), &problem) || pins_differences(pins) != 0) abort();
    pins_print(pins, &twice);
    if (!text_equal(buffer_view(&once), buffer_view(&twice))) abort();
    return 0;
}
