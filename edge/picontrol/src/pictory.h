/// What PiCtory saved: the variables of all modules with their full names. The driver knows the same names cut to 31
/// characters, so this file decides where longer ones are.
#pragma once

#include <base/cleanup.h>
#include <base/problem.h>
#include <base/text.h>

enum { PICTORY_BYTES_MAX = 4 * 1024 * 1024, PICTORY_VARIABLES_MAX = 16 * 1024 };

enum pictory_kind { PICTORY_INPUT, PICTORY_OUTPUT, PICTORY_MEMORY };

struct pictory_variable {
    struct text name; // borrowed from the pictory
    enum pictory_kind kind;
    uint16_t byte;
    uint8_t bit;  // 0..7
    uint8_t bits; // 1..32
};

struct pictory;
/// The problem names device and variable.
enum error pictory_read(struct text bytes, struct pictory **ret_pictory, struct problem *ret_problem);
void pictory_destroy(struct pictory *pictory); // NULL is fine
CLEANUP_DEFINE(struct pictory, pictory_destroy)

size_t pictory_count(const struct pictory *pictory);
const struct pictory_variable *pictory_at(const struct pictory *pictory, size_t index);
/// The only variable of that name; NULL when there is none or more than one.
const struct pictory_variable *pictory_find(const struct pictory *pictory, struct text name);
