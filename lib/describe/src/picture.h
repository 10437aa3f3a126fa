/// The picture of the console, drawn at rest. The rules are those of console/picture.js and console/symbols.js, drawn
/// with the same classes, so that console/picture/picture.css colours both; a browser test holds one against the other,
/// shape by shape. picture.c draws frames and labels, symbols_things.c and symbols_modules.c what is in them.
#pragma once

#include "inventory.h"
#include "markup.h"

/// Where something stands and how large it is, in px.
struct box {
    double x, y, width, height, rotation;
};
struct box box_of(const struct plant_element *element);

/// ` name="1.5"`, one for each letter-separated name: put_numbers(out, "x y", 1, 2). As many numbers as names.
void put_numbers(struct buffer *out, const char *names, ...);
/// `<rect class="CLASS" x="..."/>`
void put_rect(struct buffer *out, const char *class, double x, double y, double width, double height);
void put_round_rect(struct buffer *out, const char *class, double x, double y, double width, double height, double rx);
void put_body(struct buffer *out, struct box box, double rx); // of the class "body", the whole box
void put_circle(struct buffer *out, const char *class, double cx, double cy, double r);
void put_line(struct buffer *out, const char *class, double x1, double x2, double y1, double y2);
/// `<path class="CLASS" d="..."/>`
void put_path(struct buffer *out, const char *class, const char *format, ...) __attribute__((format(printf, 3, 4)));
void put_words(struct buffer *out, const char *class, double x, double y, const char *anchor, struct text text);

/// What fills the frame of a thing, by its `Symbol`.
void put_thing_symbol(struct buffer *out, const struct plant_element *thing);
/// A core module in a box of its size, by its `Symbol`.
void put_module_symbol(struct buffer *out, const struct plant_element *module);

/// The whole picture as one <svg> element; `style`: with its style sheet, to stand alone.
void picture_put(struct buffer *out, const struct plant *plant, bool style);
/// The style sheet.
struct text picture_style(void);

/// symbols_process.c
void put_vessel(struct buffer *out, const struct plant_element *thing, struct box box);
void put_analog_sensor(struct buffer *out, const struct plant_element *module, struct box box);
void put_valve(struct buffer *out, const struct plant_element *module, struct box box);
void put_control_valve(struct buffer *out, const struct plant_element *module, struct box box);
void put_pump(struct buffer *out, const struct plant_element *module, struct box box);
void put_controller(struct buffer *out, const struct plant_element *module, struct box box);
