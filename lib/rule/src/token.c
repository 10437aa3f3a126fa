#include "token.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum error scanner_fail(const struct scanner *scanner, size_t at, const char *format, ...) {
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at && i < scanner->sql.length; i++) {
        column++;
        if (scanner->sql.data[i] != '\n') continue;
        line++;
        column = 1;
    }
    char text[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return problem_say(scanner->problem, ERROR_INVALID, "line %u, column %u: %s", line, column, text);
}

static bool is_word_byte(char byte) {
    return isalnum((unsigned char)byte) || byte == '_';
}

static char byte_at(const struct scanner *scanner, size_t at) {
    return at < scanner->sql.length ? scanner->sql.data[at] : '\0';
}

static enum error take_string(struct scanner *scanner, char quote) {
    size_t start = scanner->at++;
    CLEANUP(buffer_clear) struct buffer text = {0};
    for (;; scanner->at++) {
        if (scanner->at >= scanner->sql.length)
            return scanner_fail(scanner, start, "this text does not end; a %c is missing", quote);
        char byte = scanner->sql.data[scanner->at];
        if (byte == quote && byte_at(scanner, scanner->at + 1) == quote)
            scanner->at++; // doubled: one of them
        else if (byte == quote)
            break;
        buffer_byte(&text, byte);
    }
    scanner->at++;
    if (text.failed) return problem_say(scanner->problem, ERROR_NO_MEMORY, "out of memory");
    scanner->token.kind = TOKEN_STRING;
    scanner->token.text = pool_keep(scanner->pool, &text);
    return ERROR_NONE;
}

static size_t count_digits(const struct scanner *scanner, size_t at) {
    size_t count = 0;
    while (isdigit((unsigned char)byte_at(scanner, at + count))) count++;
    return count;
}

static void take_number(struct scanner *scanner) {
    size_t at = scanner->at + count_digits(scanner, scanner->at);
    if (byte_at(scanner, at) == '.' && count_digits(scanner, at + 1) > 0) at += 1 + count_digits(scanner, at + 1);
    if (tolower((unsigned char)byte_at(scanner, at)) == 'e') {
        size_t sign = byte_at(scanner, at + 1) == '-' || byte_at(scanner, at + 1) == '+';
        size_t digits = count_digits(scanner, at + 1 + sign);
        if (digits > 0) at += 1 + sign + digits;
    }
    scanner->token.kind = TOKEN_NUMBER;
    scanner->token.text = (struct text){scanner->sql.data + scanner->at, at - scanner->at};
    scanner->at = at;
}

static enum error take_sign(struct scanner *scanner) {
    static const char *const signs[] = {"<>", "<=", ">=", "!=", "(", ")", "[", "]", "{", "}", ",",
                                        ".",  ":",  "=",  "<",  ">", "+", "-", "*", "/", "%"};
    struct text rest = text_from(scanner->sql, scanner->at);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (!text_starts_with(rest, text_of(signs[i]))) continue;
        scanner->token.kind = TOKEN_SIGN;
        scanner->token.text = text_of(signs[i]);
        scanner->at += scanner->token.text.length;
        return ERROR_NONE;
    }
    unsigned char byte = (unsigned char)rest.data[0];
    if (byte >= ' ' && byte < 0x7f) return scanner_fail(scanner, scanner->at, "'%c' means nothing here", byte);
    return scanner_fail(scanner, scanner->at, "the byte 0x%02x means nothing here; texts stand in quotes", byte);
}

enum error scanner_next(struct scanner *scanner) {
    while (isspace((unsigned char)byte_at(scanner, scanner->at))) scanner->at++;
    scanner->token = (struct token){.kind = TOKEN_END, .at = scanner->at};
    if (scanner->at >= scanner->sql.length) return ERROR_NONE;
    char byte = scanner->sql.data[scanner->at];
    if (byte == '\'' || byte == '"') return take_string(scanner, byte);
    if (isdigit((unsigned char)byte)) {
        take_number(scanner);
        return ERROR_NONE;
    }
    if (!is_word_byte(byte)) return take_sign(scanner);
    size_t start = scanner->at;
    while (is_word_byte(byte_at(scanner, scanner->at))) scanner->at++;
    scanner->token.kind = TOKEN_WORD;
    scanner->token.text = (struct text){scanner->sql.data + start, scanner->at - start};
    return ERROR_NONE;
}

enum error scanner_begin(struct scanner *scanner, struct text sql, struct pool *pool, struct problem *ret_problem) {
    *scanner = (struct scanner){.sql = sql, .pool = pool, .problem = ret_problem};
    return scanner_next(scanner);
}

bool token_is_word(const struct token *token, const char *word) {
    return token->kind == TOKEN_WORD && token->text.length == strlen(word) &&
           strncasecmp(token->text.data, word, token->text.length) == 0;
}

bool token_is_sign(const struct token *token, const char *sign) {
    return token->kind == TOKEN_SIGN && text_is(token->text, sign);
}
