/// An image as bytes.
#pragma once

#include <base/buffer.h>
#include <retain/retain.h>

/// Of the program's retained variables; depends on paths and types alone.
uint64_t image_layout(const struct program *program);
/// `values` and `known` by index of the retained variables; what is not known is left out.
void image_encode(const struct program *program, uint64_t generation, const union scan_value *values, const bool *known,
                  struct buffer *out);
