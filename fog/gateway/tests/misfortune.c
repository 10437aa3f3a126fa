#include "misfortune.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <open62541/client.h>

#include <cmocka.h>

static atomic_int to_lose, seconds_ahead;

/* ---- Signals ---- */

static void on_lose(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    atomic_fetch_add(&to_lose, info->si_value.sival_int);
}

static void on_set_clock(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    atomic_store(&seconds_ahead, info->si_value.sival_int);
}

void misfortune_expect(void) {
    struct sigaction lose = {.sa_sigaction = on_lose, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigaction set_clock = {.sa_sigaction = on_set_clock, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN, &lose, NULL);
    sigaction(SIGRTMIN + 1, &set_clock, NULL);
}

void misfortune_lose(pid_t process, int count) {
    assert_int_equal(sigqueue(process, SIGRTMIN, (union sigval){.sival_int = count}), 0);
}

void misfortune_set_clock(pid_t process, int seconds) {
    assert_int_equal(sigqueue(process, SIGRTMIN + 1, (union sigval){.sival_int = seconds}), 0);
}

/* ---- The clock: in the place of the C library's, for all that the process loads ---- */

int clock_gettime(clockid_t clock, struct timespec *ret_time) {
    int error = (int)syscall(SYS_clock_gettime, clock, ret_time);
    if (clock == CLOCK_REALTIME) ret_time->tv_sec += atomic_load(&seconds_ahead);
    return error;
}

/* ---- Publish responses: in the place of open62541's sending of a request ---- */

struct caught {
    UA_ClientAsyncServiceCallback answered;
    void *context;
};

static void on_answer(UA_Client *client, void *context, UA_UInt32 id, void *message) {
    struct caught caught = *(struct caught *)context;
    free(context);
    UA_PublishResponse *response = message;
    bool tells = response->responseHeader.serviceResult == UA_STATUSCODE_GOOD &&
                 response->notificationMessage.notificationDataSize > 0;
    if (!tells || atomic_load(&to_lose) <= 0) return caught.answered(client, caught.context, id, message);
    atomic_fetch_sub(&to_lose, 1);
    UA_PublishResponse none; // as if the request had waited in vain
    UA_PublishResponse_init(&none);
    none.responseHeader.serviceResult = UA_STATUSCODE_BADTIMEOUT;
    caught.answered(client, caught.context, id, &none);
}

typedef UA_StatusCode send_fn(UA_Client *, const void *, const UA_DataType *, UA_ClientAsyncServiceCallback,
                              const UA_DataType *, void *, UA_UInt32 *);

UA_StatusCode __UA_Client_AsyncService(UA_Client *client, const void *request, const UA_DataType *request_type,
                                       UA_ClientAsyncServiceCallback callback, const UA_DataType *response_type,
                                       void *context, UA_UInt32 *ret_id) {
    static send_fn *send;
    if (send == NULL) *(void **)&send = dlsym(RTLD_NEXT, "__UA_Client_AsyncService");
    bool publishes = response_type == &UA_TYPES[UA_TYPES_PUBLISHRESPONSE];
    struct caught *caught = publishes ? malloc(sizeof *caught) : NULL;
    if (caught == NULL) return send(client, request, request_type, callback, response_type, context, ret_id);
    *caught = (struct caught){callback, context};
    UA_StatusCode status = send(client, request, request_type, on_answer, response_type, caught, ret_id);
    if (status != UA_STATUSCODE_GOOD) free(caught);
    return status;
}
