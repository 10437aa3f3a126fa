/// Documents that are generated from the model of a plant: for engineering tools, for programs, for people. None of
/// them is ever edited; made again from a changed model they follow it. What each format says, and which rules it
/// keeps, stands in docs/guide/model.md. Pure: a plant in, bytes out; the same plant and options give the same bytes
/// (no time, no random numbers). Owns: nothing; the caller keeps plant and options. Threads: any number at once.
#pragma once

#include <base/buffer.h>
#include <base/problem.h>
#include <model/model.h>

struct describe_options {
    bool simulated;        // the plant as the driver `sim` plays it: with the thing STATION_simulation
    const char *opcua_url; // where the edge is reached: "opc.tcp://127.0.0.1:4840"
    const char *http_url;  // where the HTTP interface is reached: "http://127.0.0.1:8080"
};

/// One format. `write` appends the document; it fails only for want of memory, or where the plant cannot be said in the
/// format (the problem says what and why), and has then appended nothing that means anything.
struct describe_format {
    const char *name;    // "io-csv", as `splc model export --format` takes it
    const char *summary; // one line
    bool binary;         // not for a terminal
    enum error (*write)(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                        struct problem *ret_problem);
};
extern const struct describe_format describe_formats[];
extern const size_t describe_format_count;

/// NULL when there is no format of that name.
const struct describe_format *describe_find(struct text name);

/// The plant as a tree for people, for `splc model show`: elements with role, class and designation, their signals with
/// their wires, variables, methods.
void describe_tree(const struct plant *plant, const struct describe_options *options, struct buffer *out);
/// The same as JSON, for programs.
void describe_json(const struct plant *plant, const struct describe_options *options, struct buffer *out);
