#include "api.h"

static void put_display_name(struct json_writer *writer, const struct plant_element *element) {
    json_key(writer, "displayName");
    json_open_object(writer);
    json_key(writer, "en");
    json_put_text(writer, element->display_name.length > 0 ? element->display_name : element->name);
    if (element->display_name_de.length > 0) {
        json_key(writer, "de");
        json_put_text(writer, element->display_name_de);
    }
    json_close_object(writer);
}

/// A text attribute, when the element has it.
static void put_attribute(struct json_writer *writer, const char *key, const struct plant_element *element,
                          struct text path) {
    struct text value = plant_attribute(element, path);
    if (value.length == 0) return;
    json_key(writer, key);
    json_put_text(writer, value);
}

static void put_number(struct json_writer *writer, const char *key, const struct plant_element *element,
                       struct text path) {
    json_key(writer, key);
    json_put_real(writer, plant_number(element, path, 0));
}

/// How many workpieces the element holds, when the model says so.
static void put_capacity(struct json_writer *writer, const struct plant_element *element) {
    double capacity = plant_number(element, TEXT("Sim/SlideCapacity"), 0);
    struct text stock = plant_attribute(element, TEXT("Sim/Stock"));
    for (struct text piece; text_split(&stock, ',', &piece);) capacity++;
    if (capacity <= 0) return;
    json_key(writer, "capacity");
    json_put_real(writer, capacity);
}

static void put_place(struct json_writer *writer, const struct plant_element *element) {
    put_attribute(writer, "symbol", element, TEXT("Hmi/Symbol"));
    put_number(writer, "x", element, TEXT("Hmi/X"));
    put_number(writer, "y", element, TEXT("Hmi/Y"));
    put_number(writer, "width", element, TEXT("Hmi/Width"));
    put_number(writer, "height", element, TEXT("Hmi/Height"));
    put_number(writer, "rotation", element, TEXT("Hmi/Rotation"));
    put_attribute(writer, "label", element, TEXT("Hmi/Label"));
}

/// "motor/direction/left/state": where a value stands in the twin of its thing.
static void put_twin_path(struct json_writer *writer, const struct plant_element *element, struct text leaf) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    if (element != element->thing) {
        buffer_text(&path, text_from(element->path, element->thing->path.length + 1));
        buffer_byte(&path, '/');
    }
    buffer_text(&path, leaf);
    json_key(writer, "path");
    json_put_text(writer, buffer_view(&path));
}

static void put_type(struct json_writer *writer, const struct plant_field *field) {
    json_key(writer, "type");
    json_put_string(writer, value_type_name(field->type));
    if (field->unit.length > 0) {
        json_key(writer, "unit");
        json_put_text(writer, field->unit);
    }
    if (!field->range.given) return;
    json_key(writer, "low");
    json_put_real(writer, field->range.low);
    json_key(writer, "high");
    json_put_real(writer, field->range.high);
}

static void put_signals(struct json_writer *writer, const struct plant_element *element) {
    json_key(writer, "signals");
    json_open_array(writer);
    for (size_t i = 0; i < element->signal_count; i++) {
        const struct plant_signal *signal = element->signals[i];
        json_open_object(writer);
        json_key(writer, "name");
        json_put_text(writer, signal->name);
        put_twin_path(writer, element, signal->twin_path);
        put_type(writer, &signal->field);
        json_key(writer, "actuator");
        json_put_bool(writer, signal->actuator);
        if (signal->channel != NULL) {
            json_key(writer, "channel");
            json_put_text(writer, signal->channel->name);
        }
        json_close_object(writer);
    }
    json_close_array(writer);
}

static void put_field(struct json_writer *writer, const struct plant_element *element,
                      const struct plant_field *field) {
    json_open_object(writer);
    json_key(writer, "name");
    json_put_text(writer, field->name);
    put_twin_path(writer, element, field->name);
    put_type(writer, field);
    json_close_object(writer);
}

/// Variables of the class and of its bases, those of the bases first.
static void put_class_variables(struct json_writer *writer, const struct plant_element *element,
                                const struct plant_class *class) {
    if (class == NULL) return;
    put_class_variables(writer, element, class->base);
    for (size_t i = 0; i < class->variable_count; i++) put_field(writer, element, &class->variables[i]);
}

static void put_variables(struct json_writer *writer, const struct plant_element *element) {
    json_key(writer, "variables");
    json_open_array(writer);
    put_class_variables(writer, element, element->class);
    json_close_array(writer);
}

static void put_names(struct json_writer *writer, const struct plant_element *element) {
    json_key(writer, "name");
    json_put_text(writer, element->name);
    put_display_name(writer, element);
    json_key(writer, "role");
    json_put_text(writer, element->role);
    if (element->class != NULL) {
        json_key(writer, "class");
        json_put_text(writer, element->class->name);
    }
    put_attribute(writer, "designation", element, TEXT("Bmk"));
}

static void put_modules(struct json_writer *writer, const struct plant_element *parent);

static void put_module(struct json_writer *writer, const struct plant_element *module) {
    json_open_object(writer);
    put_names(writer, module);
    put_place(writer, module);
    put_attribute(writer, "colour", module, TEXT("Colour"));
    put_attribute(writer, "textFalse", module, TEXT("TextFalse"));
    put_attribute(writer, "textTrue", module, TEXT("TextTrue"));
    put_attribute(writer, "principle", module, TEXT("WorkingPrinciple"));
    put_attribute(writer, "reports", module, TEXT("Sim/Reports"));
    put_signals(writer, module);
    put_variables(writer, module);
    put_modules(writer, module);
    json_close_object(writer);
}

static void put_modules(struct json_writer *writer, const struct plant_element *parent) {
    json_key(writer, "modules");
    json_open_array(writer);
    for (size_t i = 0; i < parent->child_count; i++)
        if (parent->children[i]->kind == PLANT_CORE_MODULE) put_module(writer, parent->children[i]);
    json_close_array(writer);
}

static void put_thing_type(struct json_writer *writer, const struct plant_element *thing) {
    struct text type = plant_attribute(thing, TEXT("Twin/ThingType"));
    json_key(writer, "type");
    json_put_text(writer, type.length > 0 ? type : thing->role);
}

static void put_thing(struct json_writer *writer, const struct plant_element *thing, bool controller) {
    json_open_object(writer);
    put_names(writer, thing);
    put_thing_type(writer, thing);
    json_key(writer, "controller");
    json_put_bool(writer, controller);
    put_place(writer, thing);
    put_capacity(writer, thing);
    put_variables(writer, thing);
    put_modules(writer, thing);
    json_close_object(writer);
}

static void put_station(struct json_writer *writer, const struct plant_element *station) {
    json_key(writer, "station");
    json_open_object(writer);
    json_key(writer, "name");
    json_put_text(writer, station->name);
    put_display_name(writer, station);
    put_number(writer, "width", station, TEXT("Hmi/Width"));
    put_number(writer, "height", station, TEXT("Hmi/Height"));
    json_close_object(writer);
}

void picture_write(const struct plant *plant, const char *simulation, const char *const *state_things,
                   struct buffer *out) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "version");
    json_put_text(&writer, plant->version);
    put_station(&writer, plant->station);
    json_key(&writer, "things");
    json_open_array(&writer);
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->kind == PLANT_THING) put_thing(&writer, element, element == plant->controller);
    }
    json_close_array(&writer);
    json_key(&writer, "functionThings");
    json_open_array(&writer);
    for (const char *const *thing = state_things; thing != NULL && *thing != NULL; thing++)
        json_put_string(&writer, *thing);
    json_close_array(&writer);
    if (simulation != NULL) {
        json_key(&writer, "simulation");
        json_put_string(&writer, simulation);
    }
    json_close_object(&writer);
}

void picture_write_things(const struct plant *plant, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "things");
    json_open_array(&writer);
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        if (element->kind != PLANT_THING) continue;
        json_open_object(&writer);
        json_key(&writer, "name");
        json_put_text(&writer, element->name);
        put_thing_type(&writer, element);
        put_display_name(&writer, element);
        json_close_object(&writer);
    }
    json_close_array(&writer);
    json_close_object(&writer);
}
