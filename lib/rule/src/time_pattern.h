/// Times by patterns of Joda-Time, as parse_time() and time_to_epoch() take them: yyyy MM dd HH mm ss SSS, 'text in
/// quotes', Z for the zone's offset; signs stand for themselves.
#pragma once

#include <base/buffer.h>

/// `zone`: "UTC", "Z", or an offset, "+02:00". False for another zone or pattern.
bool time_pattern_write(struct text pattern, int64_t time_ms, struct text zone, struct buffer *out);
bool time_pattern_read(struct text pattern, struct text text, int64_t *ret_time_ms);
