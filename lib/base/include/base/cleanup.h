/// Release beside acquire: `CLEANUP(file_close_at) FILE *file = fopen(...)` closes on every way out.
#pragma once

#include <stdio.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/// Hands a pointer over and disarms its cleanup: `*ret_x = TAKE(x);`
#define TAKE(pointer)                                                                                                  \
    ({                                                                                                                 \
        __typeof__(pointer) taken_ = (pointer);                                                                        \
        (pointer) = NULL;                                                                                              \
        taken_;                                                                                                        \
    })

/// Defines `x_destroy_at(struct x **)` for CLEANUP from `x_destroy(struct x *)`.
#define CLEANUP_DEFINE(type, destroy)                                                                                  \
    __attribute__((unused)) static inline void destroy##_at(type **pointer) {                                          \
        if (*pointer != NULL) destroy(*pointer);                                                                       \
    }

void free_at(void *pointer_to_pointer); // free(*p)
void file_close_at(FILE **file);        // fclose(*f) unless NULL
void descriptor_close_at(int *fd);      // close(*fd) unless negative
