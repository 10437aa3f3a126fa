/// Any AutomationML file as a tree: CAEX 2.15 and 3.0, as .aml or in a container (.amlx, .mtp), with its references
/// resolved, before any meaning of our own. model.h stands on it for plants; import and export use it directly.
///
/// Owns: a document owns its nodes and their texts (each with a NUL behind it) until `caex_destroy`.
/// Threads: a document may be read by any number of threads.
/// Limits: MODEL_BYTES_MAX of XML, also out of a container; CAEX_DEPTH_MAX; CAEX_NAME_BYTES_MAX; CAEX_NODES_MAX. No
/// network, no document type and so no entities.
///
/// What a reader meets in the files of real tools, and gets here in one form:
///   IDs              lower case, without braces
///   class paths      "Lib/Class", "[Lib/with/slash]/[Class]", "Alias@Lib/Class", the short name of the class around it
///   links            "interface ID" (3.0), "element ID:interface" (2.15), "Hierarchy/Element:interface" (older tools)
///   mirror objects   an element, interface or attribute whose class is the ID of another: `base` is that other
///   anything else    kept as extensions: XML elements and attributes that CAEX does not know, additional information
#pragma once

#include <base/problem.h>
#include <model/findings.h>

enum { CAEX_INHERITANCE_MAX = 16 };    // classes in one line; the deepest library known to us has 7
enum { CAEX_DEPTH_MAX = 96 };          // XML elements in each other
enum { CAEX_NAME_BYTES_MAX = 4096 };   // a name, an ID, a path to a class, a side of a link
enum { CAEX_NODES_MAX = 1500 * 1000 }; // of a document; one of 70 MB has half a million

/// X(kind, XML element)
#define CAEX_KIND_TABLE(X)                                                                                             \
    X(FILE, "CAEXFile")                                                                                                \
    X(HIERARCHY, "InstanceHierarchy")                                                                                  \
    X(ELEMENT, "InternalElement")                                                                                      \
    X(INTERFACE, "ExternalInterface")                                                                                  \
    X(LINK, "InternalLink")                                                                                            \
    X(ROLE_REQUIREMENT, "RoleRequirements")                                                                            \
    X(SUPPORTED_ROLE, "SupportedRoleClass")                                                                            \
    X(ATTRIBUTE, "Attribute")                                                                                          \
    X(CONSTRAINT, "Constraint")                                                                                        \
    X(NOMINAL, "NominalScaledType")                                                                                    \
    X(ORDINAL, "OrdinalScaledType")                                                                                    \
    X(UNKNOWN_TYPE, "UnknownType")                                                                                     \
    X(REQUIRED_VALUE, "RequiredValue")                                                                                 \
    X(REQUIRED_MAX, "RequiredMaxValue")                                                                                \
    X(REQUIRED_MIN, "RequiredMinValue")                                                                                \
    X(REQUIREMENTS, "Requirements")                                                                                    \
    X(SEMANTIC, "RefSemantic")                                                                                         \
    X(MAPPING, "MappingObject")                                                                                        \
    X(ATTRIBUTE_MAPPING, "AttributeNameMapping")                                                                       \
    X(INTERFACE_MAPPING, "InterfaceIDMapping")                                                                         \
    X(INTERFACE_NAME_MAPPING, "InterfaceNameMapping")                                                                  \
    X(EXTERNAL_REFERENCE, "ExternalReference")                                                                         \
    X(INTERFACE_LIB, "InterfaceClassLib")                                                                              \
    X(INTERFACE_CLASS, "InterfaceClass")                                                                               \
    X(ROLE_LIB, "RoleClassLib")                                                                                        \
    X(ROLE_CLASS, "RoleClass")                                                                                         \
    X(UNIT_LIB, "SystemUnitClassLib")                                                                                  \
    X(UNIT_CLASS, "SystemUnitClass")                                                                                   \
    X(TYPE_LIB, "AttributeTypeLib")                                                                                    \
    X(TYPE, "AttributeType")                                                                                           \
    X(EXTENSION, "")                                                                                                   \
    X(EXTENSION_ATTRIBUTE, "")

enum caex_kind {
#define X(kind, element) CAEX_##kind,
    CAEX_KIND_TABLE(X)
#undef X
        CAEX_KINDS
};
const char *caex_kind_name(enum caex_kind kind); // "InternalElement"

/// The four families of classes; each has path names of its own.
enum caex_family { FAMILY_INTERFACE, FAMILY_ROLE, FAMILY_UNIT, FAMILY_TYPE, FAMILY_NONE };

enum caex_change { CHANGE_STATE, CHANGE_CREATE, CHANGE_DELETE, CHANGE_CHANGE }; // ChangeMode; "state" when not stated

struct caex_index; // of the children of a node that has many

struct caex_node { // half a million in a large file: without gaps
    enum caex_kind kind : 8;
    enum caex_change change : 8;
    bool has_value : 1, has_default : 1;
    bool bad : 1;            // its value has a finding already
    uint8_t chain_state : 2; // private
    unsigned line;
    struct caex_node *parent, *first, *last, *next; // children in the order of the file
    struct text name;      // Name; an external reference's Alias; of an extension its XML name, empty for a text in it;
                           // of an extension's attribute with its prefix
    struct text id;        // lower case, without braces
    struct text reference; // as written: path of class, base class, role, attribute type; an external reference's Path;
                           // CorrespondingAttributePath of a semantic; the unit's side of a mapping; an extension's
                           // namespace
    struct text description;
    union {
        struct { // attributes, extensions, and what a constraint requires
            struct text value, default_value, data_type, unit;
        };
        struct {                                     // links
            struct text side_a, side_b;              // as written, without white space around
            struct caex_node *partner_a, *partner_b; // what they lead to; NULL: nothing in this file
            struct caex_node *next_link;             // private
        };
        struct text version;     // of hierarchies, libraries and classes
        struct text mapped_role; // the role's side of a mapping
    };
    struct caex_node *base;     // what `reference` names; NULL when nothing in this file. There are no loops.
    struct caex_node *external; // the external reference that `reference` or a link leads through; NULL: none
    struct caex_index *index;   // private
    void *meaning;              // what the layer above made of it
    unsigned value_line, default_line;
};

enum caex_mode {
    CAEX_PLANT, // the file is a plant of ours: what CAEX does not allow is an error
    CAEX_ANY,   // any tool's file: read what is there; what is odd is a warning
};

struct caex; // a document

/// Reads bytes of an .aml file or of a container. Findings that do not keep a tree from being made leave one even when
/// they are errors. ERROR_INVALID, ERROR_UNSUPPORTED or ERROR_TOO_LARGE when there is none; the finding and the problem
/// say why.
enum error caex_create(struct text bytes, enum caex_mode mode, struct model_findings *findings, struct caex **ret_caex,
                       struct problem *ret_problem);
void caex_destroy(struct caex *caex); // NULL is fine
CLEANUP_DEFINE(struct caex, caex_destroy)

struct caex_node *caex_root(const struct caex *caex); // the CAEXFile
struct text caex_version(const struct caex *caex);    // SchemaVersion: "2.15", "3.0"
/// How many nodes of each kind there are.
void caex_count(const struct caex *caex, size_t ret_counts[CAEX_KINDS]);

// ---------------------------------------------------------------- walking

/// The next node in the order of the file, parents first; NULL after the last one below `top`.
struct caex_node *caex_walk(const struct caex_node *top, struct caex_node *node);
/// The first child of a kind, and the next sibling of the same kind; NULL when there is none.
struct caex_node *caex_first(const struct caex_node *parent, enum caex_kind kind);
struct caex_node *caex_next(const struct caex_node *node);
struct caex_node *caex_child(const struct caex_node *parent, enum caex_kind kind, struct text name);

/// "Plant/MPS/mps_conveyor".
void caex_path(const struct caex_node *node, struct buffer *out);
enum caex_family caex_family_of(enum caex_kind kind); // of a class; FAMILY_NONE for anything else

// ---------------------------------------------------------------- looking up

/// A class by path, in any notation above but an alias; NULL when there is no such class.
struct caex_node *caex_class(const struct caex *caex, enum caex_family family, struct text path);
/// What has this ID, in any case, with or without braces; NULL when nothing has.
struct caex_node *caex_by_id(const struct caex *caex, struct text id);
/// True when `node` is `ancestor`, or has it among its bases.
bool caex_is_a(const struct caex_node *node, const struct caex_node *ancestor);
/// The element, interface or attribute that this one mirrors; NULL when it is none of its kind.
struct caex_node *caex_master(const struct caex_node *node);

/// A resolved value below an element, interface or class by path ("Hmi/X"): instance, its class, base classes,
/// attribute type; Value before DefaultValue. Empty when there is none.
struct text caex_attribute(struct caex_node *owner, struct text path);
/// A text for people in a language: that of the sub-attribute "aml-lang=de-DE" (or of "aml-lang=de" for "de-DE"), else
/// the value itself.
struct text caex_localised(struct caex_node *owner, struct text path, struct text language);
/// True when the element has the role: its own RoleRequirements and SupportedRoleClass, those of its classes and of
/// what it mirrors, and their base roles. `role` is a path; the library may be outside of this file.
bool caex_has_role(struct caex_node *element, struct text role);

// ---------------------------------------------------------------- writing

/// Appends the document as CAEX 3.0 in UTF-8, valid against its schema whatever order and version it came in: children
/// sorted as the schema wants them, links by the IDs of interfaces (an interface without one gets a UUID made from its
/// path), the writer header of CAEX 2.15 as SourceDocumentInformation. Comments and indentation are not kept. Reading
/// it back and writing it again gives the same bytes.
enum error caex_write(const struct caex *caex, struct buffer *out);

/// Appends a UUID made from a text (version 8 of RFC 9562): the same text gives the same, in every program.
void caex_make_id(struct text seed, struct buffer *out);
/// Appends a text (UTF-8) as XML has it, in an attribute between double quotes or as the content of an element. Control
/// characters, which XML cannot have, become U+FFFD.
void caex_escape(struct text text, bool attribute, struct buffer *out);
