// Any bytes are a package or are refused with a reason; what is taken keeps to the limits and has what its runtime
// needs.
#include <package/package.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void check(struct text archive, const char *runtime) {
    const struct package_use use = {"seed", runtime, "index.handler"};
    struct package package = {0};
    struct problem problem = {""};
    enum error error = package_check(archive, &use, &package, &problem);
    require(!error || problem.text[0] != '\0');
    require((package.manifest == NULL) == (error != ERROR_NONE));
    if (error) return;
    require(package.files > 0 && package.files <= PACKAGE_ENTRIES_MAX);
    require(package.unpacked_bytes <= PACKAGE_UNPACKED_BYTES_MAX && package.bytes == archive.length);
    require(strlen(package.sha256) == PACKAGE_SHA256_BYTES - 1 && strlen(package.folder) == PACKAGE_FOLDER_BYTES - 1);
    require(strcmp(package.manifest->name, "seed") == 0 && strcmp(package.manifest->runtime, runtime) == 0);
    package_clear(&package);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text archive = {(const char *)data, size};
    check(archive, "provided.al2023");
    check(archive, "nodejs20.x");
    return 0;
}
