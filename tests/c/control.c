/* Cancel, pause, resume, and what one job may have of its own. */
#include "test.h"

#include <pthread.h>

static void *cancel_soon(void *job) {
    sleep_ms(300);
    hfx_job_cancel(job);
    return NULL;
}

/* A stalled server holds nobody who has cancelled. */
static void cancel(const hfx_client *client) {
    static const char *const stalls[] = {
        "[{\"match\": {\"path\": \"model.bin\", \"times\": 0}, \"do\": {\"stall_after\": 1000000}}]",
        "[{\"match\": {\"path\": \"model.bin\", \"times\": 0}, \"do\": {\"delay_ms\": 60000}}]",
        "[{\"match\": {\"times\": 0}, \"do\": {\"delay_ms\": 60000}}]",
    };
    hfx_repo *repo = model(BIG);
    hfx_options *options = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_FORCE, 1, ERR));
    for (int i = 0; i < 3; i++) {
        hfx_job *job = NULL;
        hfx_file *file = NULL;
        pthread_t thread;
        set_faults(stalls[i]);
        OK(hfx_client_download_file(client, repo, "model.bin", options, &job, ERR));
        pthread_create(&thread, NULL, cancel_soon, job);
        double begun = now();
        wait_end(job);
        double waited = now() - begun;
        CHECK(waited > 0.2 && waited < 1.3);
        FAILS(HFX_E_CANCELLED, hfx_job_take_file(job, &file, ERR));
        hfx_progress *progress = NULL;
        OK(hfx_job_progress(job, &progress, ERR));
        CHECK(hfx_progress_file_count(progress) == 1 && file_at(progress, 0).state == HFX_FILE_CANCELLED);
        hfx_progress_free(progress);
        pthread_join(thread, NULL);
        hfx_job_free(job);
        set_faults("[]");
    }
    hfx_options_free(options);
    hfx_repo_free(repo);
}

/* Files one after the other: one is under way, the others have not begun. */
static void one_at_a_time(const hfx_client *client) {
    hfx_repo *repo = model(MANY);
    hfx_options *options = NULL;
    hfx_job *job = NULL;
    hfx_progress *progress = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_FORCE, 1, ERR));
    OK(hfx_options_set_int(options, HFX_OPT_MAX_WORKERS, 1, ERR));
    set_faults("[{\"match\": {\"path\": \"file_\", \"times\": 0}, \"do\": {\"delay_ms\": 60000}}]");
    OK(hfx_client_download_snapshot(client, repo, options, &job, ERR));
    int running = 0, waiting = 0;
    for (double until = now() + 60; running != 1; sleep_ms(5)) {
        CHECK(now() < until);
        hfx_progress_free(progress);
        OK(hfx_job_progress(job, &progress, ERR));
        running = waiting = 0;
        for (size_t i = 0; i < hfx_progress_file_count(progress); i++) {
            running += file_at(progress, i).state == HFX_FILE_RUNNING;
            waiting += file_at(progress, i).state == HFX_FILE_WAITING;
        }
    }
    CHECK(waiting == 49);
    hfx_progress_free(progress);
    hfx_job_cancel(job);
    wait_end(job);
    OK(hfx_job_progress(job, &progress, ERR));
    for (size_t i = 0; i < 50; i++)
        CHECK(file_at(progress, i).state == HFX_FILE_CANCELLED);
    hfx_progress_free(progress);
    hfx_job_free(job);
    set_faults("[]");
    hfx_options_free(options);
    hfx_repo_free(repo);
}

static uint64_t received(const hfx_job *job) {
    hfx_progress *progress = NULL;
    OK(hfx_job_progress(job, &progress, ERR));
    uint64_t bytes = totals(progress).bytes_received;
    hfx_progress_free(progress);
    return bytes;
}

static void pause_and_resume(const hfx_client *client) {
    hfx_repo *repo = model(BIG);
    hfx_options *options = NULL;
    hfx_job *job = NULL;
    hfx_file *file = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_FORCE, 1, ERR));
    OK(hfx_client_set_max_rate(client, 8 << 20, ERR));
    OK(hfx_client_download_file(client, repo, "model.bin", options, &job, ERR));
    for (double until = now() + 20; received(job) < 4 << 20; sleep_ms(10))
        CHECK(now() < until);
    hfx_job_pause(job);
    hfx_job_pause(job);
    sleep_ms(600);
    uint64_t before = received(job);
    int32_t ended = 1;
    OK(hfx_job_wait(job, 700, &ended, ERR));
    CHECK(ended == 0 && received(job) == before && before < BIG_SIZE);
    OK(hfx_client_set_max_rate(client, 0, ERR));
    hfx_job_resume(job);
    wait_end(job);
    OK(hfx_job_take_file(job, &file, ERR));
    CHECK(hfx_file_verified(file) == HFX_VERIFIED_HASH && received(job) < BIG_SIZE + (8 << 20));
    hfx_file_free(file);
    hfx_job_free(job);

    /* A paused job can be cancelled. */
    OK(hfx_client_set_max_rate(client, 1 << 20, ERR));
    OK(hfx_client_download_file(client, repo, "model.bin", options, &job, ERR));
    hfx_job_pause(job);
    sleep_ms(50);
    hfx_job_cancel(job);
    double begun = now();
    wait_end(job);
    CHECK(now() - begun < 1);
    FAILS(HFX_E_CANCELLED, hfx_job_take_file(job, &file, ERR));
    hfx_job_resume(job);
    FAILS(HFX_E_CANCELLED, hfx_job_take_file(job, &file, ERR));
    hfx_job_free(job);
    OK(hfx_client_set_max_rate(client, 0, ERR));
    hfx_options_free(options);
    hfx_repo_free(repo);
}

/* One client, many tenants. */
static void per_job(const hfx_client *client) {
    hfx_repo *secret = model(SECRET), *tiny = model(TINY);
    hfx_options *mine = NULL, *wrong = NULL, *elsewhere = NULL, *counted = NULL;
    hfx_file *file = NULL;
    hfx_job *job = NULL;

    FAILS(HFX_E_REPO_NOT_FOUND, waited_file(hfx_client_download_file(client, secret, "secret.txt", NULL, JOB, ERR), &file, ERR));
    OK(hfx_options_new(&wrong, ERR));
    OK(hfx_options_set_string(wrong, HFX_OPT_TOKEN, "hf_wrong", ERR));
    FAILS(HFX_E_UNAUTHORIZED, waited_file(hfx_client_download_file(client, secret, "secret.txt", wrong, JOB, ERR), &file, ERR));
    OK(hfx_options_new(&mine, ERR));
    OK(hfx_options_set_string(mine, HFX_OPT_TOKEN, TOKEN, ERR));
    OK(waited_file(hfx_client_download_file(client, secret, "secret.txt", mine, JOB, ERR), &file, ERR));
    hfx_file_free(file);

    /* Nobody listens on port 9; the client's own endpoint is untouched. */
    OK(hfx_options_new(&elsewhere, ERR));
    OK(hfx_options_set_string(elsewhere, HFX_OPT_ENDPOINT, "http://127.0.0.1:9", ERR));
    OK(hfx_options_set_int(elsewhere, HFX_OPT_RETRY_TIMEOUT_MS, 0, ERR));
    hfx_error *error = NULL;
    OK(hfx_client_get_file_meta(client, tiny, "config.json", elsewhere, &job, ERR));
    wait_end(job);
    hfx_status status = hfx_job_check(job, &error);
    CHECK(status == HFX_E_NETWORK && hfx_error_retryable(error) == 1);
    CHECK(strstr(hfx_error_message(error), "127.0.0.1:9"));
    hfx_error_free(error);
    hfx_job_free(job);

    OK(hfx_options_new(&counted, ERR));
    OK(hfx_options_set_string(counted, HFX_OPT_HEADERS, "X-HF-Download-Counter: from-c", ERR));
    free(take_requests());
    OK(hfx_client_get_file_meta(client, tiny, "config.json", counted, &job, ERR));
    wait_end(job);
    OK(hfx_job_check(job, ERR));
    hfx_job_free(job);
    char *requests = take_requests();
    CHECK(strstr(requests, "from-c"));
    free(requests);
    OK(hfx_client_get_file_meta(client, tiny, "config.json", NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_check(job, ERR));
    hfx_job_free(job);
    requests = take_requests();
    CHECK(!strstr(requests, "from-c"));
    free(requests);

    hfx_options_free(mine);
    hfx_options_free(wrong);
    hfx_options_free(elsewhere);
    hfx_options_free(counted);
    hfx_repo_free(secret);
    hfx_repo_free(tiny);
}

/* A snapshot in which one file can't be had: its error, and what became of the others. */
static void incomplete(const hfx_client *client) {
    hfx_repo *repo = model(MANY);
    hfx_options *options = NULL;
    hfx_job *job = NULL;
    hfx_snapshot *snapshot = NULL;
    hfx_progress *progress = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_FAIL_FAST, 0, ERR));
    set_faults("[{\"match\": {\"path\": \"file_07.txt\", \"times\": 0}, \"do\": {\"status\": 403}}]");
    OK(hfx_client_download_snapshot(client, repo, options, &job, ERR));
    wait_end(job);
    FAILS(HFX_E_INCOMPLETE, hfx_job_check(job, ERR));
    FAILS(HFX_E_INCOMPLETE, hfx_job_take_snapshot(job, &snapshot, ERR));
    FAILS(HFX_E_INCOMPLETE, hfx_job_take_snapshot(job, &snapshot, ERR));
    OK(hfx_job_progress(job, &progress, ERR));
    CHECK(totals(progress).files == 50 && totals(progress).files_done == 49);
    CHECK(totals(progress).files_failed == 1 && file_at(progress, 7).state == HFX_FILE_FAILED);
    const hfx_error *error = file_at(progress, 7).error;
    CHECK(hfx_error_status(error) == HFX_E_FORBIDDEN && hfx_error_http_status(error) == 403);
    hfx_error *kept = NULL;
    OK(hfx_error_clone(error, &kept, ERR));
    hfx_progress_free(progress);
    CHECK(hfx_error_status(kept) == HFX_E_FORBIDDEN && *hfx_error_message(kept));
    hfx_error_free(kept);
    OK(hfx_job_take_outcomes(job, &snapshot, ERR));
    CHECK(hfx_snapshot_count(snapshot) == 50);
    for (size_t i = 0; i < 50; i++) {
        const hfx_file *file = hfx_snapshot_file(snapshot, i);
        CHECK(hfx_file_state(file) == (i == 7 ? HFX_FILE_FAILED : HFX_FILE_DONE));
        CHECK(hfx_error_status(hfx_file_error(file)) == (i == 7 ? HFX_E_FORBIDDEN : HFX_OK));
    }
    SAME(hfx_file_name(hfx_snapshot_file(snapshot, 7)), "file_07.txt");
    hfx_snapshot_free(snapshot);
    FAILS(HFX_E_ALREADY_TAKEN, hfx_job_take_outcomes(job, &snapshot, ERR));
    hfx_job_free(job);
    set_faults("[]");
    OK(waited_snapshot(hfx_client_download_snapshot(client, repo, options, JOB, ERR), &snapshot, ERR));
    CHECK(hfx_snapshot_count(snapshot) == 50);
    hfx_snapshot_free(snapshot);
    hfx_options_free(options);
    hfx_repo_free(repo);
}

void control(void) {
    hfx_client *client = new_client();
    cancel(client);
    one_at_a_time(client);
    pause_and_resume(client);
    per_job(client);
    incomplete(client);
    end(client);
}
