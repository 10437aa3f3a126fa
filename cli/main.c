// splc: what people use. Each command is a file in src/.
#include "command.h"

#include <base/nearest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(void) {
    printf("USAGE\n"
           "    splc COMMAND [ARGUMENTS] [OPTIONS]\n"
           "\n"
           "    Serverless PLC on this machine: starts a plant, shows it, talks to it.\n"
           "\n"
           "COMMANDS\n");
    for (size_t i = 0; i < command_count; i++) printf("    %-9s %s\n", commands[i].name, commands[i].summary);
    printf("\n"
           "    splc COMMAND --help explains a command, its options and its exit status.\n"
           "    splc --version prints the version.\n"
           "\n"
           "EXAMPLES\n"
           "    splc up plants/mps\n"
           "    splc status\n"
           "    splc watch mps_conveyor\n"
           "    splc call mps_simulation press start\n"
           "\n" EXIT_STATUS_HELP);
}

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    }
    return NULL;
}

static int refuse_unknown(const char *name) {
    const char *names[16];
    size_t count = command_count < 16 ? command_count : 16;
    for (size_t i = 0; i < count; i++) names[i] = commands[i].name;
    const char *near = nearest_word(text_of(name), names, count);
    if (near != NULL) return refuse_usage("there is no command \"%s\"; did you mean \"splc %s\"?", name, near);
    return refuse_usage("there is no command \"%s\"; see splc --help", name);
}

/// `splc help up` is `splc up --help`.
static int help(int argc, char **argv) {
    if (argc < 3) return print_help(), EXIT_DONE;
    const struct command *command = find_command(argv[2]);
    if (command == NULL) return refuse_unknown(argv[2]);
    static char option[] = "--help";
    char *arguments[] = {argv[2], option, NULL};
    return command->run(2, arguments);
}

/// Whatever ends the program: what could not be written, to a full disk or a closed pipe, is no success.
static void close_output(void) {
    bool failed = ferror(stdout) != 0;
    if (fclose(stdout) == 0 && !failed) return;
    fputs("splc: standard output: not everything could be written\n", stderr);
    _exit(EXIT_REFUSED);
}

int main(int argc, char **argv) {
    atexit(close_output);
    if (argc < 2) return print_help(), EXIT_USAGE;
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) return help(argc, argv);
    if (strcmp(word, "--version") == 0) return printf("splc " SPLC_VERSION "\n"), EXIT_DONE;
    const struct command *command = find_command(word);
    return command == NULL ? refuse_unknown(word) : command->run(argc - 1, argv + 1);
}
