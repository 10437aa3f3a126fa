// OpenAPI 3.1: the calls of docs/spec/http.md, with the things, values and methods of this plant.

#include "formats.h"
#include "schema.h"

// ---------------------------------------------------------------- what is the same in every plant

#define REF(name) "{\"$ref\":\"#/components/" name "\"}"
#define ERRORS                                                                                                         \
    "\"400\":" REF("responses/Invalid") ",\"401\":" REF("responses/Unauthorized") ",\"403\":" REF(                     \
        "responses/Forbidden") ",\"503\":" REF("responses/Unavailable")

static const char paths[] =
    "\"/v1/things\":{\"get\":{\"operationId\":\"listThings\",\"tags\":[\"plant\"],\"summary\":\"the things of the "
    "model\",\"responses\":{\"200\":{\"description\":\"their names, types and display names\",\"content\":{"
    "\"application/"
    "json\":{\"schema\":{\"type\":\"object\",\"properties\":{\"things\":{\"type\":\"array\",\"items\":{"
    "\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"},"
    "\"displayName\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}},\"required\":[\"name\","
    "\"type\",\"displayName\"]}}},\"required\":[\"things\"]}}}},\"401\":" REF(
        "responses/Unauthorized") "}}},"
                                  "\"/v1/"
                                  "plant\":{\"get\":{\"operationId\":\"getPlant\",\"tags\":[\"plant\"],"
                                  "\"summary\":\"the picture: station, "
                                  "things, modules, their places\",\"responses\":{\"200\":{\"description\":\"from "
                                  "the model alone\",\"content\":{"
                                  "\"application/"
                                  "json\":{\"schema\":{\"type\":\"object\",\"properties\":{\"version\":{\"type\":"
                                  "\"string\"},"
                                  "\"station\":{\"type\":\"object\"},\"things\":{\"type\":\"array\",\"items\":{"
                                  "\"type\":\"object\"}}},"
                                  "\"required\":[\"version\",\"station\",\"things\"]}}}},\"401\":" REF(
                                      "responses/Unauthorized") "}}},"
                                                                "\"/v1/"
                                                                "status\":{\"get\":{\"operationId\":\"getStatus\","
                                                                "\"tags\":[\"plant\"],\"summary\":\"the newest "
                                                                "status of "
                                                                "each "
                                                                "service\",\"responses\":{\"200\":{"
                                                                "\"description\":\"a service that is silent is "
                                                                "down\",\"content\":{"
                                                                "\"application/"
                                                                "json\":{\"schema\":{\"type\":\"object\","
                                                                "\"properties\":{\"plant\":{\"type\":\"string\"},"
                                                                "\"services\":{\"type\":\"array\",\"items\":{"
                                                                "\"type\":\"object\",\"properties\":{\"service\":{"
                                                                "\"type\":"
                                                                "\"string\"},\"state\":{\"type\":\"string\","
                                                                "\"enum\":[\"ok\",\"degraded\",\"down\"]}},"
                                                                "\"required\":[\"service\","
                                                                "\"state\"]}}},\"required\":[\"plant\","
                                                                "\"services\"]}}}},\"401\":" REF(
                                                                    "responses/Unauthorized") "}}},"
                                                                                              "\"/v1/"
                                                                                              "events\":{\"get\":{"
                                                                                              "\"operationId\":"
                                                                                              "\"followEvents\","
                                                                                              "\"tags\":["
                                                                                              "\"plant\"],"
                                                                                              "\"summary\":"
                                                                                              "\"changes of "
                                                                                              "twins, "
                                                                                              "statuses and "
                                                                                              "events, as they "
                                                                                              "come\","
                                                                                              "\"parameters\":[{"
                                                                                              "\"name\":\"thing\","
                                                                                              "\"in\":\"query\","
                                                                                              "\"description\":"
                                                                                              "\"leaves "
                                                                                              "out the twins of "
                                                                                              "others\","
                                                                                              "\"schema\":{"
                                                                                              "\"type\":"
                                                                                              "\"string\"}}],"
                                                                                              "\"responses\":{"
                                                                                              "\"200\":{"
                                                                                              "\"description\":"
                                                                                              "\"server-sent "
                                                                                              "events: twin, "
                                                                                              "status, "
                                                                                              "event\","
                                                                                              "\"content\":{"
                                                                                              "\"text/"
                                                                                              "event-stream\":{"
                                                                                              "\"schema\":{"
                                                                                              "\"type\":"
                                                                                              "\"string\"}}}},"
                                                                                              "\"401\":" REF(
                                                                                                  "resp"
                                                                                                  "onse"
                                                                                                  "s/"
                                                                                                  "Unau"
                                                                                                  "thor"
                                                                                                  "ize"
                                                                                                  "d") ",\"429\""
                                                                                                       ":" REF(
                                                                                                           "res"
                                                                                                           "pon"
                                                                                                           "ses"
                                                                                                           "/"
                                                                                                           "Too"
                                                                                                           "Man"
                                                                                                           "y") "}}}";

static const char components[] =
    "\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"the content of "
    "DATA/secrets/api-token\"}},"
    "\"responses\":{"
    "\"Invalid\":{\"description\":\"malformed request or document\",\"content\":{\"application/json\":{\"schema\":" REF(
        "schemas/Error") "}}},"
                         "\"Unauthorized\":{\"description\":\"no token, or a wrong "
                         "one\",\"content\":{\"application/json\":{\"schema\":" REF(
                             "schemas/Error") "}}},"
                                              "\"Forbidden\":{\"description\":\"the cookie from another "
                                              "origin\",\"content\":{\"application/json\":{\"schema\":" REF(
                                                  "schemas/Error") "}}},"
                                                                   "\"NotFound\":{\"description\":\"no such "
                                                                   "shadow\",\"content\":{\"application/"
                                                                   "json\":{\"schema\":" REF(
                                                                       "schemas/Error") "}}},"
                                                                                        "\"Conflict\":{\"description\":"
                                                                                        "\"the version is not the "
                                                                                        "current "
                                                                                        "one\",\"content\":{"
                                                                                        "\"application/json\":{"
                                                                                        "\"schema\":" REF(
                                                                                            "schemas/Error") "}}},"
                                                                                                             "\"TooLarg"
                                                                                                             "e\":{"
                                                                                                             "\"descrip"
                                                                                                             "tion\":"
                                                                                                             "\"body "
                                                                                                             "or "
                                                                                                             "document "
                                                                                                             "too "
                                                                                                             "large\","
                                                                                                             "\"content"
                                                                                                             "\":{"
                                                                                                             "\"applica"
                                                                                                             "tion/"
                                                                                                             "json\":{"
                                                                                                             "\"schema"
                                                                                                             "\":" REF(
                                                                                                                 "schem"
                                                                                                                 "as/"
                                                                                                                 "Erro"
                                                                                                                 "r") "}}},"
                                                                                                                      "\"TooMany\":{\"description\":\"more than 48 event streams at once\",\"content\":{\"application/json\":{"
                                                                                                                      "\"schema\":" REF(
                                                                                                                          "schemas/Error") "}}},"
                                                                                                                                           "\"Unavailable\":{\"description\":\"the bus or the service behind it is not there\",\"content\":{"
                                                                                                                                           "\"application/json\":{\"schema\":" REF(
                                                                                                                                               "schemas/Error") "}}}},"
                                                                                                                                                                "\"parameters\":{\"Shadow\":{\"name\":\"name\",\"in\":\"query\",\"description\":\"a named shadow, such as status; "
                                                                                                                                                                "its document has another form\",\"schema\":{\"type\":\"string\",\"pattern\":\"^[a-zA-Z0-9:_-]{1,64}$\"}}}";

/// Schemas that no thing changes; behind them come those of the things.
static const char schemas[] =
    "\"Error\":{\"type\":\"object\",\"properties\":{\"message\":{\"type\":\"string\"}},\"required\":[\"message\"]},"
    "\"NamedShadows\":{\"type\":\"object\",\"properties\":{\"results\":{\"type\":\"array\",\"items\":{\"type\":"
    "\"string\"}},\"nextToken\":{\"type\":\"string\"},\"timestamp\":{\"type\":\"integer\"}},\"required\":[\"results\","
    "\"timestamp\"]},"
    "\"Outcome\":{\"description\":\"response document of AWS IoT Commands\",\"type\":\"object\",\"properties\":{"
    "\"status\":{\"enum\":[\"SUCCEEDED\",\"FAILED\",\"REJECTED\",\"TIMED_OUT\"]},\"statusReason\":{\"type\":\"object\","
    "\"properties\":{\"reasonCode\":{\"type\":\"string\"},\"reasonDescription\":{\"type\":\"string\"}}},\"result\":{"
    "\"type\":\"object\"}},\"required\":[\"status\"]}";

// ---------------------------------------------------------------- the calls of a thing

#define JSON_CONTENT "\"content\":{\"application/json\":{\"schema\":"

static void open_path(struct json_writer *writer, const char *before, const struct thing *thing, const char *behind) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    buffer_print(&path, "%s%.*s%s", before, TEXT_ARG(thing->name), behind);
    if (path.failed) writer->out->failed = true;
    json_key_text(writer, buffer_view(&path));
    json_open_object(writer);
}

/// `"get":{"operationId":"getShadow_T","tags":["T"],"summary":"..."`, left open.
static void open_operation(struct json_writer *writer, const char *method, const char *id, const struct thing *thing,
                           const char *summary) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    json_key(writer, method);
    json_open_object(writer);
    buffer_print(&text, "%s_%.*s", id, TEXT_ARG(thing->name));
    put_text_member(writer, "operationId", buffer_view(&text));
    if (text.failed) writer->out->failed = true;
    json_key(writer, "tags");
    json_open_array(writer);
    json_put_text(writer, thing->name);
    json_close_array(writer);
    put_member(writer, "summary", summary);
}

/// {"$ref":"#/components/schemas/T.twin"}
static void put_reference(struct json_writer *writer, const struct thing *thing, const char *what) {
    CLEANUP(buffer_clear) struct buffer reference = {0};
    buffer_print(&reference, "#/components/schemas/%.*s.%s", TEXT_ARG(thing->name), what);
    if (reference.failed) writer->out->failed = true;
    json_open_object(writer);
    put_text_member(writer, "$ref", buffer_view(&reference));
    json_close_object(writer);
}

static void put_content(struct json_writer *writer, const struct thing *thing, const char *what) {
    json_key(writer, "content");
    json_open_object(writer);
    json_key(writer, "application/json");
    json_open_object(writer);
    json_key(writer, "schema");
    put_reference(writer, thing, what);
    json_close_object(writer);
    json_close_object(writer);
}

static void put_body(struct json_writer *writer, const struct thing *thing, const char *what) {
    json_key(writer, "requestBody");
    json_open_object(writer);
    json_key(writer, "required");
    json_put_bool(writer, true);
    put_content(writer, thing, what);
    json_close_object(writer);
}

/// Answer 200 with a document of the thing, then the refusals, trusted text.
static void put_answers(struct json_writer *writer, const struct thing *thing, const char *what, const char *told,
                        struct text refusals) {
    json_key(writer, "responses");
    json_open_object(writer);
    json_key(writer, "200");
    json_open_object(writer);
    put_member(writer, "description", told);
    if (what != NULL) put_content(writer, thing, what);
    json_close_object(writer);
    json_put_raw(writer, refusals); // members, as they are
    json_close_object(writer);
    json_close_object(writer); // the operation
}

static void put_shadow_path(struct json_writer *writer, const struct thing *thing) {
    open_path(writer, "/things/", thing, "/shadow");
    json_key(writer, "parameters");
    json_put_raw(writer, TEXT("[" REF("parameters/Shadow") "]"));
    open_operation(writer, "get", "getShadow", thing, "the twin");
    put_answers(writer, thing, "twin", "the document", TEXT("\"404\":" REF("responses/NotFound") "," ERRORS));
    open_operation(writer, "post", "updateShadow", thing, "wish something, or report it; null removes");
    put_body(writer, thing, "update");
    put_answers(writer, thing, NULL, "what was accepted",
                TEXT("\"409\":" REF("responses/Conflict") ",\"413\":" REF("responses/TooLarge") "," ERRORS));
    open_operation(writer, "delete", "deleteShadow", thing, "forget the twin; what the edge reports comes back");
    put_answers(writer, thing, NULL, "version and time", TEXT("\"404\":" REF("responses/NotFound") "," ERRORS));
    json_close_object(writer);
}

static void put_list_path(struct json_writer *writer, const struct thing *thing) {
    open_path(writer, "/api/things/shadow/ListNamedShadowsForThing/", thing, "");
    open_operation(writer, "get", "listNamedShadows", thing, "the names of its named shadows");
    json_key(writer, "parameters");
    json_put_raw(writer,
                 TEXT("[{\"name\":\"pageSize\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"minimum\":1,"
                      "\"maximum\":100}},{\"name\":\"nextToken\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}}]"));
    json_key(writer, "responses");
    json_put_raw(writer, TEXT("{\"200\":{\"description\":\"in the order of their names\"," JSON_CONTENT REF(
                             "schemas/NamedShadows") "}}}," ERRORS "}"));
    json_close_object(writer);
    json_close_object(writer);
}

static void put_command_path(struct json_writer *writer, const struct thing *thing) {
    if (thing->call_count == 0) return;
    open_path(writer, "/v1/things/", thing, "/commands");
    open_operation(writer, "post", "command", thing, "call a method");
    put_body(writer, thing, "command");
    json_key(writer, "responses");
    json_put_raw(writer, TEXT("{\"200\":{\"description\":\"done\"," JSON_CONTENT REF(
                             "schemas/Outcome") "}}},\"409\":{\"description\":\"refused, with the "
                                                "reason\"," JSON_CONTENT REF(
                                                    "schemas/Outcome") "}}},\"504\":{\"description\":\"not answered in "
                                                                       "time\"," JSON_CONTENT REF(
                                                                           "schemas/Outcome") "}}}," ERRORS "}"));
    json_close_object(writer);
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

// ---------------------------------------------------------------- the document

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
    json_put_raw(writer, TEXT("[{\"token\":[]}]"));
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
    json_key_raw(&writer, TEXT("\"paths\":"));
    json_open_object(&writer);
    json_put_raw(&writer, text_of(paths)); // members, as they are
    for (size_t i = 0; i < inventory->thing_count; i++) {
        put_shadow_path(&writer, &inventory->things[i]);
        put_list_path(&writer, &inventory->things[i]);
        put_command_path(&writer, &inventory->things[i]);
    }
    json_close_object(&writer);
    json_key_raw(&writer, TEXT("\"components\":"));
    json_open_object(&writer);
    json_put_raw(&writer, text_of(components));
    json_key(&writer, "schemas");
    json_open_object(&writer);
    json_put_raw(&writer, text_of(schemas));
    for (size_t i = 0; i < inventory->thing_count; i++) {
        const struct thing *thing = &inventory->things[i];
        put_thing_schema(&writer, thing, "twin", put_twin_schema);
        put_thing_schema(&writer, thing, "update", put_update_schema);
        if (thing->call_count > 0) put_thing_schema(&writer, thing, "command", put_command_schema);
    }
    json_close_object(&writer);
    json_close_object(&writer);
    json_close_object(&writer);
    buffer_byte(out, '\n');
    return written(out, ret_problem);
}
