#include "bus_internal.h"

#include <pki/pki.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_TIMEOUT_MS = 2000 };
// A peer that vanished without a word is noticed after 5 + 3 * 2 s of silence, or 10 s after unanswered output.
enum { KEEPALIVE_IDLE_S = 5, KEEPALIVE_INTERVAL_S = 2, KEEPALIVE_PROBES = 3, UNANSWERED_MS = 10000 };

/* The library runs in its event loop mode: it opens no thread for reading or delivering. Its own reconnecting and its
 * pings are off, so that after the attempt nothing but the loop's thread ever touches a connection; a lost one is
 * replaced by a new one, which reads the password again. */

static void set_keepalive(int fd) {
    const struct {
        int level, name, value;
    } settings[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, UNANSWERED_MS},
        {IPPROTO_TCP, TCP_NODELAY, 1},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        setsockopt(fd, settings[i].level, settings[i].name, &settings[i].value, sizeof settings[i].value);
}

static natsStatus on_attach(void **ret_data, void *context, natsConnection *connection, natsSock fd) {
    (void)connection;
    struct link *link = context;
    *ret_data = link;
    link->fd = fd;
    set_keepalive(fd);
    return NATS_OK;
}

static natsStatus on_read_wanted(void *data, bool add) {
    struct link *link = data;
    if (add) return NATS_OK;
    link->lost = true;
    loop_unwatch(link->watch); // now: the library closes the descriptor next, and its number may be given away again
    link->watch = NULL;
    return NATS_OK;
}

static natsStatus on_write_wanted(void *data, bool add) {
    struct link *link = data;
    link->write_wanted = add;
    return NATS_OK;
}

static natsStatus on_detach(void *data) {
    struct link *link = data;
    link->lost = true;
#if NATS_VERSION_NUMBER >= 0x030902
    natsSock fd = link->fd; // since 3.9.2 the library leaves closing to the owner of the event loop
    natsConnection_ProcessCloseEvent(&fd);
#endif
    link->fd = -1;
    return NATS_OK;
}

/// Refusals are read where they are told, on the loop's thread (`notice_refusal`); without a handler some versions of
/// the library print them.
static void on_library_error(natsConnection *connection, natsSubscription *subscription, natsStatus status,
                             void *context) {
    (void)connection, (void)subscription, (void)status, (void)context;
}

static natsStatus set_options(natsOptions *options, struct link *link, const char *password) {
    natsStatus status = natsOptions_SetURL(options, link->url);
    if (status == NATS_OK) status = natsOptions_SetUserInfo(options, link->user, password);
    if (status == NATS_OK) status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK) status = natsOptions_LoadCATrustedCertificates(options, link->ca_file);
    if (status == NATS_OK) status = natsOptions_SetExpectedHostname(options, link->host);
    if (status == NATS_OK) status = natsOptions_SetName(options, link->name);
    if (status == NATS_OK) status = natsOptions_SetTimeout(options, CONNECT_TIMEOUT_MS);
    if (status == NATS_OK) status = natsOptions_SetAllowReconnect(options, false);
    if (status == NATS_OK) status = natsOptions_SetIgnoreDiscoveredServers(options, true);
    if (status == NATS_OK) status = natsOptions_SetPingInterval(options, 0);
    if (status == NATS_OK) status = natsOptions_SetSendAsap(options, true);
    if (status == NATS_OK) status = natsOptions_SetErrorHandler(options, on_library_error, NULL);
    if (status == NATS_OK)
        status = natsOptions_SetEventLoop(options, link, on_attach, on_read_wanted, on_write_wanted, on_detach);
    return status;
}

static natsStatus connect_once(struct link *link) {
    CLEANUP(buffer_clear) struct buffer password = {0};
    if (pki_secret_read(link->password_file, &password, &link->detail)) return NATS_NOT_FOUND;
    natsOptions *options = NULL;
    natsStatus status = natsOptions_Create(&options);
    if (status == NATS_OK) status = set_options(options, link, password.data);
    if (status == NATS_OK) status = natsConnection_Connect(&link->connection, options);
    natsOptions_Destroy(options);
    if (status == NATS_OK) return status;
    const char *detail = nats_GetLastError(NULL);
    if (detail == NULL || detail[0] == '\0') detail = natsStatus_GetText(status);
    error_ignore(problem_say(&link->detail, ERROR_UNAVAILABLE, "%s", detail)); // the status says it
    return status;
}

static void free_link(struct link *link) {
    natsConnection_Destroy(link->connection);
    pthread_mutex_destroy(&link->lock);
    if (link->wake_fd >= 0) close(link->wake_fd);
    free(link->url);
    free(link->host);
    free(link->ca_file);
    free(link->user);
    free(link->password_file);
    free(link->name);
    free(link);
}

static void *attempt(void *context) {
    struct link *link = context;
    natsStatus status = connect_once(link);
    nats_ReleaseThreadMemory();
    pthread_mutex_lock(&link->lock);
    link->status = status;
    link->finished = true;
    bool abandoned = link->abandoned;
    const uint64_t one = 1;
    ssize_t written = write(link->wake_fd, &one, sizeof one);
    (void)written; // a full counter wakes as well
    pthread_mutex_unlock(&link->lock);
    if (abandoned) free_link(link);
    return NULL;
}

struct link *link_start(const struct bus *bus) {
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) return NULL;
    link->fd = -1;
    pthread_mutex_init(&link->lock, NULL);
    link->wake_fd = dup(bus->wake_fd);
    link->url = strdup(bus->url);
    link->host = strdup(bus->host);
    link->ca_file = strdup(bus->ca_file);
    link->user = strdup(bus->user);
    link->password_file = strdup(bus->password_file);
    link->name = strdup(bus->name);
    bool complete = link->wake_fd >= 0 && link->url != NULL && link->host != NULL && link->ca_file != NULL &&
                    link->user != NULL && link->password_file != NULL && link->name != NULL;
    if (complete && pthread_create(&link->thread, NULL, attempt, link) == 0) return link;
    free_link(link);
    return NULL;
}

void link_abandon(struct link *link) {
    if (link == NULL) return;
    // Nearly always this is over at once; a server that accepts and then says nothing is left to the thread.
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += CONNECT_TIMEOUT_MS / 1000 + 1;
    if (pthread_timedjoin_np(link->thread, NULL, &deadline) == 0) {
        free_link(link);
        return;
    }
    pthread_mutex_lock(&link->lock);
    bool finished = link->finished;
    link->abandoned = true;
    pthread_detach(link->thread);
    pthread_mutex_unlock(&link->lock);
    if (finished) free_link(link);
}

bool link_finished(struct link *link) {
    pthread_mutex_lock(&link->lock);
    bool finished = link->finished;
    pthread_mutex_unlock(&link->lock);
    if (finished) pthread_join(link->thread, NULL);
    return finished;
}

void link_destroy(struct link *link) {
    // Output that is left is tried once: the library would otherwise wait for an answer that only this thread can read.
    if (!link->lost && link->connection != NULL) natsConnection_ProcessWriteEvent(link->connection);
    free_link(link);
}

static enum error explain(const struct link *link, struct problem *ret_reason) {
    switch (link->status) {
    case NATS_NO_SERVER: return problem_say(ret_reason, ERROR_UNAVAILABLE, "no server answers at %s", link->url);
    case NATS_CONNECTION_AUTH_FAILED:
        return problem_say(ret_reason, ERROR_UNAUTHORIZED,
                           "%s refuses user '%s': %s does not hold the password of the server's configuration",
                           link->url, link->user, link->password_file);
    case NATS_SSL_ERROR:
        return problem_say(ret_reason, ERROR_UNAUTHORIZED,
                           "TLS with %s failed: its certificate must be signed by %s and name %s (%s)", link->url,
                           link->ca_file, link->host, link->detail.text);
    case NATS_SECURE_CONNECTION_WANTED:
        return problem_say(ret_reason, ERROR_UNAUTHORIZED, "%s offers no TLS; nothing is sent in clear", link->url);
    case NATS_NOT_FOUND: // the password file, whose problem says everything
        return problem_say(ret_reason, ERROR_UNAUTHORIZED, "%s", link->detail.text);
    default: return problem_say(ret_reason, ERROR_UNAVAILABLE, "%s: %s", link->url, link->detail.text);
    }
}

void link_explain(const struct link *link, struct problem *ret_reason) {
    error_ignore(explain(link, ret_reason)); // people read the text; the next attempt follows in any case
}
