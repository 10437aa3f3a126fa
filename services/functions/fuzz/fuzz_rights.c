/// A function's update, believed or not: one that is permitted for a thing in `commands` touches nothing but desired.
#include "../src/rights.h"

#include <json/json.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const commands[] = {"machine"};
    struct function_manifest manifest = {.name = "fuzz", .commands = commands, .command_count = 1};
    struct text body = {(const char *)data, size};
    if (rights_check(&manifest, DATAPLANE_UPDATE, TEXT("other"), body, NULL) == ERROR_NONE) abort();
    if (rights_check(&manifest, DATAPLANE_UPDATE, TEXT("machine"), body, NULL)) return 0;
    CLEANUP(json_destroy_at) struct json_document *document = NULL;
    if (json_parse(body, (struct json_limits){1 << 20, 128}, &document, NULL)) abort();
    const struct json *update = json_member(json_root(document), "state");
    if (!json_is(update, JSON_OBJECT)) abort();
    for (struct json_each each = json_each(update); json_next(&each);)
        if (!text_is(each.name, "desired")) abort();
    return 0;
}
