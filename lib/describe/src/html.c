// The documentation of a plant: one page without scripts, well-formed XML as well. First what one wants to see on a
// wall, then every thing, wire and event. html_safety.c and html_losses.c make the tables of the first part,
// html_tables.c those of the second; here stands the page around them.

#include "html.h"

#include "formats.h"
#include "picture.h"

#include <page_files.h>

// ---------------------------------------------------------------- small parts

void html_cell(struct buffer *out, struct text text) {
    markup_element(out, "td", text);
}

void html_code_cell(struct buffer *out, struct text text) {
    buffer_string(out, "<td><code>");
    markup_text(out, text);
    buffer_string(out, "</code></td>");
}

void html_head(struct buffer *out, const char *const *heads) {
    buffer_string(out, "<div class=\"table\"><table>\n<thead><tr>");
    for (; *heads != NULL; heads++) buffer_print(out, "<th>%s</th>", *heads);
    buffer_string(out, "</tr></thead>\n<tbody>\n");
}

void html_tail(struct buffer *out) {
    buffer_string(out, "</tbody></table></div>\n");
}

void html_put_name(const struct plant_element *element, struct buffer *out) {
    bool unnamed = text_equal(element->display_name, element->name);
    if (unnamed && element->parent != NULL && element->parent->kind == PLANT_CORE_MODULE)
        buffer_print(out, "%.*s ", TEXT_ARG(element->parent->display_name));
    buffer_text(out, element->display_name);
}

void html_name_cell(const struct plant_element *element, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    html_put_name(element, &name);
    if (name.failed) out->failed = true;
    html_cell(out, buffer_view(&name));
}

static void put_fact(struct buffer *out, const char *name, struct text text) {
    if (text.length == 0) return;
    buffer_print(out, "<dt>%s</dt>", name);
    markup_element(out, "dd", text);
    buffer_byte(out, '\n');
}

// ---------------------------------------------------------------- the page

static void put_top(const struct plant *plant, const struct inventory *inventory, struct buffer *out) {
    const struct plant_element *station = plant->station;
    buffer_string(out, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>"
                       "<meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/>");
    markup_element(out, "title", station->display_name);
    buffer_string(out, "\n<style>\n");
    buffer_append(out, page_files[0].data, page_files[0].length);
    buffer_print(out, "%.*s</style>\n</head>\n<body>\n", TEXT_ARG(picture_style()));
    markup_element(out, "h1", station->display_name);
    if (station->description.length > 0) markup_element(out, "p", station->description);
    buffer_string(out, "<nav><a href=\"#controls\">Stop</a><a href=\"#interlocks\">Interlocks</a>");
    if (html_has_limits(plant)) buffer_string(out, "<a href=\"#limits\">Limits</a>");
    buffer_string(out, "<a href=\"#safe\">Safe states</a><a href=\"#lost\">When something is lost</a>"
                       "<a href=\"#wires\">Wires</a><a href=\"#events\">Events</a>");
    for (size_t i = 0; i < inventory->thing_count; i++) {
        buffer_string(out, "<a href=\"#");
        markup_text(out, inventory->things[i].name);
        buffer_string(out, "\">");
        markup_text(out, inventory->things[i].display_name);
        buffer_string(out, "</a>");
    }
    buffer_string(out, "</nav>\n");
}

static void put_facts(const struct plant *plant, const struct describe_options *options, struct buffer *out) {
    buffer_string(out, "<dl>\n");
    put_fact(out, "Station", plant->station->name);
    put_fact(out, "Version of the model", plant->version);
    put_fact(out, "Manufacturer", plant_attribute(plant->station, TEXT("Identification/Manufacturer")));
    put_fact(out, "Model", plant_attribute(plant->station, TEXT("Identification/Model")));
    put_fact(out, "OPC UA namespace", plant->namespace_uri);
    put_fact(out, "OPC UA", text_of(options->opcua_url));
    put_fact(out, "HTTP", text_of(options->http_url));
    buffer_string(out, "</dl>\n");
}

static bool has_picture(const struct plant *plant) {
    struct box box = box_of(plant->station);
    return box.width > 0 && box.height > 0;
}

/// What one wants to see on a wall.
static void put_safety(const struct plant *plant, const struct describe_options *options,
                       const struct inventory *inventory, struct buffer *out) {
    buffer_string(out, "<h2 id=\"controls\">What stops and resets it</h2>\n");
    html_local_controls(plant, out);
    buffer_string(out, "<h2 id=\"interlocks\">Interlocks</h2>\n<p>While the condition holds, the outputs of the module "
                       "have what stands on the right, and what would move it is refused with the interlock's name. A "
                       "condition that cannot be read holds. When it ends, nothing starts by itself.</p>\n");
    size_t stated = html_interlocks(plant, out);
    buffer_print(out, "<p class=\"dim\">Stated in the model: %zu. The others come with the modules.</p>\n", stated);
    if (html_has_limits(plant)) {
        buffer_string(out, "<h2 id=\"limits\">Limits of the process</h2>\n<p>Alarm at LL and HH, warning at L and H. "
                           "Empty: there is none.</p>\n");
        html_limits(plant, out);
    }
    buffer_string(out,
                  "<h2 id=\"safe\">Safe states</h2>\n<p>What an output does on emergency stop, when the control stops "
                  "or is lost, and at the start. This is supervision in software, not a safety function in the "
                  "sense of IEC 61508.</p>\n");
    html_safe_states(plant, out);
    buffer_string(out, "<h2 id=\"lost\">What works when something is lost</h2>\n");
    html_losses(plant, options, inventory, out);
}

enum error html_write(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                      struct problem *ret_problem) {
    CLEANUP(inventory_destroy_at) struct inventory *inventory = inventory_create(plant, options);
    if (inventory == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    put_top(plant, inventory, out);
    put_facts(plant, options, out);
    if (has_picture(plant)) picture_put(out, plant, false);
    put_safety(plant, options, inventory, out);
    for (size_t i = 0; i < inventory->thing_count; i++) html_thing(plant, &inventory->things[i], out);
    buffer_string(out, "<h2 id=\"wires\">Wires</h2>\n<p>Every channel, inputs first, in the order of the process "
                       "image.</p>\n");
    html_wires(plant, out);
    buffer_string(out, "<h2 id=\"events\">Events</h2>\n<p>Severity from 1 to 1000, as in OPC UA; the most severe "
                       "first.</p>\n");
    html_events(plant, out);
    buffer_string(
        out, "<p class=\"dim\">Made from the model with <code>splc model export --format html</code>. Do not edit: "
             "change the model and make it again.</p>\n</body>\n</html>\n");
    return written(out, ret_problem);
}
