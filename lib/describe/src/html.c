// The documentation of a plant: one page without scripts, well-formed XML as well. html_tables.c makes the tables of a
// thing; here stand the page around them and what goes on when a part of the cascade is lost.

#include "html.h"

#include "formats.h"
#include "picture.h"

#include <string.h>

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
    buffer_string(out, "<table>\n<thead><tr>");
    for (; *heads != NULL; heads++) buffer_print(out, "<th>%s</th>", *heads);
    buffer_string(out, "</tr></thead>\n<tbody>\n");
}

void html_tail(struct buffer *out) {
    buffer_string(out, "</tbody></table>\n");
}

static void put_fact(struct buffer *out, const char *name, struct text text) {
    if (text.length == 0) return;
    buffer_print(out, "<dt>%s</dt>", name);
    markup_element(out, "dd", text);
    buffer_byte(out, '\n');
}

// ---------------------------------------------------------------- what works when which tier is lost

/// What the tiers do of themselves; the page says below what that means for the outputs and buttons of this plant.
static const struct {
    const char *lost, *works, *stops;
} losses[] = {
    {"the network to the cloud", "everything in the plant: control, twins, functions, console",
     "what the cloud only shows"},
    {"a function, or the functions service",
     "the edge with its interlocks; console, twins and calls by hand. A function that comes back goes on from its twin",
     "what the function decides: no new step is begun"},
    {"the twins, the HTTP interface or the bus",
     "the edge with its interlocks; clients of OPC UA. Twins come back from the disk, no version is given twice",
     "functions, console and wishes, until the service is back"},
    {"the gateway, or the network to the edge",
     "the edge with its interlocks; panel and emergency stop. After the soft time-out of the control authority it "
     "takes no "
     "new command, after the hard one the outputs go to their safe states, latched",
     "twins are marked as not current; wishes wait and expire"},
    {"the edge, or its terminals", "the emergency stop's own circuit; outputs go to the safe states of the terminals",
     "everything moves only after a reset and a fresh command"},
};

static void put_losses(struct buffer *out) {
    static const char *const heads[] = {"lost", "goes on", "stops", NULL};
    html_head(out, heads);
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        buffer_string(out, "<tr>");
        html_cell(out, text_of(losses[i].lost));
        html_cell(out, text_of(losses[i].works));
        html_cell(out, text_of(losses[i].stops));
        buffer_string(out, "</tr>\n");
    }
    html_tail(out);
}

/// Buttons that the controller itself answers, and emergency stops: they work with nothing above the edge.
static void put_local_controls(const struct plant *plant, struct buffer *out) {
    static const char *const heads[] = {"control", "where", "what it does without anything above the edge", NULL};
    html_head(out, heads);
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        struct text function = plant_attribute(element, TEXT("Function"));
        const char *does = NULL;
        if (plant_has_role(element, TEXT("EmergencyStop")))
            does = "safe state at once, latched; nothing stands in for it";
        else if (text_is(function, "reset"))
            does = "leaves the safe state when its cause is gone, clears faults; starts no motion";
        else if (text_is(function, "stop"))
            does = "safe state while nobody holds the control authority; otherwise told to whoever holds it";
        if (does == NULL) continue;
        buffer_string(out, "<tr>");
        html_cell(out, element->display_name);
        html_code_cell(out, path_in_station(plant, element));
        html_cell(out, text_of(does));
        buffer_string(out, "</tr>\n");
    }
    html_tail(out);
}

static void put_safe_states(const struct plant *plant, struct buffer *out) {
    static const char *const heads[] = {"output", "module", "safe state", NULL};
    html_head(out, heads);
    for (size_t i = 0; i < plant->signal_count; i++) {
        const struct plant_signal *signal = plant->signals[i];
        if (!signal->actuator) continue;
        CLEANUP(buffer_clear) struct buffer safe = {0};
        html_safe_state(signal, &safe);
        if (safe.failed) out->failed = true;
        buffer_string(out, "<tr><td><code>");
        markup_text(out, path_in_station(plant, signal->module));
        buffer_byte(out, '/');
        markup_text(out, signal->twin_path);
        buffer_string(out, "</code></td>");
        html_cell(out, signal->module->display_name);
        html_cell(out, buffer_view(&safe));
        buffer_string(out, "</tr>\n");
    }
    html_tail(out);
}

// ---------------------------------------------------------------- the page

static const char style[] =
    "html { color: #23292e; background: #fff; font: 15px/1.45 \"Segoe UI\", \"DejaVu Sans\", system-ui, sans-serif; }\n"
    "body { max-width: 75rem; margin: 0 auto; padding: 1rem 1.5rem 4rem; }\n"
    "h1 { margin: .5rem 0; } h2 { margin: 2.2rem 0 .5rem; border-bottom: 1px solid #b9bfc3; } h3 { margin: 1.4rem 0 "
    ".3rem; }\n"
    "nav a { margin-right: 1rem; } a { color: #1b5e9b; }\n"
    "table { border-collapse: collapse; width: 100%; margin: .4rem 0 1rem; }\n"
    "th, td { padding: .25rem .6rem; border: 1px solid #d2d6d9; text-align: left; vertical-align: top; }\n"
    "th { background: #eceef0; font-weight: 600; } tbody tr:nth-child(even) { background: #f7f8f9; }\n"
    "code { font: .92em \"DejaVu Sans Mono\", monospace; } .dim { color: #525b62; }\n"
    "dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dt { color: #525b62; } dd { "
    "margin: 0; }\n"
    "svg { display: block; width: 100%; height: auto; background: #dfe2e4; border: 1px solid #b9bfc3; }\n"
    "@media print { nav { display: none; } h2 { break-after: avoid; } tr { break-inside: avoid; } }\n";

static void put_top(const struct plant *plant, const struct inventory *inventory, struct buffer *out) {
    const struct plant_element *station = plant->station;
    buffer_string(out, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>"
                       "<meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/>");
    markup_element(out, "title", station->display_name);
    buffer_print(out, "\n<style>\n%s%.*s</style>\n</head>\n<body>\n", style, TEXT_ARG(picture_style()));
    markup_element(out, "h1", station->display_name);
    if (station->description.length > 0) markup_element(out, "p", station->description);
    buffer_string(out, "<nav>");
    for (size_t i = 0; i < inventory->thing_count; i++) {
        buffer_string(out, "<a href=\"#");
        markup_text(out, inventory->things[i].name);
        buffer_string(out, "\">");
        markup_text(out, inventory->things[i].display_name);
        buffer_string(out, "</a>");
    }
    buffer_string(out,
                  "<a href=\"#wires\">Wires</a><a href=\"#safe\">Safe states</a><a href=\"#lost\">When something is "
                  "lost</a></nav>\n");
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

enum error html_write(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                      struct problem *ret_problem) {
    CLEANUP(inventory_destroy_at) struct inventory *inventory = inventory_create(plant, options);
    if (inventory == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    put_top(plant, inventory, out);
    put_facts(plant, options, out);
    if (has_picture(plant)) picture_put(out, plant, false);
    for (size_t i = 0; i < inventory->thing_count; i++) html_thing(plant, &inventory->things[i], out);
    buffer_string(out, "<h2 id=\"wires\">Wires</h2>\n<p>Every channel in the order of the process image.</p>\n");
    html_wires(plant, out);
    buffer_string(
        out, "<h2 id=\"safe\">Safe states</h2>\n<p>What an output does on emergency stop, when the control stops or "
             "is lost, and at the start. Opposite outputs of a module are never on together. This is supervision "
             "in software, not a safety function in the sense of IEC 61508.</p>\n");
    put_safe_states(plant, out);
    buffer_string(out, "<h2 id=\"lost\">What works when something is lost</h2>\n");
    put_losses(out);
    put_local_controls(plant, out);
    buffer_string(
        out, "<p class=\"dim\">Made from the model with <code>splc model export --format html</code>. Do not edit: "
             "change the model and make it again.</p>\n</body>\n</html>\n");
    return written(out, ret_problem);
}
