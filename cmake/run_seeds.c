// Runs a fuzz target on its seeds (files, or all files of folders), so that they are ordinary tests in every build.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return perror(path), 0;
    struct stat stat;
    if (fstat(fileno(file), &stat) != 0) return perror(path), fclose(file), 0;
    uint8_t *bytes = malloc((size_t)stat.st_size + 1); // one more, so that an empty seed has an address
    size_t length = bytes == NULL ? 0 : fread(bytes, 1, (size_t)stat.st_size, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, length);
    free(bytes);
    return 1;
}

static int run(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) return run_file(path);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        count += run_file(name);
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv) {
    int count = 0;
    for (int i = 1; i < argc; i++) count += run(argv[i]);
    printf("%d seeds\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE; // a fuzz target without seeds tests nothing
}
