#include <base/text.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { REAL_TEXT_BYTES_MAX = 512 }; // the longest double that %f writes has 317 characters

struct text text_of(const char *string) {
    if (string == NULL) return TEXT_EMPTY;
    return (struct text){string, strlen(string)};
}

bool text_equal(struct text a, struct text b) {
    if (a.length != b.length) return false;
    return a.length == 0 || memcmp(a.data, b.data, a.length) == 0;
}

bool text_is(struct text a, const char *string) {
    return text_equal(a, text_of(string));
}

int text_compare(struct text a, struct text b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) return order;
    return (a.length > b.length) - (a.length < b.length);
}

bool text_starts_with(struct text text, struct text prefix) {
    if (text.length < prefix.length) return false;
    return text_equal((struct text){text.data, prefix.length}, prefix);
}

bool text_ends_with(struct text text, struct text suffix) {
    if (text.length < suffix.length) return false;
    return text_equal(text_from(text, text.length - suffix.length), suffix);
}

static bool is_space(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct text text_trim(struct text text) {
    while (text.length > 0 && is_space(text.data[0])) text = text_from(text, 1);
    while (text.length > 0 && is_space(text.data[text.length - 1])) text.length--;
    return text;
}

struct text text_from(struct text text, size_t offset) {
    if (offset == 0) return text;
    if (offset >= text.length) return TEXT_EMPTY;
    return (struct text){text.data + offset, text.length - offset};
}

bool text_split(struct text *rest, char separator, struct text *ret_piece) {
    if (rest->length == 0) return false;
    const char *found = memchr(rest->data, separator, rest->length);
    size_t length = found == NULL ? rest->length : (size_t)(found - rest->data);
    *ret_piece = (struct text){rest->data, length};
    *rest = text_from(*rest, length + 1);
    return true;
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static size_t count_digits(struct text text) {
    size_t count = 0;
    while (count < text.length && is_digit(text.data[count])) count++;
    return count;
}

enum error text_to_u64(struct text text, uint64_t *ret_value) {
    if (text.length == 0 || count_digits(text) != text.length) return ERROR_INVALID;
    uint64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (__builtin_mul_overflow(value, 10u, &value)) return ERROR_TOO_LARGE;
        if (__builtin_add_overflow(value, (unsigned)(text.data[i] - '0'), &value)) return ERROR_TOO_LARGE;
    }
    *ret_value = value;
    return ERROR_NONE;
}

enum error text_to_i64(struct text text, int64_t *ret_value) {
    bool negative = text_starts_with(text, TEXT("-"));
    uint64_t magnitude;
    enum error error = text_to_u64(negative ? text_from(text, 1) : text, &magnitude);
    if (error) return error;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0)) return ERROR_TOO_LARGE;
    *ret_value = (int64_t)(negative ? 0 - magnitude : magnitude);
    return ERROR_NONE;
}

/// The form that JSON, TOML and people share: digits, a point, an exponent. strtod alone would also take "nan",
/// "0x1p3" and leading blanks.
static bool is_real(struct text text) {
    if (text_starts_with(text, TEXT("-"))) text = text_from(text, 1);
    size_t whole = count_digits(text);
    text = text_from(text, whole);
    size_t fraction = 0;
    if (text_starts_with(text, TEXT("."))) {
        text = text_from(text, 1);
        fraction = count_digits(text);
        text = text_from(text, fraction);
    }
    if (whole + fraction == 0) return false;
    if (text.length == 0) return true;
    if (text.data[0] != 'e' && text.data[0] != 'E') return false;
    text = text_from(text, 1);
    if (text_starts_with(text, TEXT("-")) || text_starts_with(text, TEXT("+"))) text = text_from(text, 1);
    return text.length > 0 && count_digits(text) == text.length;
}

enum error text_to_real(struct text text, double *ret_value) {
    if (!is_real(text)) return ERROR_INVALID;
    if (text.length > REAL_TEXT_BYTES_MAX) return ERROR_TOO_LARGE;
    char string[REAL_TEXT_BYTES_MAX + 1];
    memcpy(string, text.data, text.length);
    string[text.length] = '\0';
    double value = strtod(string, NULL);
    if (isinf(value)) return ERROR_TOO_LARGE; // too small is no error: it is zero
    *ret_value = value;
    return ERROR_NONE;
}

char *text_copy(struct text text) {
    char *copy = malloc(text.length + 1);
    if (copy == NULL) return NULL;
    if (text.length > 0) memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    return copy;
}

/// One row for each kind of lead byte (RFC 3629, section 4): what the second byte may be keeps out overlong forms,
/// surrogates and anything past U+10FFFF.
static const struct utf8_form {
    unsigned char lead_first, lead_last, second_first, second_last;
    size_t length;
} utf8_forms[] = {
    {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static const struct utf8_form *utf8_form_of(unsigned char lead) {
    for (size_t i = 0; i < sizeof utf8_forms / sizeof utf8_forms[0]; i++)
        if (lead >= utf8_forms[i].lead_first && lead <= utf8_forms[i].lead_last) return &utf8_forms[i];
    return NULL;
}

/// Bytes of the character at the front; 0 when it is none.
static size_t utf8_character(struct text text) {
    const unsigned char *bytes = (const unsigned char *)text.data;
    const struct utf8_form *form = utf8_form_of(bytes[0]);
    if (form == NULL || form->length > text.length) return 0;
    if (form->length > 1 && (bytes[1] < form->second_first || bytes[1] > form->second_last)) return 0;
    for (size_t i = 2; i < form->length; i++)
        if ((bytes[i] & 0xC0) != 0x80) return 0;
    return form->length;
}

bool text_is_utf8(struct text text) {
    while (text.length > 0) {
        size_t length = utf8_character(text);
        if (length == 0) return false;
        text = text_from(text, length);
    }
    return true;
}

bool text_matches(struct text text, struct text pattern) {
    // Only the last star is ever tried again: what an earlier one swallowed is settled by the match up to the later.
    const size_t none = SIZE_MAX;
    size_t at = 0, in_pattern = 0, after_star = none, star_ends_at = 0;
    while (at < text.length) {
        if (in_pattern < pattern.length && pattern.data[in_pattern] == '*') {
            after_star = ++in_pattern;
            star_ends_at = at;
        } else if (in_pattern < pattern.length &&
                   (pattern.data[in_pattern] == '?' || pattern.data[in_pattern] == text.data[at])) {
            in_pattern++;
            at++;
        } else if (after_star != none) {
            in_pattern = after_star;
            at = ++star_ends_at;
        } else {
            return false;
        }
    }
    while (in_pattern < pattern.length && pattern.data[in_pattern] == '*') in_pattern++;
    return in_pattern == pattern.length;
}
