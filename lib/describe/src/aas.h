/// Asset Administration Shell, metamodel 3.0 (IDTA-01001-3-0), as JSON: an asset, its shell, and submodels. aas.c
/// writes the elements, aas_submodels.c nameplate, technical and operational data, aas_interfaces.c the interfaces to
/// the live values, aasx.c the package around it (IDTA-01005).
#pragma once

#include "inventory.h"
#include "schema.h"

/// What the writers of submodels share.
struct aas {
    const struct plant *plant;
    const struct describe_options *options;
    const struct inventory *inventory;
    struct json_writer *writer;
};

/// Ids of the submodels end with these.
#define AAS_NAMEPLATE "nameplate"
#define AAS_TECHNICAL "technical-data"
#define AAS_OPERATIONAL "operational-data"
#define AAS_INTERFACES "interfaces"
#define AAS_DOCUMENTATION "documentation"

// ---------------------------------------------------------------- elements; an empty `semantic` or `value` is left out

void aas_open_submodel(struct aas *aas, const char *name, const char *id_short, const char *semantic);
void aas_close_submodel(struct aas *aas);
void aas_open_collection(struct aas *aas, struct text id_short, const char *semantic);
void aas_close_collection(struct aas *aas);
void aas_property(struct aas *aas, const char *id_short, const char *semantic, const char *type, struct text value);
/// A property of a type of the model, with its description.
void aas_field(struct aas *aas, struct text id_short, enum value_type type, struct text value, struct text unit,
               struct text description);
/// A text in English; in German as well when there is one.
void aas_text(struct aas *aas, const char *id_short, const char *semantic, struct text english, struct text german);
/// A file of the package.
void aas_file(struct aas *aas, const char *id_short, const char *path, const char *media_type);
/// Points to an element of the submodel AAS_INTERFACES: interface, property.
void aas_interface_reference(struct aas *aas, const char *id_short, const char *interface, struct text property);

/// "mps_conveyor" as an idShort (constraint AASd-002): letters, digits and `_`, a letter first, at most 100; only those
/// that would meet (thing-1, thing_1) get their place behind it. Of a leaf: that of its path, of all leaves of the
/// plant with the name of the thing before it.
void aas_id_short(struct text name, size_t place, bool unique, struct buffer *out);
/// Of an element of the model: its name, among its siblings.
void aas_element_id(const struct plant_element *element, struct buffer *out);
void aas_thing_id(const struct inventory *inventory, size_t thing, struct buffer *out);
void aas_leaf_id(const struct thing *thing, size_t leaf, struct buffer *out);
void aas_property_id(const struct inventory *inventory, size_t thing, size_t leaf, struct buffer *out);

// ---------------------------------------------------------------- submodels

void aas_nameplate(struct aas *aas);
void aas_technical_data(struct aas *aas);
void aas_operational_data(struct aas *aas);
void aas_interfaces(struct aas *aas);
void aas_documentation(struct aas *aas);
bool aas_has_values(const struct inventory *inventory); // else there are neither operational data nor interfaces

#define AAS_HTTP "InterfaceHTTP"
#define AAS_OPCUA "InterfaceOPCUA"
