#include "schedule.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { YEAR_FIRST = 1970, YEAR_LAST = 2199, DAYS_SEARCHED_MAX = 366 * 9 }; // 29 February comes within eight years

static enum error refuse(struct text text, struct problem *ret_problem) {
    return problem_say(
        ret_problem, ERROR_INVALID,
        "\"%.*s\" is no time: write rate(5 minutes), or cron(MINUTES HOURS DAY MONTH WEEKDAY YEAR) with ? "
        "for the day or the weekday, such as cron(0 8 ? * MON-FRI *)",
        TEXT_ARG(text));
}

// --- rate ---

static bool read_rate(struct text text, struct schedule *schedule) {
    static const struct {
        const char *name;
        uint64_t seconds;
    } units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};
    struct text number, unit = text_trim(text);
    uint64_t value;
    if (!text_split(&unit, ' ', &number) || text_to_u64(number, &value) || value == 0 || value > 100000) return false;
    if (unit.length > 0 && unit.data[unit.length - 1] == 's') unit.length--;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!text_is(unit, units[i].name)) continue;
        schedule->period_s = value * units[i].seconds;
        return true;
    }
    return false;
}

// --- cron ---

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
static const char *const day_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

struct field {
    unsigned first, last;
    const char *const *names; // of first, first + 1 ...; NULL: none
};

static bool read_value(const struct field *field, struct text text, unsigned *ret_value) {
    uint64_t value;
    for (unsigned i = 0; field->names != NULL && i <= field->last - field->first; i++) {
        if (text.length != 3 || strncasecmp(text.data, field->names[i], 3) != 0) continue;
        *ret_value = field->first + i;
        return true;
    }
    if (text_to_u64(text, &value) || value < field->first || value > field->last) return false;
    *ret_value = (unsigned)value;
    return true;
}

/// "*", "5", "1-5", "0/15", "10-50/5"
static bool read_range(const struct field *field, struct text text, unsigned *ret_first, unsigned *ret_last,
                       unsigned *ret_step) {
    struct text range, first, step = text;
    uint64_t by = 1;
    bool stepped = text.length > 0 && memchr(text.data, '/', text.length) != NULL;
    if (!text_split(&step, '/', &range)) return false;
    if (stepped && (text_to_u64(step, &by) || by == 0 || by > field->last)) return false;
    *ret_step = (unsigned)by;
    *ret_first = field->first;
    *ret_last = field->last;
    if (text_is(range, "*") || text_is(range, "?")) return true;
    bool ranged = range.length > 0 && memchr(range.data, '-', range.length) != NULL;
    if (!text_split(&range, '-', &first) || !read_value(field, first, ret_first)) return false;
    if (!stepped) *ret_last = *ret_first;
    return !ranged || (read_value(field, range, ret_last) && *ret_last >= *ret_first);
}

static bool read_bits(const struct field *field, struct text text, uint64_t *ret_bits) {
    struct text piece;
    *ret_bits = 0;
    while (text_split(&text, ',', &piece)) {
        unsigned first, last, step;
        if (!read_range(field, piece, &first, &last, &step)) return false;
        for (unsigned i = first; i <= last; i += step) *ret_bits |= UINT64_C(1) << i;
    }
    return *ret_bits != 0;
}

static bool read_cron(struct text text, struct schedule *schedule) {
    static const struct field fields[] = {
        {0, 59, NULL}, {0, 23, NULL}, {1, 31, NULL}, {1, 12, month_names}, {1, 7, day_names}};
    static const struct field years = {YEAR_FIRST, YEAR_LAST, NULL};
    uint64_t bits[5];
    struct text rest = text_trim(text), piece, day = TEXT_EMPTY, weekday = TEXT_EMPTY;
    for (size_t i = 0; i < 5; i++) {
        if (!text_split(&rest, ' ', &piece) || !read_bits(&fields[i], piece, &bits[i])) return false;
        if (i == 2) day = piece;
        if (i == 4) weekday = piece;
    }
    if (text_is(day, "?") == text_is(weekday, "?")) return false; // exactly one of the two says nothing
    if (!read_range(&years, rest, &schedule->year_first, &schedule->year_last, &schedule->year_step)) return false;
    schedule->minutes = bits[0];
    schedule->hours = (uint32_t)bits[1];
    schedule->days = (uint32_t)bits[2];
    schedule->months = (uint16_t)bits[3];
    schedule->weekdays = (uint8_t)bits[4];
    return true;
}

enum error schedule_read(struct text text, struct schedule *ret_schedule, struct problem *ret_problem) {
    struct schedule schedule = {0};
    struct text rate = TEXT("rate("), cron = TEXT("cron(");
    bool closed = text_ends_with(text, TEXT(")")) && text.length > rate.length;
    struct text inner = text_from(text, rate.length);
    if (closed) inner.length--;
    bool good = closed && text_starts_with(text, rate) && read_rate(inner, &schedule);
    if (!good) good = closed && text_starts_with(text, cron) && read_cron(inner, &schedule);
    if (!good) return refuse(text, ret_problem);
    *ret_schedule = schedule;
    return ERROR_NONE;
}

// --- the next time ---

static bool has(uint64_t bits, int at) {
    return (bits >> at & 1) != 0;
}

static bool is_day(const struct schedule *schedule, const struct tm *day) {
    unsigned year = (unsigned)day->tm_year + 1900;
    if (year < schedule->year_first || year > schedule->year_last) return false;
    if ((year - schedule->year_first) % schedule->year_step != 0) return false;
    return has(schedule->months, day->tm_mon + 1) && has(schedule->days, day->tm_mday) &&
           has(schedule->weekdays, day->tm_wday + 1);
}

/// The first minute of this day from `minute` on; -1: none.
static int find_minute(const struct schedule *schedule, int minute) {
    for (; minute < 24 * 60; minute++)
        if (has(schedule->hours, minute / 60) && has(schedule->minutes, minute % 60)) return minute;
    return -1;
}

uint64_t schedule_next_s(const struct schedule *schedule, uint64_t after_s) {
    if (schedule->period_s > 0) return (after_s / schedule->period_s + 1) * schedule->period_s;
    uint64_t from_s = (after_s / 60 + 1) * 60;
    for (int i = 0; i < DAYS_SEARCHED_MAX; i++) {
        time_t day_s = (time_t)(from_s / 86400 * 86400);
        struct tm day;
        gmtime_r(&day_s, &day);
        int minute = is_day(schedule, &day) ? find_minute(schedule, (int)(from_s % 86400 / 60)) : -1;
        if (minute >= 0) return (uint64_t)day_s + (uint64_t)minute * 60;
        from_s = (uint64_t)day_s + 86400;
    }
    return 0;
}
