// splc model check PLANT
#include "command.h"
#include "model_verbs.h"
#include "plant_file.h"

#include <stdio.h>
#include <stdlib.h>

static int print_json(const char *file, const struct model_findings *findings, bool good) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    verb_open_report(&writer, file, good, findings);
    int status = verb_print_report(&writer);
    return good ? status : EXIT_REFUSED;
}

static int print_text(const char *file, const struct model_findings *findings, const struct plant *plant) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    model_findings_print(findings, file, &out);
    printf("%.*s", TEXT_ARG(buffer_view(&out)));
    size_t errors = model_findings_errors(findings), warnings = model_findings_count(findings) - errors;
    if (plant == NULL) {
        printf("%s: %zu error%s, %zu warning%s: no program would start with it\n", file, errors, errors == 1 ? "" : "s",
               warnings, warnings == 1 ? "" : "s");
        return EXIT_REFUSED;
    }
    printf("%s: good: station %.*s, %zu elements, %zu signals, %zu classes, %zu warning%s\n", file,
           TEXT_ARG(plant->station->name), plant->element_count, plant->signal_count, plant->class_count, warnings,
           warnings == 1 ? "" : "s");
    return EXIT_DONE;
}

static int check(const char *file, bool json) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    if (findings == NULL) return refuse("out of memory");
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    struct problem problem = {""};
    enum error error = plant_file_read(file, findings, &plant, &problem);
    bool unread = error != ERROR_NONE && model_findings_errors(findings) == 0; // the file, not the model
    const char *fault = problem.text[0] == '\0' ? error_text(error) : problem.text;
    if (unread && !json) return refuse("%s", fault);
    if (unread) model_findings_add(findings, true, 0, TEXT_EMPTY, "%s", fault);
    return json ? print_json(file, findings, plant != NULL) : print_text(file, findings, plant);
}

int model_check(int argc, char **argv) {
    bool json = false;
    const struct option table[] = {JSON_OPTION(&json)};
    const struct options options = {
        .usage = "splc model check PLANT [OPTIONS]",
        .summary =
            "Checks the AutomationML model of a plant, as every program does before it starts, and prints what it\n"
            "finds: file, line, severity, path in the model, what is wrong and what to do.\n"
            "PLANT is a plant folder with plant.aml in it, or the model file itself.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc model check plants/mps\n"
                  "    splc model check --json plants/mps | jq .findings\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  the model is good; there may be warnings\n"
                  "    1  the model has errors, or cannot be read\n"
                  "    2  wrong usage\n",
    };
    const char *plant;
    int status = verb_options(&options, argc, argv, &plant, 1);
    if (status != EXIT_DONE) return status;
    CLEANUP(free_at) char *file = plant_file_path(plant);
    return file == NULL ? refuse("out of memory") : check(file, json);
}
