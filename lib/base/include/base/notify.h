/// Readiness towards whoever started the service, by the protocol of systemd's sd_notify(3): datagrams to the socket
/// in NOTIFY_SOCKET. systemd and `splc up` understand the same words. Does nothing when the variable is absent, and
/// nobody learns of a failure: a service works whether or not someone listens. Waits at most a second for the socket.
#pragma once

#include <base/loop.h>

void notify_ready(void);
void notify_stopping(void);
/// Tells at once and from then on in the loop that the service lives, WATCHDOG=1, as often as whoever started it wants
/// (WATCHDOG_USEC, sd_watchdog_enabled(3)): a loop that hangs falls silent, and the service is killed and started
/// again. Never waits. ERROR_NO_MEMORY when there is no timer.
enum error notify_keep_alive(struct loop *loop);
/// One line for people, shown by `systemctl status` and by `splc up`; the reason when something is wrong.
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
