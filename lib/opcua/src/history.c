#include "history.h"

#include <stdlib.h>
#include <string.h>

/* (1) A block begins with an absolute time; each of its samples stores the time since the one before, so a block can be
 *     dropped without touching others.
 * (2) A series keeps one block that begins before the last hour: what was true when the hour began.
 * (3) When memory is short, a series with more than its share pays for itself, else the richest of a few others. The
 * last block of a series stays. */

enum {
    BLOCK_BYTES = 104,      // of samples; a bool takes 3 to 6, a real 12 to 15
    TEXT_BLOCK_BYTES = 320, // one text of OPCUA_TEXT_BYTES does not fit: it is kept as "no value"
    SAMPLE_BYTES_MAX = 10 + 1 + 4 + 10,
    LOOKS = 16, // for somebody who gives up memory
};
enum sample_flag { SAMPLE_STATUS = 1, SAMPLE_EMPTY = 2, SAMPLE_TRUE = 4 };

struct block {
    struct block *next;
    int64_t first_ns;
    uint16_t used, room, samples;
    uint8_t bytes[];
};

struct history_series {
    struct history_series *next;
    struct history *history;
    enum value_type type;
    struct block *first, *last;
    size_t blocks;
    int64_t last_ns;
    status_code last_status;
};

struct history {
    struct history_series *series, *turn;
    size_t count; // of series
    size_t budget, used;
};

struct history *history_create(void) {
    return calloc(1, sizeof(struct history));
}

static void drop_first(struct history_series *series) {
    struct block *block = series->first;
    series->first = block->next;
    series->history->used -= sizeof *block + block->room;
    series->blocks--;
    free(block);
}

void history_destroy(struct history *history) {
    if (history == NULL) return;
    while (history->series != NULL) {
        struct history_series *series = history->series;
        history->series = series->next;
        while (series->first != NULL) drop_first(series);
        free(series);
    }
    free(history);
}

void history_grow(struct history *history, size_t bytes) {
    history->budget += bytes;
}

size_t history_bytes(const struct history *history) {
    return history->used;
}

struct history_series *history_add(struct history *history, enum value_type type) {
    struct history_series *series = calloc(1, sizeof *series);
    if (series == NULL) return NULL;
    series->history = history;
    series->type = type;
    series->next = history->series;
    history->series = series;
    history->count++;
    return series;
}

// --- packing ---

static size_t put_number(uint8_t *at, uint64_t number) {
    size_t length = 0;
    for (; number >= 0x80; number >>= 7) at[length++] = (uint8_t)(number | 0x80);
    at[length++] = (uint8_t)number;
    return length;
}

static uint64_t take_number(const uint8_t **at) {
    uint64_t number = 0;
    unsigned shift = 0;
    for (; **at & 0x80; ++*at, shift += 7) number |= (uint64_t)(**at & 0x7F) << shift;
    number |= (uint64_t) * (*at)++ << shift;
    return number;
}

static uint64_t zigzag(int64_t number) {
    return ((uint64_t)number << 1) ^ (uint64_t)(number >> 63);
}

static int64_t unzigzag(uint64_t number) {
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

/// What follows the flags. Texts are added by the caller.
static size_t put_value(uint8_t *at, const struct value *value) {
    switch (value->type) {
    case VALUE_INT32: return put_number(at, zigzag(value->int32));
    case VALUE_UINT16: return put_number(at, value->uint16);
    case VALUE_UINT32: return put_number(at, value->uint32);
    case VALUE_DOUBLE: memcpy(at, &value->real, sizeof value->real); return sizeof value->real;
    case VALUE_STRING: return put_number(at, value->string.length);
    case VALUE_BOOL:
    case VALUE_NULL: break;
    }
    return 0;
}

static struct value take_value(const uint8_t **at, enum value_type type, uint8_t flags) {
    struct value value = {.type = flags & SAMPLE_EMPTY ? VALUE_NULL : type};
    switch (value.type) {
    case VALUE_BOOL: value.boolean = (flags & SAMPLE_TRUE) != 0; break;
    case VALUE_INT32: value.int32 = (int32_t)unzigzag(take_number(at)); break;
    case VALUE_UINT16: value.uint16 = (uint16_t)take_number(at); break;
    case VALUE_UINT32: value.uint32 = (uint32_t)take_number(at); break;
    case VALUE_DOUBLE:
        memcpy(&value.real, *at, sizeof value.real);
        *at += sizeof value.real;
        break;
    case VALUE_STRING:
        value.string.length = take_number(at);
        value.string.data = (const char *)*at;
        *at += value.string.length;
        break;
    case VALUE_NULL: break;
    }
    return value;
}

// --- recording ---

/// More than its share of the memory, were all variables as busy.
static bool has_much(const struct history_series *series) {
    const struct history *history = series->history;
    return series->blocks > 1 &&
           series->blocks * (sizeof(struct block) + BLOCK_BYTES) > history->budget / history->count;
}

/// Of the next few series in turn the one with the most blocks; all of them are never looked through for one block.
static struct history_series *find_payer(struct history *history) {
    struct history_series *most = NULL;
    for (size_t i = 0; i < history->count; i++) {
        if (i >= LOOKS && most != NULL) break;
        history->turn = history->turn == NULL ? history->series : history->turn;
        if (history->turn->blocks > 1 && (most == NULL || history->turn->blocks > most->blocks)) most = history->turn;
        history->turn = history->turn->next;
    }
    return most;
}

/// Never takes a series' last block, the newest of all. Whoever has much already pays himself.
static bool give_up_oldest(struct history_series *wanting) {
    struct history_series *payer = has_much(wanting) ? wanting : find_payer(wanting->history);
    if (payer == NULL) return false;
    drop_first(payer);
    return true;
}

static void drop_old(struct history_series *series, int64_t now_ns) {
    while (series->blocks > 1 && series->first->next->first_ns < now_ns - HISTORY_SPAN_NS) drop_first(series);
}

static struct block *add_block(struct history_series *series, int64_t time_ns) {
    struct history *history = series->history;
    size_t room = series->type == VALUE_STRING ? TEXT_BLOCK_BYTES : BLOCK_BYTES;
    while (history->used + sizeof(struct block) + room > history->budget)
        if (!give_up_oldest(series)) return NULL;
    struct block *block = calloc(1, sizeof *block + room);
    if (block == NULL) return NULL;
    block->first_ns = time_ns;
    block->room = (uint16_t)room;
    if (series->blocks == 0)
        series->first = block;
    else
        series->last->next = block;
    series->last = block;
    series->blocks++;
    history->used += sizeof *block + room;
    return block;
}

/// The sample, as it follows one of `last_ns` and `last_status`; a text's bytes are not in it.
static size_t pack(uint8_t packed[static SAMPLE_BYTES_MAX], const struct opcua_data *data, const struct value *value,
                   int64_t last_ns, status_code last_status) {
    size_t length = put_number(packed, zigzag(data->source_time_ns - last_ns));
    uint8_t *flags = &packed[length++];
    *flags = 0;
    if (value->type == VALUE_NULL) *flags |= SAMPLE_EMPTY;
    if (value->type == VALUE_BOOL && value->boolean) *flags |= SAMPLE_TRUE;
    if (data->status != last_status) {
        *flags |= SAMPLE_STATUS;
        memcpy(packed + length, &data->status, sizeof data->status);
        length += sizeof data->status;
    }
    return length + put_value(packed + length, value);
}

void history_record(struct history_series *series, const struct opcua_data *data) {
    struct value value = data->value;
    if (value.type == VALUE_STRING && value.string.length > TEXT_BLOCK_BYTES - SAMPLE_BYTES_MAX)
        value = (struct value){.type = VALUE_NULL};
    size_t text = value.type == VALUE_STRING ? value.string.length : 0;
    uint8_t packed[SAMPLE_BYTES_MAX];
    size_t length = pack(packed, data, &value, series->last_ns, series->last_status);
    struct block *block = series->last;
    drop_old(series, data->source_time_ns);
    if (series->blocks == 0 || block->used + length + text > block->room) {
        block = add_block(series, data->source_time_ns);
        if (block == NULL) return;
        length = pack(packed, data, &value, data->source_time_ns, STATUS_Good);
    }
    memcpy(block->bytes + block->used, packed, length);
    if (text > 0) memcpy(block->bytes + block->used + length, value.string.data, text);
    block->used = (uint16_t)(block->used + length + text);
    block->samples++;
    series->last_ns = data->source_time_ns;
    series->last_status = data->status;
}

// --- reading ---

static void walk_block(const struct history_series *series, const struct block *block, size_t first, size_t count,
                       history_fn *each, void *context) {
    const uint8_t *at = block->bytes;
    struct opcua_data data = {.status = STATUS_Good, .source_time_ns = block->first_ns};
    for (size_t i = 0; i < block->samples && i < first + count; i++) {
        data.source_time_ns += unzigzag(take_number(&at));
        uint8_t flags = *at++;
        if (flags & SAMPLE_STATUS) {
            memcpy(&data.status, at, sizeof data.status);
            at += sizeof data.status;
        }
        data.value = take_value(&at, series->type, flags);
        if (i >= first) each(context, &data);
    }
}

void history_walk(const struct history_series *series, size_t first, size_t count, history_fn *each, void *context) {
    for (const struct block *block = series->first; block != NULL && count > 0; block = block->next) {
        if (first >= block->samples) {
            first -= block->samples;
            continue;
        }
        size_t here = block->samples - first < count ? block->samples - first : count;
        walk_block(series, block, first, here, each, context);
        count -= here;
        first = 0;
    }
}

/// How many samples lie before each end of an interval.
struct cut {
    int64_t low_ns, high_ns;
    size_t all, before_low, at_low, before_high, at_high;
};

static void count_sample(void *context, const struct opcua_data *data) {
    struct cut *cut = context;
    cut->all++;
    cut->before_low += data->source_time_ns < cut->low_ns;
    cut->at_low += data->source_time_ns == cut->low_ns;
    cut->before_high += data->source_time_ns < cut->high_ns;
    cut->at_high += data->source_time_ns == cut->high_ns;
}

/// With an instant at both ends only the first one is inside, unless they are the same.
static void place(const struct cut *cut, bool backwards, size_t *ret_from, size_t *ret_to) {
    bool instant = cut->low_ns == cut->high_ns;
    *ret_from = cut->before_low + (backwards && !instant ? cut->at_low : 0);
    *ret_to = cut->before_high + (backwards || instant ? cut->at_high : 0);
}

static void add_bounds(const struct cut *cut, struct history_window *window, size_t *from, size_t *to) {
    bool none_before = false, none_after = false;
    if (cut->at_low == 0 || *from > cut->before_low) { // no value at the very instant is inside
        none_before = *from == 0;
        if (!none_before) --*from;
    }
    if (cut->at_high == 0 || *to < cut->before_high + cut->at_high) {
        none_after = *to == cut->all;
        if (!none_after) ++*to;
    }
    window->no_first_bound = window->backwards ? none_after : none_before;
    window->no_last_bound = window->backwards ? none_before : none_after;
}

bool history_find(const struct history_series *series, const struct history_range *range,
                  struct history_window *ret_window) {
    bool from_start = range->start_ns != 0, to_end = range->end_ns != 0;
    if (from_start + to_end + (range->max > 0) < 2) return false;
    bool backwards = !from_start || (to_end && range->start_ns > range->end_ns);
    struct cut cut = {.low_ns = backwards ? range->end_ns : range->start_ns,
                      .high_ns = backwards ? range->start_ns : range->end_ns};
    if (!from_start) cut = (struct cut){.low_ns = INT64_MIN, .high_ns = range->end_ns};
    if (!to_end) cut.high_ns = INT64_MAX;
    history_walk(series, 0, SIZE_MAX, count_sample, &cut);
    size_t from, to;
    place(&cut, backwards, &from, &to);
    *ret_window = (struct history_window){.backwards = backwards};
    if (range->bounds && from_start && to_end) add_bounds(&cut, ret_window, &from, &to);
    ret_window->first = from;
    ret_window->count = to - from;
    return true;
}
