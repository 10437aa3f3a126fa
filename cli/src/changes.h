/// What changed in a twin, as lines for people. Pure.
#pragma once

#include <base/buffer.h>
#include <json/json.h>

/// One line per leaf that differs between `previous` and `current` of a documents event (AWS Device Shadow):
/// "<prefix>mps_conveyor  reported/motor/direction/left/state  false -> true". `shadow` empty: the classic one, else
/// its name stands behind the thing's. Nothing when `previous` is absent or null: that is a beginning, not a change.
void changes_print(struct text prefix, struct text thing, struct text shadow, const struct json *documents,
                   struct buffer *out);
