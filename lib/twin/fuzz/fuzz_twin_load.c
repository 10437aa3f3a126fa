// Bytes that a damaged database could hold: refused, or loaded as a document that is kept the same way.
#include <stdlib.h>
#include <twin/twin.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(twin_unref_at) struct twin *twin = NULL, *again = NULL;
    if (twin_load((struct text){(const char *)data, size}, 1, &twin, NULL) != ERROR_NONE) return 0;
    if (!twin_exists(twin)) return 0;
    CLEANUP(buffer_clear) struct buffer first = {0}, second = {0};
    twin_save(twin, &first);
    if (twin_load(buffer_view(&first), 1, &again, NULL) != ERROR_NONE) abort();
    twin_save(again, &second);
    if (!text_equal(buffer_view(&first), buffer_view(&second))) abort();
    return 0;
}
