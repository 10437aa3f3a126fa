#include "pictory.h"

#include "abi.h"

#include <json/json.h>

#include <stdlib.h>

struct pictory {
    struct json_document *document;
    struct pictory_variable *variables;
    size_t count;
};

/// What stands at which place of a variable's list.
enum { FIELD_NAME, FIELD_DEFAULT, FIELD_BITS, FIELD_OFFSET, FIELD_EXPORTED, FIELD_SORT, FIELD_COMMENT, FIELD_BIT };

static const struct {
    const char *section;
    enum pictory_kind kind;
} sections[] = {{"inp", PICTORY_INPUT}, {"out", PICTORY_OUTPUT}, {"mem", PICTORY_MEMORY}};

/// PiCtory writes numbers as texts in most places, and an empty one where there is none.
static bool number(const struct json *value, uint64_t *ret_number) {
    if (json_is(value, JSON_STRING)) {
        struct text text = json_string(value);
        *ret_number = 0;
        return text.length == 0 || text_to_u64(text, ret_number) == ERROR_NONE;
    }
    int64_t whole = json_integer(value, -1);
    *ret_number = (uint64_t)whole;
    return whole >= 0;
}

static bool read_variable(const struct json *fields, uint64_t base, struct pictory_variable *variable) {
    uint64_t bits = 0, offset = 0, bit = 0;
    if (!json_is(fields, JSON_ARRAY)) return false;
    variable->name = json_string(json_element(fields, FIELD_NAME));
    if (variable->name.length == 0) return false;
    if (!number(json_element(fields, FIELD_BITS), &bits) || !number(json_element(fields, FIELD_OFFSET), &offset))
        return false;
    const struct json *position = json_element(fields, FIELD_BIT);
    if (json_exists(position) && !number(position, &bit)) return false;
    if (bits < 1 || bits > 32 || offset >= PI_IMAGE_BYTES || bit >= PI_IMAGE_BYTES * 8) return false;
    // The bits of a 16-bit word are counted 0 to 15: from 8 on they are in the next byte.
    uint64_t first = (base + offset) * 8 + bit;
    if (first + bits > PI_IMAGE_BYTES * 8) return false;
    variable->byte = (uint16_t)(first / 8);
    variable->bit = (uint8_t)(first % 8);
    variable->bits = (uint8_t)bits;
    return true;
}

static enum error read_section(struct pictory *pictory, const struct json *device, uint64_t base, size_t section,
                               struct problem *ret_problem) {
    struct json_each each = json_each(json_member(device, sections[section].section));
    struct text name = json_string(json_member(device, "name"));
    while (json_next(&each)) {
        if (pictory->count == PICTORY_VARIABLES_MAX)
            return problem_say(ret_problem, ERROR_TOO_LARGE, "more than %d variables", PICTORY_VARIABLES_MAX);
        struct pictory_variable variable = {.kind = sections[section].kind};
        if (!read_variable(each.value, base, &variable))
            return problem_say(ret_problem, ERROR_INVALID,
                               "device \"%.*s\", %s/%.*s is no variable: expected name, default, bits, offset, "
                               "exported, sort, comment, bit inside of an image of %d bytes",
                               TEXT_ARG(name), sections[section].section, TEXT_ARG(each.name), PI_IMAGE_BYTES);
        pictory->variables[pictory->count++] = variable;
    }
    return ERROR_NONE;
}

static size_t count_variables(const struct json *devices) {
    size_t count = 0;
    for (struct json_each each = json_each(devices); json_next(&each);)
        for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
            count += json_count(json_member(each.value, sections[i].section));
    return count < PICTORY_VARIABLES_MAX ? count : PICTORY_VARIABLES_MAX;
}

enum error pictory_read(struct text bytes, struct pictory **ret_pictory, struct problem *ret_problem) {
    const struct json_limits limits = {.bytes_max = PICTORY_BYTES_MAX, .depth_max = 32};
    CLEANUP(pictory_destroy_at) struct pictory *pictory = calloc(1, sizeof *pictory);
    if (pictory == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    enum error error = json_parse(bytes, limits, &pictory->document, ret_problem);
    if (error) return error;
    const struct json *devices = json_member(json_root(pictory->document), "Devices");
    if (!json_is(devices, JSON_ARRAY))
        return problem_say(ret_problem, ERROR_INVALID, "no list of Devices: save the configuration in PiCtory again");
    pictory->variables = calloc(count_variables(devices) + 1, sizeof *pictory->variables);
    if (pictory->variables == NULL) return problem_say(ret_problem, ERROR_NO_MEMORY, "%s", error_text(ERROR_NO_MEMORY));
    struct json_each each = json_each(devices);
    while (json_next(&each)) {
        uint64_t base = 0;
        if (!number(json_member(each.value, "offset"), &base) || base >= PI_IMAGE_BYTES)
            return problem_say(ret_problem, ERROR_INVALID,
                               "device \"%.*s\": offset is no place in an image of %d bytes",
                               TEXT_ARG(json_string(json_member(each.value, "name"))), PI_IMAGE_BYTES);
        for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
            error = read_section(pictory, each.value, base, i, ret_problem);
            if (error) return error;
        }
    }
    *ret_pictory = TAKE(pictory);
    return ERROR_NONE;
}

void pictory_destroy(struct pictory *pictory) {
    if (pictory == NULL) return;
    json_destroy(pictory->document);
    free(pictory->variables);
    free(pictory);
}

size_t pictory_count(const struct pictory *pictory) {
    return pictory->count;
}

const struct pictory_variable *pictory_at(const struct pictory *pictory, size_t index) {
    return &pictory->variables[index];
}

const struct pictory_variable *pictory_find(const struct pictory *pictory, struct text name) {
    const struct pictory_variable *found = NULL;
    for (size_t i = 0; i < pictory->count; i++) {
        if (!text_equal(pictory->variables[i].name, name)) continue;
        if (found != NULL) return NULL;
        found = &pictory->variables[i];
    }
    return found;
}
