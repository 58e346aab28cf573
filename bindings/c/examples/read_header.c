/*
 * Prints the header of a safetensors file on the Hub, which names its tensors, without downloading the file: two reads
 * of a few bytes, into memory.
 *
 *   cc read_header.c $(pkg-config --cflags --libs hfx) -o read_header
 *   ./read_header openai-community/gpt2 model.safetensors
 */
#include <hfx.h>
#include <stdio.h>
#include <stdlib.h>

/* The error by its address: C may read an argument before the call beside it is made. */
static void check(hfx_status status, hfx_error **error) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(*error));
    exit(1);
}

/* Some bytes of a file on the Hub: a job, waited for. */
static hfx_bytes *read_file(const hfx_client *client, const hfx_repo *repo, const char *name, uint64_t offset,
                            int64_t length, const hfx_options *options) {
    hfx_error *error = NULL;
    hfx_job *job = NULL;
    hfx_bytes *bytes = NULL;
    check(hfx_client_read_file(client, repo, name, offset, length, options, &job, &error), &error);
    check(hfx_job_wait(job, -1, NULL, &error), &error);
    check(hfx_job_take_bytes(job, &bytes, &error), &error);
    hfx_job_free(job);
    return bytes;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: read_header OWNER/NAME FILE.safetensors\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL, *same = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_bytes *start = NULL, *header = NULL;

    check(hfx_options_from_env(&options, &error), &error);
    check(hfx_client_open(options, &client, &error), &error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), &error);

    /* The first 8 bytes are the header's length. */
    start = read_file(client, repo, argv[2], 0, 8, NULL);
    const unsigned char *bytes = hfx_bytes_data(start);
    uint64_t length = 0;
    for (int i = 7; i >= 0 && hfx_bytes_length(start) == 8; i--)
        length = length << 8 | bytes[i];
    if (length == 0 || length > hfx_bytes_file_size(start) - 8 || length > 100000000) {
        fprintf(stderr, "%s is no safetensors file\n", argv[2]);
        return 1;
    }
    /* The rest of the same file, or none: somebody may be replacing it. */
    check(hfx_options_new(&same, &error), &error);
    check(hfx_options_set_string(same, HFX_OPT_IF_MATCH, hfx_bytes_etag(start), &error), &error);
    header = read_file(client, repo, argv[2], 8, (int64_t)length, same);
    fwrite(hfx_bytes_data(header), 1, hfx_bytes_length(header), stdout);
    putchar('\n');

    hfx_bytes_free(header);
    hfx_bytes_free(start);
    hfx_repo_free(repo);
    hfx_client_free(client);
    hfx_options_free(same);
    hfx_options_free(options);
    return 0;
}
