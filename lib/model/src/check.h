/// Checks of attributes: data types, values, constraints, units.
#pragma once

#include "scope.h"

/// Every attribute of the file, each in the scope of all that is stated about it.
void check_attributes(struct caex *caex);

/// NULL when the constraints of the scope admit `value`, else what is wrong with it, in the arena: "is above 60".
const char *check_constraints(struct caex *caex, const struct scope *attribute, struct text value);
