/// The channels of a plant as an electrician goes by them.
#pragma once

#include <model/model.h>

/// All of them, inputs before outputs, as they lie in the image; the list is for the caller to free. NULL: memory.
const struct plant_channel **channels_in_order(const struct plant *plant, size_t *ret_count);

/// The safe state of an output as the model says it: "false", "true", "hold", or its number; returns `text`.
enum { SAFE_STATE_BYTES = 48 };
const char *safe_state_text(const struct plant_signal *signal, char text[static SAFE_STATE_BYTES]);
