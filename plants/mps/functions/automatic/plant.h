/// Between the twins' documents and the state machine: JSON in, JSON out. Pure.
#pragma once

#include "station.h"

#include <json/json.h>

/// The things that the automatic mode looks at.
enum plant_thing { THING_CONVEYOR, THING_MAGAZINE, THING_EJECTOR, THING_HMI, THING_PLC, PLANT_THINGS };
extern const char *const plant_things[PLANT_THINGS]; // their names
bool plant_thing_find(struct text name, enum plant_thing *ret_thing);

/// When a change happened, in us since 1970: exact when both are the same; 0: not known.
struct plant_time {
    int64_t earliest_us, latest_us;
};
/// Takes over what `reported` of a thing says; what it does not say is false.
void plant_look(struct station_view *view, enum plant_thing thing, const struct json *reported, struct plant_time time);

/// Writes the wishes for one thing as `desired`; nothing when there are none.
void plant_wish(const struct station_commands *commands, const struct station_view *view, enum plant_thing thing,
                struct buffer *ret_desired);

/// The station's memory as `reported` of the twin that the function owns, and back. Reading takes what is there:
/// a twin that is new or broken gives a stopped station with nothing known of the belt.
void station_save(const struct station *station, struct buffer *ret_reported);
void station_load(struct station *station, const struct json *reported);
