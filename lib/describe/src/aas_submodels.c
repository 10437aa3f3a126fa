// Nameplate (IDTA 02006-2-0), technical data (IDTA 02003-1-2), operational data, documentation: what the model says,
// and nothing that it does not.

#include "aas.h"

// ---------------------------------------------------------------- nameplate

void aas_nameplate(struct aas *aas) {
    const struct plant_element *station = aas->plant->station;
    struct text uri = plant_attribute(station, TEXT("Identification/ProductInstanceUri"));
    struct text serial = plant_attribute(station, TEXT("Identification/SerialNumber"));
    struct text designation = plant_attribute(station, TEXT("Identification/Model"));
    if (designation.length == 0) designation = station->display_name;
    aas_open_submodel(aas, AAS_NAMEPLATE, "Nameplate", "https://admin-shell.io/zvei/nameplate/2/0/Nameplate");
    aas_property(aas, "URIOfTheProduct", "0173-1#02-AAY811#001", "xs:anyURI",
                 uri.length > 0 ? uri : aas->plant->namespace_uri);
    aas_text(aas, "ManufacturerName", "0173-1#02-AAO677#002",
             plant_attribute(station, TEXT("Identification/Manufacturer")), TEXT_EMPTY);
    aas_text(aas, "ManufacturerProductDesignation", "0173-1#02-AAW338#001", designation, TEXT_EMPTY);
    if (serial.length > 0) aas_property(aas, "SerialNumber", "0173-1#02-AAM556#002", "xs:string", serial);
    aas_close_submodel(aas);
}

// ---------------------------------------------------------------- technical data

/// Names stand in a property only where they differ from what its idShort can say.
static void put_module_facts(struct aas *aas, const struct plant_element *element) {
    aas_property(aas, "Path", NULL, "xs:string", path_in_station(aas->plant, element));
    aas_text(aas, "Name", NULL, element->display_name, element->display_name_de);
    if (element->class != NULL) aas_property(aas, "Class", NULL, "xs:string", element->class->name);
    struct text designation = plant_attribute(element, TEXT("Bmk"));
    if (designation.length > 0) aas_property(aas, "Designation", NULL, "xs:string", designation);
    aas_text(aas, "ManufacturerName", NULL, plant_attribute(element, TEXT("Identification/Manufacturer")), TEXT_EMPTY);
    aas_text(aas, "ManufacturerProductDesignation", NULL, plant_attribute(element, TEXT("Identification/Model")),
             TEXT_EMPTY);
}

static bool is_fact_name(struct text id) {
    static const char *const taken[] = {
        "Path", "Name", "Class", "Designation", "ManufacturerName", "ManufacturerProductDesignation", "Modules"};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (text_is(id, taken[i])) return true;
    return false;
}

static void put_parameters(struct aas *aas, const struct plant_element *element) {
    size_t place = 0;
    for (const struct plant_class *class = element->class; class != NULL; class = class->base) {
        for (size_t i = 0; i < class->parameter_count; i++, place++) {
            const struct plant_field *field = &class->parameters[i];
            struct text value = plant_attribute(element, field->name);
            if (value.length == 0) continue;
            CLEANUP(buffer_clear) struct buffer id = {0};
            aas_id_short(field->name, place, !is_fact_name(field->name) && field->name.data[0] != '_', &id);
            if (id.failed) aas->writer->out->failed = true;
            aas_field(aas, buffer_view(&id), field->type, value, field->unit, field->description);
        }
    }
}

/// What it consists of stands in it as well, in the collection `Modules`. Names are those of the model.
static void put_element(struct aas *aas, const struct plant_element *element) {
    CLEANUP(buffer_clear) struct buffer id = {0};
    aas_element_id(element, &id);
    if (id.failed) aas->writer->out->failed = true;
    aas_open_collection(aas, buffer_view(&id), NULL);
    put_module_facts(aas, element);
    put_parameters(aas, element);
    if (element->child_count > 0) {
        aas_open_collection(aas, TEXT("Modules"), NULL);
        for (size_t i = 0; i < element->child_count; i++) put_element(aas, element->children[i]);
        aas_close_collection(aas);
    }
    aas_close_collection(aas);
}

void aas_technical_data(struct aas *aas) {
    const struct plant_element *station = aas->plant->station;
    aas_open_submodel(aas, AAS_TECHNICAL, "TechnicalData", "https://admin-shell.io/ZVEI/TechnicalData/Submodel/1/2");
    aas_open_collection(aas, TEXT("GeneralInformation"),
                        "https://admin-shell.io/ZVEI/TechnicalData/GeneralInformation/1/1");
    struct text manufacturer = plant_attribute(station, TEXT("Identification/Manufacturer"));
    if (manufacturer.length > 0)
        aas_property(aas, "ManufacturerName", "0173-1#02-AAO677#002", "xs:string", manufacturer);
    aas_text(aas, "ManufacturerProductDesignation", "0173-1#02-AAW338#001", station->display_name,
             station->display_name_de);
    if (aas->plant->version.length > 0) aas_property(aas, "ModelVersion", NULL, "xs:string", aas->plant->version);
    aas_close_collection(aas);
    aas_open_collection(aas, TEXT("TechnicalProperties"),
                        "https://admin-shell.io/ZVEI/TechnicalData/TechnicalProperties/1/1");
    for (size_t i = 0; i < station->child_count; i++) put_element(aas, station->children[i]);
    aas_close_collection(aas);
    aas_close_submodel(aas);
}

// ---------------------------------------------------------------- operational data

/// A value has its type here; what it is now, the two interfaces tell.
static void put_leaf(struct aas *aas, size_t thing_index, size_t leaf_index) {
    const struct thing *thing = &aas->inventory->things[thing_index];
    const struct leaf *leaf = &thing->leaves[leaf_index];
    CLEANUP(buffer_clear) struct buffer id = {0}, property = {0};
    aas_leaf_id(thing, leaf_index, &id);
    aas_property_id(aas->inventory, thing_index, leaf_index, &property);
    if (id.failed || property.failed) aas->writer->out->failed = true;
    aas_open_collection(aas, buffer_view(&id), NULL);
    struct text description = leaf->field->description;
    if (description.length == 0 && leaf->element != NULL) description = leaf->element->display_name;
    aas_field(aas, TEXT("Value"), leaf->field->type, TEXT_EMPTY, leaf->field->unit, description);
    aas_property(aas, "Path", NULL, "xs:string", leaf->path);
    aas_interface_reference(aas, "OverHTTP", AAS_HTTP, buffer_view(&property));
    aas_interface_reference(aas, "OverOPCUA", AAS_OPCUA, buffer_view(&property));
    aas_close_collection(aas);
}

void aas_operational_data(struct aas *aas) {
    aas_open_submodel(aas, AAS_OPERATIONAL, "OperationalData", NULL);
    for (size_t t = 0; t < aas->inventory->thing_count; t++) {
        const struct thing *thing = &aas->inventory->things[t];
        if (thing->leaf_count == 0) continue;
        CLEANUP(buffer_clear) struct buffer id = {0};
        aas_thing_id(aas->inventory, t, &id);
        if (id.failed) aas->writer->out->failed = true;
        aas_open_collection(aas, buffer_view(&id), NULL);
        for (size_t l = 0; l < thing->leaf_count; l++) put_leaf(aas, t, l);
        aas_close_collection(aas);
    }
    aas_close_submodel(aas);
}

// ---------------------------------------------------------------- documentation

void aas_documentation(struct aas *aas) {
    aas_open_submodel(aas, AAS_DOCUMENTATION, "Documentation", NULL);
    aas_file(aas, "Page", "/aasx/files/plant.html", "text/html");
    aas_file(aas, "AddressSpace", "/aasx/files/plant.NodeSet2.xml", "application/xml");
    aas_file(aas, "HttpInterface", "/aasx/files/plant.openapi.json", "application/json");
    aas_close_submodel(aas);
}
