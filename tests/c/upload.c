/* Uploads and commits, from C. */
#include "test.h"

#include <errno.h>
#include <sys/stat.h>

#define REPO "acme/upload"
/* `head -c 1310720 /dev/zero | sha256sum`: with parts of 512 KiB it has three. */
#define ZEROES 1310720
#define ZEROES_OID "439292e489a0a35e4a3a0fe304ea1a680337243fa53b135aa9310881e1d7e078"

typedef struct pattern {
    uint64_t size;
    atomic_int reads, destroyed;
    int fails;
} pattern;

/* A reader that gives no more than 100,000 bytes at a time. */
static int64_t read_pattern(uint64_t offset, void *buffer, size_t length, void *user) {
    pattern *content = user;
    content->reads++;
    if (content->fails) return -EIO;
    if (offset + length > content->size) return -1;
    size_t given = length < 100000 ? length : 100000;
    for (size_t i = 0; i < given; i++) ((unsigned char *)buffer)[i] = big_byte(offset + i);
    return (int64_t)given;
}

static void pattern_destroyed(void *user) {
    ((pattern *)user)->destroyed++;
}

static hfx_client *writer(void) {
    hfx_options *options = new_options();
    hfx_client *client = NULL;
    char state[512];
    snprintf(state, sizeof state, "%s/state", folder);
    OK(hfx_options_set_string(options, HFX_OPT_TOKEN, TOKEN, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_STATE_DIR, state, ERR));
    OK(hfx_client_open(options, &client, ERR));
    hfx_options_free(options);
    return client;
}

static const char *in_folder(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t length) {
    FILE *file = fopen(in_folder(name), "wb");
    CHECK(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

/* How a file was committed; 0 when it is none of the files. */
static int how(const hfx_committed *made, const char *path) {
    for (size_t i = 0; i < hfx_committed_file_count(made); i++)
        if (!strcmp(hfx_committed_file_path(made, i), path)) return hfx_committed_file_how(made, i);
    return 0;
}

static void commits(const hfx_client *client, const hfx_repo *repo) {
    hfx_commit *commit = NULL;
    hfx_committed *made = NULL;
    hfx_job *job = NULL;
    pattern content = {.size = 12u << 20};
    OK(hfx_commit_new(&commit, ERR));
    CHECK(hfx_commit_count(commit) == 0);
    write_file("a.txt", "from disk\n", 10);
    OK(hfx_commit_add_file(commit, "a.txt", in_folder("a.txt"), ERR));
    OK(hfx_commit_add_bytes(commit, "dir/b.txt", "from memory", 11, ERR));
    OK(hfx_commit_add_bytes(commit, "dir/empty", NULL, 0, ERR));
    OK(hfx_commit_add_reader(commit, "model.bin", content.size, read_pattern, &content, pattern_destroyed, ERR));
    CHECK(hfx_commit_count(commit) == 4);
    OK(waited_committed(hfx_client_preupload(client, repo, commit, NULL, JOB, ERR), &made, ERR));
    CHECK(hfx_committed_file_count(made) == 1 && !hfx_committed_commit(made) && content.destroyed == 1);
    SAME(hfx_committed_file_path(made, 0), "model.bin");
    CHECK(hfx_committed_file_size(made, 0) == content.size && strlen(hfx_committed_file_oid(made, 0)) == 64);
    hfx_committed_free(made);

    hfx_options *options = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_COMMIT_MESSAGE, "All at once", ERR));
    OK(hfx_options_set_string(options, HFX_OPT_COMMIT_DESCRIPTION, "two\nlines", ERR));
    OK(hfx_client_commit(client, repo, commit, options, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_committed(job, &made, ERR));
    CHECK(hfx_committed_commit_count(made) == 1 && hfx_committed_file_count(made) == 4);
    CHECK(how(made, "model.bin") == HFX_COMMITTED_LFS && how(made, "a.txt") == HFX_COMMITTED_REGULAR);
    CHECK(strlen(hfx_committed_commit(made)) == 40 && strstr(hfx_committed_url(made), hfx_committed_commit(made)));
    CHECK(hfx_committed_pull_request(made) == 0 && !hfx_committed_pull_request_url(made));
    CHECK(hfx_commit_count(commit) == 0);
    char first[41];
    snprintf(first, sizeof first, "%s", hfx_committed_commit(made));
    hfx_committed_free(made);
    hfx_job_free(job);

    /* The same again is no commit; a parent that is not the head is a conflict that names it. */
    OK(hfx_commit_add_file(commit, "a.txt", in_folder("a.txt"), ERR));
    OK(waited_committed(hfx_client_commit(client, repo, commit, NULL, JOB, ERR), &made, ERR));
    CHECK(hfx_committed_commit_count(made) == 0 && how(made, "a.txt") == HFX_COMMITTED_UNCHANGED);
    SAME(hfx_committed_commit(made), first);
    hfx_committed_free(made);
    OK(hfx_commit_copy_file(commit, NULL, "model.bin", "copy.bin", ERR));
    OK(hfx_commit_delete_file(commit, "a.txt", ERR));
    OK(hfx_commit_delete_folder(commit, "dir", ERR));
    OK(waited_committed(hfx_client_commit(client, repo, commit, options, JOB, ERR), &made, ERR));
    char second[41];
    snprintf(second, sizeof second, "%s", hfx_committed_commit(made));
    CHECK(how(made, "a.txt") == HFX_COMMITTED_DELETED && how(made, "dir/") == HFX_COMMITTED_DELETED);
    hfx_committed_free(made);
    OK(hfx_options_set_string(options, HFX_OPT_PARENT_COMMIT, first, ERR));
    OK(hfx_commit_add_bytes(commit, "c.txt", "c", 1, ERR));
    hfx_error *err = NULL;
    CHECK(waited_committed(hfx_client_commit(client, repo, commit, options, JOB, &err), &made, &err) == HFX_E_CONFLICT && !made);
    SAME(hfx_error_commit(err), second);
    hfx_error_free(err);
    CHECK(hfx_commit_count(commit) == 1);

    /* A reader that fails ends the job; what it is for is let go of with the commit. */
    pattern broken = {.size = 11u << 20, .fails = 1};
    OK(hfx_commit_add_reader(commit, "broken.bin", broken.size, read_pattern, &broken, pattern_destroyed, ERR));
    CHECK(waited_committed(hfx_client_preupload(client, repo, commit, NULL, JOB, &err), &made, &err) == HFX_E_CALLBACK);
    CHECK(hfx_error_os_error(err) == EIO);
    hfx_error_free(err);
    CHECK(broken.reads > 0 && broken.destroyed == 0);
    hfx_commit_free(commit);
    for (int i = 0; !broken.destroyed && i < 1000; i++) sleep_ms(5);
    CHECK(broken.destroyed == 1);
    hfx_options_free(options);

    hfx_tree *tree = NULL;
    OK(hfx_client_list_files(client, repo, NULL, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_tree(job, &tree, ERR));
    int found = 0;
    for (size_t i = 0; hfx_tree_path(tree, i); i++)
        found += !strcmp(hfx_tree_path(tree, i), "copy.bin") || !strcmp(hfx_tree_path(tree, i), "model.bin");
    CHECK(found == 2);
    hfx_tree_free(tree);
    hfx_job_free(job);
}

/* Content that one builder sent ahead goes into the commit of another; what the server lacks goes into none. */
static void sent_ahead(const hfx_client *client, const hfx_repo *repo) {
    hfx_commit *first = NULL, *second = NULL;
    hfx_committed *made = NULL;
    hfx_file *file = NULL;
    char oid[65];
    pattern content = {.size = 11u << 20};
    OK(hfx_commit_new(&first, ERR));
    OK(hfx_commit_new(&second, ERR));
    OK(hfx_commit_add_reader(first, "elsewhere.bin", content.size, read_pattern, &content, pattern_destroyed, ERR));
    OK(waited_committed(hfx_client_preupload(client, repo, first, NULL, JOB, ERR), &made, ERR));
    snprintf(oid, sizeof oid, "%s", hfx_committed_file_oid(made, 0));
    hfx_committed_free(made);
    hfx_commit_free(first);
    int reads = content.reads;
    OK(hfx_commit_add_lfs(second, "later/ahead.bin", oid, content.size, ERR));
    OK(waited_committed(hfx_client_commit(client, repo, second, NULL, JOB, ERR), &made, ERR));
    CHECK(hfx_committed_commit_count(made) == 1 && how(made, "later/ahead.bin") == HFX_COMMITTED_LFS);
    CHECK(content.reads == reads);
    hfx_committed_free(made);
    OK(waited_file(hfx_client_download_file(client, repo, "later/ahead.bin", NULL, JOB, ERR), &file, ERR));
    SAME(hfx_file_etag(file), oid);
    CHECK(hfx_file_size(file) == content.size && hfx_file_verified(file) == HFX_VERIFIED_HASH);
    hfx_file_free(file);
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_lfs(second, "a.bin", "no oid", 1, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_lfs(second, "../a.bin", oid, 1, ERR));
    oid[0] = oid[0] == '0' ? '1' : '0';
    hfx_commit *third = NULL;
    OK(hfx_commit_new(&third, ERR));
    OK(hfx_commit_add_bytes(third, ".gitignore", "*.tmp\n", 6, ERR));
    OK(hfx_commit_add_bytes(third, "left.tmp", "x", 1, ERR));
    OK(waited_committed(hfx_client_commit(client, repo, third, NULL, JOB, ERR), &made, ERR));
    CHECK(how(made, "left.tmp") == HFX_COMMITTED_IGNORED && how(made, ".gitignore") == HFX_COMMITTED_REGULAR);
    hfx_committed_free(made);
    OK(hfx_commit_delete_file(third, ".gitignore", ERR));
    OK(waited_committed(hfx_client_commit(client, repo, third, NULL, JOB, ERR), &made, ERR));
    hfx_committed_free(made);
    hfx_commit_free(third);
    OK(hfx_commit_add_lfs(second, "never.bin", oid, content.size, ERR));
    CHECK(waited_committed(hfx_client_commit(client, repo, second, NULL, JOB, NULL), &made, NULL) != HFX_OK && !made);
    hfx_commit_free(second);
}

static void folders(const hfx_client *client, const hfx_repo *repo) {
    hfx_committed *made = NULL;
    hfx_job *job = NULL;
    hfx_options *options = NULL;
    CHECK(mkdir(in_folder("out"), 0755) == 0);
    for (int i = 0; i < 30; i++) {
        char name[64];
        snprintf(name, sizeof name, "out/%02d.txt", i);
        write_file(name, name, strlen(name));
    }
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_INCLUDE, "*.txt", ERR));
    OK(hfx_options_set_string(options, HFX_OPT_EXCLUDE, "0*", ERR));
    OK(hfx_options_set_int(options, HFX_OPT_SEQUENCE, 7, ERR));
    hfx_job *second = NULL;
    OK(hfx_client_upload_folder(client, repo, in_folder("out"), "texts", options, &job, ERR));
    OK(hfx_client_upload_file(client, repo, in_folder("out/00.txt"), "texts/00.txt", options, &second, ERR));
    wait_end(second);
    int32_t ended = 0;
    OK(hfx_job_poll(job, &ended, ERR));
    CHECK(ended == 1); /* It stood before the other in their sequence. */
    OK(hfx_job_take_committed(job, &made, ERR));
    CHECK(hfx_committed_file_count(made) == 20 && how(made, "texts/29.txt") == HFX_COMMITTED_REGULAR);
    hfx_committed_free(made);
    OK(hfx_job_take_committed(second, &made, ERR));
    hfx_committed_free(made);
    hfx_progress *progress = NULL;
    OK(hfx_job_progress(job, &progress, ERR));
    CHECK(totals(progress).bytes_sent == 20 * 10 && totals(progress).bytes_hashed == 0);
    CHECK(file_at(progress, 0).bytes_sent == 10 && file_at(progress, 0).bytes_hashed == 0);
    hfx_progress_free(progress);
    hfx_job_free(job);
    hfx_job_free(second);
    hfx_options_free(options);

    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_CREATE_PR, 1, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_DELETE, "*", ERR));
    OK(waited_committed(hfx_client_upload_folder(client, repo, in_folder("out"), "texts", options, JOB, ERR), &made, ERR));
    CHECK(hfx_committed_pull_request(made) > 0 && strstr(hfx_committed_pull_request_url(made), "/discussions/"));
    hfx_committed_free(made);
    hfx_options_free(options);
    OK(waited_committed(hfx_client_upload_file(client, repo, in_folder("out/01.txt"), "one.txt", NULL, JOB, ERR), &made, ERR));
    hfx_committed_free(made);
}

static void schedules(const hfx_client *client, const hfx_repo *repo) {
    hfx_schedule *schedule = NULL;
    hfx_job *job = NULL;
    hfx_committed *made = NULL;
    CHECK(mkdir(in_folder("logs"), 0755) == 0);
    OK(hfx_client_schedule_folder(client, repo, in_folder("logs"), "logs", 3600000, NULL, &schedule, &job, ERR));
    hfx_job *now_job = NULL;
    OK(hfx_schedule_lock(schedule, -1, ERR));
    OK(hfx_schedule_trigger(schedule, &now_job, ERR));
    write_file("logs/a.log", "one\n", 4);
    FAILS(HFX_E_TIMEOUT, hfx_schedule_lock(schedule, 20, ERR));
    OK(hfx_schedule_unlock(schedule, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_schedule_unlock(schedule, ERR));
    /* A commit that is waited for, and what it came to. */
    wait_end(now_job);
    OK(hfx_job_take_committed(now_job, &made, ERR));
    CHECK(hfx_committed_commit_count(made) == 1 && how(made, "logs/a.log") == HFX_COMMITTED_REGULAR);
    hfx_committed_free(made);
    hfx_job_free(now_job);
    OK(hfx_schedule_trigger(schedule, &now_job, ERR));
    wait_end(now_job);
    OK(hfx_job_take_committed(now_job, &made, ERR));
    CHECK(hfx_committed_commit_count(made) == 0);
    hfx_committed_free(made);
    hfx_job_free(now_job);
    OK(hfx_schedule_trigger(schedule, NULL, ERR));
    OK(hfx_schedule_stop(schedule, ERR));
    wait_end(job);
    OK(hfx_schedule_trigger(schedule, &now_job, ERR));
    wait_end(now_job);
    FAILS(HFX_E_CLOSED, hfx_job_take_committed(now_job, &made, ERR));
    hfx_job_free(now_job);
    OK(hfx_job_take_committed(job, &made, ERR));
    CHECK(hfx_committed_commit_count(made) >= 1);
    hfx_committed_free(made);
    hfx_job_free(job);
    hfx_schedule_free(schedule);
}

/* What hf_transfer's multipart_upload did: parts to addresses that the caller has. */
static void parts(const hfx_client *client) {
    hfx_reply *reply = NULL;
    hfx_job *job = NULL;
    hfx_parts *sent = NULL;
    char *zeroes = calloc(1, ZEROES);
    write_file("zeroes.bin", zeroes, ZEROES);
    free(zeroes);
    const char *batch = "{\"operation\":\"upload\",\"transfers\":[\"basic\",\"multipart\"],\"hash_algo\":\"sha256\","
                        "\"objects\":[{\"oid\":\"" ZEROES_OID "\",\"size\":1310720}]}";
    OK(waited_reply(hfx_client_call(client, "POST", "/" REPO ".git/info/lfs/objects/batch", batch, 1, NULL, JOB, ERR), &reply, ERR));
    const char *urls[3];
    for (int i = 0; i < 3; i++) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/objects/0/actions/upload/header/%d", i + 1);
        CHECK((urls[i] = hfx_reply_value(reply, pointer)));
    }
    FAILS(HFX_E_INVALID_ARGUMENT,
          waited_parts(hfx_client_upload_parts(client, in_folder("zeroes.bin"), urls, 2, 524288, NULL, JOB, ERR), &sent, ERR));
    OK(hfx_client_upload_parts(client, in_folder("zeroes.bin"), urls, 3, 524288, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_parts(job, &sent, ERR));
    hfx_job_free(job);
    CHECK(hfx_parts_count(sent) == 3 && hfx_parts_header_count(sent, 0) > 0 && hfx_parts_header_name(sent, 0, 0));
    CHECK(!hfx_parts_header(sent, 3, "ETag") && !hfx_parts_header(sent, 0, "X-None"));
    char body[1024];
    int length = snprintf(body, sizeof body, "{\"oid\":\"" ZEROES_OID "\",\"parts\":[");
    for (int i = 0; i < 3; i++) {
        char etag[128], *to = etag;
        for (const char *from = hfx_parts_header(sent, (size_t)i, "ETag"); *from; from++)
            if (*from != '"') *to++ = *from;
        *to = 0;
        length += snprintf(body + length, sizeof body - (size_t)length, "%s{\"partNumber\":%d,\"etag\":\"%s\"}",
                           i ? "," : "", i + 1, etag);
    }
    snprintf(body + length, sizeof body - (size_t)length, "]}");
    hfx_parts_free(sent);
    hfx_reply *done = NULL;
    const char *complete = hfx_reply_value(reply, "/objects/0/actions/upload/href");
    OK(waited_reply(hfx_client_call(client, "POST", complete, body, 1, NULL, JOB, ERR), &done, ERR));
    hfx_reply_free(done);
    hfx_reply_free(reply);
    OK(waited_reply(hfx_client_call(client, "POST", "/" REPO ".git/info/lfs/objects/batch", batch, 1, NULL, JOB, ERR), &reply, ERR));
    CHECK(!hfx_reply_value(reply, "/objects/0/actions/upload"));
    hfx_reply_free(reply);

    /* One PUT of a whole file: the store refuses an address that is none of its own. */
    char url[256];
    snprintf(url, sizeof url, "%s/nowhere", endpoint);
    CHECK(waited_parts(hfx_client_upload_url(client, in_folder("a.txt"), url, NULL, JOB, NULL), &sent, NULL) != HFX_OK && !sent);
    OK(hfx_client_upload_url(client, in_folder("a.txt"), url, NULL, &job, ERR));
    wait_end(job);
    CHECK(hfx_job_check(job, NULL) != HFX_OK);
    hfx_job_free(job);
}

static void refused(const hfx_client *client, const hfx_repo *repo) {
    hfx_commit *commit = NULL;
    hfx_committed *made = NULL;
    hfx_job *job = NULL;
    hfx_parts *sent = NULL;
    hfx_schedule *schedule = NULL;
    counter user = {0};
    pattern content = {.size = 1};
    OK(hfx_commit_new(&commit, ERR));
    static const char *const bad[] = {"../x", "a/../b", ".git/config", "a/.git/b", ".cache/x", "", "\xff", NULL};
    for (int i = 0; i < 8; i++) {
        FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_bytes(commit, bad[i], "x", 1, ERR));
        FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_delete_file(commit, bad[i], ERR));
    }
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_new(NULL, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_file(NULL, "a", "b", ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_file(commit, "a", "", ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_bytes(commit, "a", NULL, 1, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_bytes(commit, "a", "x", SIZE_MAX, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_reader(commit, "a", 1, NULL, &user, count_destroyed, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT,
          hfx_commit_add_reader(commit, "a", UINT64_MAX, read_pattern, &content, pattern_destroyed, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_copy_file(commit, NULL, NULL, "a", ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_delete_folder(commit, "..", ERR));
    CHECK(user.destroyed == 1 && content.destroyed == 1 && hfx_commit_count(commit) == 0 && !hfx_commit_count(NULL));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_commit(client, repo, NULL, NULL, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_commit(NULL, repo, commit, NULL, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, waited_committed(hfx_client_commit(client, NULL, commit, NULL, JOB, ERR), &made, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_preupload(client, repo, commit, NULL, NULL, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_upload_file(client, repo, NULL, "a", NULL, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_upload_folder(client, repo, folder, "../x", NULL, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_upload_url(client, folder, "no url", NULL, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_upload_parts(client, folder, NULL, 1, 1, NULL, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_client_upload_parts(client, folder, NULL, 0, 0, NULL, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT,
          hfx_client_schedule_folder(client, repo, folder, NULL, -1, NULL, &schedule, &job, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT,
          hfx_client_schedule_folder(client, repo, folder, NULL, 1, NULL, NULL, &job, ERR));
    CHECK(!job && !made && !sent && !schedule);

    /* A job works on the builder, and nothing is there to read: told when it is read, with its name. */
    OK(hfx_commit_add_file(commit, "gone.bin", in_folder("is not here"), ERR));
    OK(hfx_client_preupload(client, repo, commit, NULL, &job, ERR));
    wait_end(job);
    hfx_error *err = NULL;
    CHECK(hfx_job_take_committed(job, &made, &err) == HFX_E_IO && strstr(hfx_error_message(err), "is not here"));
    hfx_error_free(err);
    hfx_job_free(job);

    CHECK(!hfx_committed_commit(NULL) && !hfx_committed_url(NULL) && !hfx_committed_commit_count(NULL));
    CHECK(!hfx_committed_pull_request(NULL) && !hfx_committed_pull_request_url(NULL));
    CHECK(!hfx_committed_file_count(NULL) && !hfx_committed_file_path(NULL, 0) && !hfx_committed_file_size(NULL, 0));
    CHECK(!hfx_committed_file_oid(NULL, 0) && !hfx_committed_file_how(NULL, 0));
    CHECK(!hfx_parts_count(NULL) && !hfx_parts_header(NULL, 0, NULL) && !hfx_parts_header_count(NULL, 0));
    CHECK(!hfx_parts_header_name(NULL, 0, 0));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_schedule_lock(NULL, -1, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_schedule_unlock(NULL, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_schedule_trigger(NULL, NULL, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_schedule_stop(NULL, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_commit_add_lfs(NULL, "a", NULL, 0, ERR));
    hfx_schedule_free(NULL);
    hfx_parts_free(NULL);
    hfx_committed_free(NULL);
    hfx_commit_free(NULL);
    hfx_commit_free(commit);
}

void uploads(void) {
    hfx_client *client = writer();
    hfx_repo *repo = model(REPO);
    hfx_options *options = NULL;
    hfx_reply *reply = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_MISSING_OK, 1, ERR));
    OK(waited(hfx_client_delete_repo(client, repo, options, JOB, ERR), ERR));
    OK(waited_reply(hfx_client_create_repo(client, repo, NULL, JOB, ERR), &reply, ERR));
    hfx_reply_free(reply);
    hfx_options_free(options);
    commits(client, repo);
    sent_ahead(client, repo);
    folders(client, repo);
    schedules(client, repo);
    parts(client);
    refused(client, repo);
    hfx_repo_free(repo);
    end(client);
}
