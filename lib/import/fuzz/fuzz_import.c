// Any list is a plant or is refused; a plant that is made is XML that reads again, and its wires are all there. Bytes
// that are a document are read as an export and as a manifest.
#include <base/file.h>
#include <import/import.h>
#include <stdlib.h>
#include <string.h>

static void expect(bool holds) {
    if (!holds) abort();
}

static struct caex *read_any(struct text bytes) {
    struct model_findings *findings = model_findings_create();
    struct caex *caex = NULL;
    error_ignore(caex_create(bytes, CAEX_ANY, findings, &caex, NULL));
    model_findings_destroy(findings);
    return caex;
}

/// Those with classes for numbers, or those without.
static const struct caex *libraries(bool numbers) {
    static struct caex *read[2]; // the one copy of each
    struct caex **caex = &read[numbers];
    if (*caex != NULL) return *caex;
    struct buffer bytes = {0};
    const char *path = numbers ? SOURCE_FOLDER "/plants/mixer/plant.aml" : SOURCE_FOLDER "/plants/mps/plant.aml";
    expect(file_read(path, MODEL_BYTES_MAX, &bytes, NULL) == ERROR_NONE);
    *caex = read_any(buffer_view(&bytes));
    buffer_clear(&bytes);
    return *caex;
}

static void make(const struct import_tags *tags) {
    enum { TAGS_MAX = 50 }; // the libraries are written each time
    if (tags == NULL || import_tags_count(tags) > TAGS_MAX) return;
    struct model_findings *findings = model_findings_create();
    struct buffer out = {0};
    const struct import_plant_options options = {.station = TEXT("S"),
                                                 .libraries = libraries(import_tags_count(tags) % 2 == 0)};
    enum error error = import_make_plant(tags, &options, findings, &out, NULL);
    if (!error) {
        struct caex *made = read_any(buffer_view(&out));
        expect(made != NULL);
        size_t counts[CAEX_KINDS];
        caex_count(made, counts);
        expect(counts[CAEX_LINK] > 0 && counts[CAEX_LINK] <= import_tags_count(tags));
        caex_destroy(made);
    }
    buffer_clear(&out);
    model_findings_destroy(findings);
}

static void import_document(const struct caex *caex) {
    struct model_findings *findings = model_findings_create();
    struct import_tags *tags = NULL;
    struct import_mtp *mtp = NULL;
    error_ignore(import_apc(caex, findings, &tags, NULL));
    expect(import_mtp(caex, findings, &mtp, NULL) != ERROR_NONE || import_is_mtp(caex));
    make(tags);
    import_tags_destroy(tags);
    import_mtp_destroy(mtp);
    model_findings_destroy(findings);
}

static void import_list(struct text bytes) {
    struct model_findings *findings = model_findings_create();
    struct import_tags *tags = NULL;
    enum error error = import_csv(bytes, findings, &tags, NULL);
    expect((error == ERROR_NONE) == (tags != NULL));
    for (size_t i = 0; tags != NULL && i < import_tags_count(tags); i++)
        expect(import_tags_at(tags, i)->name.length > 0 && import_tags_at(tags, i)->bit < 8);
    make(tags);
    import_tags_destroy(tags);
    model_findings_destroy(findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text bytes = {(const char *)data, size};
    struct caex *caex = size > 0 && (data[0] == '<' || data[0] == 'P') ? read_any(bytes) : NULL;
    if (caex != NULL)
        import_document(caex);
    else
        import_list(bytes);
    caex_destroy(caex);
    return 0;
}
