/// Between simulation.c (workpieces, panel) and vessels.c: reading `Sim` attributes with findings.
#pragma once

#include "plant.h"

#include <model/simulation.h>

bool sim_has(const struct element *element, const char *attribute);
/// A number above 0; 0 and a finding when it is none. The finding proposes `example`.
double sim_positive(struct store *store, const struct element *element, const char *attribute, const char *example);
/// A number of at least 0; `otherwise` when absent.
double sim_at_least_zero(struct store *store, const struct element *element, const char *attribute, double otherwise);
double sim_number(struct store *store, const struct element *element, const char *attribute, double otherwise);
/// False, with a finding, when `count` has reached `max`.
bool sim_room(struct store *store, const struct element *element, size_t count, size_t max, const char *what);

/// Vessels, flows, heaters, stirrers and their sensors (vessels.c).
void plant_read_vessels(struct store *store, struct plant_simulation *simulation);
