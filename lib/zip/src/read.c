#include "names.h"

#include <archive.h>
#include <archive_entry.h>
#include <base/cleanup.h>
#include <base/map.h>

#include <stdlib.h>

static void close_reader(struct archive **reader) {
    if (*reader != NULL) archive_read_free(*reader);
}

static enum error say_archive(struct archive *reader, struct problem *ret_problem) {
    const char *text = archive_error_string(reader);
    return problem_say(ret_problem, ERROR_INVALID, "the ZIP archive cannot be read: %s",
                       text == NULL ? "it is damaged" : text);
}

static enum error open_reader(struct text bytes, struct archive **ret_reader, struct problem *ret_problem) {
    if (!zip_is_archive(bytes)) return problem_say(ret_problem, ERROR_INVALID, "this is no ZIP archive");
    struct archive *reader = *ret_reader = archive_read_new();
    if (reader == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    // The form with the directory at the end: what an archive does not list there does not exist.
    if (archive_read_support_format_zip_seekable(reader) != ARCHIVE_OK) return say_archive(reader, ret_problem);
    // Names without the mark for UTF-8 are taken for it all the same.
    if (archive_read_set_options(reader, "zip:hdrcharset=UTF-8") == ARCHIVE_FATAL)
        return say_archive(reader, ret_problem);
    if (archive_read_open_memory(reader, bytes.data, bytes.length) != ARCHIVE_OK)
        return say_archive(reader, ret_problem);
    return ERROR_NONE;
}

/// In lower case, as far as ASCII goes: how names are compared.
static enum error fold(struct text name, struct buffer *out) {
    buffer_reset(out);
    for (size_t i = 0; i < name.length; i++) {
        char byte = name.data[i];
        buffer_byte(out, byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte);
    }
    return out->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

struct zip_reader {
    struct zip_reading reading;
    struct zip_locale locale;
    struct archive *archive;
    struct map *names; // of the entries so far; folded unless case counts
    struct buffer key;
    size_t count; // with folders
};

static void reader_clear(struct zip_reader *reader) {
    close_reader(&reader->archive);
    map_destroy(reader->names);
    buffer_clear(&reader->key);
    zip_locale_clear(&reader->locale);
}

static enum error reader_open(struct zip_reader *reader, struct text bytes, struct problem *ret_problem) {
    zip_locale_set(&reader->locale);
    reader->names = map_create();
    if (reader->names == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    return open_reader(bytes, &reader->archive, ret_problem);
}

/// What an entry is known by: two of the same are refused.
static enum error make_key(struct zip_reader *reader, struct text name) {
    if (!reader->reading.case_counts) return fold(name, &reader->key);
    buffer_reset(&reader->key);
    buffer_text(&reader->key, name);
    return reader->key.failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

static enum error check_entry(struct zip_reader *reader, struct archive_entry *entry, struct text name,
                              struct problem *ret_problem) {
    if (++reader->count > reader->reading.entries_max)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "the archive has more than %zu entries",
                           reader->reading.entries_max);
    const char *wrong = zip_name_refuses(name);
    if (wrong != NULL)
        return problem_say(ret_problem, ERROR_INVALID, "the archive's entry %zu %s; pack it anew", reader->count,
                           wrong);
    if (archive_entry_is_encrypted(entry))
        return problem_say(ret_problem, ERROR_UNSUPPORTED, "'%.*s' in the archive is encrypted", TEXT_ARG(name));
    if (make_key(reader, name)) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    if (map_get(reader->names, buffer_view(&reader->key)) != NULL)
        return problem_say(ret_problem, ERROR_INVALID, "the archive has two entries '%.*s'", TEXT_ARG(name));
    return map_set(reader->names, buffer_view(&reader->key), reader);
}

static enum zip_kind kind_of(struct archive_entry *entry, bool folder) {
    if (archive_entry_hardlink(entry) != NULL) return ZIP_LINK;
    switch (archive_entry_filetype(entry)) {
    case AE_IFLNK: return ZIP_LINK;
    case AE_IFDIR: return ZIP_FOLDER;
    case AE_IFREG: return folder ? ZIP_FOLDER : ZIP_FILE;
    default: return ZIP_DEVICE;
    }
}

enum error zip_next(struct zip_reader *reader, struct zip_item *ret_item, struct problem *ret_problem) {
    *ret_item = (struct zip_item){0};
    struct archive_entry *entry;
    int result = archive_read_next_header(reader->archive, &entry);
    if (result == ARCHIVE_EOF) return ERROR_NONE;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return say_archive(reader->archive, ret_problem);
    struct text name = text_of(archive_entry_pathname_utf8(entry));
    bool folder = text_ends_with(name, TEXT("/"));
    if (folder) name.length--;
    enum error error = check_entry(reader, entry, name, ret_problem);
    if (error) return error;
    *ret_item = (struct zip_item){name, kind_of(entry, folder), archive_entry_perm(entry) & 0777};
    return ERROR_NONE;
}

enum error zip_take(struct zip_reader *reader, void *bytes, size_t capacity, size_t *ret_length,
                    struct problem *ret_problem) {
    la_ssize_t length = archive_read_data(reader->archive, bytes, capacity);
    *ret_length = length < 0 ? 0 : (size_t)length;
    return length < 0 ? say_archive(reader->archive, ret_problem) : ERROR_NONE;
}

enum error zip_open(struct text archive, const struct zip_reading *reading, struct zip_reader **ret_reader,
                    struct problem *ret_problem) {
    CLEANUP(zip_close_at) struct zip_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    reader->reading = *reading;
    enum error error = reader_open(reader, archive, ret_problem);
    if (!error) *ret_reader = TAKE(reader);
    return error;
}

void zip_close(struct zip_reader *reader) {
    if (reader == NULL) return;
    reader_clear(reader);
    free(reader);
}

// --- files of a container ---

static const struct zip_reading container = {.entries_max = ZIP_ENTRIES_MAX};

/// The next file; an empty name at the end.
static enum error next_file(struct zip_reader *reader, struct text *ret_name, struct problem *ret_problem) {
    struct zip_item item;
    enum error error;
    do error = zip_next(reader, &item, ret_problem);
    while (!error && item.name.length > 0 && item.kind == ZIP_FOLDER);
    *ret_name = item.name;
    return error;
}

enum error zip_each(struct text archive, enum error (*visit)(void *context, const struct zip_entry *entry),
                    void *context, struct problem *ret_problem) {
    CLEANUP(zip_close_at) struct zip_reader *reader = NULL;
    struct zip_entry entry = {0};
    enum error error = zip_open(archive, &container, &reader, ret_problem);
    while (!error) {
        error = next_file(reader, &entry.name, ret_problem);
        if (error || entry.name.length == 0) break;
        error = visit(context, &entry);
    }
    return error;
}

static enum error read_content(struct zip_reader *reader, struct text name, size_t bytes_max, struct buffer *out,
                               struct problem *ret_problem) {
    enum { CHUNK_BYTES = 64 * 1024 };
    size_t before = out->length;
    for (;;) {
        if (!buffer_reserve(out, CHUNK_BYTES)) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
        size_t length;
        enum error error = zip_take(reader, out->data + out->length, CHUNK_BYTES, &length, ret_problem);
        if (error || length == 0) return error;
        out->length += length;
        if (out->length - before > bytes_max)
            return problem_say(ret_problem, ERROR_TOO_LARGE, "'%.*s' in the archive is larger than %zu bytes",
                               TEXT_ARG(name), bytes_max);
    }
}

static enum error read_entry(struct zip_reader *reader, struct text wanted, size_t bytes_max, struct buffer *out,
                             struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer folded = {0};
    if (fold(wanted, &folded)) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    for (;;) {
        struct text name;
        enum error error = next_file(reader, &name, ret_problem);
        if (error) return error;
        if (name.length == 0)
            return problem_say(ret_problem, ERROR_NOT_FOUND, "the archive has no '%.*s'", TEXT_ARG(wanted));
        if (text_equal(buffer_view(&reader->key), buffer_view(&folded)))
            return read_content(reader, wanted, bytes_max, out, ret_problem);
    }
}

enum error zip_read(struct text archive, struct text name, size_t bytes_max, struct buffer *out,
                    struct problem *ret_problem) {
    CLEANUP(zip_close_at) struct zip_reader *reader = NULL;
    size_t before = out->length;
    enum error error = zip_open(archive, &container, &reader, ret_problem);
    if (!error) error = read_entry(reader, name, bytes_max, out, ret_problem);
    if (error) out->length = before;
    if (out->data != NULL) out->data[out->length] = '\0';
    return error;
}
