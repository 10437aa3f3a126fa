// A folder becomes a package. Files by name and without their times: the same files give the same bytes.
#include <package/package.h>

#include <base/file.h>
#include <zip/zip.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDER_DEPTH_MAX = 32 };

struct content {
    struct zip_entry *entries;
    unsigned *permissions;
    struct buffer *bytes; // one per entry
    char **names;
    size_t count, capacity, total;
};

static void content_clear(struct content *content) {
    for (size_t i = 0; i < content->count; i++) {
        buffer_clear(&content->bytes[i]);
        free(content->names[i]);
    }
    free(content->entries);
    free(content->permissions);
    free(content->bytes);
    free(content->names);
}

static bool make_room(struct content *content) {
    if (content->count < content->capacity) return true;
    size_t capacity = content->capacity == 0 ? 64 : 2 * content->capacity;
    struct zip_entry *entries = reallocarray(content->entries, capacity, sizeof *entries);
    if (entries != NULL) content->entries = entries;
    unsigned *permissions = reallocarray(content->permissions, capacity, sizeof *permissions);
    if (permissions != NULL) content->permissions = permissions;
    struct buffer *bytes = reallocarray(content->bytes, capacity, sizeof *bytes);
    if (bytes != NULL) content->bytes = bytes;
    char **names = reallocarray(content->names, capacity, sizeof *names);
    if (names != NULL) content->names = names;
    if (entries == NULL || permissions == NULL || bytes == NULL || names == NULL) return false;
    content->capacity = capacity;
    return true;
}

static enum error add_file(struct content *content, const char *name, const char *path, unsigned mode,
                           struct problem *ret_problem) {
    char *copy = make_room(content) ? strdup(name) : NULL;
    if (copy == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    size_t at = content->count++;
    content->names[at] = copy;
    content->bytes[at] = (struct buffer){0};
    content->permissions[at] = (mode & 0111) != 0 ? 0755 : 0644;
    if (content->count > PACKAGE_ENTRIES_MAX)
        return problem_say(ret_problem, ERROR_TOO_LARGE, "%s: more than %d files", path, PACKAGE_ENTRIES_MAX);
    size_t room = PACKAGE_UNPACKED_BYTES_MAX - content->total;
    enum error error = file_read(path, room, &content->bytes[at], ret_problem);
    if (error == ERROR_TOO_LARGE)
        return problem_say(ret_problem, error, "with %s the package has more than 250 MB: leave out what is not needed",
                           path);
    content->total += content->bytes[at].length;
    content->entries[at] = (struct zip_entry){text_of(copy), buffer_view(&content->bytes[at])};
    return error;
}

static int is_shown(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name); // not by the locale
}

static enum error add_folder(struct content *content, const char *folder, const char *prefix, unsigned depth,
                             struct problem *ret_problem);

static enum error add_one(struct content *content, const char *folder, const char *prefix, const char *base,
                          unsigned depth, struct problem *ret_problem) {
    CLEANUP(free_at) char *path = file_join(folder, base);
    CLEANUP(free_at) char *name = NULL;
    if (path == NULL || asprintf(&name, "%s%s", prefix, base) < 0)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    struct stat what;
    if (lstat(path, &what) < 0)
        return problem_say(ret_problem, error_from_errno(errno), "%s: %s", path, strerrordesc_np(errno));
    if (S_ISREG(what.st_mode)) return add_file(content, name, path, what.st_mode, ret_problem);
    if (!S_ISDIR(what.st_mode))
        return problem_say(ret_problem, ERROR_INVALID,
                           "%s: is neither a file nor a folder: a package has no links; put the file itself there",
                           path);
    CLEANUP(free_at) char *below = NULL;
    if (asprintf(&below, "%s/", name) < 0) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    return add_folder(content, path, below, depth + 1, ret_problem);
}

static enum error add_folder(struct content *content, const char *folder, const char *prefix, unsigned depth,
                             struct problem *ret_problem) {
    if (depth > FOLDER_DEPTH_MAX)
        return problem_say(ret_problem, ERROR_INVALID, "%s: folders in folders more than %d deep", folder,
                           FOLDER_DEPTH_MAX);
    struct dirent **list;
    int count = scandir(folder, &list, is_shown, by_bytes);
    if (count < 0) return problem_say(ret_problem, error_from_errno(errno), "%s: %s", folder, strerrordesc_np(errno));
    enum error error = ERROR_NONE;
    for (int i = 0; i < count; i++) {
        if (!error) error = add_one(content, folder, prefix, list[i]->d_name, depth, ret_problem);
        free(list[i]);
    }
    free(list);
    return error;
}

enum error package_pack(const char *folder, struct buffer *out, struct problem *ret_problem) {
    CLEANUP(content_clear) struct content content = {0};
    enum error error = add_folder(&content, folder, "", 0, ret_problem);
    if (!error && content.count == 0)
        error = problem_say(ret_problem, ERROR_INVALID, "%s: an empty folder is no package", folder);
    return error ? error : zip_write_with(content.entries, content.permissions, content.count, out, ret_problem);
}

enum error package_pack_program(const char *manifest_file, const char *program, struct buffer *out,
                                struct problem *ret_problem) {
    CLEANUP(content_clear) struct content content = {0};
    enum error error = add_file(&content, "bootstrap", program, 0755, ret_problem);
    if (!error) error = add_file(&content, "function.yaml", manifest_file, 0644, ret_problem);
    return error ? error : zip_store_with(content.entries, content.permissions, content.count, out, ret_problem);
}
