#include <base/uuid.h>

#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>

void uuid_make(char ret_text[static UUID_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char random[16];
    if (getrandom(random, sizeof random, 0) != sizeof random) abort(); // cannot fail for so few bytes
    random[6] = (unsigned char)((random[6] & 0x0f) | 0x40);
    random[8] = (unsigned char)((random[8] & 0x3f) | 0x80);
    char *at = ret_text;
    for (size_t i = 0; i < sizeof random; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        *at++ = digits[random[i] >> 4];
        *at++ = digits[random[i] & 0x0f];
    }
    *at = '\0';
}
