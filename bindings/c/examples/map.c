/*
 * Hands a model's file to an engine as memory, without a copy: downloaded once, mapped from the cache ever after. With
 * HFX_OPT_PIN the second run makes no request at all.
 *
 *   cc map.c $(pkg-config --cflags --libs hfx) -o map && ./map openai-community/gpt2 model.safetensors
 */
#include <hfx.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The error by its address: C may read an argument before the call beside it is made. */
static void check(hfx_status status, hfx_error **error) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(*error));
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: map OWNER/NAME FILE\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_job *job = NULL;
    hfx_file *file = NULL;
    hfx_map *map = NULL;

    check(hfx_options_from_env(&options, &error), &error);
    check(hfx_options_set_bool(options, HFX_OPT_PIN, 1, &error), &error);
    check(hfx_client_open(options, &client, &error), &error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), &error);
    check(hfx_client_download_file(client, repo, argv[2], NULL, &job, &error), &error);
    check(hfx_job_wait(job, -1, NULL, &error), &error);
    check(hfx_job_take_file(job, &file, &error), &error);
    hfx_job_free(job);

    /* The mapping needs neither the client nor the handle of the file any more. */
    check(hfx_map_open(hfx_file_path(file), HFX_MAP_READ, &map, &error), &error);
    hfx_file_free(file);
    hfx_repo_free(repo);
    hfx_client_free(client);
    hfx_options_free(options);

    const unsigned char *bytes = hfx_map_data(map);
    printf("%" PRIu64 " bytes at %p, the first is 0x%02x\n", hfx_map_length(map), (const void *)bytes,
           bytes ? bytes[0] : 0u);
    hfx_map_free(map);
    return 0;
}
