// DATA/edge/users: one user per line, `name:role:hash`; lines that begin with # are for people.

#include "internal.h"

#include <base/buffer.h>
#include <base/file.h>
#include <base/log.h>
#include <pki/pki.h>

#include <string.h>

enum { USERS_BYTES_MAX = 256 * 1024 };

static const struct {
    const char *name;
    enum opcua_role role;
} ROLES[] = {{"viewer", OPCUA_VIEWER},
             {"operator", OPCUA_OPERATOR},
             {"engineer", OPCUA_ENGINEER},
             {"administrator", OPCUA_ADMINISTRATOR}};

static bool find_role(struct text name, enum opcua_role *ret_role) {
    for (size_t i = 0; i < sizeof ROLES / sizeof ROLES[0]; i++) {
        if (!text_is(name, ROLES[i].name)) continue;
        *ret_role = ROLES[i].role;
        return true;
    }
    return false;
}

static bool split_line(struct text line, struct user *ret_user) {
    struct text role;
    bool complete = text_split(&line, ':', &ret_user->name) && text_split(&line, ':', &role);
    ret_user->hash = line;
    return complete && ret_user->name.length > 0 && ret_user->hash.length > 0 &&
           ret_user->hash.length < PKI_HASH_BYTES && find_role(role, &ret_user->role);
}

bool users_next(struct text *rest, unsigned *line_number, struct user *ret_user, bool *ret_valid) {
    struct text line;
    while (text_split(rest, '\n', &line)) {
        ++*line_number;
        line = text_trim(line);
        if (line.length == 0 || line.data[0] == '#') continue;
        *ret_valid = split_line(line, ret_user);
        return true;
    }
    return false;
}

static bool matches(struct text password, struct text hash) {
    char text[PKI_HASH_BYTES] = {0};
    memcpy(text, hash.data, hash.length);
    return pki_password_matches(password, text);
}

bool users_login(const char *file, struct text user, struct text password, enum opcua_role *ret_role) {
    CLEANUP(buffer_clear) struct buffer bytes = {0};
    struct problem problem = {0};
    if (file_read(file, USERS_BYTES_MAX, &bytes, &problem)) {
        log_error("nobody can log in: %s", problem.text);
        return false;
    }
    struct text rest = buffer_view(&bytes);
    struct user found = {0}, any = {0}, read;
    bool valid;
    for (unsigned line = 0; users_next(&rest, &line, &read, &valid);) {
        if (!valid) {
            log_warning("%s:%u: left out; write `name:role:hash`, role viewer, operator, engineer or administrator",
                        file, line);
            continue;
        }
        any = read;
        if (text_equal(read.name, user)) found = read;
    }
    if (found.name.length == 0) { // nobody shall learn from the time which users there are
        if (any.hash.length > 0) (void)matches(password, any.hash);
        return false;
    }
    if (!matches(password, found.hash)) return false;
    *ret_role = found.role;
    return true;
}
