#include "testing_internal.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/process.h>
#include <pki/pki.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_S = 20 }; // under a sanitizer, on a machine with other work to do

static void must(enum error error, const struct problem *problem) {
    if (error) fail("%s", problem->text);
}

static void make_certificates(struct testing_nats *nats) {
    CLEANUP(free_at) char *ca_key = testing_path(nats->folder, "ca.key");
    CLEANUP(free_at) char *certificate = testing_path(nats->folder, "nats.crt");
    CLEANUP(free_at) char *key = testing_path(nats->folder, "nats.key");
    struct problem problem = {0};
    must(pki_make_authority(nats->ca_file, ca_key, "testing", &problem), &problem);
    static const char *const names[] = {"localhost", NULL};
    static const char *const addresses[] = {"127.0.0.1", NULL};
    struct pki_request request = {
        .common_name = "nats", .dns_names = names, .addresses = addresses, .days = 2, .server = true};
    must(pki_make_certificate(nats->ca_file, ca_key, &request, certificate, key, &problem), &problem);
}

static void write_config(struct testing_nats *nats, const char *more) {
    CLEANUP(buffer_clear) struct buffer text = {0};
    char secret[PKI_SECRET_BYTES];
    struct problem problem = {0};
    must(pki_secret(secret), &problem);
    must(file_write(nats->password_file, text_of(secret), 0600, &problem), &problem);
    buffer_print(&text,
                 "ports_file_dir: \"%s\"\n"
                 "tls: {cert_file: \"%s/nats.crt\", key_file: \"%s/nats.key\"}\n",
                 nats->folder, nats->folder, nats->folder);
    if (more == NULL || strstr(more, "host:") == NULL) buffer_string(&text, "host: \"127.0.0.1\"\n");
    if (more == NULL || (strstr(more, "authorization") == NULL && strstr(more, "accounts") == NULL))
        buffer_print(&text, "authorization: {users: [{user: test, password: \"%s\"}]}\n", secret);
    if (more != NULL) buffer_print(&text, "%s\n", more);
    must(file_write(nats->config, buffer_view(&text), 0600, &problem), &problem);
}

/// The server writes its ports to a file once it listens: no port is chosen here that another test could take.
static bool read_port(struct testing_nats *nats) {
    char name[64];
    snprintf(name, sizeof name, "nats-server_%d.ports", (int)nats->pid);
    CLEANUP(free_at) char *path = testing_path(nats->folder, name);
    CLEANUP(buffer_clear) struct buffer text = {0};
    if (file_read(path, 4096, &text, NULL)) return false;
    const char *url = strstr(text.data, "127.0.0.1:");
    unsigned port = 0;
    if (url == NULL || sscanf(url, "127.0.0.1:%u", &port) != 1) return false; // being written
    nats->port = port;
    remove(path);
    return true;
}

static void start(struct testing_nats *nats) {
    char port[16];
    snprintf(port, sizeof port, "%d", nats->port == 0 ? -1 : (int)nats->port); // -1: any free one
    CLEANUP(free_at) char *log = testing_path(nats->folder, "nats.log");
    const char *arguments[] = {"nats-server", "-c", nats->config, "-p", port, "-l", log, NULL};
    struct process_options options = {.arguments = arguments, .output = -1, .own_group = true};
    struct problem problem = {0};
    must(process_start(&options, &nats->pid, &problem), &problem);
    uint64_t deadline_ns = clock_monotonic_ns() + START_S * NS_PER_S;
    while (!read_port(nats)) {
        if (waitpid(nats->pid, NULL, WNOHANG) != 0 || clock_monotonic_ns() > deadline_ns)
            fail("nats-server does not start; see %s", log);
        nanosleep(&(struct timespec){.tv_nsec = (long)NS_PER_MS}, NULL);
    }
}

struct testing_nats *testing_nats_start(const char *more) {
    struct testing_nats *nats = calloc(1, sizeof *nats);
    if (nats == NULL) fail("out of memory");
    nats->folder = testing_folder();
    nats->ca_file = testing_path(nats->folder, "ca.crt");
    nats->password_file = testing_path(nats->folder, "password");
    nats->config = testing_path(nats->folder, "nats.conf");
    make_certificates(nats);
    write_config(nats, more);
    start(nats);
    if (asprintf(&nats->url, "tls://127.0.0.1:%u", nats->port) < 0) fail("out of memory");
    return nats;
}

void testing_nats_kill(struct testing_nats *nats) {
    if (nats->pid == 0) return;
    kill(nats->pid, SIGKILL);
    waitpid(nats->pid, NULL, 0);
    nats->pid = 0;
}

void testing_nats_again(struct testing_nats *nats) {
    start(nats);
}

void testing_nats_destroy(struct testing_nats *nats) {
    if (nats == NULL) return;
    testing_nats_kill(nats);
    testing_remove(nats->folder);
    free(nats->folder);
    free(nats->url);
    free(nats->ca_file);
    free(nats->password_file);
    free(nats->config);
    free(nats);
}
