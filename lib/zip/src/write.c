#include "names.h"

#include <archive.h>
#include <archive_entry.h>
#include <base/cleanup.h>

static void close_writer(struct archive **writer) {
    if (*writer != NULL) archive_write_free(*writer);
}

static void free_entry(struct archive_entry **entry) {
    archive_entry_free(*entry);
}

static la_ssize_t append(struct archive *writer, void *context, const void *data, size_t length) {
    struct buffer *out = context;
    buffer_append(out, data, length);
    if (!out->failed) return (la_ssize_t)length;
    archive_set_error(writer, ARCHIVE_FATAL, "out of memory");
    return -1;
}

static enum error say_archive(struct archive *writer, struct problem *ret_problem) {
    return problem_say(ret_problem, ERROR_INTERNAL, "the ZIP archive cannot be written: %s",
                       archive_error_string(writer));
}

static enum error open_writer(struct archive *writer, bool deflate, struct buffer *out, struct problem *ret_problem) {
    bool opened = archive_write_set_format_zip(writer) == ARCHIVE_OK &&
                  (deflate ? archive_write_zip_set_compression_deflate(writer)
                           : archive_write_zip_set_compression_store(writer)) == ARCHIVE_OK &&
                  archive_write_set_bytes_in_last_block(writer, 1) == ARCHIVE_OK && // no padding at the end
                  archive_write_open(writer, out, NULL, append, NULL) == ARCHIVE_OK;
    return opened ? ERROR_NONE : say_archive(writer, ret_problem);
}

enum { YEAR_1980_S = 315532800 }; // the first moment that ZIP knows

static enum error write_entry(struct archive *writer, const struct zip_entry *zip, unsigned permissions,
                              struct problem *ret_problem) {
    const char *wrong = zip_name_refuses(zip->name);
    if (wrong != NULL)
        return problem_say(ret_problem, ERROR_INVALID, "the entry '%.*s' %s", TEXT_ARG(zip->name), wrong);
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_text(&name, zip->name);
    CLEANUP(free_entry) struct archive_entry *entry = archive_entry_new();
    if (entry == NULL || name.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    archive_entry_set_pathname_utf8(entry, name.data);
    archive_entry_set_size(entry, (la_int64_t)zip->content.length);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, permissions);
    archive_entry_set_mtime(entry, YEAR_1980_S, 0);
    if (archive_write_header(writer, entry) != ARCHIVE_OK) return say_archive(writer, ret_problem);
    if (zip->content.length > 0 &&
        archive_write_data(writer, zip->content.data, zip->content.length) != (la_ssize_t)zip->content.length)
        return say_archive(writer, ret_problem);
    return ERROR_NONE;
}

static enum error write_archive(const struct zip_entry *entries, const unsigned *permissions, size_t count,
                                bool deflate, struct buffer *out, struct problem *ret_problem) {
    CLEANUP(zip_locale_clear) struct zip_locale locale = {0};
    zip_locale_set(&locale);
    CLEANUP(close_writer) struct archive *writer = archive_write_new();
    if (writer == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = open_writer(writer, deflate, out, ret_problem);
    for (size_t i = 0; i < count && !error; i++)
        error = write_entry(writer, &entries[i], permissions == NULL ? 0644 : permissions[i], ret_problem);
    if (!error && archive_write_close(writer) != ARCHIVE_OK) error = say_archive(writer, ret_problem);
    return error;
}

enum error zip_write_with(const struct zip_entry *entries, const unsigned *permissions, size_t count,
                          struct buffer *out, struct problem *ret_problem) {
    return write_archive(entries, permissions, count, true, out, ret_problem);
}

enum error zip_store_with(const struct zip_entry *entries, const unsigned *permissions, size_t count,
                          struct buffer *out, struct problem *ret_problem) {
    return write_archive(entries, permissions, count, false, out, ret_problem);
}

enum error zip_write(const struct zip_entry *entries, size_t count, struct buffer *out, struct problem *ret_problem) {
    return zip_write_with(entries, NULL, count, out, ret_problem);
}
