/* An event loop: one descriptor for fifty jobs. */
#include "test.h"

#include <poll.h>

static int readable(int fd, int timeout_ms) {
    struct pollfd one = {.fd = fd, .events = POLLIN};
    int ready = poll(&one, 1, timeout_ms);
    CHECK(ready >= 0 && (one.revents & ~POLLIN) == 0);
    return ready;
}

void events(void) {
    hfx_client *client = new_client();
    hfx_repo *repo = model(MANY);
    hfx_job *job = NULL, *none = (hfx_job *)1;
    hfx_file *file = NULL;
    int32_t fd = -1, again = -1;

    /* What ends before anybody listens is not kept. */
    OK(hfx_client_get_file_meta(client, repo, "file_00.txt", NULL, &job, ERR));
    wait_end(job);
    hfx_job_free(job);
    OK(hfx_client_next_job(client, &none, ERR));
    CHECK(!none);

    OK(hfx_client_event_fd(client, &fd, ERR));
    OK(hfx_client_event_fd(client, &again, ERR));
    CHECK(fd >= 0 && fd == again && readable(fd, 50) == 0);

    enum { JOBS = 50 };
    uint64_t ids[JOBS];
    int seen[JOBS] = {0}, left = JOBS;
    for (int i = 0; i < JOBS; i++) {
        char name[32];
        snprintf(name, sizeof name, "file_%02d.txt", i);
        OK(hfx_client_download_file(client, repo, name, NULL, &job, ERR));
        ids[i] = hfx_job_id(job);
        hfx_job_free(job);
    }
    for (double until = now() + 60; left > 0;) {
        CHECK(now() < until);
        if (readable(fd, 1000) == 0)
            continue;
        CHECK(readable(fd, 0) == 1); /* level-triggered: it stays readable until the jobs are taken */
        OK(hfx_client_next_job(client, &job, ERR));
        CHECK(job);
        int which = 0;
        while (ids[which] != hfx_job_id(job))
            CHECK(++which < JOBS);
        CHECK(!seen[which]++);
        OK(hfx_job_take_file(job, &file, ERR));
        CHECK(hfx_file_size(file) == MANY_SIZE);
        hfx_file_free(file);
        hfx_job_free(job);
        left--;
    }
    CHECK(readable(fd, 100) == 0);
    OK(hfx_client_next_job(client, &job, ERR));
    CHECK(!job);

    /* Cancelled jobs come as well, and those that the closing ends. */
    set_faults("[{\"match\": {\"path\": \"file_\", \"times\": 0}, \"do\": {\"delay_ms\": 60000}}]");
    hfx_job *first = NULL, *second = NULL;
    OK(hfx_client_get_file_meta(client, repo, "file_01.txt", NULL, &first, ERR));
    OK(hfx_client_get_file_meta(client, repo, "file_02.txt", NULL, &second, ERR));
    hfx_job_cancel(first);
    CHECK(readable(fd, 2000) == 1);
    OK(hfx_client_next_job(client, &job, ERR));
    CHECK(hfx_job_id(job) == hfx_job_id(first));
    FAILS(HFX_E_CANCELLED, hfx_job_check(job, ERR));
    hfx_job_free(job);
    OK(hfx_client_close(client, 10000, ERR));
    OK(hfx_client_next_job(client, &job, ERR));
    CHECK(hfx_job_id(job) == hfx_job_id(second));
    hfx_job_free(job);
    FAILS(HFX_E_CLOSED, hfx_client_event_fd(client, &again, ERR));
    CHECK(again == -1);
    set_faults("[]");
    hfx_job_free(first);
    hfx_job_free(second);
    hfx_client_free(client);
    hfx_repo_free(repo);
}
