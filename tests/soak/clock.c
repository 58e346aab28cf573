/* Preloaded into hfx, Hub and clients alike: moves the wall clock by what the file $SOAK_CLOCK says now (an int64 of
 * seconds). The monotonic clock stays: no system lets it jump. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static const volatile int64_t *offset;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int fd = open(getenv("SOAK_CLOCK"), O_RDONLY | O_CLOEXEC);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
    if (!real || map == MAP_FAILED)
        abort();
    offset = map;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    if (!real)
        begin();
    int result = real(id, now);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += *offset;
    return result;
}
