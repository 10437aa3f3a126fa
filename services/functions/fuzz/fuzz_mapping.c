// Any ARN is a trigger of a plant or is refused with a reason; nothing in it becomes a right.
#include "../src/mapping.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text rest = {(const char *)data, size}, source;
    text_split(&rest, '\n', &source);
    struct function_manifest *manifest = NULL;
    struct problem problem = {""};
    enum error error = mapping_read(source, rest, &manifest, &problem);
    require((manifest == NULL) == (error != ERROR_NONE));
    require(!error || problem.text[0] != '\0');
    if (error) return 0;
    require(manifest->trigger_count == 1 && manifest->command_count == 0 && manifest->state_count == 0);
    require(manifest->publish_count == 0 && manifest->invoke_count == 0 && !manifest->network);
    function_manifest_destroy(manifest);
    return 0;
}
