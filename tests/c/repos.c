/* Repositories, refs and any call of the Hub's API. */
#include "test.h"

/* Options of a job that may write, and `name` with `value` besides. */
static hfx_options *with(const char *name, const char *value) {
    hfx_options *options = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_TOKEN, TOKEN, ERR));
    if (name)
        OK(hfx_options_set_by_name(options, name, value, ERR));
    return options;
}

static hfx_repo *at(const char *id, const char *revision) {
    hfx_repo *repo = NULL;
    OK(hfx_repo_new(HFX_REPO_MODEL, id, revision, &repo, ERR));
    return repo;
}

/* Waits for a job that ends with an answer. */
static hfx_reply *answer(hfx_job *job) {
    hfx_reply *reply = NULL, *second = (hfx_reply *)1;
    wait_end(job);
    OK(hfx_job_take_reply(job, &reply, ERR));
    FAILS(HFX_E_ALREADY_TAKEN, hfx_job_take_reply(job, &second, ERR));
    CHECK(!second);
    OK(hfx_job_check(job, ERR));
    hfx_job_free(job);
    return reply;
}

static void done(hfx_job *job) {
    wait_end(job);
    OK(hfx_job_check(job, ERR));
    hfx_job_free(job);
}

static int there(const hfx_client *client, const char *id, const char *revision, const hfx_options *options) {
    hfx_repo *repo = at(id, revision);
    hfx_job *job = NULL;
    int32_t waited = 9, taken = 9;
    OK(waited_exists(hfx_client_has_repo(client, repo, options, JOB, ERR), &waited, ERR));
    OK(hfx_client_has_repo(client, repo, options, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_exists(job, &taken, ERR));
    hfx_job_free(job);
    hfx_repo_free(repo);
    CHECK(waited == taken && (waited == 0 || waited == 1));
    return waited;
}

static void whole(const hfx_client *client) {
    hfx_options *plain = with(NULL, NULL), *again = with("exist_ok", "true"), *none = with("missing_ok", "true");
    hfx_options *private = with("visibility", "private");
    hfx_repo *repo = at("acme/made", NULL), *to = at("acme/moved", NULL), *third = at("acme/third", NULL);
    hfx_reply *reply = NULL;
    hfx_job *job = NULL;
    char url[512];

    OK(waited_reply(hfx_client_create_repo(client, repo, plain, JOB, ERR), &reply, ERR));
    snprintf(url, sizeof url, "%s/acme/made", endpoint);
    CHECK(hfx_reply_status(reply) == 200 && !hfx_reply_next(reply) && *hfx_reply_request_id(reply));
    SAME(hfx_reply_value(reply, "/url"), url);
    SAME(hfx_reply_value(reply, "/created"), "true");
    hfx_reply_free(reply);
    FAILS(HFX_E_CONFLICT, waited_reply(hfx_client_create_repo(client, repo, plain, JOB, ERR), &reply, ERR));
    CHECK(!reply);
    OK(hfx_client_create_repo(client, repo, again, &job, ERR));
    reply = answer(job);
    SAME(hfx_reply_value(reply, "/created"), "false");
    SAME(hfx_reply_value(reply, "/url"), url);
    CHECK(hfx_reply_status(reply) == 409);
    hfx_reply_free(reply);
    FAILS(HFX_E_UNAUTHORIZED, waited_reply(hfx_client_create_repo(client, third, NULL, JOB, ERR), &reply, ERR));

    FAILS(HFX_E_INVALID_ARGUMENT, waited(hfx_client_update_repo(client, repo, plain, JOB, ERR), ERR));
    OK(waited(hfx_client_update_repo(client, repo, private, JOB, ERR), ERR));
    CHECK(!there(client, "acme/made", NULL, NULL) && there(client, "acme/made", NULL, plain));
    OK(hfx_client_update_repo(client, repo, private, &job, ERR));
    done(job);

    OK(waited(hfx_client_move_repo(client, repo, to, plain, JOB, ERR), ERR));
    CHECK(!there(client, "acme/made", NULL, plain) && there(client, "acme/moved", NULL, plain));
    OK(hfx_client_move_repo(client, to, third, plain, &job, ERR));
    done(job);
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_move_repo(client, third, third, plain, &job, ERR));
    CHECK(!job);

    OK(waited(hfx_client_delete_repo(client, third, plain, JOB, ERR), ERR));
    FAILS(HFX_E_REPO_NOT_FOUND, waited(hfx_client_delete_repo(client, third, plain, JOB, ERR), ERR));
    OK(hfx_client_delete_repo(client, third, none, &job, ERR));
    done(job);
    hfx_repo_free(repo);
    hfx_repo_free(to);
    hfx_repo_free(third);
    hfx_options_free(plain);
    hfx_options_free(again);
    hfx_options_free(none);
    hfx_options_free(private);
}

static void refs(const hfx_client *client) {
    hfx_options *plain = with(NULL, NULL), *again = with("exist_ok", "true");
    hfx_repo *repo = at("acme/refs", NULL), *dev = at("acme/refs", "dev");
    hfx_reply *reply = NULL;
    hfx_history *commits = NULL;
    hfx_job *job = NULL;
    int32_t yes = 9;

    OK(waited_reply(hfx_client_create_repo(client, repo, plain, JOB, ERR), &reply, ERR));
    hfx_reply_free(reply);
    OK(waited(hfx_client_create_branch(client, repo, "dev", plain, JOB, ERR), ERR));
    FAILS(HFX_E_CONFLICT, waited(hfx_client_create_branch(client, repo, "dev", plain, JOB, ERR), ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, waited(hfx_client_create_branch(client, repo, "a b", plain, JOB, ERR), ERR));
    OK(hfx_client_create_branch(client, dev, "dev", again, &job, ERR));
    done(job);
    OK(waited(hfx_client_create_tag(client, dev, "v1", "First", plain, JOB, ERR), ERR));
    OK(hfx_client_create_tag(client, dev, "v2", NULL, plain, &job, ERR));
    done(job);
    CHECK(there(client, "acme/refs", "v1", NULL) && there(client, "acme/refs", "v2", NULL));
    CHECK(!there(client, "acme/refs", "v3", NULL));

    OK(waited_history(hfx_client_list_commits(client, dev, 0, NULL, JOB, ERR), &commits, ERR));
    CHECK(hfx_history_count(commits) == 1 && strlen(hfx_history_id(commits, 0)) == 40);
    SAME(hfx_history_title(commits, 0), "initial commit");
    SAME(hfx_history_message(commits, 0), "");
    SAME(hfx_history_author(commits, 0, 0), "local");
    CHECK(strlen(hfx_history_date(commits, 0)) > 10 && !hfx_history_id(commits, 1) && !hfx_history_author(commits, 0, 1));
    hfx_history_free(commits);
    OK(hfx_client_list_commits(client, repo, 1, NULL, &job, ERR));
    wait_end(job);
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_job_take_reply(job, &reply, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_job_take_exists(job, &yes, ERR));
    CHECK(yes == 0);
    OK(hfx_job_take_history(job, &commits, ERR));
    hfx_history_free(commits);
    hfx_job_free(job);

    OK(waited_exists(hfx_client_has_file(client, repo, ".gitattributes", NULL, JOB, ERR), &yes, ERR));
    CHECK(yes == 1);
    OK(hfx_client_has_file(client, repo, "none.txt", NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_exists(job, &yes, ERR));
    CHECK(yes == 0);
    hfx_job_free(job);

    OK(waited_reply(hfx_client_open_pull_request(client, repo, "A title", NULL, plain, JOB, ERR), &reply, ERR));
    SAME(hfx_reply_value(reply, "/num"), "1");
    SAME(hfx_reply_value(reply, "/ref"), "refs/pr/1");
    hfx_reply_free(reply);
    OK(hfx_client_open_pull_request(client, repo, "Another", "About it", plain, &job, ERR));
    reply = answer(job);
    SAME(hfx_reply_value(reply, "/ref"), "refs/pr/2");
    hfx_reply_free(reply);

    /* All that is there, by its kind. */
    hfx_refs *all = NULL;
    int branches = 0, tags = 0, requests = 0;
    OK(hfx_client_list_refs(client, repo, 1, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_refs(job, &all, ERR));
    hfx_job_free(job);
    for (size_t i = 0; i < hfx_refs_count(all); i++)
        switch (hfx_refs_kind(all, i)) {
        case HFX_REF_BRANCH: branches++; break;
        case HFX_REF_TAG: tags++; break;
        case HFX_REF_PULL_REQUEST: requests++; break;
        case HFX_REF_CONVERT:
        default: CHECK(!"a ref that nobody made");
        }
    CHECK(branches == 2 && tags == 2 && requests == 2);
    hfx_refs_free(all);

    OK(waited(hfx_client_delete_branch(client, repo, "dev", plain, JOB, ERR), ERR));
    FAILS(HFX_E_REVISION_NOT_FOUND, waited(hfx_client_delete_branch(client, repo, "dev", plain, JOB, ERR), ERR));
    OK(waited(hfx_client_create_branch(client, repo, "dev", plain, JOB, ERR), ERR));
    OK(hfx_client_delete_branch(client, repo, "dev", plain, &job, ERR));
    done(job);
    OK(waited(hfx_client_delete_tag(client, repo, "v1", plain, JOB, ERR), ERR));
    OK(hfx_client_delete_tag(client, repo, "v2", plain, &job, ERR));
    done(job);
    OK(waited(hfx_client_delete_repo(client, repo, plain, JOB, ERR), ERR));
    hfx_repo_free(repo);
    hfx_repo_free(dev);
    hfx_options_free(plain);
    hfx_options_free(again);
}

static void calls(const hfx_client *client) {
    hfx_options *plain = with(NULL, NULL);
    hfx_repo *tiny = model(TINY);
    hfx_reply *reply = NULL;
    hfx_job *job = NULL;

    OK(waited_reply(hfx_client_whoami(client, plain, JOB, ERR), &reply, ERR));
    SAME(hfx_reply_value(reply, "/name"), "local");
    SAME(hfx_reply_value(reply, "/orgs"), "[]");
    SAME(hfx_reply_value(reply, "/isPro"), "false");
    CHECK(!hfx_reply_value(reply, "/email") && !hfx_reply_value(reply, "/none") && !hfx_reply_value(reply, "name"));
    CHECK(hfx_reply_value(reply, "/name") == hfx_reply_value(reply, "/name"));
    SAME(hfx_reply_value(reply, ""), hfx_reply_value(reply, ""));
    CHECK(hfx_reply_body(reply)[0] == '{' && hfx_reply_header(reply, "X-Request-Id") && !hfx_reply_header(reply, "x"));
    hfx_reply_free(reply);
    FAILS(HFX_E_UNAUTHORIZED, waited_reply(hfx_client_whoami(client, NULL, JOB, ERR), &reply, ERR));
    OK(hfx_client_whoami(client, plain, &job, ERR));
    hfx_reply_free(answer(job));

    OK(waited(hfx_client_check_access(client, tiny, 0, NULL, JOB, ERR), ERR));
    OK(hfx_client_check_access(client, tiny, 0, plain, &job, ERR));
    done(job);
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_check_access(client, tiny, 2, plain, &job, ERR));

    OK(waited_reply(hfx_client_call(client, "GET", "/api/models", NULL, 10, NULL, JOB, ERR), &reply, ERR));
    CHECK(hfx_reply_value(reply, "/0/id") && !hfx_reply_value(reply, "/99/id"));
    hfx_reply_free(reply);
    OK(hfx_client_call(client, "POST", "/api/repos/create", "{\"name\": \"called\", \"organization\": \"acme\"}", 1, plain,
                       &job, ERR));
    hfx_reply_free(answer(job));
    OK(waited_reply(hfx_client_call(client, "DELETE", "/api/repos/delete", "{\"name\": \"called\", \"organization\": \"acme\"}", 1, plain, JOB, ERR), &reply, ERR));
    hfx_reply_free(reply);
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_call(client, "GET", "https://example.com/", NULL, 1, plain, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_call(client, "BREW", "/api/models", NULL, 1, plain, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_call(client, "POST", "/api/models", "{", 1, plain, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_call(client, "GET", "/api/models", NULL, 0, plain, &job, ERR));
    CHECK(!job);
    hfx_repo_free(tiny);
    hfx_options_free(plain);
}

void repos(void) {
    hfx_client *client = new_client();
    whole(client);
    refs(client);
    calls(client);
    end(client);
}
