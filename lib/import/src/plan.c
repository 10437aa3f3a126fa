#include "plan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/// A class by its path, or by its name in any library.
static const struct caex_node *find_class(const struct plan *plan, struct text name) {
    if (memchr(name.data, '/', name.length) != NULL) return caex_class(plan->libraries, FAMILY_UNIT, name);
    const struct caex_node *library = caex_first(caex_root(plan->libraries), CAEX_UNIT_LIB);
    for (; library != NULL; library = caex_next(library)) {
        const struct caex_node *class = caex_child(library, CAEX_UNIT_CLASS, name);
        if (class != NULL) return class;
    }
    return NULL;
}

static bool is_number(const struct import_tag *tag) {
    return tag->bits > 1;
}

/// The most modest class for a tag of which no more is known than its terminal.
static const struct caex_node *usual_class(const struct plan *plan, const struct import_tag *tag) {
    static const char *const names[2][2][3] = {
        {{"LightBarrier", "Switch", "Button"}, {"LedIndicator", "Drive", "Valve"}},
        {{"AnalogSensor"}, {"ControlValve"}},
    };
    const char *const *usual = names[is_number(tag)][tag->output];
    for (size_t i = 0; i < 3 && usual[i] != NULL; i++) {
        const struct caex_node *class = find_class(plan, text_of(usual[i]));
        if (class != NULL) return class;
    }
    return NULL;
}

static bool fits(const struct plan *plan, const struct caex_node *interface, const struct import_tag *tag) {
    const struct caex_node *wanted = caex_class(plan->libraries, FAMILY_INTERFACE,
                                                tag->output ? TEXT("SplcInterfaceClassLib/ActuatorSignal")
                                                            : TEXT("SplcInterfaceClassLib/SensorSignal"));
    struct text type = caex_attribute((struct caex_node *)interface, TEXT("DataType"));
    bool boolean = type.length == 0 || text_is(type, "xs:boolean");
    return caex_is_a(interface->base, wanted) && boolean != is_number(tag);
}

static const struct caex_node *find_signal(const struct plan *plan, const struct planned *item) {
    const struct import_tag *tag = item->tag;
    for (const struct caex_node *class = item->class; class != NULL; class = class->base) {
        const struct caex_node *at = caex_first(class, CAEX_INTERFACE);
        for (; at != NULL; at = caex_next(at)) {
            bool named = tag->signal.length == 0 || text_equal(at->name, tag->signal);
            if (named && fits(plan, at, tag)) return at;
        }
    }
    return NULL;
}

static const char *kind_of(const struct import_tag *tag) {
    if (is_number(tag)) return tag->output ? "a numeric output" : "a numeric input";
    return tag->output ? "an output" : "an input";
}

static void choose(struct plan *plan, struct planned *item) {
    const struct import_tag *tag = item->tag;
    item->class = tag->class.length > 0 ? find_class(plan, tag->class) : usual_class(plan, tag);
    if (item->class == NULL) {
        if (tag->class.length > 0)
            tell(plan, item, "the libraries have no class", tag->class, "; see the SystemUnitClasses in their model");
        else
            model_findings_add(plan->findings, true, tag->line, tag->name,
                               "the libraries have no usual class for %s; name one in the column Class", kind_of(tag));
        return;
    }
    item->signal = find_signal(plan, item);
    if (item->signal != NULL) return;
    if (tag->signal.length > 0)
        tell(plan, item, tag->output ? "its class has no actuator signal" : "its class has no sensor signal",
             tag->signal, is_number(tag) ? " that is a number" : " that is a boolean");
    else
        model_findings_add(plan->findings, true, tag->line, tag->name,
                           "no signal for %s is in class '%.*s'; name another one in the column Class", kind_of(tag),
                           TEXT_ARG(item->class->name));
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

static uint64_t first_bit(const struct planned *item) {
    return (uint64_t)item->byte * 8 + item->bit;
}

/// The area of each direction, and behind it what has no address: booleans a bit each, numbers at whole bytes.
static uint32_t lay_out(struct plan *plan, bool output) {
    uint32_t free_bit = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct import_tag *tag = plan->items[i].tag;
        uint32_t end = (tag->byte * 8 + tag->bit + tag->bits + 7) / 8 * 8;
        if (tag->output == output && tag->has_address && end > free_bit) free_bit = end;
    }
    for (size_t i = 0; i < plan->count; i++) {
        struct planned *item = &plan->items[i];
        const struct import_tag *tag = item->tag;
        if (tag->output != output) continue;
        if (!tag->has_address && is_number(tag)) free_bit = (free_bit + 7) / 8 * 8;
        uint32_t at = tag->has_address ? tag->byte * 8 + tag->bit : free_bit;
        if (!tag->has_address) free_bit += tag->bits;
        item->byte = at / 8;
        item->bit = (uint8_t)(at % 8);
    }
    return (free_bit + 7) / 8;
}

static int by_address(const void *a, const void *b) {
    const struct planned *x = *(struct planned *const *)a, *y = *(struct planned *const *)b;
    if (x->tag->output != y->tag->output) return x->tag->output ? 1 : -1;
    if (first_bit(x) != first_bit(y)) return first_bit(x) < first_bit(y) ? -1 : 1;
    return x < y ? -1 : x > y;
}

static enum error check_addresses(struct plan *plan) {
    struct planned **sorted = calloc(plan->count + 1, sizeof *sorted);
    if (sorted == NULL) return ERROR_NO_MEMORY;
    for (size_t i = 0; i < plan->count; i++) sorted[i] = &plan->items[i];
    qsort(sorted, plan->count, sizeof *sorted, by_address);
    const struct planned *widest = NULL; // of those before, the one that reaches farthest
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *item = sorted[i];
        if (widest != NULL && widest->tag->output != item->tag->output) widest = NULL;
        if (widest != NULL && first_bit(item) < first_bit(widest) + widest->tag->bits)
            tell(plan, item, "it has the address of", widest->tag->name, "; correct one");
        if (widest == NULL || first_bit(item) + item->tag->bits > first_bit(widest) + widest->tag->bits) widest = item;
    }
    free(sorted);
    return ERROR_NONE;
}

// ---------------------------------------------------------------- all

/// Numbers for which the libraries have no class are left out; without a range they are raw, and that is told.
static bool can_be_taken(struct plan *plan, const struct import_tag *tag) {
    enum { NUMBER_BITS_MAX = 32 };
    if (!is_number(tag)) return true;
    if (tag->bits > NUMBER_BITS_MAX) {
        model_findings_add(plan->findings, false, tag->line, tag->name,
                           "left out: a signal has at most %d bits, not %u", NUMBER_BITS_MAX, tag->bits);
        return false;
    }
    if (tag->class.length == 0 && usual_class(plan, tag) == NULL) {
        model_findings_add(
            plan->findings, false, tag->line, tag->name,
            "left out: the libraries have no class %s for a number; name one in the column Class, or take "
            "the libraries of a plant that has it, such as plants/mixer",
            tag->output ? "ControlValve" : "AnalogSensor");
        return false;
    }
    if (!tag->range.given)
        model_findings_add(plan->findings, false, tag->line, tag->name,
                           "its value is the raw number of the terminal: say Unit, Low, High, Raw Low and Raw High");
    return true;
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
        if (can_be_taken(plan, tag)) plan->items[plan->count++].tag = tag;
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
