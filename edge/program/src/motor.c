// Belt motor behind a small motor controller with four inputs: right, left, slow, stop.

#include "core_module.h"

enum { COMMANDED_SPEED };
static const struct scan_field variables[] = {[COMMANDED_SPEED] = {"CommandedSpeed", VALUE_DOUBLE, NULL}};

static const struct scan_field direction = {"Direction", VALUE_INT32, NULL};
static const struct scan_field state = {"State", VALUE_BOOL, NULL};

struct motor {
    uint32_t right, left, slow, stop; // tags; all but `right` may be absent
    double speed, slow_speed;         // m/s, nominal
};

static void bind(const struct plant_element *element, void *memory) {
    struct motor *motor = memory;
    motor->right = bind_signal(element, "right");
    motor->left = bind_signal(element, "left");
    motor->slow = bind_signal(element, "slow");
    motor->stop = bind_signal(element, "stop");
    const struct plant_field *speed = plant_class_variable(element->class, TEXT("CommandedSpeed"));
    double fastest = speed != NULL && speed->range.given ? speed->range.high : 0;
    motor->speed = plant_number(element, TEXT("NominalSpeed"), fastest);
    motor->slow_speed = plant_number(element, TEXT("NominalSlowSpeed"), motor->speed / 2);
}

static bool on(const struct scan *scan, uint32_t tag) {
    return tag != SCAN_NO_TAG && scan_on(scan, tag);
}

static int current_direction(const struct scan *scan, const struct motor *motor) {
    return (int)on(scan, motor->right) - (int)on(scan, motor->left);
}

static void settle(struct scan *scan, struct scan_module *module) {
    const struct motor *motor = module->memory;
    double speed = on(scan, motor->slow) ? motor->slow_speed : motor->speed;
    if (on(scan, motor->stop)) speed = 0;
    int sign = current_direction(scan, motor);
    scan_set(scan, module->first_tag + COMMANDED_SPEED, scan_real(sign == 0 || speed <= 0 ? 0 : sign * speed),
             STATUS_Good);
}

static void halt(struct scan *scan, struct scan_module *module) {
    const struct motor *motor = module->memory;
    const uint32_t outputs[] = {motor->right, motor->left, motor->slow, motor->stop};
    for (size_t i = 0; i < sizeof outputs / sizeof outputs[0]; i++) {
        if (outputs[i] != SCAN_NO_TAG) scan_wish(scan, outputs[i], false);
    }
}

static struct scan_reason get_direction(struct scan *scan, struct scan_module *module,
                                        const struct scan_command *command, struct scan_result *result) {
    (void)command;
    result->outputs[result->output_count++] =
        (struct scan_argument){.type = VALUE_INT32, .value = scan_int32(current_direction(scan, module->memory))};
    return scan_reason_none();
}

static struct scan_reason set_direction(struct scan *scan, struct scan_module *module,
                                        const struct scan_command *command, struct scan_result *result) {
    (void)result;
    const struct motor *motor = module->memory;
    int32_t wanted = command->arguments[0].value.int32;
    if (wanted < 0 && motor->left == SCAN_NO_TAG) return scan_reason_of(SCAN_REASON_NOT_FITTED, module->index);
    scan_wish(scan, motor->right, wanted > 0);
    if (motor->left != SCAN_NO_TAG) scan_wish(scan, motor->left, wanted < 0);
    return scan_reason_none();
}

static struct scan_reason set_output(struct scan *scan, const struct scan_module *module, uint32_t tag,
                                     const struct scan_command *command) {
    if (tag == SCAN_NO_TAG) return scan_reason_of(SCAN_REASON_NOT_FITTED, module->index);
    scan_wish(scan, tag, command->arguments[0].value.boolean);
    return scan_reason_none();
}

static struct scan_reason set_slow(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                   struct scan_result *result) {
    (void)result;
    const struct motor *motor = module->memory;
    return set_output(scan, module, motor->slow, command);
}

static struct scan_reason set_stop(struct scan *scan, struct scan_module *module, const struct scan_command *command,
                                   struct scan_result *result) {
    (void)result;
    const struct motor *motor = module->memory;
    return set_output(scan, module, motor->stop, command);
}

static const struct scan_method methods[] = {
    {"getDirection", SCAN_GET, NULL, 0, &direction, 1, get_direction},
    {"setDirection", SCAN_MOVE, &direction, 1, NULL, 0, set_direction},
    {"setSlow", SCAN_MOVE, &state, 1, NULL, 0, set_slow},
    {"setStop", SCAN_MOVE, &state, 1, NULL, 0, set_stop},
};

static const struct scan_kind kind = {
    .name = "Motor",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .methods = methods,
    .method_count = sizeof methods / sizeof methods[0],
    .settle = settle,
    .halt = halt,
};

const struct core_module motor_module = {
    .kind = &kind,
    .memory_bytes = sizeof(struct motor),
    .bind = bind,
    .exclusive = {"right", "left"},
};
