/// Topic to subject and back: whatever is accepted one way comes back as the same bytes.
#include <base/cleanup.h>
#include <bus/bus.h>

#include <stdlib.h>

typedef enum error convert_fn(struct text, struct buffer *);

static void there_and_back(struct text from, convert_fn *there, convert_fn *back) {
    CLEANUP(buffer_clear) struct buffer to = {0};
    CLEANUP(buffer_clear) struct buffer again = {0};
    if (there(from, &to)) {
        if (to.length != 0) abort(); // a refusal leaves nothing behind
        return;
    }
    if (back(buffer_view(&to), &again)) abort();
    if (!text_equal(buffer_view(&again), from)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text input = {(const char *)data, size};
    there_and_back(input, bus_subject_from_topic, bus_topic_from_subject);
    there_and_back(input, bus_topic_from_subject, bus_subject_from_topic);
    return 0;
}
