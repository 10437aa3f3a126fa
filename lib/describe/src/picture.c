// Frames, symbols in their places, names beside them. As console/picture.js.

#include "picture.h"

#include "formats.h"

#include <math.h>
#include <picture_files.h>
#include <stdlib.h>
#include <string.h>

struct text picture_style(void) {
    return (struct text){(const char *)picture_files[0].data, picture_files[0].length};
}

// ---------------------------------------------------------------- names

enum side { BELOW, ABOVE, LEFT, RIGHT, SIDES };

/// Where a name stands, clear of the box as it is turned.
struct label {
    enum side side;
    double x, y;
    const char *anchor;
};

static enum side side_of(const struct plant_element *module, bool upright) {
    static const char *const names[SIDES] = {[BELOW] = "below", [ABOVE] = "above", [LEFT] = "left", [RIGHT] = "right"};
    struct text written = plant_attribute(module, TEXT("Hmi/Label"));
    for (enum side side = BELOW; side < SIDES; side++)
        if (text_is(written, names[side])) return side;
    return upright ? BELOW : RIGHT;
}

static struct label label_of(const struct plant_element *module, struct box box) {
    bool upright = fmod(box.rotation, 180) == 0;
    double half_width = (upright ? box.width : box.height) / 2, half_height = (upright ? box.height : box.width) / 2;
    double x = box.width / 2, y = box.height / 2;
    enum side side = side_of(module, upright);
    switch (side) {
    case ABOVE: return (struct label){side, x, y - half_height - 8, "middle"};
    case LEFT: return (struct label){side, x - half_width - 6, y + 5, "end"};
    case RIGHT: return (struct label){side, x + half_width + 8, y + 5, "start"};
    case BELOW:
    case SIDES: break;
    }
    return (struct label){BELOW, x, y + half_height + 18, "middle"};
}

/// UTF-16 units, as the page counts them.
static size_t length_of(struct text text) {
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        length += (byte & 0xC0) != 0x80;
        length += byte >= 0xF0;
    }
    return length;
}

/// One line or two, broken at the space that makes them most even; returns how many.
static size_t wrap(struct text text, struct text lines[static 2]) {
    enum { SHORT = 12 };
    size_t best = SIZE_MAX;
    lines[0] = text;
    for (size_t i = 0; length_of(text) > SHORT && i < text.length; i++) {
        if (text.data[i] != ' ') continue;
        struct text before = {text.data, i}, behind = text_from(text, i + 1);
        size_t one = length_of(before), other = length_of(behind), longest = one > other ? one : other;
        if (longest >= best) continue;
        best = longest;
        lines[0] = before;
        lines[1] = behind;
    }
    return best == SIZE_MAX ? 1 : 2;
}

static struct text before_colon(struct text text) {
    struct text rest = text, first = TEXT_EMPTY;
    text_split(&rest, ':', &first);
    return first;
}

// ---------------------------------------------------------------- modules

static void put_mark(struct buffer *out, double x, double y) {
    buffer_print(out, "<g class=\"mark\" transform=\"translate(%.10g,%.10g)\">", x, y);
    put_path(out, "triangle", "M0,-12 12,10 -12,10z");
    put_path(out, "octagon", "M-4.6,-11 4.6,-11 11,-4.6 11,4.6 4.6,11 -4.6,11 -11,4.6 -11,-4.6z");
    put_words(out, "sign", 0, 7, "middle", TEXT("!"));
    buffer_string(out, "</g>");
}

static void put_title(struct buffer *out, const struct plant_element *module) {
    struct text designation = plant_attribute(module, TEXT("Bmk"));
    buffer_string(out, "<title>");
    markup_text(out, module->display_name);
    if (designation.length > 0) {
        buffer_string(out, " (");
        markup_text(out, designation);
        buffer_byte(out, ')');
    }
    buffer_string(out, "</title>");
}

static void put_turned(struct buffer *out, const struct plant_element *module, struct box box) {
    buffer_string(out, "<g");
    if (box.rotation != 0)
        buffer_print(out, " transform=\"rotate(%.10g,%.10g,%.10g)\"", box.rotation, box.width / 2, box.height / 2);
    buffer_byte(out, '>');
    put_module_symbol(out, module);
    buffer_string(out, "</g>");
}

/// The name, and below it the place for what is abnormal.
static void put_label(struct buffer *out, const struct plant_element *module, struct box box) {
    static const double raise[SIDES] = {[BELOW] = 0, [ABOVE] = 16, [LEFT] = 8, [RIGHT] = 8};
    struct label label = label_of(module, box);
    struct text lines[2];
    size_t count = wrap(before_colon(module->display_name), lines);
    double top = label.y - raise[label.side] * (double)(count - 1), below = top + (double)count * 16;
    buffer_string(out, "<g class=\"label\">");
    for (size_t i = 0; i < count; i++) {
        buffer_string(out, "<text");
        put_numbers(out, "x y", label.x, top + (double)i * 16);
        buffer_print(out, " text-anchor=\"%s\">", label.anchor);
        markup_text(out, lines[i]);
        buffer_string(out, "</text>");
    }
    buffer_string(out, "</g>");
    if (text_is(module->role, "Switch")) put_words(out, "value", label.x, below, label.anchor, TEXT_EMPTY);
    bool across = fmod(box.rotation, 180) != 0, on_symbol = label.side == ABOVE || across;
    double aside = strcmp(label.anchor, "middle") == 0 ? -16 : strcmp(label.anchor, "start") == 0 ? 12 : -50;
    double x = on_symbol ? box.width / 2 : label.x + aside;
    double y = on_symbol ? box.height / 2 - (across ? box.width / 4 : 0) : below + 3;
    put_mark(out, x, y);
    put_words(out, "sign-word", x + 17, y + 5, NULL, TEXT_EMPTY);
}

static void put_module(struct buffer *out, const struct plant_element *thing, const struct plant_element *module) {
    struct box frame = box_of(thing), box = box_of(module);
    buffer_string(out, "<g class=\"module\" id=\"module-");
    markup_text(out, thing->name);
    buffer_byte(out, '-');
    markup_text(out, module->name);
    buffer_print(out, "\" transform=\"translate(%.10g,%.10g)\">", frame.x + box.x, frame.y + box.y);
    put_title(out, module);
    put_round_rect(out, "bad-frame", -4, -4, box.width + 8, box.height + 8, 4);
    put_turned(out, module, box);
    put_label(out, module, box);
    put_words(out, "bad-sign", box.width / 2, -9, "middle", TEXT("?"));
    buffer_string(out, "</g>\n");
}

// ---------------------------------------------------------------- things

static void put_frame(struct buffer *out, const struct plant_element *thing) {
    struct box box = box_of(thing);
    bool belt = text_is(plant_attribute(thing, TEXT("Hmi/Symbol")), "belt");
    buffer_string(out, "<g class=\"frame\" id=\"thing-");
    markup_text(out, thing->name);
    buffer_print(out, "\" transform=\"translate(%.10g,%.10g)\"><rect class=\"ground\"", box.x, box.y);
    put_numbers(out, "width height rx", box.width, box.height, 4.0);
    buffer_string(out, "/><rect class=\"veil\"");
    put_numbers(out, "width height", box.width, box.height);
    buffer_string(out, " fill=\"url(#hatch)\"/>");
    put_words(out, "title", 14, belt ? box.height - 12 : 24, NULL, thing->display_name);
    buffer_string(out, "</g>\n");
}

static void put_thing(struct buffer *out, const struct plant_element *thing) {
    struct box box = box_of(thing);
    buffer_print(out, "<g transform=\"translate(%.10g,%.10g)\" class=\"thing\">", box.x, box.y);
    put_thing_symbol(out, thing);
    buffer_string(out, "</g>\n");
}

static bool is_drawn(const struct plant_element *element) {
    return element->kind == PLANT_THING && plant_attribute(element, TEXT("Hmi/Symbol")).length > 0 &&
           box_of(element).width > 0;
}

/// Large frames first, so that a frame inside another stays visible; of one size in the order of the model.
static size_t largest_left(const struct plant *plant, const bool *done) {
    size_t found = plant->element_count;
    double largest = -1;
    for (size_t i = 0; i < plant->element_count; i++) {
        if (done[i] || !is_drawn(plant->elements[i])) continue;
        struct box box = box_of(plant->elements[i]);
        if (box.width * box.height <= largest) continue;
        largest = box.width * box.height;
        found = i;
    }
    return found;
}

static void put_frames(struct buffer *out, const struct plant *plant) {
    CLEANUP(free_at) bool *done = calloc(plant->element_count, sizeof *done);
    if (done == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i; (i = largest_left(plant, done)) < plant->element_count;) {
        put_frame(out, plant->elements[i]);
        done[i] = true;
    }
}

static void put_modules(struct buffer *out, const struct plant_element *thing) {
    for (size_t i = 0; i < thing->child_count; i++)
        if (thing->children[i]->kind == PLANT_CORE_MODULE) put_module(out, thing, thing->children[i]);
}

void picture_put(struct buffer *out, const struct plant *plant, bool style) {
    struct box box = box_of(plant->station);
    buffer_print(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.10g %.10g\" role=\"img\"", box.width,
                 box.height);
    markup_attribute(out, "aria-label", plant->station->display_name);
    buffer_string(out, ">\n");
    if (style) {
        buffer_string(out, "<style>");
        markup_text(out, TEXT("svg { font-family: \"Segoe UI\", \"DejaVu Sans\", sans-serif; background: #dfe2e4; } "));
        buffer_text(out, picture_style()); // ours: neither `<` nor `&` in it
        buffer_string(out, "</style>\n");
    }
    buffer_string(out, "<defs><pattern id=\"hatch\" width=\"12\" height=\"12\" patternUnits=\"userSpaceOnUse\" "
                       "patternTransform=\"rotate(45)\">");
    put_line(out, "hatch", 0, 0, 0, 12);
    buffer_string(out, "</pattern></defs>\n");
    put_frames(out, plant);
    for (size_t i = 0; i < plant->element_count; i++)
        if (is_drawn(plant->elements[i])) put_thing(out, plant->elements[i]);
    for (size_t i = 0; i < plant->element_count; i++)
        if (is_drawn(plant->elements[i])) put_modules(out, plant->elements[i]);
    buffer_string(out, "</svg>\n");
}

enum error svg_write(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                     struct problem *ret_problem) {
    (void)options;
    struct box box = box_of(plant->station);
    if (box.width <= 0 || box.height <= 0)
        return problem_say(
            ret_problem, ERROR_UNSUPPORTED,
            "the station has no picture; give it Hmi/Width and Hmi/Height, and things a Symbol and a place");
    buffer_string(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    picture_put(out, plant, true);
    return written(out, ret_problem);
}
