// Asset interfaces description (IDTA 02017-1-0): where each value is read, over HTTP and over OPC UA. Words and forms
// are those of the Web of Things; HTTP is a protocol of the template, OPC UA follows the same form with the binding's
// address
// `?id=NODEID` behind the base.

#include "aas.h"

#define AID "https://admin-shell.io/idta/AssetInterfacesDescription/1/0/"
#define TD "https://www.w3.org/2019/wot/td#"
#define HYPERMEDIA "https://www.w3.org/2019/wot/hypermedia#"

struct interface {
    const char *id_short, *title, *content_type, *scheme, *scheme_semantic;
    const char *method; // of HTTP; NULL: none
    const char *base;
    void (*put_target)(const struct aas *aas, const struct thing *thing, const struct leaf *leaf, struct buffer *out);
    bool keyed; // the value stands inside of a document
};

// ---------------------------------------------------------------- where a value is

static void put_http_target(const struct aas *aas, const struct thing *thing, const struct leaf *leaf,
                            struct buffer *out) {
    (void)aas, (void)leaf;
    buffer_print(out, "/things/%.*s/shadow", TEXT_ARG(thing->name));
}

static void put_opcua_target(const struct aas *aas, const struct thing *thing, const struct leaf *leaf,
                             struct buffer *out) {
    const struct plant *plant = aas->plant;
    buffer_print(out, "/?id=nsu=%.*s;s=%.*s/%.*s/%.*s", TEXT_ARG(plant->namespace_uri), TEXT_ARG(plant->station->path),
                 TEXT_ARG(thing->name), TEXT_ARG(leaf->path));
}

static const char *json_type(enum value_type type) {
    switch (type) {
    case VALUE_BOOL: return "boolean";
    case VALUE_INT32:
    case VALUE_UINT16:
    case VALUE_UINT32: return "integer";
    case VALUE_DOUBLE: return "number";
    case VALUE_STRING:
    case VALUE_NULL: break;
    }
    return "string";
}

// ---------------------------------------------------------------- one interface

/// The base, and who may come in: a token for HTTP, user and password for OPC UA.
static void put_endpoint(struct aas *aas, const struct interface *interface) {
    aas_open_collection(aas, TEXT("EndpointMetadata"), AID "EndpointMetadata");
    aas_property(aas, "base", TD "baseURI", "xs:anyURI", text_of(interface->base));
    aas_property(aas, "contentType", HYPERMEDIA "forContentType", "xs:string", text_of(interface->content_type));
    aas_open_collection(aas, TEXT("securityDefinitions"), TD "definesSecurityScheme");
    aas_open_collection(aas, text_of(interface->scheme), interface->scheme_semantic);
    struct text scheme = text_of(interface->scheme);
    aas_property(aas, "scheme", TD "definesSecurityScheme", "xs:string",
                 (struct text){scheme.data, scheme.length - (sizeof "_sc" - 1)});
    aas_close_collection(aas);
    aas_close_collection(aas);
    aas_close_collection(aas);
}

static void put_form(struct aas *aas, const struct interface *interface, const struct thing *thing,
                     const struct leaf *leaf) {
    CLEANUP(buffer_clear) struct buffer target = {0};
    interface->put_target(aas, thing, leaf, &target);
    if (target.failed) aas->writer->out->failed = true;
    aas_open_collection(aas, TEXT("forms"), TD "hasForm");
    aas_property(aas, "href", HYPERMEDIA "hasTarget", "xs:string", buffer_view(&target));
    aas_property(aas, "contentType", HYPERMEDIA "forContentType", "xs:string", text_of(interface->content_type));
    if (interface->method != NULL)
        aas_property(aas, "htv_methodName", "https://www.w3.org/2011/http#methodName", "xs:string",
                     text_of(interface->method));
    aas_close_collection(aas);
}

static void put_value(struct aas *aas, const struct interface *interface, size_t thing_index, size_t leaf_index) {
    const struct thing *thing = &aas->inventory->things[thing_index];
    const struct leaf *leaf = &thing->leaves[leaf_index];
    CLEANUP(buffer_clear) struct buffer id = {0}, key = {0};
    aas_property_id(aas->inventory, thing_index, leaf_index, &id);
    buffer_print(&key, "%s%.*s", interface->keyed ? "state/reported/" : "", TEXT_ARG(leaf->path));
    if (id.failed || key.failed) aas->writer->out->failed = true;
    aas_open_collection(aas, buffer_view(&id), AID "PropertyDefinition");
    aas_property(aas, "key", AID "key", "xs:string", buffer_view(&key));
    aas_property(aas, "type", "https://www.w3.org/1999/02/22-rdf-syntax-ns#type", "xs:string",
                 text_of(json_type(leaf->field->type)));
    if (leaf->field->unit.length > 0)
        aas_property(aas, "unit", "https://schema.org/unitCode", "xs:string", leaf->field->unit);
    aas_property(aas, "observable", TD "isObservable", "xs:boolean", interface->keyed ? TEXT("false") : TEXT("true"));
    put_form(aas, interface, thing, leaf);
    aas_close_collection(aas);
}

static void put_interface(struct aas *aas, const struct interface *interface) {
    aas_open_collection(aas, text_of(interface->id_short), AID "Interface");
    aas_property(aas, "title", TD "title", "xs:string", text_of(interface->title));
    put_endpoint(aas, interface);
    aas_open_collection(aas, TEXT("InteractionMetadata"), AID "InteractionMetadata");
    aas_open_collection(aas, TEXT("properties"), TD "PropertyAffordance");
    for (size_t t = 0; t < aas->inventory->thing_count; t++)
        for (size_t l = 0; l < aas->inventory->things[t].leaf_count; l++) put_value(aas, interface, t, l);
    aas_close_collection(aas);
    aas_close_collection(aas);
    aas_close_collection(aas);
}

void aas_interfaces(struct aas *aas) {
    const struct interface http = {
        .id_short = AAS_HTTP,
        .title = "shadows over HTTP",
        .content_type = "application/json",
        .scheme = "bearer_sc",
        .scheme_semantic = "https://www.w3.org/2019/wot/security#BearerSecurityScheme",
        .method = "GET",
        .base = aas->options->http_url,
        .put_target = put_http_target,
        .keyed = true,
    };
    const struct interface opcua = {
        .id_short = AAS_OPCUA,
        .title = "the controller over OPC UA",
        .content_type = "application/opcua+uadp",
        .scheme = "basic_sc",
        .scheme_semantic = "https://www.w3.org/2019/wot/security#BasicSecurityScheme",
        .base = aas->options->opcua_url,
        .put_target = put_opcua_target,
    };
    aas_open_submodel(aas, AAS_INTERFACES, "AssetInterfacesDescription", AID "Submodel");
    put_interface(aas, &http);
    put_interface(aas, &opcua);
    aas_close_submodel(aas);
}
