// splc model diff OLD NEW
#include "command.h"
#include "model_verbs.h"
#include "plant_file.h"

#include <describe/diff.h>

#include <stdio.h>

static void print_text(const struct diff *diff) {
    for (enum verdict verdict = VERDICT_BREAKING + 1; verdict-- > VERDICT_COMPATIBLE;) {
        for (size_t i = 0; i < diff_count(diff); i++) {
            const struct difference *difference = diff_at(diff, i);
            if (difference->rule->verdict != verdict) continue;
            printf("%s: %.*s: %s%s%.*s: %s\n", verdict_name(verdict), TEXT_ARG(difference->path),
                   difference->rule->what, difference->detail.length > 0 ? ", " : "", TEXT_ARG(difference->detail),
                   difference->rule->why);
        }
    }
    if (diff_count(diff) == 0)
        printf("compatible: nothing differs\n");
    else
        printf("verdict: %s (%zu differences)\n", verdict_name(diff_verdict(diff)), diff_count(diff));
}

static void print_json(const struct diff *diff) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    json_open_object(&writer);
    json_key(&writer, "verdict");
    json_put_string(&writer, verdict_name(diff_verdict(diff)));
    json_key(&writer, "differences");
    json_open_array(&writer);
    for (size_t i = 0; i < diff_count(diff); i++) {
        const struct difference *difference = diff_at(diff, i);
        json_open_object(&writer);
        json_key(&writer, "verdict");
        json_put_string(&writer, verdict_name(difference->rule->verdict));
        json_key(&writer, "rule");
        json_put_string(&writer, difference->rule->name);
        json_key(&writer, "path");
        json_put_text(&writer, difference->path);
        json_key(&writer, "what");
        json_put_string(&writer, difference->rule->what);
        json_key(&writer, "detail");
        json_put_text(&writer, difference->detail);
        json_key(&writer, "why");
        json_put_string(&writer, difference->rule->why);
        json_close_object(&writer);
    }
    json_close_array(&writer);
    json_close_object(&writer);
    printf("%.*s\n", TEXT_ARG(buffer_view(&out)));
}

int model_diff(int argc, char **argv) {
    bool json = false;
    const struct option table[] = {JSON_OPTION(&json)};
    const struct options options = {
        .usage = "splc model diff OLD NEW [OPTIONS]",
        .summary = "Compares two models and says of each difference what it means, the worst first:\n"
                   "    compatible    clients and machine go on as before: the next start takes it\n"
                   "    needs a stop  clients go on, but the machine behaves differently: only at standstill\n"
                   "    breaking      clients of OPC UA, twins or HTTP have to be changed with it\n"
                   "OLD and NEW are plant folders with plant.aml in them, or model files. An element that has another\n"
                   "name or place is recognised by its ID. The rules: docs/guide/model.md.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    git show HEAD:plants/mps/plant.aml >old.aml && splc model diff old.aml plants/mps\n"
                  "    splc model diff --json old.aml plants/mps | jq -r .verdict\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  compatible, or nothing differs\n"
                  "    1  one of the models has errors or cannot be read\n"
                  "    2  wrong usage\n"
                  "    3  needs a stop\n"
                  "    4  breaking\n",
    };
    static const int statuses[] = {[VERDICT_COMPATIBLE] = EXIT_DONE, [VERDICT_NEEDS_STOP] = 3, [VERDICT_BREAKING] = 4};
    const char *arguments[2];
    int status = verb_options(&options, argc, argv, arguments, 2);
    if (status != EXIT_DONE) return status;
    struct problem problem = {""};
    CLEANUP(plant_destroy_at) struct plant *old = NULL;
    CLEANUP(plant_destroy_at) struct plant *new = NULL;
    if (plant_file_open_old(arguments[0], &old, &problem)) return refuse("%s", problem.text);
    if (plant_file_open(arguments[1], &new, &problem)) return refuse("%s", problem.text);
    CLEANUP(diff_destroy_at) struct diff *diff = diff_create(old, new);
    if (diff == NULL) return refuse("out of memory");
    (json ? print_json : print_text)(diff);
    return statuses[diff_verdict(diff)];
}
