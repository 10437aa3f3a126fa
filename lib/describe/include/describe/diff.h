/// What differs between two models of a plant, and what that means for whoever uses it. The rules stand in one table
/// (describe_rules), which docs/guide/model.md prints.
/// Owns: a comparison owns its texts and borrows nothing. Threads: may be read by any number of threads.
#pragma once

#include <base/cleanup.h>
#include <describe/describe.h>

/// From harmless to harmful, so that the worst of several is the largest.
enum verdict {
    VERDICT_COMPATIBLE, // clients and machine go on as before: the next start takes it
    VERDICT_NEEDS_STOP, // clients go on as before, but the machine behaves differently: only at standstill
    VERDICT_BREAKING    // clients of OPC UA, twins or HTTP have to be changed with it
};
const char *verdict_name(enum verdict verdict); // "compatible", "needs a stop", "breaking"

struct rule {
    const char *name; // "value-gone"
    const char *what; // "a value is gone"
    enum verdict verdict;
    const char *why;
};
extern const struct rule describe_rules[];
extern const size_t describe_rule_count;

struct difference {
    const struct rule *rule;
    struct text path;   // "MPS/mps_ejector/sensor_metal"; of a class "Motor/setDirection"
    struct text detail; // "I_4 became I_16"; may be empty
};

struct diff;
/// NULL when out of memory.
struct diff *diff_create(const struct plant *old, const struct plant *new);
void diff_destroy(struct diff *diff); // NULL is fine
CLEANUP_DEFINE(struct diff, diff_destroy)
size_t diff_count(const struct diff *diff);
/// Station first, then elements in the order of the models, then classes.
const struct difference *diff_at(const struct diff *diff, size_t index);
/// The worst of all; compatible when nothing differs.
enum verdict diff_verdict(const struct diff *diff);
