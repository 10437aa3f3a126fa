// A package becomes a folder: filled beside its place under a hidden name, brought to the disk, then renamed.
#include <package/package.h>

#include <base/file.h>
#include <zip/zip.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES_ONE_BY_ONE_MAX = 64, // brought to the disk each for itself; more of them at once, which is faster
    PIECE_BYTES = 64 * 1024,
    OPEN_FOLDERS_MAX = 16,
    FOLDER_MODE = 0755
};

static enum error fail_errno(struct problem *ret_problem, const char *path) {
    int number = errno;
    return problem_say(ret_problem, error_from_errno(number), "%s: %s", path, strerrordesc_np(number));
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *place) {
    (void)stat, (void)flag, (void)place;
    remove(path);
    return 0;
}

static void remove_all(const char *folder) {
    nftw(folder, remove_one, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS);
}

// --- filling ---

static enum error write_whole(int fd, const char *bytes, size_t length, const char *path, struct problem *ret_problem) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail_errno(ret_problem, path);
        bytes += written;
        length -= (size_t)written;
    }
    return ERROR_NONE;
}

static enum error fill_file(struct zip_reader *reader, int fd, const char *path, bool sync,
                            struct problem *ret_problem) {
    char piece[PIECE_BYTES];
    for (;;) {
        size_t length;
        enum error error = zip_take(reader, piece, sizeof piece, &length, ret_problem);
        if (error) return error;
        if (length == 0) return !sync || fsync(fd) == 0 ? ERROR_NONE : fail_errno(ret_problem, path);
        error = write_whole(fd, piece, length, path, ret_problem);
        if (error) return error;
    }
}

static enum error make_folder_of(const char *path, struct problem *ret_problem) {
    CLEANUP(free_at) char *folder = text_copy((struct text){path, (size_t)(strrchr(path, '/') - path)});
    if (folder == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    return file_make_folder(folder, FOLDER_MODE, ret_problem);
}

/// Nothing in the folder is a link, and no name leads upwards: what is made here is below it.
static enum error unpack_item(struct zip_reader *reader, const struct zip_item *item, const char *folder, bool sync,
                              struct problem *ret_problem) {
    CLEANUP(free_at) char *path = NULL;
    if (asprintf(&path, "%s/%.*s", folder, TEXT_ARG(item->name)) < 0)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    if (item->kind == ZIP_FOLDER) return file_make_folder(path, FOLDER_MODE, ret_problem);
    enum error error = make_folder_of(path, ret_problem);
    if (error) return error;
    mode_t mode = (item->permissions & 0111) != 0 ? 0755 : 0644;
    CLEANUP(descriptor_close_at) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) return fail_errno(ret_problem, path);
    if (fchmod(fd, mode) < 0) return fail_errno(ret_problem, path);
    return fill_file(reader, fd, path, sync, ret_problem);
}

static enum error unpack_all(struct text archive, const char *folder, bool sync, struct problem *ret_problem) {
    const struct zip_reading reading = {.entries_max = PACKAGE_ENTRIES_MAX, .case_counts = true};
    CLEANUP(zip_close_at) struct zip_reader *reader = NULL;
    enum error error = zip_open(archive, &reading, &reader, ret_problem);
    while (!error) {
        struct zip_item item;
        error = zip_next(reader, &item, ret_problem);
        if (error || item.name.length == 0) return error;
        error = unpack_item(reader, &item, folder, sync, ret_problem);
    }
    return error;
}

/// Folders; files are on the disk by then.
static int sync_one(const char *path, const struct stat *stat, int flag, struct FTW *place) {
    (void)stat, (void)place;
    if (flag != FTW_D && flag != FTW_DP) return 0;
    CLEANUP(descriptor_close_at) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || (fsync(fd) < 0 && errno != EINVAL) ? -1 : 0;
}

/// The whole file system that it is on.
static enum error sync_all(const char *folder, struct problem *ret_problem) {
    CLEANUP(descriptor_close_at) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && syncfs(fd) == 0 ? ERROR_NONE : fail_errno(ret_problem, folder);
}

static enum error put_in_place(const char *temporary, const char *folder, const char *store,
                               struct problem *ret_problem) {
    if (chmod(temporary, FOLDER_MODE) < 0) return fail_errno(ret_problem, temporary);
    if (nftw(temporary, sync_one, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS) != 0)
        return fail_errno(ret_problem, temporary);
    if (rename(temporary, folder) < 0) {
        bool was_faster = errno == EEXIST || errno == ENOTEMPTY; // another one with the same package
        if (!was_faster) return fail_errno(ret_problem, folder);
        remove_all(temporary);
    }
    return sync_one(store, NULL, FTW_D, NULL) == 0 ? ERROR_NONE : fail_errno(ret_problem, store);
}

enum error package_unpack(struct text archive, const struct package *package, const char *store,
                          struct problem *ret_problem) {
    enum error error = file_make_folder(store, FOLDER_MODE, ret_problem);
    if (error) return error;
    CLEANUP(free_at) char *folder = file_join(store, package->folder);
    CLEANUP(free_at) char *temporary = NULL;
    if (folder == NULL || asprintf(&temporary, "%s/.%s.XXXXXX", store, package->folder) < 0)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    if (file_exists(folder)) return ERROR_NONE;
    if (mkdtemp(temporary) == NULL) return fail_errno(ret_problem, temporary);
    bool few = package->files <= FILES_ONE_BY_ONE_MAX;
    error = unpack_all(archive, temporary, few, ret_problem);
    if (!error && !few) error = sync_all(temporary, ret_problem);
    if (!error) error = put_in_place(temporary, folder, store, ret_problem);
    if (error) remove_all(temporary);
    return error;
}

void package_remove(const char *store, const char *name) {
    CLEANUP(free_at) char *folder = file_join(store, name);
    if (folder != NULL && name[0] != '\0' && strchr(name, '/') == NULL) remove_all(folder);
}

void package_sweep(const char *store) {
    DIR *folder = opendir(store);
    if (folder == NULL) return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        bool is_rest = entry->d_name[0] == '.' && strlen(entry->d_name) > PACKAGE_FOLDER_BYTES;
        if (is_rest) package_remove(store, entry->d_name);
    }
    closedir(folder);
}
