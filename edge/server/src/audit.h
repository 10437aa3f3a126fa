/// Who did what when, and what became of it: DATA/edge/audit.log, one JSON object per line, appended, mode 0600.
///
///     {"time":"2026-11-22T15:00:00.123Z","user":"operator","role":"operator","session":3,"client":"urn:...",
///      "action":"call","object":"MPS/mps_conveyor/motor/setDirection(1)","outcome":"Good","reason":""}
///
/// `user`, `role`, `session`, `client` are absent where nobody was logged in. Past AUDIT_BYTES_MAX the file becomes
/// audit.log.1, that one audit.log.2 and so on; AUDIT_FILES_MAX of them are kept.
/// Threads: one.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <opcua/server.h>

enum { AUDIT_BYTES_MAX = 8 * 1024 * 1024, AUDIT_FILES_MAX = 4 };

struct audit_entry {
    const struct opcua_caller *caller; // NULL: nobody, or the PLC itself
    const char *action;                // "call", "session opened", "LockLost"
    const char *object;                // what it was done to; "": nothing in particular
    const char *outcome;               // "Good", "BadUserAccessDenied", "E_AlreadyLocked"
    const char *reason;                // "" when done
};

struct audit;
/// The problem names the file and what to do.
enum error audit_open(const char *file, struct audit **ret_audit, struct problem *ret_problem);
void audit_close(struct audit *audit); // NULL is fine
CLEANUP_DEFINE(struct audit, audit_close)
/// What cannot be written is logged instead, with the error, so that it is not lost without a trace.
void audit_write(struct audit *audit, const struct audit_entry *entry);

const char *audit_role(enum opcua_role role); // "operator", as in the file of users
