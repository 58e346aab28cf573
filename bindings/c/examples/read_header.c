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

static void check(hfx_status status, hfx_error *error) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(error));
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: read_header OWNER/NAME FILE.safetensors\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_bytes *start = NULL, *header = NULL;

    check(hfx_options_from_env(&options, &error), error);
    check(hfx_client_open(options, &client, &error), error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), error);

    /* The first 8 bytes are the header's length. */
    check(hfx_client_read_file_wait(client, repo, argv[2], 0, 8, NULL, &start, &error), error);
    const unsigned char *bytes = hfx_bytes_data(start);
    uint64_t length = 0;
    for (int i = 7; i >= 0 && hfx_bytes_length(start) == 8; i--)
        length = length << 8 | bytes[i];
    if (length == 0 || length > hfx_bytes_file_size(start) - 8 || length > 100000000) {
        fprintf(stderr, "%s is no safetensors file\n", argv[2]);
        return 1;
    }
    check(hfx_client_read_file_wait(client, repo, argv[2], 8, (int64_t)length, NULL, &header, &error), error);
    fwrite(hfx_bytes_data(header), 1, hfx_bytes_length(header), stdout);
    putchar('\n');

    hfx_bytes_free(header);
    hfx_bytes_free(start);
    hfx_repo_free(repo);
    hfx_client_free(client);
    hfx_options_free(options);
    return 0;
}
