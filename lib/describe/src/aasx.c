// The package of an Asset Administration Shell (IDTA-01005): a ZIP archive by the Open Packaging Conventions, with the
// environment as JSON and, as supplements, documents that are made from the model as well.

#include "aas.h"
#include "formats.h"

#include <zip/zip.h>

// ---------------------------------------------------------------- the environment

static void put_reference(struct json_writer *writer, const struct plant *plant, const char *submodel) {
    CLEANUP(buffer_clear) struct buffer id = {0};
    buffer_print(&id, "%.*s:aas:%s", TEXT_ARG(plant->namespace_uri), submodel);
    if (id.failed) writer->out->failed = true;
    json_open_object(writer);
    put_member(writer, "type", "ModelReference");
    json_key(writer, "keys");
    json_open_array(writer);
    json_open_object(writer);
    put_member(writer, "type", "Submodel");
    put_text_member(writer, "value", buffer_view(&id));
    json_close_object(writer);
    json_close_array(writer);
    json_close_object(writer);
}

/// The submodels, in their order; those with values only when the plant has some.
static const struct {
    const char *name;
    void (*put)(struct aas *aas);
    bool values;
} submodels[] = {
    {AAS_NAMEPLATE, aas_nameplate, false},         {AAS_TECHNICAL, aas_technical_data, false},
    {AAS_OPERATIONAL, aas_operational_data, true}, {AAS_INTERFACES, aas_interfaces, true},
    {AAS_DOCUMENTATION, aas_documentation, false},
};
enum { SUBMODEL_COUNT = sizeof submodels / sizeof submodels[0] };

static void put_shell(struct aas *aas) {
    struct json_writer *writer = aas->writer;
    const struct plant *plant = aas->plant;
    CLEANUP(buffer_clear) struct buffer id = {0}, id_short = {0};
    buffer_print(&id, "%.*s:aas", TEXT_ARG(plant->namespace_uri));
    aas_id_short(plant->station->name, 0, true, &id_short);
    if (id.failed || id_short.failed) writer->out->failed = true;
    json_open_object(writer);
    put_member(writer, "modelType", "AssetAdministrationShell");
    put_text_member(writer, "id", buffer_view(&id));
    put_text_member(writer, "idShort", buffer_view(&id_short));
    json_key(writer, "assetInformation");
    json_open_object(writer);
    put_member(writer, "assetKind", "Instance");
    put_text_member(writer, "globalAssetId", plant->namespace_uri);
    json_close_object(writer);
    json_key(writer, "submodels");
    json_open_array(writer);
    for (size_t i = 0; i < SUBMODEL_COUNT; i++)
        if (!submodels[i].values || aas_has_values(aas->inventory)) put_reference(writer, plant, submodels[i].name);
    json_close_array(writer);
    json_close_object(writer);
}

static void put_environment(const struct plant *plant, const struct describe_options *options,
                            const struct inventory *inventory, struct buffer *out) {
    struct json_writer writer = json_writer(out);
    struct aas aas = {plant, options, inventory, &writer};
    json_open_object(&writer);
    json_key(&writer, "assetAdministrationShells");
    json_open_array(&writer);
    put_shell(&aas);
    json_close_array(&writer);
    json_key(&writer, "submodels");
    json_open_array(&writer);
    for (size_t i = 0; i < SUBMODEL_COUNT; i++)
        if (!submodels[i].values || aas_has_values(inventory)) submodels[i].put(&aas);
    json_close_array(&writer);
    json_close_object(&writer);
}

// ---------------------------------------------------------------- the package

#define XML "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
#define RELATIONS "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
#define AASX "http://admin-shell.io/aasx/relationships/"
#define RELATION(id, type, target) "<Relationship Id=\"" id "\" Type=\"" AASX type "\" Target=\"" target "\"/>"

enum error aasx_write(const struct plant *plant, const struct describe_options *options, struct buffer *out,
                      struct problem *ret_problem) {
    CLEANUP(inventory_destroy_at) struct inventory *inventory = inventory_create(plant, options);
    if (inventory == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    CLEANUP(buffer_clear) struct buffer environment = {0}, page = {0}, nodeset = {0}, openapi = {0};
    put_environment(plant, options, inventory, &environment);
    enum error error = written(&environment, ret_problem);
    if (!error) error = html_write(plant, options, &page, ret_problem);
    if (!error) error = nodeset_write(plant, options, &nodeset, ret_problem);
    if (!error) error = openapi_write(plant, options, &openapi, ret_problem);
    if (error) return error;
    const struct zip_entry entries[] = {
        {TEXT("[Content_Types].xml"),
         TEXT(XML
              "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">"
              "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
              "<Default Extension=\"json\" ContentType=\"application/json\"/>"
              "<Default Extension=\"html\" ContentType=\"text/html\"/>"
              "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
              "<Override PartName=\"/aasx/aasx-origin\" ContentType=\"text/plain\"/></Types>\n")},
        {TEXT("_rels/.rels"),
         TEXT(XML RELATIONS RELATION("origin", "aasx-origin", "/aasx/aasx-origin") "</Relationships>\n")},
        {TEXT("aasx/aasx-origin"), TEXT("Intentionally empty.\n")},
        {TEXT("aasx/_rels/aasx-origin.rels"),
         TEXT(XML RELATIONS RELATION("spec", "aas-spec", "/aasx/data.json") "</Relationships>\n")},
        {TEXT("aasx/data.json"), buffer_view(&environment)},
        {TEXT("aasx/_rels/data.json.rels"),
         TEXT(XML RELATIONS RELATION("page", "aas-suppl", "/aasx/files/plant.html")
                  RELATION("nodeset", "aas-suppl", "/aasx/files/plant.NodeSet2.xml")
                      RELATION("openapi", "aas-suppl", "/aasx/files/plant.openapi.json") "</Relationships>\n")},
        {TEXT("aasx/files/plant.html"), buffer_view(&page)},
        {TEXT("aasx/files/plant.NodeSet2.xml"), buffer_view(&nodeset)},
        {TEXT("aasx/files/plant.openapi.json"), buffer_view(&openapi)},
    };
    return zip_write(entries, sizeof entries / sizeof entries[0], out, ret_problem);
}
