#include "command.h"

#include "data_folder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct command commands[] = {
    {"up", "start everything of a plant on this machine", command_up},
    {"status", "what runs, and how well", command_status},
    {"shadow", "read, change or delete the twin of a thing", command_shadow},
    {"watch", "print changes as they come", command_watch},
    {"call", "call a method of the plant", command_call},
    {"latency", "how long a change takes through the cascade", command_latency},
    {"connect", "what to type into other tools", command_connect},
    {"edge", "look into the PLC: its diagnostics buffer", command_edge},
    {"function", "write, deploy, call and watch functions", command_function},
    {"model", "check, show, export and compare AutomationML models", command_model},
    {"policy", "ask policies of AWS IoT who may do what, and why", command_policy},
    {"rule", "try a rule (the SQL of AWS IoT) on a message", command_rule},
};
const size_t command_count = sizeof commands / sizeof *commands;

__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list arguments) {
    fflush(stdout);
    fputs("splc: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return EXIT_REFUSED;
}

int refuse_usage(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    complain(format, arguments);
    va_end(arguments);
    return EXIT_USAGE;
}

enum error find_plant(const char *data_folder, struct connect_file **ret_file, struct problem *ret_problem) {
    if (data_folder != NULL) return connect_file_read(data_folder, ret_file, ret_problem);
    CLEANUP(free_at) char *current = NULL;
    enum error error = data_folder_find_current(&current, ret_problem);
    return error ? error : connect_file_read(current, ret_file, ret_problem);
}

enum error find_api(const char *data_folder, unsigned timeout_ms, struct api **ret_api, struct problem *ret_problem) {
    CLEANUP(connect_file_destroy_at) struct connect_file *file = NULL;
    enum error error = find_plant(data_folder, &file, ret_problem);
    if (error) return error;
    const struct api_options options = {file->http.url, file->http.token_file, timeout_ms};
    return api_open(&options, ret_api, ret_problem);
}
