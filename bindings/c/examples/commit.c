/*
 * Makes shards in memory, sends each as soon as it is made and forgets it, and commits them together with an index: the
 * memory in use is one shard, and the repository never shows half of them.
 *
 *   cc commit.c $(pkg-config --cflags --libs hfx) -o commit && HF_TOKEN=hf_... ./commit owner/name 3
 */
#include <hfx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARD (12u << 20)

/* The error by its address: C may read an argument before the call beside it is made. */
static void check(hfx_status status, hfx_error **error) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(*error));
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: commit OWNER/NAME SHARDS\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL, *with = NULL;
    hfx_job *job = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_commit *commit = NULL;
    hfx_committed *made = NULL;
    char name[64], index[64];
    int shards = atoi(argv[2]);

    check(hfx_options_from_env(&options, &error), &error);
    check(hfx_client_open(options, &client, &error), &error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), &error);
    check(hfx_commit_new(&commit, &error), &error);
    for (int i = 1; i <= shards; i++) {
        unsigned char *bytes = malloc(SHARD);
        if (!bytes)
            return 1;
        for (size_t at = 0; at < SHARD; at++)
            bytes[at] = (unsigned char)(at * 31 + (size_t)i);
        snprintf(name, sizeof name, "shard-%d-of-%d.bin", i, shards);
        check(hfx_commit_add_bytes(commit, name, bytes, SHARD, &error), &error);
        free(bytes);
        check(hfx_client_preupload(client, repo, commit, NULL, &job, &error), &error);
        check(hfx_job_wait(job, -1, NULL, &error), &error);
        check(hfx_job_check(job, &error), &error);
        hfx_job_free(job);
    }
    snprintf(index, sizeof index, "{\"shards\": %d}\n", shards);
    check(hfx_commit_add_bytes(commit, "index.json", index, strlen(index), &error), &error);

    check(hfx_options_new(&with, &error), &error);
    check(hfx_options_set_string(with, HFX_OPT_COMMIT_MESSAGE, "All shards", &error), &error);
    check(hfx_client_commit(client, repo, commit, with, &job, &error), &error);
    check(hfx_job_wait(job, -1, NULL, &error), &error);
    hfx_status status = hfx_job_take_committed(job, &made, &error);
    if (status == HFX_E_CONFLICT)
        fprintf(stderr, "somebody else has committed: the head is %s now\n", hfx_error_commit(error));
    check(status, &error);
    printf("%s\n", hfx_committed_url(made));

    hfx_committed_free(made);
    hfx_commit_free(commit);
    hfx_repo_free(repo);
    hfx_job_free(job);
    hfx_options_free(with);
    hfx_client_free(client);
    hfx_options_free(options);
    return 0;
}
