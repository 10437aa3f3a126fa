// Manifests of module type packages (VDI 2658): data assembly instances and the nodes that serve them.
#include <import/import.h>

#include <stdlib.h>

#define INSTANCE_LIST "MTPSUCLib/CommunicationSet/InstanceList"
#define DATA_ASSEMBLY "MTPDataObjectSUCLib/DataAssembly"
#define SERVER_ASSEMBLY "MTPCommunicationSUCLib/ServerAssembly"
#define DATA_ITEM "MTPCommunicationICLib/DataItem"

struct import_mtp {
    struct import_assembly *assemblies;
    size_t count;
    struct import_node *nodes; // of all, one after the other
    struct import_value *values;
};

/// By the path alone: manifests often leave the libraries out, or derive classes of their own in them.
static bool is_class(const struct caex_node *node, const char *class) {
    for (const struct caex_node *at = node; at != NULL; at = at->base)
        if (text_starts_with(at->reference, text_of(class))) return true;
    return false;
}

bool import_is_mtp(const struct caex *caex) {
    struct caex_node *root = caex_root(caex);
    for (struct caex_node *node = root; node != NULL; node = caex_walk(root, node))
        if (node->kind == CAEX_ELEMENT && is_class(node, INSTANCE_LIST)) return true;
    return false;
}

static bool is_assembly(const struct caex_node *node) {
    return node->kind == CAEX_ELEMENT && is_class(node, DATA_ASSEMBLY);
}

static struct text own_value(const struct caex_node *owner, struct text name) {
    const struct caex_node *attribute = caex_child(owner, CAEX_ATTRIBUTE, name);
    if (attribute == NULL) return TEXT_EMPTY;
    return text_trim(attribute->has_value ? attribute->value : attribute->default_value);
}

/// The node that a variable's value is the ID of; NULL when it has a fixed value.
static const struct caex_node *item_of(const struct caex *caex, const struct caex_node *variable) {
    if (!variable->has_value || variable->value.length == 0) return NULL;
    const struct caex_node *item = caex_by_id(caex, variable->value);
    return item != NULL && item->kind == CAEX_INTERFACE && is_class(item, DATA_ITEM) ? item : NULL;
}

static struct text endpoint_of(const struct caex_node *item) {
    const struct caex_node *server = item->parent;
    while (server != NULL && !(server->kind == CAEX_ELEMENT && is_class(server, SERVER_ASSEMBLY)))
        server = server->parent;
    return server == NULL ? TEXT_EMPTY : own_value(server, TEXT("Endpoint"));
}

static struct import_node node_of(const struct caex_node *variable, const struct caex_node *item) {
    const struct caex_node *identifier = caex_child(item, CAEX_ATTRIBUTE, TEXT("Identifier"));
    return (struct import_node){.variable = variable->name,
                                .endpoint = endpoint_of(item),
                                .name_space = own_value(item, TEXT("Namespace")),
                                .identifier = own_value(item, TEXT("Identifier")),
                                .identifier_type = identifier == NULL ? TEXT_EMPTY : identifier->data_type,
                                .access = own_value(item, TEXT("Access"))};
}

static struct text last_name(struct text path) {
    struct text name = path;
    for (size_t i = 0; i < path.length; i++)
        if (path.data[i] == '/') name = text_from(path, i + 1);
    return name;
}

/// Links that lead to nothing are told: such a variable could never be read.
static void check_link(const struct caex *caex, struct model_findings *findings, const struct caex_node *variable,
                       struct text assembly) {
    if (variable->value.length == 0) return;
    if (caex_by_id(caex, variable->value) == NULL)
        model_findings_add(findings, false, variable->line, assembly, "nothing has the ID '%.*s' that '%.*s' names",
                           TEXT_ARG(variable->value), TEXT_ARG(variable->name));
}

/// By the class of VDI 2658-3: "AnaView", "BinVlv", "DIntMan", "StringView".
static const char *type_of(struct text class) {
    static const struct {
        const char *prefix, *type;
    } types[] = {{"Ana", "REAL"}, {"Bin", "BOOL"}, {"DInt", "DINT"}, {"String", "STRING"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (text_starts_with(class, text_of(types[i].prefix))) return types[i].type;
    return "";
}

static bool is_label(const struct caex_node *variable) {
    return text_is(variable->name, "TagName") || text_is(variable->name, "TagDescription");
}

static void read_assembly(const struct caex *caex, struct model_findings *findings, const struct caex_node *node,
                          struct import_assembly *assembly, struct import_node *nodes, struct import_value *values) {
    *assembly = (struct import_assembly){.name = node->name,
                                         .class = last_name(node->reference),
                                         .type = type_of(last_name(node->reference)),
                                         .tag_name = own_value(node, TEXT("TagName")),
                                         .tag_description = own_value(node, TEXT("TagDescription")),
                                         .nodes = nodes,
                                         .values = values,
                                         .line = node->line};
    const struct caex_node *variable = caex_first(node, CAEX_ATTRIBUTE);
    for (; variable != NULL; variable = caex_next(variable)) {
        if (text_is(variable->name, "RefID")) continue; // ties it to other parts of the manifest
        const struct caex_node *item = item_of(caex, variable);
        if (item != NULL)
            nodes[assembly->node_count++] = node_of(variable, item);
        else if (text_is(variable->data_type, "xs:IDREF"))
            check_link(caex, findings, variable, node->name);
        else if (variable->has_value && !is_label(variable))
            values[assembly->value_count++] =
                (struct import_value){variable->name, variable->data_type, text_trim(variable->value)};
    }
}

static size_t attribute_count(const struct caex_node *node) {
    size_t count = 0;
    for (const struct caex_node *at = caex_first(node, CAEX_ATTRIBUTE); at != NULL; at = caex_next(at)) count++;
    return count;
}

enum error import_mtp(const struct caex *caex, struct model_findings *findings, struct import_mtp **ret_mtp,
                      struct problem *ret_problem) {
    if (!import_is_mtp(caex))
        return problem_say(ret_problem, ERROR_INVALID, "this is no MTP manifest: no element is a " INSTANCE_LIST);
    struct caex_node *root = caex_root(caex);
    size_t assemblies = 0, attributes = 0;
    for (struct caex_node *node = root; node != NULL; node = caex_walk(root, node)) {
        if (!is_assembly(node)) continue;
        assemblies++;
        attributes += attribute_count(node);
    }
    struct import_mtp *mtp = calloc(1, sizeof *mtp);
    if (mtp != NULL) mtp->assemblies = calloc(assemblies + 1, sizeof *mtp->assemblies);
    if (mtp != NULL) mtp->nodes = calloc(attributes + 1, sizeof *mtp->nodes);
    if (mtp != NULL) mtp->values = calloc(attributes + 1, sizeof *mtp->values);
    if (mtp == NULL || mtp->assemblies == NULL || mtp->nodes == NULL || mtp->values == NULL) {
        import_mtp_destroy(mtp);
        return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    }
    struct import_node *nodes = mtp->nodes;
    struct import_value *values = mtp->values;
    for (struct caex_node *node = root; node != NULL; node = caex_walk(root, node)) {
        if (!is_assembly(node)) continue;
        struct import_assembly *assembly = &mtp->assemblies[mtp->count++];
        read_assembly(caex, findings, node, assembly, nodes, values);
        nodes += assembly->node_count;
        values += assembly->value_count;
    }
    *ret_mtp = mtp;
    return ERROR_NONE;
}

void import_mtp_destroy(struct import_mtp *mtp) {
    if (mtp == NULL) return;
    free(mtp->assemblies);
    free(mtp->nodes);
    free(mtp->values);
    free(mtp);
}

size_t import_mtp_count(const struct import_mtp *mtp) {
    return mtp->count;
}

const struct import_assembly *import_mtp_at(const struct import_mtp *mtp, size_t index) {
    return index < mtp->count ? &mtp->assemblies[index] : NULL;
}
