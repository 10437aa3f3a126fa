/// When a function is due: AWS EventBridge's expressions, in UTC. "rate(5 minutes)" (seconds, minutes, hours, days) and
/// "cron(Minutes Hours Day-of-month Month Day-of-week Year)" with `*`, `?`, lists, ranges and steps; names of months
/// and days; day of week 1 is Sunday. Not: L, W and #. Pure.
#pragma once

#include <base/problem.h>
#include <base/text.h>

struct schedule {
    uint64_t period_s;    // of a rate; 0: cron
    uint64_t minutes;     // bit 0 .. 59
    uint32_t hours, days; // bit 0 .. 23; 1 .. 31
    uint16_t months;      // bit 1 .. 12
    uint8_t weekdays;     // bit 1 (Sunday) .. 7
    unsigned year_first, year_last, year_step;
};
enum error schedule_read(struct text text, struct schedule *ret_schedule, struct problem *ret_problem);

/// The first time after `after_s` (seconds since 1970); 0: never again. A rate's grid begins in 1970.
uint64_t schedule_next_s(const struct schedule *schedule, uint64_t after_s);
