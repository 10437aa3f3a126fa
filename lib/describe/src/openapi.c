// OpenAPI 3.1: the calls of docs/spec/http.md, with the things, values and methods of this plant. What is said of every
// plant, thing or thing with methods stands in openapi/*.json; what depends on the model is written here.

#include "formats.h"
#include "schema.h"

#include <assert.h>
#include <openapi_files.h>

// ---------------------------------------------------------------- parts that are written already

/// The name of the thing stands for this word in them.
static const struct text placeholder = {"THING", 5};

static struct text part_of(const char *path) {
    for (size_t i = 0; i < openapi_file_count; i++)
        if (text_is(text_of(openapi_files[i].path), path))
            return (struct text){(const char *)openapi_files[i].data, openapi_files[i].length};
    assert(!"a file of lib/describe/src/openapi");
    return TEXT_EMPTY;
}

/// The members of a part, without the white space that people want between them.
static void put_part(struct json_writer *writer, const char *path, struct text thing) {
    CLEANUP(buffer_clear) struct buffer members = {0};
    struct text rest = text_trim(part_of(path));
    rest = (struct text){rest.data + 1, rest.length - 2}; // { and }
    bool in_string = false;
    while (rest.length > 0) {
        if (text_starts_with(rest, placeholder)) {
            buffer_text(&members, thing);
            rest = text_from(rest, placeholder.length);
            continue;
        }
        char byte = rest.data[0];
        in_string ^= byte == '"'; // none is escaped in them
        if (in_string || (byte != ' ' && byte != '\n')) buffer_byte(&members, byte);
        rest = text_from(rest, 1);
    }
    if (members.failed) writer->out->failed = true;
    json_put_raw(writer, buffer_view(&members));
}

// ---------------------------------------------------------------- what depends on the model

static void put_info(struct json_writer *writer, const struct plant *plant) {
    json_key(writer, "info");
    json_open_object(writer);
    put_text_member(writer, "title", plant->station->display_name);
    json_key(writer, "version");
    json_put_text(writer, plant->version.length > 0 ? plant->version : TEXT("0"));
    put_text_member(writer, "description", plant->station->description);
    json_close_object(writer);
}

static void put_servers(struct json_writer *writer, const struct describe_options *options) {
    json_key(writer, "servers");
    json_open_array(writer);
    json_open_object(writer);
    put_member(writer, "url", options->http_url);
    json_close_object(writer);
    json_close_array(writer);
    json_key(writer, "security");
    json_put_raw(writer, TEXT("[{\"token\":[]},{\"signature\":[]}]"));
}

static void put_tags(struct json_writer *writer, const struct inventory *inventory) {
    json_key(writer, "tags");
    json_open_array(writer);
    json_put_raw(writer, TEXT("{\"name\":\"plant\",\"description\":\"the whole\"}"));
    for (size_t i = 0; i < inventory->thing_count; i++) {
        json_open_object(writer);
        put_text_member(writer, "name", inventory->things[i].name);
        put_text_member(writer, "description", inventory->things[i].display_name);
        json_close_object(writer);
    }
    json_close_array(writer);
}

static void put_paths(struct json_writer *writer, const struct inventory *inventory) {
    json_key(writer, "paths");
    json_open_object(writer);
    put_part(writer, "/plant.json", TEXT_EMPTY);
    for (size_t i = 0; i < inventory->thing_count; i++) {
        const struct thing *thing = &inventory->things[i];
        put_part(writer, "/thing.json", thing->name);
        if (thing->call_count > 0) put_part(writer, "/methods.json", thing->name);
    }
    json_close_object(writer);
}

static void put_thing_schema(struct json_writer *writer, const struct thing *thing, const char *what,
                             void (*put)(struct json_writer *, const struct thing *)) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_print(&name, "%.*s.%s", TEXT_ARG(thing->name), what);
    if (name.failed) writer->out->failed = true;
    json_key_text(writer, buffer_view(&name));
    put(writer, thing);
}

static void put_components(struct json_writer *writer, const struct inventory *inventory) {
    json_key(writer, "components");
    json_open_object(writer);
    put_part(writer, "/components.json", TEXT_EMPTY);
    json_key(writer, "schemas");
    json_open_object(writer);
    put_part(writer, "/schemas.json", TEXT_EMPTY);
    for (size_t i = 0; i < inventory->thing_count; i++) {
        const struct thing *thing = &inventory->things[i];
        put_thing_schema(writer, thing, "twin", put_twin_schema);
        put_thing_schema(writer, thing, "update", put_update_schema);
        if (thing->call_count > 0) put_thing_schema(writer, thing, "command", put_command_schema);
    }
    json_close_object(writer);
    json_close_object(writer);
}

enum error openapi_write(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                         struct problem *ret_problem) {
    CLEANUP(inventory_destroy_at) struct inventory *inventory = inventory_create(plant, options);
    if (inventory == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    put_member(&writer, "openapi", "3.1.0");
    put_info(&writer, plant);
    put_servers(&writer, options);
    put_tags(&writer, inventory);
    put_paths(&writer, inventory);
    put_components(&writer, inventory);
    json_close_object(&writer);
    buffer_byte(out, '\n');
    return written(out, ret_problem);
}
