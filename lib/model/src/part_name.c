#include "part_name.h"

#include <base/cleanup.h>
#include <ctype.h>
#include <string.h>

static int digit(char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte = (char)tolower((unsigned char)byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/// The byte that begins here, escaped ("%20") or not, and how many bytes of the text it took. A "%" that begins no
/// escape is itself: tools write names with blanks and signs as they are.
static unsigned char next_byte(struct text text, size_t *ret_taken) {
    bool escape = text.length >= 3 && text.data[0] == '%' && digit(text.data[1]) >= 0 && digit(text.data[2]) >= 0;
    *ret_taken = escape ? 3 : 1;
    return (unsigned char)(escape ? digit(text.data[1]) * 16 + digit(text.data[2]) : text.data[0]);
}

/// A name without its escapes; what they must not hide is refused.
static const char *unescape(struct text segment, struct buffer *out) {
    for (size_t taken; segment.length > 0; segment = text_from(segment, taken)) {
        unsigned char byte = next_byte(segment, &taken);
        if (byte == '\\' || (taken > 1 && byte == '/')) return "has a slash in a name";
        if (byte < ' ' || byte == 0x7F) return "has a control character in its name";
        buffer_byte(out, (char)byte);
    }
    return NULL;
}

static bool may_be_in_scheme(char byte) {
    return isalnum((unsigned char)byte) || byte == '+' || byte == '-' || byte == '.';
}

/// "http:", "file:", "pack:"
static bool has_scheme(struct text target) {
    size_t i = 0;
    while (i < target.length && may_be_in_scheme(target.data[i])) i++;
    return i > 0 && i < target.length && target.data[i] == ':' && isalpha((unsigned char)target.data[0]);
}

/// Without the last name and its "/"; false when there is none.
static bool go_up(struct buffer *path, size_t start) {
    if (path->length == start) return false;
    size_t length = path->length;
    while (length > start && path->data[length - 1] != '/') length--;
    path->length = length > start ? length - 1 : start;
    return true;
}

/// Follows one segment of the path from where `out` stands.
static const char *follow(struct text segment, size_t start, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    const char *wrong = unescape(segment, &name);
    if (wrong != NULL) return wrong;
    if (name.length == 0 || text_is(buffer_view(&name), ".")) return NULL;
    if (text_is(buffer_view(&name), "..")) return go_up(out, start) ? NULL : "leads out of the container";
    if (out->length > start) buffer_byte(out, '/');
    buffer_text(out, buffer_view(&name));
    return NULL;
}

const char *part_name_resolve(struct text target, struct buffer *out) {
    size_t start = out->length;
    target = text_trim(target);
    if (has_scheme(target) || text_starts_with(target, TEXT("//"))) return "leads out of the container";
    struct text segment, path = target;
    if (!text_split(&path, '#', &target)) return "is empty"; // a place in a part
    for (path = target; text_split(&path, '/', &segment);) {
        const char *wrong = follow(segment, start, out);
        if (wrong != NULL) return wrong;
    }
    if (out->length == start) return "names no part";
    if (!text_is_utf8(text_from(buffer_view(out), start))) return "has a name that is no UTF-8";
    return NULL;
}

bool part_name_is(struct text entry, struct text name) {
    size_t i = 0;
    for (size_t taken; entry.length > 0 && i < name.length; entry = text_from(entry, taken), i++)
        if (tolower(next_byte(entry, &taken)) != tolower((unsigned char)name.data[i])) return false;
    return entry.length == 0 && i == name.length;
}
