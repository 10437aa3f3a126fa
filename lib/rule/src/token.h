/// The words of the language.
#pragma once

#include "pool.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_NUMBER, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    struct text text; // of a string: without quotes, a doubled quote once
    size_t at;        // offset of its first byte
};

struct scanner {
    struct text sql;
    size_t at;
    struct pool *pool;  // strings with doubled quotes
    struct token token; // the next one
    struct problem *problem;
};
enum error scanner_begin(struct scanner *scanner, struct text sql, struct pool *pool, struct problem *ret_problem);
enum error scanner_next(struct scanner *scanner);
/// "line 2, column 5: ..."; returns ERROR_INVALID.
enum error scanner_fail(const struct scanner *scanner, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool token_is_word(const struct token *token, const char *word); // in either case
bool token_is_sign(const struct token *token, const char *sign);
