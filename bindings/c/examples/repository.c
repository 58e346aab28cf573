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

/* The error by its address: C may read an argument before the call beside it is made. */
static void check(hfx_status status, hfx_error **error) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(*error));
    exit(1);
}

/* What the Hub answers, when it has. */
static hfx_reply *answer(hfx_job *job) {
    hfx_error *error = NULL;
    hfx_reply *reply = NULL;
    check(hfx_job_wait(job, -1, NULL, &error), &error);
    check(hfx_job_take_reply(job, &reply, &error), &error);
    hfx_job_free(job);
    return reply;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: repository OWNER/NAME TAG\n");
        return 2;
    }
    hfx_error *error = NULL;
    hfx_options *options = NULL, *with = NULL;
    hfx_job *job = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    hfx_reply *made = NULL, *me = NULL, *list = NULL;
    char target[300];

    check(hfx_options_from_env(&options, &error), &error);
    check(hfx_client_open(options, &client, &error), &error);
    check(hfx_repo_new(HFX_REPO_MODEL, argv[1], NULL, &repo, &error), &error);

    /* What is optional is an option of the job. */
    check(hfx_options_new(&with, &error), &error);
    check(hfx_options_set_bool(with, HFX_OPT_EXIST_OK, 1, &error), &error);
    check(hfx_options_set_string(with, HFX_OPT_VISIBILITY, "private", &error), &error);
    check(hfx_client_create_repo(client, repo, with, &job, &error), &error);
    made = answer(job);
    printf("%s\n", hfx_reply_value(made, "/url"));
    check(hfx_client_create_tag(client, repo, argv[2], "Tagged by an example", with, &job, &error), &error);
    check(hfx_job_wait(job, -1, NULL, &error), &error);
    check(hfx_job_check(job, &error), &error);
    hfx_job_free(job);

    check(hfx_client_whoami(client, NULL, &job, &error), &error);
    me = answer(job);
    printf("%s\n", hfx_reply_value(me, "/name"));
    snprintf(target, sizeof target, "/api/models?author=%s&limit=5", hfx_reply_value(me, "/name"));
    check(hfx_client_call(client, "GET", target, NULL, 1, NULL, &job, &error), &error);
    list = answer(job);
    printf("%s\n", hfx_reply_body(list));

    hfx_reply_free(list);
    hfx_reply_free(me);
    hfx_reply_free(made);
    hfx_repo_free(repo);
    hfx_options_free(with);
    hfx_client_free(client);
    hfx_options_free(options);
    return 0;
}
