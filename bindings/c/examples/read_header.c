/*
 * Prints the header of a safetensors or GGUF file on the Hub, which names its tensors, without downloading the file:
 * reads of its first bytes, into memory.
 *
 *   cc read_header.c $(pkg-config --cflags --libs hfx) -o read_header
 *   ./read_header openai-community/gpt2 model.safetensors
 *   ./read_header ggml-org/models tinyllamas/stories15M-q4_0.gguf
 */
#include <hfx.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST ((uint64_t)100 << 20) /* of a header; who says more is broken, or means no good */

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

/* What of the file is here, and how far it was read. */
struct window {
    const unsigned char *bytes;
    uint64_t length, at;
    int ended; /* more was asked for than is here */
};

static const unsigned char *take(struct window *window, uint64_t length) {
    if (window->ended || length > window->length - window->at) {
        window->ended = 1;
        return NULL;
    }
    window->at += length;
    return window->bytes + window->at - length;
}

/* A little-endian number; 0 when it is not here. */
static uint64_t number(struct window *window, int size) {
    const unsigned char *bytes = take(window, (uint64_t)size);
    uint64_t value = 0;
    for (int i = size - 1; bytes && i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

static void text(struct window *window, FILE *out) {
    uint64_t length = number(window, 8);
    const unsigned char *bytes = take(window, length);
    if (bytes && out)
        fwrite(bytes, 1, length, out);
}

/* A GGUF value: numbers and texts are printed, of an array how long it is. */
static void value(struct window *window, uint64_t type, FILE *out) {
    static const int sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    if (type == 8) {
        text(window, out);
    } else if (type == 9) {
        uint64_t of = number(window, 4), count = number(window, 8);
        if (out)
            fprintf(out, "(%" PRIu64 " values)", count);
        for (uint64_t i = 0; i < count && of != 9 && !window->ended; i++)
            value(window, of, NULL);
        window->ended |= of == 9;
    } else if (type < sizeof sizes / sizeof sizes[0]) {
        uint64_t bits = number(window, sizes[type]);
        uint32_t half = (uint32_t)bits;
        float single;
        double twice;
        memcpy(&single, &half, sizeof single);
        memcpy(&twice, &bits, sizeof twice);
        if (out && (type == 6 || type == 12))
            fprintf(out, "%g", type == 6 ? (double)single : twice);
        else if (out)
            fprintf(out, "%" PRIu64, bits);
    } else {
        window->ended = 1;
    }
}

/* Goes through the header of a GGUF file, and prints it when `out` is not NULL. Whether all of it is here. */
static int gguf(struct window window, FILE *out) {
    take(&window, 4);
    uint64_t version = number(&window, 4), tensors = number(&window, 8), keys = number(&window, 8);
    if (out)
        fprintf(out, "GGUF version %" PRIu64 ", %" PRIu64 " tensors, %" PRIu64 " keys\n", version, tensors, keys);
    for (uint64_t i = 0; i < keys && !window.ended; i++) {
        text(&window, out);
        if (out)
            fputs(" = ", out);
        value(&window, number(&window, 4), out);
        if (out)
            putc('\n', out);
    }
    for (uint64_t i = 0; i < tensors && !window.ended; i++) {
        text(&window, out);
        uint64_t dimensions = number(&window, 4);
        for (uint64_t d = 0; d < dimensions && !window.ended; d++) {
            uint64_t size = number(&window, 8);
            if (out)
                fprintf(out, "%s%" PRIu64, d ? " x " : ": ", size);
        }
        take(&window, 12); /* its type, and where it lies */
        if (out)
            putc('\n', out);
    }
    return !window.ended;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: read_header OWNER/NAME FILE\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL, *same = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_bytes *start = NULL;
    int found = 0;

    check(hfx_options_from_env(&options, &error), &error);
    check(hfx_client_open(options, &client, &error), &error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), &error);

    check(hfx_options_new(&same, &error), &error);
    /* A GGUF header does not say how long it is: read on until it is whole. A range behind the end is shortened. */
    for (uint64_t length = 64 << 10; !found && length <= MOST; length *= 4) {
        hfx_bytes *longer = read_file(client, repo, argv[2], 0, (int64_t)length, same);
        /* The same file from now on, or none: somebody may be replacing it. */
        check(hfx_options_set_string(same, HFX_OPT_IF_MATCH, hfx_bytes_etag(longer), &error), &error);
        hfx_bytes_free(start);
        start = longer;
        struct window window = {.bytes = hfx_bytes_data(start), .length = hfx_bytes_length(start)};
        if (window.length >= 24 && memcmp(window.bytes, "GGUF", 4) == 0) {
            found = gguf(window, NULL);
            if (found)
                gguf(window, stdout);
        } else {
            /* The first 8 bytes of safetensors are the length of the JSON that follows. */
            uint64_t json = number(&window, 8);
            if (window.ended || json == 0 || json > MOST || json > hfx_bytes_file_size(start) - 8)
                break;
            const unsigned char *bytes = take(&window, json);
            found = bytes && bytes[0] == '{';
            if (found) {
                fwrite(bytes, 1, json, stdout);
                putchar('\n');
            }
        }
        if (window.length == hfx_bytes_file_size(start))
            break;
    }
    if (!found)
        fprintf(stderr, "%s has no header of a safetensors or GGUF file\n", argv[2]);

    hfx_bytes_free(start);
    hfx_repo_free(repo);
    hfx_client_free(client);
    hfx_options_free(same);
    hfx_options_free(options);
    return found ? 0 : 1;
}
