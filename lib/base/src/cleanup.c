#include <base/cleanup.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void free_at(void *pointer_to_pointer) {
    void *pointer;
    memcpy(&pointer, pointer_to_pointer, sizeof pointer); // a char ** may not be read as a void **
    free(pointer);
}

void file_close_at(FILE **file) {
    if (*file != NULL) fclose(*file);
}

void descriptor_close_at(int *fd) {
    if (*fd >= 0) close(*fd);
}
