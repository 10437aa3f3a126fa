#include "servers.h"

#include <base/file.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 32, THING_BYTES_MAX = 128, PATH_BYTES_MAX = 1024, URL_BYTES_MAX = 256 };

static bool is_word(struct text text, size_t length_max) {
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!good) return false;
    }
    return text.length > 0 && text.length <= length_max;
}

static bool is_name(struct text text) {
    return is_word(text, NAME_BYTES_MAX);
}

static bool is_thing(struct text text) {
    return is_word(text, THING_BYTES_MAX);
}

static bool is_url(struct text text) {
    struct text scheme = TEXT("opc.tcp://");
    return text_starts_with(text, scheme) && text.length > scheme.length && text.length <= URL_BYTES_MAX;
}

static bool is_user(struct text text) {
    return text.length > 0 && text.length <= NAME_BYTES_MAX;
}

/// Steps with one slash between them.
static bool is_path(struct text text) {
    if (text.length == 0 || text.length > PATH_BYTES_MAX || text_ends_with(text, TEXT("/"))) return false;
    struct text rest = text, step;
    while (text_split(&rest, '/', &step))
        if (step.length == 0) return false;
    return true;
}

/// A file below the plant folder.
static bool is_file_below(struct text text) {
    if (!is_path(text)) return false;
    struct text rest = text, step;
    while (text_split(&rest, '/', &step))
        if (text_is(step, "..")) return false;
    return true;
}

#define TEXT_ROW(field, object, member, test, what)                                                                    \
    {                                                                                                                  \
        .name = (field), .kind = SETTING_TEXT, .offset = offsetof(object, member), .accepts = (test),                  \
        .required = true, .expected = (what)                                                                           \
    }

#define THING struct site_server_thing
static const struct setting thing_rows[] = {
    TEXT_ROW("path", THING, path, is_path, "browse names below the Objects folder, such as Machines/Oven1"),
    TEXT_ROW("thing", THING, thing, is_thing, "a name of at most 128 letters, digits, _ and -"),
};
static const struct setting thing_row = {
    .name = "thing", .kind = SETTING_SECTION, .rows = thing_rows, .row_count = sizeof thing_rows / sizeof *thing_rows};

#define SERVER struct site_server
static const struct setting server_rows[] = {
    TEXT_ROW("name", SERVER, name, is_name, "a name of at most 32 letters, digits, _ and -"),
    TEXT_ROW("url", SERVER, url, is_url, "opc.tcp://HOST:PORT"),
    TEXT_ROW("certificate", SERVER, certificate, is_file_below,
             "the server's certificate (DER), a file below the plant folder"),
    TEXT_ROW("user", SERVER, user, is_user, "the user name that the gateway logs in with"),
    {.name = "things",
     .kind = SETTING_LIST,
     .offset = offsetof(SERVER, things),
     .count_offset = offsetof(SERVER, thing_count),
     .item_bytes = sizeof(THING),
     .rows = &thing_row,
     .row_count = 1,
     .expected = "things: path, thing"},
};
const struct setting server_row = {.name = "server",
                                   .kind = SETTING_SECTION,
                                   .rows = server_rows,
                                   .row_count = sizeof server_rows / sizeof *server_rows};

/// True when a server before, or a thing before of the same one, has this name for a thing.
static bool is_taken(const struct site *site, size_t server, size_t thing) {
    const char *name = site->fog.servers[server].things[thing].thing;
    for (size_t i = 0; i <= server; i++) {
        const struct site_server *other = &site->fog.servers[i];
        size_t count = i == server ? thing : other->thing_count;
        for (size_t j = 0; j < count; j++)
            if (strcmp(other->things[j].thing, name) == 0) return true;
    }
    return false;
}

static enum error check_names(const struct site *site, size_t server, const struct settings *file,
                              struct problem *problem) {
    const struct site_server *checked = &site->fog.servers[server];
    char place[80];
    for (size_t i = 0; i < server; i++) {
        if (strcmp(site->fog.servers[i].name, checked->name) != 0) continue;
        snprintf(place, sizeof place, "fog.servers[%zu].name", server);
        return settings_refuse(file, problem, place, "a server \"%s\" stands above already: names must differ",
                               checked->name);
    }
    for (size_t i = 0; i < checked->thing_count; i++) {
        if (!is_taken(site, server, i)) continue;
        snprintf(place, sizeof place, "fog.servers[%zu].things[%zu].thing", server, i);
        return settings_refuse(file, problem, place, "a thing \"%s\" stands above already: names must differ",
                               checked->things[i].thing);
    }
    return ERROR_NONE;
}

enum error servers_check(struct site *site, struct keep *keep, const struct settings *file, struct problem *problem) {
    enum error error = ERROR_NONE;
    for (size_t i = 0; !error && i < site->fog.server_count; i++) {
        error = check_names(site, i, file, problem);
        if (error) return error;
        char *path = file_join(site->plant_folder, site->fog.servers[i].certificate);
        site->fog.servers[i].certificate = path == NULL ? NULL : keep_text(keep, text_of(path));
        free(path);
        if (site->fog.servers[i].certificate == NULL) error = ERROR_NO_MEMORY;
    }
    return error;
}
