/// A server of open62541, in a process of its own, that does on command what servers do to their clients:
///
///     U (StationType)
///       t00 ... t99 (ThingType)
///         v00 ... v99         UInt32, 10 000 in all
///
/// Whatever goes wrong here fails the test.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { UNRULY_THINGS = 100, UNRULY_VALUES = 100, UNRULY_ITEMS = UNRULY_THINGS * UNRULY_VALUES };

struct unruly {
    pid_t pid; // 0: not running
    int control;
    uint16_t port; // another one with each start
};

/// main() of a test: with "--unruly ..." the program is the server.
bool unruly_is(int argc, char **argv);
int unruly_serve(char **argv);

/// `folder`: data folder; `identity`: its certificate there, "edge"; `namespaces`: how many stand before those of the
/// plant. Returns when it answers.
void unruly_start(struct unruly *unruly, const char *folder, const char *identity, unsigned namespaces);
void unruly_kill(struct unruly *unruly); // SIGKILL; unless it is not running

/// One command; returns when it was carried out.
///     write N          to all values
///     burst N          1 to N to t00/v00, at once
///     one N            to t00/v00
///     step S           source times are S seconds ahead
///     delete, add      t07/v07, and a GeneralModelChangeEvent
///     vanish, appear   t07/v07, and nobody is told
///     kick             ends all sessions
///     revoke, grant    nobody may log in, or everybody
///     slow MS          between two looks at the network
///     limits N M       nodes in one request, items in one subscription
void unruly_tell(const struct unruly *unruly, const char *format, ...) __attribute__((format(printf, 2, 3)));
