/// What the two files of this module share.
#pragma once

#include <http/client.h>
#include <splc/function.h>

enum {
    FUNCTION_EVENT_BYTES_MAX = 6 * 1024 * 1024, // AWS's limit for an event and an answer
    FUNCTION_TWIN_BYTES_MAX = 256 * 1024,       // a shadow of 8 KiB with the metadata of many short leaves
    FUNCTION_DEPTH_MAX = 64,
};

struct splc_function {
    char *runtime_url;           // "http://127.0.0.1:1234/2018-06-01/runtime"
    char *data_url;              // "http://127.0.0.1:1234"
    char *token_header;          // "X-Amz-Security-Token: ..."; NULL: none
    struct http_client *runtime; // waits as long as it takes
    struct http_client *data;
    struct http_result next, told, answer; // their memory is used again
    struct text cause;                     // of the event being handled
};

enum error function_open(struct splc_function *function, struct problem *ret_problem);
void function_close(struct splc_function *function);
