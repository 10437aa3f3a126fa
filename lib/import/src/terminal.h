/// What a tag list says of the terminal of a tag: address, data type, scaling.
#pragma once

#include <import/import.h>

/// "%I0.0", "E 0.0", "%QX1.2", "%IW64", "PAW 256:P": inputs I and E (Eingang), outputs Q, A (Ausgang) and O; sets
/// `output`, `byte`, `bit`, `bits`, `has_address`. False when it is none.
bool terminal_read_address(struct text text, struct import_tag *tag);
/// The IEC 61131-3 name of a type of 1 to 32 bits; sets `bits` and `encoding`. False for any other.
bool terminal_read_type(struct text text, struct import_tag *tag);
/// "4.5", also "4,5". Neither or both must be there: false otherwise. Nothing leaves `ret_range` as it is.
bool terminal_read_range(struct text low, struct text high, struct plant_range *ret_range);
