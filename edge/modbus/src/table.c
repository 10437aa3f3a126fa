// What the scan and the guard call, opening and closing.

#include "internal.h"

#include <base/clock.h>
#include <base/signals.h>

#include <io/image.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void wake(const struct device *device) {
    uint64_t one = 1;
    ssize_t put = write(device->wake_fd, &one, sizeof one);
    (void)put; // it fails only when the worker has been woken very often, and then it is awake
}

// ---------------------------------------------------------------- the scan

static uint64_t stale_ns(const struct device *device) {
    return (uint64_t)(device->of->stale_ms * (double)NS_PER_MS);
}

static status_code quality_of(const struct device *device, uint64_t age_ns) {
    if (!device->has_inputs_yet) return STATUS_BadWaitingForInitialData;
    if (age_ns > stale_ns(device)) return STATUS_BadNoCommunication;
    return atomic_load(&device->connected) ? STATUS_Good : STATUS_UncertainLastUsableValue;
}

static void read_device(struct device *device, uint64_t now_ns, uint8_t *inputs, size_t bytes) {
    struct modbus_driver *driver = device->driver;
    if (triple_take(&device->inputs)) device->has_inputs_yet = true;
    const struct triple_slot *slot = triple_read_slot(&device->inputs);
    uint64_t age_ns = now_ns > slot->time_ns ? now_ns - slot->time_ns : 0;
    status_code quality = quality_of(device, age_ns);
    for (size_t i = 0; i < device->area_count; i++) {
        const struct area *area = &device->areas[i];
        if (!area->input) continue;
        bool bad = atomic_load(&device->area_bad[i]);
        driver->quality[area->range] = bad ? STATUS_BadDeviceFailure : quality;
        driver->age_ns[area->range] = device->has_inputs_yet ? age_ns : 0;
        if (!device->has_inputs_yet || area->of->image_byte >= bytes) continue;
        size_t left = bytes - area->of->image_byte; // the image ends with the plant's last channel
        memcpy(inputs + area->of->image_byte, slot->bytes + area->offset, area->bytes < left ? area->bytes : left);
    }
}

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    struct modbus_driver *driver = context;
    atomic_store_explicit(&driver->guarded, NULL, memory_order_release); // a new scan: it knows what happened
    uint64_t now_ns = driver->clock();
    for (size_t i = 0; i < driver->device_count; i++) read_device(&driver->devices[i], now_ns, inputs, bytes);
    return ERROR_NONE;
}

/// True when outputs have not reached the device for so long that nobody can rely on them.
static bool outputs_lost(const struct device *device, uint64_t now_ns) {
    if (device->output_bytes == 0) return false;
    uint64_t written_ns = atomic_load(&device->written_ns);
    if (written_ns == 0) written_ns = device->driver->opened_ns;
    return now_ns > written_ns && now_ns - written_ns > stale_ns(device);
}

static void write_device(struct device *device, uint64_t now_ns, const uint8_t *outputs, size_t bytes) {
    if (device->output_bytes == 0) return;
    struct triple_slot *slot = triple_write_slot(&device->outputs);
    for (size_t i = 0; i < device->area_count; i++) {
        const struct area *area = &device->areas[i];
        if (area->input || area->of->image_byte >= bytes) continue;
        size_t left = bytes - area->of->image_byte;
        memcpy(slot->bytes + area->offset, outputs + area->of->image_byte, area->bytes < left ? area->bytes : left);
    }
    bool changed = memcmp(slot->bytes, device->last, device->output_bytes) != 0;
    memcpy(device->last, slot->bytes, device->output_bytes);
    slot->time_ns = now_ns;
    triple_publish(&device->outputs);
    if (changed) wake(device);
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct modbus_driver *driver = context;
    uint64_t now_ns = driver->clock();
    bool lost = false;
    for (size_t i = 0; i < driver->device_count; i++) {
        write_device(&driver->devices[i], now_ns, outputs, bytes);
        lost = lost || outputs_lost(&driver->devices[i], now_ns);
    }
    return lost ? ERROR_UNAVAILABLE : ERROR_NONE;
}

static enum error keep_safe(void *context, const struct io_safe_image *image) {
    struct modbus_driver *driver = context;
    atomic_store_explicit(&driver->guarded, image, memory_order_release);
    for (size_t i = 0; i < driver->device_count; i++) wake(&driver->devices[i]); // the workers apply it
    return ERROR_NONE;
}

static bool arrived(const struct modbus_driver *driver, uint64_t since_ns) {
    for (size_t i = 0; i < driver->device_count; i++) {
        const struct device *device = &driver->devices[i];
        if (device->output_bytes > 0 && atomic_load(&device->connected) && atomic_load(&device->written_ns) <= since_ns)
            return false;
    }
    return true;
}

/// The workers are alive while one thread dies, so they write; all there is to do is to wait for them.
static void write_safe(void *context, const struct io_safe_image *image) {
    const struct modbus_driver *driver = context;
    const struct timespec pause = {.tv_nsec = 1000000};
    uint64_t now_ns = clock_monotonic_ns(), end_ns = now_ns + IO_LAST_ACT_NS, since_ns = driver->clock();
    error_ignore(keep_safe(context, image));
    for (; now_ns < end_ns && !arrived(driver, since_ns); now_ns = clock_monotonic_ns()) nanosleep(&pause, NULL);
}

struct io_driver modbus_driver_table(struct modbus_driver *driver) {
    return (struct io_driver){.name = "modbus",
                              .read = read_inputs,
                              .write = write_outputs,
                              .safe = keep_safe,
                              .write_safe = write_safe,
                              .ranges = driver->ranges,
                              .quality = driver->quality,
                              .range_count = driver->range_count,
                              .age_ns = driver->age_ns,
                              .context = driver};
}

// ---------------------------------------------------------------- opening

static void add_area(struct modbus_driver *driver, struct device *device, const struct site_modbus_area *of) {
    bool bits = strcmp(of->kind, "coils") == 0 || strcmp(of->kind, "discrete_inputs") == 0;
    bool inputs_only = strcmp(of->kind, "discrete_inputs") == 0 || strcmp(of->kind, "input_registers") == 0;
    struct area area = {.of = of, .bits = bits, .input = of->input || inputs_only};
    area.bytes = bits ? ((size_t)of->count + 7) / 8 : 2 * (size_t)of->count;
    size_t *bytes = area.input ? &device->input_bytes : &device->output_bytes;
    area.offset = *bytes;
    *bytes += area.bytes;
    if (area.input) {
        area.range = (uint32_t)driver->range_count;
        driver->quality[driver->range_count] = STATUS_BadWaitingForInitialData;
        driver->ranges[driver->range_count++] = (struct io_range){of->image_byte, (uint32_t)area.bytes};
    }
    device->areas[device->area_count++] = area;
}

static bool reserve_device(struct modbus_driver *driver, struct device *device) {
    size_t areas = device->of->area_count;
    device->driver = driver;
    device->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&device->trouble_lock, NULL);
    device->areas = calloc(areas + 1, sizeof *device->areas);
    device->area_bad = calloc(areas + 1, sizeof *device->area_bad);
    if (device->areas == NULL || device->area_bad == NULL || device->wake_fd < 0) return false;
    for (size_t i = 0; i < areas; i++) add_area(driver, device, &device->of->areas[i]);
    device->sent = calloc(device->output_bytes + 1, 1);
    device->last = calloc(device->output_bytes + 1, 1);
    bool buffers = triple_init(&device->inputs, device->input_bytes);
    return triple_init(&device->outputs, device->output_bytes) && buffers && device->sent != NULL &&
           device->last != NULL;
}

static bool reserve(struct modbus_driver *driver, const struct modbus_driver_options *options) {
    size_t areas = 0;
    for (size_t i = 0; i < options->device_count; i++) areas += options->devices[i].area_count;
    driver->devices = calloc(options->device_count + 1, sizeof *driver->devices);
    driver->ranges = calloc(areas + 1, sizeof *driver->ranges);
    driver->quality = calloc(areas + 1, sizeof *driver->quality);
    driver->age_ns = calloc(areas + 1, sizeof *driver->age_ns);
    bool got = driver->devices != NULL && driver->ranges != NULL && driver->quality != NULL && driver->age_ns != NULL;
    for (size_t i = 0; got && i < options->device_count; i++) {
        driver->devices[i].of = &options->devices[i];
        driver->device_count++;
        got = reserve_device(driver, &driver->devices[i]);
    }
    return got;
}

static bool overlap(const struct area *a, const struct area *b) {
    return a->input == b->input && a->of->image_byte < b->of->image_byte + b->bytes &&
           b->of->image_byte < a->of->image_byte + a->bytes;
}

static enum error check_places(const struct device *device, const struct area *area, const struct device *other,
                               struct problem *ret_problem) {
    if (area->of->image_byte + area->bytes > IO_IMAGE_BYTES_MAX)
        return problem_say(ret_problem, ERROR_INVALID,
                           "Modbus device %s: %s reach beyond the process image of %d bytes", device->of->name,
                           area->of->kind, IO_IMAGE_BYTES_MAX);
    for (size_t i = 0; i < other->area_count; i++) {
        const struct area *second = &other->areas[i];
        if (second == area || !overlap(area, second)) continue;
        return problem_say(
            ret_problem, ERROR_INVALID,
            "Modbus: %s of %s and %s of %s share bytes %u to %zu of the process image; give each its own "
            "image_byte",
            area->of->kind, device->of->name, second->of->kind, other->of->name, area->of->image_byte,
            area->of->image_byte + area->bytes - 1);
    }
    return ERROR_NONE;
}

static enum error check(const struct modbus_driver *driver, struct problem *ret_problem) {
    if (driver->device_count == 0)
        return problem_say(ret_problem, ERROR_INVALID,
                           "the driver modbus has no device: list them in site.yaml, edge.modbus");
    for (size_t i = 0; i < driver->device_count; i++)
        for (size_t a = 0; a < driver->devices[i].area_count; a++)
            for (size_t j = 0; j < driver->device_count; j++) {
                const struct device *device = &driver->devices[i];
                enum error error = check_places(device, &device->areas[a], &driver->devices[j], ret_problem);
                if (error) return error;
            }
    return ERROR_NONE;
}

static enum error start(struct modbus_driver *driver, struct problem *ret_problem) {
    sigset_t before;
    signals_block(&before); // signals are for the main thread
    int refused = 0;
    for (size_t i = 0; refused == 0 && i < driver->device_count; i++) {
        refused = pthread_create(&driver->devices[i].thread, NULL, device_work, &driver->devices[i]);
        driver->devices[i].runs = refused == 0;
    }
    signals_restore(&before);
    if (refused == 0) return ERROR_NONE;
    return problem_say(ret_problem, error_from_errno(refused), "Modbus thread: %s", strerror(refused));
}

enum error modbus_driver_open(const struct modbus_driver_options *options, struct modbus_driver **ret_driver,
                              struct problem *ret_problem) {
    CLEANUP(modbus_driver_close_at) struct modbus_driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL || !reserve(driver, options))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    driver->clock = options->clock == NULL ? clock_monotonic_ns : options->clock;
    driver->opened_ns = driver->clock();
    enum error error = check(driver, ret_problem);
    if (!error) error = start(driver, ret_problem);
    if (!error) *ret_driver = TAKE(driver);
    return error;
}

static void close_device(struct device *device) {
    if (device->runs) pthread_join(device->thread, NULL);
    if (device->wake_fd >= 0) close(device->wake_fd);
    triple_clear(&device->inputs);
    triple_clear(&device->outputs);
    pthread_mutex_destroy(&device->trouble_lock);
    free(device->areas);
    free(device->area_bad);
    free(device->sent);
    free(device->last);
}

void modbus_driver_close(struct modbus_driver *driver) {
    if (driver == NULL) return;
    atomic_store(&driver->stopping, true);
    for (size_t i = 0; i < driver->device_count; i++) wake(&driver->devices[i]);
    for (size_t i = 0; i < driver->device_count; i++) close_device(&driver->devices[i]);
    free(driver->devices);
    free(driver->ranges);
    free(driver->quality);
    free(driver->age_ns);
    free(driver);
}

bool modbus_driver_trouble(struct modbus_driver *driver, struct problem *ret_problem) {
    for (size_t i = 0; i < driver->device_count; i++) {
        struct device *device = &driver->devices[i];
        pthread_mutex_lock(&device->trouble_lock);
        *ret_problem = device->trouble;
        pthread_mutex_unlock(&device->trouble_lock);
        if (ret_problem->text[0] != '\0') return true;
    }
    return false;
}
