/// TCP on the way between a client and a server, in the loop of the test: it forwards, or lets packets vanish as a
/// cable does that was pulled out. Whatever goes wrong here fails the test.
#pragma once

#include <base/loop.h>

struct proxy;

/// Listens on a free port of 127.0.0.1.
struct proxy *proxy_open(struct loop *loop);
void proxy_close(struct proxy *proxy);
uint16_t proxy_port(const struct proxy *proxy);
void proxy_server(struct proxy *proxy, uint16_t port); // where new connections lead
/// Nothing of the connections that are open arrives any more, on either side, and nobody is told. New ones work.
void proxy_drop(struct proxy *proxy);
