// Where each channel of the model is in piControl's image.

#include "internal.h"

#include <base/file.h>
#include <base/nearest.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum error layout_reserve(struct picontrol *picontrol, struct layout *layout) {
    layout->places = calloc(picontrol->input_count + picontrol->output_count + 1, sizeof *layout->places);
    layout->of_range = calloc(picontrol->range_count + 1, sizeof *layout->of_range);
    return layout->places == NULL || layout->of_range == NULL ? ERROR_NO_MEMORY : ERROR_NONE;
}

void layout_release(struct layout *layout) {
    free(layout->places);
    free(layout->of_range);
}

// ---------------------------------------------------------------- names

/// The places of one name as both sources tell them.
struct answers {
    bool driver_knows;
    struct io_place driver;
    const struct pictory_variable *saved; // NULL: not in config.rsc, or there is none
};

static enum error ask_driver(const struct picontrol *picontrol, struct text name, struct answers *answers) {
    struct pi_variable variable = {0};
    size_t length = name.length < PI_NAME_BYTES ? name.length : PI_NAME_BYTES - 1;
    memcpy(variable.name, name.data, length);
    if (picontrol->system->ioctl(picontrol->fd, PI_FIND_VARIABLE, &variable) == 0) {
        // Bit numbers of a word go on past 7; the driver rolls them into the next byte, older ones did not.
        answers->driver = (struct io_place){
            .byte = variable.address + variable.bit / 8u, .bit = variable.bit % 8, .bits = (uint8_t)variable.length};
        answers->driver_knows = variable.length <= 32 && io_place_fits(answers->driver, PI_IMAGE_BYTES);
        return ERROR_NONE;
    }
    // EFAULT is how the driver says that it has no such name (and ENOENT that it has no names at all); for every other
    // call EFAULT would mean a bad address. A driver that stands still says EAGAIN.
    return errno == EFAULT || errno == ENOENT ? ERROR_NONE : ERROR_UNAVAILABLE;
}

static bool same_place(struct io_place place, const struct pictory_variable *saved) {
    return place.byte == saved->byte && place.bit == saved->bit && place.bits == saved->bits;
}

/// Two names that share 31 characters are one for the driver: then only PiCtory's file can tell them apart.
static bool cut_name_is_shared(const struct picontrol *picontrol, const struct channel *channel) {
    struct text name = channel->of->name;
    if (name.length < PI_NAME_BYTES) return false;
    const struct channel *lists[] = {picontrol->inputs, picontrol->outputs};
    const size_t counts[] = {picontrol->input_count, picontrol->output_count};
    for (size_t list = 0; list < 2; list++) {
        for (size_t i = 0; i < counts[list]; i++) {
            struct text other = lists[list][i].of->name;
            if (&lists[list][i] == channel || other.length < PI_NAME_BYTES - 1) continue;
            if (memcmp(name.data, other.data, PI_NAME_BYTES - 1) == 0) return true;
        }
    }
    return false;
}

static enum error unknown_name(const struct channel *channel, const struct pictory *pictory,
                               struct problem *ret_problem) {
    const char *choices[256];
    char names[256][PI_NAME_BYTES];
    size_t count = 0;
    for (size_t i = 0; pictory != NULL && i < pictory_count(pictory) && count < 256; i++) {
        struct text name = pictory_at(pictory, i)->name;
        if (name.length >= PI_NAME_BYTES) continue;
        memcpy(names[count], name.data, name.length);
        names[count][name.length] = '\0';
        choices[count] = names[count];
        count++;
    }
    const char *near = nearest_word(channel->of->name, choices, count);
    return problem_say(
        ret_problem, ERROR_NOT_FOUND,
        "piControl has no variable \"%.*s\" (%.*s)%s%s%s: give the channel of the model and the variable "
        "in PiCtory the same name, save, and reset the driver",
        TEXT_ARG(channel->of->name), TEXT_ARG(channel->of->module->path), near == NULL ? "" : "; did you mean ",
        near == NULL ? "" : near, near == NULL ? "" : "?");
}

static enum error choose(const struct picontrol *picontrol, const struct channel *channel,
                         const struct answers *answers, const struct pictory *pictory, struct place *place,
                         struct problem *ret_note, struct problem *ret_problem) {
    struct text name = channel->of->name;
    const struct pictory_variable *saved = answers->saved;
    bool cut = name.length >= PI_NAME_BYTES;
    place->known = answers->driver_knows || (cut && saved != NULL);
    if (!place->known) {
        if (channel->of->signal == NULL) return ERROR_NONE; // nobody reads it
        return unknown_name(channel, pictory, ret_problem);
    }
    place->pi = answers->driver;
    if (cut && saved != NULL)
        place->pi = (struct io_place){saved->byte, saved->bit, saved->bits};
    else if (cut_name_is_shared(picontrol, channel))
        return problem_say(
            ret_problem, ERROR_CONFLICT,
            "the driver cuts \"%.*s\" to 31 characters, as it does with another channel, and %s does not "
            "help: shorten the names in PiCtory and in the model",
            TEXT_ARG(name), picontrol->config_file);
    else if (saved != NULL && !same_place(answers->driver, saved))
        error_ignore(problem_say(
            ret_note, ERROR_CONFLICT,
            "%s says that \"%.*s\" is at %u.%u, the driver %u.%u: it was saved after the driver read "
            "it; reset the driver (piTest -x)",
            picontrol->config_file, TEXT_ARG(name), saved->byte, saved->bit, place->pi.byte, place->pi.bit));
    if (place->pi.bits != channel->of->bits)
        return problem_say(ret_problem, ERROR_CONFLICT,
                           "\"%.*s\" (%.*s) has %u bit%s in the plant model and %u in PiCtory: make them equal",
                           TEXT_ARG(name), TEXT_ARG(channel->of->module->path), channel->of->bits,
                           channel->of->bits == 1 ? "" : "s", place->pi.bits);
    if (saved == NULL || !channel->of->output || saved->kind == PICTORY_OUTPUT) return ERROR_NONE;
    return problem_say(
        ret_problem, ERROR_CONFLICT,
        "\"%.*s\" (%.*s) is an output in the plant model and none in PiCtory: writing there would change "
        "what a module reports",
        TEXT_ARG(name), TEXT_ARG(channel->of->module->path));
}

// ---------------------------------------------------------------- modules

/// An offset belongs to the module whose inputs or outputs contain it.
static uint8_t module_of(const struct pi_device *devices, size_t count, uint32_t byte) {
    for (size_t i = 0; i < count; i++) {
        const struct pi_device *device = &devices[i];
        bool input = byte >= device->input_offset && byte < device->input_offset + device->input_length;
        bool output = byte >= device->output_offset && byte < device->output_offset + device->output_length;
        if (input || output) return (uint8_t)i;
    }
    return NO_MODULE;
}

static void add_module(struct module_set *set, uint8_t module) {
    if (module != NO_MODULE) set->bits[module / 64] |= UINT64_C(1) << (module % 64);
}

static void own_bits(struct layout *layout, struct io_place place) {
    for (uint32_t bit = place.bit; bit < (uint32_t)place.bit + place.bits; bit++)
        layout->own[place.byte + bit / 8] |= (uint8_t)(1u << bit % 8);
    if (place.byte < layout->own_first) layout->own_first = place.byte;
    if (io_place_end(place) > layout->own_end) layout->own_end = io_place_end(place);
}

static void relate(struct picontrol *picontrol, struct layout *layout) {
    struct pi_device devices[PI_DEVICES_MAX] = {0};
    int found = picontrol->system->ioctl(picontrol->fd, PI_GET_DEVICE_INFO_LIST, devices);
    size_t count = found < 0 ? 0 : (size_t)found;
    layout->of_outputs = (struct module_set){0};
    memset(layout->of_range, 0, (picontrol->range_count + 1) * sizeof *layout->of_range);
    memset(layout->own, 0, sizeof layout->own);
    layout->own_first = PI_IMAGE_BYTES;
    layout->own_end = 0;
    for (size_t i = 0; i < picontrol->input_count + picontrol->output_count; i++) {
        struct place *place = &layout->places[i];
        if (!place->known) continue;
        place->module = module_of(devices, count, place->pi.byte);
        if (i < picontrol->input_count) {
            add_module(&layout->of_range[picontrol->inputs[i].range], place->module);
            continue;
        }
        add_module(&layout->of_outputs, place->module);
        own_bits(layout, place->pi);
    }
}

// ---------------------------------------------------------------- all

/// Without the file all is well, but long names; so one that cannot be read is a note.
static struct pictory *read_pictory(const struct picontrol *picontrol, struct problem *ret_note) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct pictory *pictory = NULL;
    if (!file_exists(picontrol->config_file)) return NULL;
    enum error error = file_read(picontrol->config_file, PICTORY_BYTES_MAX, &bytes, ret_note);
    if (error) return NULL;
    error = pictory_read(buffer_view(&bytes), &pictory, ret_note);
    if (error) error_ignore(problem_prefix(ret_note, error, "%s", picontrol->config_file));
    return pictory;
}

enum error layout_resolve(struct picontrol *picontrol, struct layout *layout, struct problem *ret_note,
                          struct problem *ret_problem) {
    layout->generation = atomic_load(&picontrol->wanted); // before: a reset from here on asks again
    CLEANUP(pictory_destroy_at) struct pictory *pictory = read_pictory(picontrol, ret_note);
    for (size_t i = 0; i < picontrol->input_count + picontrol->output_count; i++) {
        const struct channel *channel =
            i < picontrol->input_count ? &picontrol->inputs[i] : &picontrol->outputs[i - picontrol->input_count];
        struct answers answers = {0};
        if (pictory != NULL) answers.saved = pictory_find(pictory, channel->of->name);
        enum error error = ask_driver(picontrol, channel->of->name, &answers);
        if (error)
            return problem_say(ret_problem, error,
                               "%s does not run (%s): the PiBridge is stopped, or modules do not match PiCtory",
                               picontrol->device, strerror(errno));
        layout->places[i] = (struct place){.module = NO_MODULE};
        error = choose(picontrol, channel, &answers, pictory, &layout->places[i], ret_note, ret_problem);
        if (error) return error;
    }
    relate(picontrol, layout);
    return ERROR_NONE;
}
