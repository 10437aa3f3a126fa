/// One wire of the plant: a bit or a number in the process image.
#pragma once

#include <io/image.h>
#include <model/model.h>

/// `fitted` is false where the module has no such signal.
struct wire {
    bool fitted, inverted;
    struct io_place place;
};
bool wire_on(struct wire wire, const uint8_t *outputs);
void wire_set(struct wire wire, bool on, uint8_t *inputs);
struct wire wire_of_signal(const struct plant_signal *signal);
struct wire wire_of(const struct plant_element *element, const char *signal);

/// A number as the plant model scales it: raw counts in the image.
struct analog {
    bool fitted;
    struct io_place place;
    enum plant_encoding encoding;
    double factor, offset; // value = raw * factor + offset
    double low, high;      // of the value; infinite: none
};
struct analog analog_of_signal(const struct plant_signal *signal);
double analog_value(const struct analog *analog, const uint8_t *outputs);
double analog_share(const struct analog *analog, const uint8_t *outputs); // 0 at its low end, 1 at its high end
void analog_set(const struct analog *analog, double value, uint8_t *inputs);
