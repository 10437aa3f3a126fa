#include "api.h"

#include <execution/precondition.h>

/* Preconditions of commands, looked at in the twins as they were told last. */

static enum error check(struct api *api, struct text thing, const struct json *version, const struct json *reported,
                        struct problem *problem) {
    CLEANUP(json_destroy_at) struct json_document *document = twins_document(api, thing); // NULL when it is not known
    const struct json *current = document == NULL ? NULL : json_path(json_root(document), TEXT("document/current"));
    return precondition_check(thing, current, version, reported, problem);
}

bool precondition_holds(struct api *api, struct text thing, const struct json *precondition, struct problem *problem) {
    const struct json *version = json_member(precondition, "version");
    const struct json *reported = json_member(precondition, "reported");
    bool asked = json_exists(version) || json_exists(reported);
    if (asked && check(api, thing, version, reported, problem)) return false;
    struct json_each others = json_each(json_member(precondition, "things"));
    while (json_next(&others)) {
        if (check(api, others.name, NULL, others.value, problem)) return false;
    }
    return true;
}
