// Opening, closing, and what scan and guard call.

#include "internal.h"

#include <base/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WATCHDOG_SCANS = 5, WATCHDOG_SCANS_MIN = 3, WATCHDOG_MS_MIN = 100 };

// ---------------------------------------------------------------- the real system

static int real_open(const char *path, int flags) {
    return open(path, flags);
}

static int real_ioctl(int fd, unsigned long request, void *argument) {
    return ioctl(fd, request, argument);
}

static const struct picontrol_system real_system = {real_open, close, pread, pwrite, real_ioctl, clock_monotonic_ns};

// ---------------------------------------------------------------- reading

/// Piece by piece: a reset between two reads must not be met with the old places.
static void take_layout(struct picontrol *picontrol) {
    struct layout *published = atomic_exchange(&picontrol->published, NULL);
    if (published == NULL) return;
    atomic_store(&picontrol->layout, published);
    picontrol->written_known = false; // a reset loads PiCtory's default values
}

static struct layout *usable_layout(const struct picontrol *picontrol) {
    struct layout *layout = atomic_load(&picontrol->layout);
    return layout != NULL && layout->generation == atomic_load(&picontrol->wanted) ? layout : NULL;
}

/// EAGAIN: the PiBridge stands still (reset, firmware update, a module that does not match). It is no reason to end:
/// the values are bad until it runs, and because it may run with other addresses then, all names are looked up again.
static enum error stands_still(struct picontrol *picontrol) {
    if (errno == EAGAIN) atomic_fetch_add(&picontrol->wanted, 1);
    return errno == EAGAIN ? ERROR_UNAVAILABLE : ERROR_IO;
}

static struct module_set missing_modules(const struct picontrol *picontrol) {
    return (struct module_set){{atomic_load(&picontrol->missing[0]), atomic_load(&picontrol->missing[1])}};
}

/// What is in the image where we write is what we wrote, or somebody else zeroed it: the watchdog of another handle, a
/// handle that was closed with its watchdog armed, the supervision of exported outputs. All of them zero everybody's
/// outputs, and none of them latches: the next write would switch the plant on again. So we latch.
static void look_for_strangers(struct picontrol *picontrol, const struct layout *layout) {
    if (!picontrol->written_known) return;
    for (size_t i = layout->own_first; i < layout->own_end; i++) {
        if (((picontrol->image[i] ^ picontrol->written[i]) & layout->own[i]) == 0) continue;
        picontrol->disturbed = true;
        atomic_fetch_add(&picontrol->disturbances, 1);
        return;
    }
}

static enum error read_inputs(void *context, uint64_t elapsed_ns, uint8_t *inputs, size_t bytes) {
    (void)elapsed_ns;
    struct picontrol *picontrol = context;
    atomic_store_explicit(&picontrol->guarded, NULL, memory_order_release); // a new scan: it knows what happened
    ssize_t got = picontrol->system->pread(picontrol->fd, picontrol->image, PI_IMAGE_BYTES, 0);
    if (got < 0) return stands_still(picontrol);
    if (got != PI_IMAGE_BYTES) return ERROR_IO;
    take_layout(picontrol);
    const struct layout *layout = usable_layout(picontrol);
    if (layout == NULL) return ERROR_UNAVAILABLE;
    struct module_set missing = missing_modules(picontrol);
    for (size_t i = 0; i < picontrol->range_count; i++) {
        bool lost = module_set_meets(&layout->of_range[i], &missing);
        picontrol->quality[i] = lost ? STATUS_BadNoCommunication : STATUS_Good;
    }
    for (size_t i = 0; i < picontrol->input_count; i++) {
        const struct place *place = &layout->places[i];
        struct io_place model = picontrol->inputs[i].model;
        if (!place->known || !io_place_fits(model, bytes)) continue;
        io_set_word(inputs, model, io_word(picontrol->image, place->pi));
    }
    look_for_strangers(picontrol, layout);
    return ERROR_NONE;
}

// ---------------------------------------------------------------- writing

static bool set_bit(const struct picontrol *picontrol, size_t byte, unsigned bit, bool on) {
    struct pi_value value = {.address = (uint16_t)byte, .bit = (uint8_t)bit, .value = on};
    return picontrol->system->ioctl(picontrol->fd, PI_SET_VALUE, &value) == 0;
}

static bool write_bytes(const struct picontrol *picontrol, const uint8_t *image, size_t first, size_t end) {
    ssize_t put = picontrol->system->pwrite(picontrol->fd, image + first, end - first, (off_t)first);
    if (put >= 0 && (size_t)put != end - first) errno = EIO;
    return put >= 0 && (size_t)put == end - first;
}

/// Of a byte that others have bits in, only ours that are not yet so: the driver changes single bits under its lock,
/// while reading, changing and writing the byte would bring back what another program changed meanwhile.
static bool write_bits(const struct picontrol *picontrol, const struct layout *layout, const uint8_t *image,
                       size_t byte, bool *ret_fed) {
    for (unsigned bit = 0; bit < 8; bit++) {
        if ((layout->own[byte] >> bit & 1) == 0) continue;
        bool on = (image[byte] >> bit & 1) != 0;
        if (on == ((picontrol->image[byte] >> bit & 1) != 0)) continue;
        if (!set_bit(picontrol, byte, bit, on)) return false;
        *ret_fed = true;
    }
    return true;
}

/// At least one write in every scan, changed or not: that is what feeds the watchdog.
static bool feed(const struct picontrol *picontrol, const struct layout *layout, const uint8_t *image) {
    for (size_t byte = layout->own_first; byte < layout->own_end; byte++)
        for (unsigned bit = 0; bit < 8; bit++)
            if ((layout->own[byte] >> bit & 1) != 0)
                return set_bit(picontrol, byte, bit, (image[byte] >> bit & 1) != 0);
    return true; // no output at all
}

static bool write_own(const struct picontrol *picontrol, const struct layout *layout, const uint8_t *image) {
    bool fed = false;
    for (size_t byte = layout->own_first; byte < layout->own_end; byte++) {
        size_t end = byte;
        while (end < layout->own_end && layout->own[end] == 0xFF) end++;
        if (end > byte) {
            if (!write_bytes(picontrol, image, byte, end)) return false;
            fed = true;
            byte = end - 1;
        } else if (!write_bits(picontrol, layout, image, byte, &fed)) {
            return false;
        }
    }
    return fed || feed(picontrol, layout, image);
}

/// From the scan's outputs, with the guard's bits over them, to piControl's image.
static void compose(struct picontrol *picontrol, const struct layout *layout, const uint8_t *outputs,
                    const struct io_safe_image *guarded) {
    memcpy(picontrol->decided, outputs, picontrol->output_bytes);
    if (guarded != NULL) io_apply_safe(picontrol->decided, guarded, picontrol->output_bytes);
    for (size_t i = 0; i < picontrol->output_count; i++) {
        const struct place *place = &layout->places[picontrol->input_count + i];
        io_set_word(picontrol->written, place->pi, io_word(picontrol->decided, picontrol->outputs[i].model));
    }
}

/// The argument is read as an unsigned long: a pointer to 32 bits would arm it with what stands beside them.
static bool arm(const struct picontrol *picontrol, unsigned long milliseconds) {
    return picontrol->system->ioctl(picontrol->fd, PI_SET_OUTPUT_WATCHDOG, &milliseconds) == 0;
}

/// Armed with the first write and not before: a watchdog that nobody feeds zeroes the outputs of all programs.
static bool write_and_arm(struct picontrol *picontrol, const struct layout *layout) {
    if (!write_own(picontrol, layout, picontrol->written)) return false;
    if (picontrol->armed || picontrol->output_count == 0) return true;
    picontrol->armed = arm(picontrol, (unsigned long)(picontrol->watchdog_ns / NS_PER_MS));
    return picontrol->armed;
}

/// True when the outputs are no longer as we left them. The driver's watchdog zeroes and forgets: it does not latch.
static bool lost_hold(struct picontrol *picontrol, uint64_t now_ns) {
    bool late = picontrol->last_write_ns != 0 && now_ns - picontrol->last_write_ns > picontrol->watchdog_ns;
    if (late) atomic_fetch_add(&picontrol->overruns, 1);
    bool lost = late || picontrol->disturbed;
    picontrol->disturbed = false;
    return lost;
}

static enum error write_outputs(void *context, const uint8_t *outputs, size_t bytes) {
    struct picontrol *picontrol = context;
    const struct layout *layout = usable_layout(picontrol);
    if (bytes < picontrol->output_bytes) return ERROR_INVALID;
    if (layout == NULL) return ERROR_UNAVAILABLE; // where our outputs are is not known: nothing is written anywhere
    uint64_t now_ns = picontrol->system->clock();
    bool lost = lost_hold(picontrol, now_ns);
    picontrol->last_write_ns = now_ns;
    picontrol->written_known = false;
    if (lost) return ERROR_CONFLICT; // this scan's outputs come too late; the next ones are those of the safe state
    const struct io_safe_image *guarded = atomic_load_explicit(&picontrol->guarded, memory_order_acquire);
    compose(picontrol, layout, outputs, guarded);
    if (!write_and_arm(picontrol, layout)) return stands_still(picontrol);
    const struct io_safe_image *since = atomic_load_explicit(&picontrol->guarded, memory_order_acquire);
    if (since != guarded) { // the guard came while we wrote: its bits are the last word
        compose(picontrol, layout, outputs, since);
        memset(picontrol->image, 0, sizeof picontrol->image);
        for (size_t i = layout->own_first; i < layout->own_end; i++)
            picontrol->image[i] = (uint8_t)~picontrol->written[i];
        if (!write_own(picontrol, layout, picontrol->written)) return stands_still(picontrol);
    }
    picontrol->written_known = true;
    struct module_set missing = missing_modules(picontrol);
    return module_set_meets(&layout->of_outputs, &missing) ? ERROR_UNAVAILABLE : ERROR_NONE;
}

// ---------------------------------------------------------------- the guard

static bool fully_masked(const struct io_safe_image *image, struct io_place model) {
    uint32_t all = model.bits == 32 ? UINT32_MAX : (UINT32_C(1) << model.bits) - 1;
    return io_word(image->mask, model) == all;
}

static bool make_safe(const struct picontrol *picontrol, const struct io_safe_image *image, struct io_place model,
                      struct io_place pi) {
    uint32_t value = io_word(image->outputs, model), mask = io_word(image->mask, model);
    if (pi.bit == 0 && pi.bits % 8 == 0 && fully_masked(image, model)) {
        uint8_t bytes[4];
        for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(value >> i * 8);
        size_t count = pi.bits / 8;
        return picontrol->system->pwrite(picontrol->fd, bytes, count, (off_t)pi.byte) == (ssize_t)count;
    }
    bool done = true;
    for (unsigned i = 0; i < pi.bits; i++) {
        unsigned bit = pi.bit + i;
        if ((mask >> i & 1) != 0) done = set_bit(picontrol, pi.byte + bit / 8, bit % 8, (value >> i & 1) != 0) && done;
    }
    return done;
}

static enum error keep_safe(void *context, const struct io_safe_image *image) {
    struct picontrol *picontrol = context;
    atomic_store_explicit(&picontrol->guarded, image, memory_order_release);
    const struct layout *layout = usable_layout(picontrol);
    if (layout == NULL) return ERROR_UNAVAILABLE;
    bool done = true;
    for (size_t i = 0; i < picontrol->output_count; i++) {
        struct io_place model = picontrol->outputs[i].model;
        if (!io_place_fits(model, image->bytes)) continue;
        done = make_safe(picontrol, image, model, layout->places[picontrol->input_count + i].pi) && done;
    }
    return done ? ERROR_NONE : ERROR_IO;
}

/// The kernel closes the handle: with its watchdog armed that would zero the outputs of all programs, also those that
/// are on in our safe state. Should the safe state not have arrived, the watchdog does what is left to do.
static void write_safe(void *context, const struct io_safe_image *image) {
    const struct picontrol *picontrol = context;
    if (keep_safe(context, image) == ERROR_NONE && picontrol->armed) arm(picontrol, 0);
}

struct io_driver picontrol_driver(struct picontrol *picontrol) {
    return (struct io_driver){.name = "picontrol",
                              .read = read_inputs,
                              .write = write_outputs,
                              .safe = keep_safe,
                              .write_safe = write_safe,
                              .ranges = picontrol->ranges,
                              .quality = picontrol->quality,
                              .range_count = picontrol->range_count,
                              .context = picontrol};
}

// ---------------------------------------------------------------- opening and closing

static size_t count_channels(const struct plant *plant) {
    size_t count = 0;
    for (size_t i = 0; i < plant->element_count; i++) count += plant->elements[i]->channel_count;
    return count;
}

/// The inputs of one I/O module are one range.
static uint32_t range_for(struct picontrol *picontrol, const struct plant_element *module, struct io_place place,
                          const struct plant_element **last) {
    if (*last != module) {
        *last = module;
        picontrol->ranges[picontrol->range_count++] = (struct io_range){.first = place.byte};
    }
    struct io_range *range = &picontrol->ranges[picontrol->range_count - 1];
    uint32_t end = range->first + range->bytes, place_end = (uint32_t)io_place_end(place);
    if (place.byte < range->first) range->first = place.byte;
    range->bytes = (place_end > end ? place_end : end) - range->first;
    return (uint32_t)(picontrol->range_count - 1);
}

static void add_channels(struct picontrol *picontrol, const struct plant_element *element) {
    const struct plant_element *last = NULL;
    for (size_t i = 0; i < element->channel_count; i++) {
        const struct plant_channel *of = element->channels[i];
        struct channel channel = {.of = of, .model = {of->byte, of->bit, (uint8_t)of->bits}};
        if (of->bits > 32) continue; // no signal is that wide
        if (!of->output) {
            channel.range = range_for(picontrol, element, channel.model, &last);
            picontrol->inputs[picontrol->input_count++] = channel;
        } else if (of->signal != NULL) { // an output that is not wired is not ours: another program may use it
            picontrol->outputs[picontrol->output_count++] = channel;
            size_t end = io_place_end(channel.model);
            if (end > picontrol->output_bytes) picontrol->output_bytes = end;
        }
    }
}

static enum error reserve(struct picontrol *picontrol, const struct picontrol_options *options,
                          struct problem *ret_problem) {
    size_t channels = count_channels(picontrol->plant);
    picontrol->device = strdup(options->device == NULL ? PICONTROL_DEVICE : options->device);
    picontrol->config_file = strdup(options->config_file == NULL ? PICONTROL_CONFIG : options->config_file);
    picontrol->inputs = calloc(channels + 1, sizeof *picontrol->inputs);
    picontrol->outputs = calloc(channels + 1, sizeof *picontrol->outputs);
    picontrol->ranges = calloc(picontrol->plant->element_count + 1, sizeof *picontrol->ranges);
    picontrol->quality = calloc(picontrol->plant->element_count + 1, sizeof *picontrol->quality);
    bool got = picontrol->device != NULL && picontrol->config_file != NULL && picontrol->inputs != NULL &&
               picontrol->outputs != NULL && picontrol->ranges != NULL && picontrol->quality != NULL;
    for (size_t i = 0; got && i < picontrol->plant->element_count; i++)
        add_channels(picontrol, picontrol->plant->elements[i]);
    if (got) picontrol->decided = calloc(picontrol->output_bytes + 1, 1);
    got = got && picontrol->decided != NULL;
    for (size_t i = 0; got && i < LAYOUTS; i++) got = !layout_reserve(picontrol, &picontrol->layouts[i]);
    return got ? ERROR_NONE : problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
}

static enum error choose_watchdog(struct picontrol *picontrol, const struct picontrol_options *options,
                                  struct problem *ret_problem) {
    uint64_t scans_ns = options->scan_period_ns * WATCHDOG_SCANS, least_ns = WATCHDOG_MS_MIN * NS_PER_MS;
    picontrol->watchdog_ns = scans_ns > least_ns ? scans_ns : least_ns;
    if (options->watchdog_ms == 0) return ERROR_NONE;
    picontrol->watchdog_ns = options->watchdog_ms * NS_PER_MS;
    if (picontrol->watchdog_ns >= options->scan_period_ns * WATCHDOG_SCANS_MIN) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID,
                       "watchdog of %u ms: with a scan every %g ms it fires by itself; choose at least %d scans",
                       options->watchdog_ms, (double)options->scan_period_ns / (double)NS_PER_MS, WATCHDOG_SCANS_MIN);
}

static enum error open_device(struct picontrol *picontrol, struct problem *ret_problem) {
    picontrol->fd = picontrol->system->open(picontrol->device, O_RDWR | O_CLOEXEC);
    if (picontrol->fd >= 0) picontrol->event_fd = picontrol->system->open(picontrol->device, O_RDWR | O_CLOEXEC);
    if (picontrol->fd >= 0 && picontrol->event_fd >= 0) return ERROR_NONE;
    const char *remedy = errno == ENOENT   ? "is this a Revolution Pi with the driver piControl loaded?"
                         : errno == EACCES ? "run as a member of the group picontrol"
                                           : "see the system's log";
    return problem_say(ret_problem, error_from_errno(errno), "%s: %s: %s", picontrol->device, strerror(errno), remedy);
}

enum error picontrol_open(const struct plant *plant, const struct picontrol_options *options,
                          struct picontrol **ret_picontrol, struct problem *ret_problem) {
    CLEANUP(picontrol_close_at) struct picontrol *picontrol = calloc(1, sizeof *picontrol);
    if (picontrol == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    picontrol->system = options->system == NULL ? &real_system : options->system;
    picontrol->plant = plant;
    picontrol->fd = picontrol->event_fd = -1;
    sem_init(&picontrol->stop, 0, 0);
    pthread_mutex_init(&picontrol->trouble_lock, NULL);
    enum error error = reserve(picontrol, options, ret_problem);
    if (!error) error = choose_watchdog(picontrol, options, ret_problem);
    if (!error) error = open_device(picontrol, ret_problem);
    if (error) return error;
    struct layout *first = &picontrol->layouts[0];
    error = layout_resolve(picontrol, first, &picontrol->note, &picontrol->trouble);
    if (error && error != ERROR_UNAVAILABLE) return problem_say(ret_problem, error, "%s", picontrol->trouble.text);
    keeper_look_at_modules(picontrol);
    if (!error) {
        picontrol->latest = first;
        atomic_store(&picontrol->published, first);
    }
    error = keeper_start(picontrol, ret_problem);
    if (!error) *ret_picontrol = TAKE(picontrol);
    return error;
}

void picontrol_close(struct picontrol *picontrol) {
    if (picontrol == NULL) return;
    keeper_stop(picontrol);
    if (picontrol->event_fd >= 0) picontrol->system->close(picontrol->event_fd);
    // Closing a handle whose watchdog is armed zeroes the outputs of all modules and all programs, also those that our
    // safe state leaves on. That is right when we die, and wrong when we leave in order.
    if (picontrol->armed) arm(picontrol, 0);
    if (picontrol->fd >= 0) picontrol->system->close(picontrol->fd);
    for (size_t i = 0; i < LAYOUTS; i++) layout_release(&picontrol->layouts[i]);
    sem_destroy(&picontrol->stop);
    pthread_mutex_destroy(&picontrol->trouble_lock);
    free(picontrol->decided);
    free(picontrol->inputs);
    free(picontrol->outputs);
    free(picontrol->ranges);
    free(picontrol->quality);
    free(picontrol->device);
    free(picontrol->config_file);
    free(picontrol);
}

bool picontrol_trouble(struct picontrol *picontrol, struct problem *ret_problem) {
    struct module_set missing = missing_modules(picontrol);
    const struct layout *layout = usable_layout(picontrol);
    pthread_mutex_lock(&picontrol->trouble_lock);
    bool resolving = picontrol->trouble.text[0] != '\0', noted = picontrol->note.text[0] != '\0';
    if (resolving) *ret_problem = picontrol->trouble;
    if (!resolving && noted) *ret_problem = picontrol->note;
    pthread_mutex_unlock(&picontrol->trouble_lock);
    if (resolving) return true;
    unsigned overruns = atomic_load(&picontrol->overruns), disturbances = atomic_load(&picontrol->disturbances);
    enum error said = ERROR_NONE;
    if (layout == NULL)
        said = problem_say(ret_problem, ERROR_UNAVAILABLE, "%s stands still", picontrol->device);
    else if (module_set_meets(&layout->of_outputs, &missing))
        said = problem_say(ret_problem, ERROR_UNAVAILABLE, "a module with outputs of this plant does not answer");
    else if (!noted && overruns + disturbances > 0)
        said = problem_say(ret_problem, ERROR_CONFLICT,
                           "outputs were not as written: %u scans later than the watchdog, %u times zeroed by another "
                           "program",
                           overruns, disturbances);
    return said != ERROR_NONE || noted;
}
