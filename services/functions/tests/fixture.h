/// A function service with a real bus, real workers and twins in memory, for its tests. The test program is its own
/// worker (worker.h).
#pragma once

#include "../src/service.h"
#include "worker.h"

#include <testing/testing.h>
#include <twin/twin.h>

enum { WAIT_S = 10 }; // long, because tests share the machine; none waits that long when all is well

/// A function service with a real bus, real workers, and twins in memory (the engine of the twin service).
struct fixture {
    struct loop *loop;
    struct testing_nats *nats;
    char *folder, *programs;
    struct bus *bus; // of the twins and of the test
    bool connected;
    struct map *twins;
    struct service *service;
    struct site site;
    struct site_function function;
    struct json_document *status; // last of the service
    char events[4096];            // messages of the event stream
    const char *wanted;           // what is waited for
};

/// An operation on a twin, with all that the twin service says then.
void apply(struct fixture *f, const char *thing, enum twin_operation operation, struct text payload, struct text reply);
void report(struct fixture *f, const char *thing, const char *reported, const char *token);
/// The state document of a twin; empty when there is none. Valid until the next call.
const char *state_of(struct fixture *f, const char *thing);
/// A member of `reported` of a twin, as text; numbers and booleans as they are written in JSON. Valid until the next.
const char *reported(struct fixture *f, const char *thing, const char *member);
const struct json *function_status(const struct fixture *f);
int64_t counted(const struct fixture *f, const char *member);
bool is_in_state(void *context);
bool has_event(void *context);
bool is_connected(void *context);
void wait_for(struct fixture *f, bool (*done)(void *), const char *wanted);
void write_file(const struct fixture *f, const char *name, const char *text, mode_t mode);
void make_folder(const struct fixture *f, const char *name);
int set_up(void **state);
int tear_down(void **state);
/// The program of the function is this test.
void link_program(const struct fixture *f, const char *name);
void open_service(struct fixture *f, const char *name, const char *manifest);
/// With one trigger: any change of `reported` of things that begin with "m", "p" or "t".
void start(struct fixture *f, const char *name);
bool count_is(void *context);
