// Recursive descent, a function for each level of precedence.
#include "token.h"
#include "tree.h"

#include <string.h>

struct parser {
    struct scanner scanner;
    unsigned depth; // of brackets and prefixes
};

static enum error parse_any(struct parser *parser, struct node **ret_node);
static enum error parse_query(struct parser *parser, bool nested, struct query **ret_query);

// --- small steps ---

static bool at_word(const struct parser *parser, const char *word) {
    return token_is_word(&parser->scanner.token, word);
}

static bool at_sign(const struct parser *parser, const char *sign) {
    return token_is_sign(&parser->scanner.token, sign);
}

static enum error next(struct parser *parser) {
    return scanner_next(&parser->scanner);
}

static struct text found(const struct parser *parser) {
    return parser->scanner.token.kind == TOKEN_END ? TEXT("the end") : parser->scanner.token.text;
}

static enum error expected(const struct parser *parser, const char *what) {
    struct text text = found(parser);
    if (text.length > 32) text.length = 32;
    return scanner_fail(&parser->scanner, parser->scanner.token.at, "%s is expected here, not \"%.*s\"", what,
                        TEXT_ARG(text));
}

static enum error take_sign(struct parser *parser, const char *sign) {
    return at_sign(parser, sign) ? next(parser) : expected(parser, sign);
}

static enum error take_word(struct parser *parser, const char *word) {
    return at_word(parser, word) ? next(parser) : expected(parser, word);
}

static enum error no_memory(const struct parser *parser) {
    return problem_say(parser->scanner.problem, ERROR_NO_MEMORY, "out of memory");
}

static enum error make(struct parser *parser, enum node_kind kind, struct node **ret_node) {
    struct node *node = pool_alloc(parser->scanner.pool, sizeof *node);
    if (node == NULL) return no_memory(parser);
    node->kind = kind;
    *ret_node = node;
    return ERROR_NONE;
}

static enum error add_child(struct parser *parser, struct node *node, struct node *child) {
    struct node **at = &node->children;
    while (*at != NULL) at = &(*at)->next;
    *at = child;
    if (child->depth >= node->depth) node->depth = child->depth + 1;
    if (node->depth <= NODE_DEPTH_MAX) return ERROR_NONE;
    return scanner_fail(&parser->scanner, parser->scanner.token.at,
                        "the expression is nested more than %d deep; split it", NODE_DEPTH_MAX);
}

static enum error go_down(struct parser *parser) {
    if (++parser->depth <= RULE_DEPTH_MAX) return ERROR_NONE;
    return scanner_fail(&parser->scanner, parser->scanner.token.at, "more than %d brackets in each other",
                        RULE_DEPTH_MAX);
}

static bool is_reserved(const struct token *token) {
    static const char *const words[] = {"SELECT", "FROM", "WHERE", "AS",   "AND",  "OR",
                                        "NOT",    "CASE", "WHEN",  "THEN", "ELSE", "END"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (token_is_word(token, words[i])) return true;
    return false;
}

// --- primaries ---

static enum error parse_number(struct parser *parser, struct node *node) {
    struct text text = parser->scanner.token.text;
    int64_t integer;
    double decimal;
    if (text_to_i64(text, &integer) == ERROR_NONE)
        node->value = value_integer(integer);
    else if (text_to_real(text, &decimal) == ERROR_NONE)
        node->value = value_decimal(decimal);
    else
        return scanner_fail(&parser->scanner, parser->scanner.token.at, "\"%.*s\" is too large a number",
                            TEXT_ARG(text));
    return next(parser);
}

static enum error parse_literal(struct parser *parser, struct value value, struct node **ret_node) {
    enum error error = make(parser, NODE_LITERAL, ret_node);
    if (error) return error;
    (*ret_node)->value = value;
    return parser->scanner.token.kind == TOKEN_NUMBER ? parse_number(parser, *ret_node) : next(parser);
}

/// {"name": expression, ...}
static enum error parse_object(struct parser *parser, struct node **ret_node) {
    struct node *node = NULL;
    enum error error = make(parser, NODE_OBJECT, &node);
    if (!error) error = next(parser);
    while (!error && !at_sign(parser, "}")) {
        struct text name = parser->scanner.token.text;
        struct node *value = NULL;
        if (parser->scanner.token.kind != TOKEN_STRING) return expected(parser, "a name in quotes");
        error = next(parser);
        if (!error) error = take_sign(parser, ":");
        if (!error) error = parse_any(parser, &value);
        if (error) return error;
        value->label = name;
        error = add_child(parser, node, value);
        if (error || !at_sign(parser, ",")) break;
        error = next(parser);
    }
    if (!error) error = take_sign(parser, "}");
    if (!error) *ret_node = node;
    return error;
}

static enum error parse_list(struct parser *parser, struct node *node, const char *end) {
    enum error error = ERROR_NONE;
    while (!error && !at_sign(parser, end)) {
        struct node *child = NULL;
        error = parse_any(parser, &child);
        if (!error) error = add_child(parser, node, child);
        if (error || !at_sign(parser, ",")) break;
        error = next(parser);
    }
    return error ? error : take_sign(parser, end);
}

static enum error parse_array(struct parser *parser, struct node **ret_node) {
    enum error error = make(parser, NODE_ARRAY, ret_node);
    if (!error) error = next(parser);
    return error ? error : parse_list(parser, *ret_node, "]");
}

/// cast(value AS type)
static enum error parse_cast(struct parser *parser, struct node **ret_node) {
    static const char *const types[] = {"String",  "Nvarchar", "Text",    "Ntext", "Varchar", "Int",
                                        "Integer", "Double",   "Decimal", "Bool",  "Boolean"};
    struct node *value = NULL;
    enum error error = make(parser, NODE_CAST, ret_node);
    if (!error) error = parse_any(parser, &value);
    if (!error) error = add_child(parser, *ret_node, value);
    if (!error) error = take_word(parser, "AS");
    if (error) return error;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!at_word(parser, types[i])) continue;
        (*ret_node)->name = text_of(types[i]);
        error = next(parser);
        return error ? error : take_sign(parser, ")");
    }
    return expected(parser, "a type (String, Int, Decimal, Boolean)");
}

static enum error check_count(const struct parser *parser, const struct function *function, const struct node *call,
                              size_t at) {
    unsigned count = 0;
    for (const struct node *child = call->children; child != NULL; child = child->next) count++;
    if (count >= function->arguments_min && count <= function->arguments_max) return ERROR_NONE;
    return scanner_fail(&parser->scanner, at, "%s takes %u to %u arguments, not %u", function->name,
                        function->arguments_min, function->arguments_max, count);
}

/// The parenthesis is next.
static enum error parse_call(struct parser *parser, const struct token *name, struct node **ret_node) {
    enum error error = next(parser);
    if (!error && token_is_word(name, "cast")) return parse_cast(parser, ret_node);
    const struct function *function = function_find(name->text);
    if (function == NULL)
        return scanner_fail(&parser->scanner, name->at, "there is no function \"%.*s\" here", TEXT_ARG(name->text));
    if (!error) error = make(parser, NODE_CALL, ret_node);
    if (error) return error;
    (*ret_node)->function = function;
    (*ret_node)->name = text_of(function->name);
    error = parse_list(parser, *ret_node, ")");
    return error ? error : check_count(parser, function, *ret_node, name->at);
}

static enum error parse_word(struct parser *parser, struct node **ret_node) {
    const struct token name = parser->scanner.token;
    if (token_is_word(&name, "TRUE")) return parse_literal(parser, value_boolean(true), ret_node);
    if (token_is_word(&name, "FALSE")) return parse_literal(parser, value_boolean(false), ret_node);
    if (token_is_word(&name, "NULL")) return parse_literal(parser, (struct value){.kind = VALUE_NULL}, ret_node);
    if (is_reserved(&name)) return expected(parser, "a value");
    enum error error = next(parser);
    if (error) return error;
    if (at_sign(parser, "(")) return parse_call(parser, &name, ret_node);
    error = make(parser, NODE_NAME, ret_node);
    if (!error) (*ret_node)->name = name.text;
    return error;
}

/// (expression), or (SELECT ...)
static enum error parse_parentheses(struct parser *parser, struct node **ret_node) {
    enum error error = next(parser);
    if (error) return error;
    if (at_word(parser, "SELECT")) {
        struct query *query = NULL;
        error = make(parser, NODE_QUERY, ret_node);
        if (!error) error = parse_query(parser, true, &query);
        if (!error) (*ret_node)->query = query;
    } else {
        error = parse_any(parser, ret_node);
    }
    return error ? error : take_sign(parser, ")");
}

static enum error add_parsed(struct parser *parser, struct node *node) {
    struct node *child = NULL;
    enum error error = parse_any(parser, &child);
    return error ? error : add_child(parser, node, child);
}

/// CASE value WHEN a THEN b ... [ELSE c] END
static enum error parse_case(struct parser *parser, struct node **ret_node) {
    enum error error = make(parser, NODE_CASE, ret_node);
    if (!error) error = next(parser);
    if (!error) error = add_parsed(parser, *ret_node);
    if (!error && !at_word(parser, "WHEN")) return expected(parser, "WHEN");
    while (!error && at_word(parser, "WHEN")) {
        error = next(parser);
        if (!error) error = add_parsed(parser, *ret_node);
        if (!error) error = take_word(parser, "THEN");
        if (!error) error = add_parsed(parser, *ret_node);
    }
    if (!error && at_word(parser, "ELSE")) {
        error = next(parser);
        if (!error) error = add_parsed(parser, *ret_node);
    }
    return error ? error : take_word(parser, "END");
}

static enum error parse_start(struct parser *parser, struct node **ret_node) {
    const struct token *token = &parser->scanner.token;
    if (token->kind == TOKEN_STRING) return parse_literal(parser, value_string(token->text), ret_node);
    if (token->kind == TOKEN_NUMBER) return parse_literal(parser, value_undefined, ret_node);
    if (at_word(parser, "CASE")) return parse_case(parser, ret_node);
    if (token->kind == TOKEN_WORD) return parse_word(parser, ret_node);
    if (at_sign(parser, "(")) return parse_parentheses(parser, ret_node);
    if (at_sign(parser, "{")) return parse_object(parser, ret_node);
    if (at_sign(parser, "[")) return parse_array(parser, ret_node);
    if (!at_sign(parser, "*")) return expected(parser, "a value");
    enum error error = make(parser, NODE_PAYLOAD, ret_node);
    return error ? error : next(parser);
}

/// The dot is next. After it, words that are reserved are names.
static enum error parse_member(struct parser *parser, struct node **object) {
    struct node *member = NULL;
    enum error error = next(parser);
    if (error) return error;
    if (parser->scanner.token.kind != TOKEN_WORD)
        return expected(parser, "the name of a member (of others: get(object, \"name\"))");
    error = make(parser, NODE_MEMBER, &member);
    if (error) return error;
    member->name = parser->scanner.token.text;
    error = add_child(parser, member, *object);
    *object = member;
    return error ? error : next(parser);
}

/// A value and what follows it: .name, as often as it likes.
static enum error parse_primary(struct parser *parser, struct node **ret_node) {
    enum error error = parse_start(parser, ret_node);
    while (!error && at_sign(parser, ".")) error = parse_member(parser, ret_node);
    return error;
}

// --- operators ---

static enum error parse_prefix(struct parser *parser, struct node **ret_node);

static enum error parse_prefixed(struct parser *parser, enum node_kind kind, struct node **ret_node) {
    struct node *operand = NULL;
    enum error error = go_down(parser);
    if (!error) error = make(parser, kind, ret_node);
    if (!error) error = next(parser);
    if (!error) error = parse_prefix(parser, &operand);
    if (!error) error = add_child(parser, *ret_node, operand);
    parser->depth--;
    return error;
}

static enum error parse_prefix(struct parser *parser, struct node **ret_node) {
    if (at_sign(parser, "-")) return parse_prefixed(parser, NODE_NEGATE, ret_node);
    return parse_primary(parser, ret_node);
}

static const struct level {
    struct {
        const char *sign;
        enum operation operation;
    } operators[7];
} levels[] = {
    {{{"OR", OPERATION_OR}}},
    {{{"AND", OPERATION_AND}}},
    {{{"=", OPERATION_EQUAL},
      {"<>", OPERATION_NOT_EQUAL},
      {"!=", OPERATION_NOT_EQUAL},
      {"<=", OPERATION_LESS_EQUAL},
      {">=", OPERATION_GREATER_EQUAL},
      {"<", OPERATION_LESS},
      {">", OPERATION_GREATER}}},
    {{{"+", OPERATION_ADD}, {"-", OPERATION_SUBTRACT}}},
    {{{"*", OPERATION_MULTIPLY}, {"/", OPERATION_DIVIDE}, {"%", OPERATION_REMAINDER}}},
};
enum { LEVELS = sizeof levels / sizeof *levels, LEVEL_COMPARE = 2 };

static bool at_operator(const struct parser *parser, const struct level *level, enum operation *ret_operation) {
    for (size_t i = 0; i < sizeof level->operators / sizeof *level->operators; i++) {
        const char *sign = level->operators[i].sign;
        if (sign == NULL) return false;
        if (!at_sign(parser, sign) && !at_word(parser, sign)) continue;
        *ret_operation = level->operators[i].operation;
        return true;
    }
    return false;
}

static enum error parse_level(struct parser *parser, size_t level, struct node **ret_node);

static enum error parse_operand(struct parser *parser, size_t level, struct node **ret_node) {
    if (level == LEVELS) return parse_prefix(parser, ret_node);
    // NOT binds weaker than comparisons: NOT a = b is NOT (a = b).
    if (level != LEVEL_COMPARE || !at_word(parser, "NOT")) return parse_level(parser, level, ret_node);
    struct node *operand = NULL;
    enum error error = go_down(parser);
    if (!error) error = make(parser, NODE_NOT, ret_node);
    if (!error) error = next(parser);
    if (!error) error = parse_operand(parser, level, &operand);
    if (!error) error = add_child(parser, *ret_node, operand);
    parser->depth--;
    return error;
}

static enum error parse_level(struct parser *parser, size_t level, struct node **ret_node) {
    enum operation operation;
    enum error error = parse_operand(parser, level + 1, ret_node);
    while (!error && at_operator(parser, &levels[level], &operation)) {
        struct node *left = *ret_node, *right = NULL;
        error = next(parser);
        if (!error) error = parse_operand(parser, level + 1, &right);
        if (!error) error = make(parser, NODE_BINARY, ret_node);
        if (!error) (*ret_node)->operation = operation;
        if (!error) error = add_child(parser, *ret_node, left);
        if (!error) error = add_child(parser, *ret_node, right);
    }
    return error;
}

static enum error parse_any(struct parser *parser, struct node **ret_node) {
    enum error error = go_down(parser);
    if (!error) error = parse_operand(parser, 0, ret_node);
    parser->depth--;
    return error;
}

// --- queries ---

/// AS name, or the expression's own.
static enum error parse_label(struct parser *parser, struct node *item, size_t at) {
    if (at_word(parser, "AS")) {
        enum error error = next(parser);
        enum token_kind kind = parser->scanner.token.kind;
        if (error) return error;
        if (kind != TOKEN_WORD && kind != TOKEN_STRING) return expected(parser, "a name");
        item->label = parser->scanner.token.text;
        return next(parser);
    }
    item->label = item->name;
    if (item->label.length > 0 || item->kind == NODE_PAYLOAD) return ERROR_NONE;
    return scanner_fail(&parser->scanner, at, "this has no name of its own; write ... AS name");
}

static enum error parse_items(struct parser *parser, struct query *query) {
    struct node **at = &query->items;
    for (;;) {
        size_t start = parser->scanner.token.at;
        enum error error = parse_any(parser, at);
        if (!error && !query->is_value) error = parse_label(parser, *at, start);
        if (error || query->is_value || !at_sign(parser, ",")) return error;
        at = &(*at)->next;
        error = next(parser);
        if (error) return error;
    }
}

/// `value` is a common name in messages: it is the keyword only where a value follows it.
static enum error take_value_keyword(struct parser *parser, bool *ret_taken) {
    *ret_taken = false;
    if (!at_word(parser, "VALUE")) return ERROR_NONE;
    const struct scanner before = parser->scanner;
    enum error error = next(parser);
    if (error) return error;
    const struct token *token = &parser->scanner.token;
    bool starts = token->kind == TOKEN_STRING || token->kind == TOKEN_NUMBER || at_sign(parser, "{") ||
                  at_sign(parser, "[") || at_sign(parser, "(") || at_word(parser, "CASE") ||
                  (token->kind == TOKEN_WORD && !is_reserved(token));
    if (at_sign(parser, "*")) {
        error = next(parser);
        starts = at_word(parser, "FROM");
        parser->scanner = before;
        if (!error && starts) error = next(parser);
    } else if (!starts) {
        parser->scanner = before;
    }
    *ret_taken = starts;
    return error;
}

static enum error parse_filter(struct parser *parser, struct query *query) {
    const struct token *token = &parser->scanner.token;
    if (token->kind != TOKEN_STRING) return expected(parser, "a topic filter in quotes");
    struct text rest = token->text, level;
    if (rest.length == 0) return expected(parser, "a topic filter");
    while (text_split(&rest, '/', &level)) {
        bool wild = text_is(level, "+") || text_is(level, "#");
        bool has_sign = false;
        for (size_t i = 0; i < level.length; i++) has_sign |= level.data[i] == '+' || level.data[i] == '#';
        if ((has_sign && !wild) || (text_is(level, "#") && rest.length > 0))
            return scanner_fail(&parser->scanner, token->at,
                                "+ and # stand for whole levels of a topic, # for the last one");
    }
    query->filter = token->text;
    return next(parser);
}

static enum error parse_query(struct parser *parser, bool nested, struct query **ret_query) {
    struct query *query = pool_alloc(parser->scanner.pool, sizeof *query);
    if (query == NULL) return no_memory(parser);
    enum error error = take_word(parser, "SELECT");
    if (!error) error = take_value_keyword(parser, &query->is_value);
    if (!error) error = parse_items(parser, query);
    if (!error) error = take_word(parser, "FROM");
    if (!error) error = nested ? parse_any(parser, &query->from) : parse_filter(parser, query);
    if (!error && at_word(parser, "WHERE")) {
        error = next(parser);
        if (!error) error = parse_any(parser, &query->where);
    }
    if (!error) *ret_query = query;
    return error;
}

// --- entries ---

static enum error begin(struct parser *parser, struct text sql, struct pool *pool, struct problem *ret_problem) {
    *parser = (struct parser){0};
    if (sql.length > RULE_BYTES_MAX)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "%zu bytes; at most %d", sql.length, RULE_BYTES_MAX);
    if (!text_is_utf8(sql)) return problem_say(ret_problem, ERROR_INVALID, "not valid UTF-8");
    return scanner_begin(&parser->scanner, sql, pool, ret_problem);
}

static enum error end(const struct parser *parser) {
    return parser->scanner.token.kind == TOKEN_END ? ERROR_NONE : expected(parser, "the end");
}

enum error parse_rule(struct text sql, struct pool *pool, struct query **ret_query, struct problem *ret_problem) {
    struct parser parser;
    enum error error = begin(&parser, sql, pool, ret_problem);
    if (!error) error = parse_query(&parser, false, ret_query);
    return error ? error : end(&parser);
}

enum error parse_expression(struct text sql, struct pool *pool, struct node **ret_node, struct problem *ret_problem) {
    struct parser parser;
    enum error error = begin(&parser, sql, pool, ret_problem);
    if (!error) error = parse_any(&parser, ret_node);
    return error ? error : end(&parser);
}
