/// Plants that nobody built: models of any size, to see how programs do with them. Pure.
///
/// A station `BIG` of cells: each a thing with four cylinders, a motor, eight light barriers and four lamps (32 boolean
/// points, half of them outputs) and its two I/O modules. Beside them a panel with emergency stop and reset button, and
/// the controller. What is left of the number are light barriers in a last cell. The same number gives the same bytes.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>

enum {
    SYNTHETIC_POINTS_MIN = 2,      // the panel
    SYNTHETIC_POINTS_MAX = 160000, // past it the file is larger than a model may be
};

/// Appends a plant model with so many points.
enum error synthetic_plant(size_t points, struct buffer *out, struct problem *ret_problem);
