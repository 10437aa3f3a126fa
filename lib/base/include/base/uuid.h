/// Random UUIDs (RFC 9562, version 4), as text in small letters.
#pragma once

enum { UUID_BYTES = 37 }; // with NUL

void uuid_make(char ret_text[static UUID_BYTES]);
