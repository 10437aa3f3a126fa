#include <base/error.h>

#include <errno.h>

const char *error_text(enum error error) {
    switch (error) {
#define X(name, text, http_status)                                                                                     \
    case ERROR_##name: return text;
        ERROR_TABLE(X)
#undef X
    }
    return error_text(ERROR_INTERNAL);
}

int error_http_status(enum error error) {
    switch (error) {
#define X(name, text, http_status)                                                                                     \
    case ERROR_##name: return http_status;
        ERROR_TABLE(X)
#undef X
    }
    return error_http_status(ERROR_INTERNAL);
}

int error_exit_status(enum error error) {
    switch (error) {
    case ERROR_NONE: return 0;
    case ERROR_INVALID:
    case ERROR_FORBIDDEN:
    case ERROR_NOT_FOUND:
    case ERROR_TOO_LARGE:
    case ERROR_UNSUPPORTED: return ERROR_EXIT_CONFIGURATION;
    default: return 1;
    }
}

enum error error_from_errno(int error_number) {
    switch (error_number) {
    case 0: // the caller says that it failed: success would be a lie
        return ERROR_INTERNAL;
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
    case ECHILD:
    case ENXIO:
    case ENODEV: return ERROR_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
    case EADDRINUSE: return ERROR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS: return ERROR_FORBIDDEN;
    case EINVAL:
    case EILSEQ:
    case EDOM:
    case EISDIR:
    case ELOOP:
    case EBADF: return ERROR_INVALID;
    case E2BIG:
    case EFBIG:
    case EMSGSIZE:
    case ENAMETOOLONG:
    case EOVERFLOW:
    case ERANGE: return ERROR_TOO_LARGE;
    case EAGAIN: // the same value as EWOULDBLOCK
    case EMFILE:
    case ENFILE: return ERROR_LIMIT;
    case ENOMEM:
    case ENOBUFS: return ERROR_NO_MEMORY;
    case ENOSYS:
    case EOPNOTSUPP: // the same value as ENOTSUP
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case ENOEXEC: return ERROR_UNSUPPORTED;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case EPIPE:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL: return ERROR_UNAVAILABLE;
    case ETIMEDOUT:
    case ETIME: return ERROR_TIMEOUT;
    default: return ERROR_IO;
    }
}
