/// The automatic mode of the MPS station as a state machine. Pure: what the plant looks like comes in, what shall be
/// done comes out, and all it remembers is in `struct station`, which its caller keeps in a twin.
///
///   STOPPED --start--> CLEARING --belt empty--> FEEDING --extended--> TO_ENTRY --> TO_SENSOR --> AT_SENSOR
///      ^                                          ^ ^                                ^            |      |
///      |                                          | | next one             too late  |      metal |      | plastic
///      |                                          | |                         .---- BACK <--.     v      v
///      |                        HOMING -----------' |<-- RETURNING <-- EJECTING <-------- STOPPING   TO_EXIT
///      '--- RUNNING_OUT <--- no next one ------------'<-----------------------------------------------'
///
/// (1) A step is remembered before its commands are given, and its commands bear repetition. So the process may be
///     killed between any two instructions: whoever goes on repeats the commands of the remembered step at most.
/// (2) A stroke is reversed only after its end was seen; therefore no workpiece is fed twice.
/// (3) What interrupts (emergency stop, fault of the controller, a refused command) leaves the step as it is. Nothing
///     is commanded then but lamps and, after a refused command, that the belt stops; with start, after reset where
///     that is needed, the step's commands are given again.
/// (4) A workpiece of metal is ejected only when the belt stands and it can be calculated, from the times of the
///     sensors' changes, that it stands before the ejector; else it is taken back to the sensor and tried once more. So
///     a slow network or a busy computer costs time, and nothing else.
/// (5) What does not arrive in time is a fault: the belt stops, and after reset and start the belt is cleared first.
#pragma once

#include <base/text.h>

enum { STATION_TEXT_BYTES = 192 };

/// What the plant looks like: leaves of the twins, and what became of the last commands.
enum station_module { MODULE_BELT, MODULE_PUSHER, MODULE_EJECTOR, STATION_MODULES };
enum station_lamp { LAMP_START, LAMP_RESET, LAMP_MAGAZINE_EMPTY, LAMP_SLIDE_FULL, STATION_LAMPS };

struct station_outcome {
    int64_t time_ms; // when the command was answered; 0: none yet
    bool refused;
    char why[STATION_TEXT_BYTES]; // "setDirection: the emergency stop is active"
};

struct station_view {
    int64_t clock_ms; // plant time, in steps of 250 ms
    bool controller_runs;
    char cause[STATION_TEXT_BYTES]; // why it does not
    bool emergency_stop;
    bool automatic;          // key switch
    bool start, stop, reset; // buttons
    bool magazine_empty, pusher_extended, pusher_retracted;
    bool entry, occupied, metal, exit; // a workpiece is there
    bool slide_full, ejector_extended, ejector_retracted;
    bool belt_right, belt_left, belt_slow, belt_blocked; // outputs of the motor; the last one is "stop"
    int64_t occupied_us, belt_us; // when `occupied`, and whether the belt is driven, changed last; 0: not known
    bool lamps[STATION_LAMPS];
    struct station_outcome outcomes[STATION_MODULES];
};

enum station_step {
    STEP_STOPPED,
    STEP_CLEARING, // the belt runs until nothing can be on it any more
    STEP_HOMING,   // a cylinder is not where a cycle begins
    STEP_FEEDING,  // the pusher goes out
    STEP_TO_ENTRY, // the workpiece is on the belt, the pusher goes back
    STEP_TO_SENSOR,
    STEP_AT_SENSOR,
    STEP_STOPPING,  // one of metal has passed the sensor: the belt stops
    STEP_BACK,      // it has gone too far, or passed unseen: back to before the sensor
    STEP_EJECTING,  // the ejector goes out
    STEP_RETURNING, // the ejector goes back
    STEP_TO_EXIT,
    STEP_RUNNING_OUT, // the last workpiece leaves the belt
    STATION_STEPS,
};

/// BELT_SLOW_DOWN and BELT_SPEED_UP are for a belt that runs already.
enum station_belt { BELT_KEEP, BELT_RUN, BELT_RUN_SLOWLY, BELT_SLOW_DOWN, BELT_SPEED_UP, BELT_BACK, BELT_STOP };

/// What the station says to people when no step says it. The codes' names are for programs, and for translation.
enum station_code {
    CODE_NONE,
    CODE_PRESS_START,
    CODE_GO_ON, // what has interrupted is over
    CODE_MANUAL,
    CODE_MAGAZINE_EMPTY,
    CODE_SLIDE_FULL,
    CODE_EMERGENCY_STOP,
    CODE_CONTROLLER_STANDS, // the text says why
    CODE_CONTROLLER_RESTARTED,
    CODE_COMMAND_REFUSED, // the text says why
    STATION_CODES,
};
struct station_words {
    enum station_code code;
    char text[STATION_TEXT_BYTES];
};

/// What is remembered.
struct station {
    enum station_step step;
    int64_t since_ms;            // plant time at which the step began
    bool automatic;              // the key switch as it was seen last
    bool stopping;               // no workpiece after this one
    bool metal;                  // the one before or in the ejector is of metal
    bool at_exit;                // one is in the exit beam
    bool exited;                 // one has left it since the step began
    bool belt_clear;             // nothing is on the belt but what this state machine knows of
    bool behind;                 // on the way back: it has reached the sensor from behind
    unsigned tries;              // of stopping this one in the right place
    int64_t arrived_us, left_us; // when the one of metal reached the sensor and left it; 0: not known
    uint64_t fed, sorted, passed;
    struct station_words interrupted; // why production rests within a step; CODE_NONE: it does not
    char fault[STATION_TEXT_BYTES];   // what went wrong; reset takes it away
    struct station_words note;        // why it stands and what to do

    // Not kept: what belt and lamps were told last. A command that changes nothing would have no effect to measure, and
    // a lamp is not told again before it could follow.
    enum station_belt belt;
    bool lamp_told[STATION_LAMPS], lamp_value[STATION_LAMPS];
    int64_t lamp_told_ms[STATION_LAMPS];
};

enum station_stroke { STROKE_KEEP, STROKE_OUT, STROKE_BACK };

/// What shall be done. Everything bears repetition.
struct station_commands {
    enum station_belt belt;
    enum station_stroke pusher, ejector;
    /// The belt's command may go out before the step is remembered: it is not what a repetition could double, and at
    /// the ejector every millisecond is a part of a millimetre.
    bool belt_first;
    bool lamp_given[STATION_LAMPS]; // only those are commanded
    bool lamps[STATION_LAMPS];
};

/// Looks at the plant and decides. `before` is the view of the last call, NULL when there is none, as after a restart
/// of the process; then the commands of the step are given again.
void station_decide(struct station *station, const struct station_view *before, const struct station_view *view,
                    struct station_commands *ret_commands);

/// For people and programs: "to_sensor"; "stopped", "starting", "producing", "stopping", "interrupted" or "fault".
const char *station_step_name(enum station_step step);
/// False for a word that names none.
bool station_step_find(struct text name, enum station_step *ret_step);
const char *station_state_name(const struct station *station);
/// One sentence, of the station's memory or static; and its code: that of the words, the step's name, or "fault".
const char *station_message(const struct station *station);
const char *station_message_code(const struct station *station);
const char *station_code_name(enum station_code code); // "" for CODE_NONE
enum station_code station_code_find(struct text name); // CODE_NONE for a word that names none
