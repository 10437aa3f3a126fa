/// The commands below `splc model`. Each is a file of its own, with options and help page as any other command.
#pragma once

#include <base/options.h>
#include <json/json.h>
#include <model/findings.h>

int model_check(int argc, char **argv);
int model_show(int argc, char **argv);
int model_export(int argc, char **argv);
int model_diff(int argc, char **argv);
int model_inspect(int argc, char **argv);
int model_convert(int argc, char **argv);
int model_import(int argc, char **argv);
int model_generate(int argc, char **argv);

// ---------------------------------------------------------------- what they share

/// The rows of --output and -o in the option table of a verb that writes a document.
#define OUTPUT_OPTIONS(target)                                                                                         \
    {"output", "FILE", "write there; default: standard output", OPTION_TEXT, (target)}, {                              \
        "o", "FILE", "the same", OPTION_TEXT, (target)                                                                 \
    }

/// Parses the options of a verb that takes exactly `count` arguments; refuses on standard error. The exit status of a
/// refusal, EXIT_DONE when there is none.
int verb_options(const struct options *options, int argc, char **argv, const char **arguments, size_t count);

/// `"file":...,"ok":...,"findings":[...]`: how every verb tells programs what is wrong with a file. The object stays
/// open for more members.
void verb_open_report(struct json_writer *writer, const char *file, bool good, const struct model_findings *findings);
/// Closes the report and prints it, with a line break. The exit status, EXIT_DONE or that of want of memory.
int verb_print_report(struct json_writer *writer);
