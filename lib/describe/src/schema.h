/// JSON Schema (2020-12; OpenAPI 3.1 uses the same) of the documents of a thing.
#pragma once

#include "inventory.h"

#include <json/json.h>

/// The shadow document of a thing, as GET gives it.
void put_twin_schema(struct json_writer *writer, const struct thing *thing);
/// What `POST` of a shadow takes: `state` with `desired` and `reported`, `version`, `clientToken`.
void put_update_schema(struct json_writer *writer, const struct thing *thing);
/// What `POST /v1/things/T/commands` takes: one alternative for each method.
void put_command_schema(struct json_writer *writer, const struct thing *thing);
void put_member(struct json_writer *writer, const char *key, const char *value);
void put_text_member(struct json_writer *writer, const char *key, struct text value); // left out when empty
