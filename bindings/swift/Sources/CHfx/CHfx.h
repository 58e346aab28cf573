#include <hfx.h>
