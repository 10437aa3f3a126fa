// splc model inspect FILE, splc model convert FILE
#include "command.h"
#include "foreign_file.h"
#include "model_verbs.h"

// ---------------------------------------------------------------- inspect

/// What people ask about a file first; the rest is in the JSON.
static const struct {
    enum caex_kind kind;
    const char *words;
} shown[] = {
    {CAEX_HIERARCHY, "hierarchies"},
    {CAEX_ELEMENT, "elements"},
    {CAEX_INTERFACE, "interfaces"},
    {CAEX_ATTRIBUTE, "attributes"},
    {CAEX_LINK, "links"},
    {CAEX_UNIT_CLASS, "system unit classes"},
    {CAEX_ROLE_CLASS, "role classes"},
    {CAEX_INTERFACE_CLASS, "interface classes"},
    {CAEX_TYPE, "attribute types"},
    {CAEX_EXTERNAL_REFERENCE, "external references"},
    {CAEX_EXTENSION, "extensions"},
};

static void put_counts(struct json_writer *writer, const size_t counts[CAEX_KINDS]) {
    json_open_object(writer);
    for (size_t kind = 0; kind < CAEX_EXTENSION; kind++) {
        if (counts[kind] == 0) continue;
        json_key(writer, caex_kind_name((enum caex_kind)kind));
        json_put_unsigned(writer, counts[kind]);
    }
    json_close_object(writer);
}

static int print_json(const char *path, const struct caex *caex, const struct model_findings *findings) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    struct json_writer writer = json_writer(&out);
    verb_open_report(&writer, path, caex != NULL, findings);
    if (caex != NULL) {
        size_t counts[CAEX_KINDS];
        caex_count(caex, counts);
        json_key(&writer, "version");
        json_put_text(&writer, caex_version(caex));
        json_key(&writer, "fileName");
        json_put_text(&writer, caex_root(caex)->name);
        json_key(&writer, "counts");
        put_counts(&writer, counts);
    }
    int status = verb_print_report(&writer);
    return caex == NULL ? EXIT_REFUSED : status;
}

/// "Robot1  LibOfRobots/Robot -> mirrors ..."
static void put_element(const struct caex_node *node, unsigned depth, struct buffer *out) {
    buffer_print(out, "%*s%.*s", (int)depth * 2 + 2, "", TEXT_ARG(node->name));
    const struct caex_node *master = caex_master(node);
    if (master != NULL)
        buffer_print(out, "  mirrors %.*s", TEXT_ARG(master->name));
    else if (node->reference.length > 0)
        buffer_print(out, "  %.*s", TEXT_ARG(node->reference));
    size_t interfaces = 0;
    for (const struct caex_node *at = caex_first(node, CAEX_INTERFACE); at != NULL; at = caex_next(at)) interfaces++;
    if (interfaces > 0) buffer_print(out, "  (%zu interfaces)", interfaces);
    buffer_byte(out, '\n');
}

static void put_elements(const struct caex_node *parent, unsigned depth, struct buffer *out) {
    for (const struct caex_node *node = caex_first(parent, CAEX_ELEMENT); node != NULL; node = caex_next(node)) {
        put_element(node, depth, out);
        put_elements(node, depth + 1, out);
    }
}

static int print_text(const struct caex *caex, const struct model_findings *findings, bool tree) {
    CLEANUP(buffer_clear) struct buffer out = {0};
    size_t counts[CAEX_KINDS];
    caex_count(caex, counts);
    buffer_print(&out, "CAEX %.*s, %.*s\n", TEXT_ARG(caex_version(caex)), TEXT_ARG(caex_root(caex)->name));
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (counts[shown[i].kind] > 0) buffer_print(&out, "%7zu %s\n", counts[shown[i].kind], shown[i].words);
    const struct caex_node *at = caex_first(caex_root(caex), CAEX_HIERARCHY);
    for (; tree && at != NULL; at = caex_next(at)) {
        buffer_print(&out, "%.*s\n", TEXT_ARG(at->name));
        put_elements(at, 0, &out);
    }
    size_t warnings = model_findings_count(findings);
    if (warnings > 0) buffer_print(&out, "%zu warnings, on standard error\n", warnings);
    return out.failed ? refuse("out of memory") : foreign_file_put(NULL, buffer_view(&out));
}

static int inspect(const char *path, bool json, bool tree) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    if (findings == NULL) return refuse("out of memory");
    CLEANUP(caex_destroy_at) struct caex *caex = foreign_file_open(path, &bytes, findings);
    if (json) return print_json(path, caex, findings);
    if (caex == NULL) return foreign_file_refuse(path, findings);
    foreign_file_tell(path, findings);
    return print_text(caex, findings, tree);
}

int model_inspect(int argc, char **argv) {
    bool json = false, tree = false;
    const struct option table[] = {
        JSON_OPTION(&json),
        {"tree", NULL, "all elements with their classes", OPTION_FLAG, &tree},
    };
    const struct options options = {
        .usage = "splc model inspect FILE [OPTIONS]",
        .summary =
            "Tells what is in any AutomationML file: an export of EPLAN or TIA Portal, a library, a manifest of a\n"
            "module type package. It need not be a plant of ours; splc model check and show are for those.\n"
            "FILE is .aml (CAEX 2.15 or 3.0) or a container (.amlx, .mtp). What is odd about it is a warning.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc model inspect --tree export.aml\n"
                  "    splc model inspect --json module.mtp | jq .counts\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *path;
    int status = verb_options(&options, argc, argv, &path, 1);
    return status == EXIT_DONE ? inspect(path, json, tree) : status;
}

// ---------------------------------------------------------------- convert

static int convert(const char *path, const char *out_path) {
    CLEANUP(buffer_clear) struct buffer bytes = {0}, out = {0};
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    if (findings == NULL) return refuse("out of memory");
    CLEANUP(caex_destroy_at) struct caex *caex = foreign_file_open(path, &bytes, findings);
    if (caex == NULL) return foreign_file_refuse(path, findings);
    if (caex_write(caex, &out)) return refuse("out of memory");
    return foreign_file_put(out_path, buffer_view(&out));
}

int model_convert(int argc, char **argv) {
    const char *out_path = NULL;
    const struct option table[] = {
        OUTPUT_OPTIONS(&out_path),
    };
    const struct options options = {
        .usage = "splc model convert FILE [OPTIONS]",
        .summary = "Reads any AutomationML file (CAEX 2.15 or 3.0, .aml or a container) and writes it as CAEX 3.0,\n"
                   "valid against the schema of CAEX: in its order, links by the IDs of interfaces. Comments and\n"
                   "indentation are not kept; what CAEX does not know is kept as AdditionalInformation.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = "EXAMPLES\n"
                  "    splc model convert old-2.15.aml --output new.aml\n"
                  "\n" EXIT_STATUS_HELP,
    };
    const char *path;
    int status = verb_options(&options, argc, argv, &path, 1);
    return status == EXIT_DONE ? convert(path, out_path) : status;
}
