#include "triple.h"

#include <stdlib.h>

bool triple_init(struct triple *triple, size_t bytes) {
    bool got = true;
    for (unsigned i = 0; i < 3; i++) {
        triple->slots[i].bytes = calloc(bytes + 1, 1);
        got = got && triple->slots[i].bytes != NULL;
    }
    triple->writer = 0;
    triple->reader = 1;
    atomic_store(&triple->middle, 2);
    return got;
}

void triple_clear(struct triple *triple) {
    for (unsigned i = 0; i < 3; i++) free(triple->slots[i].bytes);
}

void triple_publish(struct triple *triple) {
    unsigned was = atomic_exchange_explicit(&triple->middle, triple->writer | TRIPLE_FRESH, memory_order_acq_rel);
    triple->writer = was & ~(unsigned)TRIPLE_FRESH;
}

bool triple_take(struct triple *triple) {
    if ((atomic_load_explicit(&triple->middle, memory_order_relaxed) & TRIPLE_FRESH) == 0) return false;
    unsigned was = atomic_exchange_explicit(&triple->middle, triple->reader, memory_order_acq_rel);
    triple->reader = was & ~(unsigned)TRIPLE_FRESH;
    return true;
}
