#include "pi_model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint64_t NS_PER_MILLISECOND = 1000000;

void pi_model_init(struct pi_model *model) {
    memset(model, 0, sizeof *model);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST); // a process that is killed may hold it
    pthread_mutex_init(&model->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    model->running = true;
}

static void lock(struct pi_model *model) {
    if (pthread_mutex_lock(&model->lock) == EOWNERDEAD) pthread_mutex_consistent(&model->lock);
}

void pi_model_add_variable(struct pi_model *model, const char *name, unsigned byte, unsigned bit, unsigned bits) {
    struct pi_model_variable *variable = &model->variables[model->variable_count++];
    // The driver cuts names to 31 characters and rolls bit numbers of 8 and more into the next bytes.
    snprintf(variable->name, sizeof variable->name, "%s", name);
    variable->byte = (uint16_t)(byte + bit / 8);
    variable->bit = (uint8_t)(bit % 8);
    variable->bits = (uint16_t)bits;
    variable->exported = true;
}

void pi_model_add_device(struct pi_model *model, unsigned input, unsigned input_bytes, unsigned output,
                         unsigned output_bytes) {
    model->devices[model->device_count] = (struct pi_device){
        .address = (uint8_t)(32 + model->device_count),
        .module_type = 97,
        .active = 1,
        .input_offset = (uint16_t)input,
        .input_length = (uint16_t)input_bytes,
        .output_offset = (uint16_t)output,
        .output_length = (uint16_t)output_bytes,
    };
    model->device_count++;
}

/// Everybody's outputs, whoever asked for it.
static void zero_outputs(struct pi_model *model) {
    model->zeroed++;
    for (size_t i = 0; i < model->device_count; i++) {
        const struct pi_device *device = &model->devices[i];
        if (device->active) memset(model->image + device->output_offset, 0, device->output_length);
    }
}

static bool is_output(const struct pi_model *model, size_t byte) {
    for (size_t i = 0; i < model->device_count; i++) {
        const struct pi_device *device = &model->devices[i];
        if (byte >= device->output_offset && byte < (size_t)device->output_offset + device->output_length) return true;
    }
    return false;
}

static void zero_exported(struct pi_model *model) {
    for (size_t i = 0; i < model->variable_count; i++) {
        const struct pi_model_variable *variable = &model->variables[i];
        if (!variable->exported || !is_output(model, variable->byte)) continue;
        if (variable->bits >= 8)
            memset(model->image + variable->byte, 0, variable->bits / 8);
        else
            model->image[variable->byte] &= (uint8_t) ~(((1u << variable->bits) - 1) << variable->bit);
    }
}

static void tick(struct pi_model *model, uint64_t now_ns) {
    for (size_t i = 0; i < PI_MODEL_HANDLES; i++) {
        struct pi_model_handle *handle = &model->handles[i];
        if (!handle->open || handle->timeout_ms == 0 || now_ns <= handle->deadline_ns) continue;
        zero_outputs(model);
        handle->deadline_ns = now_ns + handle->timeout_ms * NS_PER_MILLISECOND; // it does not latch
    }
    uint64_t last = model->exported_ns[0], before = model->exported_ns[1];
    if (last == before || now_ns - last <= 2 * (last - before)) return;
    zero_exported(model);
    model->exported_ns[0] = model->exported_ns[1] = 0;
}

void pi_model_tick(struct pi_model *model, uint64_t now_ns) {
    lock(model);
    if (model->running) tick(model, now_ns);
    pthread_mutex_unlock(&model->lock);
}

void pi_model_reset(struct pi_model *model) {
    lock(model);
    for (size_t i = 0; i < PI_MODEL_HANDLES; i++) model->handles[i].event = model->handles[i].open;
    memset(model->image, 0, sizeof model->image);
    pthread_mutex_unlock(&model->lock);
}

int pi_model_open(struct pi_model *model) {
    int found = -EMFILE;
    lock(model);
    for (int i = 0; i < PI_MODEL_HANDLES && found < 0; i++) {
        if (model->handles[i].open) continue;
        model->handles[i] = (struct pi_model_handle){.open = true};
        found = i;
    }
    pthread_mutex_unlock(&model->lock);
    return found;
}

int pi_model_close(struct pi_model *model, int handle) {
    lock(model);
    if (model->handles[handle].timeout_ms > 0) {
        zero_outputs(model);
        model->closed_armed++;
    }
    model->handles[handle].open = false;
    pthread_mutex_unlock(&model->lock);
    return 0;
}

ssize_t pi_model_read(struct pi_model *model, void *bytes, size_t count, off_t offset, uint64_t now_ns) {
    lock(model);
    ssize_t result = -EAGAIN;
    if (model->running) {
        tick(model, now_ns);
        size_t left = offset >= PI_IMAGE_BYTES ? 0 : (size_t)(PI_IMAGE_BYTES - offset);
        result = (ssize_t)(count < left ? count : left);
        memcpy(bytes, model->image + offset, (size_t)result);
    }
    pthread_mutex_unlock(&model->lock);
    return result;
}

static void feed(struct pi_model_handle *handle, uint64_t now_ns) {
    if (handle->timeout_ms > 0) handle->deadline_ns = now_ns + handle->timeout_ms * NS_PER_MILLISECOND;
}

ssize_t pi_model_write(struct pi_model *model, int handle, const void *bytes, size_t count, off_t offset,
                       uint64_t now_ns) {
    lock(model);
    ssize_t result = -EAGAIN;
    if (model->running) {
        tick(model, now_ns);
        size_t left = offset >= PI_IMAGE_BYTES ? 0 : (size_t)(PI_IMAGE_BYTES - offset);
        result = (ssize_t)(count < left ? count : left);
        memcpy(model->image + offset, bytes, (size_t)result);
        feed(&model->handles[handle], now_ns);
        model->writes++;
    }
    pthread_mutex_unlock(&model->lock);
    return result;
}

// ---------------------------------------------------------------- ioctl

static int find_variable(const struct pi_model *model, struct pi_variable *variable) {
    variable->name[PI_NAME_BYTES - 1] = '\0';
    variable->address = 0xFFFF; // also when there is none of that name
    variable->bit = 0xFF;
    variable->length = 0xFFFF;
    for (size_t i = 0; i < model->variable_count; i++) {
        const struct pi_model_variable *known = &model->variables[i];
        if (strcmp(known->name, variable->name) != 0) continue;
        variable->address = known->byte;
        variable->bit = known->bit;
        variable->length = known->bits;
        return 0;
    }
    return -EFAULT;
}

static int set_value(struct pi_model *model, struct pi_model_handle *handle, const struct pi_value *value,
                     uint64_t now_ns) {
    if (value->address >= PI_IMAGE_BYTES) return -EINVAL;
    uint8_t *byte = &model->image[value->address];
    uint8_t mask = (uint8_t)(1u << (value->bit & 7));
    if (value->bit >= PI_WHOLE_BYTE)
        *byte = value->value;
    else
        *byte = (uint8_t)(value->value ? *byte | mask : *byte & ~mask);
    feed(handle, now_ns);
    model->writes++;
    return 0;
}

static int set_exported(struct pi_model *model, const uint8_t *image, uint64_t now_ns) {
    model->exported_ns[1] = model->exported_ns[0];
    model->exported_ns[0] = now_ns;
    for (size_t i = 0; i < model->variable_count; i++) {
        const struct pi_model_variable *variable = &model->variables[i];
        if (variable->exported && is_output(model, variable->byte) && variable->bits >= 8)
            memcpy(model->image + variable->byte, image + variable->byte, variable->bits / 8);
    }
    return 0;
}

static int set_watchdog(struct pi_model_handle *handle, const unsigned long *milliseconds, uint64_t now_ns) {
    handle->timeout_ms = *milliseconds; // all eight bytes of it
    handle->deadline_ns = now_ns + handle->timeout_ms * NS_PER_MILLISECOND;
    return 0;
}

static int wait_for_event(struct pi_model_handle *handle, uint32_t *event) {
    if (!handle->event) return -EINPROGRESS;
    handle->event = false;
    *event = PI_EVENT_RESET;
    return 0;
}

static int answer(struct pi_model *model, struct pi_model_handle *handle, unsigned long request, void *argument,
                  uint64_t now_ns) {
    switch (request) {
    case PI_GET_DEVICE_INFO_LIST:
        memcpy(argument, model->devices, model->device_count * sizeof model->devices[0]);
        return (int)model->device_count;
    case PI_FIND_VARIABLE: return find_variable(model, argument);
    case PI_SET_VALUE: return set_value(model, handle, argument, now_ns);
    case PI_SET_EXPORTED_OUTPUTS: return set_exported(model, argument, now_ns);
    case PI_SET_OUTPUT_WATCHDOG: return set_watchdog(handle, argument, now_ns);
    case PI_WAIT_FOR_EVENT: return wait_for_event(handle, argument);
    default: return -EINVAL;
    }
}

int pi_model_ioctl(struct pi_model *model, int handle, unsigned long request, void *argument, uint64_t now_ns) {
    lock(model);
    int result = -EAGAIN;
    if (model->running) {
        tick(model, now_ns);
        result = answer(model, &model->handles[handle], request, argument, now_ns);
    }
    pthread_mutex_unlock(&model->lock);
    return result;
}
