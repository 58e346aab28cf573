/*
 * What `make demo` runs: downloads a model through libhfx, proves it, and loads a tensor out of it.
 *
 *   demo ENDPOINT CACHE REPO [KILL_AT]
 *
 * ENDPOINT is a Hub, CACHE the folder that Hugging Face tools share, REPO a model's name. With KILL_AT, a per cent, the
 * process kills itself with SIGKILL when so much is there: no clean-up of any kind runs, as in a crash.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "demo_model.h"
#include "hfx.h"

#define TENSOR "model.layers.7.self_attn.q_proj.weight"
#define MIB (1024.0 * 1024.0)

/* What the progress callback keeps from one call to the next. */
typedef struct watcher {
    double begun;
    int terminal;
    int kill_at;     /* per cent; 0 is never */
    int shown;       /* per cent of the last line in a pipe */
    long peak_anon;  /* KiB */
} watcher;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A line of /proc/self/status, in KiB. */
static long memory(const char *key) {
    char line[256];
    long value = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtol(line + strlen(key) + 1, NULL, 10);
    if (status)
        fclose(status);
    return value;
}

/* Ends the program when a call has failed. The error by its address: C may read it before the call beside it is made. */
static void check(hfx_status status, hfx_error **error, const char *what) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "\ndemo: %s: %s (%s)\n", what, hfx_error_message(*error), hfx_status_name(status));
    exit(1);
}

static void refuse(const char *what) {
    fprintf(stderr, "\ndemo: %s\n", what);
    exit(1);
}

/* Called by the library about ten times a second, and once at the end with the final numbers. */
static void on_progress(const hfx_job *job, const hfx_progress *progress, void *user) {
    watcher *w = user;
    hfx_totals totals;
    (void)job;
    hfx_progress_totals(progress, &totals, sizeof totals);
    double done = (double)totals.bytes_done, all = (double)totals.bytes;
    double seconds = now() - w->begun;
    int percent = all > 0 ? (int)(100 * done / all) : 0;
    int kill_now = w->kill_at && percent >= w->kill_at;

    long anon = memory("RssAnon:");
    if (anon > w->peak_anon)
        w->peak_anon = anon;

    if (all > 0 && (w->terminal || kill_now || percent >= w->shown + 20 || (percent == 100 && w->shown < 100))) {
        char bar[31] = "";
        for (int i = 0; i < 30; i++)
            bar[i] = i < percent * 30 / 100 ? '#' : '.';
        uint64_t files = totals.files, files_done = totals.files_done;
        printf("%s   [%s] %3d%%  %4.0f of %.0f MiB  %5.0f MiB/s  %2" PRIu64 " of %" PRIu64 " files%s%s",
               w->terminal ? "\r" : "", bar, percent, done / MIB, all / MIB,
               (double)totals.bytes_received / MIB / (seconds > 0 ? seconds : 1), files_done, files,
               percent == 100 && files_done < files ? ", hashing" : "", w->terminal ? "\033[K" : "\n");
        fflush(stdout);
        w->shown = percent;
    }
    if (kill_now)
        raise(SIGKILL);
}

static hfx_snapshot *download(hfx_client *client, const hfx_repo *repo, watcher *w) {
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_job *job = NULL;
    hfx_progress *end = NULL;
    hfx_totals totals;
    hfx_snapshot *snapshot = NULL;

    check(hfx_options_new(&options, &error), &error, "options");
    check(hfx_options_set_progress_fn(options, on_progress, w, NULL, &error), &error, "progress");

    w->begun = now();
    check(hfx_client_download_snapshot(client, repo, options, &job, &error), &error, "download");
    check(hfx_job_wait(job, -1, NULL, &error), &error, "wait");
    double seconds = now() - w->begun;
    if (w->terminal)
        printf("\n");
    check(hfx_job_take_snapshot(job, &snapshot, &error), &error, "download");
    check(hfx_job_progress(job, &end, &error), &error, "progress");
    hfx_progress_totals(end, &totals, sizeof totals);

    /* Every file's hash was compared with the Hub's before the file became visible. */
    uint64_t cached = 0;
    size_t proven = 0, files = hfx_snapshot_count(snapshot);
    for (size_t i = 0; i < files; i++) {
        const hfx_file *file = hfx_snapshot_file(snapshot, i);
        if (hfx_file_state(file) == HFX_FILE_CACHED)
            cached += hfx_file_size(file);
        else if (hfx_file_verified(file) == HFX_VERIFIED_HASH)
            proven++;
        else
            refuse("a file was fetched and not proven by its hash");
    }
    double received = (double)totals.bytes_received;
    printf("   fetched      %.0f MiB in %.2f s: %.0f MiB/s, hashes checked on the way\n", received / MIB, seconds,
           received / MIB / seconds);
    printf("   resumed      %.0f MiB were there from before and were not fetched again\n",
           (double)(totals.bytes_restored + cached) / MIB);
    printf("   files        %zu, of them %zu fetched and proven now\n", files, proven);
    printf("   memory       %.1f MiB at the peak, of them %.1f MiB anonymous\n", (double)memory("VmHWM:") / 1024,
           (double)w->peak_anon / 1024);
    printf("   they are in  %s\n", hfx_snapshot_path(snapshot));

    hfx_progress_free(end);
    hfx_job_free(job);
    hfx_options_free(options);
    return snapshot;
}

/* Reads every file again from the disk, and hashes it. */
static void verify(hfx_client *client, const hfx_repo *repo) {
    hfx_error *error = NULL;
    hfx_job *job = NULL;
    hfx_verification *found = NULL;
    double begun = now();

    check(hfx_client_verify_cache(client, repo, NULL, &job, &error), &error, "verify");
    check(hfx_job_wait(job, -1, NULL, &error), &error, "wait");
    check(hfx_job_take_verification(job, &found, &error), &error, "verify");
    if (hfx_verification_mismatch(found, 0) || hfx_verification_missing(found, 0))
        refuse("the cache is damaged");
    printf("\n   %" PRIu64 " files, %.0f MiB, read from the disk again and hashed in %.2f s: all as the Hub says\n",
           hfx_verification_checked(found), (double)hfx_verification_bytes(found) / MIB, now() - begun);
    hfx_verification_free(found);
    hfx_job_free(job);
}

static const char *path_in(const hfx_snapshot *snapshot, const char *name) {
    for (size_t i = 0; i < hfx_snapshot_count(snapshot); i++)
        if (strcmp(hfx_file_name(hfx_snapshot_file(snapshot, i)), name) == 0)
            return hfx_file_path(hfx_snapshot_file(snapshot, i));
    refuse("a file is missing in the snapshot");
    return NULL;
}

/* The text behind `"key":` in JSON that the demo's model is made of. */
static char *behind(char *json, const char *key) {
    char quoted[128];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    char *found = json ? strstr(json, quoted) : NULL;
    if (!found)
        refuse("a key is missing in the model's JSON");
    found += strlen(quoted);
    return found + strspn(found, ": \"[{");
}

/* Finds the tensor's shard in the index, maps the shard, finds the tensor in its header: nothing is copied. */
static void load_tensor(const hfx_snapshot *snapshot) {
    hfx_error *error = NULL;
    hfx_map *map = NULL;
    char index[1 << 16], shard[64];
    size_t length = 0;

    check(hfx_read_at(path_in(snapshot, "model.safetensors.index.json"), 0, index, sizeof index - 1, &length, &error),
          &error, "read the index");
    index[length] = 0;
    snprintf(shard, sizeof shard, "%s", behind(index, TENSOR));
    shard[strcspn(shard, "\"")] = 0;

    check(hfx_map_open(path_in(snapshot, shard), HFX_MAP_READ, &map, &error), &error, "map");
    const unsigned char *bytes = hfx_map_data(map);
    uint64_t header_length = 0;
    for (int i = 7; i >= 0; i--)
        header_length = header_length << 8 | bytes[i];
    if (header_length > hfx_map_length(map) - 8)
        refuse("the shard's header is longer than the shard");
    char *header = calloc(1, header_length + 1);
    memcpy(header, bytes + 8, header_length);

    char *entry = behind(header, TENSOR), *numbers = behind(entry, "shape");
    unsigned long rows = strtoul(numbers, &numbers, 10), columns = strtoul(numbers + 1, NULL, 10);
    numbers = behind(entry, "data_offsets");
    uint64_t from = strtoull(numbers, &numbers, 10), to = strtoull(numbers + 1, NULL, 10);
    if (from > to || to > hfx_map_length(map) - 8 - header_length || to - from != 2ul * rows * columns)
        refuse("the tensor does not fit its shard");

    const unsigned char *data = bytes + 8 + header_length + from;
    printf("\n   %s\n   in %s: %.4s, shape [%lu, %lu], %.1f MiB, mapped and not copied\n  ", TENSOR, shard,
           behind(entry, "dtype"), rows, columns, (double)(to - from) / MIB);
    for (int i = 0; i < 6; i++) {
        uint32_t wide = (uint32_t)data[2 * i] << 16 | (uint32_t)data[2 * i + 1] << 24;
        float value;
        memcpy(&value, &wide, sizeof value);
        printf(" %+.5f", (double)value);
    }
    printf(" ...\n");

    weights stream = weights_of(TENSOR);
    for (uint64_t i = 0; i < to - from; i += 8) {
        uint64_t expected = weights_next(&stream);
        if (memcmp(data + i, &expected, 8) != 0)
            refuse("the tensor is not what its author wrote");
    }
    printf("   all %lu numbers are what their author wrote\n", rows * columns);
    free(header);
    hfx_map_free(map);
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: demo ENDPOINT CACHE REPO [KILL_AT]\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    watcher w = {.terminal = isatty(STDOUT_FILENO), .kill_at = argc > 4 ? atoi(argv[4]) : 0};

    check(hfx_version_check(HFX_VERSION_NUMBER, &error), &error, "version");
    check(hfx_options_new(&options, &error), &error, "options");
    check(hfx_options_set_string(options, HFX_OPT_ENDPOINT, argv[1], &error), &error, "endpoint");
    check(hfx_options_set_string(options, HFX_OPT_CACHE_DIR, argv[2], &error), &error, "cache");
    check(hfx_client_open(options, &client, &error), &error, "client");
    check(hfx_repo_new(HFX_REPO_MODEL, argv[3], NULL, &repo, &error), &error, "repository");
    hfx_options_free(options);

    hfx_snapshot *snapshot = download(client, repo, &w);
    if (w.kill_at)
        refuse("the download ended before it could be killed");
    verify(client, repo);
    load_tensor(snapshot);

    hfx_snapshot_free(snapshot);
    hfx_repo_free(repo);
    check(hfx_client_close(client, 10000, &error), &error, "close");
    hfx_client_free(client);
    return 0;
}
