// What a document says about one thing, as model/caex.h shows it.
#include "scope.h"

#include <string.h>

struct text caex_attribute(struct caex_node *owner, struct text path) {
    struct scope scope = scope_of(owner);
    return scope_text(&scope, path);
}

/// "aml-lang=de-DE"; empty when there is no such translation.
static struct text translation(const struct scope *attribute, struct text language) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_print(&name, "aml-lang=%.*s", TEXT_ARG(language));
    struct scope found = scope_enter(attribute, buffer_view(&name));
    struct text value = TEXT_EMPTY;
    return scope_value(&found, &value) ? value : TEXT_EMPTY;
}

struct text caex_localised(struct caex_node *owner, struct text path, struct text language) {
    struct scope scope = scope_of(owner), attribute = scope_find(&scope, path);
    struct text value = translation(&attribute, language);
    const char *region = language.length == 0 ? NULL : memchr(language.data, '-', language.length);
    if (value.length == 0 && region != NULL)
        value = translation(&attribute, (struct text){language.data, (size_t)(region - language.data)});
    if (value.length == 0 && !scope_value(&attribute, &value)) return TEXT_EMPTY;
    return value;
}

/// The path without an alias in front.
static struct text without_alias(struct text path) {
    const char *at = path.length == 0 ? NULL : memchr(path.data, '@', path.length);
    return at == NULL ? path : text_from(path, (size_t)(at - path.data) + 1);
}

/// "[Library]/[a/b]" without its brackets.
static void put_plain(struct text path, struct buffer *out) {
    struct text name;
    while (caex_path_step(&path, &name)) {
        if (out->length > 0) buffer_byte(out, '/');
        buffer_text(out, name);
    }
}

/// A role that is stated, or one that it derives from: by its own path, for a class may be called otherwise where it is
/// referred to. The last one may be outside of this file, and known by that alone.
static bool leads_to_role(const struct caex_node *stated, struct text role) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    const struct caex_node *at = stated;
    for (; at->base != NULL; at = at->base) {
        buffer_reset(&path);
        caex_path(at->base, &path);
        if (text_equal(buffer_view(&path), role)) return true;
    }
    buffer_reset(&path);
    put_plain(without_alias(at->reference), &path);
    return at->reference.length > 0 && text_equal(buffer_view(&path), role);
}

bool caex_has_role(struct caex_node *element, struct text role) {
    static const enum caex_kind kinds[] = {CAEX_ROLE_REQUIREMENT, CAEX_SUPPORTED_ROLE};
    struct scope scope = scope_of(element);
    CLEANUP(buffer_clear) struct buffer plain = {0};
    put_plain(role, &plain);
    for (size_t i = 0; i < scope.count; i++)
        for (size_t k = 0; k < 2; k++)
            for (const struct caex_node *at = caex_first(scope.nodes[i], kinds[k]); at != NULL; at = caex_next(at))
                if (leads_to_role(at, buffer_view(&plain))) return true;
    return false;
}
