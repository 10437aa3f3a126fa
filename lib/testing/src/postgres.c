#include "testing_internal.h"

#include <base/buffer.h>
#include <base/clock.h>
#include <base/file.h>
#include <base/process.h>

#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_S = 60, ARGUMENTS_MAX = 16 };

/// Debian keeps the programs of each version in a folder of their own; the newest is taken.
static char *find_program(const char *name) {
    CLEANUP(buffer_clear) struct buffer pattern = {0};
    buffer_print(&pattern, "/usr/lib/postgresql/*/bin/%s", name);
    glob_t found;
    if (pattern.failed || glob(pattern.data, 0, NULL, &found) != 0)
        fail("%s is not installed (tools/install-packages test)", name);
    char *program = strdup(found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return program;
}

/// The server refuses to be root; then it is started as the package's own user.
static const struct passwd *other_user(void) {
    if (geteuid() != 0) return NULL;
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL) fail("there is no user postgres (tools/install-packages test)");
    return user;
}

static pid_t start_program(struct testing_postgres *postgres, const char *const *arguments) {
    char uid[32], gid[32];
    const char *all[ARGUMENTS_MAX + 6] = {0};
    size_t count = 0;
    const struct passwd *user = other_user();
    if (user != NULL) {
        snprintf(uid, sizeof uid, "--reuid=%u", (unsigned)user->pw_uid);
        snprintf(gid, sizeof gid, "--regid=%u", (unsigned)user->pw_gid);
        const char *const switcher[] = {"setpriv", uid, gid, "--clear-groups", "--"};
        for (size_t i = 0; i < 5; i++) all[count++] = switcher[i];
    }
    for (size_t i = 0; arguments[i] != NULL; i++) all[count++] = arguments[i];
    CLEANUP(free_at) char *log = testing_path(postgres->folder, "postgres.log");
    int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct process_options options = {
        .arguments = all, .folder = postgres->folder, .output = output, .own_group = true};
    struct problem problem = {0};
    pid_t pid = 0;
    if (process_start(&options, &pid, &problem)) fail("%s", problem.text);
    close(output);
    return pid;
}

static void initialise(struct testing_postgres *postgres) {
    CLEANUP(free_at) char *program = find_program("initdb");
    const char *const arguments[] = {program, "-D", postgres->data, "-U",         "splc",      "-A",
                                     "trust", "-E", "UTF8",         "--locale=C", "--no-sync", NULL};
    int status = 0;
    pid_t pid = start_program(postgres, arguments);
    if (waitpid(pid, &status, 0) != pid || status != 0) fail("initdb fails; see %s/postgres.log", postgres->folder);
}

/// Ready is said in the last line of its file.
static bool is_ready(const struct testing_postgres *postgres) {
    CLEANUP(free_at) char *path = testing_path(postgres->data, "postmaster.pid");
    CLEANUP(buffer_clear) struct buffer text = {0};
    return !file_read(path, 4096, &text, NULL) && strstr(text.data, "\nready") != NULL;
}

void testing_postgres_again(struct testing_postgres *postgres) {
    CLEANUP(free_at) char *program = find_program("postgres");
    CLEANUP(free_at) char *stale = testing_path(postgres->data, "postmaster.pid");
    remove(stale);
    const char *const arguments[] = {program, "-D", postgres->data, "-k", postgres->folder, "-c", "listen_addresses=",
                                     NULL}; // no port that another test could take
    postgres->pid = start_program(postgres, arguments);
    uint64_t deadline_ns = clock_monotonic_ns() + START_S * NS_PER_S;
    while (!is_ready(postgres)) {
        if (waitpid(postgres->pid, NULL, WNOHANG) != 0 || clock_monotonic_ns() > deadline_ns)
            fail("PostgreSQL does not start; see %s/postgres.log", postgres->folder);
        nanosleep(&(struct timespec){.tv_nsec = (long)NS_PER_MS}, NULL);
    }
}

/// '/' is "%2F" where the host stands.
static char *make_uri(const char *folder) {
    CLEANUP(buffer_clear) struct buffer uri = {0};
    buffer_string(&uri, "postgresql://splc@");
    for (const char *byte = folder; *byte != '\0'; byte++)
        *byte == '/' ? buffer_string(&uri, "%2F") : buffer_byte(&uri, *byte);
    buffer_string(&uri, "/postgres");
    char *copy = uri.failed ? NULL : strdup(uri.data);
    if (copy == NULL) fail("out of memory");
    return copy;
}

struct testing_postgres *testing_postgres_start(void) {
    struct testing_postgres *postgres = calloc(1, sizeof *postgres);
    if (postgres == NULL) fail("out of memory");
    postgres->folder = testing_folder();
    postgres->data = testing_path(postgres->folder, "data");
    postgres->uri = make_uri(postgres->folder);
    const struct passwd *user = other_user();
    if (user != NULL && chown(postgres->folder, user->pw_uid, user->pw_gid) != 0)
        fail("cannot give %s to the server's user", postgres->folder);
    initialise(postgres);
    testing_postgres_again(postgres);
    return postgres;
}

/// SIGQUIT is the server's own way to end as in a crash: no checkpoint, recovery at the next start. SIGKILL would leave
/// its children behind.
void testing_postgres_kill(struct testing_postgres *postgres) {
    if (postgres->pid == 0) return;
    kill(postgres->pid, SIGQUIT);
    waitpid(postgres->pid, NULL, 0);
    postgres->pid = 0;
}

void testing_postgres_destroy(struct testing_postgres *postgres) {
    if (postgres == NULL) return;
    testing_postgres_kill(postgres);
    testing_remove(postgres->folder);
    free(postgres->folder);
    free(postgres->data);
    free(postgres->uri);
    free(postgres);
}
