/// Values of the plant and their quality, in OPC UA's words but without any OPC UA library.
#pragma once

#include <base/text.h>

enum value_type { VALUE_NULL, VALUE_BOOL, VALUE_INT32, VALUE_UINT16, VALUE_UINT32, VALUE_DOUBLE, VALUE_STRING };

/// A scalar. A string is borrowed; who keeps a value copies it.
struct value {
    enum value_type type;
    union {
        bool boolean;
        int32_t int32;
        uint16_t uint16;
        uint32_t uint32;
        double real;
        struct text string;
    };
};

bool value_equal(const struct value *a, const struct value *b); // same type and same value
const char *value_type_name(enum value_type type);              // "Boolean", "Int32" ... as OPC UA names them

/// StatusCodes (OPC 10000-4, 7.39; numbers: OPC 10000-6, annex A) that our own code sets or acts on; others pass
/// through as numbers.
#define STATUS_TABLE(X)                                                                                                \
    X(Good, 0x00000000)                                                                                                \
    X(GoodLocalOverride, 0x00960000)                                                                                   \
    X(UncertainLastUsableValue, 0x40900000)                                                                            \
    X(UncertainSubstituteValue, 0x40910000)                                                                            \
    X(BadUnexpectedError, 0x80010000)                                                                                  \
    X(BadInternalError, 0x80020000)                                                                                    \
    X(BadOutOfMemory, 0x80030000)                                                                                      \
    X(BadCommunicationError, 0x80050000)                                                                               \
    X(BadTimeout, 0x800A0000)                                                                                          \
    X(BadShutdown, 0x800C0000)                                                                                         \
    X(BadServerNotConnected, 0x800D0000)                                                                               \
    X(BadTooManyOperations, 0x80100000)                                                                                \
    X(BadUserAccessDenied, 0x801F0000)                                                                                 \
    X(BadWaitingForInitialData, 0x80320000)                                                                            \
    X(BadNodeIdUnknown, 0x80340000)                                                                                    \
    X(BadOutOfRange, 0x803C0000)                                                                                       \
    X(BadNotSupported, 0x803D0000)                                                                                     \
    X(BadNotWritable, 0x803B0000)                                                                                      \
    X(BadTypeMismatch, 0x80740000)                                                                                     \
    X(BadMethodInvalid, 0x80750000)                                                                                    \
    X(BadArgumentsMissing, 0x80760000)                                                                                 \
    X(BadNoCommunication, 0x80310000)                                                                                  \
    X(BadNotConnected, 0x808A0000)                                                                                     \
    X(BadDeviceFailure, 0x808B0000)                                                                                    \
    X(BadSensorFailure, 0x808C0000)                                                                                    \
    X(BadOutOfService, 0x808D0000)                                                                                     \
    X(BadTooManyMonitoredItems, 0x80DB0000)                                                                            \
    X(BadMessageNotAvailable, 0x807B0000)                                                                              \
    X(BadInvalidArgument, 0x80AB0000)                                                                                  \
    X(BadInvalidState, 0x80AF0000)

typedef uint32_t status_code;
#define X(name, number) static const status_code STATUS_##name = UINT32_C(number);
STATUS_TABLE(X)
#undef X

/// "BadUserAccessDenied"; "0x80FF0000" for one that is not in the table, in `buffer`.
enum { STATUS_NAME_BYTES = 48 };
const char *status_name(status_code status, char buffer[static STATUS_NAME_BYTES]);
static inline bool status_is_good(status_code status) {
    return (status & 0xC0000000u) == 0;
}
static inline bool status_is_bad(status_code status) {
    return (status & 0x80000000u) != 0;
}
