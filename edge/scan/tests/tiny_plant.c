#include "tiny_plant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t SOFT_NS = 2000000000, HARD_NS = 10000000000;

// ---------------------------------------------------------------- kinds

static struct scan_reason move(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                               struct scan_result *result) {
    (void)module, (void)result;
    int32_t direction = command->arguments[0].value.int32;
    scan_wish(scan, TAG_RIGHT, direction > 0);
    scan_wish(scan, TAG_LEFT, direction < 0);
    scan_wish(scan, TAG_HOLD, direction != 0);
    return scan_reason_none();
}

static struct scan_reason get(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                              struct scan_result *result) {
    (void)module, (void)command;
    result->outputs[result->output_count++] =
        (struct scan_argument){.type = VALUE_BOOL, .value = scan_boolean(scan_on(scan, TAG_SENSOR))};
    return scan_reason_none();
}

/// A module with a defect: the interlock has to catch it.
static struct scan_reason both(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                               struct scan_result *result) {
    (void)module, (void)command, (void)result;
    scan_wish(scan, TAG_RIGHT, true);
    scan_wish(scan, TAG_LEFT, true);
    return scan_reason_none();
}

static struct scan_reason light(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                struct scan_result *result) {
    (void)module, (void)result;
    scan_wish(scan, TAG_LAMP, command->arguments[0].value.boolean);
    return scan_reason_none();
}

static struct scan_reason reset(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                struct scan_result *result) {
    (void)module, (void)command, (void)result;
    return scan_reset(scan);
}

static void halt(struct scan *scan, struct scan_module *module) {
    struct tiny_plant *plant = module->memory;
    plant->halts++;
    scan_wish(scan, TAG_RIGHT, false);
    scan_wish(scan, TAG_LEFT, false);
}

static void look(struct scan *scan, struct scan_module *module) {
    scan_set(scan, module->first_tag, scan_uint32(scan_on(scan, TAG_RIGHT)), STATUS_Good);
}

static const struct scan_field direction = {"Direction", VALUE_INT32, NULL}, state = {"State", VALUE_BOOL, NULL};
static const struct scan_method drive_methods[] = {
    [DRIVE_MOVE] = {"move", SCAN_MOVE, &direction, 1, NULL, 0, move},
    [DRIVE_GET] = {"get", SCAN_GET, NULL, 0, &state, 1, get},
    [DRIVE_BOTH] = {"both", SCAN_MOVE, NULL, 0, NULL, 0, both},
};
static const struct scan_method lamp_methods[] = {{"setState", SCAN_SIGNAL, &state, 1, NULL, 0, light}};
static const struct scan_method controller_methods[] = {{"reset", SCAN_HAND, NULL, 0, NULL, 0, reset}};
static const struct scan_kind drive_kind = {
    .name = "Drive", .methods = drive_methods, .method_count = 3, .settle = look, .halt = halt};
static const struct scan_kind lamp_kind = {.name = "Lamp", .methods = lamp_methods, .method_count = 1};
static const struct scan_kind lock_kind = {.name = "Lock"};
static const struct scan_kind controller_kind = {
    .name = "Controller", .methods = controller_methods, .method_count = 1};

// ---------------------------------------------------------------- driver

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    struct tiny_plant *plant = context;
    plant->elapsed_ns = elapsed_ns;
    if (!plant->read_error) memcpy(inputs, plant->inputs, bytes);
    return plant->read_error;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct tiny_plant *plant = context;
    plant->writes++;
    memcpy(plant->outputs, outputs, bytes);
    return plant->write_error;
}

// ---------------------------------------------------------------- plant

static struct io_place place_of(unsigned tag) {
    return (struct io_place){.byte = tag / 8, .bit = (uint8_t)(tag % 8), .bits = 1};
}

/// What never changes between tests; arrays are in static storage of one plant at a time.
static struct {
    enum value_type type[TAGS];
    union scan_value value[TAGS];
    status_code quality[TAGS];
    uint64_t changed_ns[TAGS];
    bool dirty[TAGS];
    uint32_t dirty_list[TAGS], output_of_tag[TAGS], input_of_tag[TAGS];
    uint8_t images[6][24];
    uint32_t from[3][4]; // the images are three words long
    struct scan_input conditioned[CONDITIONED];
    struct scan_number numbers[2];
    double number_wish[2], number_decided[2], number_written[2];
    struct scan_point inputs[4], outputs[5];
    bool wish[5], decided[5], written[5];
    struct scan_channel word;
    struct scan_exclusion exclusion;
    struct scan_module modules[MODULES];
    struct scan_limits limits[3 * SCAN_ARGUMENTS_MAX];
    uint32_t settlers[1], emergency_stops[1], emergency_stop_modules[1];
} store;

static void add_output(struct scan *scan, unsigned tag, enum scan_safe safe) {
    store.output_of_tag[tag] = (uint32_t)scan->output_count;
    store.outputs[scan->output_count++] =
        (struct scan_point){.tag = tag, .place = place_of(tag), .safe = (uint8_t)safe};
}

static void add_module(struct scan *scan, const struct scan_kind *kind, void *memory) {
    uint32_t index = (uint32_t)scan->module_count++;
    store.modules[index] = (struct scan_module){.kind = kind, .index = index, .first_tag = TAG_LOOK, .memory = memory};
}

static void join(struct tiny_plant *plant) {
    struct scan *scan = &plant->scan;
    scan->tag_count = TAGS;
    scan->type = store.type;
    scan->value = store.value;
    scan->quality = store.quality;
    scan->changed_ns = store.changed_ns;
    scan->dirty = store.dirty;
    scan->dirty_list = store.dirty_list;
    scan->output_of_tag = store.output_of_tag;
    scan->input_of_tag = store.input_of_tag;
    scan->driver = (struct io_driver){.name = "array", .read = read_inputs, .write = write_outputs, .context = plant};
    scan->image_bytes = sizeof plant->inputs;
    scan->image_words = 3;
    scan->input_image = store.images[0];
    scan->last_input_image = store.images[1];
    scan->output_image = store.images[2];
    scan->safe_outputs = store.images[4];
    scan->safe_mask = store.images[5];
    scan->run_switch = SCAN_NO_TAG;
    scan->last_output_image = store.images[3];
    scan->inputs = store.inputs;
    scan->outputs = store.outputs;
    scan->wish = store.wish;
    scan->decided = store.decided;
    scan->written = store.written;
    scan->conditioned = store.conditioned;
    scan->conditioned_count = CONDITIONED;
    scan->numbers = store.numbers;
    scan->number_wish = store.number_wish;
    scan->number_decided = store.number_decided;
    scan->number_written = store.number_written;
    scan->inputs_from = store.from[0];
    scan->input_channels_from = store.from[1];
    scan->output_channels_from = store.from[2];
    scan->input_channels = &store.word;
    scan->input_channel_count = 1;
    scan->exclusions = &store.exclusion;
    scan->exclusion_count = 1;
    scan->modules = store.modules;
    scan->settlers = store.settlers;
    scan->settler_count = 1;
    scan->lock_module = MODULE_LOCK;
    scan->controller_module = MODULE_CONTROLLER;
    scan->emergency_stops = store.emergency_stops;
    scan->emergency_stop_modules = store.emergency_stop_modules;
    scan->emergency_stop_count = 1;
    scan->stop_button_module = MODULE_CONTROLLER;
}

static void add_number(struct scan *scan, unsigned tag, enum value_type type, uint32_t byte, struct scan_scale scale) {
    store.type[tag] = type;
    store.output_of_tag[tag] = (uint32_t)scan->number_count;
    store.numbers[scan->number_count++] =
        (struct scan_number){.point = {.tag = tag, .place = {.byte = byte, .bits = 16}}, .scale = scale};
}

static void add_numbers(struct scan *scan) {
    store.conditioned[INPUT_PULSE].point = (struct scan_point){.tag = TAG_PULSE, .place = {PULSE_BYTE, 0, 1}};
    store.conditioned[INPUT_LEVEL] = (struct scan_input){
        .point = {.tag = TAG_LEVEL, .place = {LEVEL_BYTE, 0, 16}},
        .scale = {SCAN_SIGNED, 10.0 / 27648, 0, -1000, 28000, 0, 10},
    };
    store.conditioned[INPUT_COUNT] = (struct scan_input){
        .point = {.tag = TAG_COUNT, .place = {COUNT_BYTE, 0, 16}},
        .scale = {SCAN_UNSIGNED, 1, 0, -INFINITY, INFINITY, 0, 0},
    };
    store.conditioned[INPUT_WEIGHT] = (struct scan_input){
        .point = {.tag = TAG_WEIGHT, .place = {WEIGHT_BYTE, 0, 32}},
        .scale = {SCAN_FLOAT, 1, 0, -INFINITY, INFINITY, 0, 0},
    };
    for (size_t i = 0; i < CONDITIONED; i++) store.conditioned[i].range = IO_NO_RANGE;
    store.type[TAG_LEVEL] = store.type[TAG_WEIGHT] = VALUE_DOUBLE;
    store.type[TAG_COUNT] = VALUE_INT32;
    add_number(scan, TAG_VALVE, VALUE_DOUBLE, VALVE_BYTE,
               (struct scan_scale){SCAN_UNSIGNED, 100.0 / 16000, -25, 0, 0, 0, 100});
    store.numbers[0].safe_value = store.number_wish[0] = 20;
    add_number(scan, TAG_HEATER, VALUE_UINT16, HEATER_BYTE,
               (struct scan_scale){SCAN_UNSIGNED, 1, 0, 0, 0, -INFINITY, INFINITY});
    store.numbers[1].point.safe = SCAN_SAFE_HOLD;
}

struct tiny_plant *tiny_plant_create(void) {
    struct tiny_plant *plant = calloc(1, sizeof *plant);
    if (plant == NULL) return NULL;
    memset(&store, 0, sizeof store);
    memset(store.output_of_tag, 0xFF, sizeof store.output_of_tag); // SCAN_NO_TAG
    memset(store.input_of_tag, 0xFF, sizeof store.input_of_tag);
    for (unsigned tag = TAG_SENSOR; tag <= TAG_LAMP; tag++) store.type[tag] = VALUE_BOOL;
    join(plant);
    struct scan *scan = &plant->scan;
    store.type[TAG_PULSE] = VALUE_BOOL;
    for (uint32_t tag = TAG_SENSOR; tag <= TAG_RESET_BUTTON; tag++) {
        store.input_of_tag[tag] = (uint32_t)scan->input_count;
        store.inputs[scan->input_count++] =
            (struct scan_point){.tag = tag, .place = place_of(tag), .inverted = tag == TAG_STOP_CONTACT};
    }
    add_output(scan, TAG_RIGHT, SCAN_SAFE_OFF);
    add_output(scan, TAG_LEFT, SCAN_SAFE_OFF);
    add_output(scan, TAG_HOLD, SCAN_SAFE_HOLD);
    add_output(scan, TAG_BRAKE, SCAN_SAFE_ON);
    add_output(scan, TAG_LAMP, SCAN_SAFE_FREE);
    store.word = (struct scan_channel){TAG_WORD, {.byte = 4, .bit = 0, .bits = 16}, SCAN_UNSIGNED, IO_NO_RANGE};
    store.type[TAG_WORD] = VALUE_UINT16;
    store.exclusion = (struct scan_exclusion){0, 1, MODULE_DRIVE};
    add_numbers(scan);
    add_module(scan, &drive_kind, plant);
    add_module(scan, &lamp_kind, NULL);
    add_module(scan, &lock_kind, NULL);
    add_module(scan, &controller_kind, NULL);
    store.limits[DRIVE_MOVE * SCAN_ARGUMENTS_MAX] = (struct scan_limits){-1, 1};
    store.modules[MODULE_DRIVE].limits = store.limits;
    store.emergency_stops[0] = TAG_STOP_CONTACT;
    store.emergency_stop_modules[0] = MODULE_CONTROLLER;
    scan->stop_button = TAG_STOP_BUTTON;
    scan->reset_button = TAG_RESET_BUTTON;
    scan_order(scan);
    authority_init(&scan->authority, SOFT_NS, HARD_NS);
    scan->exchange = exchange_create(TAGS);
    plant->time = (struct scan_time){.elapsed_ns = 1000000, .monotonic_ns = 1, .wall_ns = 1000};
    tiny_plant_input(plant, TAG_STOP_CONTACT, true);
    return plant;
}

void tiny_plant_destroy(struct tiny_plant *plant) {
    exchange_destroy(plant->scan.exchange);
    free(plant);
}

bool tiny_plant_scan(struct tiny_plant *plant) {
    plant->time.monotonic_ns += 1000000;
    plant->time.wall_ns += 1000000;
    return scan_once(&plant->scan, &plant->time);
}

void tiny_plant_input(struct tiny_plant *plant, unsigned tag, bool on) {
    io_set_bit(plant->inputs, place_of(tag), on);
}

bool tiny_plant_output(const struct tiny_plant *plant, unsigned tag) {
    return io_bit(plant->outputs, place_of(tag));
}

struct scan_result tiny_plant_call(struct tiny_plant *plant, struct scan_command command) {
    struct scan_result result = {.status = STATUS_BadTimeout};
    if (exchange_post(plant->scan.exchange, &command)) tiny_plant_scan(plant);
    while (exchange_take_result(plant->scan.exchange, &result)) continue;
    return result;
}

void tiny_plant_hold_lock(struct tiny_plant *plant) {
    enum authority_status status =
        authority_grant(&plant->scan.authority, SESSION, SCAN_ROLE_OPERATOR, plant->time.monotonic_ns);
    if (status != AUTHORITY_OK) abort();
}
