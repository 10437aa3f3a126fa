// Any bytes are an archive or are refused; names that come out are harmless, content keeps to its limit.
#include <stdlib.h>
#include <string.h>
#include <zip/zip.h>

enum { CONTENT_BYTES_MAX = 1024 * 1024 };

static void expect(bool holds) {
    if (!holds) abort();
}

struct seen {
    struct text archive;
    size_t count;
};

static enum error visit(void *context, const struct zip_entry *entry) {
    struct seen *seen = context;
    expect(entry->name.length > 0 && entry->name.data[0] != '/' && text_is_utf8(entry->name));
    expect(!text_starts_with(entry->name, TEXT("../")));
    expect(memmem(entry->name.data, entry->name.length, "/../", 4) == NULL);
    expect(memchr(entry->name.data, '\\', entry->name.length) == NULL);
    if (seen->count++ >= 4) return ERROR_NONE; // reading each walks the archive
    struct buffer content = {0};
    enum error error = zip_read(seen->archive, entry->name, CONTENT_BYTES_MAX, &content, NULL);
    expect(content.length <= CONTENT_BYTES_MAX && (!error || content.length == 0));
    buffer_clear(&content);
    return ERROR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct seen seen = {.archive = {(const char *)data, size}};
    error_ignore(zip_each(seen.archive, visit, &seen, NULL));
    expect(seen.count <= ZIP_ENTRIES_MAX);
    return 0;
}
