/*
 * Downloads a model with its progress shown, in an event loop of two descriptors: one says that the job has ended, the
 * other that Enter was pressed, which cancels it. Run again, it goes on where it was.
 *
 *   cc progress.c $(pkg-config --cflags --libs hfx) -o progress && ./progress openai-community/gpt2
 */
#include <hfx.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* The error by its address: C may read an argument before the call beside it is made. */
static void check(hfx_status status, hfx_error **error) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(*error));
    exit(1);
}

/* Called by a thread of the library, about ten times a second and once at the end; `user` is what we gave with it. */
static void on_progress(const hfx_job *job, const hfx_progress *progress, void *user) {
    hfx_totals all;
    (void)job, (void)user;
    hfx_progress_totals(progress, &all, sizeof all);
    fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " files, %" PRIu64 " of %" PRIu64 " MB ", all.files_done, all.files,
            all.bytes_done / 1000000, all.bytes / 1000000);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: progress OWNER/NAME\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL, *watched = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_job *job = NULL;
    hfx_snapshot *snapshot = NULL;
    int32_t fd = -1;

    check(hfx_options_from_env(&options, &error), &error);
    check(hfx_client_open(options, &client, &error), &error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), &error);

    check(hfx_client_event_fd(client, &fd, &error), &error); /* before the job whose end it shall tell */

    /* What one job has of its own: here, a callback. */
    check(hfx_options_new(&watched, &error), &error);
    check(hfx_options_set_progress_fn(watched, on_progress, NULL, NULL, &error), &error);
    check(hfx_client_download_snapshot(client, repo, watched, &job, &error), &error);

    struct pollfd watch[] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    for (hfx_job *ended = NULL; !ended;) {
        poll(watch, 2, -1);
        if (watch[0].revents)
            check(hfx_client_next_job(client, &ended, &error), &error);
        if (watch[1].revents) {
            if (getchar() == '\n')
                hfx_job_cancel(job); /* returns at once; the job still ends once, as cancelled */
            else
                watch[1].fd = -1; /* no terminal: nobody can press Enter */
        }
        hfx_job_free(ended); /* a second handle of the one job */
    }
    fprintf(stderr, "\n");

    hfx_status status = hfx_job_take_snapshot(job, &snapshot, &error);
    if (status == HFX_E_CANCELLED)
        fprintf(stderr, "cancelled; run it again and it goes on\n");
    else
        check(status, &error);
    if (snapshot)
        printf("%s\n", hfx_snapshot_path(snapshot));

    hfx_snapshot_free(snapshot);
    hfx_job_free(job);
    hfx_repo_free(repo);
    hfx_options_free(watched);
    hfx_options_free(options);
    hfx_error_free(error);
    hfx_error *closing = NULL;
    check(hfx_client_close(client, -1, &closing), &closing);
    hfx_client_free(client);
    return status == HFX_OK ? 0 : 1;
}
