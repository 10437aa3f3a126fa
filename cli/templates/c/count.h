/// The part that can be tested without a plant.
#pragma once

#include <json/json.h>

/// What the twin is to report after one more event: {"events":n}. `reported` is what it reports now; may be absent.
void count_next(const struct json *reported, struct buffer *out);
