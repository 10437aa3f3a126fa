// Automatic mode of the MPS station: a function that is called when something in the plant has changed.
//
//   twin of a thing ──event──► view ──► station_decide ──► memory: twin mps_automatic
//                                                     └──► wishes: `desired` of the things
#include "plant.h"

#include <base/clock.h>
#include <base/log.h>
#include <splc/function.h>

#include <string.h>

static const struct text own_twin = {"mps_automatic", 13};

struct automatic {
    bool loaded; // view and station are those of the twins
    struct station_view view, before;
    bool has_before; // `before` is what the last decision has seen; without it the step's commands are given again
    uint64_t versions[PLANT_THINGS];
    struct station station;
    struct buffer saved; // the memory as it was written last
};

// --- the view ---

static enum error load_thing(struct automatic *automatic, struct splc_function *function, enum plant_thing thing,
                             bool *ret_known, struct problem *ret_problem) {
    CLEANUP(splc_twin_clear) struct splc_twin twin = {0};
    enum error error = splc_twin_get(function, text_of(plant_things[thing]), &twin, ret_problem);
    if (error) return error;
    *ret_known = twin.reported != NULL && !twin.restored;
    automatic->versions[thing] = twin.version;
    plant_look(&automatic->view, thing, twin.reported, (struct plant_time){0});
    return ERROR_NONE;
}

static enum error load_station(struct automatic *automatic, struct splc_function *function,
                               struct problem *ret_problem) {
    CLEANUP(splc_twin_clear) struct splc_twin twin = {0};
    enum error error = splc_twin_get(function, own_twin, &twin, ret_problem);
    if (!error) station_load(&automatic->station, twin.reported);
    return error;
}

/// At the first event of a process. Nothing is decided before every thing is known as it is now.
static enum error load(struct automatic *automatic, struct splc_function *function, struct problem *ret_problem) {
    automatic->view = (struct station_view){0};
    enum error error = load_station(automatic, function, ret_problem);
    bool all = true;
    for (unsigned thing = 0; thing < PLANT_THINGS && !error; thing++) {
        bool known = false;
        error = load_thing(automatic, function, (enum plant_thing)thing, &known, ret_problem);
        all = all && known;
    }
    automatic->loaded = !error && all;
    automatic->has_before = false;
    buffer_reset(&automatic->saved);
    return error;
}

/// When the change happened: the cause "c:N" says it ([bus-5.1]). Of several that were joined it is the first's, and
/// the change that counts may be as late as now.
static struct plant_time time_of(const struct splc_event *event) {
    struct plant_time time = {.latest_us = (int64_t)(clock_wall_ns() / NS_PER_US)};
    bool known = text_starts_with(event->cause, TEXT("c:")) &&
                 text_to_i64(text_from(event->cause, 2), &time.earliest_us) == ERROR_NONE;
    if (known && event->joined == 0) time.latest_us = time.earliest_us;
    return time;
}

/// Events may be older than what was loaded meanwhile.
static void look(struct automatic *automatic, const struct splc_event *event) {
    enum plant_thing thing;
    if (!plant_thing_find(event->thing, &thing) || event->version <= automatic->versions[thing]) return;
    automatic->versions[thing] = event->version;
    plant_look(&automatic->view, thing, json_member(event->current, "reported"), time_of(event));
}

// --- what was decided ---

static enum error wish(const struct automatic *automatic, struct splc_function *function,
                       const struct station_commands *commands, enum plant_thing thing, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer desired = {0};
    plant_wish(commands, &automatic->view, thing, &desired);
    if (desired.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    if (desired.length == 0) return ERROR_NONE;
    return splc_twin_desire(function, text_of(plant_things[thing]), buffer_view(&desired), ret_problem);
}

static enum error save(struct automatic *automatic, struct splc_function *function, struct problem *ret_problem) {
    CLEANUP(buffer_clear) struct buffer reported = {0};
    station_save(&automatic->station, &reported);
    if (reported.failed) return problem_say(ret_problem, ERROR_NO_MEMORY, "out of memory");
    if (text_equal(buffer_view(&reported), buffer_view(&automatic->saved))) return ERROR_NONE;
    enum error error = splc_twin_report(function, own_twin, buffer_view(&reported), ret_problem);
    if (error) return error;
    buffer_clear(&automatic->saved);
    automatic->saved = reported;
    reported = (struct buffer){0};
    return ERROR_NONE;
}

/// The memory before the commands (station.h, (1)), but for the belt where that was decided.
static enum error carry_out(struct automatic *automatic, struct splc_function *function,
                            const struct station_commands *commands, struct problem *ret_problem) {
    enum error error = ERROR_NONE;
    if (commands->belt_first) error = wish(automatic, function, commands, THING_CONVEYOR, ret_problem);
    if (!error) error = save(automatic, function, ret_problem);
    if (!error && !commands->belt_first) error = wish(automatic, function, commands, THING_CONVEYOR, ret_problem);
    if (!error) error = wish(automatic, function, commands, THING_MAGAZINE, ret_problem);
    if (!error) error = wish(automatic, function, commands, THING_EJECTOR, ret_problem);
    if (!error) error = wish(automatic, function, commands, THING_HMI, ret_problem);
    return error;
}

static enum error on_event(void *context, struct splc_function *function, const struct splc_event *event,
                           struct buffer *ret_answer, struct problem *ret_problem) {
    (void)ret_answer;
    struct automatic *automatic = context;
    enum error error = automatic->loaded ? ERROR_NONE : load(automatic, function, ret_problem);
    if (error || !automatic->loaded) return error;
    look(automatic, event);
    struct station_commands commands;
    enum station_step step = automatic->station.step;
    station_decide(&automatic->station, automatic->has_before ? &automatic->before : NULL, &automatic->view, &commands);
    error = carry_out(automatic, function, &commands, ret_problem);
    if (error) {
        automatic->loaded = false; // what was done and what not is in the twins; the next event begins with them
        return error;
    }
    if (automatic->station.step != step)
        log_info("%s: fed %llu, sorted %llu, passed %llu", station_step_name(automatic->station.step),
                 (unsigned long long)automatic->station.fed, (unsigned long long)automatic->station.sorted,
                 (unsigned long long)automatic->station.passed);
    automatic->before = automatic->view;
    automatic->has_before = true;
    return ERROR_NONE;
}

int main(void) {
    static struct automatic automatic;
    return splc_function_run(on_event, &automatic);
}
