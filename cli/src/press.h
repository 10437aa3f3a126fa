/// Hands on the simulated machine: words of docs/spec/site.md, as calls of the simulation's methods
/// (docs/spec/opcua.md).
#pragma once

#include <base/buffer.h>
#include <base/problem.h>
#include <model/model.h>

/// The thing of the simulation: "mps_simulation"; for the caller to free.
char *press_thing(const struct plant *plant);

/// The command that the word means: {"method":"press","arguments":["start"]}. ERROR_INVALID for a word that is unknown
/// or that this plant's panel has no element for; the problem lists the words.
enum error press_command(const struct plant *plant, const char *word, struct buffer *command,
                         struct problem *ret_problem);
