/// Conditions and schedules, believed or not: what is accepted can be used, and the next time is later.
#include "../src/condition.h"
#include "../src/schedule.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint64_t now_s = 1700000000;
    struct text text = {(const char *)data, size};
    struct schedule schedule;
    if (schedule_read(text, &schedule, NULL) == ERROR_NONE) {
        uint64_t next_s = schedule_next_s(&schedule, now_s);
        if (next_s != 0 && next_s <= now_s) abort();
    }
    if (condition_check(text, NULL) == ERROR_NONE) (void)condition_holds(text, NULL);
    return 0;
}
