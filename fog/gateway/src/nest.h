/// Writes values at paths as nested JSON objects: "a/b" and "a/c" become {"a":{"b":..,"c":..}}.
/// Paths must come in the order of their objects (sorted paths do); the writer must stand in an open object.
#pragma once

#include <json/json.h>

enum { NEST_DEPTH_MAX = 16 };

struct nest {
    struct json_writer *writer;
    struct text open[NEST_DEPTH_MAX]; // names of the objects that are open; borrowed from the last path
    size_t depth;
};

/// Opens and closes objects as needed and writes the key; the caller writes the value. False when the path is deeper
/// than NEST_DEPTH_MAX: nothing is written then.
bool nest_key(struct nest *nest, struct text path);
/// Closes what is open.
void nest_end(struct nest *nest);
