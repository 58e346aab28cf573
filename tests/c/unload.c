/* `unload LIBRARY ENDPOINT FOLDER`: a plug-in's life, 100 times: dlopen, work, close, dlclose. Prints what grew. */
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hfx.h"

#define CHECK(condition) ((condition) ? (void)0 : fail(#condition, __LINE__))

static void *library;

static void fail(const char *what, int line) {
    const char *why = dlerror();
    fprintf(stderr, "unload.c:%d: %s%s%s\n", line, what, why ? ": " : "", why ? why : "");
    abort();
}

static int count(const char *path) {
    DIR *dir = opendir(path);
    int found = 0;
    CHECK(dir);
    while (readdir(dir))
        found++;
    closedir(dir);
    return found;
}

static int mappings(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    int lines = 0, c;
    CHECK(maps);
    while ((c = getc(maps)) != EOF)
        lines += c == '\n';
    fclose(maps);
    return lines;
}

/* A function of the library, by the type that the header gives it. */
#define F(name) (*(__typeof__(&name) *)symbol(#name))

/* Where its address is: ISO C knows no way from an object's address to a function's but through memory. */
static void *symbol(const char *name) {
    static void *found;
    found = dlsym(library, name);
    CHECK(found);
    return &found;
}

static void live(const char *path, const char *endpoint, const char *cache) {
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_file *file = NULL;
    hfx_job *job = NULL;
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library);
    CHECK(F(hfx_options_new)(&options, NULL) == HFX_OK);
    CHECK(F(hfx_options_set_string)(options, HFX_OPT_ENDPOINT, endpoint, NULL) == HFX_OK);
    CHECK(F(hfx_options_set_string)(options, HFX_OPT_CACHE_DIR, cache, NULL) == HFX_OK);
    CHECK(F(hfx_options_set_bool)(options, HFX_OPT_FORCE, 1, NULL) == HFX_OK);
    CHECK(F(hfx_client_open)(options, &client, NULL) == HFX_OK);
    CHECK(F(hfx_repo_new)(HFX_REPO_MODEL, "acme/tiny", NULL, &repo, NULL) == HFX_OK);
    CHECK(F(hfx_client_download_file)(client, repo, "config.json", NULL, &job, NULL) == HFX_OK);
    CHECK(F(hfx_job_wait)(job, -1, NULL, NULL) == HFX_OK);
    CHECK(F(hfx_job_take_file)(job, &file, NULL) == HFX_OK);
    F(hfx_job_free)(job);
    CHECK(F(hfx_client_close)(client, 10000, NULL) == HFX_OK);
    F(hfx_file_free)(file);
    F(hfx_repo_free)(repo);
    F(hfx_client_free)(client);
    F(hfx_options_free)(options);
    CHECK(dlclose(library) == 0);
}

int main(int argc, char **argv) {
    enum { WARM = 10, ALL = 100 };
    size_t before = 0;
    int threads = 0, descriptors = 0, maps = 0;
    CHECK(argc == 4);
    alarm(300);
    for (int round = 1; round <= ALL; round++) {
        live(argv[1], argv[2], argv[3]);
        /* A thread that was joined stands in /proc for a moment yet; the alarm is the bound. */
        while (count("/proc/self/task") > 2 + 1) /* "." and ".." are counted, too */
            usleep(1000);
        if (round == WARM) {
            threads = count("/proc/self/task");
            descriptors = count("/proc/self/fd");
            maps = mappings();
            before = mallinfo2().uordblks;
        }
    }
    long grown = (long)mallinfo2().uordblks - (long)before;
    printf("%d lives: %d threads, %d descriptors, %d mappings, %ld bytes more than after %d\n", ALL,
           count("/proc/self/task") - threads, count("/proc/self/fd") - descriptors, mappings() - maps, grown, WARM);
    CHECK(count("/proc/self/task") == threads && count("/proc/self/fd") == descriptors);
    CHECK(mappings() <= maps + 4 && grown < 8 << 10);
    return 0;
}
