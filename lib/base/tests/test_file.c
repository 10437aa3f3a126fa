#include "folder.h"
#include "suite.h"

#include <base/cleanup.h>
#include <base/file.h>

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// A file of `length` letters.
static void fill(const char *path, size_t length) {
    CLEANUP(free_at) char *content = malloc(length + 1);
    memset(content, 'x', length + 1);
    assert_int_equal(file_write(path, (struct text){content, length}, 0600, NULL), ERROR_NONE);
}

static const struct read_case {
    const char *name;
    size_t file_bytes, bytes_max;
    enum error error;
} read_cases[] = {
    {"an empty file is read", 0, 100, ERROR_NONE},
    {"an empty file fits a limit of nothing", 0, 0, ERROR_NONE},
    {"one byte is past a limit of nothing", 1, 0, ERROR_TOO_LARGE},
    {"a file below the limit is read", 99, 100, ERROR_NONE},
    {"a file at the limit is read", 100, 100, ERROR_NONE},
    {"a file past the limit is refused", 101, 100, ERROR_TOO_LARGE},
    {"a file of several pieces is read", 100000, 200000, ERROR_NONE},
    {"a file of several pieces at the limit is read", 100000, 100000, ERROR_NONE},
    {"a file of several pieces past the limit is refused", 100001, 100000, ERROR_TOO_LARGE},
    {"a piece and a byte past the limit is refused", 16385, 16384, ERROR_TOO_LARGE},
    {"no limit is a limit too", 50000, SIZE_MAX, ERROR_NONE},
};

static void check_read(void **state) {
    const struct read_case *c = *state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *path = folder_path(&folder, "file");
    fill(path, c->file_bytes);
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    buffer_string(&buffer, "before ");
    struct problem problem = {0};
    assert_int_equal(file_read(path, c->bytes_max, &buffer, &problem), c->error);
    assert_int_equal(buffer.length, strlen("before ") + (c->error ? 0 : c->file_bytes));
    assert_int_equal(strlen(buffer.data), buffer.length);
    assert_true(text_starts_with(buffer_view(&buffer), TEXT("before ")));
    if (c->error) assert_true(text_starts_with(text_of(problem.text), text_of(path)));
}

static void a_file_without_a_size_is_read(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    assert_int_equal(file_read("/proc/self/status", 65536, &buffer, NULL), ERROR_NONE);
    assert_non_null(strstr(buffer.data, "VmRSS"));
    assert_int_equal(file_read("/proc/self/status", 10, &buffer, NULL), ERROR_TOO_LARGE);
    assert_int_equal(file_read("/dev/zero", 100000, &buffer, NULL), ERROR_TOO_LARGE);
}

static void what_cannot_be_read_is_named(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    struct problem problem;
    assert_int_equal(file_read("/nowhere/plant.toml", 100, &buffer, &problem), ERROR_NOT_FOUND);
    assert_string_equal(problem.text, "/nowhere/plant.toml: No such file or directory");
    assert_int_equal(file_read("/tmp", 100, &buffer, &problem), ERROR_INVALID);
    assert_string_equal(problem.text, "/tmp: Is a directory");
    assert_int_equal(buffer.length, 0);
}

static void a_failed_buffer_reads_nothing(void **state) {
    (void)state;
    struct buffer buffer = {.failed = true};
    assert_int_equal(file_read("/proc/self/status", 65536, &buffer, NULL), ERROR_NO_MEMORY);
}

static const struct mode_case {
    const char *name;
    mode_t mode;
} mode_cases[] = {
    {"a secret is written for its owner", 0600},
    {"a document is written for all, whatever the umask", 0666},
    {"a program is written", 0755},
};

static void check_mode(void **state) {
    const struct mode_case *c = *state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *path = folder_path(&folder, "file");
    mode_t before = umask(077);
    enum error error = file_write(path, TEXT("content"), c->mode, NULL);
    umask(before);
    struct stat there;
    assert_int_equal(error, ERROR_NONE);
    assert_int_equal(stat(path, &there), 0);
    assert_int_equal(there.st_mode & 07777, c->mode);
}

static void a_file_is_replaced_as_a_whole(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *path = folder_path(&folder, "file");
    fill(path, 1000);
    FILE *old = fopen(path, "re"); // who has the old one open keeps it
    assert_int_equal(file_write(path, TEXT("new"), 0600, NULL), ERROR_NONE);
    char bytes[2000];
    assert_int_equal(fread(bytes, 1, sizeof bytes, old), 1000);
    fclose(old);
    CLEANUP(buffer_clear) struct buffer buffer = {0};
    assert_int_equal(file_read(path, 100, &buffer, NULL), ERROR_NONE);
    assert_string_equal(buffer.data, "new");
    assert_int_equal(folder_count(&folder), 1);
}

static void an_empty_file_is_written(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *path = folder_path(&folder, "file");
    assert_int_equal(file_write(path, TEXT_EMPTY, 0600, NULL), ERROR_NONE);
    assert_true(file_exists(path));
}

static void a_relative_path_is_written(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(folder.path), 0);
    enum error error = file_write("here", TEXT("content"), 0600, NULL);
    bool exists = file_exists("here");
    assert_int_equal(chdir(before), 0);
    assert_int_equal(error, ERROR_NONE);
    assert_true(exists);
}

static void a_failed_write_leaves_nothing(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *taken = folder_path(&folder, "taken");
    CLEANUP(free_at) char *nowhere = folder_path(&folder, "nowhere/file");
    assert_int_equal(mkdir(taken, 0700), 0);
    struct problem problem;
    assert_int_equal(file_write(taken, TEXT("content"), 0600, &problem), ERROR_INVALID);
    assert_true(text_starts_with(text_of(problem.text), text_of(taken)));
    assert_int_equal(file_write(nowhere, TEXT("content"), 0600, &problem), ERROR_NOT_FOUND);
    assert_true(text_starts_with(text_of(problem.text), text_of(nowhere)));
    assert_int_equal(folder_count(&folder), 1);
}

static void folders_are_made_down_to_the_last(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *deep = folder_path(&folder, "a/b//c/");
    CLEANUP(free_at) char *middle = folder_path(&folder, "a/b");
    assert_int_equal(file_make_folder(deep, 0700, NULL), ERROR_NONE);
    assert_int_equal(file_make_folder(deep, 0700, NULL), ERROR_NONE);
    struct stat there;
    assert_int_equal(stat(deep, &there), 0);
    assert_int_equal(stat(middle, &there), 0);
    assert_int_equal(there.st_mode & 07777, 0700);
    assert_int_equal(file_make_folder("/", 0700, NULL), ERROR_NONE);
}

static void a_file_in_the_way_of_a_folder_is_named(void **state) {
    (void)state;
    CLEANUP(folder_remove) struct folder folder = folder_make();
    CLEANUP(free_at) char *file = folder_path(&folder, "file");
    CLEANUP(free_at) char *below = folder_path(&folder, "file/below");
    fill(file, 1);
    struct problem problem;
    assert_int_equal(file_make_folder(file, 0700, &problem), ERROR_EXISTS);
    assert_int_equal(file_make_folder(below, 0700, &problem), ERROR_EXISTS);
    assert_true(text_starts_with(text_of(problem.text), text_of(file)));
    assert_int_equal(file_make_folder("", 0700, &problem), ERROR_INVALID);
}

static void what_exists_exists(void **state) {
    (void)state;
    assert_true(file_exists("/proc/self"));
    assert_false(file_exists("/proc/self/nothing-of-this-name"));
    assert_false(file_exists(""));
}

static const struct join_case {
    const char *name;
    const char *folder, *file, *joined;
} join_cases[] = {
    {"a slash joins", "a", "b", "a/b"},
    {"one slash is enough", "a/", "b", "a/b"},
    {"an absolute name replaces the folder", "a", "/b", "/b"},
    {"no folder leaves the name", "", "b", "b"},
    {"the root is a folder", "/", "b", "/b"},
};

static void check_join(void **state) {
    const struct join_case *c = *state;
    CLEANUP(free_at) char *joined = file_join(c->folder, c->file);
    assert_string_equal(joined, c->joined);
}

static void the_program_knows_its_folder(void **state) {
    (void)state;
    CLEANUP(free_at) char *folder = file_program_folder();
    CLEANUP(free_at) char *program = file_join(folder, "test_file");
    assert_int_equal(folder[0], '/');
    assert_true(file_exists(program));
}

static int count_descriptors(void) {
    DIR *open_ones = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(open_ones) != NULL) count++;
    closedir(open_ones);
    return count;
}

static void no_descriptor_is_left_open(void **state) {
    (void)state;
    int before = count_descriptors();
    a_failed_write_leaves_nothing(NULL);
    a_file_is_replaced_as_a_whole(NULL);
    what_cannot_be_read_is_named(NULL);
    a_file_without_a_size_is_read(NULL);
    assert_int_equal(count_descriptors(), before);
}

int main(void) {
    struct suite suite = {0};
    SUITE_TABLE(&suite, read_cases, check_read);
    SUITE_TEST(&suite, a_file_without_a_size_is_read);
    SUITE_TEST(&suite, what_cannot_be_read_is_named);
    SUITE_TEST(&suite, a_failed_buffer_reads_nothing);
    SUITE_TABLE(&suite, mode_cases, check_mode);
    SUITE_TEST(&suite, a_file_is_replaced_as_a_whole);
    SUITE_TEST(&suite, an_empty_file_is_written);
    SUITE_TEST(&suite, a_relative_path_is_written);
    SUITE_TEST(&suite, a_failed_write_leaves_nothing);
    SUITE_TEST(&suite, folders_are_made_down_to_the_last);
    SUITE_TEST(&suite, a_file_in_the_way_of_a_folder_is_named);
    SUITE_TEST(&suite, what_exists_exists);
    SUITE_TABLE(&suite, join_cases, check_join);
    SUITE_TEST(&suite, the_program_knows_its_folder);
    SUITE_TEST(&suite, no_descriptor_is_left_open);
    return SUITE_RUN(&suite);
}
