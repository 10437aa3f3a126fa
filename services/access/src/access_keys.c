#include <access/access_keys.h>

#include <base/buffer.h>
#include <base/file.h>
#include <base/map.h>
#include <pki/pki.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct access_keys {
    const char *file;
    struct buffer bytes; // what is found points into it
    struct stat seen;
    struct problem problem; // why there are none
};

struct access_keys *access_keys_create(const char *file) {
    struct access_keys *keys = calloc(1, sizeof *keys);
    if (keys != NULL) keys->file = file;
    return keys;
}

void access_keys_destroy(struct access_keys *keys) {
    if (keys == NULL) return;
    buffer_clear(&keys->bytes);
    free(keys);
}

// --- reading ---

static bool has_changed(const struct stat *a, const struct stat *b) {
    return a->st_ino != b->st_ino || a->st_size != b->st_size || a->st_mode != b->st_mode ||
           a->st_mtim.tv_sec != b->st_mtim.tv_sec || a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

static void refresh(struct access_keys *keys) {
    struct stat now = {0};
    bool there = stat(keys->file, &now) == 0;
    if (there && !has_changed(&now, &keys->seen)) return;
    keys->seen = now;
    buffer_clear(&keys->bytes);
    keys->problem.text[0] = '\0';
    if (there && (now.st_mode & 077) != 0) {
        error_ignore(problem_say(&keys->problem, ERROR_FORBIDDEN,
                                 "%s can be read by others: chmod 600 it, change the keys", keys->file));
        return;
    }
    error_ignore(file_read(keys->file, ACCESS_KEYS_BYTES_MAX, &keys->bytes, &keys->problem)); // told to who asks
}

/// "name = value"; false for other lines.
static bool read_setting(struct text line, struct text *ret_name, struct text *ret_value) {
    struct text rest = text_trim(line);
    if (rest.length == 0 || strchr("#;[", rest.data[0]) != NULL) return false;
    if (memchr(rest.data, '=', rest.length) == NULL || !text_split(&rest, '=', ret_name)) return false;
    *ret_name = text_trim(*ret_name);
    *ret_value = text_trim(rest);
    return true;
}

/// Key and secret of one section belong together, in whichever order they stand.
static bool find(struct text rest, struct text access_key, struct text *ret_secret) {
    struct text line, name, value, secret = TEXT_EMPTY;
    bool is_his = false;
    while (text_split(&rest, '\n', &line)) {
        if (text_starts_with(text_trim(line), TEXT("["))) {
            is_his = false;
            secret = TEXT_EMPTY;
        }
        if (!read_setting(line, &name, &value)) continue;
        if (text_is(name, "aws_access_key_id")) is_his = pki_equal(value, access_key);
        if (text_is(name, "aws_secret_access_key")) secret = value;
        if (!is_his || secret.length == 0) continue;
        *ret_secret = secret;
        return true;
    }
    return false;
}

enum error access_keys_find(struct access_keys *keys, struct text access_key, struct text *ret_secret,
                            struct problem *ret_problem) {
    if (keys->file == NULL) return problem_say(ret_problem, ERROR_FORBIDDEN, "no client has an access key here");
    refresh(keys);
    if (find(buffer_view(&keys->bytes), access_key, ret_secret)) return ERROR_NONE;
    if (keys->problem.text[0] != '\0') return problem_say(ret_problem, ERROR_FORBIDDEN, "%s", keys->problem.text);
    return problem_say(ret_problem, ERROR_FORBIDDEN, "nobody has this access key: those of this plant are in %s",
                       keys->file);
}
