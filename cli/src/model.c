// splc model check PLANT
#include "command.h"
#include "model_verbs.h"
#include "plant_file.h"

#include <stdio.h>
#include <stdlib.h>

static void put_finding(struct json_writer *writer, const struct model_finding *finding) {
    json_open_object(writer);
    json_key(writer, "severity");
    json_put_string(writer, finding->error ? "error" : "warning");
    json_key(writer, "line");
    json_put_unsigned(writer, finding->line);
    json_key(writer, "path");
    json_put_text(writer, finding->path);
    json_key(writer, "text");
    json_put_text(writer, finding->text);
    json_close_object(writer);
}

static void print_json(const char *file, const struct model_findings *findings, bool good) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "file");
    json_put_string(&writer, file);
    json_key(&writer, "ok");
    json_put_bool(&writer, good);
    json_key(&writer, "findings");
    json_open_array(&writer);
    for (size_t i = 0; i < model_findings_count(findings); i++) put_finding(&writer, model_findings_at(findings, i));
    json_close_array(&writer);
    json_close_object(&writer);
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
}

static void print_text(const char *file, const struct model_findings *findings, const struct plant *plant) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    model_findings_print(findings, file, &out);
    printf("%.*s", TEXT_ARG(buffer_view(&out)));
    size_t errors = model_findings_errors(findings), warnings = model_findings_count(findings) - errors;
    if (plant == NULL) {
        printf("%s: %zu errors, %zu warnings: no program would start with it\n", file, errors, warnings);
        return;
    }
    printf("%s: good: station %.*s, %zu elements, %zu signals, %zu classes, %zu warnings\n", file,
           TEXT_ARG(plant->station->name), plant->element_count, plant->signal_count, plant->class_count, warnings);
}

static int check(const char *file, bool json) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    if (findings == NULL) return refuse("out of memory");
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    struct problem problem = {""};
    enum error error = plant_file_read(file, findings, &plant, &problem);
    bool unread = error != ERROR_NONE && model_findings_errors(findings) == 0; // the file, not the model
    if (unread) return refuse("%s", problem.text[0] == '\0' ? error_text(error) : problem.text);
    if (json)
        print_json(file, findings, plant != NULL);
    else
        print_text(file, findings, plant);
    return plant == NULL ? EXIT_REFUSED : EXIT_DONE;
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
    const char *arguments[1];
    size_t count;
    struct problem problem;
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    if (count != 1) return refuse_usage("usage: %s", options.usage);
    CLEANUP(free_at) char *file = plant_file_path(arguments[0]);
    return file == NULL ? refuse("out of memory") : check(file, json);
}
