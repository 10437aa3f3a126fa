/// Parts of the documentation page.
#pragma once

#include "inventory.h"
#include "markup.h"

void html_cell(struct buffer *out, struct text text);
void html_code_cell(struct buffer *out, struct text text);
/// What people call an element: its display name; a part without one is called after what it belongs to, "Start
/// indicator".
void html_put_name(const struct plant_element *element, struct buffer *out);
void html_name_cell(const struct plant_element *element, struct buffer *out);
/// Opens a table with these heads (trusted; NULL ends), and closes it.
void html_head(struct buffer *out, const char *const *heads);
void html_tail(struct buffer *out);

/// "off", "on", "as it was", "4.5 °C".
void html_safe_state(const struct plant_signal *signal, struct buffer *out);
/// A thing: its modules, values, methods and events.
void html_thing(const struct plant *plant, const struct thing *thing, struct buffer *out);
/// Every channel with its wire.
void html_wires(const struct plant *plant, struct buffer *out);
/// Every event that modules raise, the most severe first.
void html_events(const struct plant *plant, struct buffer *out);

/// Controls that need nothing above the edge.
void html_local_controls(const struct plant *plant, struct buffer *out);
/// What holds which module back, and when; returns how many the model states.
size_t html_interlocks(const struct plant *plant, struct buffer *out);
/// True when an interlock of the module looks at a signal of the terminal: without it the condition holds.
bool html_looks_at(const struct plant *plant, const struct plant_element *element,
                   const struct plant_element *terminal);
/// Measurements with their ranges and limits.
bool html_has_limits(const struct plant *plant);
void html_limits(const struct plant *plant, struct buffer *out);
void html_safe_states(const struct plant *plant, struct buffer *out);
/// What goes on and what stops when a tier or a terminal is lost.
void html_losses(const struct plant *plant, const struct describe_options *options, const struct inventory *inventory,
                 struct buffer *out);
