/* A caller that makes every mistake that the header says is an error and not a crash. */
#include "test.h"

#define INVALID(call) FAILS(HFX_E_INVALID_ARGUMENT, call)

static int32_t take_all(uint64_t offset, const void *bytes, size_t length, void *user) {
    (void)offset, (void)bytes, (void)length, (void)user;
    return HFX_CONTINUE;
}

/* Each function with NULL for every pointer: statuses say so, getters answer with nothing, frees do nothing. */
static void nothing_but_null(void) {
    hfx_error_free(NULL);
    CHECK(hfx_error_status(NULL) == HFX_OK && hfx_error_http_status(NULL) == 0 && hfx_error_os_error(NULL) == 0);
    CHECK(!hfx_error_request_id(NULL) && !hfx_error_url(NULL) && !hfx_error_commit(NULL));
    SAME(hfx_error_message(NULL), "");
    CHECK(hfx_error_retryable(NULL) == 0);
    CHECK(hfx_version_check(HFX_VERSION_NUMBER, NULL) == HFX_OK);

    INVALID(hfx_error_clone(NULL, NULL, ERR));
    INVALID(hfx_options_new(NULL, ERR));
    INVALID(hfx_options_from_env(NULL, ERR));
    INVALID(hfx_options_clone(NULL, NULL, ERR));
    INVALID(hfx_options_set_bool(NULL, HFX_OPT_RESUME, 1, ERR));
    INVALID(hfx_options_set_int(NULL, HFX_OPT_THREADS, 1, ERR));
    INVALID(hfx_options_set_string(NULL, HFX_OPT_TOKEN, NULL, ERR));
    INVALID(hfx_options_set_by_name(NULL, NULL, NULL, ERR));
    INVALID(hfx_options_set_strings(NULL, HFX_OPT_INCLUDE, NULL, 0, ERR));
    INVALID(hfx_options_from_vars(NULL, NULL, 1, NULL, ERR));
    INVALID(hfx_options_unset_by_name(NULL, NULL, ERR));
    INVALID(hfx_options_unset(NULL, HFX_OPT_RESUME, ERR));
    INVALID(hfx_options_get(NULL, HFX_OPT_RESUME, NULL, ERR));
    INVALID(hfx_options_set_progress_fn(NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_options_set_done_fn(NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_options_set_log_fn(NULL, HFX_LOG_INFO, NULL, NULL, NULL, ERR));
    hfx_options_free(NULL);
    CHECK(!hfx_option_by_name(NULL) && !hfx_option_at(SIZE_MAX));
    CHECK(hfx_option_id(NULL) == 0 && hfx_option_type(NULL) == 0 && hfx_option_per_job(NULL) == 0);
    CHECK(!hfx_option_name(NULL) && !hfx_option_doc(NULL) && !hfx_option_default(NULL));
    CHECK(!hfx_option_env(NULL, 0) && !hfx_option_choice(NULL, 0));
    hfx_option_bounds(NULL, NULL, NULL);

    INVALID(hfx_repo_new(HFX_REPO_MODEL, NULL, NULL, NULL, ERR));
    INVALID(hfx_repo_parse(NULL, NULL, ERR));
    CHECK(hfx_repo_kind(NULL) == 0 && !hfx_repo_id(NULL) && !hfx_repo_revision(NULL) && !hfx_repo_path(NULL));
    hfx_repo_free(NULL);

    INVALID(hfx_client_open(NULL, NULL, ERR));
    INVALID(hfx_client_close(NULL, -1, ERR));
    hfx_client_free(NULL);
    INVALID(hfx_client_set_max_connections(NULL, 1, ERR));
    INVALID(hfx_client_set_max_rate(NULL, 1, ERR));
    INVALID(hfx_client_event_fd(NULL, NULL, ERR));
    INVALID(hfx_client_next_job(NULL, NULL, ERR));
    INVALID(hfx_client_lookup(NULL, NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_download_file(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_download_snapshot(NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_download_url(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_read_file(NULL, NULL, NULL, 0, 0, NULL, NULL, ERR));
    INVALID(hfx_client_read_url(NULL, NULL, 0, 0, NULL, NULL, ERR));
    INVALID(hfx_client_read_file_into(NULL, NULL, NULL, 0, 0, NULL, 0, NULL, NULL, ERR));
    INVALID(hfx_client_read_url_into(NULL, NULL, 0, 0, NULL, 0, NULL, NULL, ERR));
    INVALID(hfx_client_stream_file(NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_stream_url(NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_get_file_meta(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_get_repo_info(NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_list_files(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_list_refs(NULL, NULL, 0, NULL, NULL, ERR));
    INVALID(hfx_client_create_repo(NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_delete_repo(NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_move_repo(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_update_repo(NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_has_repo(NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_has_file(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_create_branch(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_delete_branch(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_create_tag(NULL, NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_delete_tag(NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_list_commits(NULL, NULL, 0, NULL, NULL, ERR));
    INVALID(hfx_client_open_pull_request(NULL, NULL, NULL, NULL, NULL, NULL, ERR));
    INVALID(hfx_client_call(NULL, NULL, NULL, NULL, 1, NULL, NULL, ERR));
    INVALID(hfx_client_whoami(NULL, NULL, NULL, ERR));
    INVALID(hfx_client_check_access(NULL, NULL, 0, NULL, NULL, ERR));
    CHECK(hfx_reply_status(NULL) == 0 && !hfx_reply_body(NULL) && !hfx_reply_value(NULL, NULL));
    CHECK(!hfx_reply_header(NULL, NULL) && !hfx_reply_request_id(NULL) && !hfx_reply_next(NULL));
    hfx_reply_free(NULL);
    CHECK(hfx_history_count(NULL) == 0 && !hfx_history_id(NULL, 0) && !hfx_history_title(NULL, 0));
    CHECK(!hfx_history_message(NULL, 0) && !hfx_history_date(NULL, 0) && !hfx_history_author(NULL, 0, 0));
    hfx_history_free(NULL);
    INVALID(hfx_client_assets_path(NULL, NULL, NULL, NULL, NULL, ERR));
    CHECK(!hfx_string_text(NULL));
    hfx_string_free(NULL);

    CHECK(hfx_job_id(NULL) == 0);
    INVALID(hfx_job_wait(NULL, 0, NULL, ERR));
    INVALID(hfx_job_poll(NULL, NULL, ERR));
    INVALID(hfx_job_check(NULL, ERR));
    INVALID(hfx_job_progress(NULL, NULL, ERR));
    hfx_job_cancel(NULL);
    hfx_job_pause(NULL);
    hfx_job_resume(NULL);
    INVALID(hfx_job_take_file(NULL, NULL, ERR));
    INVALID(hfx_job_take_snapshot(NULL, NULL, ERR));
    INVALID(hfx_job_take_bytes(NULL, NULL, ERR));
    INVALID(hfx_job_take_meta(NULL, NULL, ERR));
    INVALID(hfx_job_take_info(NULL, NULL, ERR));
    INVALID(hfx_job_take_tree(NULL, NULL, ERR));
    INVALID(hfx_job_take_refs(NULL, NULL, ERR));
    INVALID(hfx_job_take_verification(NULL, NULL, ERR));
    INVALID(hfx_job_take_reply(NULL, NULL, ERR));
    INVALID(hfx_job_take_history(NULL, NULL, ERR));
    INVALID(hfx_job_take_exists(NULL, NULL, ERR));
    INVALID(hfx_job_take_cache(NULL, NULL, ERR));
    INVALID(hfx_job_take_outcomes(NULL, NULL, ERR));
    INVALID(hfx_job_clone(NULL, NULL, ERR));
    INVALID(hfx_job_on_done(NULL, NULL, NULL, NULL, ERR));
    hfx_job_free(NULL);

    CHECK(hfx_progress_job_id(NULL) == 0 && totals(NULL).files == 0 && totals(NULL).files_done == 0);
    CHECK(totals(NULL).files_failed == 0 && totals(NULL).bytes == 0);
    CHECK(totals(NULL).bytes_done == 0 && totals(NULL).bytes_received == 0);
    CHECK(totals(NULL).bytes_restored == 0 && !file_at(NULL, 0).name);
    CHECK(file_at(NULL, 0).bytes == 0 && file_at(NULL, 0).bytes_done == 0);
    CHECK(file_at(NULL, 0).state == 0 && !file_at(NULL, 0).error);
    hfx_progress_totals(NULL, NULL, SIZE_MAX);
    CHECK(hfx_progress_file_count(NULL) == 0 && hfx_progress_file(NULL, 0, NULL, SIZE_MAX) == 0);
    hfx_progress_free(NULL);

    CHECK(!hfx_file_name(NULL) && !hfx_file_path(NULL) && !hfx_file_etag(NULL) && !hfx_file_commit(NULL));
    CHECK(hfx_file_size(NULL) == 0 && hfx_file_verified(NULL) == 0 && hfx_file_state(NULL) == 0);
    CHECK(!hfx_file_error(NULL));
    hfx_file_free(NULL);
    CHECK(!hfx_snapshot_path(NULL) && !hfx_snapshot_commit(NULL) && hfx_snapshot_count(NULL) == 0);
    CHECK(!hfx_snapshot_file(NULL, 0));
    hfx_snapshot_free(NULL);
    CHECK(!hfx_meta_commit(NULL) && !hfx_meta_etag(NULL) && !hfx_meta_url(NULL) && !hfx_meta_xet_hash(NULL));
    CHECK(hfx_meta_size(NULL) == 0);
    hfx_meta_free(NULL);
    CHECK(!hfx_bytes_data(NULL) && hfx_bytes_length(NULL) == 0 && hfx_bytes_file_size(NULL) == 0);
    CHECK(hfx_bytes_verified(NULL) == 0 && !hfx_bytes_commit(NULL) && !hfx_bytes_etag(NULL));
    hfx_bytes_free(NULL);
    CHECK(!hfx_info_id(NULL) && !hfx_info_commit(NULL) && !hfx_info_json(NULL));
    CHECK(!hfx_info_private(NULL) && !hfx_info_gated(NULL) && !hfx_info_disabled(NULL));
    hfx_info_free(NULL);
    CHECK(hfx_tree_count(NULL) == 0 && !hfx_tree_path(NULL, 0) && !hfx_tree_etag(NULL, 0));
    CHECK(hfx_tree_size(NULL, 0) == 0 && hfx_tree_is_lfs(NULL, 0) == 0);
    hfx_tree_free(NULL);
    CHECK(hfx_refs_count(NULL) == 0 && !hfx_refs_name(NULL, 0) && !hfx_refs_full_name(NULL, 0));
    CHECK(!hfx_refs_commit(NULL, 0) && hfx_refs_kind(NULL, 0) == 0);
    hfx_refs_free(NULL);

    INVALID(hfx_map_open(NULL, HFX_MAP_READ, NULL, ERR));
    CHECK(!hfx_map_data(NULL) && hfx_map_length(NULL) == 0);
    hfx_map_free(NULL);
    INVALID(hfx_read_at(NULL, 0, NULL, 0, NULL, ERR));

    INVALID(hfx_client_scan_cache(NULL, NULL, NULL, ERR));
    CHECK(!hfx_cache_path(NULL) && hfx_cache_size(NULL) == 0 && hfx_cache_warning_count(NULL) == 0);
    CHECK(!hfx_cache_warning(NULL, 0) && hfx_cache_repo_count(NULL) == 0 && !hfx_cache_repo_id(NULL, 0));
    CHECK(!hfx_cache_repo_path(NULL, 0) && hfx_cache_repo_kind(NULL, 0) == 0 && hfx_cache_repo_size(NULL, 0) == 0);
    CHECK(hfx_cache_repo_last_used_ms(NULL, 0) == 0 && hfx_cache_revision_count(NULL, 0) == 0);
    CHECK(!hfx_cache_revision_commit(NULL, 0, 0) && !hfx_cache_revision_path(NULL, 0, 0));
    CHECK(hfx_cache_revision_size(NULL, 0, 0) == 0 && !hfx_cache_revision_ref(NULL, 0, 0, 0));
    CHECK(hfx_cache_file_count(NULL, 0, 0) == 0 && !hfx_cache_file_name(NULL, 0, 0, 0));
    CHECK(hfx_cache_file_size(NULL, 0, 0, 0) == 0);
    INVALID(hfx_cache_delete_revisions(NULL, NULL, 0, NULL, ERR));
    INVALID(hfx_cache_delete_repo(NULL, HFX_REPO_MODEL, NULL, NULL, ERR));
    INVALID(hfx_cache_prune(NULL, NULL, ERR));
    hfx_cache_free(NULL);
    CHECK(hfx_deletion_freed(NULL) == 0);
    INVALID(hfx_client_delete_cached(NULL, NULL, NULL, NULL, ERR));
    hfx_deletion_free(NULL);
    INVALID(hfx_client_verify_cache(NULL, NULL, NULL, NULL, ERR));
    CHECK(hfx_verification_checked(NULL) == 0 && hfx_verification_bytes(NULL) == 0);
    CHECK(!hfx_verification_mismatch(NULL, 0) && !hfx_verification_expected(NULL, 0));
    CHECK(!hfx_verification_actual(NULL, 0) && !hfx_verification_missing(NULL, 0));
    CHECK(!hfx_verification_unknown(NULL, 0));
    hfx_verification_free(NULL);
}

/* One NULL among good arguments, and the outputs that say NULL after it. */
static void one_null(const hfx_client *client, const hfx_repo *repo) {
    hfx_job *job = (hfx_job *)1;
    hfx_file *file = (hfx_file *)1;
    hfx_options *options = (hfx_options *)1;
    int32_t state = 9, fd = 9;

    INVALID(hfx_options_clone(NULL, &options, ERR));
    CHECK(!options);
    INVALID(hfx_client_download_file(NULL, repo, "config.json", NULL, &job, ERR));
    CHECK(!job);
    job = (hfx_job *)1;
    INVALID(hfx_client_download_file(client, NULL, "config.json", NULL, &job, ERR));
    CHECK(!job);
    INVALID(hfx_client_download_file(client, repo, NULL, NULL, &job, ERR));
    INVALID(hfx_client_download_file(client, repo, "config.json", NULL, NULL, ERR));
    INVALID(waited_file(hfx_client_download_file(client, repo, NULL, NULL, JOB, ERR), &file, ERR));
    CHECK(!file);
    INVALID(hfx_client_download_snapshot(client, NULL, NULL, &job, ERR));
    INVALID(hfx_client_download_url(client, NULL, "x", NULL, &job, ERR));
    INVALID(hfx_client_download_url(client, endpoint, NULL, NULL, &job, ERR));
    INVALID(hfx_client_read_file_into(client, repo, "config.json", 0, -1, NULL, 5, NULL, &job, ERR));
    INVALID(hfx_client_stream_file(client, repo, "config.json", 0, -1, NULL, NULL, NULL, NULL, NULL, &job, ERR));
    INVALID(hfx_client_lookup(client, NULL, "config.json", NULL, &state, &file, ERR));
    CHECK(state == HFX_LOOKUP_UNKNOWN && !file);
    INVALID(hfx_client_event_fd(NULL, &fd, ERR));
    CHECK(fd == -1);
    CHECK(!job);

    /* Nobody has to take the error. */
    CHECK(hfx_client_download_file(client, repo, NULL, NULL, &job, NULL) == HFX_E_INVALID_ARGUMENT);
    /* Outputs that are numbers may be NULL. */
    OK(hfx_client_lookup(client, repo, "config.json", NULL, NULL, &file, ERR));
    CHECK(!file);
}

static void bad_text(const hfx_client *client, const hfx_repo *repo) {
    static const char latin[] = "caf\xe9", cut[] = "x\xe2\x82", surrogate[] = "\xed\xa0\x80";
    static const char *const bad[] = {latin, cut, surrogate};
    hfx_options *options = new_options();
    hfx_repo *other = NULL;
    hfx_job *job = NULL;
    hfx_file *file = NULL;

    for (size_t i = 0; i < 3; i++) {
        INVALID(hfx_repo_new(HFX_REPO_MODEL, bad[i], NULL, &other, ERR));
        INVALID(hfx_repo_new(HFX_REPO_MODEL, "a/b", bad[i], &other, ERR));
        INVALID(hfx_repo_parse(bad[i], &other, ERR));
        INVALID(hfx_options_set_string(options, HFX_OPT_USER_AGENT, bad[i], ERR));
        INVALID(hfx_options_set_by_name(options, bad[i], "1", ERR));
        INVALID(hfx_options_set_by_name(options, "threads", bad[i], ERR));
        INVALID(hfx_client_download_file(client, repo, bad[i], NULL, &job, ERR));
        INVALID(hfx_client_read_url(client, bad[i], 0, 0, NULL, &job, ERR));
        INVALID(hfx_client_list_files(client, repo, bad[i], NULL, &job, ERR));
        INVALID(hfx_client_create_branch(client, repo, bad[i], NULL, &job, ERR));
        INVALID(hfx_client_create_tag(client, repo, "v1", bad[i], NULL, &job, ERR));
        INVALID(hfx_client_open_pull_request(client, repo, bad[i], NULL, NULL, &job, ERR));
        INVALID(hfx_client_call(client, bad[i], "/api/models", NULL, 1, NULL, &job, ERR));
        INVALID(hfx_client_call(client, "GET", bad[i], NULL, 1, NULL, &job, ERR));
        INVALID(hfx_client_call(client, "POST", "/api/models", bad[i], 1, NULL, &job, ERR));
        CHECK(!hfx_option_by_name(bad[i]));
    }
    /* Names that lead elsewhere, or nowhere. */
    static const char *const names[] = {"", "/", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a\\..\\b", "."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        hfx_status status = waited_file(hfx_client_download_file(client, repo, names[i], NULL, JOB, NULL), &file, NULL);
        CHECK(status != HFX_OK && !file);
    }
    static const char *const ids[] = {"", "/", "a/b/c", "../x", "a/", "/a", "a b", "a/b.git", "--", "a/..", "-a/b-"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        INVALID(hfx_repo_new(HFX_REPO_MODEL, ids[i], NULL, &other, ERR));
    INVALID(hfx_repo_new(HFX_REPO_MODEL, "a/b", "", &other, ERR));
    INVALID(hfx_client_read_url(client, "ftp://host/file", 0, 1, NULL, &job, ERR));
    INVALID(hfx_client_read_url(client, "not an address", 0, 1, NULL, &job, ERR));
    INVALID(hfx_client_download_url(client, endpoint, "", NULL, &job, ERR));
    INVALID(hfx_options_set_string(options, HFX_OPT_HEADERS, "no colon", ERR));
    INVALID(hfx_options_set_string(options, HFX_OPT_HEADERS, "A: b\r\nC: d", ERR));
    INVALID(hfx_options_set_string(options, HFX_OPT_ENDPOINT, "gopher://x", ERR));
    INVALID(hfx_options_set_string(options, HFX_OPT_SHA256, "abc", ERR));
    hfx_options_free(options);

    /* Paths are bytes, whatever they mean to others. */
    char path[4096], url[512];
    snprintf(path, sizeof path, "%s/caf\xe9.json", folder);
    snprintf(url, sizeof url, "%s/" TINY "/resolve/main/config.json", endpoint);
    OK(waited_file(hfx_client_download_url(client, url, path, NULL, JOB, ERR), &file, ERR));
    SAME(hfx_file_path(file), path);
    hfx_map *map = NULL;
    OK(hfx_map_open(path, HFX_MAP_READ, &map, ERR));
    CHECK(hfx_map_length(map) == strlen(CONFIG));
    hfx_map_free(map);
    hfx_file_free(file);
}

static void bad_numbers(const hfx_client *client, const hfx_repo *repo) {
    hfx_options *options = new_options();
    hfx_repo *other = NULL;
    hfx_job *job = NULL;
    hfx_bytes *bytes = NULL;
    hfx_cache *cache = NULL;
    hfx_deletion *deletion = NULL;
    hfx_file *file = NULL;
    const char *text = (const char *)1;
    int32_t ended = 7;
    char byte;
    size_t length = 9;

    static const int32_t kinds[] = {0, 5, -1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        INVALID(hfx_repo_new(kinds[i], "a/b", NULL, &other, ERR));
        INVALID(hfx_options_set_log_fn(options, kinds[i], (hfx_log_fn)(void (*)(void))take_all, NULL, NULL, ERR));
    }
    static const int32_t numbers[] = {0, 999, -1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        INVALID(hfx_options_set_bool(options, numbers[i], 1, ERR));
        INVALID(hfx_options_set_int(options, numbers[i], 1, ERR));
        INVALID(hfx_options_set_string(options, numbers[i], "x", ERR));
        INVALID(hfx_options_unset(options, numbers[i], ERR));
        INVALID(hfx_options_get(options, numbers[i], &text, ERR));
        CHECK(!text);
    }
    INVALID(hfx_options_set_bool(options, HFX_OPT_RESUME, 2, ERR));
    INVALID(hfx_options_set_bool(options, HFX_OPT_RESUME, -1, ERR));
    INVALID(hfx_options_set_bool(options, HFX_OPT_TOKEN, 1, ERR));
    INVALID(hfx_options_set_int(options, HFX_OPT_RESUME, 1, ERR));
    INVALID(hfx_options_set_int(options, HFX_OPT_THREADS, -1, ERR));
    INVALID(hfx_options_set_int(options, HFX_OPT_THREADS, INT64_MAX, ERR));
    INVALID(hfx_options_set_int(options, HFX_OPT_MEMORY_BUDGET, 1, ERR));
    INVALID(hfx_options_set_string(options, HFX_OPT_SINK, "tape", ERR));
    INVALID(hfx_options_set_string(options, HFX_OPT_THREADS, "1", ERR));
    INVALID(hfx_options_set_by_name(options, "threads", "many", ERR));
    INVALID(hfx_options_set_by_name(options, "threads", "99999999999999999999999", ERR));

    /* An option of the client is none of a job. */
    OK(hfx_options_set_int(options, HFX_OPT_THREADS, 2, ERR));
    INVALID(hfx_client_download_file(client, repo, "config.json", options, &job, ERR));

    INVALID(hfx_client_set_max_connections(client, -1, ERR));
    INVALID(hfx_client_set_max_rate(client, INT64_MIN, ERR));
    OK(hfx_client_set_max_connections(client, INT64_MAX, ERR));
    OK(hfx_client_set_max_rate(client, INT64_MAX, ERR));
    OK(hfx_client_set_max_connections(client, 0, ERR));
    OK(hfx_client_set_max_rate(client, 0, ERR));
    INVALID(hfx_client_list_refs(client, repo, 2, NULL, &job, ERR));

    INVALID(hfx_client_read_file(client, repo, "config.json", 0, -2, NULL, &job, ERR));
    INVALID(hfx_client_read_file(client, repo, "config.json", 0, INT64_MIN, NULL, &job, ERR));
    OK(waited_bytes(hfx_client_read_file(client, repo, "config.json", 0, 0, NULL, JOB, ERR), &bytes, ERR));
    CHECK(hfx_bytes_length(bytes) == 0 && !hfx_bytes_data(bytes));
    hfx_bytes_free(bytes);
    OK(waited_bytes(hfx_client_read_file(client, repo, "config.json", 3, INT64_MAX, NULL, JOB, ERR), &bytes, ERR));
    CHECK(hfx_bytes_length(bytes) == strlen(CONFIG) - 3);
    hfx_bytes_free(bytes);
    INVALID(waited_bytes(hfx_client_read_file(client, repo, "config.json", UINT64_MAX, INT64_MAX, NULL, JOB, ERR), &bytes, ERR));
    OK(waited_bytes(hfx_client_read_file(client, repo, "config.json", strlen(CONFIG), -1, NULL, JOB, ERR), &bytes, ERR));
    CHECK(hfx_bytes_length(bytes) == 0);
    hfx_bytes_free(bytes);
    OK(waited_bytes(hfx_client_read_file(client, repo, "empty.txt", 0, -1, NULL, JOB, ERR), &bytes, ERR));
    CHECK(hfx_bytes_length(bytes) == 0);
    hfx_bytes_free(bytes);
    OK(hfx_client_read_file_into(client, repo, "config.json", 0, -1, &byte, 1, NULL, &job, ERR));
    wait_end(job);
    FAILS(HFX_E_TOO_SMALL, hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    OK(hfx_client_read_file_into(client, repo, "empty.txt", 0, -1, NULL, 0, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    hfx_bytes_free(bytes);
    INVALID(hfx_client_read_file_into(client, repo, "config.json", 0, -1, &byte, SIZE_MAX, NULL, &job, ERR));
    INVALID(hfx_read_at("/dev/zero", 0, &byte, SIZE_MAX, &length, ERR));
    CHECK(length == 0);
    OK(hfx_read_at("/dev/null", UINT64_MAX, NULL, 0, &length, ERR));

    OK(hfx_client_get_file_meta(client, repo, "config.json", NULL, &job, ERR));
    INVALID(hfx_job_wait(job, -2, &ended, ERR));
    CHECK(ended == 0);
    INVALID(hfx_job_wait(job, INT64_MIN, &ended, ERR));
    OK(hfx_job_wait(job, INT64_MAX, &ended, ERR));
    CHECK(ended == 1);
    hfx_job_free(job);
    INVALID(hfx_client_close(client, -2, ERR));

    OK(waited_file(hfx_client_download_file(client, repo, "config.json", NULL, JOB, ERR), &file, ERR));
    hfx_file_free(file);
    OK(waited_cache(hfx_client_scan_cache(client, NULL, JOB, ERR), &cache, ERR));
    CHECK(!hfx_cache_repo_id(cache, SIZE_MAX) && !hfx_cache_revision_commit(cache, 0, SIZE_MAX));
    CHECK(!hfx_cache_file_name(cache, 0, 0, SIZE_MAX) && hfx_cache_file_count(cache, 5, 5) == 0);
    const char *commit = "0000000000000000000000000000000000000000", *none = NULL;
    FAILS(HFX_E_REVISION_NOT_FOUND, hfx_cache_delete_revisions(cache, &commit, 1, &deletion, ERR));
    INVALID(hfx_cache_delete_revisions(cache, &none, 1, &deletion, ERR));
    INVALID(hfx_cache_delete_revisions(cache, NULL, 1, &deletion, ERR));
    INVALID(hfx_cache_delete_revisions(cache, &commit, SIZE_MAX, &deletion, ERR));
    OK(hfx_cache_delete_revisions(cache, NULL, 0, &deletion, ERR));
    CHECK(hfx_deletion_freed(deletion) == 0);
    hfx_deletion_free(deletion);
    INVALID(hfx_cache_delete_repo(cache, 77, TINY, &deletion, ERR));
    FAILS(HFX_E_REPO_NOT_FOUND, hfx_cache_delete_repo(cache, HFX_REPO_SPACE, TINY, &deletion, ERR));
    hfx_cache_free(cache);
    hfx_options_free(options);
}

/* Results are taken once, and as what they are; a failure may be asked for again and again. */
static void results(const hfx_client *client, const hfx_repo *repo) {
    hfx_job *job = NULL;
    hfx_file *file = NULL;
    hfx_bytes *bytes = (hfx_bytes *)1;
    hfx_snapshot *snapshot = (hfx_snapshot *)1;

    OK(hfx_client_download_file(client, repo, "config.json", NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_check(job, ERR));
    INVALID(hfx_job_take_bytes(job, &bytes, ERR));
    INVALID(hfx_job_take_snapshot(job, &snapshot, ERR));
    CHECK(!bytes && !snapshot);
    OK(hfx_job_take_file(job, &file, ERR));
    hfx_file_free(file);
    FAILS(HFX_E_ALREADY_TAKEN, hfx_job_take_file(job, &file, ERR));
    CHECK(!file);
    FAILS(HFX_E_ALREADY_TAKEN, hfx_job_take_bytes(job, &bytes, ERR));
    OK(hfx_job_check(job, ERR));
    hfx_job_free(job);

    OK(hfx_client_download_file(client, repo, "no such file", NULL, &job, ERR));
    wait_end(job);
    for (int i = 0; i < 3; i++) {
        FAILS(HFX_E_ENTRY_NOT_FOUND, hfx_job_check(job, ERR));
        FAILS(HFX_E_ENTRY_NOT_FOUND, hfx_job_take_file(job, &file, ERR));
    }
    hfx_job_free(job);

    /* Before the end. */
    set_faults("[{\"match\": {\"path\": \"note.txt\"}, \"do\": {\"delay_ms\": 500}}]");
    OK(hfx_client_download_file(client, repo, "sub/dir/note.txt", NULL, &job, ERR));
    FAILS(HFX_E_NOT_ENDED, hfx_job_take_file(job, &file, ERR));
    FAILS(HFX_E_NOT_ENDED, hfx_job_check(job, ERR));
    wait_end(job);
    OK(hfx_job_take_file(job, &file, ERR));
    hfx_file_free(file);
    hfx_job_free(job);
    set_faults("[]");
}

/* A destructor runs once, whatever became of the call that took it. */
static void destructors(const hfx_client *client, const hfx_repo *repo) {
    hfx_options *options = new_options();
    hfx_job *job = NULL;
    counter user = {0};
    int expected = 0;

    INVALID(hfx_options_set_progress_fn(NULL, NULL, &user, count_destroyed, ERR));
    CHECK(user.destroyed == ++expected);
    INVALID(hfx_options_set_done_fn(NULL, NULL, &user, count_destroyed, ERR));
    CHECK(user.destroyed == ++expected);
    INVALID(hfx_options_set_log_fn(options, 77, (hfx_log_fn)(void (*)(void))take_all, &user, count_destroyed, ERR));
    CHECK(user.destroyed == ++expected);
    INVALID(hfx_client_stream_file(NULL, repo, "config.json", 0, -1, NULL, take_all, &user, count_destroyed, NULL, &job, ERR));
    CHECK(user.destroyed == ++expected);
    INVALID(hfx_client_stream_file(client, repo, "config.json", 0, -7, NULL, take_all, &user, count_destroyed, NULL, &job,
                                   ERR));
    CHECK(user.destroyed == ++expected);
    INVALID(hfx_client_stream_file(client, repo, "config.json", 0, -1, NULL, NULL, &user, count_destroyed, NULL, &job, ERR));
    CHECK(user.destroyed == ++expected);
    INVALID(hfx_client_stream_url(client, "nonsense", 0, -1, NULL, take_all, &user, count_destroyed, NULL, &job, ERR));
    CHECK(user.destroyed == ++expected);
    INVALID(hfx_client_stream_url(client, endpoint, 0, -1, NULL, take_all, &user, count_destroyed, NULL, NULL, ERR));
    CHECK(user.destroyed == ++expected);
    hfx_options_free(options);
}

void hostile(void) {
    nothing_but_null();
    hfx_client *client = new_client();
    hfx_repo *repo = model(TINY);
    one_null(client, repo);
    bad_text(client, repo);
    bad_numbers(client, repo);
    results(client, repo);
    destructors(client, repo);

    /* A client without a cache folder has nowhere to put a repository's file. */
    hfx_client *bare = NULL;
    hfx_job *job = NULL;
    hfx_file *file = NULL;
    hfx_cache *cache = NULL;
    hfx_options *options = NULL;
    OK(hfx_client_open(NULL, &bare, ERR));
    end(bare);
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_ENDPOINT, endpoint, ERR));
    OK(hfx_client_open(options, &bare, ERR));
    hfx_options_free(options);
    INVALID(waited_file(hfx_client_download_file(bare, repo, "config.json", NULL, JOB, ERR), &file, ERR));
    INVALID(waited_cache(hfx_client_scan_cache(bare, NULL, JOB, ERR), &cache, ERR));
    end(bare);

    /* Closed is closed, and may be said again. */
    OK(hfx_client_close(client, -1, ERR));
    OK(hfx_client_close(client, 0, ERR));
    FAILS(HFX_E_CLOSED, waited_file(hfx_client_download_file(client, repo, "config.json", NULL, JOB, ERR), &file, ERR));
    FAILS(HFX_E_CLOSED, hfx_client_download_file(client, repo, "config.json", NULL, &job, ERR));
    CHECK(!job);
    hfx_client_free(client);
    hfx_repo_free(repo);
}
