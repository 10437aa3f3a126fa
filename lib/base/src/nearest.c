#include <base/nearest.h>

#include <string.h>

enum { NEAREST_BYTES_MAX = 64 }; // nobody mistypes a longer word

static size_t least(size_t a, size_t b, size_t c) {
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/// Levenshtein distance, one row of the table at a time.
static size_t distance(struct text a, struct text b) {
    size_t row[NEAREST_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.length; j++) row[j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t above = row[j];
            size_t replaced = diagonal + (a.data[i - 1] != b.data[j - 1]);
            row[j] = least(above + 1, row[j - 1] + 1, replaced);
            diagonal = above;
        }
    }
    return row[b.length];
}

const char *nearest_word(struct text word, const char *const *choices, size_t count) {
    if (word.length == 0 || word.length > NEAREST_BYTES_MAX) return NULL;
    const char *best = NULL;
    size_t best_distance = word.length / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        struct text choice = text_of(choices[i]);
        if (choice.length > NEAREST_BYTES_MAX) continue;
        size_t d = distance(word, choice);
        if (d > best_distance || (best != NULL && d == best_distance)) continue;
        best = choices[i];
        best_distance = d;
    }
    return best;
}
