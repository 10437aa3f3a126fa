// splc model generate --points N
#include "command.h"
#include "foreign_file.h"
#include "model_verbs.h"

#include <synthetic/synthetic.h>

int model_generate(int argc, char **argv) {
    unsigned points = 0;
    const char *file = NULL;
    const struct option table[] = {
        {"points", "N", "boolean points: 2 to 160000", OPTION_UNSIGNED, &points},
        OUTPUT_OPTIONS(&file),
    };
    const struct options options = {
        .usage = "splc model generate --points N [OPTIONS]",
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
                  "\n" EXIT_STATUS_HELP,
    };
    int status = verb_options(&options, argc, argv, NULL, 0);
    if (status != EXIT_DONE) return status;
    if (points == 0) return refuse_usage("how many points? usage: %s", options.usage);
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct problem problem = {""};
    enum error error = synthetic_plant(points, &out, &problem);
    if (error == ERROR_INVALID) return refuse_usage("%s", problem.text);
    if (error) return refuse("%s", problem.text);
    return foreign_file_put(file, buffer_view(&out));
}
