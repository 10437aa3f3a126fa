#include "formats.h"

const struct describe_format describe_formats[] = {
    {"nodeset2", "OPC UA address space as UANodeSet XML, for engineering tools", false, nodeset_write},
    {"jsonschema", "JSON Schema (2020-12) of the twin of each thing", false, json_schema_write},
    {"openapi", "OpenAPI 3.1 description of the HTTP interface", false, openapi_write},
    {"io-csv", "I/O list: every channel, what is wired to it, its address (RFC 4180)", false, io_csv_write},
    {"svg", "the picture of the console, at rest", false, svg_write},
    {"html",
     "documentation page for the wall: interlocks, limits, safe states, what is left when a tier is lost, wires", false,
     html_write},
    {"aasx", "Asset Administration Shell 3.0: nameplate, technical and operational data, interfaces", true, aasx_write},
};
const size_t describe_format_count = sizeof describe_formats / sizeof describe_formats[0];

const struct describe_format *describe_find(struct text name) {
    for (size_t i = 0; i < describe_format_count; i++)
        if (text_is(name, describe_formats[i].name)) return &describe_formats[i];
    return NULL;
}
