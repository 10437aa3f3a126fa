/// Parts of the documentation page.
#pragma once

#include "inventory.h"
#include "markup.h"

void html_cell(struct buffer *out, struct text text);
void html_code_cell(struct buffer *out, struct text text);
/// Opens a table with these heads (trusted; NULL ends), and closes it.
void html_head(struct buffer *out, const char *const *heads);
void html_tail(struct buffer *out);

/// "off", "on", "as it was", "4.5 °C".
void html_safe_state(const struct plant_signal *signal, struct buffer *out);
/// A thing: its modules, values, methods and events.
void html_thing(const struct plant *plant, const struct thing *thing, struct buffer *out);
/// Every channel with its wire.
void html_wires(const struct plant *plant, struct buffer *out);
