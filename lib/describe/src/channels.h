/// The channels of a plant as an electrician goes by them.
#pragma once

#include <model/model.h>

/// All of them, inputs before outputs, as they lie in the image; the list is for the caller to free. NULL: memory.
const struct plant_channel **channels_in_order(const struct plant *plant, size_t *ret_count);
