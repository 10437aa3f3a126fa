/// Values that survive a restart. The model says which (attribute `Retain`); the scan thread hands them over when one
/// has changed, a thread of its own writes them; nobody waits for a disk.
///
/// Two files take turns, each whole with a checksum and a generation: whatever a power cut leaves of the one that was
/// being written, the other is the state before. Form of the files: docs/spec/retain.md.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <program/program.h>

enum {
    RETAIN_FILE_BYTES_MAX = 64 * 1024 * 1024,
    RETAIN_PATH_BYTES_MAX = 1024,
};

// ---------------------------------------------------------------- one file

/// A value as it was when the PLC ended.
struct retain_entry {
    struct text path; // "MPS/mps_ejector/ejector/LastPosition"; borrowed from the bytes
    enum value_type type;
    union scan_value value;
};

struct retain_image {
    uint64_t generation;
    uint64_t layout; // of paths and types: the same layout is the same model as far as retained values go
    struct retain_entry *entries;
    size_t count;
};

/// ERROR_INVALID for anything but a whole image. Pure.
enum error retain_decode(struct text bytes, struct retain_image *ret_image);
void retain_image_clear(struct retain_image *image);

// ---------------------------------------------------------------- start

struct retain_report {
    bool found;          // an image from before
    uint64_t generation; // of that
    bool same_layout;
    size_t restored;
    size_t missing;    // retained by the model, but not in the image (or of another type)
    size_t left_over;  // in the image, but not retained by the model
    unsigned unusable; // files that are there, but not whole
};

struct retain_options {
    const char *files[2]; // alternating; made when needed, mode 0600
    bool cold;            // nothing is restored; what is written from now on replaces it
};

struct retain;
/// Restores into the program, which is built and has not scanned yet, and looks on from then on. The report tells what
/// was restored; no file is no error.
enum error retain_start(struct program *program, const struct retain_options *options, struct retain **ret_retain,
                        struct retain_report *ret_report, struct problem *ret_problem);
/// True when the last write succeeded, or nothing has been written yet. Any thread.
bool retain_healthy(const struct retain *retain);
/// Images that were written since the start. Any thread.
uint64_t retain_written(const struct retain *retain);
/// With the scan thread ended: the last values are on the disk when it returns. NULL is fine.
void retain_stop(struct retain *retain);
CLEANUP_DEFINE(struct retain, retain_stop)
