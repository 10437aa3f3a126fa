/// The address space of docs/spec/opcua.md as UANodeSet XML (OPC 10000-6, annex F). nodeset.c makes the objects of the
/// plant, nodeset_types.c types and methods, nodeset_values.c values and the text of one node.
#pragma once

#include "inventory.h"
#include "markup.h"

#include <base/map.h>

enum { NAMESPACES_MAX = 64, STATION_NAMESPACE = 1 };

struct nodeset {
    const struct plant *plant;
    struct buffer *out;
    struct text namespaces[NAMESPACES_MAX]; // of index 2 and up: "SplcSystemUnitClassLib", or the URI of a standard
    size_t namespace_count;
    struct map *types;   // that are written: "MotorType"
    struct map *folders; // that are written, by path
    bool failed;         // out of memory, or more libraries than namespaces
};

/// The string NodeId `path` in a namespace; a number when the path is empty.
struct place {
    unsigned namespace_index;
    struct text path;
    unsigned number;
};
#define STANDARD_NODE(id) ((struct place){.number = (id)})

/// Nodes of namespace 0 that we refer to (OPC 10000-6, NodeIds.csv).
enum {
    NODE_ORGANIZES = 35,
    NODE_HAS_SUBTYPE = 45,
    NODE_HAS_PROPERTY = 46,
    NODE_HAS_COMPONENT = 47,
    NODE_GENERATES_EVENT = 41,
    NODE_HAS_NOTIFIER = 48,
    NODE_HAS_ADD_IN = 17604,
    NODE_BASE_OBJECT_TYPE = 58,
    NODE_FOLDER_TYPE = 61,
    NODE_BASE_DATA_VARIABLE_TYPE = 63,
    NODE_PROPERTY_TYPE = 68,
    NODE_OBJECTS_FOLDER = 85,
    NODE_ARGUMENT = 296,
    NODE_RANGE = 884,
    NODE_EU_INFORMATION = 887,
    NODE_LOCALIZED_TEXT = 21,
    NODE_DURATION = 290,
    NODE_BASE_EVENT_TYPE = 2041,
    NODE_SERVER = 2253,
    NODE_ANALOG_ITEM_TYPE = 2368,
    NODE_ANALOG_UNIT_TYPE = 17497,
    NODE_ANALOG_UNIT_RANGE_TYPE = 17570,
};

/// One node, as it is written.
struct node {
    const char *tag; // "UAObject"
    struct place id, parent, type;
    unsigned reference; // from the parent
    unsigned browse_namespace;
    struct text browse_name;
    struct text display_name; // the browse name when empty
    struct text display_name_de;
    struct text description;
    unsigned data_type; // of a variable
    bool list;          // its value is an array
    bool declaration;   // a member of a type: mandatory
    bool optional;      // or not
    bool live;          // its value changes, and its last hour can be read
    bool draft;         // an engineer may write it
    bool notifier;      // its events are heard
    unsigned also;      // a further reference to this node: of this type, from each of `sources`
    const struct place *sources;
    size_t source_count;
    struct text value; // XML of a property's value; empty: none
};
void nodeset_put(struct nodeset *nodeset, const struct node *node);

unsigned nodeset_data_type(enum value_type type);
/// Values, appended as XML. `written` is what the model says; false when it is no value of the type.
bool nodeset_put_value(struct buffer *out, enum value_type type, struct text written);
void nodeset_put_range(struct buffer *out, double low, double high);
void nodeset_put_unit(struct buffer *out, struct text unit);
void nodeset_put_names(struct buffer *out, const struct text *names, size_t count);

/// An argument of a method of the model, or of one that the controller has by itself.
struct argument {
    struct text name, description;
    enum value_type type;
};
void nodeset_put_arguments(struct buffer *out, const struct argument *arguments, size_t count);

/// The last output of what asks for something ([opcua-2.5]).
#define NODESET_REASON                                                                                                 \
    ((struct argument){TEXT("Reason"), TEXT("empty when done, otherwise why it was refused"), VALUE_STRING})

/// The index of a library's namespace, or of another specification by its URI.
unsigned nodeset_namespace(struct nodeset *nodeset, struct text name);
#define DI_URI TEXT("http://opcfoundation.org/UA/DI/")
#define MACHINERY_URI TEXT("http://opcfoundation.org/UA/Machinery/")
/// The type of a class, written before when it is the first; BaseObjectType for none.
struct place nodeset_type(struct nodeset *nodeset, const struct plant_class *class, struct buffer *name);
/// A type that no class describes: of the lock, the simulation, the channels.
struct place nodeset_own_type(struct nodeset *nodeset, struct text name, const struct plant_class *parent,
                              struct buffer *buffer);

enum { ARGUMENTS_MAX = 32 };
struct method {
    struct place parent;
    bool declaration; // of a type
    unsigned browse_namespace;
    struct text name, description;
    struct argument inputs[ARGUMENTS_MAX], outputs[ARGUMENTS_MAX];
    size_t input_count, output_count;
};
/// The method of a class, with `Reason` when it is a commanding one.
struct method nodeset_class_method(struct place parent, unsigned browse_namespace, const struct plant_method *method);
void nodeset_put_method(struct nodeset *nodeset, const struct method *method);

/// "a/b" in the namespace of `a`; the text lives in `buffer`.
struct place nodeset_below(struct nodeset *nodeset, struct place parent, struct text name, struct buffer *buffer);

/// Lock, forcing, diagnostics, the controller's nameplate: what stands in no model.
void nodeset_put_own(struct nodeset *nodeset);
void nodeset_put_identification(struct nodeset *nodeset, const struct plant_element *controller);
/// A type for each kind of event, and which types raise it.
void nodeset_put_events(struct nodeset *nodeset);

/// The variable type that goes with range and unit.
struct place nodeset_variable_type(const struct plant_field *field);
/// EURange, EngineeringUnits, EnumStrings; of a declaration they are declarations too.
void nodeset_put_field(struct nodeset *nodeset, struct place variable, const struct plant_field *field,
                       bool declaration);
void nodeset_put_property(struct nodeset *nodeset, struct place owner, unsigned browse_namespace, struct text name,
                          const struct node *kind, struct buffer *value);
/// LocalizedText, in English.
void nodeset_put_localized(struct buffer *out, struct text text);
