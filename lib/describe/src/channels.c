#include "channels.h"

#include <stdio.h>
#include <stdlib.h>

/// Inputs before outputs; then as they lie in the image.
static int compare(const void *a, const void *b) {
    const struct plant_channel *one = *(const struct plant_channel *const *)a;
    const struct plant_channel *other = *(const struct plant_channel *const *)b;
    if (one->output != other->output) return one->output ? 1 : -1;
    if (one->byte != other->byte) return one->byte < other->byte ? -1 : 1;
    return (int)one->bit - (int)other->bit;
}

static size_t count_channels(const struct plant *plant) {
    size_t count = 0;
    for (size_t i = 0; i < plant->element_count; i++) count += plant->elements[i]->channel_count;
    return count;
}

const struct plant_channel **channels_in_order(const struct plant *plant, size_t *ret_count) {
    size_t count = count_channels(plant), at = 0;
    const struct plant_channel **channels = calloc(count + 1, sizeof(struct plant_channel *));
    if (channels == NULL) return NULL;
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        for (size_t c = 0; c < element->channel_count; c++) channels[at++] = element->channels[c];
    }
    qsort(channels, count, sizeof *channels, compare);
    *ret_count = count;
    return channels;
}

const char *safe_state_text(const struct plant_signal *signal, char text[static SAFE_STATE_BYTES]) {
    static const char *const names[] = {[SAFE_FALSE] = "false", [SAFE_TRUE] = "true", [SAFE_HOLD] = "hold"};
    bool is_number = signal->field.type != VALUE_BOOL && signal->safe_state != SAFE_HOLD;
    if (is_number)
        snprintf(text, SAFE_STATE_BYTES, "%g", signal->safe_value);
    else
        snprintf(text, SAFE_STATE_BYTES, "%s", names[signal->safe_state]);
    return text;
}
