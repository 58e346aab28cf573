/* `proof BUG`: bugs that a sanitizer must find, each across the border; see tests/sanitize.sh. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hfx.h"

/* The host reads a string of the library's after its handle is gone. */
static void use_after_free(void) {
    hfx_repo *repo = NULL;
    if (hfx_repo_new(HFX_REPO_MODEL, "owner/name", NULL, &repo, NULL) != HFX_OK)
        exit(0);
    const char *id = hfx_repo_id(repo);
    hfx_repo_free(repo);
    printf("%c\n", id[0]);
}

/* The library reads more than the host has. */
static void overflow(void) {
    hfx_commit *commit = NULL;
    char *few = malloc(8);
    memset(few, 'x', 8);
    if (hfx_commit_new(&commit, NULL) != HFX_OK)
        exit(0);
    hfx_commit_add_bytes(commit, "a.txt", few, 64, NULL);
    hfx_commit_free(commit);
    free(few);
}

/* A client that is never freed. */
static void leak(void) {
    hfx_options *options = NULL;
    if (hfx_options_new(&options, NULL) != HFX_OK)
        exit(0);
    options = NULL;
}

static hfx_options *shared;

static void *set(void *number) {
    for (int i = 0; i < 1000; i++)
        hfx_options_set_int(shared, HFX_OPT_THREADS, 1 + (i & 1), NULL);
    return number;
}

/* A builder used by two threads at once, which the header forbids. */
static void race(void) {
    pthread_t thread;
    if (hfx_options_new(&shared, NULL) != HFX_OK || pthread_create(&thread, NULL, set, NULL) != 0)
        exit(0);
    set(NULL);
    pthread_join(thread, NULL);
    hfx_options_free(shared);
}

int main(int argc, char **argv) {
    const char *bug = argc == 2 ? argv[1] : "";
    if (strcmp(bug, "use-after-free") == 0)
        use_after_free();
    else if (strcmp(bug, "overflow") == 0)
        overflow();
    else if (strcmp(bug, "leak") == 0)
        leak();
    else if (strcmp(bug, "race") == 0)
        race();
    return 0;
}
