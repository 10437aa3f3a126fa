// Any bytes are read as somebody's AutomationML or refused; what is read is written back, and that reads back and
// writes the same again, with all that others added. An input that begins with 'Z' is the root of a container; one that
// begins with 'R' is its relationships up to a zero byte, and the root behind it.
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

static size_t count_foreign(const struct caex *caex) {
    size_t counts[CAEX_KINDS];
    caex_count(caex, counts);
    return counts[CAEX_EXTENSION_ATTRIBUTE];
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
        expect(count_foreign(second) >= count_foreign(first)); // and where the file comes from
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

static void read_related(struct text bytes) {
    struct text relationships;
    if (!text_split(&bytes, '\0', &relationships)) return;
    const struct zip_entry entries[] = {
        {TEXT("_rels/.rels"), relationships}, {TEXT("b/x%20y.aml"), bytes}, {TEXT("a.aml"), bytes}};
    struct buffer archive = {0};
    expect(zip_write(entries, sizeof entries / sizeof entries[0], &archive, NULL) == ERROR_NONE);
    read_and_write(buffer_view(&archive));
    buffer_clear(&archive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text bytes = {(const char *)data, size};
    if (size > 0 && data[0] == 'Z')
        read_packed(text_from(bytes, 1));
    else if (size > 0 && data[0] == 'R')
        read_related(text_from(bytes, 1));
    else
        read_and_write(bytes);
    return 0;
}
