/// The one line that says how a plant is. Pure.
#pragma once

#include "screen.h"
#include "snapshot.h"

struct status_line {
    const char *plant;
    const char *const *not_ready; // processes, with their state: "gateway starting"
    size_t not_ready_count;
    const struct snapshot *snapshot; // NULL: nothing seen yet
    bool is_up;                      // all have reported once: who is silent now is abnormal
};

/// `steady` changes when something happens, `volatile_part` all the time; empty when nothing is known.
void status_line_print(const struct status_line *line, char steady[static SCREEN_LINE_BYTES],
                       char volatile_part[static SCREEN_LINE_BYTES]);
