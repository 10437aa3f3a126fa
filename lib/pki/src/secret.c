#include <pki/pki.h>

#include "new_file.h"

#include <base/cleanup.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SECRET_RANDOM_BYTES = 32,
    SECRET_FILE_BYTES_MAX = 4096, // a line that a person typed
    HASH_PASSES = 3,
    HASH_MEMORY_BYTES = 4 * 1024 * 1024,
};

_Static_assert(PKI_HASH_BYTES == crypto_pwhash_STRBYTES, "the text of a hash fits");

enum error pki_secret(char ret_secret[static PKI_SECRET_BYTES]) {
    if (sodium_init() < 0) return ERROR_INTERNAL;
    unsigned char random[SECRET_RANDOM_BYTES];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(ret_secret, PKI_SECRET_BYTES, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(random, sizeof random);
    return ERROR_NONE;
}

enum error pki_secret_make(const char *path, struct problem *ret_problem) {
    char secret[PKI_SECRET_BYTES];
    enum error error = pki_secret(secret);
    if (error) return problem_say(ret_problem, error, "%s: no random numbers to be had from the system", path);
    size_t length = strlen(secret);
    secret[length] = '\n'; // a line, as editors and shells expect; the array has room for it instead of the NUL
    error = new_file_write(path, (struct text){secret, length + 1}, 0600, ret_problem);
    sodium_memzero(secret, sizeof secret);
    return error;
}

static enum error refuse(struct problem *ret_problem, const char *path) {
    int number = errno;
    return problem_say(ret_problem, error_from_errno(number), "%s: %s", path, strerror(number));
}

static enum error check_private(int fd, const char *path, struct problem *ret_problem) {
    struct stat status;
    if (fstat(fd, &status) != 0) return refuse(ret_problem, path);
    if (!S_ISREG(status.st_mode)) return problem_say(ret_problem, ERROR_INVALID, "%s: not a file", path);
    if ((status.st_mode & 077) == 0) return ERROR_NONE;
    return problem_say(ret_problem, ERROR_FORBIDDEN,
                       "%s: holds a secret, but others can read it (mode %04o): chmod 600 it and change the secret",
                       path, (unsigned)status.st_mode & 07777);
}

static enum error read_line(int fd, const char *path, struct buffer *line, struct problem *ret_problem) {
    char bytes[SECRET_FILE_BYTES_MAX + 1];
    ssize_t length;
    do length = read(fd, bytes, sizeof bytes);
    while (length < 0 && errno == EINTR);
    if (length < 0) return refuse(ret_problem, path);
    struct text text = {bytes, (size_t)length};
    if (text_ends_with(text, TEXT("\n"))) text.length--;
    if (text_ends_with(text, TEXT("\r"))) text.length--;
    bool one_line =
        text.length > 0 && memchr(bytes, '\n', text.length) == NULL && memchr(bytes, '\0', text.length) == NULL;
    if (one_line && length <= SECRET_FILE_BYTES_MAX) buffer_text(line, text);
    sodium_memzero(bytes, sizeof bytes);
    if (length > SECRET_FILE_BYTES_MAX) {
        return problem_say(ret_problem, ERROR_TOO_LARGE, "%s: longer than %d bytes", path, SECRET_FILE_BYTES_MAX);
    }
    if (!one_line) return problem_say(ret_problem, ERROR_INVALID, "%s: must hold one line, the secret", path);
    return line->failed ? ERROR_NO_MEMORY : ERROR_NONE;
}

enum error pki_secret_read(const char *path, struct buffer *ret_secret, struct problem *ret_problem) {
    CLEANUP(descriptor_close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return refuse(ret_problem, path);
    enum error error = check_private(fd, path, ret_problem);
    return error ? error : read_line(fd, path, ret_secret, ret_problem);
}

enum error pki_password_hash(struct text password, char ret_hash[static PKI_HASH_BYTES]) {
    if (sodium_init() < 0) return ERROR_INTERNAL;
    const char *bytes = password.length == 0 ? "" : password.data;
    if (crypto_pwhash_str_alg(ret_hash, bytes, password.length, HASH_PASSES, HASH_MEMORY_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return ERROR_NO_MEMORY;
    }
    return ERROR_NONE;
}

bool pki_password_matches(struct text password, const char *hash) {
    if (sodium_init() < 0 || strlen(hash) >= PKI_HASH_BYTES) return false;
    const char *bytes = password.length == 0 ? "" : password.data;
    return crypto_pwhash_str_verify(hash, bytes, password.length) == 0;
}

bool pki_equal(struct text a, struct text b) {
    if (a.length != b.length) return false;
    return a.length == 0 || sodium_memcmp(a.data, b.data, a.length) == 0;
}
