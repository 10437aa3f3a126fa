#include "plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LIBRARY "SplcSystemUnitClassLib/"

void plan_clear(struct plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        buffer_clear(&plan->items[i].thing);
        buffer_clear(&plan->items[i].module);
    }
    free(plan->items);
}

/// "what 'detail' remedy"
static void tell(struct plan *plan, const struct planned *item, const char *what, struct text detail,
                 const char *remedy) {
    model_findings_add(plan->findings, true, item->tag->line, item->tag->name, "%s '%.*s'%s", what, TEXT_ARG(detail),
                       remedy);
}

// ---------------------------------------------------------------- names

/// Letters, digits and "_": other bytes become "_", and so does nothing at all.
static void put_name(struct text text, const char *otherwise, struct buffer *out) {
    enum { NAME_BYTES_MAX = 100 }; // leaves room for a number behind it
    text = text_trim(text);
    if (text.length == 0) text = text_of(otherwise);
    if (text.length > NAME_BYTES_MAX) text.length = NAME_BYTES_MAX;
    if (isdigit((unsigned char)text.data[0])) buffer_byte(out, '_');
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        buffer_byte(out, isalnum(byte) && byte < 0x80 ? (char)byte : '_');
    }
}

static bool same(const struct buffer *a, const struct buffer *b) {
    return text_equal(buffer_view(a), buffer_view(b));
}

/// A tag without a module has one of its own, so its name differs from all before it in the thing.
static void differ(struct plan *plan, struct planned *item) {
    size_t base = item->module.length;
    for (unsigned number = 2;; number++) {
        bool taken = false;
        for (size_t i = 0; i < plan->count && !taken; i++)
            taken = &plan->items[i] != item && plan->items[i].module.length > 0 &&
                    same(&plan->items[i].thing, &item->thing) && same(&plan->items[i].module, &item->module);
        if (!taken || item->module.failed) return;
        item->module.length = base;
        buffer_print(&item->module, "_%u", number);
    }
}

static void name_item(struct plan *plan, struct planned *item, bool own_module) {
    const struct import_tag *tag = item->tag;
    if (!own_module) {
        put_name(tag->thing, "io", &item->thing);
        put_name(tag->module, "module", &item->module);
        return;
    }
    put_name(tag->thing, "io", &item->thing);
    put_name(tag->name, "tag", &item->module);
    differ(plan, item);
}

// ---------------------------------------------------------------- classes and signals

static const struct caex_node *find_class(const struct plan *plan, const struct import_tag *tag) {
    struct text name = tag->class.length > 0 ? tag->class : tag->output ? TEXT("LedIndicator") : TEXT("LightBarrier");
    CLEANUP(buffer_clear) struct buffer path = {0};
    if (memchr(name.data, '/', name.length) == NULL) buffer_string(&path, LIBRARY);
    buffer_text(&path, name);
    return path.failed ? NULL : caex_class(plan->libraries, FAMILY_UNIT, buffer_view(&path));
}

static bool has_direction(const struct plan *plan, const struct caex_node *interface, bool output) {
    const struct caex_node *wanted =
        caex_class(plan->libraries, FAMILY_INTERFACE,
                   output ? TEXT("SplcInterfaceClassLib/ActuatorSignal") : TEXT("SplcInterfaceClassLib/SensorSignal"));
    return caex_is_a(interface->base, wanted);
}

static const struct caex_node *find_signal(const struct plan *plan, const struct planned *item) {
    const struct import_tag *tag = item->tag;
    for (const struct caex_node *class = item->class; class != NULL; class = class->base) {
        const struct caex_node *at = caex_first(class, CAEX_INTERFACE);
        for (; at != NULL; at = caex_next(at)) {
            bool named = tag->signal.length == 0 || text_equal(at->name, tag->signal);
            if (named && has_direction(plan, at, tag->output)) return at;
        }
    }
    return NULL;
}

static void choose(struct plan *plan, struct planned *item) {
    const struct import_tag *tag = item->tag;
    item->class = find_class(plan, tag);
    if (item->class == NULL) {
        tell(plan, item, "the libraries have no class", tag->class, "; see the SystemUnitClasses in their model");
        return;
    }
    item->signal = find_signal(plan, item);
    if (item->signal != NULL) return;
    if (tag->signal.length > 0)
        tell(plan, item, tag->output ? "its class has no actuator signal" : "its class has no sensor signal",
             tag->signal, "");
    else
        tell(plan, item, tag->output ? "no signal for an output is in class" : "no signal for an input is in class",
             item->class->name, "; name another one in the column Class");
}

// ---------------------------------------------------------------- tags of one module

/// With the earlier tags of the same thing and module.
static void compare(struct plan *plan, struct planned *item) {
    item->first_of_thing = item->first_of_module = true;
    for (struct planned *before = plan->items; before < item; before++) {
        if (!same(&before->thing, &item->thing)) continue;
        item->first_of_thing = false;
        if (!same(&before->module, &item->module)) continue;
        item->first_of_module = false;
        if (before->class != item->class && item->class != NULL && before->class != NULL)
            tell(plan, item, "in a line before its module is of class", before->class->name, "; give both the same");
        else if (before->signal == item->signal && item->signal != NULL)
            tell(plan, item, "its module has a tag already for the signal", item->signal->name,
                 "; name another in the column Signal");
    }
}

// ---------------------------------------------------------------- addresses

/// The area of each direction, and behind it what has no address, a bit each.
static uint32_t lay_out(struct plan *plan, bool output) {
    uint32_t bytes = 0, free_bit = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct import_tag *tag = plan->items[i].tag;
        if (tag->output == output && tag->has_address && tag->byte >= bytes) bytes = tag->byte + 1;
    }
    free_bit = bytes * 8;
    for (size_t i = 0; i < plan->count; i++) {
        struct planned *item = &plan->items[i];
        if (item->tag->output != output) continue;
        uint32_t at = item->tag->has_address ? item->tag->byte * 8 + item->tag->bit : free_bit++;
        item->byte = at / 8;
        item->bit = (uint8_t)(at % 8);
    }
    return (free_bit + 7) / 8;
}

static int by_address(const void *a, const void *b) {
    const struct planned *x = *(struct planned *const *)a, *y = *(struct planned *const *)b;
    if (x->tag->output != y->tag->output) return x->tag->output ? 1 : -1;
    uint32_t first = x->byte * 8 + x->bit, second = y->byte * 8 + y->bit;
    if (first != second) return first < second ? -1 : 1;
    return x < y ? -1 : x > y;
}

static enum error check_addresses(struct plan *plan) {
    struct planned **sorted = calloc(plan->count + 1, sizeof *sorted);
    if (sorted == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < plan->count; i++) sorted[i] = &plan->items[i];
    qsort(sorted, plan->count, sizeof *sorted, by_address);
    for (size_t i = 1; i < plan->count; i++) {
        const struct planned *item = sorted[i], *before = sorted[i - 1];
        bool clash = item->tag->output == before->tag->output && item->byte == before->byte && item->bit == before->bit;
        if (clash) tell(plan, item, "it has the address of", before->tag->name, "; correct one");
    }
    free(sorted);
    return ERROR_NONE;
}

// ---------------------------------------------------------------- all

static bool is_one_bit(struct plan *plan, const struct import_tag *tag) {
    if (tag->bits == 1) return true;
    model_findings_add(plan->findings, false, tag->line, tag->name,
                       "left out: %u bits; only booleans are taken over, add it by hand", tag->bits);
    return false;
}

static bool failed(const struct plan *plan) {
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].thing.failed || plan->items[i].module.failed) return true;
    return false;
}

enum error plan_make(struct plan *plan, const struct import_tags *tags) {
    plan->items = calloc(import_tags_count(tags) + 1, sizeof *plan->items);
    if (plan->items == NULL) return ERROR_NO_MEMORY;
    plan->count = 0;
    const struct import_tag *tag;
    for (size_t i = 0; (tag = import_tags_at(tags, i)) != NULL; i++)
        if (is_one_bit(plan, tag)) plan->items[plan->count++].tag = tag;
    for (size_t pass = 0; pass < 2; pass++) // modules that are named come before those that are not
        for (size_t i = 0; i < plan->count; i++) {
            bool own_module = plan->items[i].tag->module.length == 0;
            if (own_module == (pass == 1)) name_item(plan, &plan->items[i], own_module);
        }
    for (size_t i = 0; i < plan->count; i++) {
        choose(plan, &plan->items[i]);
        compare(plan, &plan->items[i]);
    }
    plan->input_bytes = lay_out(plan, false);
    plan->output_bytes = lay_out(plan, true);
    enum error error = check_addresses(plan);
    return !error && failed(plan) ? ERROR_NO_MEMORY : error;
}
