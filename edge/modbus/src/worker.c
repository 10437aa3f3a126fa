// The thread of one device: connect, then write outputs and read inputs with each period.

#include "internal.h"

#include <base/clock.h>

#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t BACK_OFF_FIRST_NS = 100 * NS_PER_MS, BACK_OFF_MOST_NS = 5 * NS_PER_S;

static void tell(struct device *device, enum error error, const char *what, const char *why) {
    struct problem problem = {0};
    if (error)
        error_ignore(problem_say(&problem, error, "%s (%s:%u): %s: %s", device->of->name, device->of->address,
                                 device->of->port, what, why));
    pthread_mutex_lock(&device->trouble_lock);
    device->trouble = problem;
    pthread_mutex_unlock(&device->trouble_lock);
}

static bool stopping(const struct device *device) {
    return atomic_load(&device->driver->stopping);
}

/// True when there is something to write, or the driver ends; false after `ns`.
static bool wait_for_work(const struct device *device, uint64_t ns) {
    struct pollfd watched = {.fd = device->wake_fd, .events = POLLIN};
    struct timespec timeout = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
    if (ppoll(&watched, 1, &timeout, NULL) <= 0) return false;
    uint64_t count;
    ssize_t got = read(device->wake_fd, &count, sizeof count);
    return got == sizeof count;
}

// ---------------------------------------------------------------- one area

/// An answer that says "no such address" is an answer: the connection is good, the area is not.
static bool is_exception(int error_number) {
    return error_number >= EMBXILFUN && error_number <= EMBXGTAR;
}

static int read_some(modbus_t *modbus, const struct area *area, int first, int count, uint8_t *image) {
    uint8_t bits[MODBUS_MAX_READ_BITS];
    uint16_t registers[MODBUS_MAX_READ_REGISTERS];
    bool inputs_only = strcmp(area->of->kind, "discrete_inputs") == 0 || strcmp(area->of->kind, "input_registers") == 0;
    int got = -1;
    if (area->bits)
        got = inputs_only ? modbus_read_input_bits(modbus, first, count, bits)
                          : modbus_read_bits(modbus, first, count, bits);
    else
        got = inputs_only ? modbus_read_input_registers(modbus, first, count, registers)
                          : modbus_read_registers(modbus, first, count, registers);
    if (got != count) return -1;
    if (area->bits)
        bits_to_image(bits, (size_t)count, image);
    else
        registers_to_image(registers, (size_t)count, area->of->high_first, image);
    return count;
}

static int write_some(modbus_t *modbus, const struct area *area, int first, int count, const uint8_t *image) {
    uint8_t bits[MODBUS_MAX_WRITE_BITS];
    uint16_t registers[MODBUS_MAX_WRITE_REGISTERS];
    if (area->bits) {
        bits_from_image(bits, (size_t)count, image);
        return modbus_write_bits(modbus, first, count, bits);
    }
    registers_from_image(registers, (size_t)count, area->of->high_first, image);
    return modbus_write_registers(modbus, first, count, registers);
}

/// One request carries so many at most; an even number of registers, so that no pair is torn, and whole bytes of bits.
static unsigned most_at_once(const struct area *area) {
    if (area->bits) return area->input ? MODBUS_MAX_READ_BITS / 8 * 8 : MODBUS_MAX_WRITE_BITS / 8 * 8;
    return area->input ? MODBUS_MAX_READ_REGISTERS / 2 * 2 : MODBUS_MAX_WRITE_REGISTERS / 2 * 2;
}

static bool transfer(modbus_t *modbus, const struct area *area, uint8_t *image) {
    for (unsigned done = 0; done < area->of->count;) {
        unsigned left = area->of->count - done, most = most_at_once(area);
        int count = (int)(left < most ? left : most), first = (int)(area->of->first + done);
        uint8_t *place = image + (area->bits ? done / 8 : 2 * (size_t)done);
        int moved =
            area->input ? read_some(modbus, area, first, count, place) : write_some(modbus, area, first, count, place);
        if (moved != count) return false;
        done += (unsigned)count;
    }
    return true;
}

// ---------------------------------------------------------------- one period

/// False: the connection is of no use any more.
static bool move_area(modbus_t *modbus, struct device *device, size_t index, uint8_t *bytes) {
    const struct area *area = &device->areas[index];
    bool moved = transfer(modbus, area, bytes + area->offset);
    bool refused = !moved && is_exception(errno);
    atomic_store(&device->area_bad[index], refused);
    if (refused) tell(device, ERROR_NOT_FOUND, area->of->kind, modbus_strerror(errno));
    return moved || refused;
}

static void decide_outputs(struct device *device) {
    triple_take(&device->outputs);
    memcpy(device->sent, triple_read_slot(&device->outputs)->bytes, device->output_bytes);
    const struct io_safe_image *guarded = atomic_load_explicit(&device->driver->guarded, memory_order_acquire);
    for (size_t i = 0; guarded != NULL && i < device->area_count; i++) {
        const struct area *area = &device->areas[i];
        if (area->input || area->of->image_byte >= guarded->bytes) continue;
        struct io_safe_image part = {.outputs = guarded->outputs + area->of->image_byte,
                                     .mask = guarded->mask + area->of->image_byte,
                                     .bytes = guarded->bytes - area->of->image_byte};
        io_apply_safe(device->sent + area->offset, &part, area->bytes);
    }
}

static bool write_outputs(modbus_t *modbus, struct device *device) {
    bool all = true;
    if (triple_read_slot(&device->outputs)->time_ns == 0 && !triple_take(&device->outputs)) return true; // no scan yet
    decide_outputs(device);
    for (size_t i = 0; i < device->area_count; i++) {
        if (device->areas[i].input) continue;
        if (!move_area(modbus, device, i, device->sent)) return false;
        all = all && !atomic_load(&device->area_bad[i]);
    }
    if (all) atomic_store(&device->written_ns, device->driver->clock());
    return true;
}

static bool read_inputs(modbus_t *modbus, struct device *device) {
    struct triple_slot *slot = triple_write_slot(&device->inputs);
    for (size_t i = 0; i < device->area_count; i++)
        if (device->areas[i].input && !move_area(modbus, device, i, slot->bytes)) return false;
    slot->time_ns = device->driver->clock();
    triple_publish(&device->inputs);
    return true;
}

/// Counts up in a register: while it does, the device knows that somebody decides about its outputs.
static bool feed_watchdog(modbus_t *modbus, const struct device *device, uint16_t *count) {
    if (device->of->watchdog_register == 0) return true;
    return modbus_write_register(modbus, (int)device->of->watchdog_register, ++*count) == 1 || is_exception(errno);
}

static bool set_up(modbus_t *modbus, struct device *device) {
    for (size_t i = 0; i < device->of->setup_count; i++) {
        const struct site_modbus_setup *setup = &device->of->setup[i];
        if (modbus_write_register(modbus, (int)setup->reg, (uint16_t)setup->value) != 1) return false;
    }
    return true;
}

static bool any_area_bad(const struct device *device) {
    for (size_t i = 0; i < device->area_count; i++)
        if (atomic_load(&device->area_bad[i])) return true;
    return false;
}

/// Until the connection fails or the driver ends.
static void serve(modbus_t *modbus, struct device *device) {
    const uint64_t period_ns = (uint64_t)(device->of->period_ms * (double)NS_PER_MS);
    uint16_t count = 0;
    uint64_t due_ns = clock_monotonic_ns();
    while (!stopping(device)) {
        if (!write_outputs(modbus, device)) return;
        uint64_t now_ns = clock_monotonic_ns();
        if (now_ns >= due_ns) {
            if (!feed_watchdog(modbus, device, &count) || !read_inputs(modbus, device)) return;
            atomic_store(&device->connected, true);
            if (!any_area_bad(device)) tell(device, ERROR_NONE, NULL, NULL);
            due_ns += period_ns;
            now_ns = clock_monotonic_ns();
            if (due_ns < now_ns) due_ns = now_ns; // a slow device sets its own period
        }
        wait_for_work(device, due_ns - now_ns);
    }
    write_outputs(modbus, device); // what the last scan decided: the safe state
    errno = 0;
}

static modbus_t *make(const struct device *device) {
    modbus_t *modbus = modbus_new_tcp(device->of->address, device->of->port);
    if (modbus == NULL) return NULL;
    uint32_t timeout_us = (uint32_t)(device->of->timeout_ms * 1000);
    modbus_set_slave(modbus, (int)device->of->unit);
    modbus_set_response_timeout(modbus, timeout_us / 1000000, timeout_us % 1000000);
    return modbus;
}

void *device_work(void *context) {
    struct device *device = context;
    uint64_t back_off_ns = BACK_OFF_FIRST_NS;
    pthread_setname_np(pthread_self(), "modbus");
    while (!stopping(device)) {
        modbus_t *modbus = make(device);
        bool open = modbus != NULL && modbus_connect(modbus) == 0;
        if (open && set_up(modbus, device)) {
            serve(modbus, device);
            if (atomic_exchange(&device->connected, false)) back_off_ns = BACK_OFF_FIRST_NS;
        }
        if (errno != 0)
            tell(device, ERROR_UNAVAILABLE, open ? "the connection failed" : "no connection", modbus_strerror(errno));
        if (open) modbus_close(modbus);
        modbus_free(modbus);
        uint64_t until_ns = clock_monotonic_ns() + back_off_ns;
        for (uint64_t now_ns; !stopping(device) && (now_ns = clock_monotonic_ns()) < until_ns;)
            wait_for_work(device, until_ns - now_ns);
        back_off_ns = back_off_ns * 2 < BACK_OFF_MOST_NS ? back_off_ns * 2 : BACK_OFF_MOST_NS;
    }
    return NULL;
}
