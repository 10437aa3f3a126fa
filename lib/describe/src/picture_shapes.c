#include "picture.h"

#include <stdarg.h>
#include <stdio.h>

struct box box_of(const struct plant_element *element) {
    return (struct box){
        .x = plant_number(element, TEXT("Hmi/X"), 0),
        .y = plant_number(element, TEXT("Hmi/Y"), 0),
        .width = plant_number(element, TEXT("Hmi/Width"), 0),
        .height = plant_number(element, TEXT("Hmi/Height"), 0),
        .rotation = plant_number(element, TEXT("Hmi/Rotation"), 0),
    };
}

void put_numbers(struct buffer *out, const char *names, ...) {
    va_list numbers;
    va_start(numbers, names);
    struct text rest = text_of(names), name;
    while (text_split(&rest, ' ', &name)) buffer_print(out, " %.*s=\"%.10g\"", TEXT_ARG(name), va_arg(numbers, double));
    va_end(numbers);
}

static void open_shape(struct buffer *out, const char *tag, const char *class) {
    buffer_print(out, "<%s class=\"%s\"", tag, class);
}

void put_rect(struct buffer *out, const char *class, double x, double y, double width, double height) {
    open_shape(out, "rect", class);
    put_numbers(out, "x y width height", x, y, width, height);
    buffer_string(out, "/>");
}

void put_round_rect(struct buffer *out, const char *class, double x, double y, double width, double height, double rx) {
    open_shape(out, "rect", class);
    put_numbers(out, "x y width height rx", x, y, width, height, rx);
    buffer_string(out, "/>");
}

void put_body(struct buffer *out, struct box box, double rx) {
    open_shape(out, "rect", "body");
    put_numbers(out, "width height rx", box.width, box.height, rx);
    buffer_string(out, "/>");
}

void put_circle(struct buffer *out, const char *class, double cx, double cy, double r) {
    open_shape(out, "circle", class);
    put_numbers(out, "cx cy r", cx, cy, r);
    buffer_string(out, "/>");
}

void put_line(struct buffer *out, const char *class, double x1, double x2, double y1, double y2) {
    open_shape(out, "line", class);
    put_numbers(out, "x1 x2 y1 y2", x1, x2, y1, y2);
    buffer_string(out, "/>");
}

void put_path(struct buffer *out, const char *class, const char *format, ...) {
    open_shape(out, "path", class);
    buffer_string(out, " d=\"");
    va_list numbers;
    va_start(numbers, format);
    buffer_vprint(out, format, numbers);
    va_end(numbers);
    buffer_string(out, "\"/>");
}

void put_words(struct buffer *out, const char *class, double x, double y, const char *anchor, struct text text) {
    open_shape(out, "text", class);
    put_numbers(out, "x y", x, y);
    if (anchor != NULL) buffer_print(out, " text-anchor=\"%s\"", anchor);
    buffer_byte(out, '>');
    markup_text(out, text);
    buffer_string(out, "</text>");
}
