#include "sandbox.h"

#include <base/cleanup.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum {
    BACKLOG = 16,
    PROCESSES_OF_USER_MAX = 4096,       // without a sandbox they count together with all others of this user
    FILE_BYTES_MAX = 512 * 1024 * 1024, // without a sandbox: Lambda's temporary storage
};

// As root, program and package are shown to the worker's user here, in mount names of the worker's own.
static const char stage[] = "/mnt", stage_task[] = "/mnt/task", stage_program[] = "/mnt/bootstrap";
static const char inner_task[] = "/var/task", inner_program[] = "/var/runtime/bootstrap";

// --- in the child, between fork and exec: system calls alone ---

static bool limit(__rlimit_resource_t resource, rlim_t value) {
    const struct rlimit both = {value, value};
    return setrlimit(resource, &both) == 0;
}

static bool write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return good;
}

/// Names of users of its own, in which it is who it was: that is what it may have other names of its own for.
static bool map_user(const struct jail *jail) {
    return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", jail->numbers[0]) &&
           write_file("/proc/self/gid_map", jail->numbers[1]);
}

static bool raise_loopback(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    bool good = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return good;
}

static int listen_inside(void) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(SANDBOX_PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, BACKLOG) == 0) return fd;
    close(fd);
    return -1;
}

static bool send_descriptor(int to, int fd) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(to, &message, 0) == 1;
}

static bool serve_inside(const struct jail *jail) {
    int fd = raise_loopback() ? listen_inside() : -1;
    if (fd < 0) return false;
    bool good = send_descriptor(jail->socket_out, fd);
    close(fd);
    return good;
}

/// The package may be where the worker's user cannot look; what he gets to see is put where he can.
static bool show(const struct jail *jail) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return false;
    if (mount("splc", stage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k") < 0) return false;
    int fd = open(stage_program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    if (fd < 0) return false;
    close(fd);
    return mkdir(stage_task, 0755) == 0 && mount(jail->folder, stage_task, NULL, MS_BIND | MS_REC, NULL) == 0 &&
           mount(jail->program, stage_program, NULL, MS_BIND, NULL) == 0;
}

static bool become_user(unsigned user) {
    return setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0;
}

static bool leave_the_host(const struct jail *jail) {
    int network = jail->network ? 0 : CLONE_NEWNET;
    if (unshare((jail->user != 0 ? CLONE_NEWNS : CLONE_NEWUSER) | network) < 0) return false;
    if (jail->user == 0 && !map_user(jail)) return false;
    if (!jail->network && !serve_inside(jail)) return false;
    return jail->user == 0 || show(jail);
}

bool jail_enter(void *context) {
    const struct jail *jail = context;
    if (jail->group >= 0 && write(jail->group, "0", 1) != 1) return false;
    if (jail->isolated && !leave_the_host(jail)) return false;
    if (jail->limit_data && !limit(RLIMIT_DATA, (rlim_t)jail->memory_mb * 1024 * 1024)) return false;
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, SANDBOX_FILES_MAX)) return false;
    if (!limit(RLIMIT_NPROC, jail->isolated ? SANDBOX_PROCESSES_MAX : PROCESSES_OF_USER_MAX)) return false;
    if (!limit(RLIMIT_FSIZE, FILE_BYTES_MAX)) return false;
    return !jail->isolated || jail->user == 0 || become_user(jail->user);
}

// --- before ---

/// One user per function, the same each time; two functions of one hash share one, and still see nothing of each other.
static unsigned user_of(const char *name) {
    unsigned hash = 2166136261u; // FNV-1a
    for (const char *c = name; *c != '\0'; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    return SANDBOX_USER_FIRST + hash % SANDBOX_USERS;
}

enum error jail_check(const struct jail *jail, struct problem *ret_problem) {
    const char *const paths[] = {jail->folder, jail->program};
    struct stat there;
    if (!jail->isolated || geteuid() != 0) return ERROR_NONE;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (stat(paths[i], &there) == 0 && (there.st_mode & 05) != 05)
            return problem_say(ret_problem, ERROR_FORBIDDEN,
                               "%s cannot be read by the function's own user: chmod -R o+rX it", paths[i]);
    return ERROR_NONE;
}

static void add(struct jail *jail, size_t *count, const char *const *words) {
    for (; *words != NULL && *count < SANDBOX_ARGUMENTS_MAX - 1; words++) jail->arguments[(*count)++] = *words;
}
#define ADD(...) add(jail, &count, (const char *const[]){__VA_ARGS__, NULL})

/// Programs and libraries, and how they are found; nothing of the machine's own configuration.
static void add_system(struct jail *jail, size_t *at) {
    size_t count = *at;
    ADD("--ro-bind", "/usr", "/usr");
    static const char *const merged[] = {"/lib", "/lib64", "/bin", "/sbin"};
    for (size_t i = 0; i < sizeof merged / sizeof merged[0]; i++) {
        struct stat there;
        if (lstat(merged[i], &there) < 0) continue;
        static const char *const targets[] = {"usr/lib", "usr/lib64", "usr/bin", "usr/sbin"};
        if (S_ISLNK(there.st_mode))
            ADD("--symlink", targets[i], merged[i]);
        else
            ADD("--ro-bind", merged[i], merged[i]);
    }
    ADD("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache");
    ADD("--ro-bind-try", "/etc/ssl/certs", "/etc/ssl/certs");
    if (jail->network) {
        ADD("--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf");
        ADD("--ro-bind-try", "/etc/hosts", "/etc/hosts");
        ADD("--ro-bind-try", "/etc/nsswitch.conf", "/etc/nsswitch.conf");
    }
    *at = count;
}

static void make_arguments(struct jail *jail) {
    bool staged = jail->user != 0;
    size_t count = 0;
    ADD("bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try");
    ADD("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "function");
    add_system(jail, &count);
    ADD("--proc", "/proc", "--dev", "/dev", "--size", jail->numbers[2], "--tmpfs", "/tmp");
    ADD("--ro-bind", staged ? stage_task : jail->folder, inner_task);
    ADD("--ro-bind", staged ? stage_program : jail->program, inner_program);
    ADD("--remount-ro", "/", "--chdir", inner_task, inner_program);
    jail->arguments[count] = NULL;
}

void jail_make(struct jail *jail) {
    jail->arguments[0] = jail->program;
    jail->arguments[1] = NULL;
    if (!jail->isolated) return;
    jail->user = geteuid() == 0 ? user_of(jail->name) : 0;
    snprintf(jail->numbers[0], sizeof jail->numbers[0], "%u %u 1", geteuid(), geteuid());
    snprintf(jail->numbers[1], sizeof jail->numbers[1], "%u %u 1", getegid(), getegid());
    snprintf(jail->numbers[2], sizeof jail->numbers[2], "%llu", (unsigned long long)jail->storage_mb * 1024 * 1024);
    make_arguments(jail);
}

const char *jail_folder(const struct jail *jail) {
    return jail->isolated ? inner_task : jail->folder;
}

// --- what this system offers ---

static char *say(const char *what, const char *how) {
    char *text = NULL;
    return asprintf(&text, "%s%s", what, how) < 0 ? NULL : text;
}

/// Its complaint, for people.
static void read_output(int fd, char *ret_text, size_t size) {
    ssize_t got = read(fd, ret_text, size - 1);
    ret_text[got < 0 ? 0 : got] = '\0';
    ret_text[strcspn(ret_text, "\n")] = '\0';
}

static char *try_bubblewrap(void) {
    int sockets[2], output[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) return say("no socket pair", "");
    if (pipe2(output, O_CLOEXEC) < 0) return close(sockets[0]), close(sockets[1]), say("no pipe", "");
    struct jail jail = {.program = "/usr/bin/true",
                        .folder = "/usr",
                        .name = "",
                        .memory_mb = 64,
                        .storage_mb = 1,
                        .isolated = true,
                        .socket_out = sockets[1],
                        .group = -1};
    jail_make(&jail);
    struct process_options options = {
        .arguments = jail.arguments, .output = output[1], .prepare = jail_enter, .context = &jail};
    pid_t pid = 0;
    struct problem problem = {0};
    enum error error = process_start(&options, &pid, &problem);
    close(output[1]);
    int status = 0;
    char words[256] = "";
    if (!error) {
        read_output(output[0], words, sizeof words);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    }
    close(output[0]);
    close(sockets[0]);
    close(sockets[1]);
    if (error) return say(problem.text, "");
    return status == 0 ? NULL : say("bubblewrap does not work here: ", words);
}

void sandbox_init(struct sandbox *sandbox, const char *mode) {
    *sandbox = (struct sandbox){0};
    struct problem why = {0};
    sandbox->cgroup = cgroup_open(NULL, &why);
#ifndef SANITIZED // a sanitizer reserves terabytes of address space for its shadow, in workers of tests as well
    sandbox->limits_data = sandbox->cgroup == NULL;
#endif
    if (mode != NULL && strcmp(mode, "off") == 0) {
        sandbox->reason = say("the site file says fog.sandbox: off", "");
        return;
    }
    sandbox->reason = try_bubblewrap();
    sandbox->isolates = sandbox->reason == NULL;
}

void sandbox_clear(struct sandbox *sandbox) {
    cgroup_close(sandbox->cgroup);
    free(sandbox->reason);
    *sandbox = (struct sandbox){0};
}
