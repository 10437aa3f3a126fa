// Any bytes as the file of the buffer: what is read is in order, and printing it gives text.

#include <diagnostics/diagnostics.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct diagnostics_list list = {0};
    if (diagnostics_decode((struct text){(const char *)data, size}, &list)) return 0;
    CLEANUP(buffer_clear) struct buffer out = {0};
    for (size_t i = 0; i < list.count; i++) {
        if (i > 0 && list.entries[i - 1].sequence >= list.entries[i].sequence) abort();
        diagnostics_print_json(&list.entries[i], &out);
        diagnostics_print_line(&list.entries[i], &out);
    }
    if (list.count + list.damaged > DIAGNOSTICS_RECORDS) abort();
    if (list.count > 0 && !text_is_utf8(buffer_view(&out))) abort();
    diagnostics_list_clear(&list);
    return 0;
}
