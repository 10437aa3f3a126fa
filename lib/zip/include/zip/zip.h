/// ZIP archives in memory: what AutomationML (.amlx), the Asset Administration Shell (.aasx) and module type packages
/// (.mtp) are packed in. A careful front of libarchive for bytes from outside: ZIP only, stored or deflated, no file is
/// ever written, and every limit holds for what comes out, whatever the archive says of itself.
/// Owns: nothing; callers keep what they pass in and own what they get.
/// Threads: any number at once.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>

enum { ZIP_ENTRIES_MAX = 10000 };   // a container of an engineering tool has some dozen
enum { ZIP_NAME_BYTES_MAX = 1024 }; // of one entry

/// One file of an archive. Folders are left out.
struct zip_entry {
    struct text name;    // UTF-8, with "/", without a leading one: "lib/plant.aml"
    struct text content; // for writing; empty in a listing
};

/// What is in the archive, in its order, entry by entry; an error of the visitor ends the walk and is its result.
/// Refused: what is no ZIP archive, encrypted entries, names that are absolute, lead upwards ("..") or have a back
/// slash or control character in them, two entries of one name (case does not count, as in OPC), more than
/// ZIP_ENTRIES_MAX.
enum error zip_each(struct text archive, enum error (*visit)(void *context, const struct zip_entry *entry),
                    void *context, struct problem *ret_problem);

/// Appends the content of one entry; case does not count in its name. ERROR_NOT_FOUND when there is none,
/// ERROR_TOO_LARGE past `bytes_max` bytes unpacked; otherwise as zip_each. Nothing is appended when it fails.
enum error zip_read(struct text archive, struct text name, size_t bytes_max, struct buffer *out,
                    struct problem *ret_problem);

/// An archive read once from its first entry to its last, with folders, kinds and permissions: for those who unpack it.
/// Nothing is unpacked but what the caller takes, so that he keeps to his own limits. `archive` is borrowed.
struct zip_reader;
struct zip_reading {
    size_t entries_max; // ERROR_TOO_LARGE past it
    bool case_counts;   // "A" and "a" are two files, as on Linux
};
enum zip_kind { ZIP_FILE, ZIP_FOLDER, ZIP_LINK, ZIP_DEVICE }; // a device: or pipe, or socket
struct zip_item {
    struct text name; // without "/" at its end; borrowed until the next call
    enum zip_kind kind;
    unsigned permissions; // 0755; 0 when the archive was packed where there are none
};
enum error zip_open(struct text archive, const struct zip_reading *reading, struct zip_reader **ret_reader,
                    struct problem *ret_problem);
void zip_close(struct zip_reader *reader); // NULL is fine
CLEANUP_DEFINE(struct zip_reader, zip_close)
/// The next entry; an empty name at the end. Refuses what zip_each refuses.
enum error zip_next(struct zip_reader *reader, struct zip_item *ret_item, struct problem *ret_problem);
/// The next bytes of the current entry, at most `capacity`; 0 at its end.
enum error zip_take(struct zip_reader *reader, void *bytes, size_t capacity, size_t *ret_length,
                    struct problem *ret_problem);

/// Appends an archive with these entries, deflated, in this order. The same entries give the same bytes: the time of
/// each is 1980-01-01. ERROR_INVALID for a name that zip_each would refuse.
enum error zip_write(const struct zip_entry *entries, size_t count, struct buffer *out, struct problem *ret_problem);
/// The same with the permissions of each entry (0755: a program); zip_write gives all of them 0644.
enum error zip_write_with(const struct zip_entry *entries, const unsigned *permissions, size_t count,
                          struct buffer *out, struct problem *ret_problem);
/// The same, stored instead of deflated: for an archive that stays on this machine.
enum error zip_store_with(const struct zip_entry *entries, const unsigned *permissions, size_t count,
                          struct buffer *out, struct problem *ret_problem);

/// True when the bytes begin as a ZIP archive does.
bool zip_is_archive(struct text bytes);
