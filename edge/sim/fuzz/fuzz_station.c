// Whatever outputs a controller sets, whatever hands do and whatever is broken: no workpiece appears or vanishes, none
// overlap. Each pair of bytes is one thing that happens and how long it lasts.

#include <base/file.h>
#include <io/image.h>
#include <sim/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_BYTES = 256, PLANT_BYTES_MAX = 4 * 1024 * 1024 };

static const struct plant *plant_of_station(void) {
    static struct plant *plant;
    if (plant != NULL) return plant;
    struct problem problem = {0};
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    enum error error = file_read(SOURCE_FOLDER "/plants/mps/plant.aml", PLANT_BYTES_MAX, &bytes, &problem);
    if (!error) error = model_read(buffer_view(&bytes), findings, &plant, &problem);
    if (!error) return plant;
    fprintf(stderr, "%s\n", problem.text);
    abort();
}

static void set_output(const struct plant *plant, uint8_t choice, bool on, uint8_t *outputs) {
    const struct plant_signal *signal = plant->signals[choice % plant->signal_count];
    if (!signal->actuator) return;
    io_set_bit(outputs, (struct io_place){signal->channel->byte, signal->channel->bit, 1}, on);
}

/// Any fault at any place that can have it, but those of the driver, which are about time and answers.
static void break_something(struct sim *sim, uint8_t choice) {
    static const char *const places[] = {"",
                                         "mps_conveyor/motor",
                                         "mps_conveyor/motor/right",
                                         "mps_magazine/ejector",
                                         "mps_magazine/ejector/extend",
                                         "mps_magazine/ejector/extended",
                                         "mps_ejector/ejector",
                                         "mps_conveyor/lightBarrier_exit",
                                         "mps_ejector/sensor_inductive",
                                         "mps_conveyor/emergency_stop"};
    size_t names = 0;
    while (sim_fault_names[names] != NULL) names++;
    const char *name = sim_fault_names[choice % names];
    if (strncmp(name, "driver", strlen("driver")) == 0) return;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (sim_inject_fault(sim, text_of(name), text_of(places[i])) == SIM_FAULT_DONE) return;
}

static void check(const struct sim *sim) {
    struct sim_counts counts = sim_count(sim);
    if (counts.fed != counts.on_belt + counts.sorted + counts.passed + counts.lost) abort();
    if (counts.sorted != counts.metal_sorted + counts.plastic_sorted) abort();
    if (counts.passed != counts.metal_passed + counts.plastic_passed) abort();
    if (counts.on_belt > 16) abort(); // 600 mm of belt, 40 mm each, and one at each end
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct plant *plant = plant_of_station();
    struct problem problem;
    CLEANUP(sim_destroy_at) struct sim *sim = NULL;
    struct sim_options options = {.seed = size > 0 ? data[0] : 1, .operator_present = size > 0 && data[0] % 2 != 0};
    if (sim_create(plant, &options, &sim, &problem)) abort();
    struct io_driver driver = sim_driver(sim);
    uint8_t inputs[IMAGE_BYTES] = {0}, outputs[IMAGE_BYTES] = {0};
    for (size_t i = 1; i + 1 < size; i += 2) {
        uint8_t what = data[i] & 0x3F;
        bool on = (data[i] & 0x40) != 0;
        if (what < 48) set_output(plant, what, on, outputs);
        if (what == 48) sim_refill(sim);
        if (what == 49) sim_empty_slide(sim);
        if (what == 50) (void)sim_turn(sim, TEXT("emergency_stop"), on);
        if (what == 51) (void)sim_press(sim, TEXT("start"));
        if (what == 52 && !on) (void)sim_clear_fault(sim, TEXT_EMPTY);
        if (what == 52 && on) break_something(sim, data[i + 1]);
        for (unsigned ms = 0; ms < data[i + 1] * 8u; ms += 8) {
            if (driver.write(driver.context, outputs, sizeof outputs)) abort();
            if (driver.read(driver.context, 8000000, inputs, sizeof inputs)) abort();
            check(sim);
        }
    }
    return 0;
}
