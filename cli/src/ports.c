#include "ports.h"

#include <base/file.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TABLE_BYTES_MAX = 16 * 1024 * 1024, STATE_LISTEN = 0x0A }; // of /proc/net/tcp

struct interface {
    const char *name;
    const char *field; // of the site file
    const char *address;
    uint16_t port;
};

union socket_address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static socklen_t fill_address(union socket_address *socket_address, const char *address, uint16_t port) {
    memset(socket_address, 0, sizeof *socket_address);
    if (inet_pton(AF_INET, address, &socket_address->four.sin_addr) == 1) {
        socket_address->four.sin_family = AF_INET;
        socket_address->four.sin_port = htons(port);
        return sizeof socket_address->four;
    }
    if (inet_pton(AF_INET6, address, &socket_address->six.sin6_addr) != 1) return 0;
    socket_address->six.sin6_family = AF_INET6;
    socket_address->six.sin6_port = htons(port);
    return sizeof socket_address->six;
}

/// 0, or the errno of what stands in the way of listening there.
static int try_to_listen(const char *address, uint16_t port) {
    union socket_address there;
    socklen_t length = fill_address(&there, address, port);
    if (length == 0) return EADDRNOTAVAIL;
    int fd = socket(there.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    int on = 1; // as servers do: connections of the last run that are being closed do not count
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int number = bind(fd, &there.any, length) == 0 && listen(fd, 1) == 0 ? 0 : errno;
    close(fd);
    return number;
}

static enum error refuse(const struct interface *interface, int number, struct problem *ret_problem) {
    if (number == EADDRINUSE) {
        return problem_say(
            ret_problem, ERROR_EXISTS,
            "port %u on %s is in use by another program, %s needs it: stop that program, or add to every "
            "port with --port-offset N, such as --port-offset 100 (or change %s in site.yaml)",
            interface->port, interface->address, interface->name, interface->field);
    }
    if (number == EADDRNOTAVAIL) {
        return problem_say(ret_problem, ERROR_INVALID,
                           "%s is no address of this machine, %s cannot listen there: correct "
                           "the address in site.yaml",
                           interface->address, interface->name);
    }
    if (number == EACCES) {
        return problem_say(ret_problem, ERROR_FORBIDDEN,
                           "port %u for %s is below 1024 and needs special rights: choose a "
                           "higher one (%s in site.yaml)",
                           interface->port, interface->name, interface->field);
    }
    return problem_say(ret_problem, error_from_errno(number), "port %u on %s for %s: %s", interface->port,
                       interface->address, interface->name, strerror(number));
}

/// Above 1023, of the list of the Fetch Standard, section "Port blocking".
static bool is_refused_by_browsers(uint16_t port) {
    static const uint16_t ports[] = {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000,
                                     6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
        if (ports[i] == port) return true;
    return false;
}

static enum error check_browsers(const struct site *site, struct problem *ret_problem) {
    bool http = is_refused_by_browsers(site->fog.http_port);
    if (!http && !is_refused_by_browsers(site->fog.https_port)) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_INVALID,
                       "no browser opens port %u (it is on their list of ports of other services): choose another "
                       "--port-offset, or change %s in site.yaml",
                       http ? site->fog.http_port : site->fog.https_port, http ? "fog.http_port" : "fog.https_port");
}

enum error ports_check(const struct site *site, struct problem *ret_problem) {
    const struct interface interfaces[] = {
        {"OPC UA (splc-edge)", "edge.port", site->edge.address, site->edge.port},
        {"the bus (nats-server)", "fog.nats_port", site->fog.address, site->fog.nats_port},
        {"device MQTT (nats-server)", "fog.mqtt_port", site->fog.address, site->fog.mqtt_port},
        {"HTTP (splc-fog api)", "fog.http_port", site->fog.address, site->fog.http_port},
        {"HTTPS (splc-fog api)", "fog.https_port", site->fog.address, site->fog.https_port},
        {"Lambda (splc-fog functions)", "fog.lambda_port", "127.0.0.1", site->fog.lambda_port},
    };
    enum error error = check_browsers(site, ret_problem);
    if (error) return error;
    for (size_t i = 0; i < sizeof interfaces / sizeof *interfaces; i++) {
        int number = try_to_listen(interfaces[i].address, interfaces[i].port);
        if (number != 0) return refuse(&interfaces[i], number, ret_problem);
    }
    return ERROR_NONE;
}

/// "   0: 0100007F:107E 00000000:0000 0A ...": local address and port, remote, state.
static bool line_listens(const char *line, uint16_t port) {
    unsigned local_port, state;
    if (sscanf(line, " %*u: %*[0-9A-F]:%4x %*[0-9A-F]:%*4x %2x", &local_port, &state) != 2) return false;
    return local_port == port && state == STATE_LISTEN;
}

static bool table_listens(const char *table, uint16_t port) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    if (file_read(table, TABLE_BYTES_MAX, &bytes, NULL)) return false; // a machine without IPv6 has no second table
    for (const char *line = bytes.data; line != NULL; line = strchr(line + 1, '\n')) {
        if (line_listens(line, port)) return true;
    }
    return false;
}

bool port_is_listened(uint16_t port) {
    return table_listens("/proc/net/tcp", port) || table_listens("/proc/net/tcp6", port);
}
