// What may be in a package. Everything is unpacked once in memory, piece by piece, only to see that it can be.
#include <package/package.h>

#include <base/base64.h>
#include <pki/pki.h>
#include <zip/zip.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 64 * 1024, MANIFEST_BYTES_MAX = 64 * 1024, HEAD_BYTES = 20 };

static const char manifest_name[] = "function.yaml", program_name[] = "bootstrap";

// --- runtimes ---

enum wanted { WANTED_PROGRAM, WANTED_MODULE };

static const struct runtime {
    const char *name;
    enum wanted wanted;
} runtimes[] = {
    {"provided.al2023", WANTED_PROGRAM},
    {"provided.al2", WANTED_PROGRAM},
    {"nodejs20.x", WANTED_MODULE},
};

static const struct runtime *find_runtime(const char *name) {
    for (size_t i = 0; i < sizeof runtimes / sizeof runtimes[0]; i++)
        if (strcmp(runtimes[i].name, name) == 0) return &runtimes[i];
    return NULL;
}

bool package_runs(const char *runtime) {
    return find_runtime(runtime) != NULL;
}

// --- walking through it ---

struct look {
    const struct package_use *use;
    const struct runtime *runtime;
    struct zip_reader *reader;
    struct package *package;
    struct problem *problem;
    struct buffer piece;
    struct buffer manifest;
    bool has_manifest;

    bool has_program;
    unsigned permissions; // of the program
    char head[HEAD_BYTES];
    size_t head_length;

    struct text module; // "src/index": what the handler names, without its ending
    bool has_module;
};

static void look_clear(struct look *look) {
    zip_close(look->reader);
    buffer_clear(&look->piece);
    buffer_clear(&look->manifest);
}

static const char *const module_endings[] = {".js", ".mjs", ".cjs"};

static bool is_module(struct text name, struct text module) {
    if (!text_starts_with(name, module)) return false;
    for (size_t i = 0; i < sizeof module_endings / sizeof module_endings[0]; i++)
        if (text_is(text_from(name, module.length), module_endings[i])) return true;
    return false;
}

static enum error take_piece(struct look *look, struct text name, size_t *ret_length) {
    struct package *package = look->package;
    enum error error = zip_take(look->reader, look->piece.data, PIECE_BYTES, ret_length, look->problem);
    if (error) return problem_prefix(look->problem, error, "'%.*s' in the package", TEXT_ARG(name));
    package->unpacked_bytes += *ret_length;
    if (package->unpacked_bytes > PACKAGE_UNPACKED_BYTES_MAX)
        return problem_say(
            look->problem, ERROR_TOO_LARGE,
            "with '%.*s' the package has more than 250 MB unpacked: leave out what the function does not "
            "need when it runs",
            TEXT_ARG(name));
    if (package->unpacked_bytes > PACKAGE_RATIO_FROM_BYTES &&
        package->unpacked_bytes / PACKAGE_RATIO_MAX > package->bytes)
        return problem_say(look->problem, ERROR_TOO_LARGE,
                           "'%.*s' in the package unpacks to more than %d times what it takes packed, as no program "
                           "does: pack it without compression (zip -0)",
                           TEXT_ARG(name), PACKAGE_RATIO_MAX);
    return ERROR_NONE;
}

/// What is looked at further: the first bytes of the program, all of function.yaml.
static enum error keep_piece(struct look *look, struct text name, struct text piece) {
    if (text_is(name, program_name) && look->head_length < HEAD_BYTES) {
        size_t room = HEAD_BYTES - look->head_length, length = piece.length < room ? piece.length : room;
        memcpy(look->head + look->head_length, piece.data, length);
        look->head_length += length;
    }
    if (!text_is(name, manifest_name)) return ERROR_NONE;
    buffer_text(&look->manifest, piece);
    if (look->manifest.length <= MANIFEST_BYTES_MAX) return ERROR_NONE;
    return problem_say(look->problem, ERROR_TOO_LARGE, "'function.yaml' in the package is larger than 64 KB");
}

static enum error read_file(struct look *look, const struct zip_item *item) {
    for (;;) {
        size_t length = 0;
        enum error error = take_piece(look, item->name, &length);
        if (!error) error = keep_piece(look, item->name, (struct text){look->piece.data, length});
        if (error || length == 0) return error;
    }
}

static enum error look_at_item(struct look *look, const struct zip_item *item) {
    if (item->kind == ZIP_FOLDER) return ERROR_NONE;
    if (item->kind == ZIP_LINK)
        return problem_say(look->problem, ERROR_INVALID,
                           "'%.*s' in the package is a link, which could lead out of it: pack the file itself "
                           "(zip without -y follows links)",
                           TEXT_ARG(item->name));
    if (item->kind == ZIP_DEVICE)
        return problem_say(look->problem, ERROR_INVALID, "'%.*s' in the package is no file: leave it out",
                           TEXT_ARG(item->name));
    look->package->files++;
    look->has_manifest = look->has_manifest || text_is(item->name, manifest_name);
    look->has_module = look->has_module || is_module(item->name, look->module);
    if (text_is(item->name, program_name)) {
        look->has_program = true;
        look->permissions = item->permissions;
    }
    return read_file(look, item);
}

static enum error look_at_all(struct look *look) {
    struct zip_item item;
    for (;;) {
        enum error error = zip_next(look->reader, &item, look->problem);
        if (error || item.name.length == 0) return error;
        error = look_at_item(look, &item);
        if (error) return error;
    }
}

// --- what must be in it ---

#if defined(__x86_64__)
enum { MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { MACHINE = EM_AARCH64 };
#elif defined(__arm__)
enum { MACHINE = EM_ARM };
#elif defined(__riscv)
enum { MACHINE = EM_RISCV };
#else
enum { MACHINE = EM_NONE }; // any
#endif

static const struct {
    unsigned machine;
    const char *name;
} machines[] = {{EM_X86_64, "x86_64"}, {EM_AARCH64, "arm64"}, {EM_ARM, "32-bit ARM"}, {EM_RISCV, "RISC-V"}};

static const char *machine_name(unsigned machine) {
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
        if (machines[i].machine == machine) return machines[i].name;
    return "another machine";
}

static enum error check_head(const struct look *look) {
    struct text head = {look->head, look->head_length};
    if (text_starts_with(head, TEXT("#!"))) return ERROR_NONE;
    if (!text_starts_with(head, TEXT("\x7f"
                                     "ELF")) ||
        head.length < HEAD_BYTES)
        return problem_say(look->problem, ERROR_INVALID,
                           "'bootstrap' in the package is neither a program for Linux (ELF) nor a script that begins "
                           "with #!: build it anew");
    unsigned machine = (unsigned char)head.data[18] | (unsigned)(unsigned char)head.data[19] << 8;
    if (machine == MACHINE || MACHINE == EM_NONE) return ERROR_NONE;
    return problem_say(look->problem, ERROR_INVALID,
                       "'bootstrap' in the package is built for %s, this machine is %s: build it for this one",
                       machine_name(machine), machine_name(MACHINE));
}

static enum error check_program(const struct look *look) {
    if (!look->has_program)
        return problem_say(look->problem, ERROR_INVALID,
                           "the package has no 'bootstrap' in its root, which runtime %s starts: pack the folder's "
                           "content, not the folder",
                           look->runtime->name);
    if ((look->permissions & 0111) == 0)
        return problem_say(look->problem, ERROR_INVALID,
                           "'bootstrap' in the package is not executable: chmod 755 bootstrap, then pack anew "
                           "(on Linux, or by 'splc function deploy')");
    return check_head(look);
}

static enum error check_module(const struct look *look) {
    if (look->has_module) return ERROR_NONE;
    return problem_say(look->problem, ERROR_INVALID,
                       "the package has none of '%.*s.js', '.mjs' and '.cjs', which the handler '%s' names: add it, or "
                       "correct the handler",
                       TEXT_ARG(look->module), look->use->handler);
}

/// "src/index.handler": the module is what stands before the first point of the last step.
static enum error read_handler(struct look *look) {
    struct text handler = text_of(look->use->handler == NULL ? "" : look->use->handler);
    const char *slash = memrchr(handler.data, '/', handler.length);
    size_t base = slash == NULL ? 0 : (size_t)(slash - handler.data) + 1;
    const char *point = handler.length <= base ? NULL : memchr(handler.data + base, '.', handler.length - base);
    if (point == NULL || point == handler.data + base || point + 1 == handler.data + handler.length)
        return problem_say(look->problem, ERROR_INVALID,
                           "the handler '%.*s' names no function of a module, as 'index.handler' does",
                           TEXT_ARG(handler));
    look->module = (struct text){handler.data, (size_t)(point - handler.data)};
    return ERROR_NONE;
}

static enum error check_manifest(const struct look *look) {
    const struct package_use *use = look->use;
    struct function_manifest *manifest = NULL;
    CLEANUP(buffer_clear) struct buffer own = {0};
    if (!look->has_manifest) buffer_print(&own, "name: \"%s\"\nruntime: \"%s\"\n", use->name, use->runtime);
    enum error error = function_manifest_read(buffer_view(look->has_manifest ? &look->manifest : &own), manifest_name,
                                              "", &manifest, look->problem);
    if (error) return error;
    look->package->manifest = manifest;
    if (strcmp(manifest->name, use->name) != 0)
        return problem_say(look->problem, ERROR_INVALID,
                           "function.yaml: name: '%s', but the function is called '%s': its rights are that name's",
                           manifest->name, use->name);
    if (strcmp(manifest->runtime, use->runtime) == 0) return ERROR_NONE;
    return problem_say(look->problem, ERROR_INVALID,
                       "function.yaml: runtime: '%s', but the function is to be run by '%s': correct one of them",
                       manifest->runtime, use->runtime);
}

static enum error look_through(struct look *look, struct text archive) {
    const struct zip_reading reading = {.entries_max = PACKAGE_ENTRIES_MAX, .case_counts = true};
    if (!buffer_reserve(&look->piece, PIECE_BYTES)) return problem_say(look->problem, ERROR_NO_MEMORY, "out of memory");
    enum error error = look->runtime->wanted == WANTED_MODULE ? read_handler(look) : ERROR_NONE;
    if (!error) error = zip_open(archive, &reading, &look->reader, look->problem);
    if (!error) error = look_at_all(look);
    if (error) return error;
    error = look->runtime->wanted == WANTED_MODULE ? check_module(look) : check_program(look);
    return error ? error : check_manifest(look);
}

// --- public ---

static int digit(char hex) {
    return hex <= '9' ? hex - '0' : hex - 'a' + 10;
}

/// The same digest as AWS writes it.
static enum error write_sha256(struct package *package) {
    char bytes[(PACKAGE_FOLDER_BYTES - 1) / 2];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(digit(package->folder[2 * i]) << 4 | digit(package->folder[2 * i + 1]));
    CLEANUP(buffer_clear) struct buffer text = {0};
    base64_write((struct text){bytes, sizeof bytes}, &text);
    if (text.failed) return ERROR_NO_MEMORY;
    snprintf(package->sha256, sizeof package->sha256, "%s", text.data);
    return ERROR_NONE;
}

enum error package_check(struct text archive, const struct package_use *use, struct package *ret_package,
                         struct problem *ret_problem) {
    const struct runtime *runtime = find_runtime(use->runtime);
    if (runtime == NULL)
        return problem_say(ret_problem, ERROR_UNSUPPORTED,
                           "runtime '%s' is not one of those that run here: provided.al2023, provided.al2, nodejs20.x",
                           use->runtime);
    if (archive.length > PACKAGE_BYTES_MAX)
        return problem_say(ret_problem, ERROR_TOO_LARGE,
                           "the package has %zu bytes, 50 MB are allowed: leave out what the function does not need",
                           archive.length);
    CLEANUP(package_clear) struct package package = {.bytes = archive.length};
    CLEANUP(look_clear)
    struct look look = {.use = use, .runtime = runtime, .package = &package, .problem = ret_problem};
    enum error error = look_through(&look, archive);
    if (!error) error = pki_digest(archive, package.folder);
    if (!error) error = write_sha256(&package);
    if (error) return error;
    *ret_package = package;
    package.manifest = NULL;
    return ERROR_NONE;
}

void package_clear(struct package *package) {
    function_manifest_destroy(package->manifest);
    package->manifest = NULL;
}
