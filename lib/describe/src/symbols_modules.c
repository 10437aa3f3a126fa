// Symbols of core modules, at rest. As console/symbols.js.

#include "picture.h"

#include <math.h>

static void open_middle(struct buffer *out, const char *class, struct box box) {
    buffer_print(out, "<g class=\"%s\" transform=\"translate(%.10g,%.10g)\">", class, box.width / 2, box.height / 2);
}

/// The body takes the left part of the box, the rod would reach the right end.
static void put_cylinder(struct buffer *out, const struct plant_element *module, struct box box) {
    double body = box.width * 0.57, stroke = box.width - body - 8;
    CLEANUP(buffer_clear) struct buffer clip = {0};
    buffer_print(&clip, "clip-%.*s-%.*s", TEXT_ARG(module->thing->name), TEXT_ARG(module->name));
    buffer_string(out, "<g class=\"cylinder\"><clipPath id=\"");
    markup_text(out, buffer_view(&clip));
    buffer_string(out, "\"><rect");
    put_numbers(out, "x y width height", body, -2.0, box.width - body + 2, box.height + 4);
    buffer_string(out, "/></clipPath><g clip-path=\"url(#");
    markup_text(out, buffer_view(&clip));
    buffer_string(out, ")\"><g class=\"rod\">");
    put_rect(out, "steel", body - stroke, box.height / 2 - 4, stroke, 8);
    put_rect(out, "plate", body, 3, 8, box.height - 6);
    buffer_string(out, "</g></g>");
    put_round_rect(out, "body", 0, 0, body, box.height, 3);
    put_line(out, "piston", body * 0.5, body * 0.5, 4, box.height - 14);
    for (int i = 0; i < 2; i++) put_rect(out, "valve", 8 + i * (body - 28), box.height - 11, 12, 7);
    buffer_string(out, "</g>");
}

static void put_motor(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    double r = fmin(box.width, box.height) / 2 - 2;
    open_middle(out, "motor", box);
    buffer_print(
        out, "<circle class=\"body\" r=\"%.10g\"/><text class=\"letter\" y=\"-1\" text-anchor=\"middle\">M</text><g>",
        r);
    put_path(out, "arrow hidden", "M%.10g,%.10g h%.10g v%.10g l%.10g,%.10g l%.10g,%.10g v%.10g h%.10gz", -r * 0.5,
             r * 0.42, r * 0.55, r * 0.2, r * 0.45, -r * 0.32, -r * 0.45, -r * 0.32, r * 0.2, -r * 0.55);
    buffer_string(out, "</g></g>");
}

static void put_light_barrier(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    double middle = box.width / 2;
    buffer_string(out, "<g class=\"sensor\">");
    put_round_rect(out, "body", middle - 11, 0, 22, 12, 2);
    put_line(out, "beam", middle, middle, 12, box.height - 8);
    put_circle(out, "spot", middle, box.height - 8, 7);
    buffer_string(out, "</g>");
}

static void put_material_sensor(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    double middle = box.width / 2;
    buffer_string(out, "<g class=\"sensor\">");
    put_path(out, "body", "M%.10g,0 h22 v%.10g l-11,9 l-11,-9z", middle - 11, box.height - 22);
    put_circle(out, "spot", middle, box.height - 8, 7);
    buffer_string(out, "</g>");
}

static const struct plant_element *lamp_in(const struct plant_element *module) {
    for (size_t i = 0; i < module->child_count; i++)
        if (text_is(module->children[i]->role, "Indicator")) return module->children[i];
    return NULL;
}

/// ` colour-green`: a class of the style sheet.
static void put_colour(struct buffer *out, const struct plant_element *lamp) {
    buffer_string(out, " colour-");
    markup_text(out, plant_attribute(lamp, TEXT("Colour")));
}

static void open_lamp(struct buffer *out, const char *class, const struct plant_element *lamp, struct box box) {
    buffer_print(out, "<g class=\"%s", class);
    if (lamp != NULL) put_colour(out, lamp);
    buffer_print(out, "\" transform=\"translate(%.10g,%.10g)\">", box.width / 2, box.height / 2);
}

static void put_button(struct buffer *out, const struct plant_element *module, struct box box) {
    double r = fmin(box.width, box.height) / 2 - 4;
    const struct plant_element *lamp = lamp_in(module);
    open_lamp(out, lamp == NULL ? "button" : "button illuminated", lamp, box);
    buffer_print(out, "<circle class=\"ring\" r=\"%.10g\"/><circle class=\"cap\" r=\"%.10g\"/></g>", r + 3, r - 4);
}

static void put_lamp(struct buffer *out, const struct plant_element *module, struct box box) {
    enum { RAYS = 8 };
    double r = fmin(box.width, box.height) / 2 - 8;
    open_lamp(out, "lamp", module, box);
    buffer_print(out, "<circle class=\"glass\" r=\"%.10g\"/><g class=\"rays\">", r);
    for (int i = 0; i < RAYS; i++)
        buffer_print(out, "<line x1=\"0\" x2=\"0\" y1=\"%.10g\" y2=\"%.10g\" transform=\"rotate(%d)\"/>", -r - 4,
                     -r - 9, i * 45);
    buffer_string(out, "</g></g>");
}

static void put_switch(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    double r = fmin(box.width, box.height) / 2 - 6;
    open_middle(out, "key-switch", box);
    buffer_print(out, "<circle class=\"cap\" r=\"%.10g\"/><line class=\"key-blade\"", r);
    put_numbers(out, "x1 x2 y1 y2", 0.0, 0.0, 4.0, -r + 3);
    buffer_string(out, " transform=\"rotate(-45)\"/></g>");
}

static void put_emergency_stop(struct buffer *out, const struct plant_element *module, struct box box) {
    (void)module;
    double r = fmin(box.width, box.height) / 2 - 2, k = r * 0.414;
    open_middle(out, "emergency", box);
    put_path(out, "base",
             "M%.10g,%.10g %.10g,%.10g %.10g,%.10g %.10g,%.10g %.10g,%.10g %.10g,%.10g %.10g,%.10g %.10g,%.10gz", -k,
             -r, k, -r, r, -k, r, k, k, r, -k, r, -r, k, -r, -k);
    buffer_print(out, "<circle class=\"cap\" r=\"%.10g\"/></g>", r * 0.55);
}

/// Whatever else.
static void put_box(struct buffer *out, struct box box) {
    buffer_string(out, "<g class=\"sensor\">");
    put_body(out, box, 3);
    put_circle(out, "spot", box.width / 2, box.height / 2, 7);
    buffer_string(out, "</g>");
}

void put_module_symbol(struct buffer *out, const struct plant_element *module) {
    static const struct {
        const char *symbol;
        void (*put)(struct buffer *out, const struct plant_element *module, struct box box);
    } symbols[] = {
        {"cylinder", put_cylinder},
        {"motor", put_motor},
        {"light-barrier", put_light_barrier},
        {"material-sensor", put_material_sensor},
        {"button", put_button},
        {"illuminated-button", put_button},
        {"lamp", put_lamp},
        {"switch", put_switch},
        {"emergency-stop", put_emergency_stop},
        {"analog-sensor", put_analog_sensor},
        {"valve", put_valve},
        {"control-valve", put_control_valve},
        {"pump", put_pump},
        {"controller", put_controller},
    };
    struct text symbol = plant_attribute(module, TEXT("Hmi/Symbol"));
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
        if (text_is(symbol, symbols[i].symbol)) return symbols[i].put(out, module, box_of(module));
    put_box(out, box_of(module));
}
