/// What the variables were during the last hour: raw values with quality and source time, packed, in bounded memory.
///
/// A sample takes 3 to 13 bytes, a text its length more. When the memory is used up, the variable that has most gives
/// up its oldest values. Pure: time comes with the values.
#pragma once

#include <opcua/node.h>

#include <stddef.h>

#define HISTORY_SPAN_NS (INT64_C(3600) * 1000 * 1000 * 1000)

struct history;
struct history_series; // of one variable; freed with the history

struct history *history_create(void);          // NULL when out of memory
void history_destroy(struct history *history); // NULL is fine
/// Room for `bytes` more: each variable brings its share.
void history_grow(struct history *history, size_t bytes);
size_t history_bytes(const struct history *history); // in use

struct history_series *history_add(struct history *history, enum value_type type); // NULL when out of memory
/// A new value, in the order of arrival. Without memory the value is not kept.
void history_record(struct history_series *series, const struct opcua_data *data);

/// OPC 10000-11, 6.4.3 (ReadRaw). Times in ns; 0: not given. At least two of start, end and `max` are.
struct history_range {
    int64_t start_ns, end_ns; // start after end, or no start: backwards in time
    size_t max;               // values; 0: no limit of the client's
    bool bounds;              // also the value before the first and after the last instant
};
/// Which samples of a series a range means, by their number from the oldest.
struct history_window {
    size_t first, count; // in the order of time
    bool backwards;
    bool no_first_bound, no_last_bound; // asked for, but there is no such value: in the order of the answer
};
/// False when too little is given.
bool history_find(const struct history_series *series, const struct history_range *range,
                  struct history_window *ret_window);

/// Calls `each` for the samples [first, first + count) in the order of time. The data are borrowed during the call.
typedef void history_fn(void *context, const struct opcua_data *data);
void history_walk(const struct history_series *series, size_t first, size_t count, history_fn *each, void *context);
