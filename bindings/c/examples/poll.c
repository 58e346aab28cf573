/*
 * Downloads many files with one thread and poll(2): the way into an event loop. A descriptor says when jobs have ended.
 *
 *   cc poll.c $(pkg-config --cflags --libs hfx) -o poll && ./poll openai-community/gpt2 config.json vocab.json
 */
#include <hfx.h>
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

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: poll OWNER/NAME FILE...\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    int32_t fd = -1;
    int failed = 0;

    check(hfx_options_from_env(&options, &error), &error);
    check(hfx_client_open(options, &client, &error), &error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), &error);
    check(hfx_client_event_fd(client, &fd, &error), &error); /* before the jobs whose end it shall tell */

    for (int i = 2; i < argc; i++) {
        hfx_job *job = NULL;
        check(hfx_client_download_file(client, repo, argv[i], NULL, &job, &error), &error);
        hfx_job_free(job); /* the job goes on; it comes back when it has ended */
    }

    for (int left = argc - 2; left > 0;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        poll(&ready, 1, -1); /* and whatever else the program waits for */

        hfx_job *job = NULL;
        hfx_file *file = NULL;
        check(hfx_client_next_job(client, &job, &error), &error);
        if (!job)
            continue;
        if (hfx_job_take_file(job, &file, &error) == HFX_OK) {
            printf("%s\n", hfx_file_path(file));
        } else {
            fprintf(stderr, "%s\n", hfx_error_message(error));
            hfx_error_free(error);
            failed = 1;
        }
        hfx_file_free(file);
        hfx_job_free(job);
        left--;
    }

    hfx_repo_free(repo);
    hfx_options_free(options);
    hfx_client_free(client);
    return failed;
}
