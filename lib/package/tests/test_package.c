// What AWS Lambda takes is taken and becomes a folder; what could do harm, or could not run, is refused by name.
#include <package/package.h>

#include <base/file.h>
#include <testing/testing.h>
#include <zip/zip.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char script[] = "#!/bin/sh\nexit 0\n";
static const char manifest[] = "name: jam\nruntime: provided.al2023\nstate: [mps_jam]\n";

static const struct package_use c_use = {"jam", "provided.al2023", NULL};
static const struct package_use node_use = {"jam", "nodejs20.x", "src/index.handler"};

struct item {
    const char *name, *content;
    unsigned permissions;
};

static void pack(const struct item *items, size_t count, struct buffer *out) {
    struct zip_entry entries[8];
    unsigned permissions[8];
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct zip_entry){text_of(items[i].name), text_of(items[i].content)};
        permissions[i] = items[i].permissions;
    }
    assert_int_equal(zip_write_with(entries, permissions, count, out, NULL), ERROR_NONE);
}

static const struct item c_items[] = {
    {"bootstrap", script, 0755}, {"function.yaml", manifest, 0644}, {"data/table.csv", "1;2\n", 0600}};

// --- taken ---

static void expect_file(const char *folder, const char *name, const char *content, unsigned mode) {
    CLEANUP(free_at) char *path = file_join(folder, name);
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    assert_int_equal(file_read(path, 1000, &bytes, NULL), ERROR_NONE);
    assert_string_equal(bytes.data, content);
    struct stat stat_of;
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, mode);
}

static size_t count_entries(const char *folder) {
    size_t count = 0;
    DIR *list = opendir(folder);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(list);
    return count;
}

static void a_package_becomes_a_folder_named_by_its_digest(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0};
    CLEANUP(package_clear) struct package package = {0};
    pack(c_items, 3, &archive);
    struct problem problem = {""};
    assert_int_equal(package_check(buffer_view(&archive), &c_use, &package, &problem), ERROR_NONE);
    assert_int_equal(package.files, 3);
    assert_int_equal(package.unpacked_bytes, strlen(script) + strlen(manifest) + 4);
    assert_string_equal(package.manifest->state[0], "mps_jam");
    CLEANUP(free_at) char *store = testing_folder();
    for (int i = 0; i < 2; i++) { // the second time it is there
        assert_int_equal(package_unpack(buffer_view(&archive), &package, store, &problem), ERROR_NONE);
        assert_int_equal(count_entries(store), 1);
    }
    CLEANUP(free_at) char *folder = file_join(store, package.folder);
    expect_file(folder, "bootstrap", script, 0755);
    expect_file(folder, "function.yaml", manifest, 0644);
    expect_file(folder, "data/table.csv", "1;2\n", 0644);
    package_remove(store, package.folder);
    assert_int_equal(count_entries(store), 0);
    testing_remove(store);
}

static void the_digest_is_that_of_aws(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0};
    CLEANUP(package_clear) struct package package = {0};
    pack(c_items, 3, &archive);
    assert_int_equal(package_check(buffer_view(&archive), &c_use, &package, NULL), ERROR_NONE);
    CLEANUP(free_at) char *folder = testing_folder();
    CLEANUP(free_at) char *file = testing_path(folder, "a.zip");
    assert_int_equal(file_write(file, buffer_view(&archive), 0600, NULL), ERROR_NONE);
    char command[512], line[64] = "";
    snprintf(command, sizeof command, "openssl dgst -sha256 -binary %s | openssl base64", file);
    FILE *pipe = popen(command, "re");
    assert_non_null(fgets(line, sizeof line, pipe));
    pclose(pipe);
    line[strcspn(line, "\n")] = '\0';
    assert_string_equal(package.sha256, line);
    testing_remove(folder);
}

static void a_package_without_function_yaml_has_no_rights(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0};
    CLEANUP(package_clear) struct package package = {0};
    pack(c_items, 1, &archive);
    assert_int_equal(package_check(buffer_view(&archive), &c_use, &package, NULL), ERROR_NONE);
    assert_string_equal(package.manifest->name, "jam");
    assert_int_equal(package.manifest->trigger_count, 0);
    assert_int_equal(package.manifest->command_count, 0);
    assert_int_equal(package.manifest->state_count, 0);
}

static void a_module_of_javascript_is_found_by_its_handler(void **state) {
    (void)state;
    static const char *const names[] = {"src/index.js", "src/index.mjs", "src/index.cjs"};
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(buffer_clear) struct buffer archive = {0};
        CLEANUP(package_clear) struct package package = {0};
        const struct item item = {names[i], "export const handler = async () => 1;", 0644};
        pack(&item, 1, &archive);
        assert_int_equal(package_check(buffer_view(&archive), &node_use, &package, NULL), ERROR_NONE);
    }
}

// --- refused ---

struct refusal {
    const char *name;
    struct item items[3];
    const struct package_use *use;
    const char *find, *with; // exchanged in the archive
    enum error error;
    const char *problem;
};

static const struct package_use no_function = {"jam", "nodejs20.x", "index"};
static const struct package_use python = {"jam", "python3.12", "index.handler"};
static const struct package_use other_name = {"belt", "provided.al2023", NULL};
static const struct package_use other_runtime = {"jam", "provided.al2", NULL};

#define ARM_HEAD                                                                                                       \
    "\x7f"                                                                                                             \
    "ELF\x02\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x03\x01\xf3\x01\x01\x01"

static const struct refusal refusals[] = {
    {"without bootstrap",
     {{"jam/bootstrap", script, 0755}},
     &c_use,
     NULL,
     NULL,
     ERROR_INVALID,
     "the package has no 'bootstrap' in its root"},
    {"bootstrap that is not executable",
     {{"bootstrap", script, 0644}},
     &c_use,
     NULL,
     NULL,
     ERROR_INVALID,
     "'bootstrap' in the package is not executable: chmod 755"},
    {"bootstrap that is no program",
     {{"bootstrap", "hello", 0755}},
     &c_use,
     NULL,
     NULL,
     ERROR_INVALID,
     "neither a program for Linux (ELF) nor a script"},
    {"bootstrap for another machine",
     {{"bootstrap", ARM_HEAD, 0755}},
     &c_use,
     NULL,
     NULL,
     ERROR_INVALID,
     "is built for another machine, this machine is"},
    {"missing handler",
     {{"index.mjs", "", 0644}},
     &node_use,
     NULL,
     NULL,
     ERROR_INVALID,
     "the package has none of 'src/index.js', '.mjs' and '.cjs', which the handler 'src/index.handler' names"},
    {"handler without a function",
     {{"index.mjs", "", 0644}},
     &no_function,
     NULL,
     NULL,
     ERROR_INVALID,
     "the handler 'index' names no function of a module"},
    {"runtime that does not run here",
     {{"bootstrap", script, 0755}},
     &python,
     NULL,
     NULL,
     ERROR_UNSUPPORTED,
     "runtime 'python3.12' is not one of those that run here"},
    {"function.yaml of another function",
     {{"bootstrap", script, 0755}, {"function.yaml", manifest, 0644}},
     &other_name,
     NULL,
     NULL,
     ERROR_INVALID,
     "function.yaml: name: 'jam', but the function is called 'belt'"},
    {"function.yaml of another runtime",
     {{"bootstrap", script, 0755}, {"function.yaml", manifest, 0644}},
     &other_runtime,
     NULL,
     NULL,
     ERROR_INVALID,
     "function.yaml: runtime: 'provided.al2023', but"},
    {"function.yaml that is wrong",
     {{"bootstrap", script, 0755}, {"function.yaml", "name: jam\nrights: all\n", 0644}},
     &c_use,
     NULL,
     NULL,
     ERROR_INVALID,
     "function.yaml:"},
    {"name that leads upwards",
     {{"bootstrap", script, 0755}, {"ab/cd/evil", "", 0644}},
     &c_use,
     "ab/cd/evil",
     "../../evil",
     ERROR_INVALID,
     "entry 2 has a name that leads upwards"},
    {"absolute name",
     {{"bootstrap", script, 0755}, {"aetc/passwd", "", 0644}},
     &c_use,
     "aetc/passwd",
     "/etc/passwd",
     ERROR_INVALID,
     "entry 2 has an absolute path as its name"},
    {"two entries of one name",
     {{"bootstrap", script, 0755}, {"bootstraq", script, 0755}},
     &c_use,
     "bootstraq",
     "bootstrap",
     ERROR_INVALID,
     "two entries 'bootstrap'"},
    {"file that is a folder, too",
     {{"bootstrap", script, 0755}, {"a", "", 0644}, {"aX", "", 0644}},
     &c_use,
     "aX",
     "a/",
     ERROR_INVALID,
     "two entries 'a'"},
    {"no archive", {{"bootstrap", script, 0755}}, &c_use, "PK\x03\x04", "PK\x07\x04", ERROR_INVALID, "no ZIP archive"},
};

static void exchange(struct buffer *bytes, const char *find, const char *with) {
    size_t length = strlen(find);
    for (size_t i = 0; i + length <= bytes->length; i++)
        if (memcmp(bytes->data + i, find, length) == 0) memcpy(bytes->data + i, with, length);
}

static void expect_refusal(const struct buffer *archive, const struct package_use *use, enum error error,
                           const char *text) {
    struct package package = {0};
    struct problem problem = {""};
    assert_int_equal(package_check(buffer_view(archive), use, &package, &problem), error);
    if (strstr(problem.text, text) == NULL) fail_msg("'%s' instead of '%s'", problem.text, text);
    assert_null(package.manifest);
}

static void check_refusal(void **state) {
    const struct refusal *refusal = *state;
    CLEANUP(buffer_clear) struct buffer archive = {0};
    size_t count = 0;
    while (count < 3 && refusal->items[count].name != NULL) count++;
    pack(refusal->items, count, &archive);
    if (refusal->find != NULL) exchange(&archive, refusal->find, refusal->with);
    expect_refusal(&archive, refusal->use, refusal->error, refusal->problem);
}

/// Makes files of mode 0644 something else: the mode stands in the directory and, by libarchive, before the content.
static void make_kind(struct buffer *archive, unsigned char type) {
    static const char file[] = {0, 0, (char)0xa4, (char)0x81};
    for (size_t i = 0; i + sizeof file <= archive->length; i++)
        if (memcmp(archive->data + i, file, sizeof file) == 0) archive->data[i + 3] = (char)(type | 1);
}

static void links_and_devices_are_refused(void **state) {
    (void)state;
    static const struct item items[] = {{"bootstrap", script, 0755}, {"data", "/etc/shadow", 0644}};
    static const struct {
        unsigned char type;
        const char *problem;
    } kinds[] = {{0xa0, "'data' in the package is a link"},
                 {0x20, "'data' in the package is no file"},
                 {0x60, "'data' in the package is no file"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        CLEANUP(buffer_clear) struct buffer archive = {0};
        pack(items, 2, &archive);
        make_kind(&archive, kinds[i].type);
        expect_refusal(&archive, &c_use, ERROR_INVALID, kinds[i].problem);
    }
}

static void a_bomb_is_refused(void **state) {
    (void)state;
    enum { BYTES = 32 * 1024 * 1024 };
    CLEANUP(free_at) char *zeros = calloc(1, BYTES);
    CLEANUP(buffer_clear) struct buffer archive = {0};
    const struct zip_entry bomb = {TEXT("bomb"), {zeros, BYTES}};
    assert_int_equal(zip_write(&bomb, 1, &archive, NULL), ERROR_NONE);
    expect_refusal(&archive, &c_use, ERROR_TOO_LARGE, "'bomb' in the package unpacks to more than 100 times");
}

static void more_than_fifty_megabytes_are_refused(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer archive = {0};
    assert_true(buffer_reserve(&archive, PACKAGE_BYTES_MAX + 1));
    archive.length = PACKAGE_BYTES_MAX + 1; // nobody looks at the bytes
    expect_refusal(&archive, &c_use, ERROR_TOO_LARGE, "50 MB are allowed");
}

// --- interrupted, packed ---

static void what_an_interrupted_unpacking_left_is_swept(void **state) {
    (void)state;
    CLEANUP(free_at) char *store = testing_folder();
    CLEANUP(free_at)
    char *rest = testing_path(store, ".0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.Ab12Cd");
    CLEANUP(free_at) char *kept = testing_path(store, "0123456789abcdef");
    CLEANUP(free_at) char *file = testing_path(rest, "bootstrap");
    assert_int_equal(mkdir(rest, 0700), 0);
    assert_int_equal(mkdir(kept, 0700), 0);
    assert_int_equal(file_write(file, TEXT("half"), 0600, NULL), ERROR_NONE);
    package_sweep(store);
    assert_false(file_exists(rest));
    assert_true(file_exists(kept));
    testing_remove(store);
}

static void write_at(const char *folder, const char *name, const char *content, mode_t mode) {
    CLEANUP(free_at) char *path = testing_path(folder, name);
    assert_int_equal(file_write(path, text_of(content), mode, NULL), ERROR_NONE);
}

static void a_folder_is_packed_without_what_is_hidden(void **state) {
    (void)state;
    CLEANUP(free_at) char *folder = testing_folder();
    CLEANUP(free_at) char *below = testing_path(folder, "data");
    assert_int_equal(mkdir(below, 0755), 0);
    write_at(folder, "bootstrap", script, 0700);
    write_at(folder, "function.yaml", manifest, 0644);
    write_at(folder, ".git", "x", 0644);
    write_at(below, "table.csv", "1;2\n", 0644);
    CLEANUP(buffer_clear) struct buffer first = {0}, second = {0}, third = {0};
    assert_int_equal(package_pack(folder, &first, NULL), ERROR_NONE);
    assert_int_equal(package_pack(folder, &second, NULL), ERROR_NONE);
    assert_true(text_equal(buffer_view(&first), buffer_view(&second)));
    CLEANUP(package_clear) struct package package = {0};
    assert_int_equal(package_check(buffer_view(&first), &c_use, &package, NULL), ERROR_NONE);
    assert_int_equal(package.files, 3);
    CLEANUP(free_at) char *link = testing_path(folder, "link");
    assert_int_equal(symlink("/etc/passwd", link), 0);
    struct problem problem = {""};
    assert_int_equal(package_pack(folder, &third, &problem), ERROR_INVALID);
    assert_non_null(strstr(problem.text, "a package has no links"));
    testing_remove(folder);
}

static void a_program_is_packed_with_its_declaration(void **state) {
    (void)state;
    CLEANUP(free_at) char *folder = testing_folder();
    CLEANUP(free_at) char *program = testing_path(folder, "jam");
    CLEANUP(free_at) char *declaration = testing_path(folder, "jam.yaml");
    write_at(folder, "jam", script, 0755);
    write_at(folder, "jam.yaml", manifest, 0644);
    CLEANUP(buffer_clear) struct buffer archive = {0};
    assert_int_equal(package_pack_program(declaration, program, &archive, NULL), ERROR_NONE);
    CLEANUP(package_clear) struct package package = {0};
    assert_int_equal(package_check(buffer_view(&archive), &c_use, &package, NULL), ERROR_NONE);
    assert_string_equal(package.manifest->state[0], "mps_jam");
    testing_remove(folder);
}

int main(void) {
    static const struct CMUnitTest others[] = {
        {"a package becomes a folder named by its digest", a_package_becomes_a_folder_named_by_its_digest, NULL, NULL,
         NULL},
        {"the digest is that of AWS", the_digest_is_that_of_aws, NULL, NULL, NULL},
        {"a package without function.yaml has no rights", a_package_without_function_yaml_has_no_rights, NULL, NULL,
         NULL},
        {"a module of JavaScript is found by its handler", a_module_of_javascript_is_found_by_its_handler, NULL, NULL,
         NULL},
        {"links and devices are refused", links_and_devices_are_refused, NULL, NULL, NULL},
        {"a bomb is refused", a_bomb_is_refused, NULL, NULL, NULL},
        {"more than 50 MB are refused", more_than_fifty_megabytes_are_refused, NULL, NULL, NULL},
        {"what an interrupted unpacking left is swept", what_an_interrupted_unpacking_left_is_swept, NULL, NULL, NULL},
        {"a folder is packed without what is hidden", a_folder_is_packed_without_what_is_hidden, NULL, NULL, NULL},
        {"a program is packed with its declaration", a_program_is_packed_with_its_declaration, NULL, NULL, NULL},
    };
    enum { REFUSALS = sizeof refusals / sizeof refusals[0], OTHERS = sizeof others / sizeof others[0] };
    struct CMUnitTest tests[REFUSALS + OTHERS];
    char names[REFUSALS][80];
    for (size_t i = 0; i < REFUSALS; i++) {
        snprintf(names[i], sizeof names[i], "refused: %s", refusals[i].name);
        tests[i] = (struct CMUnitTest){names[i], check_refusal, NULL, NULL, (void *)&refusals[i]};
    }
    memcpy(tests + REFUSALS, others, sizeof others);
    return cmocka_run_group_tests_name("package", tests, NULL, NULL);
}
