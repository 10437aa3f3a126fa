/// The commands of `splc`. Each is a file of its own: its options, its help page, its work.
#pragma once

#include "api.h"
#include "connect_file.h"

#include <base/options.h>

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

#define EXIT_STATUS_HELP                                                                                               \
    "EXIT STATUS\n"                                                                                                    \
    "    0  done\n"                                                                                                    \
    "    1  refused or failed; the reason is on standard error\n"                                                      \
    "    2  wrong usage\n"

struct command {
    const char *name;
    const char *summary;               // one line of `splc --help`
    int (*run)(int argc, char **argv); // argv[0] is the command's name; the result is the exit status
};
extern const struct command commands[];
extern const size_t command_count;

int command_up(int argc, char **argv);
int command_status(int argc, char **argv);
int command_shadow(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_call(int argc, char **argv);
int command_latency(int argc, char **argv);
int command_connect(int argc, char **argv);
int command_edge(int argc, char **argv);
int command_function(int argc, char **argv);
int command_model(int argc, char **argv);
int command_policy(int argc, char **argv);
int command_rule(int argc, char **argv);

// ---------------------------------------------------------------- what several commands need

/// "splc: <format>" on standard error; returns the exit status.
int refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
int refuse_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// The row of --data in the option table of a command that talks to a running plant.
#define DATA_OPTION(target)                                                                                            \
    { "data", "DIR", "data folder of the plant; default: that of the plant started last", OPTION_TEXT, (target) }
#define JSON_OPTION(target)                                                                                            \
    { "json", NULL, "print JSON, for programs", OPTION_FLAG, (target) }

/// connect.json of the folder, or of the plant started last when it is NULL.
enum error find_plant(const char *data_folder, struct connect_file **ret_file, struct problem *ret_problem);

/// The HTTP interface of that plant. `timeout_ms` 0: calls may last for ever.
enum error find_api(const char *data_folder, unsigned timeout_ms, struct api **ret_api, struct problem *ret_problem);
