#include <pins/pins.h>

#include <stdlib.h>
#include <string.h>

struct table {
    struct table *next;
    struct scan_pin_table scan; // its arrays follow in memory of their own
};

struct pin {
    const struct plant_channel *channel;
    const struct plant_signal *model, *applied, *draft; // NULL: free
};

struct pins {
    const struct plant *plant;
    struct program *program;
    struct pin *pins;
    size_t count;
    struct text *paths;   // of signals below the station, by their index
    size_t *seen;         // for the check: by signal, index of its channel + 1
    struct table *tables; // the one that was prepared last comes first
    // What is in effect, from the scan or from the table that was accepted last: never read back from a running scan.
    const struct scan_point *inputs; // plain ones
    size_t input_count;
    const uint32_t *input_of_tag;
};

// ---------------------------------------------------------------- life

static struct text path_below_station(const struct pins *pins, uint32_t tag) {
    return text_from(program_tag(pins->program, tag)->path, pins->plant->station->path.length + 1);
}

static size_t count_channels(const struct plant *plant) {
    size_t count = 0;
    for (size_t i = 0; i < plant->element_count; i++) count += plant->elements[i]->channel_count;
    return count;
}

enum error pins_create(const struct plant *plant, struct program *program, struct pins **ret_pins) {
    CLEANUP(pins_destroy_at) struct pins *pins = calloc(1, sizeof *pins);
    if (pins == NULL) return ERROR_NO_MEMORY;
    pins->plant = plant;
    pins->program = program;
    pins->pins = calloc(count_channels(plant) + 1, sizeof *pins->pins);
    pins->paths = calloc(plant->signal_count + 1, sizeof *pins->paths);
    pins->seen = calloc(plant->signal_count + 1, sizeof *pins->seen);
    if (pins->pins == NULL || pins->paths == NULL || pins->seen == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < plant->element_count; i++) {
        for (size_t c = 0; c < plant->elements[i]->channel_count; c++) {
            const struct plant_channel *channel = plant->elements[i]->channels[c];
            pins->pins[pins->count++] = (struct pin){channel, channel->signal, channel->signal, channel->signal};
        }
    }
    for (uint32_t i = 0; i < plant->signal_count; i++) pins->paths[i] = path_below_station(pins, i);
    const struct scan *scan = program_scan(program);
    pins->inputs = scan->inputs;
    pins->input_count = scan->input_count;
    pins->input_of_tag = scan->input_of_tag;
    *ret_pins = TAKE(pins);
    return ERROR_NONE;
}

static void free_table(struct scan_pin_table *table) {
    void *arrays[] = {table->inputs,  table->inputs_from, table->input_of_tag, table->conditioned, table->outputs,
                      table->numbers, table->ranges,      table->safe_outputs, table->safe_mask};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) free(arrays[i]);
}

void pins_destroy(struct pins *pins) {
    if (pins == NULL) return;
    while (pins->tables != NULL) {
        struct table *next = pins->tables->next;
        free_table(&pins->tables->scan);
        free(pins->tables);
        pins->tables = next;
    }
    free(pins->pins);
    free(pins->paths);
    free(pins->seen);
    free(pins);
}

// ---------------------------------------------------------------- looking

size_t pins_count(const struct pins *pins) {
    return pins->count;
}

const struct plant_channel *pins_channel(const struct pins *pins, size_t index) {
    return pins->pins[index].channel;
}

static struct text path_of(const struct pins *pins, const struct plant_signal *signal) {
    return signal == NULL ? TEXT_EMPTY : pins->paths[signal->index];
}

struct text pins_applied(const struct pins *pins, size_t index) {
    return path_of(pins, pins->pins[index].applied);
}

struct text pins_drafted(const struct pins *pins, size_t index) {
    return path_of(pins, pins->pins[index].draft);
}

size_t pins_differences(const struct pins *pins) {
    size_t count = 0;
    for (size_t i = 0; i < pins->count; i++) count += pins->pins[i].draft != pins->pins[i].applied;
    return count;
}

// ---------------------------------------------------------------- draft

static const struct plant_signal *find_signal(const struct pins *pins, struct text path) {
    for (size_t i = 0; i < pins->plant->signal_count; i++)
        if (text_equal(pins->paths[i], path)) return pins->plant->signals[i];
    return NULL;
}

/// What keeps a signal from a channel, whatever else is wired; NULL: nothing.
static const char *misfit(const struct pins *pins, const struct plant_signal *signal,
                          const struct plant_channel *channel) {
    const struct io_driver *driver = &program_scan(pins->program)->driver;
    if (signal->actuator && !channel->output) return "an output cannot be wired to an input channel";
    if (!signal->actuator && channel->output) return "an input cannot be wired to an output channel";
    if (signal->channel->bits != channel->bits) return "the channel has another size";
    if (channel->bits > 1 && signal->channel->encoding != channel->encoding)
        return "the channel has numbers of another form";
    uint32_t tag = (uint32_t)signal->index;
    bool conditioned = (pins->input_of_tag[tag] & SCAN_CONDITIONED) != 0;
    if (!signal->actuator && !conditioned && io_range_of(driver, channel->byte) != IO_NO_RANGE)
        return "the channel is on a device that can be lost, and the signal's was not; change the model";
    return NULL;
}

enum error pins_draft(struct pins *pins, size_t index, struct text path, struct problem *ret_problem) {
    struct pin *pin = &pins->pins[index];
    if (path.length == 0) {
        pin->draft = NULL;
        return ERROR_NONE;
    }
    const struct plant_signal *signal = find_signal(pins, path);
    if (signal == NULL)
        return problem_say(ret_problem, ERROR_NOT_FOUND,
                           "there is no signal \"%.*s\"; write its path below the station, as in "
                           "mps_hmi/indicator_Q1/state, or nothing to free the channel",
                           TEXT_ARG(path));
    const char *why = misfit(pins, signal, pin->channel);
    if (why != NULL)
        return problem_say(ret_problem, ERROR_INVALID, "%.*s at %.*s: %s", TEXT_ARG(path), TEXT_ARG(pin->channel->name),
                           why);
    pin->draft = signal;
    return ERROR_NONE;
}

/// A person at the machine must be able to rely on these.
static bool must_be_wired(const struct scan *scan, uint32_t tag) {
    for (size_t i = 0; i < scan->emergency_stop_count; i++)
        if (scan->emergency_stops[i] == tag) return true;
    return tag == scan->stop_button || tag == scan->reset_button;
}

enum error pins_check(const struct pins *pins, struct problem *ret_problem) {
    memset(pins->seen, 0, pins->plant->signal_count * sizeof *pins->seen);
    for (size_t i = 0; i < pins->count; i++) {
        const struct plant_signal *signal = pins->pins[i].draft;
        if (signal == NULL) continue;
        size_t *seen = &pins->seen[signal->index];
        if (*seen != 0)
            return problem_say(ret_problem, ERROR_EXISTS, "%.*s is at two channels, %.*s and %.*s; free one of them",
                               TEXT_ARG(path_of(pins, signal)), TEXT_ARG(pins->pins[*seen - 1].channel->name),
                               TEXT_ARG(pins->pins[i].channel->name));
        *seen = i + 1;
    }
    for (size_t i = 0; i < pins->plant->signal_count; i++) {
        if (pins->seen[i] != 0 || !must_be_wired(program_scan(pins->program), (uint32_t)i)) continue;
        return problem_say(ret_problem, ERROR_INVALID,
                           "%.*s must be wired: the emergency stop and the panel's stop and reset buttons always work",
                           TEXT_ARG(pins->paths[i]));
    }
    return ERROR_NONE;
}

void pins_accept(struct pins *pins) {
    if (pins->tables != NULL) {
        pins->inputs = pins->tables->scan.inputs;
        pins->input_of_tag = pins->tables->scan.input_of_tag;
    }
    for (size_t i = 0; i < pins->count; i++) pins->pins[i].applied = pins->pins[i].draft;
}

void pins_revert(struct pins *pins) {
    for (size_t i = 0; i < pins->count; i++) pins->pins[i].draft = pins->pins[i].applied;
}

void pins_to_model(struct pins *pins) {
    for (size_t i = 0; i < pins->count; i++) pins->pins[i].draft = pins->pins[i].model;
}

// ---------------------------------------------------------------- table

enum { WORD_BYTES = 8 };

static bool reserve(struct scan_pin_table *table, const struct scan *scan, size_t inputs) {
    table->inputs = calloc(inputs + 1, sizeof *table->inputs);
    table->inputs_from = calloc(scan->image_words + 2, sizeof *table->inputs_from);
    table->input_of_tag = calloc(scan->tag_count + 1, sizeof *table->input_of_tag);
    table->conditioned = calloc(scan->conditioned_count + 1, sizeof *table->conditioned);
    table->ranges = calloc(scan->conditioned_count + 1, sizeof *table->ranges);
    table->outputs = calloc(scan->output_count + 1, sizeof *table->outputs);
    table->numbers = calloc(scan->number_count + 1, sizeof *table->numbers);
    table->safe_outputs = calloc(scan->image_words + 1, WORD_BYTES);
    table->safe_mask = calloc(scan->image_words + 1, WORD_BYTES);
    return table->safe_outputs != NULL && table->safe_mask != NULL && table->inputs != NULL &&
           table->inputs_from != NULL && table->input_of_tag != NULL && table->conditioned != NULL &&
           table->ranges != NULL && table->outputs != NULL && table->numbers != NULL;
}

/// Where the draft has a signal; 0 bits: nowhere. `pins_check` has filled `seen`.
static struct io_place place_of(const struct pins *pins, uint32_t tag) {
    size_t seen = pins->seen[tag];
    if (seen == 0) return (struct io_place){0};
    const struct plant_channel *channel = pins->pins[seen - 1].channel;
    return (struct io_place){channel->byte, channel->bit, (uint8_t)channel->bits};
}

static int by_place(const void *a, const void *b) {
    const struct scan_point *first = a, *second = b;
    bool first_placed = first->place.bits > 0, second_placed = second->place.bits > 0;
    if (first_placed != second_placed) return first_placed ? -1 : 1;
    return (first->place.byte > second->place.byte) - (first->place.byte < second->place.byte);
}

static void fill_inputs(const struct pins *pins, const struct scan *scan, struct scan_pin_table *table) {
    size_t inputs = pins->input_count;
    for (size_t i = 0; i < inputs; i++) {
        const struct scan_point *now = &pins->inputs[i];
        // Member by member: `forced` is the scan thread's.
        table->inputs[i] = (struct scan_point){.tag = now->tag,
                                               .module = now->module,
                                               .place = place_of(pins, now->tag),
                                               .inverted = now->inverted,
                                               .safe = now->safe};
    }
    if (inputs > 0) qsort(table->inputs, inputs, sizeof *table->inputs, by_place);
    memcpy(table->input_of_tag, pins->input_of_tag, scan->tag_count * sizeof *table->input_of_tag);
    for (size_t i = 0; i < inputs; i++) {
        table->input_of_tag[table->inputs[i].tag] = (uint32_t)i;
        if (table->inputs[i].place.bits == 0) continue;
        table->input_count++;
        table->inputs_from[table->inputs[i].place.byte / WORD_BYTES + 1]++;
    }
    for (size_t word = 0; word < scan->image_words; word++) table->inputs_from[word + 1] += table->inputs_from[word];
}

static void fill(const struct pins *pins, const struct scan *scan, struct scan_pin_table *table) {
    fill_inputs(pins, scan, table);
    for (size_t i = 0; i < scan->conditioned_count; i++) {
        table->conditioned[i] = place_of(pins, scan->conditioned[i].point.tag);
        table->ranges[i] = io_range_of(&scan->driver, table->conditioned[i].byte);
    }
    for (size_t i = 0; i < scan->output_count; i++) table->outputs[i] = place_of(pins, scan->outputs[i].tag);
    for (size_t i = 0; i < scan->number_count; i++) table->numbers[i] = place_of(pins, scan->numbers[i].point.tag);
}

enum error pins_prepare(struct pins *pins, struct scan_pin_table **ret_table, struct problem *ret_problem) {
    enum error error = pins_check(pins, ret_problem);
    if (error) return error;
    const struct scan *scan = program_scan(pins->program);
    struct table *table = calloc(1, sizeof *table);
    if (table == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    table->next = pins->tables;
    pins->tables = table;
    if (!reserve(&table->scan, scan, pins->input_count))
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    fill(pins, scan, &table->scan);
    *ret_table = &table->scan;
    return ERROR_NONE;
}

// ---------------------------------------------------------------- file

static struct text channel_folder(const struct pins *pins, const struct plant_channel *channel) {
    return text_from(channel->module->path, pins->plant->station->path.length + 1);
}

static void print(const struct pins *pins, bool draft, struct buffer *out) {
    buffer_string(out, "# Pins that differ from the plant model: CHANNEL SIGNAL, paths below the station; - is free.\n"
                       "# Written by splc-edge when a pin map is applied; without this file the model counts.\n");
    for (size_t i = 0; i < pins->count; i++) {
        const struct pin *pin = &pins->pins[i];
        if ((draft ? pin->draft : pin->applied) == pin->model) continue;
        struct text signal = path_of(pins, draft ? pin->draft : pin->applied);
        buffer_print(out, "%.*s/%.*s %.*s\n", TEXT_ARG(channel_folder(pins, pin->channel)),
                     TEXT_ARG(pin->channel->name), TEXT_ARG(signal.length == 0 ? TEXT("-") : signal));
    }
}

void pins_print(const struct pins *pins, struct buffer *out) {
    print(pins, false, out);
}

void pins_print_draft(const struct pins *pins, struct buffer *out) {
    print(pins, true, out);
}

static bool is_channel(const struct pins *pins, const struct pin *pin, struct text path) {
    struct text folder = channel_folder(pins, pin->channel);
    return path.length == folder.length + 1 + pin->channel->name.length && text_starts_with(path, folder) &&
           path.data[folder.length] == '/' && text_equal(text_from(path, folder.length + 1), pin->channel->name);
}

static enum error read_line(struct pins *pins, struct text line, struct problem *ret_problem) {
    struct text channel, signal = line;
    (void)text_split(&signal, ' ', &channel);
    signal = text_trim(signal);
    if (signal.length == 0)
        return problem_say(ret_problem, ERROR_INVALID, "write `CHANNEL SIGNAL`, with - for a free channel");
    size_t index = 0;
    while (index < pins->count && !is_channel(pins, &pins->pins[index], channel)) index++;
    if (index == pins->count)
        return problem_say(ret_problem, ERROR_NOT_FOUND, "there is no channel \"%.*s\"", TEXT_ARG(channel));
    return pins_draft(pins, index, text_is(signal, "-") ? TEXT_EMPTY : signal, ret_problem);
}

enum error pins_read(struct pins *pins, struct text bytes, struct problem *ret_problem) {
    pins_to_model(pins);
    struct text line;
    for (unsigned number = 1; text_split(&bytes, '\n', &line); number++) {
        line = text_trim(line);
        if (line.length == 0 || line.data[0] == '#') continue;
        enum error error = read_line(pins, line, ret_problem);
        if (error) return problem_prefix(ret_problem, error, "line %u", number);
    }
    return pins_check(pins, ret_problem);
}
