#include "plant.h"

#include <stdio.h>
#include <string.h>

const char *const plant_things[PLANT_THINGS] = {
    [THING_CONVEYOR] = "mps_conveyor", [THING_MAGAZINE] = "mps_magazine", [THING_EJECTOR] = "mps_ejector",
    [THING_HMI] = "mps_hmi",           [THING_PLC] = "mps_plc",
};

bool plant_thing_find(struct text name, enum plant_thing *ret_thing) {
    for (unsigned thing = 0; thing < PLANT_THINGS; thing++) {
        if (!text_is(name, plant_things[thing])) continue;
        *ret_thing = (enum plant_thing)thing;
        return true;
    }
    return false;
}

// --- what the plant looks like ---

static void keep(char text[static STATION_TEXT_BYTES], struct text value) {
    snprintf(text, STATION_TEXT_BYTES, "%.*s", TEXT_ARG(value));
}

/// All leaves that are true or false, with their place in the view.
static const struct {
    enum plant_thing thing;
    const char *path;
    size_t place;
} leaves[] = {
    {THING_CONVEYOR, "emergency_stop/state", offsetof(struct station_view, emergency_stop)},
    {THING_CONVEYOR, "lightBarrier_entry/state", offsetof(struct station_view, entry)},
    {THING_CONVEYOR, "lightBarrier_exit/state", offsetof(struct station_view, exit)},
    {THING_CONVEYOR, "motor/direction/right/state", offsetof(struct station_view, belt_right)},
    {THING_CONVEYOR, "motor/direction/left/state", offsetof(struct station_view, belt_left)},
    {THING_CONVEYOR, "motor/slow/state", offsetof(struct station_view, belt_slow)},
    {THING_CONVEYOR, "motor/stop/state", offsetof(struct station_view, belt_blocked)},
    {THING_MAGAZINE, "lightBarrier_magazineEmpty/state", offsetof(struct station_view, magazine_empty)},
    {THING_MAGAZINE, "ejector/position/extended/state", offsetof(struct station_view, pusher_extended)},
    {THING_MAGAZINE, "ejector/position/retracted/state", offsetof(struct station_view, pusher_retracted)},
    {THING_EJECTOR, "lightBarrier_occupancyState/state", offsetof(struct station_view, occupied)},
    {THING_EJECTOR, "sensor_inductive/state", offsetof(struct station_view, metal)},
    {THING_EJECTOR, "lightBarrier_slideFull/state", offsetof(struct station_view, slide_full)},
    {THING_EJECTOR, "ejector/position/retracted/state", offsetof(struct station_view, ejector_retracted)},
    {THING_HMI, "switch_opMode/state", offsetof(struct station_view, automatic)},
    {THING_HMI, "actuator_start/state", offsetof(struct station_view, start)},
    {THING_HMI, "actuator_stop/state", offsetof(struct station_view, stop)},
    {THING_HMI, "actuator_reset/state", offsetof(struct station_view, reset)},
    {THING_HMI, "actuator_start/indicator/state", offsetof(struct station_view, lamps[LAMP_START])},
    {THING_HMI, "actuator_reset/indicator/state", offsetof(struct station_view, lamps[LAMP_RESET])},
    {THING_HMI, "indicator_Q1/state", offsetof(struct station_view, lamps[LAMP_MAGAZINE_EMPTY])},
    {THING_HMI, "indicator_Q2/state", offsetof(struct station_view, lamps[LAMP_SLIDE_FULL])},
};

/// What the gateway writes at a module when a command was answered (docs/spec/bus.md, [bus-4.3]).
static void look_at_outcome(struct station_outcome *outcome, const struct json *reported, const char *module) {
    const struct json *command = json_member(json_member(reported, module), "command");
    struct text status = json_string(json_member(command, "status"));
    struct text reason = json_string(json_member(command, "reason"));
    outcome->time_ms = json_integer(json_member(command, "time"), 0);
    outcome->refused = status.length > 0 && !text_is(status, "Good");
    snprintf(outcome->why, sizeof outcome->why, "%.*s: %.*s", TEXT_ARG(json_string(json_member(command, "method"))),
             TEXT_ARG(reason.length > 0 ? reason : status));
}

static void look_at_controller(struct station_view *view, const struct json *reported) {
    view->clock_ms = json_integer(json_member(reported, "Clock"), 0);
    view->controller_runs = text_is(json_string(json_member(reported, "State")), "run");
    keep(view->cause, json_string(json_member(reported, "Cause")));
}

static void look_at_leaves(struct station_view *view, enum plant_thing thing, const struct json *reported) {
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        if (leaves[i].thing != thing) continue;
        bool *value = (bool *)((char *)view + leaves[i].place);
        *value = json_bool(json_path(reported, text_of(leaves[i].path)));
    }
}

/// Where a time is not exact, the one that makes a workpiece seem to have gone farther: arrived late, left early, and
/// the belt stopped late.
static void note_times(struct station_view *view, const struct station_view *before, struct plant_time time) {
    if (view->occupied != before->occupied) view->occupied_us = view->occupied ? time.latest_us : time.earliest_us;
    bool belt_changed = view->belt_right != before->belt_right || view->belt_left != before->belt_left;
    if (belt_changed) view->belt_us = time.latest_us;
}

void plant_look(struct station_view *view, enum plant_thing thing, const struct json *reported,
                struct plant_time time) {
    const struct station_view before = *view;
    look_at_leaves(view, thing, reported);
    note_times(view, &before, time);
    if (thing == THING_CONVEYOR) look_at_outcome(&view->outcomes[MODULE_BELT], reported, "motor");
    if (thing == THING_MAGAZINE) look_at_outcome(&view->outcomes[MODULE_PUSHER], reported, "ejector");
    if (thing == THING_EJECTOR) look_at_outcome(&view->outcomes[MODULE_EJECTOR], reported, "ejector");
    if (thing == THING_PLC) look_at_controller(view, reported);
    // It has no sensor for "extended"; the cylinder infers it by time.
    if (thing == THING_EJECTOR)
        view->ejector_extended = text_is(json_string(json_path(reported, TEXT("ejector/Motion"))), "extended");
}

// --- wishes ---

static void put_call(struct json_writer *writer, const char *method, bool is_number, int argument) {
    json_key(writer, method);
    json_open_array(writer);
    if (is_number)
        json_put_integer(writer, argument);
    else
        json_put_bool(writer, argument != 0);
    json_close_array(writer);
}

/// The most urgent call first: those of one module are made one after the other.
static void wish_belt(const struct station_commands *commands, const struct station_view *view, struct buffer *out) {
    if (commands->belt == BELT_KEEP) return;
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    json_key(&writer, "motor");
    json_open_object(&writer);
    enum station_belt belt = commands->belt;
    bool runs = belt == BELT_RUN || belt == BELT_RUN_SLOWLY || belt == BELT_BACK;
    bool slowly = belt == BELT_RUN_SLOWLY || belt == BELT_SLOW_DOWN || belt == BELT_BACK;
    if (slowly) put_call(&writer, "setSlow", false, true);
    if (runs || belt == BELT_STOP) put_call(&writer, "setDirection", true, belt == BELT_BACK ? -1 : runs);
    bool fast_again = view->belt_slow && (belt == BELT_RUN || belt == BELT_STOP);
    if (fast_again || belt == BELT_SPEED_UP) put_call(&writer, "setSlow", false, false);
    if (runs && view->belt_blocked) put_call(&writer, "setStop", false, false);
    json_close_object(&writer);
    json_close_object(&writer);
}

static void wish_stroke(enum station_stroke stroke, struct buffer *out) {
    if (stroke == STROKE_KEEP) return;
    buffer_print(out, "{\"ejector\":{\"setPosition\":[%s]}}", stroke == STROKE_OUT ? "true" : "false");
}

static void wish_lamps(const struct station_commands *commands, struct buffer *out) {
    static const struct {
        const char *module, *inner; // `inner` NULL: the module is the lamp
    } places[STATION_LAMPS] = {
        [LAMP_START] = {"actuator_start", "indicator"},
        [LAMP_RESET] = {"actuator_reset", "indicator"},
        [LAMP_MAGAZINE_EMPTY] = {"indicator_Q1", NULL},
        [LAMP_SLIDE_FULL] = {"indicator_Q2", NULL},
    };
    bool any = false;
    for (int lamp = 0; lamp < STATION_LAMPS; lamp++) any |= commands->lamp_given[lamp];
    if (!any) return;
    struct json_writer writer = json_writer(out);
    json_open_object(&writer);
    for (int lamp = 0; lamp < STATION_LAMPS; lamp++) {
        if (!commands->lamp_given[lamp]) continue;
        json_key(&writer, places[lamp].module);
        json_open_object(&writer);
        if (places[lamp].inner != NULL) {
            json_key(&writer, places[lamp].inner);
            json_open_object(&writer);
        }
        put_call(&writer, "setState", false, commands->lamps[lamp]);
        if (places[lamp].inner != NULL) json_close_object(&writer);
        json_close_object(&writer);
    }
    json_close_object(&writer);
}

void plant_wish(const struct station_commands *commands, const struct station_view *view, enum plant_thing thing,
                struct buffer *ret_desired) {
    switch (thing) {
    case THING_CONVEYOR: return wish_belt(commands, view, ret_desired);
    case THING_MAGAZINE: return wish_stroke(commands->pusher, ret_desired);
    case THING_EJECTOR: return wish_stroke(commands->ejector, ret_desired);
    case THING_HMI: return wish_lamps(commands, ret_desired);
    case THING_PLC:
    case PLANT_THINGS: return; // nothing is wished there
    }
}

// --- the memory ---

static void put_text(struct json_writer *writer, const char *name, const char *value) {
    json_key(writer, name);
    json_put_string(writer, value);
}

static void put_bool(struct json_writer *writer, const char *name, bool value) {
    json_key(writer, name);
    json_put_bool(writer, value);
}

static void put_count(struct json_writer *writer, const char *name, uint64_t value) {
    json_key(writer, name);
    json_put_unsigned(writer, value);
}

static void put_words(struct json_writer *writer, const char *name, const struct station_words *words) {
    json_key(writer, name);
    json_open_object(writer);
    put_text(writer, "code", station_code_name(words->code));
    put_text(writer, "text", words->text);
    json_close_object(writer);
}

void station_save(const struct station *station, struct buffer *ret_reported) {
    struct json_writer writer = json_writer(ret_reported);
    json_open_object(&writer);
    put_text(&writer, "mode", station->automatic ? "automatic" : "manual");
    put_text(&writer, "state", station_state_name(station));
    put_text(&writer, "step", station_step_name(station->step));
    put_text(&writer, "message", station_message(station));
    put_text(&writer, "code", station_message_code(station));
    put_text(&writer, "fault", station->fault);
    put_count(&writer, "fed", station->fed);
    put_count(&writer, "sorted", station->sorted);
    put_count(&writer, "passed", station->passed);
    json_key(&writer, "memory"); // what only the function needs
    json_open_object(&writer);
    put_count(&writer, "since", (uint64_t)station->since_ms);
    put_bool(&writer, "stopping", station->stopping);
    put_bool(&writer, "metal", station->metal);
    put_bool(&writer, "atExit", station->at_exit);
    put_bool(&writer, "exited", station->exited);
    put_bool(&writer, "behind", station->behind);
    put_count(&writer, "tries", station->tries);
    put_count(&writer, "arrived", (uint64_t)station->arrived_us);
    put_count(&writer, "left", (uint64_t)station->left_us);
    put_bool(&writer, "beltClear", station->belt_clear);
    put_words(&writer, "interrupted", &station->interrupted);
    put_words(&writer, "note", &station->note);
    json_close_object(&writer);
    json_close_object(&writer);
}

static uint64_t counted(const struct json *reported, const char *name) {
    int64_t value = json_integer(json_member(reported, name), 0);
    return value < 0 ? 0 : (uint64_t)value;
}

static void take_words(struct station_words *words, const struct json *saved) {
    words->code = station_code_find(json_string(json_member(saved, "code")));
    keep(words->text, json_string(json_member(saved, "text")));
}

void station_load(struct station *station, const struct json *reported) {
    const struct json *memory = json_member(reported, "memory");
    *station = (struct station){
        .automatic = text_is(json_string(json_member(reported, "mode")), "automatic"),
        .since_ms = json_integer(json_member(memory, "since"), 0),
        .stopping = json_bool(json_member(memory, "stopping")),
        .metal = json_bool(json_member(memory, "metal")),
        .at_exit = json_bool(json_member(memory, "atExit")),
        .exited = json_bool(json_member(memory, "exited")),
        .behind = json_bool(json_member(memory, "behind")),
        .tries = (unsigned)counted(memory, "tries"),
        .arrived_us = json_integer(json_member(memory, "arrived"), 0),
        .left_us = json_integer(json_member(memory, "left"), 0),
        .belt_clear = json_bool(json_member(memory, "beltClear")),
        .fed = counted(reported, "fed"),
        .sorted = counted(reported, "sorted"),
        .passed = counted(reported, "passed"),
    };
    keep(station->fault, json_string(json_member(reported, "fault")));
    take_words(&station->interrupted, json_member(memory, "interrupted"));
    take_words(&station->note, json_member(memory, "note"));
    if (station_step_find(json_string(json_member(reported, "step")), &station->step)) return;
    station->step = STEP_STOPPED;
    station->belt_clear = false;
}
