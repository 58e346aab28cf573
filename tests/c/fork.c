/* A process that forks while a client works: the child is told, can let go, can begin anew, and can just end. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

static hfx_schedule *schedule;
static hfx_commit *commit;

static void never(const hfx_job *job, void *user) {
    (void)job, (void)user;
    abort();
}

/* A child that just ends has the memory of threads that it does not have: to LeakSanitizer a leak, to the child none. */
static int just_ends;

int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void) {
    return just_ends;
}

static void child(hfx_client *client, hfx_job *job, hfx_repo *repo, hfx_options *options) {
    int32_t number = 0;
    hfx_file *file = NULL;
    hfx_job *other = NULL;
    hfx_snapshot *snapshot = NULL;
    hfx_progress *progress = NULL;
    double begun = now();
    FAILS(HFX_E_FORKED, waited_file(hfx_client_download_file(client, repo, "config.json", NULL, JOB, ERR), &file, ERR));
    FAILS(HFX_E_FORKED, hfx_client_download_file(client, repo, "config.json", NULL, &other, ERR));
    FAILS(HFX_E_FORKED, hfx_client_lookup(client, repo, "config.json", NULL, &number, &file, ERR));
    FAILS(HFX_E_FORKED, hfx_client_set_max_rate(client, 1, ERR));
    FAILS(HFX_E_FORKED, hfx_client_event_fd(client, &number, ERR));
    FAILS(HFX_E_FORKED, hfx_client_next_job(client, &other, ERR));
    FAILS(HFX_E_FORKED, hfx_client_close(client, -1, ERR));
    FAILS(HFX_E_FORKED, hfx_job_wait(job, -1, &number, ERR));
    FAILS(HFX_E_FORKED, hfx_job_poll(job, &number, ERR));
    FAILS(HFX_E_FORKED, hfx_job_check(job, ERR));
    FAILS(HFX_E_FORKED, hfx_job_progress(job, &progress, ERR));
    FAILS(HFX_E_FORKED, hfx_job_take_snapshot(job, &snapshot, ERR));
    FAILS(HFX_E_FORKED, hfx_job_clone(job, &other, ERR));
    FAILS(HFX_E_FORKED, hfx_job_on_done(job, never, NULL, NULL, ERR));
    FAILS(HFX_E_FORKED, hfx_schedule_lock(schedule, -1, ERR));
    FAILS(HFX_E_FORKED, hfx_schedule_unlock(schedule, ERR));
    FAILS(HFX_E_FORKED, hfx_schedule_trigger(schedule, NULL, ERR));
    FAILS(HFX_E_FORKED, hfx_schedule_trigger(schedule, &other, ERR));
    FAILS(HFX_E_FORKED, hfx_schedule_stop(schedule, ERR));
    FAILS(HFX_E_FORKED, hfx_commit_add_bytes(commit, "a", "b", 1, ERR));
    FAILS(HFX_E_FORKED, hfx_commit_add_file(commit, "a", "/etc/hosts", ERR));
    FAILS(HFX_E_FORKED, hfx_commit_add_lfs(commit, "a", "0", 1, ERR));
    FAILS(HFX_E_FORKED, hfx_commit_delete_file(commit, "a", ERR));
    FAILS(HFX_E_FORKED, hfx_commit_delete_folder(commit, "a", ERR));
    FAILS(HFX_E_FORKED, hfx_commit_copy_file(commit, NULL, "a", "b", ERR));
    FAILS(HFX_E_FORKED, hfx_client_commit(client, repo, commit, NULL, &other, ERR));
    CHECK(hfx_commit_count(commit) == 0);
    hfx_schedule_free(schedule);
    hfx_commit_free(commit);
    hfx_job_cancel(job);
    hfx_job_pause(job);
    hfx_job_free(job);
    hfx_client_free(client);
    CHECK(now() - begun < 1);

    /* Options and names are plain values, and good here too. */
    hfx_client *own = NULL;
    OK(hfx_client_open(options, &own, ERR));
    OK(waited_file(hfx_client_download_file(own, repo, "config.json", NULL, JOB, ERR), &file, ERR));
    CHECK(hfx_file_size(file) == strlen(CONFIG));
    hfx_file_free(file);
    end(own);
    hfx_options_free(options);
    hfx_repo_free(repo);
    _exit(0);
}

void forked(void) {
    hfx_client *client = new_client();
    hfx_options *options = new_options();
    hfx_repo *tiny = model(TINY), *big = model(BIG);
    hfx_job *job = NULL;
    hfx_snapshot *snapshot = NULL;
    int32_t fd;
    OK(hfx_client_event_fd(client, &fd, ERR));
    OK(hfx_client_set_max_rate(client, 16 << 20, ERR));
    OK(hfx_client_download_snapshot(client, big, NULL, &job, ERR));
    hfx_job *scheduled = NULL;
    OK(hfx_client_schedule_folder(client, tiny, folder, NULL, 3600000, NULL, &schedule, &scheduled, ERR));
    OK(hfx_commit_new(&commit, ERR));
    OK(hfx_commit_add_bytes(commit, "a", "b", 1, ERR));
    for (int i = 0; i < 3; i++) {
        sleep_ms(100);
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            alarm(30);
            child(client, job, tiny, options);
        }
        int status = -1;
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    hfx_schedule_free(schedule);
    hfx_commit_free(commit);
    hfx_job_cancel(scheduled);
    hfx_job_free(scheduled);
    /* One that never heard of the client it has inherited, and ends as a process does. */
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(30);
        just_ends = 1;
        exit(0);
    }
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    OK(hfx_client_set_max_rate(client, 0, ERR));
    wait_end(job);
    OK(hfx_job_take_snapshot(job, &snapshot, ERR));
    CHECK(hfx_snapshot_count(snapshot) == 2);
    hfx_snapshot_free(snapshot);
    hfx_job_free(job);
    hfx_options_free(options);
    end(client);
    hfx_repo_free(tiny);
    hfx_repo_free(big);
}
