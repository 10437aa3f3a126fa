// Any bytes are read or refused; a plant that is accepted keeps what model.h promises.
//
// An input that begins with 1 or 2 is a list of edits to a good model (the minimal seed, the real plant): so the search
// gets behind the XML. Each edit has seven bytes: what to do, two places of three bytes.
#include <base/file.h>
#include <model/model.h>
#include <stdlib.h>
#include <string.h>

static void expect(bool holds) {
    if (!holds) abort();
}

// ---------------------------------------------------------------- promises

static void check_channel(const struct plant *plant, const struct plant_channel *channel) {
    uint64_t first = (uint64_t)channel->byte * 8 + channel->bit, end = first + channel->bits;
    expect(channel->bit < 8 && channel->bits > 0);
    expect(channel->signal == NULL || channel->signal->channel == channel);
    for (size_t i = 0; i < plant->element_count; i++) {
        const struct plant_element *element = plant->elements[i];
        for (size_t k = 0; k < element->channel_count; k++) {
            const struct plant_channel *other = element->channels[k];
            uint64_t other_first = (uint64_t)other->byte * 8 + other->bit;
            expect(other == channel || other_first >= end || other_first + other->bits <= first);
        }
    }
}

static void check_call(const struct plant_signal *signal, struct text call) {
    if (call.length == 0) return;
    const char *open = memchr(call.data, '(', call.length);
    expect(open != NULL && call.data[call.length - 1] == ')');
    expect(plant_class_method(signal->module->class, (struct text){call.data, (size_t)(open - call.data)}) != NULL);
}

static void check_fields(const struct plant_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        expect(fields[i].name.length > 0 && fields[i].type != VALUE_NULL);
        expect(fields[i].names == NULL || fields[i].type == VALUE_STRING);
        expect(fields[i].range.low <= fields[i].range.high);
    }
}

static void check_signal(const struct plant_signal *signal) {
    const struct plant_channel *channel = signal->channel;
    if (channel == NULL) abort();
    expect(channel->signal == signal && channel->output == signal->actuator);
    expect(signal->field.type == VALUE_BOOL ? channel->bits == 1 : channel->bits >= 2 && channel->bits <= 32);
    expect(signal->module->kind == PLANT_CORE_MODULE && signal->module->class != NULL);
    expect(signal->twin_path.length > 0);
    expect(signal->field.type != VALUE_NULL && signal->field.type != VALUE_STRING);
    check_fields(&signal->field, 1);
    const struct plant_scaling *scaling = &signal->scaling;
    expect(!scaling->given || scaling->raw_low != scaling->raw_high);
    expect(!(scaling->raw_least >= scaling->raw_most));
    expect(signal->debounce_ms >= 0 && signal->latch_ms >= 0 && signal->stale_ms >= 0 && signal->deadband >= 0);
    check_call(signal, signal->on_true);
    check_call(signal, signal->on_false);
}

static void check_class(const struct plant_class *class) {
    check_fields(class->parameters, class->parameter_count);
    check_fields(class->variables, class->variable_count);
    for (size_t i = 0; i < class->method_count; i++) {
        check_fields(class->methods[i].inputs, class->methods[i].input_count);
        check_fields(class->methods[i].outputs, class->methods[i].output_count);
    }
    for (size_t i = 0; i < class->event_count; i++)
        expect(class->events[i].severity >= 1 && class->events[i].severity <= 1000);
}

static void check_element(const struct plant *plant, const struct plant_element *element) {
    expect(plant_find(plant, element->path) == element);
    expect(element->name.length > 0 && element->display_name.length > 0 && element->id.length == 36);
    expect((element->parent == NULL) == (element == plant->station));
    expect(element->kind != PLANT_CORE_MODULE || (element->thing != NULL && element->thing->kind == PLANT_THING));
    (void)plant_number(element, TEXT("Sim/BeltPosition"), 0);
    (void)plant_attribute(element, TEXT("Hmi/X"));
    for (size_t i = 0; i < element->child_count; i++) expect(element->children[i]->parent == element);
    for (size_t i = 0; i < element->channel_count; i++) check_channel(plant, element->channels[i]);
    for (size_t i = 0; i < element->signal_count; i++) {
        expect(element->signals[i]->module == element);
        expect(plant->signals[element->signals[i]->index] == element->signals[i]);
    }
}

static void check_plant(const struct plant *plant) {
    expect(plant->station->kind == PLANT_STATION && plant->namespace_uri.length > 0);
    expect(plant_has_role(plant->controller, TEXT("Controller")));
    for (size_t i = 0; i < plant->element_count; i++) check_element(plant, plant->elements[i]);
    for (size_t i = 0; i < plant->signal_count; i++) check_signal(plant->signals[i]);
    for (size_t i = 0; i < plant->class_count; i++) check_class(plant->classes[i]);
}

static void read_and_check(struct text bytes) {
    CLEANUP(model_findings_destroy_at) struct model_findings *findings = model_findings_create();
    CLEANUP(plant_destroy_at) struct plant *plant = NULL;
    CLEANUP(buffer_clear) struct buffer printed = {0};
    enum error error = model_read(bytes, findings, &plant, NULL);
    expect(error == ERROR_NONE || error == ERROR_INVALID);
    expect((error == ERROR_NONE) == (plant != NULL));
    expect((error == ERROR_NONE) == (model_findings_errors(findings) == 0));
    model_findings_print(findings, "plant.aml", &printed);
    if (plant != NULL) check_plant(plant);
}

// ---------------------------------------------------------------- edits

enum { EDIT_BYTES = 7 };
enum edit { EDIT_VALUE, EDIT_TEXT, EDIT_DELETE_LINE, EDIT_COPY_LINE, EDIT_BYTE, EDITS };

static struct text good_model(uint8_t which) {
    static struct buffer files[2];
    static const char *const paths[2] = {SOURCE_FOLDER "/lib/model/fuzz/seeds/fuzz_model/minimal.aml",
                                         SOURCE_FOLDER "/plants/mps/plant.aml"};
    struct buffer *file = &files[which - 1];
    if (file->length == 0) expect(file_read(paths[which - 1], 1024 * 1024, file, NULL) == ERROR_NONE);
    return buffer_view(file);
}

static size_t place(const uint8_t *bytes, size_t length) {
    return ((size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16) % length;
}

/// The piece at or behind `from` that stands between two of these bytes; empty when there is none.
static struct text piece(struct text text, size_t from, char open, char close) {
    const char *start = memchr(text.data + from, open, text.length - from);
    if (start == NULL) return TEXT_EMPTY;
    start++;
    const char *end = memchr(start, close, text.length - (size_t)(start - text.data));
    return end == NULL ? TEXT_EMPTY : (struct text){start, (size_t)(end - start)};
}

/// `text` with the piece `old`, which is in it, replaced.
static void exchange(struct text text, struct text old, struct text new, struct buffer *out) {
    size_t at = old.data == NULL ? 0 : (size_t)(old.data - text.data);
    buffer_append(out, text.data, at);
    buffer_text(out, new);
    buffer_text(out, text_from(text, at + old.length));
}

static void edit(struct text text, const uint8_t *how, struct buffer *out) {
    size_t a = place(how + 1, text.length), b = place(how + 4, text.length);
    struct text line = piece(text, a, '\n', '\n');
    switch ((enum edit)(how[0] % EDITS)) {
    case EDIT_VALUE: exchange(text, piece(text, a, '"', '"'), piece(text, b, '"', '"'), out); return;
    case EDIT_TEXT: exchange(text, piece(text, a, '>', '<'), piece(text, b, '>', '<'), out); return;
    case EDIT_DELETE_LINE: exchange(text, line, TEXT_EMPTY, out); return;
    case EDIT_COPY_LINE: exchange(text, (struct text){text.data + b, 0}, line, out); return;
    case EDIT_BYTE:
        exchange(text, (struct text){text.data + a, 1}, (struct text){(const char *)how + 4, 1}, out);
        return;
    case EDITS: return;
    }
}

static void read_edited(uint8_t which, const uint8_t *edits, size_t size) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    buffer_text(&text, good_model(which));
    for (; size >= EDIT_BYTES && text.length > 0; edits += EDIT_BYTES, size -= EDIT_BYTES) {
        struct buffer next = {0};
        edit(buffer_view(&text), edits, &next);
        buffer_clear(&text);
        text = next;
    }
    read_and_check(buffer_view(&text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && (data[0] == 1 || data[0] == 2))
        read_edited(data[0], data + 1, size - 1);
    else
        read_and_check((struct text){(const char *)data, size});
    return 0;
}
