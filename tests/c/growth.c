/* Many of everything: clients opened and closed, jobs at once, clients side by side; and little of what a host may be
 * short of: descriptors and stack. Nothing grows, and nothing is left. */
#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

/* Bytes that are allocated; a sanitizer's own allocator does not tell, and looks for leaks itself. What each thread keeps
 * for later would count as well: c_api.rs turns that off. */
static size_t allocated(void) {
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* 1,000 clients one after the other, every tenth at work: threads, descriptors and memory are as before. */
void cycles(void) {
    enum { WARM = 100, ALL = 1000 };
    hfx_repo *repo = model(TINY);
    int threads = thread_count(), descriptors = descriptor_count();
    size_t before = 0;
    for (int round = 0; round < ALL; round++) {
        hfx_client *client = new_client();
        if (round % 10 == 0) {
            hfx_file *file = NULL;
            int32_t fd;
            OK(hfx_client_event_fd(client, &fd, ERR));
            OK(waited_file(hfx_client_download_file(client, repo, "config.json", NULL, JOB, ERR), &file, ERR));
            hfx_file_free(file);
        }
        end(client);
        threads_are(threads);
        CHECK(descriptor_count() == descriptors);
        if (round == WARM)
            before = allocated();
    }
    size_t after = allocated();
    if (after > before + (8 << 10)) {
        fprintf(stderr, "%zu bytes were allocated after %d clients, %zu after %d\n", before, WARM, after, ALL);
        CHECK(!"memory grows");
    }
    hfx_repo_free(repo);
}

/* 64 jobs at once in one client, and 16 clients side by side, each with two. */
void crowd(void) {
    enum { JOBS = 64, CLIENTS = 16 };
    hfx_repo *repos[3] = {model(MANY), model(BIG), model(TINY)};
    static const char *const names[3] = {NULL, "small.txt", "config.json"};
    int threads = thread_count(), descriptors = descriptor_count();
    hfx_client *client = new_client();
    hfx_job *jobs[JOBS];
    hfx_options *again = NULL;
    OK(hfx_options_new(&again, ERR));
    OK(hfx_options_set_bool(again, HFX_OPT_FORCE, 1, ERR));
    OK(hfx_client_download_file(client, repos[1], "model.bin", again, &jobs[0], ERR));
    for (int i = 1; i < JOBS; i++) {
        if (names[i % 3])
            OK(hfx_client_download_file(client, repos[i % 3], names[i % 3], again, &jobs[i], ERR));
        else
            OK(hfx_client_download_snapshot(client, repos[i % 3], again, &jobs[i], ERR));
    }
    for (int i = 0; i < JOBS; i++) {
        wait_end(jobs[i]);
        OK(hfx_job_check(jobs[i], ERR));
        hfx_job_free(jobs[i]);
    }
    end(client);
    hfx_options_free(again);

    hfx_client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        char cache[4096];
        hfx_options *options = new_options();
        snprintf(cache, sizeof cache, "%s/of_%d", folder, i / 2);
        OK(hfx_options_set_string(options, HFX_OPT_CACHE_DIR, cache, ERR));
        OK(hfx_client_open(options, &clients[i], ERR));
        hfx_options_free(options);
        OK(hfx_client_download_snapshot(clients[i], repos[0], NULL, &jobs[2 * i], ERR));
        const char *name = i % 8 ? "small.txt" : "model.bin";
        OK(hfx_client_download_file(clients[i], repos[1], name, NULL, &jobs[2 * i + 1], ERR));
    }
    for (int i = 0; i < 2 * CLIENTS; i++) {
        wait_end(jobs[i]);
        OK(hfx_job_check(jobs[i], ERR));
        hfx_job_free(jobs[i]);
    }
    for (int i = 0; i < CLIENTS; i++)
        end(clients[i]);
    threads_are(threads);
    CHECK(descriptor_count() == descriptors);
    for (int i = 0; i < 3; i++)
        hfx_repo_free(repos[i]);
}

static void *on_a_small_stack(void *user) {
    hfx_client *client = new_client();
    hfx_repo *big = model(BIG), *tiny = model(TINY);
    hfx_snapshot *snapshot = NULL;
    hfx_bytes *bytes = NULL;
    hfx_file *file = NULL;
    hfx_cache *cache = NULL;
    int32_t state = 0;
    OK(waited_snapshot(hfx_client_download_snapshot(client, big, NULL, JOB, ERR), &snapshot, ERR));
    OK(waited_bytes(hfx_client_read_file(client, big, "model.bin", 5, 1 << 20, NULL, JOB, ERR), &bytes, ERR));
    OK(hfx_client_lookup(client, big, "small.txt", NULL, &state, &file, ERR));
    CHECK(state == HFX_LOOKUP_FOUND);
    hfx_file_free(file);
    FAILS(HFX_E_ENTRY_NOT_FOUND, waited_file(hfx_client_download_file(client, tiny, "none", NULL, JOB, ERR), &file, ERR));
    OK(waited_cache(hfx_client_scan_cache(client, NULL, JOB, ERR), &cache, ERR));
    CHECK(hfx_cache_size(cache) > BIG_SIZE);
    hfx_cache_free(cache);
    hfx_bytes_free(bytes);
    hfx_snapshot_free(snapshot);
    hfx_repo_free(big);
    hfx_repo_free(tiny);
    end(client);
    return user;
}

/* All calls from threads with 512 KiB of stack. */
void small_stacks(void) {
    enum { THREADS = 4 };
    pthread_attr_t attributes;
    pthread_t thread[THREADS];
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, 512 << 10) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], &attributes, on_a_small_stack, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_attr_destroy(&attributes);
}

/* `ulimit -n 64`, half of them the host's own. */
void few_descriptors(void) {
    struct rlimit before, few = {64, 64};
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    few.rlim_max = before.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
    FILE *own[16];
    for (int i = 0; i < 16; i++)
        CHECK((own[i] = fopen("/dev/null", "r")));
    int descriptors = descriptor_count();
    hfx_client *client = new_client();
    hfx_repo *repos[2] = {model(MANY), model(BIG)};
    hfx_job *jobs[2];
    int32_t fd;
    OK(hfx_client_event_fd(client, &fd, ERR));
    for (int i = 0; i < 2; i++)
        OK(hfx_client_download_snapshot(client, repos[i], NULL, &jobs[i], ERR));
    for (int i = 0; i < 2; i++) {
        wait_end(jobs[i]);
        OK(hfx_job_check(jobs[i], ERR));
        hfx_job_free(jobs[i]);
        hfx_repo_free(repos[i]);
    }
    end(client);
    CHECK(descriptor_count() == descriptors);
    for (int i = 0; i < 16; i++)
        fclose(own[i]);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
}
