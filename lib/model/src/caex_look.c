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

/// The stated role, or one that it derives from; the last may be known by its path alone.
static bool leads_to_role(const struct caex_node *stated, struct text role) {
    for (const struct caex_node *at = stated; at != NULL; at = at->base)
        if (text_equal(without_alias(at->reference), role)) return true;
    return false;
}

bool caex_has_role(struct caex_node *element, struct text role) {
    static const enum caex_kind kinds[] = {CAEX_ROLE_REQUIREMENT, CAEX_SUPPORTED_ROLE};
    struct scope scope = scope_of(element);
    for (size_t i = 0; i < scope.count; i++)
        for (size_t k = 0; k < 2; k++)
            for (const struct caex_node *at = caex_first(scope.nodes[i], kinds[k]); at != NULL; at = caex_next(at))
                if (leads_to_role(at, role)) return true;
    return false;
}
