// splc model show PLANT
#include "command.h"
#include "model_verbs.h"
#include "plant_file.h"

#include <describe/describe.h>

#include <stdio.h>

int model_show(int argc, char **argv) {
    bool json = false, simulated = false;
    const struct option table[] = {
        JSON_OPTION(&json),
        {"simulated", NULL, "with the thing of the simulated plant", OPTION_FLAG, &simulated},
    };
    const struct options options = {
        .usage = "splc model show PLANT [OPTIONS]",
        .summary = "Prints what is in the model of a plant: things and their modules, values with their wires and\n"
                   "addresses, methods with their arguments.\n"
                   "PLANT is a plant folder with plant.aml in it, or the model file itself.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc model show plants/mps\n"
                  "    splc model show --json plants/mps | jq '.things[].values[].path'\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *name;
    int status = verb_options(&options, argc, argv, &name, 1);
    if (status != EXIT_DONE) return status;
    struct problem problem = {""};
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    if (plant_file_open(name, &plant, &problem)) return refuse("%s", problem.text);
    const struct describe_options describe = {.simulated = simulated};
    CLEANUP(buffer_clear) struct buffer out = {0};
    (json ? describe_json : describe_tree)(plant, &describe, &out);
    if (out.failed) return refuse("out of memory");
    fwrite(out.data, 1, out.length, stdout);
    return EXIT_DONE;
}
