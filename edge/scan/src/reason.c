#include <scan/reason.h>

#include <stddef.h>

status_code scan_reason_status(struct scan_reason reason) {
    switch ((enum scan_reason_id)reason.id) {
#define X(id, status, sentence)                                                                                        \
    case SCAN_REASON_##id: return STATUS_##status;
        SCAN_REASON_TABLE(X)
#undef X
    case SCAN_REASON_COUNT: break;
    }
    return STATUS_BadInternalError;
}

const char *scan_reason_sentence(enum scan_reason_id id) {
    static const char *const sentences[] = {
#define X(id, status, sentence) sentence,
        SCAN_REASON_TABLE(X)
#undef X
    };
    return (size_t)id < SCAN_REASON_COUNT ? sentences[id] : "";
}
