// What fills the frame of a thing: belt, magazine, slide, the values of the controller. As console/symbols.js.

#include "picture.h"

#include <ctype.h>
#include <math.h>

static const struct plant_element *module_with_role(const struct plant_element *thing, const char *role) {
    for (size_t i = 0; i < thing->child_count; i++)
        if (text_is(thing->children[i]->role, role)) return thing->children[i];
    return NULL;
}

enum { CAPACITY_MAX = 500 }; // slots of more would be thinner than a line

/// How many workpieces it holds ([http-5.2]).
static double capacity_of(const struct plant_element *thing) {
    double capacity = plant_number(thing, TEXT("Sim/SlideCapacity"), 0);
    struct text stock = plant_attribute(thing, TEXT("Sim/Stock"));
    for (struct text piece; text_split(&stock, ',', &piece);) capacity++;
    return fmin(capacity, CAPACITY_MAX);
}

/// A band from left to right in the upper part of the frame, with chevrons.
static void put_belt(struct buffer *out, const struct plant_element *thing, struct box box) {
    const double top = 16, band = 60, pitch = 44;
    buffer_string(out, "<g class=\"belt\"><clipPath id=\"clip-");
    markup_text(out, thing->name);
    buffer_string(out, "\"><rect");
    put_numbers(out, "x y width height", 24.0, top, box.width - 48, band);
    buffer_string(out, "/></clipPath>");
    put_round_rect(out, "band", 20, top, box.width - 40, band, band / 2);
    buffer_string(out, "<g clip-path=\"url(#clip-");
    markup_text(out, thing->name);
    buffer_string(out, ")\"><g class=\"flow\"><g class=\"chevrons\">");
    for (int i = -1; i * pitch < box.width - 40 + pitch; i++) {
        double x = i * pitch;
        buffer_print(out, "<path d=\"M%.10g,%.10g l14,%.10g l-14,%.10g\"/>", x, top + 10, band / 2 - 10, band / 2 - 10);
    }
    buffer_string(out, "</g></g></g></g>");
}

static void put_magazine(struct buffer *out, const struct plant_element *thing, struct box box) {
    double capacity = capacity_of(thing);
    double pitch = fmin(18, (box.height - 64) / fmax(capacity, 1));
    double x = box.width - 80, bottom = box.height - 16, brim = bottom - capacity * pitch - 8;
    buffer_string(out, "<g class=\"magazine\">");
    put_path(out, "wall", "M%.10g,%.10g V%.10g H%.10g V%.10g", x, brim, bottom, x + 60, brim);
    for (int i = 0; i < capacity; i++) put_rect(out, "slot", x + 5, bottom - (i + 1) * pitch + 2, 50, pitch - 3);
    buffer_string(out, "</g>");
}

/// A chute below the belt, in line with the cylinder that pushes onto it.
static void put_slide(struct buffer *out, const struct plant_element *thing, struct box box) {
    const struct plant_element *cylinder = module_with_role(thing, "PneumaticCylinder");
    struct box pusher = cylinder == NULL ? (struct box){.x = 60} : box_of(cylinder);
    double middle = pusher.x + pusher.width / 2, top = box.height * 0.62, bottom = box.height - 14;
    double capacity = capacity_of(thing), pitch = (bottom - top - 6) / fmax(capacity, 1);
    buffer_string(out, "<g class=\"slide\">");
    put_path(out, "wall", "M%.10g,%.10g V%.10g H%.10g V%.10g", middle - 27, top, bottom, middle + 27, top);
    for (int i = 0; i < capacity; i++)
        put_rect(out, "slot", middle - 20, bottom - 4 - (i + 1) * pitch + 3, 40, pitch - 4);
    buffer_string(out, "</g>");
}

/// "ScanTimeMax" reads "scan time max".
static void put_phrase(struct text name, struct buffer *out) {
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        bool begins = i > 0 && isupper(byte) && islower((unsigned char)name.data[i - 1]);
        bool in_word = i + 1 < name.length && islower((unsigned char)name.data[i + 1]);
        if (begins) buffer_byte(out, ' ');
        buffer_byte(out, (char)(begins && in_word ? tolower(byte) : byte));
    }
}

/// A text that is a sentence, as the cause of a fault: it needs a row of its own.
static bool is_listed(const struct plant_field *field, bool sentences) {
    bool is_word = text_is(field->name, "State") || text_is(field->name, "Start");
    return !is_statistic(field) && (field->type == VALUE_STRING && !is_word) == sentences;
}

static size_t count_variables(const struct plant_class *const *chain, size_t depth, bool sentences) {
    size_t count = 0;
    for (size_t c = 0; c < depth; c++)
        for (size_t i = 0; i < chain[c]->variable_count; i++) count += is_listed(&chain[c]->variables[i], sentences);
    return count;
}

/// In columns of `rows`, from `first_row` on.
struct grid {
    size_t rows, first_row;
    double column; // its width
};

static void put_grid(struct buffer *out, const struct plant_class *const *chain, size_t depth, bool sentences,
                     struct grid grid) {
    size_t at = 0;
    for (size_t c = 0; c < depth; c++) {
        for (size_t i = 0; i < chain[c]->variable_count; i++) {
            if (!is_listed(&chain[c]->variables[i], sentences)) continue;
            CLEANUP(buffer_clear) struct buffer words = {0};
            put_phrase(chain[c]->variables[i].name, &words);
            size_t column = at / grid.rows;
            double x = 20 + (double)column * grid.column;
            double y = 56 + (double)(grid.first_row + at % grid.rows) * 26;
            put_words(out, "key", x, y, NULL, buffer_view(&words));
            put_words(out, "value", x + 128, y, NULL, TEXT_EMPTY);
            at++;
        }
    }
}

/// Rows of the variables of a thing, in columns; sentences have a row of their own, at the bottom.
static void put_variables(struct buffer *out, const struct plant_element *thing, struct box box) {
    const struct plant_class *chain[CHAIN_MAX];
    size_t depth = class_chain(thing->class, chain);
    size_t sentences = count_variables(chain, depth, true), count = count_variables(chain, depth, false);
    double rows = fmax(1, floor((box.height - 34) / 26) - (double)sentences);
    double columns = fmax(1, ceil((double)count / rows));
    buffer_string(out, "<g class=\"variables\">");
    put_grid(out, chain, depth, false, (struct grid){(size_t)rows, 0, (box.width - 20) / columns});
    put_grid(out, chain, depth, true, (struct grid){sentences + 1, (size_t)rows, 0});
    buffer_string(out, "</g>");
}

void put_thing_symbol(struct buffer *out, const struct plant_element *thing) {
    static const struct {
        const char *symbol;
        void (*put)(struct buffer *out, const struct plant_element *thing, struct box box);
    } symbols[] = {{"belt", put_belt},
                   {"magazine", put_magazine},
                   {"slide", put_slide},
                   {"vessel", put_vessel},
                   {"plc", put_variables}};
    struct text symbol = plant_attribute(thing, TEXT("Hmi/Symbol"));
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
        if (text_is(symbol, symbols[i].symbol)) return symbols[i].put(out, thing, box_of(thing));
    buffer_string(out, "<g/>");
}
