/// What people have already, on its way into a plant: tag lists as CSV, the I/O of a TIA Portal or EPLAN export
/// (AutomationML, recommendation AR APC), manifests of module type packages (MTP, VDI 2658). Pure: no file, log, clock.
///
/// Findings are told with the line of the source, all of them in one run; what cannot be taken over is left out with a
/// warning.
/// Threads: any number at once.
#pragma once

#include <model/caex.h>
#include <model/model.h>

enum { IMPORT_TAGS_MAX = 4000 }; // of one list; a large machine has some hundred
enum { IMPORT_CSV_BYTES_MAX = 8 * 1024 * 1024 };

/// One terminal of the plant with what is known about it. Empty texts: not known.
struct import_tag {
    struct text name;                         // symbolic name: "Band rechts"
    struct text comment;                      // for people
    struct text device;                       // of an export: the device item that has the channel
    struct text channel;                      // of an export: the channel
    struct text thing, module, class, signal; // where it goes; what is empty is chosen by import_make_plant
    struct text safe_state;                   // "false", "true", "hold"; of a number "hold" or a number
    struct text unit;                         // of a number: "l/min"
    struct plant_range range;                 // of a number, in its unit
    struct plant_range raw;                   // the raw numbers that stand for the ends of the range
    enum plant_encoding encoding;             // of a number
    bool inverted;
    bool output;      // PLC to plant
    uint32_t bits;    // 1: boolean, else a number
    bool has_address; // else it gets the next free one
    uint32_t byte;    // in the area of inputs or outputs of the old controller
    uint8_t bit;
    uint32_t number; // of the channel in its device, 0 the first of its direction
    unsigned line;
};

/// Owns its copies of texts; others are borrowed from the source, which must live as long.
struct import_tags;
void import_tags_destroy(struct import_tags *tags); // NULL is fine
CLEANUP_DEFINE(struct import_tags, import_tags_destroy)
size_t import_tags_count(const struct import_tags *tags);
const struct import_tag *import_tags_at(const struct import_tags *tags, size_t index); // NULL past the end

/// A tag list. The first line names the columns, in any order, case does not count: Name, Address (%I0.0, E 0.0,
/// %QX1.2, %IW64, PEW 256, %QD8), Data Type (Bool; Byte, Word, DWord, SInt, USInt, Int, UInt, DInt, UDInt, Real),
/// Comment, Thing, Module, Class, Signal, Safe State, Inverted, and of numbers Unit, Low, High, Raw Low, Raw High;
/// others are passed over. Without a type the address tells the size, and the number is unsigned. Columns are separated
/// by ";", "," or tabs, whichever the first line has; fields may stand in quotes (RFC 4180). UTF-8. A name
/// "thing.module.signal" or "thing/module/signal" fills what has no column. ERROR_INVALID when there is an error among
/// the findings.
enum error import_csv(struct text csv, struct model_findings *findings, struct import_tags **ret_tags,
                      struct problem *ret_problem);

/// The channels of an export by AR APC, each with the tag that a link joins to it. Of channels that have no number the
/// place in the device counts; where the device states no StartAddress there is no address, and none of a direction has
/// one when two share theirs: then nobody has assigned them yet. An analogue channel is a signed number of its length,
/// of 16 bits when that is a bit or less; what it measures such an export does not say.
enum error import_apc(const struct caex *caex, struct model_findings *findings, struct import_tags **ret_tags,
                      struct problem *ret_problem);

struct import_plant_options {
    struct text station;          // its name; letters, digits, _
    const struct caex *libraries; // a plant of ours: its class libraries are taken over, its station is not
};

/// Appends a plant (CAEX 3.0) with a core module for every tag or group of tags with one thing and module, an I/O
/// module of inputs and one of outputs, and the wires. Where no class is given, it is the first of these that the
/// libraries have: of an input LightBarrier, Switch, Button, of an output LedIndicator, Drive, Valve, of a number
/// AnalogSensor or ControlValve; a number for which they have none is left out with a warning. Where no signal is
/// given, it is the first of the class with that direction and type. Outputs lie behind the inputs in the process
/// image, since that is one here. IDs are made from paths, so the same list gives the same file. ERROR_INVALID when
/// there is an error among the findings.
enum error import_make_plant(const struct import_tags *tags, const struct import_plant_options *options,
                             struct model_findings *findings, struct buffer *out, struct problem *ret_problem);

/// Appends a report for people, one line per channel: the channel of the export, its tag, the channel of the plant that
/// it is matched with, the signal that is wired to that. A device is matched with the I/O module of its name or
/// designation (Bmk), else with the next free one that has channels enough of its direction and size; those by number.
/// Returns how many lines tell a difference: no channel for a tag, a tag without a wire, a wire without a
/// tag (the last two only when the export links any tags).
size_t import_match(const struct import_tags *tags, const struct plant *plant, struct buffer *out);

// ---------------------------------------------------------------- module type packages

/// A variable of a data assembly and the node where it is served.
struct import_node {
    struct text variable; // "V", "VSclMin"
    struct text endpoint; // "opc.tcp://..."; empty when the server states none
    struct text name_space;
    struct text identifier;      // as the manifest has it; its type follows
    struct text identifier_type; // "xs:string", "xs:int"
    struct text access;          // "1" read, "2" write, "3" both, as VDI 2658 numbers them
};

/// A variable with a fixed value: "VSclMin" 0, "VUnit" 1038 (the unit's code, as the manifest has it).
struct import_value {
    struct text variable, type, value;
};

/// A data assembly instance: "AnaView" and the like.
struct import_assembly {
    struct text name, class, tag_name, tag_description;
    const char *type; // what its class is about: "BOOL", "DINT", "REAL", "STRING" (IEC 61131-3); empty: not known
    const struct import_node *nodes;
    size_t node_count;
    const struct import_value *values; // range, unit and other facts
    size_t value_count;
    unsigned line;
};

struct import_mtp;
/// ERROR_INVALID when the document is no manifest. Texts are borrowed from the document.
enum error import_mtp(const struct caex *caex, struct model_findings *findings, struct import_mtp **ret_mtp,
                      struct problem *ret_problem);
void import_mtp_destroy(struct import_mtp *mtp); // NULL is fine
CLEANUP_DEFINE(struct import_mtp, import_mtp_destroy)
/// True when the document has an instance list of VDI 2658.
bool import_is_mtp(const struct caex *caex);
size_t import_mtp_count(const struct import_mtp *mtp);
const struct import_assembly *import_mtp_at(const struct import_mtp *mtp, size_t index); // NULL past the end
