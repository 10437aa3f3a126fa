// splc function new NAME: a project that builds, passes its test, and can be deployed.
#include "function.h"
#include "templates_files.h" // made by the build from the folder cli/templates/

#include <base/file.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FOLDER_MODE = 0755, FILE_MODE = 0644 };

static const struct language {
    const char *name, *prefix;
} languages[] = {
    {"c", "/c/"},
    {"nodejs", "/nodejs/"},
};

static const struct language *find_language(const char *name) {
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
        if (strcmp(languages[i].name, name) == 0) return &languages[i];
    return NULL;
}

/// Where header and library for functions in C are: beside the programs.
static char *sdk_folder(void) {
    CLEANUP(free_at) char *programs = file_program_folder();
    if (programs == NULL) return NULL;
    char *slash = strrchr(programs, '/');
    if (slash != NULL) *slash = '\0';
    return file_join(programs, "sdk");
}

static void fill_in(struct text from, const char *mark, const char *with, struct buffer *out) {
    size_t length = strlen(mark);
    for (;;) {
        const char *at = from.length == 0 ? NULL : memmem(from.data, from.length, mark, length);
        size_t before = at == NULL ? from.length : (size_t)(at - from.data);
        buffer_append(out, from.data, before);
        if (at == NULL) return;
        buffer_string(out, with);
        from = text_from(from, before + length);
    }
}

static enum error write_one(const struct embedded_file *file, const char *below, const char *folder, const char *name,
                            const char *sdk, struct problem *problem) {
    CLEANUP(buffer_clear) struct buffer named = {0}, content = {0};
    CLEANUP(free_at) char *path = file_join(folder, below);
    fill_in((struct text){(const char *)file->data, file->length}, "@NAME@", name, &named);
    fill_in(buffer_view(&named), "@SDK@", sdk, &content);
    if (path == NULL || named.failed || content.failed) return ERROR_NO_MEMORY;
    char *slash = strrchr(path, '/');
    *slash = '\0';
    enum error error = file_make_folder(path, FOLDER_MODE, problem);
    *slash = '/';
    return error ? error : file_write(path, buffer_view(&content), FILE_MODE, problem);
}

static enum error write_all(const struct language *language, const char *folder, const char *name,
                            struct problem *problem) {
    CLEANUP(free_at) char *sdk = sdk_folder();
    if (sdk == NULL) return ERROR_NO_MEMORY;
    enum error error = ERROR_NONE;
    for (size_t i = 0; i < templates_file_count && !error; i++) {
        const struct embedded_file *file = &templates_files[i];
        if (strncmp(file->path, language->prefix, strlen(language->prefix)) != 0) continue;
        error = write_one(file, file->path + strlen(language->prefix), folder, name, sdk, problem);
    }
    return error;
}

int function_new(int argc, char **argv) {
    const char *runtime = "c";
    const struct option table[] = {
        {"runtime", "LANGUAGE", "c or nodejs; default: c", OPTION_TEXT, &runtime},
    };
    const struct options options = {
        .usage = "splc function new FOLDER [OPTIONS]",
        .summary =
            "Writes a project into the new FOLDER, whose last part becomes the function's name: an example that "
            "counts\n"
            "its events in a twin of its own, a test that runs without a plant, and function.yaml with triggers and\n"
            "rights. It can be deployed as it is.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc function new jam\n"
                  "    splc function new statistics --runtime nodejs\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    int status = function_options(&options, argc, argv, arguments, 1, 1);
    if (status != EXIT_DONE) return status;
    const struct language *language = find_language(runtime);
    if (language == NULL) return refuse_usage("--runtime: \"%s\" is unknown: choose c or nodejs", runtime);
    const char *slash = strrchr(arguments[0], '/'), *name = slash == NULL ? arguments[0] : slash + 1;
    if (!function_is_name(name))
        return refuse_usage("\"%s\" is no name of a function: 1 to 64 letters, digits, - and _", name);
    if (file_exists(arguments[0])) return refuse("%s is there already: choose another folder", arguments[0]);
    struct problem problem = {"out of memory"};
    if (write_all(language, arguments[0], name, &problem)) return refuse("%s", problem.text);
    printf("%s: a function in %s. Next:\n", arguments[0], strcmp(language->name, "c") == 0 ? "C" : "JavaScript");
    if (strcmp(language->name, "c") == 0)
        printf("    make -C %1$s\n    make -C %1$s test\n", arguments[0]);
    else
        printf("    node --test %s/\n", arguments[0]);
    printf("    splc function deploy %s\n    splc function invoke %s\n    splc function logs %s\n", arguments[0], name,
           name);
    return EXIT_DONE;
}
