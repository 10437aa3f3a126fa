#include "station.h"

#include <stdio.h>
#include <string.h>

/* Times are plant time in ms. The workpiece's way: feed 30 mm, entry beam 250, material and occupancy sensors 300,
 * ejector 320, exit beam 560, end of the belt 600; at 77 mm/s, 40 mm/s slowly. A workpiece is 40 mm long, so that its
 * middle is before the ejector just when the sensors have become free. */
enum {
    CLEAR_MS = 9000,              // the whole belt takes 7.8 s
    RUN_OUT_MS = 1500,            // from the exit beam to the end of the belt: 0.3 s
    BEFORE_ENTRY_MS = 1750,       // after feeding, at full speed; the entry beam would be reached after 2700
    BEFORE_EXIT_MS = 2000,        // after the sensor, at full speed; the exit beam would be reached after 2860
    FEED_TO_EXIT_MS_MIN = 6000,   // to the exit beam at full speed: 6600, less what the clock's steps hide
    SENSOR_TO_EXIT_MS_MIN = 2500, // 3400
    LAMP_AGAIN_MS = 2000,         // a lamp that does not follow is commanded again
    PIECE_MM = 40,                // what the belt moves from "occupied" to "free"
    RUN_ON_MM_MAX = 14, // after the sensor; 20 are the ejector's reach, and the belt takes up to 3 more to stand
    TRIES_MAX = 5,
};

struct step {
    const char *name;
    const char *message; // what happens
    enum station_belt belt;
    enum station_stroke pusher, ejector;
    unsigned limit_ms;  // 0: none
    const char *missed; // the fault past the limit
};

// The limits on the way to the sensor are long enough for a workpiece that passes unseen, because this program was not
// running, to reach the exit beam slowly: it is taken back from there.
static const struct step steps[STATION_STEPS] = {
    [STEP_STOPPED] = {"stopped", "", BELT_KEEP, STROKE_KEEP, STROKE_KEEP, 0, ""},
    [STEP_CLEARING] = {"clearing", "The belt runs until it is empty.", BELT_RUN, STROKE_BACK, STROKE_BACK, 0, ""},
    [STEP_HOMING] = {"homing", "The cylinders return.", BELT_KEEP, STROKE_BACK, STROKE_BACK, 6000,
                     "A cylinder did not return in time."},
    [STEP_FEEDING] = {"feeding", "A workpiece is being fed.", BELT_KEEP, STROKE_OUT, STROKE_KEEP, 6000,
                      "The magazine's cylinder did not reach its front end in time."},
    [STEP_TO_ENTRY] = {"to_entry", "A workpiece is on its way.", BELT_RUN, STROKE_BACK, STROKE_KEEP, 13000,
                       "No workpiece arrived at the entry beam in time."},
    [STEP_TO_SENSOR] = {"to_sensor", "A workpiece is on its way.", BELT_RUN_SLOWLY, STROKE_KEEP, STROKE_KEEP, 9000,
                        "The workpiece did not arrive at the material sensor in time."},
    [STEP_AT_SENSOR] = {"at_sensor", "A workpiece is at the material sensor.", BELT_RUN_SLOWLY, STROKE_KEEP,
                        STROKE_KEEP, 5000, "The workpiece did not leave the material sensor in time."},
    [STEP_STOPPING] = {"stopping", "A workpiece of metal stops before the ejector.", BELT_STOP, STROKE_KEEP,
                       STROKE_KEEP, 5000, "The belt did not stop in time."},
    [STEP_BACK] = {"back", "A workpiece is taken back to the material sensor.", BELT_BACK, STROKE_KEEP, STROKE_KEEP,
                   15000, "The workpiece did not come back to the material sensor in time."},
    [STEP_EJECTING] = {"ejecting", "A workpiece of metal is being sorted out.", BELT_STOP, STROKE_KEEP, STROKE_OUT,
                       6000, "The ejector did not reach its front end in time."},
    [STEP_RETURNING] = {"returning", "The ejector returns.", BELT_STOP, STROKE_KEEP, STROKE_BACK, 6000,
                        "The ejector did not return in time."},
    [STEP_TO_EXIT] = {"to_exit", "A workpiece is on its way to the exit.", BELT_RUN, STROKE_KEEP, STROKE_KEEP, 9000,
                      "The workpiece did not pass the exit beam in time."},
    [STEP_RUNNING_OUT] = {"running_out", "The last workpiece leaves the belt.", BELT_RUN, STROKE_KEEP, STROKE_KEEP, 0,
                          ""},
};

static const struct {
    const char *name, *text;
} codes[STATION_CODES] = {
    [CODE_NONE] = {"", ""},
    [CODE_PRESS_START] = {"press_start", "Press start."},
    [CODE_GO_ON] = {"go_on", "Press start to go on."},
    [CODE_MANUAL] = {"manual", "The key switch is on manual: turn it to automatic and press start."},
    [CODE_MAGAZINE_EMPTY] = {"magazine_empty", "The magazine is empty: refill it and press start."},
    [CODE_SLIDE_FULL] = {"slide_full", "The slide is full: empty it and press start."},
    [CODE_EMERGENCY_STOP] = {"emergency_stop", "Emergency stop. Release it, press reset, then start."},
    [CODE_CONTROLLER_STANDS] = {"controller_stands", "The controller does not run: %s. Press reset, then start."},
    [CODE_CONTROLLER_RESTARTED] = {"controller_restarted", "The controller was restarted. Press start."},
    [CODE_COMMAND_REFUSED] = {"command_refused", "A command was refused: %s. Press start to go on."},
};

// --- words ---

const char *station_step_name(enum station_step step) {
    return steps[step].name;
}

bool station_step_find(struct text name, enum station_step *ret_step) {
    for (unsigned step = 0; step < STATION_STEPS; step++) {
        if (!text_is(name, steps[step].name)) continue;
        *ret_step = (enum station_step)step;
        return true;
    }
    return false;
}

static bool is_interrupted(const struct station *station) {
    return station->interrupted.code != CODE_NONE;
}

const char *station_state_name(const struct station *station) {
    if (station->fault[0] != '\0') return "fault";
    if (is_interrupted(station)) return "interrupted";
    if (station->step == STEP_STOPPED) return "stopped";
    if (station->stopping || station->step == STEP_RUNNING_OUT) return "stopping";
    return station->belt_clear ? "producing" : "starting";
}

const char *station_message(const struct station *station) {
    if (station->fault[0] != '\0') return station->fault;
    if (is_interrupted(station)) return station->interrupted.text;
    return station->step == STEP_STOPPED ? station->note.text : steps[station->step].message;
}

const char *station_message_code(const struct station *station) {
    if (station->fault[0] != '\0') return "fault";
    if (is_interrupted(station)) return codes[station->interrupted.code].name;
    return station->step == STEP_STOPPED ? codes[station->note.code].name : steps[station->step].name;
}

const char *station_code_name(enum station_code code) {
    return codes[code].name;
}

enum station_code station_code_find(struct text name) {
    for (unsigned code = 0; code < STATION_CODES; code++)
        if (text_is(name, codes[code].name)) return (enum station_code)code;
    return CODE_NONE;
}

/// `why` stands where the code's text has a place for it.
static void say(struct station_words *words, enum station_code code, const char *why) {
    words->code = code;
    const char *place = strstr(codes[code].text, "%s");
    if (place == NULL)
        snprintf(words->text, STATION_TEXT_BYTES, "%s", codes[code].text);
    else
        snprintf(words->text, STATION_TEXT_BYTES, "%.*s%s%s", (int)(place - codes[code].text), codes[code].text, why,
                 place + 2);
}

// --- one decision ---

struct decision {
    struct station *station;
    const struct station_view *before, *view;
    struct station_commands *commands;
    bool anew; // what was commanded before may not have been done: the belt is commanded in any case
};

static bool may_run(const struct station_view *view) {
    return view->controller_runs && !view->emergency_stop;
}

static bool produces(const struct station *station) {
    return station->step != STEP_STOPPED && !is_interrupted(station);
}

static int64_t elapsed(const struct decision *d) {
    return d->view->clock_ms - d->station->since_ms;
}

/// Slowly past the sensors that decide: a beam is then broken for a second, which even a busy computer does not miss,
/// and a workpiece of metal is stopped in the right place.
static enum station_belt wanted_belt(const struct decision *d) {
    if (d->station->step == STEP_TO_ENTRY && elapsed(d) >= BEFORE_ENTRY_MS) return BELT_RUN_SLOWLY;
    if (d->station->step == STEP_TO_EXIT && elapsed(d) >= BEFORE_EXIT_MS) return BELT_RUN_SLOWLY;
    return steps[d->station->step].belt;
}

/// Leaves out what it was told already, unless that may not have arrived.
static void command_belt(const struct decision *d, enum station_belt wanted) {
    enum station_belt told = d->anew ? BELT_KEEP : d->station->belt;
    d->commands->belt = wanted == told ? BELT_KEEP : wanted;
    if (wanted == BELT_RUN_SLOWLY && told == BELT_RUN) d->commands->belt = BELT_SLOW_DOWN;
    if (wanted == BELT_RUN && told == BELT_RUN_SLOWLY) d->commands->belt = BELT_SPEED_UP;
    if (wanted != BELT_KEEP) d->station->belt = wanted;
}

static enum station_stroke stroke(enum station_stroke wanted, bool retracted) {
    return wanted == STROKE_BACK && retracted ? STROKE_KEEP : wanted;
}

static void command_step(const struct decision *d) {
    command_belt(d, wanted_belt(d));
    d->commands->pusher = stroke(steps[d->station->step].pusher, d->view->pusher_retracted);
    d->commands->ejector = stroke(steps[d->station->step].ejector, d->view->ejector_retracted);
}

static void enter(const struct decision *d, enum station_step step) {
    d->station->step = step;
    d->station->since_ms = d->view->clock_ms;
    d->station->exited = false;
    command_step(d);
}

/// Stands still and says what to do. The belt is stopped wherever it may be running.
static void stand(const struct decision *d, enum station_code note) {
    bool may_move = d->station->step != STEP_STOPPED && d->view->controller_runs;
    enter(d, STEP_STOPPED);
    if (may_move) command_belt(d, BELT_STOP);
    d->commands->belt_first = true; // who finds "stopped" in the memory may rely on it
    d->station->stopping = false;
    say(&d->station->interrupted, CODE_NONE, "");
    say(&d->station->note, note, "");
}

/// The same, with a belt on which anything may lie.
static void give_up(const struct decision *d, enum station_code note) {
    stand(d, note);
    d->station->belt_clear = false;
    d->station->metal = false;
}

static void fail(const struct decision *d, const char *fault) {
    give_up(d, CODE_PRESS_START);
    snprintf(d->station->fault, STATION_TEXT_BYTES, "%s Look after it, then press reset and start.", fault);
}

/// Rests within the step; what it has commanded so far may be finished by the machine, nothing follows.
static void interrupt(const struct decision *d, enum station_code code, const char *why) {
    say(&d->station->interrupted, code, why);
    d->station->belt = BELT_KEEP; // what it was told may not hold any more
    d->station->arrived_us = 0;   // and the time at the sensor is none
}

// --- what the steps do ---

/// Why there is no next workpiece; CODE_NONE when there is one to feed.
static enum station_code obstacle(const struct decision *d) {
    if (d->view->magazine_empty) return CODE_MAGAZINE_EMPTY;
    if (d->view->slide_full) return CODE_SLIDE_FULL;
    return d->station->stopping ? CODE_PRESS_START : CODE_NONE;
}

static void next_one(const struct decision *d) {
    enum station_code note = obstacle(d);
    bool belt_runs = d->station->step == STEP_TO_EXIT;
    if (note != CODE_NONE && belt_runs) return enter(d, STEP_RUNNING_OUT);
    if (note != CODE_NONE) return stand(d, note);
    bool home = d->view->pusher_retracted && d->view->ejector_retracted;
    enter(d, home ? STEP_FEEDING : STEP_HOMING);
}

/// A workpiece has gone its way: back to clearing, when it has interrupted that.
static void after_one(const struct decision *d) {
    if (d->station->belt_clear) return next_one(d);
    enter(d, STEP_CLEARING);
}

static void arrive_at_sensor(const struct decision *d) {
    d->station->metal = d->view->metal;
    d->station->arrived_us = d->view->occupied_us;
    enter(d, STEP_AT_SENSOR);
    d->commands->belt_first = true;
}

/// To try once more. The next one begins with no tries.
static void take_back(const struct decision *d) {
    if (++d->station->tries > TRIES_MAX)
        return fail(d, "Workpieces cannot be stopped before the ejector: commands arrive too late.");
    d->station->behind = false;
    enter(d, STEP_BACK);
}

static void do_clearing(const struct decision *d) {
    if (d->view->occupied) return arrive_at_sensor(d);
    if (d->station->stopping) return give_up(d, CODE_PRESS_START);
    if (d->view->entry || d->view->exit) d->station->since_ms = d->view->clock_ms; // one more is on its way
    if (elapsed(d) < CLEAR_MS) return;
    d->station->belt_clear = true;
    next_one(d);
}

static void do_homing(const struct decision *d) {
    if (d->view->pusher_retracted && d->view->ejector_retracted) next_one(d);
}

static void do_feeding(const struct decision *d) {
    if (!d->view->pusher_extended) return;
    d->station->fed++;
    d->station->tries = 0;
    enter(d, STEP_TO_ENTRY);
}

static void do_to_entry(const struct decision *d) {
    if (d->view->occupied) return arrive_at_sensor(d); // the entry beam was passed between two looks
    if (d->view->entry) return enter(d, STEP_TO_SENSOR);
    command_belt(d, wanted_belt(d));
}

static void do_to_sensor(const struct decision *d) {
    if (d->view->occupied) arrive_at_sensor(d);
}

static void do_at_sensor(const struct decision *d) {
    if (d->view->occupied) {
        d->station->metal |= d->view->metal; // it may come a little later than the light barrier
        return;
    }
    d->station->left_us = d->view->occupied_us;
    enter(d, d->station->metal ? STEP_STOPPING : STEP_TO_EXIT);
    d->commands->belt_first = true;
}

/// How far the belt has moved between the sensor's "free" and its own stop, measured by the time that the workpiece
/// took to pass. Whatever is not known counts as too far.
static bool is_before_ejector(const struct decision *d) {
    int64_t passing_us = d->station->left_us - d->station->arrived_us;
    int64_t running_on_us = d->view->belt_us - d->station->left_us;
    bool known = d->station->arrived_us != 0 && d->station->left_us != 0 && passing_us > 0 && running_on_us > 0;
    return known && running_on_us * PIECE_MM <= passing_us * RUN_ON_MM_MAX;
}

static void do_stopping(const struct decision *d) {
    if (d->view->belt_right || d->view->belt_left) return;
    if (!is_before_ejector(d)) return take_back(d);
    d->station->tries = 0;
    enter(d, STEP_EJECTING);
}

static void do_back(const struct decision *d) {
    d->station->behind |= d->view->occupied;
    if (d->station->behind && !d->view->occupied) enter(d, STEP_TO_SENSOR);
}

static void do_ejecting(const struct decision *d) {
    if (!d->view->ejector_extended) return;
    d->station->sorted++;
    d->station->metal = false;
    enter(d, STEP_RETURNING);
}

static void do_returning(const struct decision *d) {
    if (d->view->ejector_retracted) after_one(d);
}

static void do_to_exit(const struct decision *d) {
    if (d->station->exited) return after_one(d);
    command_belt(d, wanted_belt(d));
}

static void do_running_out(const struct decision *d) {
    if (elapsed(d) < RUN_OUT_MS) return;
    enum station_code note = obstacle(d);
    stand(d, note == CODE_NONE ? CODE_PRESS_START : note);
}

static void (*const actions[STATION_STEPS])(const struct decision *d) = {
    [STEP_CLEARING] = do_clearing,   [STEP_HOMING] = do_homing,       [STEP_FEEDING] = do_feeding,
    [STEP_TO_ENTRY] = do_to_entry,   [STEP_TO_SENSOR] = do_to_sensor, [STEP_AT_SENSOR] = do_at_sensor,
    [STEP_STOPPING] = do_stopping,   [STEP_BACK] = do_back,           [STEP_EJECTING] = do_ejecting,
    [STEP_RETURNING] = do_returning, [STEP_TO_EXIT] = do_to_exit,     [STEP_RUNNING_OUT] = do_running_out,
};

// --- the panel ---

static bool pressed(const struct decision *d) {
    return d->view->start && (d->before == NULL || !d->before->start);
}

static void on_start(struct decision *d) {
    struct station *station = d->station;
    if (!d->view->automatic) return; // the note says it
    if (is_interrupted(station)) {
        say(&station->interrupted, CODE_NONE, "");
        station->since_ms = d->view->clock_ms;
        d->anew = true;
        return;
    }
    if (station->step != STEP_STOPPED) return;
    enum station_code note = obstacle(d);
    if (note != CODE_NONE) return stand(d, note);
    if (station->belt_clear) return next_one(d);
    enter(d, STEP_CLEARING);
}

static void on_stop(const struct decision *d) {
    if (is_interrupted(d->station)) return give_up(d, CODE_PRESS_START);
    if (d->station->step != STEP_STOPPED) d->station->stopping = true;
}

static void choose_lamps(const struct decision *d) {
    struct station *station = d->station;
    const bool wanted[STATION_LAMPS] = {
        [LAMP_START] = produces(station),
        [LAMP_RESET] = station->fault[0] != '\0' || !d->view->controller_runs,
        [LAMP_MAGAZINE_EMPTY] = d->view->magazine_empty,
        [LAMP_SLIDE_FULL] = d->view->slide_full,
    };
    for (int lamp = 0; lamp < STATION_LAMPS; lamp++) {
        if (wanted[lamp] == d->view->lamps[lamp]) {
            station->lamp_told[lamp] = false;
            continue;
        }
        bool told = station->lamp_told[lamp] && station->lamp_value[lamp] == wanted[lamp];
        if (told && d->view->clock_ms - station->lamp_told_ms[lamp] < LAMP_AGAIN_MS) continue;
        d->commands->lamp_given[lamp] = station->lamp_told[lamp] = true;
        d->commands->lamps[lamp] = station->lamp_value[lamp] = wanted[lamp];
        station->lamp_told_ms[lamp] = d->view->clock_ms;
    }
}

// --- what comes before the steps ---

/// Also while production rests: the belt runs out for a moment.
static void watch_exit(const struct decision *d) {
    bool left = d->station->at_exit && !d->view->exit;
    d->station->at_exit = d->view->exit;
    if (!left || d->station->step == STEP_BACK) return;
    d->station->passed++;
    d->station->exited = true;
}

static const char *newly_refused(const struct decision *d) {
    if (d->before == NULL) return NULL; // an old outcome says nothing of what comes
    for (int module = 0; module < STATION_MODULES; module++) {
        const struct station_outcome *now = &d->view->outcomes[module];
        if (now->refused && now->time_ms != d->before->outcomes[module].time_ms) return now->why;
    }
    return NULL;
}

static bool is_exit_expected(const struct station *station) {
    return !station->belt_clear || station->step == STEP_TO_EXIT || station->step == STEP_RUNNING_OUT ||
           station->step == STEP_BACK;
}

/// The one that is expected at the sensor may have come so far unseen; anything sooner at the exit is another one.
static bool may_have_passed(const struct decision *d) {
    if (!d->station->belt_clear) return false;
    switch (d->station->step) {
    case STEP_TO_ENTRY: return elapsed(d) >= FEED_TO_EXIT_MS_MIN;
    case STEP_TO_SENSOR:
    case STEP_AT_SENSOR: return elapsed(d) >= SENSOR_TO_EXIT_MS_MIN;
    default: return false;
    }
}

/// The controller has lost its memory, and the plant may have changed meanwhile.
static void watch_restart(const struct decision *d) {
    if (d->view->clock_ms >= d->station->since_ms) return;
    if (d->station->fault[0] == '\0') give_up(d, CODE_CONTROLLER_RESTARTED);
    d->station->belt_clear = false;
    d->station->since_ms = d->view->clock_ms;
}

static void watch_controller(const struct decision *d) {
    if (may_run(d->view) || !produces(d->station)) return;
    interrupt(d, d->view->emergency_stop ? CODE_EMERGENCY_STOP : CODE_CONTROLLER_STANDS, d->view->cause);
}

static void watch_plant(const struct decision *d) {
    if (!produces(d->station)) return;
    const char *refusal = newly_refused(d);
    const struct step *step = &steps[d->station->step];
    if (refusal != NULL) {
        d->commands->belt = d->station->belt = BELT_STOP; // should this be refused as well, the message is the same
        return interrupt(d, CODE_COMMAND_REFUSED, refusal);
    }
    if (d->station->at_exit && may_have_passed(d)) return take_back(d);
    if (d->station->at_exit && !is_exit_expected(d->station))
        return fail(d, "A workpiece is at the exit unexpectedly.");
    if (step->limit_ms != 0 && elapsed(d) > step->limit_ms) fail(d, step->missed);
}

static void watch_panel(struct decision *d) {
    struct station *station = d->station;
    station->automatic = d->view->automatic;
    bool runs = may_run(d->view);
    if (d->view->reset && runs) station->fault[0] = '\0';
    if (!d->view->automatic && station->step != STEP_STOPPED) return give_up(d, CODE_MANUAL);
    if (d->view->stop) return on_stop(d);
    if (pressed(d) && runs && station->fault[0] == '\0') on_start(d);
}

/// Nothing is said any more when it holds no longer.
static void choose_words(const struct decision *d) {
    struct station *station = d->station;
    enum station_code interrupted = station->interrupted.code;
    bool passes = interrupted == CODE_EMERGENCY_STOP || interrupted == CODE_CONTROLLER_STANDS;
    if (passes && may_run(d->view)) say(&station->interrupted, CODE_GO_ON, "");
    if (station->step != STEP_STOPPED) return;
    enum station_code note = station->note.code == CODE_CONTROLLER_RESTARTED ? CODE_CONTROLLER_RESTARTED : obstacle(d);
    if (!d->view->automatic) note = CODE_MANUAL;
    if (!may_run(d->view)) note = d->view->emergency_stop ? CODE_EMERGENCY_STOP : CODE_CONTROLLER_STANDS;
    say(&station->note, note == CODE_NONE ? CODE_PRESS_START : note, d->view->cause);
}

void station_decide(struct station *station, const struct station_view *before, const struct station_view *view,
                    struct station_commands *ret_commands) {
    *ret_commands = (struct station_commands){0};
    struct decision d = {station, before, view, ret_commands, before == NULL};
    watch_restart(&d);
    watch_exit(&d);
    watch_controller(&d);
    watch_panel(&d);
    watch_plant(&d);
    enum station_step step = station->step;
    if (produces(station)) actions[step](&d);
    if (produces(station) && d.anew && station->step == step) command_step(&d);
    choose_words(&d);
    choose_lamps(&d);
}
