/*
 * Downloads one file into the cache that Hugging Face tools share, and prints where it is.
 *
 *   cc download.c $(pkg-config --cflags --libs hfx) -o download && ./download openai-community/gpt2 config.json
 */
#include <hfx.h>
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: download OWNER/NAME FILE\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_job *job = NULL;
    hfx_file *file = NULL;

    /* The environment says where the cache is and who we are, as it does for the Python client. */
    hfx_status status = hfx_options_from_env(&options, &error);
    if (status == HFX_OK)
        status = hfx_client_open(options, &client, &error);
    if (status == HFX_OK)
        status = hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error);
    if (status == HFX_OK)
        status = hfx_client_download_file(client, repo, argv[2], NULL, &job, &error);
    /* Whatever takes time is a job, which can be watched and cancelled meanwhile; here it is only waited for. */
    if (status == HFX_OK)
        status = hfx_job_wait(job, -1, NULL, &error);
    if (status == HFX_OK)
        status = hfx_job_take_file(job, &file, &error);
    if (status == HFX_OK)
        printf("%s\n", hfx_file_path(file));
    else
        fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(error));

    /* Freeing NULL is fine, so one way out serves success and failure. */
    hfx_file_free(file);
    hfx_job_free(job);
    hfx_repo_free(repo);
    hfx_client_free(client);
    hfx_options_free(options);
    hfx_error_free(error);
    return status == HFX_OK ? 0 : 1;
}
