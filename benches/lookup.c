/* How long a look-up in the cache takes, in the library: `lookup CACHE OWNER/NAME FILE ROUNDS` prints microseconds. */
#include <hfx.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    if (hfx_options_new(&options, &error) || hfx_options_set_string(options, HFX_OPT_CACHE_DIR, argv[1], &error)
        || hfx_client_open(options, &client, &error) || hfx_repo_new(HFX_REPO_MODEL, argv[2], NULL, &repo, &error)) {
        fprintf(stderr, "%s\n", hfx_error_message(error));
        return 1;
    }
    struct timespec start, end;
    long rounds = atol(argv[4]);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < rounds; i++) {
        int32_t state = 0;
        hfx_file *file = NULL;
        if (hfx_client_lookup(client, repo, argv[3], &state, &file, &error) || state != HFX_LOOKUP_FOUND) {
            fprintf(stderr, "%s\n", error ? hfx_error_message(error) : "not found");
            return 1;
        }
        hfx_file_free(file);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double us = ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / 1e3;
    printf("%.2f\n", us / (double)rounds);
    hfx_repo_free(repo);
    hfx_client_close(client, -1, NULL);
    hfx_client_free(client);
    hfx_options_free(options);
    return 0;
}
