// The scan thread encodes each scan into a ring of bytes; a thread writes the ring into the file.
//
// (1) `given` moves only by whole steps, so that each chunk of the file holds whole steps.
// (2) What does not fit (the ring is full, the file has its size) ends the recording; a scan never waits for it.

#include "state.h"

#include <base/bytes.h>
#include <base/clock.h>
#include <base/signals.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t WRITE_PERIOD_NS = 50 * NS_PER_MS;

/// A pin map on its way to the file.
struct map {
    struct map *next;
    size_t length;
    uint8_t bytes[];
};

struct recorder {
    struct scan *scan;
    size_t bytes_max;
    // the scan thread's
    struct scan_time last;
    uint8_t *inputs, *outputs, *was_set, *was_clear; // images of the scan before
    status_code *quality;
    uint64_t *age_ns;
    uint8_t *step; // one step on its way to the ring
    size_t step_bytes;
    bool begun;        // what was there before is in `known`
    struct sink known; // shared when `state_ready`
    atomic_bool state_ready;
    // shared
    uint8_t *ring;
    atomic_size_t given, taken; // bytes ever
    atomic_int state;           // enum recorder_state
    atomic_ullong scans, bytes;
    atomic_bool closing;
    pthread_mutex_t maps_lock; // of the next two; never the scan's
    struct map *maps;          // oldest first
    struct map **maps_end;
    // the writer's
    int fd;
    uint8_t *chunk;
    bool state_written;
    pthread_t thread;
};

static void stop_with(struct recorder *recorder, enum recorder_state state) {
    int running = RECORDER_RUNNING;
    atomic_compare_exchange_strong(&recorder->state, &running, (int)state);
}

// ---------------------------------------------------------------- scan thread

static void give(struct recorder *recorder, const struct sink *step) {
    if (atomic_load_explicit(&recorder->state, memory_order_relaxed) != RECORDER_RUNNING) return;
    size_t given = atomic_load_explicit(&recorder->given, memory_order_relaxed);
    size_t taken = atomic_load_explicit(&recorder->taken, memory_order_acquire);
    if (step->full || step->length > RECORD_RING_BYTES - (given - taken)) {
        atomic_store_explicit(&recorder->state, RECORDER_TOO_SLOW, memory_order_relaxed);
        return;
    }
    size_t at = given % RECORD_RING_BYTES;
    size_t first = RECORD_RING_BYTES - at < step->length ? RECORD_RING_BYTES - at : step->length;
    memcpy(recorder->ring + at, step->bytes, first);
    memcpy(recorder->ring, step->bytes + first, step->length - first);
    atomic_store_explicit(&recorder->given, given + step->length, memory_order_release);
}

static void put_argument(struct sink *sink, const struct scan_argument *argument) {
    sink_byte(sink, (uint8_t)argument->type);
    if (argument->type != VALUE_STRING) {
        sink_number(sink, argument->value.bits);
        return;
    }
    size_t length = strnlen(argument->text, SCAN_TEXT_BYTES);
    sink_number(sink, length);
    sink_bytes(sink, argument->text, length);
}

static void on_command(void *context, const struct scan_command *command) {
    struct recorder *recorder = context;
    if (!recorder->begun) return;
    struct sink sink = {.bytes = recorder->step, .room = recorder->step_bytes};
    sink_byte(&sink, STEP_COMMAND);
    sink_number(&sink, command->id);
    sink_number(&sink, command->session);
    sink_number(&sink, command->module);
    sink_number(&sink, command->method);
    sink_byte(&sink, command->role);
    uint8_t count = command->argument_count <= SCAN_ARGUMENTS_MAX ? command->argument_count : SCAN_ARGUMENTS_MAX;
    sink_byte(&sink, count);
    for (uint8_t i = 0; i < count; i++) put_argument(&sink, &command->arguments[i]);
    give(recorder, &sink);
}

/// An image as its changes since the scan before, which it becomes.
static void put_image(struct sink *sink, uint8_t *before, const uint8_t *now, size_t length) {
    sink_changes(sink, before, now, length);
    memcpy(before, now, length);
}

static void put_ranges(struct recorder *recorder, struct sink *sink) {
    const struct io_driver *driver = &recorder->scan->driver;
    for (size_t i = 0; i < driver->range_count; i++) {
        if (driver->quality[i] == recorder->quality[i]) continue;
        sink_number(sink, i + 1);
        sink_number(sink, driver->quality[i]);
        recorder->quality[i] = driver->quality[i];
    }
    sink_number(sink, 0);
    for (size_t i = 0; driver->age_ns != NULL && i < driver->range_count; i++) sink_number(sink, driver->age_ns[i]);
}

/// At the end of the scan before the first that is recorded; not while a pin map is on its way, which the header does
/// not have.
static void begin(struct recorder *recorder) {
    if (recorder->scan->pins_next != NULL) return;
    recorder->begun = true;
    if (!state_save(recorder->scan, &recorder->known)) stop_with(recorder, RECORDER_FAILED);
    atomic_store_explicit(&recorder->state_ready, true, memory_order_release);
}

static void on_cycle(void *context, const struct scan *scan) {
    struct recorder *recorder = context;
    if (!recorder->begun) {
        begin(recorder);
        return;
    }
    struct sink sink = {.bytes = recorder->step, .room = recorder->step_bytes};
    const struct scan_time *now = &scan->now, *last = &recorder->last;
    sink_byte(&sink, STEP_SCAN);
    sink_byte(&sink,
              (uint8_t)((scan->read_failed ? FLAG_READ_FAILED : 0) | (scan->write_failed ? FLAG_WRITE_FAILED : 0) |
                        (scan->stopped ? FLAG_STOPPED : 0) | (scan->guarded ? FLAG_GUARDED : 0)));
    sink_number(&sink, now->elapsed_ns);
    sink_signed(&sink, (int64_t)(now->monotonic_ns - last->monotonic_ns));
    sink_signed(&sink, (int64_t)(now->wall_ns - last->wall_ns));
    sink_signed(&sink, (int64_t)(now->missed - last->missed));
    sink_number(&sink, now->execution_ns);
    put_ranges(recorder, &sink);
    put_image(&sink, recorder->inputs, scan->input_image, scan->image_bytes);
    if (scan->driver.was_set != NULL) {
        put_image(&sink, recorder->was_set, scan->driver.was_set, scan->image_bytes);
        put_image(&sink, recorder->was_clear, scan->driver.was_clear, scan->image_bytes);
    }
    put_image(&sink, recorder->outputs, scan->output_image, scan->image_bytes);
    recorder->last = *now;
    give(recorder, &sink);
    if (atomic_load_explicit(&recorder->state, memory_order_relaxed) != RECORDER_RUNNING) return;
    atomic_fetch_add_explicit(&recorder->scans, 1, memory_order_relaxed);
}

// ---------------------------------------------------------------- writer

static bool write_all(int fd, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

static bool write_chunk(struct recorder *recorder, enum chunk_kind kind, const uint8_t *bytes, size_t length) {
    uint8_t head[CHUNK_HEAD_BYTES] = {(uint8_t)kind}, crc[CHUNK_CRC_BYTES];
    bytes_put(head + 1, length, 4);
    bytes_put(crc, bytes_crc32(bytes_crc32(0, head, sizeof head), bytes, length), 4);
    bool good = write_all(recorder->fd, head, sizeof head) && write_all(recorder->fd, bytes, length) &&
                write_all(recorder->fd, crc, sizeof crc);
    atomic_fetch_add(&recorder->bytes, sizeof head + length + sizeof crc);
    return good;
}

static void write_state(struct recorder *recorder) {
    bool ready = atomic_load_explicit(&recorder->state_ready, memory_order_acquire);
    if (!ready || recorder->state_written) return;
    recorder->state_written = true;
    if (!write_chunk(recorder, CHUNK_STATE, recorder->known.bytes, recorder->known.length))
        stop_with(recorder, RECORDER_FAILED);
}

static void write_maps(struct recorder *recorder) {
    pthread_mutex_lock(&recorder->maps_lock);
    struct map *map = recorder->maps;
    recorder->maps = NULL;
    recorder->maps_end = &recorder->maps;
    pthread_mutex_unlock(&recorder->maps_lock);
    while (map != NULL) {
        struct map *next = map->next;
        if (!write_chunk(recorder, CHUNK_PINS, map->bytes, map->length)) stop_with(recorder, RECORDER_FAILED);
        free(map);
        map = next;
    }
}

/// A map was there before the step with its command, so it is when the step is seen, and comes before it in the file.
static void take(struct recorder *recorder) {
    size_t taken = atomic_load_explicit(&recorder->taken, memory_order_relaxed);
    size_t length = atomic_load_explicit(&recorder->given, memory_order_acquire) - taken;
    write_state(recorder);
    write_maps(recorder);
    if (length == 0) return;
    size_t at = taken % RECORD_RING_BYTES;
    size_t first = RECORD_RING_BYTES - at < length ? RECORD_RING_BYTES - at : length;
    memcpy(recorder->chunk, recorder->ring + at, first);
    memcpy(recorder->chunk + first, recorder->ring, length - first);
    atomic_store_explicit(&recorder->taken, taken + length, memory_order_release);
    if (atomic_load(&recorder->bytes) + length > recorder->bytes_max)
        stop_with(recorder, RECORDER_FULL);
    else if (!write_chunk(recorder, CHUNK_SCANS, recorder->chunk, length))
        stop_with(recorder, RECORDER_FAILED);
}

static void finish(struct recorder *recorder) {
    take(recorder);
    stop_with(recorder, RECORDER_STOPPED);
    uint8_t end = (uint8_t)atomic_load(&recorder->state);
    if (!write_chunk(recorder, CHUNK_END, &end, 1) || fdatasync(recorder->fd) != 0)
        atomic_store(&recorder->state, RECORDER_FAILED);
}

static void *thread_main(void *context) {
    struct recorder *recorder = context;
    const struct timespec period = {.tv_nsec = (long)WRITE_PERIOD_NS};
    while (!atomic_load(&recorder->closing) && atomic_load(&recorder->state) == RECORDER_RUNNING) {
        nanosleep(&period, NULL); // the scan must not wake anybody: that would be a call of the system
        take(recorder);
    }
    finish(recorder);
    return NULL;
}

// ---------------------------------------------------------------- life

static void release(struct recorder *recorder) {
    if (recorder->fd >= 0) close(recorder->fd);
    void *memory[] = {recorder->inputs, recorder->outputs, recorder->was_set, recorder->was_clear, recorder->quality,
                      recorder->age_ns, recorder->step,    recorder->ring,    recorder->chunk};
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) free(memory[i]);
    free(recorder->known.bytes);
    while (recorder->maps != NULL) {
        struct map *next = recorder->maps->next;
        free(recorder->maps);
        recorder->maps = next;
    }
    pthread_mutex_destroy(&recorder->maps_lock);
    free(recorder);
}
CLEANUP_DEFINE(struct recorder, release)

static bool reserve(struct recorder *recorder, const struct scan *scan) {
    size_t image = scan->image_bytes + 1, ranges = scan->driver.range_count + 1;
    recorder->step_bytes = 5 * 2 * image + 20 * ranges + 1024; // every other byte changed is the worst
    recorder->inputs = calloc(image, 1);
    recorder->outputs = calloc(image, 1);
    recorder->was_set = calloc(image, 1);
    recorder->was_clear = calloc(image, 1);
    recorder->quality = calloc(ranges, sizeof *recorder->quality);
    recorder->age_ns = calloc(ranges, sizeof *recorder->age_ns);
    recorder->step = calloc(recorder->step_bytes, 1);
    recorder->ring = malloc(RECORD_RING_BYTES);
    recorder->chunk = malloc(RECORD_RING_BYTES);
    if (recorder->ring != NULL) memset(recorder->ring, 0, RECORD_RING_BYTES); // no page is new to the scan
    return recorder->inputs != NULL && recorder->outputs != NULL && recorder->was_set != NULL &&
           recorder->was_clear != NULL && recorder->quality != NULL && recorder->age_ns != NULL &&
           recorder->step != NULL && recorder->ring != NULL && recorder->chunk != NULL;
}

static bool write_head(struct recorder *recorder, const struct recorder_options *options) {
    const struct scan *scan = recorder->scan;
    const struct io_driver *driver = &scan->driver;
    struct sink sink = {.bytes = recorder->chunk, .room = RECORD_RING_BYTES};
    sink_number(&sink, options->period_ns);
    sink_number(&sink, scan->authority.soft_ns);
    sink_number(&sink, scan->authority.hard_ns);
    sink_number(&sink, scan->image_bytes);
    sink_number(&sink, scan->tag_count);
    sink_number(&sink, scan->module_count);
    sink_byte(&sink, driver->simulated);
    sink_byte(&sink, driver->age_ns != NULL);
    sink_byte(&sink, driver->was_set != NULL);
    sink_number(&sink, driver->range_count);
    for (size_t i = 0; i < driver->range_count; i++) {
        sink_number(&sink, driver->ranges[i].first);
        sink_number(&sink, driver->ranges[i].bytes);
    }
    sink_number(&sink, options->restored_count);
    for (size_t i = 0; i < options->restored_count; i++) {
        sink_number(&sink, options->restored[i]);
        sink_number(&sink, scan->value[options->restored[i]].bits);
    }
    sink_byte(&sink, options->running);
    sink_number(&sink, options->pins.length);
    sink_bytes(&sink, options->pins.data, options->pins.length);
    if (sink.full) return false;
    bool good = write_all(recorder->fd, (const uint8_t *)RECORD_MAGIC, RECORD_MAGIC_BYTES);
    atomic_store(&recorder->bytes, RECORD_MAGIC_BYTES);
    good = good && write_chunk(recorder, CHUNK_HEADER, sink.bytes, sink.length);
    return good && write_chunk(recorder, CHUNK_MODEL, (const uint8_t *)options->model.data, options->model.length);
}

static int start_thread(struct recorder *recorder) {
    sigset_t before;
    signals_block(&before); // signals are for the other threads
    int refused = pthread_create(&recorder->thread, NULL, thread_main, recorder);
    signals_restore(&before);
    return refused;
}

static void end_thread(struct recorder *recorder) {
    atomic_store(&recorder->closing, true);
    pthread_join(recorder->thread, NULL);
}

enum error recorder_start(struct scan *scan, const struct recorder_options *options, struct recorder **ret_recorder,
                          struct problem *ret_problem) {
    CLEANUP(release_at) struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    recorder->fd = -1;
    recorder->scan = scan;
    recorder->begun = !options->running;
    pthread_mutex_init(&recorder->maps_lock, NULL);
    recorder->maps_end = &recorder->maps;
    recorder->bytes_max = options->bytes_max;
    if (scan->driver.range_count > RECORD_RANGES_MAX)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "the driver has %zu ranges; a recording has room for %d",
                           scan->driver.range_count, RECORD_RANGES_MAX);
    recorder->known.room = options->running ? state_bytes(scan) : 0;
    recorder->known.bytes = calloc(recorder->known.room + 1, 1);
    if (recorder->known.bytes == NULL || !reserve(recorder, scan))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    recorder->fd = open(options->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = recorder->fd >= 0 && write_head(recorder, options);
    if (!good)
        return problem_say(ret_problem, error_from_errno(errno), "recording %s: %s", options->path,
                           strerrordesc_np(errno));
    int refused = start_thread(recorder);
    if (refused != 0)
        return problem_say(ret_problem, error_from_errno(refused), "recording: %s", strerrordesc_np(refused));
    if (!scan_observe(scan, (struct scan_observer){on_command, on_cycle, recorder})) {
        end_thread(recorder);
        return problem_say(ret_problem, ERROR_INTERNAL, "recording: too many look on at the scan");
    }
    *ret_recorder = TAKE(recorder);
    return ERROR_NONE;
}

struct recorder_report recorder_report(const struct recorder *recorder) {
    return (struct recorder_report){
        .state = (enum recorder_state)atomic_load(&recorder->state),
        .scans = atomic_load(&recorder->scans),
        .bytes = atomic_load(&recorder->bytes),
    };
}

const char *recorder_state_text(enum recorder_state state) {
    switch (state) {
    case RECORDER_RUNNING: return "not ended: the file just stops";
    case RECORDER_STOPPED: return "stopped";
    case RECORDER_FULL: return "the file has reached its size";
    case RECORDER_TOO_SLOW: return "the disk was too slow";
    case RECORDER_FAILED: return "the file could not be written";
    }
    return "unknown";
}

enum error recorder_pins(struct recorder *recorder, uint64_t command, struct text map_text) {
    struct map *map = malloc(sizeof *map + 10 + map_text.length);
    if (map == NULL) return ERROR_NO_MEMORY;
    struct sink sink = {.bytes = map->bytes, .room = 10 + map_text.length};
    sink_number(&sink, command);
    sink_bytes(&sink, map_text.data, map_text.length);
    map->next = NULL;
    map->length = sink.length;
    pthread_mutex_lock(&recorder->maps_lock);
    *recorder->maps_end = map;
    recorder->maps_end = &map->next;
    pthread_mutex_unlock(&recorder->maps_lock);
    return ERROR_NONE;
}

void recorder_stop(struct recorder *recorder) {
    if (recorder == NULL) return;
    scan_unobserve(recorder->scan, recorder); // then nothing comes any more
    end_thread(recorder);
    release(recorder);
}
