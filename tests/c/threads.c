/* One client in many threads, several clients side by side, and what is left when they are closed. */
#include "test.h"

#include <pthread.h>

enum { THREADS = 16 };

typedef struct shared {
    const hfx_client *client;
    const hfx_repo *many;
    hfx_job *one;
    atomic_int taken;
} shared;

static void *work(void *user) {
    shared *s = user;
    for (int i = 0; i < 12; i++) {
        char name[32];
        hfx_file *file = NULL;
        hfx_bytes *bytes = NULL;
        hfx_progress *progress = NULL;
        int32_t state = 0;
        snprintf(name, sizeof name, "file_%02d.txt", (i * 7) % 50);
        OK(waited_file(hfx_client_download_file(s->client, s->many, name, NULL, JOB, ERR), &file, ERR));
        CHECK(hfx_file_size(file) == MANY_SIZE);
        hfx_file_free(file);
        OK(hfx_client_lookup(s->client, s->many, name, NULL, &state, &file, ERR));
        CHECK(state == HFX_LOOKUP_FOUND);
        hfx_file_free(file);
        OK(waited_bytes(hfx_client_read_file(s->client, s->many, name, 100, 50, NULL, JOB, ERR), &bytes, ERR));
        CHECK(hfx_bytes_length(bytes) == 50);
        hfx_bytes_free(bytes);
        OK(hfx_job_progress(s->one, &progress, ERR));
        CHECK(totals(progress).files <= 1);
        hfx_progress_free(progress);
    }
    /* All wait for one job; one of them gets its result. */
    wait_end(s->one);
    hfx_file *file = NULL;
    hfx_status status = hfx_job_take_file(s->one, &file, NULL);
    CHECK(status == HFX_OK || status == HFX_E_ALREADY_TAKEN);
    s->taken += status == HFX_OK;
    hfx_file_free(file);
    return NULL;
}

void threads(void) {
    hfx_client *client = new_client();
    hfx_repo *many = model(MANY), *big = model(BIG);
    pthread_t thread[THREADS];
    shared s = {.client = client, .many = many};
    OK(hfx_client_download_file(client, big, "model.bin", NULL, &s.one, ERR));
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, &s);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    CHECK(s.taken == 1);
    hfx_job_free(s.one);
    end(client);

    /* Each of four clients fetches everything into a cache of its own, all at once. */
    hfx_client *clients[4];
    hfx_job *jobs[4];
    for (int i = 0; i < 4; i++) {
        char cache[4096];
        hfx_options *options = new_options();
        snprintf(cache, sizeof cache, "%s/cache_%d", folder, i);
        OK(hfx_options_set_string(options, HFX_OPT_CACHE_DIR, cache, ERR));
        OK(hfx_options_set_int(options, HFX_OPT_THREADS, 1, ERR));
        OK(hfx_client_open(options, &clients[i], ERR));
        OK(hfx_client_download_snapshot(clients[i], i % 2 ? big : many, NULL, &jobs[i], ERR));
        hfx_options_free(options);
    }
    /* Closing one does nothing to the others. */
    OK(hfx_client_close(clients[0], 10000, ERR));
    for (int i = 1; i < 4; i++) {
        hfx_snapshot *snapshot = NULL;
        wait_end(jobs[i]);
        OK(hfx_job_take_snapshot(jobs[i], &snapshot, ERR));
        hfx_snapshot_free(snapshot);
    }
    for (int i = 0; i < 4; i++) {
        hfx_job_free(jobs[i]);
        end(clients[i]);
    }
    hfx_repo_free(many);
    hfx_repo_free(big);
}

/* Ten rounds, each with work behind it or under way: no thread and no descriptor more than before. */
void close_leaves_nothing(void) {
    int threads_before = thread_count(), descriptors_before = descriptor_count();
    hfx_repo *big = model(BIG), *many = model(MANY);
    for (int round = 0; round < 10; round++) {
        hfx_client *client = new_client();
        hfx_job *job = NULL;
        int32_t fd = -1;
        if (round % 2)
            OK(hfx_client_event_fd(client, &fd, ERR));
        if (round % 3 == 0)
            set_faults("[{\"match\": {\"path\": \"model.bin\", \"times\": 0}, \"do\": {\"stall_after\": 500000}}]");
        hfx_options *options = NULL;
        OK(hfx_options_new(&options, ERR));
        OK(hfx_options_set_bool(options, HFX_OPT_FORCE, 1, ERR));
        OK(hfx_client_download_snapshot(client, round % 2 ? many : big, options, &job, ERR));
        if (round % 4 != 3)
            sleep_ms(20 * round);
        else
            wait_end(job);
        hfx_options_free(options);
        double begun = now();
        OK(hfx_client_close(client, 10000, ERR));
        CHECK(now() - begun < 3);
        threads_are(threads_before);
        if (descriptor_count() != descriptors_before) {
            show_descriptors();
            CHECK(!"descriptors are left");
        }
        int32_t ended = 0;
        OK(hfx_job_poll(job, &ended, ERR));
        CHECK(ended == 1);
        hfx_job_free(job);
        hfx_client_free(client);
        set_faults("[]");
    }
    hfx_repo_free(big);
    hfx_repo_free(many);

    /* Freed without closing: it ends by itself. */
    hfx_client_free(new_client());
    threads_are(threads_before);
}
