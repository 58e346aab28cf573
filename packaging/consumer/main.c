#include <hfx.h>
#include <stdio.h>

int main(void) {
    printf("hfx %s\n", hfx_version_string());
    return hfx_version_check(HFX_VERSION_NUMBER, NULL);
}
