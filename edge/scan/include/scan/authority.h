/// Control authority over the station: a lease with an epoch. Pure; time is monotonic wall time from outside.
///
///     FREE --init--> HELD --soft time-out, session ended, broken--> LOST --hard time-out--> FREE, and safe state
///      ^               |  ^-------------- init, any session ---------'
///      '----exit-------'
///
/// Each grant raises the epoch. RenewLock in LOST is refused: who was silent for too long must ask again, and so learns
/// by the new epoch that commands were refused meanwhile.
#pragma once

#include <scan/exchange.h>

enum authority_state { AUTHORITY_FREE, AUTHORITY_HELD, AUTHORITY_LOST };

/// What the methods of OPC 10000-100, 7 answer; ROLE is not among their numbers, the call is refused for it.
enum authority_status {
    AUTHORITY_OK = 0,
    AUTHORITY_OTHER = -1,      // InitLock: held by another session (E_AlreadyLocked)
    AUTHORITY_NOT_LOCKED = -1, // RenewLock, ExitLock: not by the caller; BreakLock: by nobody (E_NotLocked)
    AUTHORITY_ROLE = -3,       // the caller's role is too low
};

struct authority {
    enum authority_state state;
    uint32_t session; // holder; 0 in FREE and LOST
    uint32_t loser;   // LOST: who held it until then
    uint32_t epoch;
    uint64_t soft_ns, hard_ns; // time-outs
    uint64_t renewed_ns;       // last grant or renewal
};

void authority_init(struct authority *authority, uint64_t soft_ns, uint64_t hard_ns);
enum authority_status authority_grant(struct authority *authority, uint32_t session, enum scan_role role, uint64_t now);
enum authority_status authority_renew(struct authority *authority, uint32_t session, uint64_t now);
/// Given back. With the station at rest it is free; else somebody must take it over before the hard time-out.
enum authority_status authority_release(struct authority *authority, uint32_t session, bool at_rest);
/// Takes it away from whoever holds it; the hard time-out goes on. Needs the role operator.
enum authority_status authority_break(struct authority *authority, enum scan_role role);
/// The session is over or has no connection any more. True when it was the holder: the lease is lost at once, the hard
/// time-out goes on.
bool authority_session_gone(struct authority *authority, uint32_t session);

enum authority_tick { AUTHORITY_UNCHANGED, AUTHORITY_SOFT, AUTHORITY_HARD };
enum authority_tick authority_tick(struct authority *authority, uint64_t now);

bool authority_held_by(const struct authority *authority, uint32_t session);
/// Whole seconds until the soft time-out, rounded up; 0 unless held.
uint32_t authority_remaining_s(const struct authority *authority, uint64_t now);
