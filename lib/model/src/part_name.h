/// Names of the parts of a package: the Open Packaging Conventions (ECMA-376 part 2, 8.2 and annex A). Pure.
#pragma once

#include <base/buffer.h>

/// Appends the name of the part that the target of a relationship of the whole package names, without "/" in front: a
/// relative or absolute path, its escapes resolved, "." and ".." followed. NULL, or why it names no part of the
/// package: "leads out of the container".
const char *part_name_resolve(struct text target, struct buffer *out);

/// True when the entry of the archive is the part of that name: case (of ASCII) does not count, and in the entry's name
/// escapes may stand, as in an address.
bool part_name_is(struct text entry, struct text name);
