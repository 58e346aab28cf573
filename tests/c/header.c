/* The header alone and twice, in C and in C++; its constants are plain numbers, fit for the preprocessor. */
#include "hfx.h"
#include "hfx.h"

#if HFX_OK != 0 || HFX_E_DISK_FULL != 61 || HFX_OPT_TOKEN != 2 || HFX_VERSION_NUMBER != 1000
#error "a constant is not what it was"
#endif

hfx_status (*uses_the_header)(uint32_t, hfx_error **) = hfx_version_check;
