/// Forcing: an engineer gives an input or output a value of his own, to commission or to find a fault.
///
/// An input's force is what all modules see; an output's force takes the place of its module's wish. Interlocks and the
/// safe-state arbiter come after it and win. Nothing here is a way around the emergency stop:
/// - the emergency stop and the panel's stop and reset buttons cannot be forced;
/// - an output is forced only by who holds the control authority, and not while a safe state is latched or caused;
/// - entering the safe state takes the forces off all outputs (those of inputs stay), so that nothing moves after it
///   before somebody asks for it anew;
/// - outputs that an interlock switched off stay off until the reset.
/// A forced tag has the quality GoodLocalOverride. Forces live in memory only: a restart takes all of them off.
/// Why so: docs/decisions/0020-forcing.md.
/// Threads: the scan's.
#pragma once

#include <scan/reason.h>
#include <stdbool.h>
#include <stddef.h>

enum { SCAN_FORCES_MAX = 256 }; // more than a person oversees; each costs a few ns per scan

struct scan_force {
    uint32_t tag;
    double value; // of a Boolean 0 or 1
    double wish;  // output: what its module wishes meanwhile; of a Boolean 0 or 1
};

struct scan_forces {
    struct scan_force list[SCAN_FORCES_MAX];
    size_t count;
};

struct scan;
/// Forces the point behind a tag, or gives a forced one another value. `session` is that of the caller, whose role has
/// been checked.
struct scan_reason scan_force(struct scan *scan, uint32_t tag, double value, uint32_t session);
/// The point is its own again: an input with the next scan, an output follows what its module wishes.
struct scan_reason scan_unforce(struct scan *scan, uint32_t tag);
void scan_unforce_all(struct scan *scan);
