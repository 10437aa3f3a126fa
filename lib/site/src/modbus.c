#include "modbus.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535, MODBUS_PORT = 502, REGISTER_MAX = 65535, UNIT_MAX = 255, IMAGE_BYTES_MAX = 1024 * 1024 };

static bool is_address(struct text text) {
    char address[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    if (text.length >= sizeof address) return false;
    snprintf(address, sizeof address, "%.*s", TEXT_ARG(text));
    return inet_pton(AF_INET, address, bytes) == 1;
}

static bool is_name(struct text text) {
    return text.length > 0 && text.length <= 64;
}

static const char *const kind_words[] = {"coils", "discrete_inputs", "holding_registers", "input_registers", NULL};

#define NUMBER(field, type, object, member, least, greatest, what)                                                     \
    {                                                                                                                  \
        .name = (field), .kind = (type), .offset = offsetof(object, member), .low = (least), .high = (greatest),       \
        .expected = (what)                                                                                             \
    }

#define AREA struct site_modbus_area
static const struct setting area_rows[] = {
    {.name = "kind",
     .kind = SETTING_TEXT,
     .offset = offsetof(AREA, kind),
     .words = kind_words,
     .required = true,
     .expected = "a kind of address"},
    {.name = "input", .kind = SETTING_BOOL, .offset = offsetof(AREA, input), .expected = "true or false"},
    NUMBER("first", SETTING_UNSIGNED, AREA, first, 0, REGISTER_MAX, "an address from 0 to 65535, as on the wire"),
    NUMBER("count", SETTING_UNSIGNED, AREA, count, 1, REGISTER_MAX, "a number of bits or registers, 1 or more"),
    NUMBER("image_byte", SETTING_UNSIGNED, AREA, image_byte, 0, IMAGE_BYTES_MAX, "a byte of the process image"),
    {.name = "high_first", .kind = SETTING_BOOL, .offset = offsetof(AREA, high_first), .expected = "true or false"},
};
static const struct setting area_row = {
    .name = "area", .kind = SETTING_SECTION, .rows = area_rows, .row_count = sizeof area_rows / sizeof *area_rows};

#define SETUP struct site_modbus_setup
static const struct setting setup_rows[] = {
    NUMBER("register", SETTING_UNSIGNED, SETUP, reg, 0, REGISTER_MAX, "a register from 0 to 65535"),
    NUMBER("value", SETTING_UNSIGNED, SETUP, value, 0, REGISTER_MAX, "a value from 0 to 65535"),
};
static const struct setting setup_row = {
    .name = "setup", .kind = SETTING_SECTION, .rows = setup_rows, .row_count = sizeof setup_rows / sizeof *setup_rows};

#define DEVICE struct site_modbus_device
static const struct setting device_rows[] = {
    {.name = "name",
     .kind = SETTING_TEXT,
     .offset = offsetof(DEVICE, name),
     .accepts = is_name,
     .required = true,
     .expected = "a name of at most 64 bytes"},
    {.name = "address",
     .kind = SETTING_TEXT,
     .offset = offsetof(DEVICE, address),
     .accepts = is_address,
     .required = true,
     .expected = "the IPv4 address of the device"},
    NUMBER("port", SETTING_UINT16, DEVICE, port, 1, PORT_MAX, "a port from 1 to 65535"),
    NUMBER("unit", SETTING_UNSIGNED, DEVICE, unit, 1, UNIT_MAX, "a unit from 1 to 255"),
    NUMBER("period_ms", SETTING_REAL, DEVICE, period_ms, 1, 60000, "milliseconds from 1 to 60000"),
    NUMBER("timeout_ms", SETTING_REAL, DEVICE, timeout_ms, 10, 60000, "milliseconds from 10 to 60000"),
    NUMBER("stale_ms", SETTING_REAL, DEVICE, stale_ms, 10, 600000, "milliseconds from 10 to 600000"),
    NUMBER("watchdog_register", SETTING_UNSIGNED, DEVICE, watchdog_register, 1, REGISTER_MAX,
           "a register from 1 to 65535"),
    {.name = "setup",
     .kind = SETTING_LIST,
     .offset = offsetof(DEVICE, setup),
     .count_offset = offsetof(DEVICE, setup_count),
     .item_bytes = sizeof(SETUP),
     .rows = &setup_row,
     .row_count = 1,
     .expected = "registers and values to write after each connect"},
    {.name = "areas",
     .kind = SETTING_LIST,
     .offset = offsetof(DEVICE, areas),
     .count_offset = offsetof(DEVICE, area_count),
     .item_bytes = sizeof(AREA),
     .rows = &area_row,
     .row_count = 1,
     .required = true,
     .expected = "areas: kind, first, count, image_byte"},
};
const struct setting modbus_device_row = {.name = "device",
                                          .kind = SETTING_SECTION,
                                          .rows = device_rows,
                                          .row_count = sizeof device_rows / sizeof *device_rows};

static void set_default(double *number, double otherwise) {
    if (*number == 0) *number = otherwise;
}

static enum error check_area(const struct site_modbus_area *area, const char *place, const struct settings *file,
                             struct problem *problem) {
    bool read_only = strcmp(area->kind, "discrete_inputs") == 0 || strcmp(area->kind, "input_registers") == 0;
    bool bits = strcmp(area->kind, "coils") == 0 || strcmp(area->kind, "discrete_inputs") == 0;
    if (area->count == 0) return settings_refuse(file, problem, place, "count is missing: say how many");
    if (area->first + area->count > REGISTER_MAX + 1u)
        return settings_refuse(file, problem, place, "%u from %u on: addresses end at 65535", area->count, area->first);
    if (read_only && area->input)
        return settings_refuse(file, problem, place, "%s are always inputs: remove input", area->kind);
    if (area->high_first && (bits || area->count % 2 != 0))
        return settings_refuse(file, problem, place,
                               "high_first is for pairs of registers: give an even count of them");
    return ERROR_NONE;
}

enum error modbus_check(struct site_modbus_device *devices, size_t count, const struct settings *file,
                        struct problem *problem) {
    enum error error = ERROR_NONE;
    for (size_t i = 0; !error && i < count; i++) {
        struct site_modbus_device *device = &devices[i];
        if (device->port == 0) device->port = MODBUS_PORT;
        if (device->unit == 0) device->unit = 1;
        set_default(&device->period_ms, 10);
        set_default(&device->timeout_ms, 500);
        set_default(&device->stale_ms, 1000);
        for (size_t j = 0; !error && j < device->area_count; j++) {
            char place[64];
            snprintf(place, sizeof place, "edge.modbus[%zu].areas[%zu]", i, j);
            error = check_area(&device->areas[j], place, file, problem);
        }
    }
    return error;
}
