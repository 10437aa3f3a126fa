#include "words.h"

#include <base/cleanup.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "standin.h"

int main(int argc, char **argv) {
    int status;
    if (standin_ran(argc, argv, &status)) return status;
    return 0;
}
