/// The library's log: its last complaint is kept for the reason that we give; all of it goes to our log as debug lines.
#pragma once

#include <open62541/plugin/log.h>

enum { JOURNAL_TEXT_BYTES = 256 };

struct journal {
    UA_Logger logger;
    char complaint[JOURNAL_TEXT_BYTES]; // last warning or error; empty: none
};

/// `journal` must stay where it is for as long as the library uses `journal->logger`.
void journal_init(struct journal *journal);
