#include "names.h"

#include <archive.h>
#include <archive_entry.h>
#include <base/cleanup.h>
#include <base/map.h>

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

struct walk {
    struct zip_locale locale;
    struct archive *reader;
    struct map *names; // folded, of the entries so far
    struct buffer folded;
    size_t count; // with folders
    struct problem *ret_problem;
};

static void walk_clear(struct walk *walk) {
    close_reader(&walk->reader);
    map_destroy(walk->names);
    buffer_clear(&walk->folded);
    zip_locale_clear(&walk->locale);
}

static enum error walk_open(struct walk *walk, struct text bytes, struct problem *ret_problem) {
    walk->ret_problem = ret_problem;
    zip_locale_set(&walk->locale);
    walk->names = map_create();
    if (walk->names == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    return open_reader(bytes, &walk->reader, ret_problem);
}

static enum error check_entry(struct walk *walk, struct archive_entry *entry, struct text name) {
    struct problem *problem = walk->ret_problem;
    if (++walk->count > ZIP_ENTRIES_MAX)
        return problem_say(problem, ERROR_TOO_LARGE, "the archive has more than %d entries", ZIP_ENTRIES_MAX);
    const char *wrong = zip_name_refuses(name);
    if (wrong != NULL)
        return problem_say(problem, ERROR_INVALID, "the archive's entry %zu %s; pack it anew", walk->count, wrong);
    if (archive_entry_is_encrypted(entry))
        return problem_say(problem, ERROR_UNSUPPORTED, "'%.*s' in the archive is encrypted", TEXT_ARG(name));
    if (fold(name, &walk->folded)) return problem_say(problem, ERROR_NO_MEMORY, "out of memory");
    if (map_get(walk->names, buffer_view(&walk->folded)) != NULL)
        return problem_say(problem, ERROR_INVALID, "the archive has two entries '%.*s'", TEXT_ARG(name));
    return map_set(walk->names, buffer_view(&walk->folded), walk);
}

/// The next file; an empty name at the end.
static enum error walk_next(struct walk *walk, struct text *ret_name) {
    for (;;) {
        struct archive_entry *entry;
        int result = archive_read_next_header(walk->reader, &entry);
        *ret_name = TEXT_EMPTY;
        if (result == ARCHIVE_EOF) return ERROR_NONE;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return say_archive(walk->reader, walk->ret_problem);
        const char *path = archive_entry_pathname_utf8(entry);
        struct text name = text_of(path);
        bool folder = text_ends_with(name, TEXT("/"));
        if (folder) name.length--;
        enum error error = check_entry(walk, entry, name);
        if (error) return error;
        *ret_name = name;
        if (!folder) return ERROR_NONE;
    }
}

enum error zip_each(struct text archive, enum error (*visit)(void *context, const struct zip_entry *entry),
                    void *context, struct problem *ret_problem) {
    CLEANUP(walk_clear) struct walk walk = {0};
    struct zip_entry entry = {0};
    enum error error = walk_open(&walk, archive, ret_problem);
    while (!error) {
        error = walk_next(&walk, &entry.name);
        if (error || entry.name.length == 0) break;
        error = visit(context, &entry);
    }
    return error;
}

static enum error read_content(struct walk *walk, struct text name, size_t bytes_max, struct buffer *out) {
    enum { CHUNK_BYTES = 64 * 1024 };
    size_t before = out->length;
    for (;;) {
        if (!buffer_reserve(out, CHUNK_BYTES)) return problem_say(walk->ret_problem, ERROR_NO_MEMORY, "out of memory");
        la_ssize_t length = archive_read_data(walk->reader, out->data + out->length, CHUNK_BYTES);
        if (length < 0) return say_archive(walk->reader, walk->ret_problem);
        if (length == 0) return ERROR_NONE;
        out->length += (size_t)length;
        if (out->length - before > bytes_max)
            return problem_say(walk->ret_problem, ERROR_TOO_LARGE, "'%.*s' in the archive is larger than %zu bytes",
                               TEXT_ARG(name), bytes_max);
    }
}

static enum error read_entry(struct walk *walk, struct text wanted, size_t bytes_max, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer folded = {0};
    if (fold(wanted, &folded)) return problem_say(walk->ret_problem, ERROR_NO_MEMORY, "out of memory");
    for (;;) {
        struct text name;
        enum error error = walk_next(walk, &name);
        if (error) return error;
        if (name.length == 0)
            return problem_say(walk->ret_problem, ERROR_NOT_FOUND, "the archive has no '%.*s'", TEXT_ARG(wanted));
        if (text_equal(buffer_view(&walk->folded), buffer_view(&folded)))
            return read_content(walk, wanted, bytes_max, out);
    }
}

enum error zip_read(struct text archive, struct text name, size_t bytes_max, struct buffer *out,
                    struct problem *ret_problem) {
    CLEANUP(walk_clear) struct walk walk = {0};
    size_t before = out->length;
    enum error error = walk_open(&walk, archive, ret_problem);
    if (!error) error = read_entry(&walk, name, bytes_max, out);
    if (error) out->length = before;
    if (out->data != NULL) out->data[out->length] = '\0';
    return error;
}
