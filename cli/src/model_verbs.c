// splc model VERB ...
#include "model_verbs.h"

#include "command.h"

#include <base/nearest.h>

#include <stdio.h>
#include <string.h>

static const struct command verbs[] = {
    {"check", "what is wrong with a model", model_check},
    {"show", "what is in it: things, values, wires, methods", model_show},
    {"export", "make documents and descriptions from it", model_export},
    {"diff", "what differs between two models, and what that means", model_diff},
    {"import", "make one from a tag list or an export; read an MTP", model_import},
    {"inspect", "what is in any AutomationML file", model_inspect},
    {"convert", "write any AutomationML file as CAEX 3.0", model_convert},
    {"generate", "write the model of a plant of any size", model_generate},
};
enum { VERB_COUNT = sizeof verbs / sizeof *verbs };

static void print_help(void) {
    printf("USAGE\n"
           "    splc model VERB PLANT [OPTIONS]\n"
           "\n"
           "    The AutomationML model of a plant, from which everything else is made.\n"
           "    PLANT is a plant folder with plant.aml in it, or the model file itself; `generate` takes none.\n"
           "\n"
           "VERBS\n");
    for (size_t i = 0; i < VERB_COUNT; i++) printf("    %-8s  %s\n", verbs[i].name, verbs[i].summary);
    printf("\n"
           "    splc model VERB --help explains one, its options and its exit status.\n"
           "\n"
           "EXAMPLES\n"
           "    splc model check plants/mps\n"
           "    splc model show plants/mps\n"
           "    splc model export plants/mps --format html -o mps.html\n"
           "    splc model diff old.aml plants/mps\n"
           "    splc model generate --points 1000 --output big.aml\n"
           "\n" EXIT_STATUS_HELP);
}

int command_model(int argc, char **argv) {
    if (argc < 2)
        return refuse_usage(
            "usage: splc model check|show|export|diff|import|inspect|convert|generate; see splc model --help");
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return print_help(), EXIT_DONE;
    const char *names[VERB_COUNT];
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(word, verbs[i].name) == 0) return verbs[i].run(argc - 1, argv + 1);
        names[i] = verbs[i].name;
    }
    const char *near = nearest_word(text_of(word), names, VERB_COUNT);
    if (near != NULL) return refuse_usage("there is no \"splc model %s\"; did you mean \"splc model %s\"?", word, near);
    return refuse_usage("there is no \"splc model %s\"; see splc model --help", word);
}
