/// A rule as a tree.
#pragma once

#include "value.h"

#include <rule/rule.h>

enum operation {
    OPERATION_OR,
    OPERATION_AND,
    OPERATION_EQUAL,
    OPERATION_NOT_EQUAL,
    OPERATION_LESS,
    OPERATION_LESS_EQUAL,
    OPERATION_GREATER,
    OPERATION_GREATER_EQUAL,
    OPERATION_ADD,
    OPERATION_SUBTRACT,
    OPERATION_MULTIPLY,
    OPERATION_DIVIDE,
    OPERATION_REMAINDER,
};

enum node_kind {
    NODE_LITERAL, // value
    NODE_PAYLOAD, // *
    NODE_NAME,    // name: a member of the payload, or of an element in a nested query
    NODE_MEMBER,  // children: object; name
    NODE_CALL,    // function, children: arguments
    NODE_CAST,    // children: value; name: the type
    NODE_NEGATE,  // children: one
    NODE_NOT,
    NODE_BINARY, // operation, children: left, right
    NODE_CASE,   // children: value, when, then, when, then, ... [else]
    NODE_OBJECT, // children: values, each with its label
    NODE_ARRAY,  // children
    NODE_QUERY,  // query
};

enum { NODE_DEPTH_MAX = 256 };

struct node {
    enum node_kind kind;
    enum operation operation;
    unsigned depth; // of the tree below it: evaluation goes down by recursion
    struct text name;
    struct text label; // what it is called in an object or a selection
    struct value value;
    const struct function *function;
    const struct query *query;
    struct node *children, *next;
};

struct query {
    bool is_value;      // SELECT VALUE
    struct node *items; // each with its label; a NODE_PAYLOAD as an item is all of it
    struct node *from;  // nested: what to go through; NULL: the topic filter
    struct text filter;
    struct node *where; // NULL: none
};

struct rule {
    struct pool pool;
    struct query *query;
};

/// parse.c: a rule, or one expression, into the pool.
enum error parse_rule(struct text sql, struct pool *pool, struct query **ret_query, struct problem *ret_problem);
enum error parse_expression(struct text sql, struct pool *pool, struct node **ret_node, struct problem *ret_problem);

/// evaluate.c
struct run {
    const struct rule_message *message;
    const struct json *payload; // NULL: no JSON
    struct pool pool;           // values live here
    size_t bytes;               // of JSON that was built; bounded
    bool failed;                // out of memory, or past RULE_OUTPUT_BYTES_MAX
    bool too_large;
};
struct value evaluate(struct run *run, const struct node *node, struct value scope);
bool query_selects(struct run *run, const struct query *query, struct value scope);        // its WHERE
struct value query_object(struct run *run, const struct query *query, struct value scope); // its items
/// JSON that was written becomes a value of the run.
struct value run_keep_json(struct run *run, struct buffer *buffer);
struct value run_keep_string(struct run *run, struct buffer *buffer);

/// functions.c: what can be called.
struct function {
    const char *name;
    unsigned arguments_min, arguments_max;
    struct value (*call)(struct run *run, const struct value *arguments, unsigned count);
};
enum { ARGUMENTS_MAX = 8 };
const struct function *function_find(struct text name); // letters of either case
