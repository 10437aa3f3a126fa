/// What people see while a plant is up: lines that stay, and one live line below them when the output is a terminal.
/// When it is not, the live line's steady part is printed as an ordinary line whenever it changes.
#pragma once

#include <stdbool.h>
#include <stdio.h>

enum { SCREEN_LINE_BYTES = 512 };

struct screen {
    FILE *out;
    bool terminal;
    bool live; // a live line stands at the bottom
    char steady[SCREEN_LINE_BYTES];
};

/// `live` false: no live line, as if the output were no terminal.
void screen_open(struct screen *screen, FILE *out, bool live);

/// One or more lines that stay.
void screen_say(struct screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// `steady`: changes with what happens; `volatile_part`: changes all the time.
void screen_show(struct screen *screen, const char *steady, const char *volatile_part);

/// Takes the live line away.
void screen_close(struct screen *screen);
