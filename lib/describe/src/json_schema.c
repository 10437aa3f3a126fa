// JSON Schema of the twins: one document, with a definition for each thing.

#include "formats.h"
#include "schema.h"

enum error json_schema_write(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                             struct problem *ret_problem) {
    CLEANUP(inventory_destroy_at) struct inventory *inventory = inventory_create(plant, options);
    CLEANUP(buffer_clear) struct buffer id = {0};
    buffer_text(&id, plant->namespace_uri);
    buffer_string(&id, ":twins");
    if (inventory == NULL || id.failed)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    put_member(&writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
    put_text_member(&writer, "$id", buffer_view(&id));
    put_text_member(&writer, "title", plant->station->display_name);
    put_member(&writer, "$comment", "the shadow document of the thing T: #/$defs/T");
    json_key(&writer, "$defs");
    json_open_object(&writer);
    for (size_t i = 0; i < inventory->thing_count; i++) {
        json_key_text(&writer, inventory->things[i].name);
        put_twin_schema(&writer, &inventory->things[i]);
    }
    json_close_object(&writer);
    json_close_object(&writer);
    buffer_byte(out, '\n');
    return written(out, ret_problem);
}
