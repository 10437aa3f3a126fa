// Whatever comes as a broker's request: refused with a reason, for nobody here has a broker's key.
#include "../src/claims.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct question question;
    struct problem problem = {0};
    if (question_read((struct text){(const char *)data, size}, &question, &problem) == ERROR_NONE) abort();
    if (problem.text[0] == '\0') abort();
    return 0;
}
