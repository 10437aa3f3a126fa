// A function's manifest: whatever the bytes, complete rights that can be trusted, or a finding that names the file.
#include <site/function.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static void require_exact_names(const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) require(names[i][0] != '\0' && strpbrk(names[i], "*?/ \n") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct problem problem = {""};
    struct function_manifest *manifest = NULL;
    enum error error =
        function_manifest_read((struct text){(const char *)data, size}, "f.yaml", "/f", &manifest, &problem);
    require((manifest == NULL) == (error != ERROR_NONE));
    if (error) {
        require(strncmp(problem.text, "f.yaml:", strlen("f.yaml:")) == 0);
        return 0;
    }
    require(manifest->name[0] != '\0' && manifest->timeout_s >= 1 && manifest->timeout_s <= FUNCTION_TIMEOUT_S_MAX);
    for (size_t i = 0; i < manifest->trigger_count; i++) {
        const struct function_trigger *trigger = &manifest->triggers[i];
        require((trigger->twin != NULL) + (trigger->topic != NULL) + (trigger->schedule != NULL) +
                    (trigger->event != NULL) + (trigger->url ? 1 : 0) ==
                1);
        require(trigger->twin == NULL || trigger->twin[0] != '\0');
    }
    require_exact_names(manifest->commands, manifest->command_count);
    require_exact_names(manifest->state, manifest->state_count);
    function_manifest_destroy(manifest);
    return 0;
}
