#include <synthetic/synthetic.h>

#include "libraries_files.h"

#include <base/cleanup.h>

#include <stdbool.h>

enum {
    CYLINDERS = 4, // per cell
    BARRIERS = 8,
    LAMPS = 4,
    CELL_POINTS = CYLINDERS * 4 + 4 + BARRIERS + LAMPS,
    CELL_BYTES = 4, // of a cell in each direction; it has 16 inputs and 16 outputs, the last one up to 31 inputs
    PANEL_POINTS = 2,
    PANEL_BYTES = 4,
};

/// Writes the model; IDs are numbers that count up.
struct maker {
    struct buffer *out;
    uint64_t next_id;
    // of the cell that is being made: wires are made of them at its end
    struct wire {
        uint64_t signal;
        bool output;
    } wires[CELL_POINTS];
    size_t wire_count;
};

static void print_id(struct buffer *out, uint64_t id) {
    buffer_print(out, "5c0a1e00-0000-4000-8000-%012llx", (unsigned long long)id);
}

static void print_id_attribute(struct maker *maker, const char *attribute, uint64_t id) {
    buffer_print(maker->out, " %s=\"", attribute);
    print_id(maker->out, id);
    buffer_byte(maker->out, '"');
}

static void open_element(struct maker *maker, const char *prefix, size_t number, const char *class) {
    buffer_print(maker->out, "<InternalElement Name=\"%s%zu\"", prefix, number);
    print_id_attribute(maker, "ID", maker->next_id++);
    if (class != NULL) buffer_print(maker->out, " RefBaseSystemUnitPath=\"SplcSystemUnitClassLib/%s\"", class);
    buffer_string(maker->out, ">\n");
}

static void close_element(struct maker *maker, const char *role) {
    buffer_print(maker->out, "<RoleRequirements RefBaseRoleClassPath=\"SplcRoleClassLib/%s\"/></InternalElement>\n",
                 role);
}

static void add_signal(struct maker *maker, const char *name, bool output) {
    uint64_t id = maker->next_id++;
    buffer_print(maker->out, "<ExternalInterface Name=\"%s\"", name);
    print_id_attribute(maker, "ID", id);
    buffer_print(maker->out, " RefBaseClassPath=\"SplcInterfaceClassLib/%sSignal\"/>\n",
                 output ? "Actuator" : "Sensor");
    maker->wires[maker->wire_count++] = (struct wire){id, output};
}

static void add_cylinder(struct maker *maker, size_t number) {
    open_element(maker, "cylinder", number, "PneumaticCylinder");
    add_signal(maker, "extend", true);
    add_signal(maker, "retract", true);
    add_signal(maker, "extended", false);
    add_signal(maker, "retracted", false);
    close_element(maker, "PneumaticCylinder");
}

static void add_motor(struct maker *maker) {
    open_element(maker, "motor", 1, "Motor");
    add_signal(maker, "right", true);
    add_signal(maker, "left", true);
    add_signal(maker, "slow", true);
    add_signal(maker, "stop", true);
    close_element(maker, "Motor");
}

static void add_simple(struct maker *maker, const char *prefix, size_t number, const char *class, const char *role,
                       const char *signal, bool output) {
    open_element(maker, prefix, number, class);
    add_signal(maker, signal, output);
    close_element(maker, role);
}

/// One I/O module with a channel for each wire of its direction; the links are kept in `links`.
static void add_io(struct maker *maker, bool output, size_t byte, struct buffer *links) {
    open_element(maker, output ? "outputs" : "inputs", 1, NULL);
    buffer_print(maker->out,
                 "<Attribute Name=\"Address\" RefAttributeType=\"SplcAttributeTypeLib/Address\"><Attribute "
                 "Name=\"StartAddress\" AttributeDataType=\"xs:unsignedInt\"><Value>%zu</Value></Attribute><Attribute "
                 "Name=\"Length\" AttributeDataType=\"xs:unsignedInt\"><Value>%d</Value></Attribute></Attribute>\n",
                 byte, CELL_BYTES * 8);
    size_t number = 0;
    for (size_t i = 0; i < maker->wire_count; i++) {
        if (maker->wires[i].output != output) continue;
        uint64_t channel = maker->next_id++;
        buffer_print(maker->out, "<ExternalInterface Name=\"C_%zu\"", number + 1);
        print_id_attribute(maker, "ID", channel);
        buffer_print(maker->out,
                     " RefBaseClassPath=\"SplcInterfaceClassLib/%sChannel\"><Attribute Name=\"Number\" "
                     "AttributeDataType=\"xs:unsignedInt\"><Value>%zu</Value></Attribute></ExternalInterface>\n",
                     output ? "Output" : "Input", number++);
        buffer_print(links, "<InternalLink Name=\"w%llx\" RefPartnerSideA=\"", (unsigned long long)channel);
        print_id(links, maker->wires[i].signal);
        buffer_string(links, "\" RefPartnerSideB=\"");
        print_id(links, channel);
        buffer_string(links, "\"/>\n");
    }
    close_element(maker, "IoModule");
}

static void open_thing(struct maker *maker, const char *prefix, size_t number) {
    maker->wire_count = 0;
    open_element(maker, prefix, number, "Thing");
}

static void add_cell(struct maker *maker, size_t number, size_t points, struct buffer *links) {
    open_thing(maker, "cell", number);
    bool whole = points == CELL_POINTS;
    if (whole) {
        for (size_t i = 1; i <= CYLINDERS; i++) add_cylinder(maker, i);
        add_motor(maker);
        for (size_t i = 1; i <= LAMPS; i++) add_simple(maker, "lamp", i, "LedIndicator", "Indicator", "lamp", true);
        points = BARRIERS;
    }
    for (size_t i = 1; i <= points; i++)
        add_simple(maker, "barrier", i, "LightBarrier", "LightBarrier", "signal", false);
    size_t byte = PANEL_BYTES + number * 2 * CELL_BYTES;
    add_io(maker, false, byte, links);
    if (whole) add_io(maker, true, byte + CELL_BYTES, links);
    close_element(maker, "Thing");
}

static void add_panel(struct maker *maker, struct buffer *links) {
    open_thing(maker, "panel", 1);
    add_simple(maker, "emergency_stop", 1, "EmergencyStop", "EmergencyStop", "contact", false);
    open_element(maker, "reset", 1, "Button");
    buffer_string(maker->out,
                  "<Attribute Name=\"Function\" AttributeDataType=\"xs:string\"><Value>reset</Value></Attribute>\n");
    add_signal(maker, "pressed", false);
    close_element(maker, "Button");
    add_io(maker, false, 0, links);
    close_element(maker, "Thing");
}

static void add_station(struct maker *maker, size_t points, struct buffer *links) {
    open_element(maker, "BIG", points, "Station");
    buffer_print(maker->out,
                 "<Attribute Name=\"NamespaceUri\" AttributeDataType=\"xs:anyURI\" "
                 "RefAttributeType=\"SplcAttributeTypeLib/NamespaceUri\"><Value>urn:serverless-plc:plant:big%zu"
                 "</Value></Attribute>\n",
                 points);
    add_panel(maker, links);
    size_t left = points - PANEL_POINTS;
    for (size_t cell = 1; left > 0; cell++) {
        size_t of_cell = left < CELL_POINTS ? left : CELL_POINTS;
        add_cell(maker, cell, of_cell, links);
        left -= of_cell;
    }
    open_element(maker, "plc", 1, "Controller");
    buffer_string(maker->out,
                  "<Attribute Name=\"Driver\" AttributeDataType=\"xs:string\"><Value>sim</Value></Attribute>\n"
                  "<RoleRequirements RefBaseRoleClassPath=\"SplcRoleClassLib/Controller\"/>\n");
    close_element(maker, "Thing");
    buffer_text(maker->out, buffer_view(links));
    close_element(maker, "Station");
}

enum error synthetic_plant(size_t points, struct buffer *out, struct problem *ret_problem) {
    if (points < SYNTHETIC_POINTS_MIN || points > SYNTHETIC_POINTS_MAX)
        return problem_say(ret_problem, ERROR_INVALID, "%zu points: choose %d to %d", points, SYNTHETIC_POINTS_MIN,
                           SYNTHETIC_POINTS_MAX);
    CLEANUP(buffer_clear) struct buffer links = {0};
    struct maker maker = {.out = out, .next_id = 1};
    buffer_string(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                       "<CAEXFile xmlns=\"http://www.dke.de/CAEX\" SchemaVersion=\"3.0\" FileName=\"plant.aml\">\n"
                       "<SuperiorStandardVersion>AutomationML 2.10</SuperiorStandardVersion>\n"
                       "<SourceDocumentInformation OriginName=\"splc model generate\" "
                       "OriginID=\"5c0a1e00-0000-4000-8000-000000000000\" OriginVersion=\"1\" "
                       "LastWritingDateTime=\"2026-01-01T00:00:00Z\"/>\n"
                       "<InstanceHierarchy Name=\"Plant\"><Version>1</Version>\n");
    add_station(&maker, points, &links);
    buffer_string(out, "</InstanceHierarchy>\n");
    buffer_append(out, libraries_files[0].data, libraries_files[0].length);
    if (links.failed || out->failed)
        return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    return ERROR_NONE;
}
