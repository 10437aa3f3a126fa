// Symbols of process plants, at rest: an empty vessel, values that nobody has measured yet. As
// console/symbols-process.js.

#include "picture.h"

#include <math.h>

/// A tank behind the modules of its thing.
void put_vessel(struct buffer *out, const struct plant_element *thing, struct box box) {
    const double top = 40, left = 100, room = box.height - top - 14, span = box.width - left - 14;
    buffer_string(out, "<g class=\"vessel\"><clipPath id=\"clip-");
    markup_text(out, thing->name);
    buffer_string(out, "\"><rect");
    put_numbers(out, "x y width height", left, top, span, room);
    buffer_string(out, " rx=\"26\"/></clipPath><g clip-path=\"url(#clip-");
    markup_text(out, thing->name);
    buffer_string(out, ")\">");
    put_rect(out, "liquid", left, top + room, span, 0);
    buffer_string(out, "</g>");
    put_round_rect(out, "wall", left, top, span, room, 26);
    buffer_string(out, "</g>");
}

static void put_value(struct buffer *out, struct box box) {
    buffer_print(out, "<text class=\"value\" x=\"%.10g\" y=\"%.10g\" text-anchor=\"middle\"/>", box.width / 2,
                 box.height / 2 + 5);
}

void put_analog_sensor(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    buffer_string(out, "<g class=\"gauge\">");
    put_body(out, box, 3);
    put_rect(out, "bar", 0, box.height - 5, 0, 5);
    put_value(out, box);
    buffer_string(out, "</g>");
}

/// Two triangles that meet.
static void put_bow_tie(struct buffer *out, struct box box) {
    put_path(out, "body", "M2,4 L%.10g,%.10g V4 L2,%.10gz", box.width - 2, box.height - 4, box.height - 4);
}

void put_valve(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    buffer_string(out, "<g class=\"fitting\">");
    put_bow_tie(out, box);
    buffer_string(out, "</g>");
}

void put_control_valve(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    buffer_string(out, "<g class=\"fitting\">");
    put_bow_tie(out, box);
    put_circle(out, "body", box.width / 2, box.height / 2, 7);
    buffer_string(out, "</g>");
}

void put_pump(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    double r = fmin(box.width, box.height) / 2 - 2;
    buffer_print(out, "<g class=\"fitting\" transform=\"translate(%.10g,%.10g)\">", box.width / 2, box.height / 2);
    buffer_print(out, "<circle class=\"body\" r=\"%.10g\"/>", r);
    put_path(out, "blade", "M%.10g,%.10g L%.10g,0 L%.10g,%.10g", -r * 0.5, -r * 0.8, r, -r * 0.5, r * 0.8);
    buffer_string(out, "</g>");
}

void put_controller(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    buffer_string(out, "<g class=\"gauge\">");
    put_body(out, box, box.height / 2);
    put_value(out, box);
    buffer_string(out, "</g>");
}
