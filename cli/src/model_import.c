// splc model import FILE
#include "command.h"
#include "foreign_file.h"
#include "model_verbs.h"
#include "plant_file.h"

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
    struct caex *caex;      // NULL: a tag list
    struct buffer out;      // the document, or what people read
    struct buffer members;  // what programs read, behind the findings
    struct problem problem; // of a failure
};

static void import_clear(struct import *import) {
    caex_destroy(import->caex);
    model_findings_destroy(import->findings);
    buffer_clear(&import->bytes);
    buffer_clear(&import->out);
    buffer_clear(&import->members);
}

/// A failure: the problem as `refuse` takes it.
#define FAIL(import, ...) (error_ignore(problem_say(&(import)->problem, ERROR_INVALID, __VA_ARGS__)), EXIT_REFUSED)

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
    json_key(&writer, "assemblies");
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
    if (import_mtp(import->caex, import->findings, &mtp, &import->problem)) return EXIT_REFUSED;
    mtp_text(mtp, &import->out);
    mtp_json(mtp, &import->members);
    return EXIT_DONE;
}

// ---------------------------------------------------------------- tags

/// "4.0", of 16 bits "64"; nothing when it has none.
static void put_address(const struct import_tag *tag, struct buffer *out) {
    if (!tag->has_address) return;
    buffer_print(out, "%u", tag->byte);
    if (tag->bits == 1) buffer_print(out, ".%u", tag->bit);
}

static void tag_json(struct json_writer *writer, const struct import_tag *tag) {
    CLEANUP(buffer_clear) struct buffer address = {0};
    put_address(tag, &address);
    json_open_object(writer);
    put_text(writer, "name", tag->name);
    put_text(writer, "comment", tag->comment);
    put_text(writer, "device", tag->device);
    put_text(writer, "channel", tag->channel);
    put_text(writer, "direction", tag->output ? TEXT("output") : TEXT("input"));
    json_key(writer, "bits");
    json_put_unsigned(writer, tag->bits);
    put_text(writer, "address", buffer_view(&address));
    put_text(writer, "unit", tag->unit);
    json_close_object(writer);
}

/// What is in the file, when nobody says what to do with it.
static int list_tags(struct import *import, const struct import_tags *tags) {
    struct json_writer writer = json_writer(&import->members);
    json_key(&writer, "tags");
    json_open_array(&writer);
    const struct import_tag *tag;
    for (size_t i = 0; (tag = import_tags_at(tags, i)) != NULL; i++) {
        tag_json(&writer, tag);
        CLEANUP(buffer_clear) struct buffer address = {0};
        put_address(tag, &address);
        buffer_print(&import->out, "%-6s %2u bit%s %-7.*s ", tag->output ? "output" : "input", tag->bits,
                     tag->bits == 1 ? " " : "s", TEXT_ARG(buffer_view(&address)));
        if (tag->device.length > 0) buffer_print(&import->out, "%.*s/", TEXT_ARG(tag->device));
        if (tag->channel.length > 0) buffer_print(&import->out, "%.*s ", TEXT_ARG(tag->channel));
        if (!text_equal(tag->name, tag->channel)) buffer_text(&import->out, tag->name);
        if (tag->comment.length > 0) buffer_print(&import->out, "  \"%.*s\"", TEXT_ARG(tag->comment));
        buffer_byte(&import->out, '\n');
    }
    json_close_array(&writer);
    buffer_print(&import->out,
                 "%zu tags; --libraries PLANT makes a plant of them, --match PLANT compares them with one\n",
                 import_tags_count(tags));
    return EXIT_DONE;
}

/// 1 when they differ, as `diff` does.
static int match_tags(struct import *import, const struct import_tags *tags) {
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    if (plant_file_open(import->match, &plant, &import->problem)) return EXIT_REFUSED;
    size_t differences = import_match(tags, plant, &import->out);
    struct json_writer writer = json_writer(&import->members);
    json_key(&writer, "differences");
    json_put_unsigned(&writer, differences);
    json_key(&writer, "report");
    json_open_array(&writer);
    struct text rest = buffer_view(&import->out), line;
    while (text_split(&rest, '\n', &line))
        if (line.length > 0) json_put_text(&writer, line);
    json_close_array(&writer);
    buffer_print(&import->out, "%zu channels, %zu differences\n", import_tags_count(tags), differences);
    return differences > 0 ? EXIT_REFUSED : EXIT_DONE;
}

static struct caex *load_libraries(struct import *import, struct buffer *bytes) {
    CLEANUP(free_at) char *path = plant_file_path(import->libraries);
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    if (path == NULL || findings == NULL) return NULL;
    struct caex *libraries = foreign_file_open(path, bytes, findings);
    const struct model_finding *first = model_findings_at(findings, 0);
    if (libraries == NULL && first != NULL)
        error_ignore(
            problem_say(&import->problem, ERROR_INVALID, "--libraries: %s: %.*s", path, TEXT_ARG(first->text)));
    return libraries;
}

/// The new plant is checked as any other, before it is written. What is odd about it is told with the list.
static int check_plant(struct import *import) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    struct problem problem = {""};
    if (findings == NULL) return FAIL(import, "out of memory");
    enum error error = model_read(buffer_view(&import->out), findings, &plant, &problem);
    for (size_t i = 0; i < model_findings_count(findings); i++) {
        const struct model_finding *finding = model_findings_at(findings, i);
        model_findings_add(import->findings, finding->error, 0, finding->path, "the new plant: %.*s",
                           TEXT_ARG(finding->text));
    }
    if (error) return FAIL(import, "the list gives no good plant: %s", problem.text);
    struct json_writer writer = json_writer(&import->members);
    json_key(&writer, "station");
    json_put_string(&writer, import->station);
    json_key(&writer, "elements");
    json_put_unsigned(&writer, plant->element_count);
    json_key(&writer, "signals");
    json_put_unsigned(&writer, plant->signal_count);
    if (!import->json)
        fprintf(stderr, "%s: station %s, %zu elements, %zu signals\n", import->path, import->station,
                plant->element_count, plant->signal_count);
    return EXIT_DONE;
}

static int make_plant(struct import *import, const struct import_tags *tags) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(caex_destroy_at) struct caex *libraries = load_libraries(import, &bytes);
    if (libraries == NULL) return EXIT_REFUSED;
    const struct import_plant_options options = {.station = text_of(import->station), .libraries = libraries};
    if (import_make_plant(tags, &options, import->findings, &import->out, &import->problem)) return EXIT_REFUSED;
    return check_plant(import);
}

static int import_tags_of(struct import *import) {
    CLEANUP(import_tags_destroy_at) struct import_tags *tags = NULL;
    struct model_findings *findings = import->findings;
    enum error error = import->caex == NULL ? import_csv(buffer_view(&import->bytes), findings, &tags, &import->problem)
                                            : import_apc(import->caex, findings, &tags, &import->problem);
    if (error) return EXIT_REFUSED;
    if (import->match != NULL) return match_tags(import, tags);
    return import->libraries == NULL ? list_tags(import, tags) : make_plant(import, tags);
}

// ---------------------------------------------------------------- the command

static bool is_document(struct text bytes) {
    if (text_starts_with(bytes, TEXT("\xEF\xBB\xBF"))) bytes = text_from(bytes, 3);
    return zip_is_archive(bytes) || text_starts_with(text_trim(bytes), TEXT("<")) ||
           text_starts_with(bytes, TEXT("\xFF\xFE")) || text_starts_with(bytes, TEXT("\xFE\xFF"));
}

static int read_file(struct import *import) {
    if (!foreign_file_load(import->path, &import->bytes, import->findings)) return EXIT_REFUSED;
    if (!is_document(buffer_view(&import->bytes))) return import_tags_of(import);
    import->caex = foreign_file_read(buffer_view(&import->bytes), import->findings);
    if (import->caex == NULL) return EXIT_REFUSED;
    model_findings_destroy(import->findings); // that libraries are missing in it is of no interest here
    import->findings = model_findings_create();
    if (import->findings == NULL) return FAIL(import, "out of memory");
    return import_is_mtp(import->caex) ? show_mtp(import) : import_tags_of(import);
}

static int print_json(struct import *import, bool good, int status) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    if (import->problem.text[0] != '\0' && model_findings_errors(import->findings) == 0)
        model_findings_add(import->findings, true, 0, TEXT_EMPTY, "%s", import->problem.text);
    struct json_writer writer = json_writer(&out);
    verb_open_report(&writer, import->path, good, import->findings);
    if (good && import->members.length > 0) json_put_raw(&writer, buffer_view(&import->members));
    return verb_print_report(&writer) == EXIT_DONE ? status : EXIT_REFUSED;
}

static int run(struct import *import) {
    import->findings = model_findings_create();
    if (import->findings == NULL) return refuse("out of memory");
    int status = read_file(import);
    if (import->findings == NULL) return refuse("out of memory");
    bool good = status == EXIT_DONE || import->members.length > 0; // that channels differ is no failure
    if (import->out.failed || import->members.failed) return refuse("out of memory");
    if (good && (!import->json || import->libraries != NULL)) {
        if (!import->json) foreign_file_tell(import->path, import->findings);
        int put = foreign_file_put(import->output, buffer_view(&import->out));
        if (put != EXIT_DONE || !import->json) return put != EXIT_DONE ? put : status;
    }
    if (import->json) return print_json(import, good, status);
    if (import->problem.text[0] == '\0') return foreign_file_refuse(import->path, import->findings);
    foreign_file_tell(import->path, import->findings);
    return refuse("%s: %s", import->path, import->problem.text);
}

int model_import(int argc, char **argv) {
    CLEANUP(import_clear) struct import import = {.station = "Plant"};
    const struct option table[] = {
        {"libraries", "PLANT", "make a plant with the class libraries of this one", OPTION_TEXT, &import.libraries},
        {"match", "PLANT", "compare the channels with those of this plant", OPTION_TEXT, &import.match},
        {"station", "NAME", "name of the new station; default: Plant", OPTION_TEXT, &import.station},
        OUTPUT_OPTIONS(&import.output),
        JSON_OPTION(&import.json),
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
            "Without --libraries and --match, tags and channels are listed.\n"
            "Where no class is given, it is a modest one that the libraries have: of an input LightBarrier or Switch, "
            "of\n"
            "an output LedIndicator or Drive, with the safe state false; of a number AnalogSensor or ControlValve\n"
            "(plants/mixer has them). The new plant is checked before it is written.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc model import tags.csv --libraries plants/mps --station Press --output press.aml\n"
                  "    splc model import tia.aml --match plants/mps\n"
                  "    splc model import --json dosing.mtp\n"
                  "\n"
                  "EXIT STATUS\n"
                  "    0  done\n"
                  "    1  refused or failed, or with --match: there are differences\n"
                  "    2  wrong usage\n",
    };
    int status = verb_options(&options, argc, argv, &import.path, 1);
    if (status != EXIT_DONE) return status;
    if (import.libraries != NULL && import.match != NULL)
        return refuse_usage("--libraries makes a plant, --match compares with one: take one of them");
    if (import.json && (import.libraries != NULL) != (import.output != NULL))
        return refuse_usage("--json goes to standard output: a new plant needs --output FILE, anything else has none");
    return run(&import);
}
