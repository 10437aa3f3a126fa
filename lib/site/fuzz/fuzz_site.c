// The site file: whatever the bytes, a site with usable ports and folders, or a finding that names the file.
#include <site/site.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct problem problem = {""};
    struct site *site = NULL;
    enum error error = site_read((struct text){(const char *)data, size}, "/plants/mps", "/data", 7, &site, &problem);
    require((site == NULL) == (error != ERROR_NONE));
    if (error) {
        require(strncmp(problem.text, "/plants/mps/site.yaml:", strlen("/plants/mps/site.yaml:")) == 0);
        return 0;
    }
    require(site->edge.port > 7 && site->fog.nats_port > 7 && site->edge.port != site->fog.nats_port);
    require(site->edge.speed > 0 && site->edge.lease_soft_s > 0);
    for (size_t i = 0; i < site->fog.function_count; i++) require(site->fog.functions[i].name[0] != '\0');
    for (size_t i = 0; i < site->edge.press_count; i++) require(site->edge.press[i] != NULL);
    site_destroy(site);
    return 0;
}
