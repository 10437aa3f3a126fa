// splc model import FILE
#include "command.h"
#include "foreign_file.h"
#include "model_verbs.h"
#include "plant_file.h"

#include <base/file.h>
#include <import/import.h>
#include <zip/zip.h>

#include <stdio.h>
#include <stdlib.h>

struct import {
    const char *path;
    const char *libraries; // a plant of ours
    const char *match;     // a plant to compare with
    const char *station;
    const char *output;
    bool json;
    struct buffer bytes;
    struct model_findings *findings;
    struct caex *caex; // NULL: a tag list
};

static void import_clear(struct import *import) {
    caex_destroy(import->caex);
    model_findings_destroy(import->findings);
    buffer_clear(&import->bytes);
}

// ---------------------------------------------------------------- module type packages

static void put_text(struct json_writer *writer, const char *key, struct text value) {
    json_key(writer, key);
    json_put_text(writer, value);
}

static void put_node(struct json_writer *writer, const struct import_node *node) {
    json_open_object(writer);
    put_text(writer, "variable", node->variable);
    put_text(writer, "endpoint", node->endpoint);
    put_text(writer, "namespace", node->name_space);
    put_text(writer, "identifier", node->identifier);
    put_text(writer, "identifierType", node->identifier_type);
    put_text(writer, "access", node->access);
    json_close_object(writer);
}

static void mtp_json(const struct import_mtp *mtp, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    json_open_array(&writer);
    const struct import_assembly *assembly;
    for (size_t i = 0; (assembly = import_mtp_at(mtp, i)) != NULL; i++) {
        json_open_object(&writer);
        put_text(&writer, "name", assembly->name);
        put_text(&writer, "class", assembly->class);
        put_text(&writer, "type", text_of(assembly->type));
        put_text(&writer, "tagName", assembly->tag_name);
        put_text(&writer, "tagDescription", assembly->tag_description);
        json_key(&writer, "nodes");
        json_open_array(&writer);
        for (size_t k = 0; k < assembly->node_count; k++) put_node(&writer, &assembly->nodes[k]);
        json_close_array(&writer);
        json_key(&writer, "values");
        json_open_object(&writer);
        for (size_t k = 0; k < assembly->value_count; k++) {
            json_key_text(&writer, assembly->values[k].variable);
            json_put_text(&writer, assembly->values[k].value);
        }
        json_close_object(&writer);
        json_close_object(&writer);
    }
    json_close_array(&writer);
    buffer_byte(out, '\n');
}

static void mtp_text(const struct import_mtp *mtp, struct buffer *out) {
    const struct import_assembly *assembly;
    for (size_t i = 0; (assembly = import_mtp_at(mtp, i)) != NULL; i++) {
        buffer_print(out, "%.*s  %.*s", TEXT_ARG(assembly->name), TEXT_ARG(assembly->class));
        if (assembly->type[0] != '\0') buffer_print(out, ", %s", assembly->type);
        if (assembly->tag_description.length > 0) buffer_print(out, "  \"%.*s\"", TEXT_ARG(assembly->tag_description));
        buffer_byte(out, '\n');
        for (size_t k = 0; k < assembly->node_count; k++) {
            const struct import_node *node = &assembly->nodes[k];
            buffer_print(out, "  %-16.*s %.*s  ns=%.*s  %.*s\n", TEXT_ARG(node->variable), TEXT_ARG(node->endpoint),
                         TEXT_ARG(node->name_space), TEXT_ARG(node->identifier));
        }
        for (size_t k = 0; k < assembly->value_count; k++)
            buffer_print(out, "  %-16.*s = %.*s\n", TEXT_ARG(assembly->values[k].variable),
                         TEXT_ARG(assembly->values[k].value));
    }
    buffer_print(out, "%zu data assemblies\n", import_mtp_count(mtp));
}

static int show_mtp(struct import *import) {
    CLEANUP(import_mtp_destroy_at) struct import_mtp *mtp = NULL;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct problem problem = {""};
    if (import_mtp(import->caex, import->findings, &mtp, &problem)) return refuse("%s: %s", import->path, problem.text);
    foreign_file_tell(import->path, import->findings);
    (import->json ? mtp_json : mtp_text)(mtp, &out);
    return out.failed ? refuse("out of memory") : foreign_file_put(import->output, buffer_view(&out));
}

// ---------------------------------------------------------------- tags

static int match_tags(struct import *import, const struct import_tags *tags) {
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct problem problem = {""};
    if (plant_file_open(import->match, &plant, &problem)) return refuse("%s", problem.text);
    size_t differences = import_match(tags, plant, &out);
    buffer_print(&out, "%zu channels, %zu differences\n", import_tags_count(tags), differences);
    if (out.failed) return refuse("out of memory");
    int status = foreign_file_put(import->output, buffer_view(&out));
    return status == EXIT_DONE && differences > 0 ? EXIT_REFUSED : status;
}

static struct caex *load_libraries(const char *plant, struct buffer *bytes) {
    CLEANUP(free_at) char *path = plant_file_path(plant);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    if (path == NULL || findings == NULL || !foreign_file_load(path, MODEL_BYTES_MAX, bytes)) return NULL;
    return foreign_file_read(path, buffer_view(bytes), findings);
}

/// The new plant is checked as any other, before it is written.
static int check_plant(struct import *import, struct text document) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    struct problem problem = {""};
    if (findings == NULL) return refuse("out of memory");
    if (model_read(document, findings, &plant, &problem)) {
        foreign_file_tell("the new plant", findings);
        return refuse("the list gives no good plant: %s", problem.text);
    }
    foreign_file_tell("the new plant", findings);
    fprintf(stderr, "%s: station %s, %zu elements, %zu signals\n", import->path, import->station, plant->element_count,
            plant->signal_count);
    return EXIT_DONE;
}

static int make_plant(struct import *import, const struct import_tags *tags) {
    CLEANUP(buffer_clear) struct buffer bytes = {0}, out = {0};
    CLEANUP(caex_destroy_at) struct caex *libraries = load_libraries(import->libraries, &bytes);
    if (libraries == NULL) return EXIT_REFUSED;
    const struct import_plant_options options = {.station = text_of(import->station), .libraries = libraries};
    struct problem problem = {""};
    enum error error = import_make_plant(tags, &options, import->findings, &out, &problem);
    foreign_file_tell(import->path, import->findings);
    if (error) return refuse("%s", problem.text);
    int status = check_plant(import, buffer_view(&out));
    return status == EXIT_DONE ? foreign_file_put(import->output, buffer_view(&out)) : status;
}

static int import_tags_of(struct import *import) {
    CLEANUP(import_tags_destroy_at) struct import_tags *tags = NULL;
    struct problem problem = {""};
    struct model_findings *findings = import->findings;
    enum error error = import->caex == NULL ? import_csv(buffer_view(&import->bytes), findings, &tags, &problem)
                                            : import_apc(import->caex, findings, &tags, &problem);
    if (error) {
        foreign_file_tell(import->path, findings);
        return refuse("%s: %s", import->path, problem.text);
    }
    if (import->match != NULL) return match_tags(import, tags);
    if (import->libraries == NULL)
        return refuse_usage(
            "say with --libraries PLANT whose class libraries the new plant gets, or with --match PLANT "
            "what to compare with");
    return make_plant(import, tags);
}

// ---------------------------------------------------------------- the command

static bool is_document(struct text bytes) {
    if (text_starts_with(bytes, TEXT("\xEF\xBB\xBF"))) bytes = text_from(bytes, 3);
    return zip_is_archive(bytes) || text_starts_with(text_trim(bytes), TEXT("<")) ||
           text_starts_with(bytes, TEXT("\xFF\xFE")) || text_starts_with(bytes, TEXT("\xFE\xFF"));
}

static int run(struct import *import) {
    import->findings = model_findings_create();
    if (import->findings == NULL) return refuse("out of memory");
    if (!foreign_file_load(import->path, MODEL_BYTES_MAX, &import->bytes)) return EXIT_REFUSED;
    if (is_document(buffer_view(&import->bytes))) {
        import->caex = foreign_file_read(import->path, buffer_view(&import->bytes), import->findings);
        if (import->caex == NULL) return EXIT_REFUSED;
        model_findings_destroy(import->findings); // that libraries are missing in it is of no interest here
        import->findings = model_findings_create();
        if (import->findings == NULL) return refuse("out of memory");
        if (import_is_mtp(import->caex)) return show_mtp(import);
    }
    return import_tags_of(import);
}

int model_import(int argc, char **argv) {
    CLEANUP(import_clear) struct import import = {.station = "Plant"};
    const struct option table[] = {
        {"libraries", "PLANT", "make a plant with the class libraries of this one", OPTION_TEXT, &import.libraries},
        {"match", "PLANT", "compare the channels with those of this plant", OPTION_TEXT, &import.match},
        {"station", "NAME", "name of the new station; default: Plant", OPTION_TEXT, &import.station},
        {"o", "FILE", "write to FILE; default: standard output", OPTION_TEXT, &import.output},
        {"json", NULL, "of a manifest, print JSON", OPTION_FLAG, &import.json},
    };
    const struct options options = {
        .usage = "splc model import FILE [OPTIONS]",
        .summary =
            "Takes in what is there already. What FILE is shows in its bytes:\n"
            "a tag list (CSV), with the columns Name, Address (%I0.0, %Q0.0, %IW64), and if known Data Type, Comment,\n"
            "Thing, Module, Class, Signal, Safe State, Inverted, of numbers Unit, Low, High, Raw Low, Raw High: "
            "becomes\n"
            "a plant, with --libraries;\n"
            "an export of TIA Portal or EPLAN (AutomationML, AR APC): its channels become a plant, with --libraries,\n"
            "or are matched with the I/O modules of one, with --match;\n"
            "a module type package (MTP, VDI 2658): its data assemblies and the nodes that serve them are listed.\n"
            "Where no class is given, it is a modest one that the libraries have: of an input LightBarrier or Switch, "
            "of\n"
            "an output LedIndicator or Drive, with the safe state false; of a number AnalogSensor or ControlValve\n"
            "(plants/mixer has them). The new plant is checked before it is written.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc model import tags.csv --libraries plants/mps --station Press -o plants/press/plant.aml\n"
                  "    splc model import tia.aml --match plants/mps\n"
                  "    splc model import --json dosing.mtp\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  done\n"
                  "    1  refused or failed, or with --match: there are differences\n"
                  "    2  wrong usage\n",
    };
    const char *arguments[1];
    size_t count;
    struct problem problem = {""};
    if (options_parse(&options, argc, argv, arguments, 1, &count, &problem)) return refuse_usage("%s", problem.text);
    if (count != 1) return refuse_usage("usage: %s", options.usage);
    import.path = arguments[0];
    return run(&import);
}
