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
           "    splc model VERB PLANT|FILE [OPTIONS]\n"
           "\n"
           "    The AutomationML model of a plant, from which everything else is made.\n"
           "    PLANT is a plant folder with plant.aml in it, or the model file itself. `import`, `inspect` and\n"
           "    `convert` take any FILE, `generate` takes none. What a verb writes goes to standard output, or with\n"
           "    --output FILE (-o FILE) to a file; --json prints JSON, for programs.\n"
           "\n"
           "VERBS\n");
    for (size_t i = 0; i < VERB_COUNT; i++) printf("    %-8s  %s\n", verbs[i].name, verbs[i].summary);
    printf("\n"
           "    splc model VERB --help explains one, its options and its exit status.\n"
           "\n"
           "EXAMPLES\n"
           "    splc model check plants/mps\n"
           "    splc model show plants/mps\n"
           "    splc model export plants/mps --format html --output mps.html\n"
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

// ---------------------------------------------------------------- what the verbs share

int verb_options(const struct options *options, int argc, char **argv, const char **arguments, size_t count) {
    size_t given;
    struct problem problem = {""};
    if (options_parse(options, argc, argv, arguments, count, &given, &problem)) return refuse_usage("%s", problem.text);
    if (given != count) return refuse_usage("usage: %s", options->usage);
    return EXIT_DONE;
}

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

void verb_open_report(struct json_writer *writer, const char *file, bool good, const struct model_findings *findings) {
    json_open_object(writer);
    json_key(writer, "file");
    json_put_string(writer, file);
    json_key(writer, "ok");
    json_put_bool(writer, good);
    json_key(writer, "findings");
    json_open_array(writer);
    for (size_t i = 0; i < model_findings_count(findings); i++) put_finding(writer, model_findings_at(findings, i));
    json_close_array(writer);
}

int verb_print_report(struct json_writer *writer) {
    json_close_object(writer);
    buffer_byte(writer->out, '\n');
    if (writer->out->failed) return refuse("out of memory");
    fwrite(writer->out->data, 1, writer->out->length, stdout);
    return EXIT_DONE;
}
