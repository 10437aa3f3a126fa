#include "count.h"

void count_next(const struct json *reported, struct buffer *out) {
    long long events = json_integer(json_member(reported, "events"), 0);
    buffer_print(out, "{\"events\":%lld}", events + 1);
}
