// Names that may stand in an archive: nothing that would lead out of a folder, should anybody unpack it.
#include "names.h"

static bool leads_upwards(struct text name) {
    struct text segment;
    while (text_split(&name, '/', &segment))
        if (text_is(segment, "..") || text_is(segment, ".")) return true;
    return false;
}

static bool has_bad_byte(struct text name) {
    for (size_t i = 0; i < name.length; i++)
        if ((unsigned char)name.data[i] < ' ' || name.data[i] == '\\' || name.data[i] == 0x7F) return true;
    return false;
}

const char *zip_name_refuses(struct text name) {
    if (name.length == 0) return "has no name";
    if (name.length > ZIP_NAME_BYTES_MAX) return "has a name that is too long";
    if (!text_is_utf8(name)) return "has a name that is no UTF-8";
    if (name.data[0] == '/' || (name.length > 1 && name.data[1] == ':')) return "has an absolute path as its name";
    if (has_bad_byte(name)) return "has a back slash or control character in its name";
    if (leads_upwards(name)) return "has a name that leads upwards";
    return NULL;
}

bool zip_is_archive(struct text bytes) {
    return text_starts_with(bytes, TEXT("PK\x03\x04")) || text_starts_with(bytes, TEXT("PK\x05\x06"));
}

void zip_locale_set(struct zip_locale *locale) {
    locale->own = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (locale->own != (locale_t)0) locale->before = uselocale(locale->own);
}

void zip_locale_clear(struct zip_locale *locale) {
    if (locale->own == (locale_t)0) return;
    uselocale(locale->before);
    freelocale(locale->own);
    locale->own = (locale_t)0;
}
