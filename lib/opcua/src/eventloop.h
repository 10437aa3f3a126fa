/// open62541's event loop and its TCP connections on top of our `struct loop`.
///
/// The library lets an application bring its own event loop (open62541/plugin/eventloop.h). We do, because its own one
/// counts in whole milliseconds and turns a core hot at a publishing interval of 1 ms, sends with blocking calls, so
/// that one client that does not read stops the server for all, and gives up listening when it runs out of
/// descriptors. docs/decisions/0006-opcua-event-loop.md
///
/// Threads: the loop's. Nothing of the library may be called from elsewhere.
#pragma once

#include <base/loop.h>
#include <stddef.h>

#include <open62541/plugin/eventloop.h>

/// Called after each excursion into the library, when nothing of it is on the stack any more. It may free the event
/// loop: that is how a client is closed inside its own callback.
typedef void ua_settled_fn(void *context);

/// An event loop with one connection manager for "tcp". NULL when out of memory. Freed by the library, together with
/// the configuration that it was put into.
UA_EventLoop *ua_eventloop_create(struct loop *loop, ua_settled_fn *settled, void *context);

/// No `settled` from now on: the owner is taking the library apart.
void ua_eventloop_mute(UA_EventLoop *el);

/// Brackets of an excursion into the library that the owner begins himself.
void ua_eventloop_enter(UA_EventLoop *el);
void ua_eventloop_leave(UA_EventLoop *el);
bool ua_eventloop_is_busy(UA_EventLoop *el); // between the two
struct loop *ua_eventloop_loop(UA_EventLoop *el);

/// What the connections tell besides their bytes.
struct ua_wire {
    int connect_errno;    // of the last connection that could not be opened or bound; 0: there was none
    uint16_t listen_port; // bound last; 0: none
    uint64_t received_ns; // monotonic time of the last bytes on any connection; 0: never
    uintptr_t receiving;  // connection whose bytes the library is working on; 0: none
    /// A connection is gone, whoever closed it. NULL: nobody asked. May come from inside the library.
    void (*closed)(void *context, uintptr_t connection);
    void *context;
};
struct ua_wire *ua_eventloop_wire(UA_EventLoop *el);

/// tcp.c
UA_ConnectionManager *ua_tcp_create(void);
