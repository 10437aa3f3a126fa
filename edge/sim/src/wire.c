#include "wire.h"

#include <math.h>
#include <scan/point.h>

bool wire_on(struct wire wire, const uint8_t *outputs) {
    return wire.fitted && io_bit(outputs, wire.place) != wire.inverted;
}

void wire_set(struct wire wire, bool on, uint8_t *inputs) {
    if (wire.fitted) io_set_bit(inputs, wire.place, on != wire.inverted);
}

struct wire wire_of_signal(const struct plant_signal *signal) {
    return (struct wire){
        .fitted = true, .inverted = signal->inverted, .place = {signal->channel->byte, signal->channel->bit, 1}};
}

struct wire wire_of(const struct plant_element *element, const char *signal) {
    for (size_t i = 0; i < element->signal_count; i++) {
        const struct plant_signal *found = element->signals[i];
        if (text_is(found->name, signal) && found->field.type == VALUE_BOOL) return wire_of_signal(found);
    }
    return (struct wire){0};
}

_Static_assert((int)ENCODING_SIGNED == (int)SCAN_SIGNED && (int)ENCODING_FLOAT == (int)SCAN_FLOAT,
               "model and scan count encodings alike");

struct analog analog_of_signal(const struct plant_signal *signal) {
    const struct plant_channel *channel = signal->channel;
    const struct plant_scaling *scaling = &signal->scaling;
    struct analog analog = {
        .fitted = true,
        .place = {channel->byte, channel->bit, (uint8_t)channel->bits},
        .encoding = channel->encoding,
        .factor = 1,
        .low = signal->field.range.low,
        .high = signal->field.range.high,
    };
    if (!scaling->given) return analog;
    analog.factor = (analog.high - analog.low) / (scaling->raw_high - scaling->raw_low);
    analog.offset = analog.low - scaling->raw_low * analog.factor;
    return analog;
}

double analog_value(const struct analog *analog, const uint8_t *outputs) {
    double raw = scan_decode(outputs, analog->place, (enum scan_encoding)analog->encoding);
    return isfinite(raw) ? raw * analog->factor + analog->offset : 0;
}

double analog_share(const struct analog *analog, const uint8_t *outputs) {
    double low = isfinite(analog->low) ? analog->low : 0, high = isfinite(analog->high) ? analog->high : 100;
    double share = (analog_value(analog, outputs) - low) / (high - low);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

void analog_set(const struct analog *analog, double value, uint8_t *inputs) {
    if (!analog->fitted) return;
    scan_encode(inputs, analog->place, (enum scan_encoding)analog->encoding, (value - analog->offset) / analog->factor);
}
