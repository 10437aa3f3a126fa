/// A list of tags while it is made.
#pragma once

#include <import/import.h>

struct import_tags {
    struct import_tag *items;
    size_t count, capacity;
    char **owned; // texts that had to be changed
    size_t owned_count, owned_capacity;
};

/// ERROR_TOO_LARGE with a finding past IMPORT_TAGS_MAX.
enum error tags_add(struct import_tags *tags, const struct import_tag *tag, struct model_findings *findings);
/// Takes the string over; false when out of memory, and then it is freed.
bool tags_own(struct import_tags *tags, char *string);

/// The end of every import: an error when there is one among the findings.
enum error tags_finish(struct import_tags *tags, enum error error, const struct model_findings *findings,
                       struct import_tags **ret_tags, struct problem *ret_problem);
