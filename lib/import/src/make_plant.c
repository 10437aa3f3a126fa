// A plant from tags: the station that the plan says, in front of the libraries of another plant.
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#define LIBRARY "SplcSystemUnitClassLib/"
#define ROLES "SplcRoleClassLib/"
#define INTERFACES "SplcInterfaceClassLib/"

/// The picture: things below each other, modules in rows.
enum {
    PICTURE_WIDTH = 1000,
    MARGIN = 20,
    MODULE_WIDTH = 110,
    MODULE_HEIGHT = 100,
    MODULES_IN_ROW = 8,
    PLC_HEIGHT = 120
};

struct writer {
    struct buffer *out;
    const struct plan *plan;
    struct text station;
    unsigned depth;
};

// ---------------------------------------------------------------- XML

static void begin(struct writer *writer) {
    for (unsigned i = 0; i < writer->depth; i++) buffer_string(writer->out, "  ");
}

static void put_name(struct writer *writer, const char *element, struct text name) {
    begin(writer);
    buffer_print(writer->out, "<%s Name=\"", element);
    caex_escape(name, true, writer->out);
    buffer_byte(writer->out, '"');
}

/// ` ID="..."`, made from the place: a path, and what stands there.
static void put_id(struct writer *writer, const char *attribute, struct text a, struct text b, struct text c) {
    CLEANUP(buffer_clear) struct buffer seed = {0};
    buffer_print(&seed, "%.*s/%.*s/%.*s/%.*s", TEXT_ARG(writer->station), TEXT_ARG(a), TEXT_ARG(b), TEXT_ARG(c));
    buffer_print(writer->out, " %s=\"", attribute);
    caex_make_id(buffer_view(&seed), writer->out);
    buffer_byte(writer->out, '"');
}

static void open_element(struct writer *writer, struct text name, struct text a, struct text b,
                         const char *class_path) {
    put_name(writer, "InternalElement", name);
    put_id(writer, "ID", a, b, TEXT_EMPTY);
    if (class_path != NULL) buffer_print(writer->out, " RefBaseSystemUnitPath=\"%s\"", class_path);
    buffer_string(writer->out, ">\n");
    writer->depth++;
}

static void close_element(struct writer *writer, const char *element) {
    writer->depth--;
    begin(writer);
    buffer_print(writer->out, "</%s>\n", element);
}

static void put_value(struct writer *writer, const char *name, const char *type, struct text value) {
    put_name(writer, "Attribute", text_of(name));
    buffer_print(writer->out, " AttributeDataType=\"%s\"><Value>", type);
    caex_escape(value, false, writer->out);
    buffer_string(writer->out, "</Value></Attribute>\n");
}

static void put_number(struct writer *writer, const char *name, const char *type, unsigned number) {
    char digits[16];
    snprintf(digits, sizeof digits, "%u", number);
    put_value(writer, name, type, text_of(digits));
}

static void open_attribute(struct writer *writer, const char *name) {
    put_name(writer, "Attribute", text_of(name));
    buffer_print(writer->out, " RefAttributeType=\"SplcAttributeTypeLib/%s\">\n", name);
    writer->depth++;
}

struct place {
    unsigned x, y, width, height; // 0: not stated
};

static void put_pixels(struct writer *writer, const char *name, unsigned pixels) {
    begin(writer);
    buffer_print(writer->out,
                 "<Attribute Name=\"%s\" AttributeDataType=\"xs:int\" Unit=\"px\"><Value>%u</Value></Attribute>\n",
                 name, pixels);
}

static void put_picture(struct writer *writer, const struct place *place) {
    open_attribute(writer, "Hmi");
    if (place->x > 0) put_pixels(writer, "X", place->x);
    if (place->y > 0) put_pixels(writer, "Y", place->y);
    if (place->width > 0) put_pixels(writer, "Width", place->width);
    if (place->height > 0) put_pixels(writer, "Height", place->height);
    close_element(writer, "Attribute");
}

// ---------------------------------------------------------------- things, modules, signals

static void put_ends(struct writer *writer, const char *name, const struct plant_range *range) {
    if (!range->given) return;
    char low[32], high[32];
    snprintf(low, sizeof low, "%.15g", range->low);
    snprintf(high, sizeof high, "%.15g", range->high);
    open_attribute(writer, name);
    put_value(writer, "Low", "xs:double", text_of(low));
    put_value(writer, "High", "xs:double", text_of(high));
    close_element(writer, "Attribute");
}

/// The safe state of a numeric output is `hold` or a number; without one the model says what it is.
static void put_number_facts(struct writer *writer, const struct import_tag *tag) {
    if (tag->unit.length > 0) put_value(writer, "Unit", "xs:string", tag->unit);
    put_ends(writer, "Range", &tag->range);
    put_ends(writer, "Raw", &tag->raw);
    if (!tag->output || tag->safe_state.length == 0) return;
    bool hold = text_is(tag->safe_state, "hold");
    put_value(writer, hold ? "SafeState" : "SafeValue", hold ? "xs:string" : "xs:double", tag->safe_state);
}

static void put_signal(struct writer *writer, const struct planned *item) {
    const struct import_tag *tag = item->tag;
    put_name(writer, "ExternalInterface", item->signal->name);
    put_id(writer, "ID", buffer_view(&item->thing), buffer_view(&item->module), item->signal->name);
    buffer_print(writer->out, " RefBaseClassPath=\"" INTERFACES "%s\">\n",
                 tag->output ? "ActuatorSignal" : "SensorSignal");
    writer->depth++;
    if (tag->inverted) put_value(writer, "Inverted", "xs:boolean", TEXT("true"));
    if (tag->bits > 1)
        put_number_facts(writer, tag);
    else if (tag->output)
        put_value(writer, "SafeState", "xs:string", tag->safe_state.length == 0 ? TEXT("false") : tag->safe_state);
    close_element(writer, "ExternalInterface");
}

static void put_class_path(const struct caex_node *class, struct buffer *out) {
    CLEANUP(buffer_clear) struct buffer path = {0};
    caex_path(class, &path);
    caex_escape(buffer_view(&path), true, out);
    buffer_byte(out, '\0');
}

static void put_module(struct writer *writer, size_t first, unsigned index) {
    const struct plan *plan = writer->plan;
    const struct planned *item = &plan->items[first];
    CLEANUP(buffer_clear) struct buffer class_path = {0};
    put_class_path(item->class, &class_path);
    struct text thing = buffer_view(&item->thing), module = buffer_view(&item->module);
    open_element(writer, module, thing, module, class_path.data == NULL ? "" : class_path.data);
    if (item->tag->comment.length > 0) {
        put_value(writer, "DisplayName", "xs:string", item->tag->comment);
    }
    put_picture(writer, &(struct place){.x = MARGIN + index % MODULES_IN_ROW * MODULE_WIDTH,
                                        .y = MARGIN * 2 + index / MODULES_IN_ROW * MODULE_HEIGHT});
    for (size_t i = first; i < plan->count; i++) {
        const struct planned *other = &plan->items[i];
        if (text_equal(buffer_view(&other->thing), thing) && text_equal(buffer_view(&other->module), module))
            put_signal(writer, other);
    }
    close_element(writer, "InternalElement");
}

static unsigned thing_height(const struct plan *plan, struct text thing) {
    unsigned modules = 0;
    for (size_t i = 0; i < plan->count; i++)
        modules += plan->items[i].first_of_module && text_equal(buffer_view(&plan->items[i].thing), thing);
    return MARGIN * 3 + (modules + MODULES_IN_ROW - 1) / MODULES_IN_ROW * MODULE_HEIGHT;
}

static void put_thing(struct writer *writer, struct text thing, unsigned y) {
    const struct plan *plan = writer->plan;
    open_element(writer, thing, thing, TEXT_EMPTY, LIBRARY "Thing");
    put_picture(writer, &(struct place){MARGIN, y, PICTURE_WIDTH - 2 * MARGIN, thing_height(plan, thing)});
    unsigned index = 0;
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].first_of_module && text_equal(buffer_view(&plan->items[i].thing), thing))
            put_module(writer, i, index++);
    close_element(writer, "InternalElement");
}

// ---------------------------------------------------------------- the controller and its I/O modules

/// "I_0_3", "IW_64": its address in the old controller.
static void put_channel_name(const struct planned *item, struct buffer *out) {
    char direction = item->tag->output ? 'O' : 'I';
    if (item->tag->bits == 1)
        buffer_print(out, "%c_%u_%u", direction, item->byte, item->bit);
    else
        buffer_print(out, "%c%c_%u", direction,
                     item->tag->bits <= 8    ? 'B'
                     : item->tag->bits <= 16 ? 'W'
                                             : 'D',
                     item->byte);
}

static void put_channel(struct writer *writer, const struct planned *item) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    put_channel_name(item, &name);
    put_name(writer, "ExternalInterface", buffer_view(&name));
    put_id(writer, "ID", TEXT("/plc"), TEXT("channel"), buffer_view(&name));
    buffer_print(writer->out, " RefBaseClassPath=\"" INTERFACES "%s\">\n",
                 item->tag->output ? "OutputChannel" : "InputChannel");
    writer->depth++;
    begin(writer);
    buffer_string(writer->out, "<Description>");
    caex_escape(item->tag->name, false, writer->out);
    buffer_string(writer->out, "</Description>\n");
    put_number(writer, "Number", "xs:unsignedInt", item->byte * 8 + item->bit);
    if (item->tag->bits > 1) {
        static const char *const encodings[] = {
            [ENCODING_UNSIGNED] = "unsigned", [ENCODING_SIGNED] = "signed", [ENCODING_FLOAT] = "float"};
        put_number(writer, "Length", "xs:unsignedInt", item->tag->bits);
        put_value(writer, "Encoding", "xs:string", text_of(encodings[item->tag->encoding]));
    }
    close_element(writer, "ExternalInterface");
}

static void put_io_module(struct writer *writer, bool output, uint32_t start, uint32_t bytes) {
    if (bytes == 0) return;
    open_element(writer, output ? TEXT("outputs") : TEXT("inputs"), TEXT("/plc"),
                 output ? TEXT("outputs") : TEXT("inputs"), NULL);
    open_attribute(writer, "Address");
    put_number(writer, "StartAddress", "xs:unsignedInt", start);
    put_number(writer, "Length", "xs:unsignedInt", bytes * 8);
    close_element(writer, "Attribute");
    for (size_t i = 0; i < writer->plan->count; i++)
        if (writer->plan->items[i].tag->output == output) put_channel(writer, &writer->plan->items[i]);
    begin(writer);
    buffer_string(writer->out, "<RoleRequirements RefBaseRoleClassPath=\"" ROLES "IoModule\"/>\n");
    close_element(writer, "InternalElement");
}

static void put_controller(struct writer *writer, unsigned y) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    buffer_print(&name, "%.*s_plc", TEXT_ARG(writer->station));
    open_element(writer, buffer_view(&name), TEXT("/plc"), TEXT_EMPTY, LIBRARY "Controller");
    put_picture(writer, &(struct place){MARGIN, y, PICTURE_WIDTH - 2 * MARGIN, PLC_HEIGHT});
    put_io_module(writer, false, 0, writer->plan->input_bytes);
    put_io_module(writer, true, writer->plan->input_bytes, writer->plan->output_bytes);
    close_element(writer, "InternalElement");
}

static void put_wire(struct writer *writer, const struct planned *item) {
    CLEANUP(buffer_clear) struct buffer name = {0};
    put_channel_name(item, &name);
    put_name(writer, "InternalLink", buffer_view(&name));
    put_id(writer, "RefPartnerSideA", buffer_view(&item->thing), buffer_view(&item->module), item->signal->name);
    put_id(writer, "RefPartnerSideB", TEXT("/plc"), TEXT("channel"), buffer_view(&name));
    buffer_string(writer->out, "/>\n");
}

// ---------------------------------------------------------------- the station

static void put_station(struct writer *writer) {
    const struct plan *plan = writer->plan;
    begin(writer);
    buffer_string(writer->out, "<InstanceHierarchy Name=\"Plant\">\n");
    writer->depth++;
    begin(writer);
    buffer_string(writer->out, "<Version>1.0.0</Version>\n");
    open_element(writer, writer->station, TEXT_EMPTY, TEXT_EMPTY, LIBRARY "Station");
    CLEANUP(buffer_clear) struct buffer uri = {0};
    buffer_print(&uri, "urn:serverless-plc:plant:%.*s", TEXT_ARG(writer->station));
    put_value(writer, "NamespaceUri", "xs:anyURI", buffer_view(&uri));
    unsigned height = MARGIN;
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].first_of_thing) height += thing_height(plan, buffer_view(&plan->items[i].thing)) + MARGIN;
    put_picture(writer, &(struct place){0, 0, PICTURE_WIDTH, height + PLC_HEIGHT + MARGIN});
    unsigned y = MARGIN;
    for (size_t i = 0; i < plan->count; i++) {
        if (!plan->items[i].first_of_thing) continue;
        struct text thing = buffer_view(&plan->items[i].thing);
        put_thing(writer, thing, y);
        y += thing_height(plan, thing) + MARGIN;
    }
    put_controller(writer, y);
    for (size_t i = 0; i < plan->count; i++) put_wire(writer, &plan->items[i]);
    close_element(writer, "InternalElement");
    close_element(writer, "InstanceHierarchy");
}

/// What stands behind the hierarchies of the plant that the libraries come from, down to the end of the file. Only the
/// elements of the file itself stand two blanks from the left (caex_write).
static enum error put_libraries(const struct caex *libraries, struct buffer *out, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer written = {0};
    enum error error = caex_write(libraries, &written);
    if (error) return problem_say(ret_problem, error, "out of memory");
    const char *start = strstr(written.data, "\n  <InterfaceClassLib ");
    if (start == NULL)
        return problem_say(ret_problem, ERROR_INVALID, "the model that the libraries should come from has none");
    buffer_string(out, start + 1);
    return ERROR_NONE;
}

static bool is_name(struct text name) {
    for (size_t i = 0; i < name.length; i++) {
        char byte = name.data[i];
        bool letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '_';
        if (!letter && !(i > 0 && byte >= '0' && byte <= '9')) return false;
    }
    return name.length > 0;
}

enum error import_make_plant(const struct import_tags *tags, const struct import_plant_options *options,
                             struct model_findings *findings, struct buffer *out, struct problem *ret_problem) {
    if (!is_name(options->station))
        return problem_say(ret_problem, ERROR_INVALID, "'%.*s' is no name of a station: letters, digits and _ only",
                           TEXT_ARG(options->station));
    size_t before = model_findings_errors(findings);
    CLEANUP(plan_clear) struct plan plan = {.libraries = options->libraries, .findings = findings};
    enum error error = plan_make(&plan, tags);
    if (error) return problem_say(ret_problem, error, "out of memory");
    size_t errors = model_findings_errors(findings) - before;
    if (errors > 0) return problem_say(ret_problem, ERROR_INVALID, "no plant was made, errors: %zu", errors);
    if (plan.count == 0)
        return problem_say(ret_problem, ERROR_INVALID, "no plant was made: there is no tag that it could have");
    buffer_print(out,
                 "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                 "<CAEXFile xmlns=\"http://www.dke.de/CAEX\" SchemaVersion=\"3.0\" FileName=\"plant.aml\">\n"
                 "  <Description>%.*s, made from a list of tags</Description>\n"
                 "  <SuperiorStandardVersion>AutomationML 2.10</SuperiorStandardVersion>\n"
                 "  <SourceDocumentInformation OriginName=\"splc model import\" OriginID=\"splc\" OriginVersion=\"1\" "
                 "LastWritingDateTime=\"1970-01-01T00:00:00Z\"/>\n",
                 TEXT_ARG(options->station));
    struct writer writer = {.out = out, .plan = &plan, .station = options->station, .depth = 1};
    put_station(&writer);
    error = put_libraries(options->libraries, out, ret_problem);
    if (!error && out->failed) error = problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    return error;
}
