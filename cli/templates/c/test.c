// Runs without a plant: make test
#include "count.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void expect(const char *reported, const char *next) {
    struct json_document *document = NULL;
    struct buffer out = {0};
    assert(json_parse(text_of(reported), (struct json_limits){1000, 4}, &document, NULL) == ERROR_NONE);
    count_next(json_root(document), &out);
    assert(strcmp(out.data, next) == 0);
    buffer_clear(&out);
    json_destroy(document);
}

int main(void) {
    expect("{}", "{\"events\":1}");
    expect("{\"events\":41}", "{\"events\":42}");
    puts("2 tests passed");
    return 0;
}
