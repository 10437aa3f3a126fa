// The model must not promise what the controller does not do: everything a class declares is held against its kind.

#include "build.h"

const struct core_module *element_module(const struct plant_element *element) {
    bool controller = plant_has_role(element, TEXT("Controller"));
    if (element->kind != PLANT_CORE_MODULE && !controller) return NULL;
    return core_module_of(controller ? TEXT("Controller") : element->role);
}

static enum error check_fields(const struct plant_element *element, struct text owner, const char *what,
                               const struct plant_field *promised, size_t promised_count, const struct scan_field *done,
                               size_t done_count, struct problem *ret_problem) {
    if (promised_count != done_count) {
        return problem_say(ret_problem, ERROR_UNSUPPORTED,
                           "%.*s: %.*s has %zu %s in the model, but the controller implements it with %zu",
                           TEXT_ARG(element->path), TEXT_ARG(owner), promised_count, what, done_count);
    }
    for (size_t i = 0; i < done_count; i++) {
        if (promised[i].type == done[i].type) continue;
        return problem_say(ret_problem, ERROR_UNSUPPORTED,
                           "%.*s: %s %.*s of %.*s must be %s in the model, as the controller implements it",
                           TEXT_ARG(element->path), what, TEXT_ARG(promised[i].name), TEXT_ARG(owner),
                           value_type_name(done[i].type));
    }
    return ERROR_NONE;
}

static enum error check_method(const struct plant_element *element, const struct plant_method *promised,
                               const struct scan_kind *kind, struct problem *ret_problem) {
    for (size_t i = 0; i < kind->method_count; i++) {
        const struct scan_method *done = &kind->methods[i];
        if (!text_is(promised->name, done->name)) continue;
        enum error error = check_fields(element, promised->name, "inputs", promised->inputs, promised->input_count,
                                        done->inputs, done->input_count, ret_problem);
        if (error) return error;
        return check_fields(element, promised->name, "outputs", promised->outputs, promised->output_count,
                            done->outputs, done->output_count, ret_problem);
    }
    return problem_say(ret_problem, ERROR_UNSUPPORTED,
                       "%.*s: its class has a method %.*s, which the controller's %s does not implement; remove it "
                       "from the model or add it to edge/program",
                       TEXT_ARG(element->path), TEXT_ARG(promised->name), kind->name);
}

static enum error check_names(const struct plant_element *element, const struct plant_field *promised,
                              const struct scan_field *done, struct problem *ret_problem) {
    size_t count = 0;
    bool same = true;
    for (; done->names != NULL && done->names[count] != NULL; count++) {
        same = same && count < promised->name_count && text_is(promised->names[count], done->names[count]);
    }
    if (same && count == promised->name_count) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_UNSUPPORTED,
                       "%.*s: the values of variable %.*s differ from those of the controller (%s ...)",
                       TEXT_ARG(element->path), TEXT_ARG(promised->name), count > 0 ? done->names[0] : "any text");
}

static enum error check_variable(const struct plant_element *element, const struct plant_field *promised,
                                 const struct scan_kind *kind, struct problem *ret_problem) {
    for (size_t i = 0; i < kind->variable_count; i++) {
        const struct scan_field *done = &kind->variables[i];
        if (!text_is(promised->name, done->name)) continue;
        enum error error = check_fields(element, promised->name, "variable", promised, 1, done, 1, ret_problem);
        return error ? error : check_names(element, promised, done, ret_problem);
    }
    return problem_say(ret_problem, ERROR_UNSUPPORTED,
                       "%.*s: its class has a variable %.*s, which the controller's %s does not compute; remove it "
                       "from the model or add it to edge/program",
                       TEXT_ARG(element->path), TEXT_ARG(promised->name), kind->name);
}

static enum error check_class(const struct plant_element *element, const struct scan_kind *kind,
                              struct problem *ret_problem) {
    for (const struct plant_class *class = element->class; class != NULL; class = class->base) {
        for (size_t i = 0; i < class->method_count; i++) {
            enum error error = check_method(element, &class->methods[i], kind, ret_problem);
            if (error) return error;
        }
        for (size_t i = 0; i < class->variable_count; i++) {
            enum error error = check_variable(element, &class->variables[i], kind, ret_problem);
            if (error) return error;
        }
    }
    return ERROR_NONE;
}

static enum error check_signal(const struct plant_element *element, const struct core_module *module,
                               const struct plant_signal *signal, struct problem *ret_problem) {
    size_t at = 0;
    while (module->signals[at] != NULL && !text_is(signal->name, module->signals[at])) at++;
    if (module->signals[at] == NULL)
        return problem_say(ret_problem, ERROR_UNSUPPORTED, "%.*s: a %s has no use for a signal %.*s",
                           TEXT_ARG(element->path), module->kind->name, TEXT_ARG(signal->name));
    bool actuator = at < module->outputs, number = at < module->numeric;
    if (signal->actuator != actuator)
        return problem_say(ret_problem, ERROR_INVALID, "%.*s: the signal %.*s of a %s must be %s",
                           TEXT_ARG(element->path), TEXT_ARG(signal->name), module->kind->name,
                           actuator ? "an ActuatorSignal" : "a SensorSignal");
    if ((signal->field.type != VALUE_BOOL) != number)
        return problem_say(ret_problem, ERROR_INVALID, "%.*s: the signal %.*s of a %s must be %s, not %s",
                           TEXT_ARG(element->path), TEXT_ARG(signal->name), module->kind->name,
                           number ? "a number" : "Boolean", value_type_name(signal->field.type));
    if (module == &emergency_stop_module && signal->substitute != SUBSTITUTE_NONE)
        return problem_say(ret_problem, ERROR_INVALID,
                           "%.*s: nothing may stand in for an emergency stop; remove the Substitute of %.*s",
                           TEXT_ARG(element->path), TEXT_ARG(signal->name));
    return ERROR_NONE;
}

static enum error check_signals(const struct plant_element *element, const struct core_module *module,
                                struct problem *ret_problem) {
    for (size_t i = 0; i < module->required; i++) {
        if (bind_signal(element, module->signals[i]) != SCAN_NO_TAG) continue;
        return problem_say(ret_problem, ERROR_INVALID,
                           "%.*s: a %s needs the signal %s; add the interface to the element and wire it",
                           TEXT_ARG(element->path), module->kind->name, module->signals[i]);
    }
    for (size_t i = 0; i < element->signal_count; i++) {
        enum error error = check_signal(element, module, element->signals[i], ret_problem);
        if (error) return error;
    }
    return ERROR_NONE;
}

static enum error check_element(const struct plant_element *element, struct problem *ret_problem) {
    const struct core_module *module = element_module(element);
    if (module == NULL && element->kind == PLANT_CORE_MODULE) {
        char roles[PROGRAM_TEXT_BYTES];
        core_module_roles(roles, sizeof roles);
        return problem_say(ret_problem, ERROR_UNSUPPORTED,
                           "%.*s: the controller has no core module for the role %.*s; it knows %s",
                           TEXT_ARG(element->path), TEXT_ARG(element->role), roles);
    }
    if (module == NULL) return ERROR_NONE;
    enum error error = check_signals(element, module, ret_problem);
    if (!error) error = check_class(element, module->kind, ret_problem);
    return error ? error : check_retain(element, module->kind, ret_problem);
}

static enum error check_channels(const struct plant_element *element, struct problem *ret_problem) {
    for (size_t i = 0; i < element->channel_count; i++) {
        const struct plant_channel *channel = element->channels[i];
        struct io_place place = {channel->byte, channel->bit, (uint8_t)(channel->bits > 32 ? 0 : channel->bits)};
        if (channel->byte < IO_IMAGE_BYTES_MAX && io_place_fits(place, IO_IMAGE_BYTES_MAX)) continue;
        return problem_say(ret_problem, ERROR_INVALID,
                           "%.*s: channel %.*s at byte %u, bit %u, %u bits wide does not fit; a process image has %d "
                           "bytes, a channel at most 32 bits",
                           TEXT_ARG(element->path), TEXT_ARG(channel->name), channel->byte, channel->bit, channel->bits,
                           IO_IMAGE_BYTES_MAX);
    }
    return ERROR_NONE;
}

enum error check_plant(const struct plant *plant, struct problem *ret_problem) {
    if (plant->controller == NULL) {
        return problem_say(ret_problem, ERROR_INVALID, "%.*s: no element has the role Controller",
                           TEXT_ARG(plant->station->path));
    }
    for (size_t i = 0; i < plant->element_count; i++) {
        enum error error = check_element(plant->elements[i], ret_problem);
        if (!error) error = check_channels(plant->elements[i], ret_problem);
        if (error) return error;
    }
    return ERROR_NONE;
}
