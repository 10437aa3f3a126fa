#include "api.h"
#include "console_files.h" // made by the build from the folder console/

#include <string.h>

/* The page may load and call nothing but this server: no script of its own text, no other site, no frame around it. */
static const char content_security_policy[] =
    "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'";

static const struct embedded_file *find(struct text path) {
    for (size_t i = 0; i < console_file_count; i++)
        if (text_is(path, console_files[i].path)) return &console_files[i];
    return NULL;
}

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
};

static const char *type_of(const char *path) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (text_ends_with(text_of(path), text_of(types[i].ending))) return types[i].type;
    return "application/octet-stream";
}

bool console_is_public(struct text path) {
    return text_is(path, "/login.css") || text_is(path, "/favicon.svg");
}

bool console_answer(struct http_request *request, struct text path, int status) {
    const struct embedded_file *file = find(path);
    if (file == NULL) return false;
    const struct http_header_line headers[] = {
        {"Content-Type", type_of(file->path)},
        {"Content-Security-Policy", content_security_policy},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-cache"}, // asks each time, and is told "not modified"
        {"ETag", file->etag},
    };
    bool known = status == 200 && text_is(http_header(request, "If-None-Match"), file->etag);
    struct text content = {(const char *)file->data, file->length};
    http_answer(request, known ? 304 : status, headers, sizeof headers / sizeof headers[0],
                known ? TEXT_EMPTY : content);
    return true;
}
