/// The writers of the formats, one file each; formats.c lists them.
#pragma once

#include <describe/describe.h>

typedef enum error describe_fn(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                               struct problem *ret_problem);

describe_fn nodeset_write;
describe_fn json_schema_write;
describe_fn openapi_write;
describe_fn io_csv_write;
describe_fn svg_write;
describe_fn html_write;
describe_fn aasx_write;
