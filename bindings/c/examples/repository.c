/*
 * Makes a repository, or takes the one that is there, tags its head, and prints who owns the token and what the Hub
 * lists of that owner: functions for what is common, and one call for all else.
 *
 *   cc repository.c $(pkg-config --cflags --libs hfx) -o repository
 *   HF_TOKEN=hf_... ./repository owner/name v1.0
 */
#include <hfx.h>
#include <stdio.h>
#include <stdlib.h>

static void check(hfx_status status, hfx_error *error) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(error));
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: repository OWNER/NAME TAG\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL, *job = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_reply *made = NULL, *me = NULL, *list = NULL;
    char target[300];

    check(hfx_options_from_env(&options, &error), error);
    check(hfx_client_open(options, &client, &error), error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), error);

    /* What is optional is an option of the job. */
    check(hfx_options_new(&job, &error), error);
    check(hfx_options_set_bool(job, HFX_OPT_EXIST_OK, 1, &error), error);
    check(hfx_options_set_string(job, HFX_OPT_VISIBILITY, "private", &error), error);
    check(hfx_client_repo_create_wait(client, repo, job, &made, &error), error);
    printf("%s\n", hfx_reply_value(made, "/url"));
    check(hfx_client_tag_create_wait(client, repo, argv[2], "Tagged by an example", job, &error), error);

    check(hfx_client_whoami_wait(client, NULL, &me, &error), error);
    printf("%s\n", hfx_reply_value(me, "/name"));
    snprintf(target, sizeof target, "/api/models?author=%s&limit=5", hfx_reply_value(me, "/name"));
    check(hfx_client_call_wait(client, "GET", target, NULL, 1, NULL, &list, &error), error);
    printf("%s\n", hfx_reply_body(list));

    hfx_reply_free(list);
    hfx_reply_free(me);
    hfx_reply_free(made);
    hfx_repo_free(repo);
    hfx_options_free(job);
    hfx_client_free(client);
    hfx_options_free(options);
    return 0;
}
