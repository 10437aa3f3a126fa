/// The pin map: which signal is wired to which channel. It comes from the plant model; an engineer changes it as one
/// transaction: draft, check, apply, or back.
///
///     model --pins_to_model--> draft --pins_check, pins_prepare--> table --scan--> pins_accept: in effect
///                               ^  '--pins_draft: one channel'                        |
///                               '------------------- pins_revert --------------------'
///
/// Pure. Owns all tables that it prepares: it must outlive the scan.
/// Threads: one; of the program it reads what is constant, and places that only change by its own tables.
#pragma once

#include <base/buffer.h>
#include <base/cleanup.h>
#include <base/problem.h>
#include <model/model.h>
#include <program/program.h>

enum { PINS_BYTES_MAX = 16 * 1024 * 1024 }; // of the file

struct pins;
/// With the program's points where the model has them: before anything else changes them.
enum error pins_create(const struct plant *plant, struct program *program, struct pins **ret_pins);
void pins_destroy(struct pins *pins); // NULL is fine
CLEANUP_DEFINE(struct pins, pins_destroy)

size_t pins_count(const struct pins *pins); // channels
const struct plant_channel *pins_channel(const struct pins *pins, size_t index);
/// Path of the signal below the station; empty: the channel is free. Borrowed from the pins.
struct text pins_applied(const struct pins *pins, size_t index);
struct text pins_drafted(const struct pins *pins, size_t index);
/// Channels whose draft differs from what is in effect.
size_t pins_differences(const struct pins *pins);

/// Drafts one channel; an empty path frees it. What does not depend on other channels is checked at once: the signal
/// exists and fits (direction, size, form of a number). When it fails the draft is as before.
enum error pins_draft(struct pins *pins, size_t index, struct text signal, struct problem *ret_problem);
/// The draft as a whole: no signal at two channels; the emergency stop and the panel's stop and reset buttons are
/// wired.
enum error pins_check(const struct pins *pins, struct problem *ret_problem);
/// Checks, and makes a table of the draft for the scan. Owned by the pins.
enum error pins_prepare(struct pins *pins, struct scan_pin_table **ret_table, struct problem *ret_problem);
/// The table was applied: the draft is what is in effect.
void pins_accept(struct pins *pins);
void pins_revert(struct pins *pins);   // the draft becomes what is in effect
void pins_to_model(struct pins *pins); // the draft becomes what the model says

/// What is in effect, where it differs from the model: a line `CHANNEL SIGNAL` for each such channel, paths below the
/// station, `-` for a free one; lines that begin with # are for people.
void pins_print(const struct pins *pins, struct buffer *out);
void pins_print_draft(const struct pins *pins, struct buffer *out); // the same of the draft
/// The same back into the draft, which is the model's before. The problem names the line.
enum error pins_read(struct pins *pins, struct text bytes, struct problem *ret_problem);
