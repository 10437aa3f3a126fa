// splc model export PLANT --format FORMAT
#include "command.h"
#include "foreign_file.h"
#include "model_verbs.h"
#include "plant_file.h"

#include <base/file.h>
#include <base/nearest.h>
#include <describe/describe.h>
#include <site/site.h>

#include <stdlib.h>
#include <unistd.h>

enum { FORMATS_MAX = 16 };

/// "nodeset2, jsonschema, ..."
static void list_formats(struct buffer *out) {
    for (size_t i = 0; i < describe_format_count; i++)
        buffer_print(out, "%s%s", i == 0 ? "" : ", ", describe_formats[i].name);
}

static int refuse_format(const char *name) {
    CLEANUP(buffer_clear) struct buffer formats = {0};
    list_formats(&formats);
    const char *names[FORMATS_MAX];
    size_t count = describe_format_count < FORMATS_MAX ? describe_format_count : FORMATS_MAX;
    for (size_t i = 0; i < count; i++) names[i] = describe_formats[i].name;
    if (name == NULL) return refuse_usage("which format? --format takes %.*s", TEXT_ARG(buffer_view(&formats)));
    const char *near = nearest_word(text_of(name), names, count);
    if (near != NULL)
        return refuse_usage("there is no format \"%s\"; did you mean %s? There are %.*s", name, near,
                            TEXT_ARG(buffer_view(&formats)));
    return refuse_usage("there is no format \"%s\"; there are %.*s", name, TEXT_ARG(buffer_view(&formats)));
}

/// Where the plant is reached by its site file; the default ports for a model without one.
struct urls {
    char *opcua, *http;
};

static void urls_clear(struct urls *urls) {
    free(urls->opcua);
    free(urls->http);
}

static enum error find_urls(const char *folder, unsigned port_offset, struct urls *urls, struct problem *ret_problem) {
    CLEANUP(free_at) char *file = file_join(folder, "site.yaml");
    bool has_site = file != NULL && file_exists(file);
    CLEANUP(site_destroy_at) struct site *site = NULL;
    enum error error = has_site ? site_load(folder, "", port_offset, &site, ret_problem)
                                : site_read(TEXT("{}\n"), "/plant", "", port_offset, &site, ret_problem);
    if (error) return error;
    urls->opcua = site_opcua_url(site);
    urls->http = site_http_url(site);
    if (urls->opcua != NULL && urls->http != NULL) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
}

static int put_out(const struct describe_format *format, const char *file, struct text document) {
    if (file == NULL && format->binary && isatty(STDOUT_FILENO))
        return refuse_usage("%s is not for a terminal; name a file with --output FILE", format->name);
    return foreign_file_put(file, document);
}

static int export(const char *plant_name, const struct describe_format *format, struct describe_options *options,
                  unsigned port_offset, const char *file) {
    struct problem problem = {""};
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    if (plant_file_open(plant_name, &plant, &problem)) return refuse("%s", problem.text);
    CLEANUP(urls_clear) struct urls urls = {0};
    if (find_urls(plant_name, port_offset, &urls, &problem)) return refuse("%s", problem.text);
    if (options->opcua_url == NULL) options->opcua_url = urls.opcua;
    if (options->http_url == NULL) options->http_url = urls.http;
    CLEANUP(buffer_clear) struct buffer out = {0};
    if (format->write(plant, options, &out, &problem)) return refuse("%s: %s", format->name, problem.text);
    return put_out(format, file, buffer_view(&out));
}

/// The page of the command, with a line for each format.
static void print_epilog(struct buffer *out) {
    buffer_string(out, "FORMATS\n");
    for (size_t i = 0; i < describe_format_count; i++)
        buffer_print(out, "    %-10s  %s\n", describe_formats[i].name, describe_formats[i].summary);
    buffer_string(out, "\nEXAMPLES\n"
                       "    splc model export plants/mps --format nodeset2 --output mps.NodeSet2.xml\n"
                       "    splc model export plants/mps --format openapi | jq '.paths | keys'\n"
                       "    splc model export plants/mps --format io-csv --output io.csv\n"
                       "\n" EXIT_STATUS_HELP);
}

int model_export(int argc, char **argv) {
    const char *format_name = NULL, *file = NULL;
    unsigned port_offset = 0;
    struct describe_options describe = {0};
    const struct option table[] = {
        {"format", "FORMAT", "what to make; see FORMATS", OPTION_TEXT, &format_name},
        OUTPUT_OPTIONS(&file),
        {"simulated", NULL, "with the thing of the simulated plant", OPTION_FLAG, &describe.simulated},
        {"opcua-url", "URL", "of the edge; default: as the site file says", OPTION_TEXT, &describe.opcua_url},
        {"http-url", "URL", "of the HTTP interface; default: as the site file says", OPTION_TEXT, &describe.http_url},
        {"port-offset", "N", "added to the ports of the site file", OPTION_UNSIGNED, &port_offset},
    };
    CLEANUP(buffer_clear) struct buffer epilog = {0};
    print_epilog(&epilog);
    if (epilog.failed) return refuse("out of memory");
    const struct options options = {
        .usage = "splc model export PLANT --format FORMAT [OPTIONS]",
        .summary = "Makes a document from the model of a plant. Nobody edits it: change the model and make it again.\n"
                   "PLANT is a plant folder with plant.aml in it, or the model file itself.",
        .table = table,
        .count = sizeof table / sizeof *table,
        .epilog = epilog.data,
    };
    const char *plant;
    int status = verb_options(&options, argc, argv, &plant, 1);
    if (status != EXIT_DONE) return status;
    const struct describe_format *format = format_name == NULL ? NULL : describe_find(text_of(format_name));
    if (format == NULL) return refuse_format(format_name);
    return export(plant, format, &describe, port_offset, file);
}
