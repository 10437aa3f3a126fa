/// An OPC UA server with a small station, in the loop of the test:
///
///     ST (StationType)
///       Lock                  InitLock, RenewLock
///       belt (BeltType, a ThingType)
///         motor/on            OnTrue setDirection(1), OnFalse setDirection(0), of motor/setDirection; motor/stop
///         motor2/on           the same, of motor2/setDirection
///         sensor/state        nothing can be wished of it
///         count, part         UInt32
///         say(Text, Loud)
///       gate (ThingType)
///         open                Boolean
#pragma once

#include <base/buffer.h>
#include <base/loop.h>
#include <opcua/server.h>
#include <stdbool.h>
#include <sys/types.h>

enum { STATION_VARIABLES = 8, STATION_PATH_BYTES = 64 };

struct station_variable {
    char path[STATION_PATH_BYTES]; // "belt/motor/on"
    struct opcua_variable *variable;
};

struct station {
    struct loop *loop;
    const char *folder; // data folder, with the certificates
    struct opcua_server *server;
    uint16_t port; // kept when it is opened again
    uint16_t instances, types;
    struct station_variable variables[STATION_VARIABLES];
    size_t variable_count;

    // What the test decides
    bool without_part;      // belt/part does not exist
    bool with_limits;       // belt/count has the MaxAge 0.3 s, a wish at belt/motor/on the TimeToLive 0.5 s
    int64_t clock_ahead_ns; // of ours
    bool refuses;           // commanding methods answer BadInvalidState, "emergency stop is active"
    bool sluggish;          // a call changes no output
    bool confused;          // a call changes the output of the other motor
    int32_t lock_answer;
    pid_t freeze_on_call; // gets SIGSTOP once when a method is called; 0: nobody

    struct buffer calls;   // "motor/setDirection(1);" ...
    uint32_t last_session; // of the call
};

/// `folder`: data folder. Fails the test when it cannot.
void station_open(struct station *station, struct loop *loop, const char *folder);
void station_close(struct station *station); // clients are gone; it may be opened again
void station_clear(struct station *station); // for good

void station_write_bool(struct station *station, const char *path, bool value); // now, good
void station_write_uint(struct station *station, const char *path, uint32_t value);
void station_write_bad(struct station *station, const char *path, status_code status);
/// An event of the Server object.
void station_raise(struct station *station, const char *source, const char *message);
