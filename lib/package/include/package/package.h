/// Packages of functions, as AWS Lambda takes them: ZIP archives with `bootstrap` (provided.al2023, provided.al2) or
/// with a module of JavaScript (nodejs20.x). What comes from outside is looked at whole before a byte of it reaches the
/// disk; what is refused is named, with the remedy.
/// Owns: nothing. Threads: any number at once; big packages take seconds, so do it beside the loop.
/// Limits and form: AWS Lambda's (50 MB packed, 250 MB unpacked) and docs/spec/function.md.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>
#include <site/function.h>

enum {
    PACKAGE_BYTES_MAX = 50 * 1024 * 1024,
    PACKAGE_UNPACKED_BYTES_MAX = 250 * 1024 * 1024,
    PACKAGE_ENTRIES_MAX = 20000,
    PACKAGE_RATIO_MAX = 100,                    // unpacked to packed: code is packed to a third, a bomb to a thousandth
    PACKAGE_RATIO_FROM_BYTES = 8 * 1024 * 1024, // unpacked; below, the ratio does no harm
    PACKAGE_SHA256_BYTES = 45,                  // base64, with NUL
    PACKAGE_FOLDER_BYTES = 65,                  // hexadecimal, with NUL
};

/// How a function is to be run: what must be in its package follows from it.
struct package_use {
    const char *name;    // of the function: function.yaml, where there is one, must be of the same
    const char *runtime; // "provided.al2023", "provided.al2", "nodejs20.x"
    const char *handler; // "index.handler" for nodejs20.x; not looked at otherwise
};

struct package {
    char sha256[PACKAGE_SHA256_BYTES]; // of the archive, as AWS's CodeSha256
    char folder[PACKAGE_FOLDER_BYTES]; // the same, as the name of the folder
    size_t bytes, unpacked_bytes, files;
    struct function_manifest *manifest; // without function.yaml: no triggers, no rights but reading
};
void package_clear(struct package *package);

/// ERROR_INVALID, ERROR_TOO_LARGE, ERROR_UNSUPPORTED (runtime; encrypted entries) with the entry's name and the remedy.
/// `ret_package` is filled when it succeeds; clear it.
enum error package_check(struct text archive, const struct package_use *use, struct package *ret_package,
                         struct problem *ret_problem);

/// Unpacks what package_check took into `store`/`package->folder`, at once or not at all, on the disk when it returns.
/// A folder that is there already is the same package: nothing is written. Programs get 0755, all else 0644.
enum error package_unpack(struct text archive, const struct package *package, const char *store,
                          struct problem *ret_problem);
/// Removes what an unpacking that was interrupted left in `store`.
void package_sweep(const char *store);
/// Removes `store`/`name` with all in it. A failure leaves rubbish, no harm.
void package_remove(const char *store, const char *name);

/// True for a runtime that we run.
bool package_runs(const char *runtime);

/// Appends the archive of a folder: all files but hidden ones, by name, so that the same files give the same bytes.
/// ERROR_INVALID for a link, ERROR_TOO_LARGE past PACKAGE_UNPACKED_BYTES_MAX.
enum error package_pack(const char *folder, struct buffer *out, struct problem *ret_problem);
/// The same of a program and its function.yaml, which need not be in one folder; not compressed, as it stays here.
enum error package_pack_program(const char *manifest_file, const char *program, struct buffer *out,
                                struct problem *ret_problem);
