// splc model generate --points N
#include "command.h"
#include "model_verbs.h"

#include <base/file.h>
#include <synthetic/synthetic.h>

#include <stdio.h>

int model_generate(int argc, char **argv) {
    unsigned points = 0;
    const char *file = NULL;
    const struct option table[] = {
        {"points", "N", "boolean points: 2 to 160000", OPTION_UNSIGNED, &points},
        {"output", "FILE", "where the model goes; default: standard output", OPTION_TEXT, &file},
    };
    const struct options options = {
        .usage = "splc model generate --points N [--output FILE]",
        .summary =
            "Writes the model of a plant that nobody built, of any size: to see how the programs do with large ones.\n"
            "It consists of cells with four cylinders, a motor, eight light barriers and four lamps each, 32 points,\n"
            "half of them outputs; a panel with emergency stop and reset button; and the controller. The same number\n"
            "gives the same bytes. 100000 points are a file of about 70 MB.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc model generate --points 1000 --output big.aml\n"
                  "    splc model generate --points 1000 | xmllint --format - | less\n"
                  "    splc model check big.aml\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  written\n"
                  "    1  it could not be written\n"
                  "    2  wrong usage\n",
    };
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    if (count != 0 || points == 0) return refuse_usage("usage: %s", options.usage);
    CLEANUP(buffer_clear) struct buffer out = {0};
    enum error error = synthetic_plant(points, &out, &problem);
    if (error == ERROR_INVALID) return refuse_usage("%s", problem.text);
    if (!error && file != NULL) error = file_write(file, buffer_view(&out), 0644, &problem);
    if (error) return refuse("%s", problem.text);
    if (file != NULL) return EXIT_DONE;
    bool written = fwrite(out.data, 1, out.length, stdout) == out.length && fflush(stdout) == 0;
    return written ? EXIT_DONE : refuse("standard output: it could not be written");
}
