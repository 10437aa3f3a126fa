/// What a scan knows between two cycles, besides what the plant model and the pin map give: what a recording begins
/// with that was not there from the first scan on. One description for writing and reading, so that both are the same.
#pragma once

#include "format.h"

/// So many bytes at most.
size_t state_bytes(const struct scan *scan);
/// Between two scans; changes nothing. False when there is no room.
bool state_save(struct scan *scan, struct sink *sink);
/// Into a scan of the same plant that has not begun yet. False when the bytes do not fit it.
bool state_load(struct scan *scan, struct source *source);
