/// Borrowed bytes: a pointer and a length, without a NUL. Never owns, never frees.
#pragma once

#include <base/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    const char *data; // may be NULL when length is 0
    size_t length;    // bytes
};

#define TEXT(literal) ((struct text){("" literal), sizeof(literal) - 1})
#define TEXT_EMPTY ((struct text){NULL, 0})

/// For printf: `"%.*s", TEXT_ARG(name)`.
#define TEXT_ARG(text) (int)(text).length, (text).data == NULL ? "" : (text).data

struct text text_of(const char *string); // NULL gives the empty text
bool text_equal(struct text a, struct text b);
bool text_is(struct text a, const char *string);
int text_compare(struct text a, struct text b); // as memcmp, shorter first
bool text_starts_with(struct text text, struct text prefix);
bool text_ends_with(struct text text, struct text suffix);
struct text text_trim(struct text text);                // without white space at both ends
struct text text_from(struct text text, size_t offset); // the rest; empty past the end

/// Cuts the next piece up to `separator` off the front of `*rest` and returns it; an absent separator gives all.
/// False once nothing is left. "a//b" gives "a", "", "b"; "a/" gives "a" only, and "" nothing.
bool text_split(struct text *rest, char separator, struct text *ret_piece);

/// Whole-text numbers in decimal: "-" where the type has a sign, no "+", no white space, no "nan" or "0x".
/// ERROR_INVALID for anything else in it, ERROR_TOO_LARGE on overflow.
enum error text_to_u64(struct text text, uint64_t *ret_value);
enum error text_to_i64(struct text text, int64_t *ret_value);
enum error text_to_real(struct text text, double *ret_value);

/// A NUL-terminated copy for the caller to free; NULL when out of memory.
char *text_copy(struct text text);

/// True for valid UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool text_is_utf8(struct text text);

/// Shell-style match with `*` (any run) and `?` (any one byte).
bool text_matches(struct text text, struct text pattern);
