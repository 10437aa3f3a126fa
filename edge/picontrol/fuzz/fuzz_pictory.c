// Whatever the bytes are: every variable lies in the image and has a name, and a failure says why.
#include "../src/pictory.h"

#include "../src/abi.h"

#include <stdlib.h>

static void expect(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(pictory_destroy_at) struct pictory *pictory = NULL;
    struct problem problem = {0};
    enum error error = pictory_read((struct text){(const char *)data, size}, &pictory, &problem);
    expect((error == ERROR_NONE) == (problem.text[0] == '\0'));
    expect((error == ERROR_NONE) == (pictory != NULL));
    for (size_t i = 0; pictory != NULL && i < pictory_count(pictory); i++) {
        const struct pictory_variable *variable = pictory_at(pictory, i);
        expect(variable->name.length > 0 && variable->bit < 8 && variable->bits >= 1 && variable->bits <= 32);
        expect(variable->byte * 8u + variable->bit + variable->bits <= PI_IMAGE_BYTES * 8u);
        const struct pictory_variable *found = pictory_find(pictory, variable->name);
        expect(found == NULL || found == variable);
    }
    return 0;
}
