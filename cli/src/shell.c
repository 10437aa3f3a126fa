#include "shell.h"

#include <string.h>

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:=@%,";

void shell_put_word(struct buffer *out, const char *word) {
    size_t length = strlen(word);
    if (length > 0 && strspn(word, plain) == length) {
        buffer_string(out, word);
        return;
    }
    buffer_byte(out, '\'');
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'')
            buffer_string(out, "'\\''");
        else
            buffer_byte(out, *c);
    }
    buffer_byte(out, '\'');
}
