/// A record as it is in the file.
#pragma once

#include <diagnostics/diagnostics.h>

void record_encode(const struct diagnostics_entry *entry, uint8_t ret_record[static DIAGNOSTICS_RECORD_BYTES]);

enum record_state { RECORD_EMPTY, RECORD_DAMAGED, RECORD_WHOLE };
enum record_state record_decode(const uint8_t record[static DIAGNOSTICS_RECORD_BYTES],
                                struct diagnostics_entry *ret_entry);
