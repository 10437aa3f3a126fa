#include <base/clock.h>

#include <stdio.h>
#include <time.h>

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now); // cannot fail with the two clocks used here
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void) {
    return clock_ns(CLOCK_REALTIME);
}

void clock_text(uint64_t wall_ns, char ret_text[static CLOCK_TEXT_BYTES]) {
    time_t seconds = (time_t)(wall_ns / NS_PER_S);
    unsigned milliseconds = (unsigned)(wall_ns / NS_PER_MS % 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t length = strftime(ret_text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(ret_text + length, CLOCK_TEXT_BYTES - length, ".%03uZ", milliseconds);
}
