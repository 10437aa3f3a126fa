// NamespaceMetadata: what each namespace of the station is, and of which edition.

#include "build.h"

#include <string.h>

static void describe(struct build *build, const struct opcua_namespace_description *description) {
    if (build->error) return;
    build_fail(build, opcua_server_describe_namespace(build->server->opcua, description), text_of(description->uri));
}

/// Libraries of classes that the station's types come from, each once.
static void describe_libraries(struct build *build, const char *version) {
    for (size_t i = 0; i < build->plant->class_count && !build->error; i++) {
        struct text library = build->plant->classes[i]->library;
        CLEANUP(buffer_clear) struct buffer uri = {0};
        buffer_string(&uri, BUILD_LIBRARY_URI);
        buffer_text(&uri, library);
        if (uri.failed || map_get(build->folders, buffer_view(&uri)) != NULL) continue;
        build_fail(build, map_set(build->folders, buffer_view(&uri), build), library);
        describe(build,
                 &(struct opcua_namespace_description){.uri = uri.data, .version = version, .same_everywhere = true});
    }
}

void namespaces_describe(struct build *build) {
    CLEANUP(free_at) char *uri = text_copy(build->plant->namespace_uri);
    CLEANUP(free_at) char *version = text_copy(build->plant->version);
    if (uri == NULL || version == NULL) {
        build_fail(build, ERROR_NO_MEMORY, build->plant->namespace_uri);
        return;
    }
    describe(build, &(struct opcua_namespace_description){.uri = uri, .version = version});
    describe_libraries(build, version);
    companion_describe(build, describe);
}
