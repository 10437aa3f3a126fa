#include "screen.h"

#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_OTHERWISE = 80 };

void screen_open(struct screen *screen, FILE *out, bool live) {
    *screen = (struct screen){.out = out, .terminal = live && isatty(fileno(out)) == 1};
}

static unsigned columns(const struct screen *screen) {
    struct winsize size;
    if (ioctl(fileno(screen->out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return COLUMNS_OTHERWISE;
    return size.ws_col;
}

void screen_close(struct screen *screen) {
    if (screen->live) fputs("\r\033[K", screen->out);
    screen->live = false;
    fflush(screen->out);
}

void screen_say(struct screen *screen, const char *format, ...) {
    screen_close(screen);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(screen->out, format, arguments);
    va_end(arguments);
    fputc('\n', screen->out);
    fflush(screen->out);
}

/// As many characters as fit; UTF-8 is not cut inside a character.
static int fitting_bytes(const char *text, unsigned columns_max) {
    unsigned used = 0;
    int at = 0;
    for (; text[at] != '\0'; at++) {
        bool begins = ((unsigned char)text[at] & 0xC0) != 0x80;
        if (begins && used++ == columns_max) break;
    }
    return at;
}

void screen_show(struct screen *screen, const char *steady, const char *volatile_part) {
    bool same = strcmp(screen->steady, steady) == 0;
    snprintf(screen->steady, sizeof screen->steady, "%s", steady);
    if (!screen->terminal) {
        if (!same) screen_say(screen, "%s", steady);
        return;
    }
    char line[2 * SCREEN_LINE_BYTES];
    snprintf(line, sizeof line, "%s%s", steady, volatile_part);
    fprintf(screen->out, "\r\033[K%.*s", fitting_bytes(line, columns(screen) - 1), line);
    fflush(screen->out);
    screen->live = true;
}
