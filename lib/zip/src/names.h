/// What reading and writing have in common.
#pragma once

#include <zip/zip.h>

#include <locale.h>

/// What is wrong with the name of an entry; NULL when nothing is.
const char *zip_name_refuses(struct text name);

/// libarchive converts names to the thread's character set, and drops what does not fit: while one of these is set, it
/// is UTF-8. Where the system has no such locale, names are ASCII or refused.
struct zip_locale {
    locale_t own, before;
};
void zip_locale_set(struct zip_locale *locale);
void zip_locale_clear(struct zip_locale *locale); // also of a zeroed one
