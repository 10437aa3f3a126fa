// A model's call text and a client's JSON arguments, from outside: whatever is accepted has the type that was asked
// for, and matches the JSON that it was read from.
#include "../src/convert.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum value_type types[] = {VALUE_BOOL,   VALUE_INT32,  VALUE_UINT16,
                                        VALUE_UINT32, VALUE_DOUBLE, VALUE_STRING};
enum { TYPE_COUNT = sizeof types / sizeof types[0] };

static void check_call(struct text input) {
    struct text name, arguments;
    if (!convert_call(input, &name, &arguments)) return;
    if (name.length == 0 || name.length + arguments.length + 2 > input.length) abort();
    struct value values[TYPE_COUNT];
    for (size_t count = 0; count <= TYPE_COUNT; count++) {
        if (convert_call_arguments(arguments, types, count, values, NULL)) continue;
        for (size_t i = 0; i < count; i++)
            if (values[i].type != types[i]) abort();
    }
}

static void check_json(struct text input) {
    struct json_document *document;
    if (json_parse(input, (struct json_limits){4096, 8}, &document, NULL)) return;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        struct value value;
        if (convert_json(json_root(document), types[i], &value, NULL)) continue;
        if (value.type != types[i] || !convert_matches(&value, json_root(document))) abort();
    }
    json_destroy(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text input = {(const char *)data, size};
    check_call(input);
    check_json(input);
    return 0;
}
