/*
 * Uploads a folder, and prints how far it is and the address of the commit. What the repository holds already is not
 * sent; after a kill the same call goes on where it was, since HF_HOME remembers hashes and parts.
 *
 *   cc upload.c $(pkg-config --cflags --libs hfx) -o upload && HF_TOKEN=hf_... ./upload owner/name ./out
 */
#include <hfx.h>
#include <inttypes.h>
#include <stdio.h>

static void show(const hfx_job *job, const hfx_progress *progress, void *user) {
    hfx_totals all;
    (void)job;
    hfx_progress_totals(progress, &all, sizeof all);
    fprintf(user, "\rhashed %" PRIu64 ", sent %" PRIu64 " bytes", all.bytes_hashed, all.bytes_sent);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: upload OWNER/NAME FOLDER\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_job *job = NULL;
    hfx_committed *made = NULL;

    hfx_status status = hfx_options_from_env(&options, &error);
    if (status == HFX_OK)
        status = hfx_options_set_progress_fn(options, show, stderr, NULL, &error);
    if (status == HFX_OK)
        status = hfx_client_open(options, &client, &error);
    if (status == HFX_OK)
        status = hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error);
    if (status == HFX_OK)
        status = hfx_client_upload_folder(client, repo, argv[2], NULL, NULL, &job, &error);
    if (status == HFX_OK)
        status = hfx_job_wait(job, -1, NULL, &error);
    if (status == HFX_OK)
        status = hfx_job_take_committed(job, &made, &error);
    if (status == HFX_OK) {
        fprintf(stderr, "\n%zu files, %" PRIu64 " commits\n", hfx_committed_file_count(made),
                hfx_committed_commit_count(made));
        printf("%s\n", hfx_committed_url(made));
    } else {
        fprintf(stderr, "\n%s: %s\n", hfx_status_name(status), hfx_error_message(error));
    }
    hfx_committed_free(made);
    hfx_job_free(job);
    hfx_repo_free(repo);
    hfx_client_free(client);
    hfx_options_free(options);
    hfx_error_free(error);
    return status == HFX_OK ? 0 : 1;
}
