// Any bytes are read as somebody's AutomationML or refused; what is read is written back, and that reads back and
// writes the same again. An input that begins with 'Z' is what stands behind the first line as the root of a container.
#include <model/caex.h>
#include <stdlib.h>
#include <string.h>
#include <zip/zip.h>

static void expect(bool holds) {
    if (!holds) abort();
}

static void check_node(const struct caex_node *node) {
    size_t bases = 0;
    for (const struct caex_node *base = node->base; base != NULL; base = base->base)
        expect(++bases <= CAEX_INHERITANCE_MAX + 1);
    if (node->kind == CAEX_LINK) return;
    expect(!node->has_value || node->value.data != NULL);
}

static void look_up(struct caex_node *node) {
    if (node->kind != CAEX_ELEMENT && node->kind != CAEX_INTERFACE) return;
    error_ignore(caex_attribute(node, TEXT("a/b")).length > 0 ? ERROR_NONE : ERROR_NOT_FOUND);
    error_ignore(caex_localised(node, TEXT("a"), TEXT("de-DE")).length > 0 ? ERROR_NONE : ERROR_NOT_FOUND);
    error_ignore(caex_has_role(node, TEXT("L/R")) ? ERROR_NONE : ERROR_NOT_FOUND);
}

static struct caex *create(struct text bytes) {
    struct model_findings *findings = model_findings_create();
    struct caex *caex = NULL;
    struct problem problem = {""};
    enum error error = caex_create(bytes, CAEX_ANY, findings, &caex, &problem);
    expect((error == ERROR_NONE) == (caex != NULL) && (error == ERROR_NONE) == (problem.text[0] == '\0'));
    expect((error == ERROR_NONE) == (model_findings_errors(findings) == 0));
    model_findings_destroy(findings);
    return caex;
}

static void read_and_write(struct text bytes) {
    struct caex *first = create(bytes);
    if (first == NULL) return;
    size_t nodes = 0;
    for (struct caex_node *node = caex_root(first); node != NULL; node = caex_walk(caex_root(first), node)) {
        check_node(node);
        if (++nodes < 100) look_up(node);
    }
    struct buffer written = {0}, again = {0};
    expect(caex_write(first, &written) == ERROR_NONE);
    struct caex *second = create(buffer_view(&written));
    if (second != NULL) { // extensions may be one element deeper than the limit now
        expect(caex_write(second, &again) == ERROR_NONE);
        expect(text_equal(buffer_view(&written), buffer_view(&again)));
    }
    buffer_clear(&written);
    buffer_clear(&again);
    caex_destroy(first);
    caex_destroy(second);
}

static void read_packed(struct text bytes) {
    const struct zip_entry entry = {TEXT("a.aml"), bytes};
    struct buffer archive = {0};
    expect(zip_write(&entry, 1, &archive, NULL) == ERROR_NONE);
    read_and_write(buffer_view(&archive));
    buffer_clear(&archive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text bytes = {(const char *)data, size};
    if (size > 0 && data[0] == 'Z')
        read_packed(text_from(bytes, 1));
    else
        read_and_write(bytes);
    return 0;
}
