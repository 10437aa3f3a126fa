#include "nest.h"

bool nest_key(struct nest *nest, struct text path) {
    struct text names[NEST_DEPTH_MAX + 1];
    size_t count = 0;
    struct text rest = path, name;
    while (text_split(&rest, '/', &name)) {
        if (count > NEST_DEPTH_MAX) return false;
        names[count++] = name;
    }
    if (count == 0 || count > NEST_DEPTH_MAX) return false;
    size_t common = 0;
    while (common < nest->depth && common < count - 1 && text_equal(nest->open[common], names[common])) common++;
    while (nest->depth > common) {
        json_close_object(nest->writer);
        nest->depth--;
    }
    for (; nest->depth < count - 1; nest->depth++) {
        json_key_text(nest->writer, names[nest->depth]);
        json_open_object(nest->writer);
        nest->open[nest->depth] = names[nest->depth];
    }
    for (size_t i = 0; i < nest->depth; i++) nest->open[i] = names[i]; // the borrowed texts of this path live longer
    json_key_text(nest->writer, names[count - 1]);
    return true;
}

void nest_end(struct nest *nest) {
    for (; nest->depth > 0; nest->depth--) json_close_object(nest->writer);
}
