// splc edge diagnostics
#include "command.h"

#include <base/file.h>
#include <diagnostics/diagnostics.h>

#include <stdio.h>
#include <string.h>

static void print_json(const struct diagnostics_list *list, size_t first) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    buffer_print(&out, "{\"damaged\":%zu,\"entries\":[", list->damaged);
    for (size_t i = first; i < list->count; i++) {
        if (i > first) buffer_byte(&out, ',');
        diagnostics_print_json(&list->entries[i], &out);
    }
    buffer_string(&out, "]}");
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
}

static void print_lines(const struct diagnostics_list *list, size_t first) {
    CLEANUP(buffer_clear) struct buffer line = {0};
    uint32_t start = 0;
    for (size_t i = first; i < list->count; i++) {
        const struct diagnostics_entry *entry = &list->entries[i];
        if (entry->start != start) printf("start %u\n", entry->start);
        start = entry->start;
        buffer_reset(&line);
        diagnostics_print_line(entry, &line);
        printf("  %.*s\n", TEXT_ARG(buffer_view(&line)));
    }
    if (list->count == 0) printf("the diagnostics buffer is empty\n");
    if (list->damaged > 0)
        printf("%zu %s left out: damaged, by a power cut or by a disk that fails\n", list->damaged,
               list->damaged == 1 ? "entry is" : "entries are");
}

static int show(const char *data, unsigned last, bool json) {
    CLEANUP(connect_file_destroy_at) struct connect_file *file = NULL;
    struct problem problem;
    if (find_plant(data, &file, &problem)) return refuse("%s", problem.text);
    CLEANUP(free_at) char *path = file_join(file->data_folder, "edge/diagnostics");
    if (path == NULL) return refuse("out of memory");
    if (!file_exists(path)) return refuse("%s is not there: this plant's edge has not run yet", path);
    struct diagnostics_list list = {0};
    if (diagnostics_read(path, &list, &problem)) return refuse("%s", problem.text);
    size_t first = last > 0 && list.count > last ? list.count - last : 0;
    if (json)
        print_json(&list, first);
    else
        print_lines(&list, first);
    diagnostics_list_clear(&list);
    return EXIT_DONE;
}

int command_edge(int argc, char **argv) {
    const char *data = NULL;
    unsigned last = 0;
    bool json = false;
    const struct option table[] = {
        DATA_OPTION(&data),
        {"last", "N", "only the newest N entries; default: all that are kept", OPTION_UNSIGNED, &last},
        JSON_OPTION(&json),
    };
    const struct options options = {
        .usage = "splc edge diagnostics [OPTIONS]",
        .summary =
            "Prints the PLC's diagnostics buffer, oldest entry first: starts and their ends, safe states and their\n"
            "causes, faults, refused commands, control authority, forces, changes of pins, with wall time, code,\n"
            "severity (1 to 1000) and where it came from. The buffer is a file that keeps the last 2048 entries over\n"
            "restarts and power cuts; it is read whether the PLC runs or not.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "FILES\n"
                  "    DATA/edge/diagnostics  the buffer\n"
                  "\n"
                  "EXAMPLES\n"
                  "    splc edge diagnostics --last 20\n"
                  "    splc edge diagnostics --json | jq '.entries[] | select(.severity >= 500)'\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    if (count != 1 || strcmp(arguments[0], "diagnostics") != 0)
        return refuse_usage("usage: %s; see splc edge --help", options.usage);
    return show(data, last, json);
}
