/* Every function of the header, used once as it is meant. */
#include "test.h"

static void version_and_errors(void) {
    CHECK(hfx_version_number() == HFX_VERSION_NUMBER);
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", HFX_VERSION_MAJOR, HFX_VERSION_MINOR, HFX_VERSION_PATCH);
    SAME(hfx_version_string(), text);
    OK(hfx_version_check(HFX_VERSION_NUMBER, ERR));
    FAILS(HFX_E_UNSUPPORTED, hfx_version_check(HFX_VERSION_NUMBER + 1, ERR));
    SAME(hfx_status_name(HFX_OK), "OK");
    SAME(hfx_status_name(HFX_E_DISK_FULL), "DISK_FULL");
    SAME(hfx_status_name(-1), "UNKNOWN");
}

static void option_table(void) {
    size_t count = hfx_option_count();
    CHECK(count >= 38 && !hfx_option_at(count) && !hfx_option_by_name("none of these"));
    for (size_t i = 0; i < count; i++) {
        const hfx_option *option = hfx_option_at(i);
        CHECK(hfx_option_by_name(hfx_option_name(option)) == option);
        CHECK(hfx_option_id(option) > 0 && *hfx_option_doc(option) && hfx_option_default(option));
        int64_t min = -1, max = -1;
        hfx_option_bounds(option, &min, &max);
        CHECK(min >= 0 && max >= min);
        switch (hfx_option_type(option)) {
        case HFX_TYPE_CHOICE: CHECK(hfx_option_choice(option, 0) && hfx_option_choice(option, 1)); break;
        case HFX_TYPE_BOOL:
        case HFX_TYPE_INT:
        case HFX_TYPE_STRING:
        case HFX_TYPE_SECRET:
        case HFX_TYPE_LIST: CHECK(!hfx_option_choice(option, 0)); break;
        default: CHECK(!"an option without a type");
        }
    }
    const hfx_option *token = hfx_option_by_name("token");
    CHECK(hfx_option_id(token) == HFX_OPT_TOKEN && hfx_option_type(token) == HFX_TYPE_SECRET);
    CHECK(hfx_option_per_job(token) == 1);
    CHECK(hfx_option_per_job(hfx_option_by_name("threads")) == 0);
    SAME(hfx_option_env(token, 0), "HF_TOKEN");
    CHECK(!hfx_option_env(token, 9));
}

static void options(void) {
    hfx_options *options = NULL, *copy = NULL;
    const char *text = NULL;
    counter user = {0};

    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_RESUME, 0, ERR));
    OK(hfx_options_get(options, HFX_OPT_RESUME, &text, ERR));
    SAME(text, "false");
    OK(hfx_options_unset(options, HFX_OPT_RESUME, ERR));
    OK(hfx_options_get(options, HFX_OPT_RESUME, &text, ERR));
    SAME(text, "true");
    OK(hfx_options_set_int(options, HFX_OPT_PART_SIZE, 1 << 20, ERR));
    OK(hfx_options_get(options, HFX_OPT_PART_SIZE, &text, ERR));
    SAME(text, "1048576");
    OK(hfx_options_set_by_name(options, "memory_budget", "64M", ERR));
    OK(hfx_options_get(options, HFX_OPT_MEMORY_BUDGET, &text, ERR));
    SAME(text, "67108864");
    OK(hfx_options_set_string(options, HFX_OPT_TOKEN, "hf_nobody_sees_this", ERR));
    OK(hfx_options_get(options, HFX_OPT_TOKEN, &text, ERR));
    SAME(text, "***");
    OK(hfx_options_set_string(options, HFX_OPT_DURABILITY, "process", ERR));

    OK(hfx_options_set_progress_fn(options, NULL, &user, count_destroyed, ERR));
    OK(hfx_options_set_done_fn(options, NULL, &user, count_destroyed, ERR));
    OK(hfx_options_set_log_fn(options, HFX_LOG_INFO, NULL, &user, count_destroyed, ERR));
    CHECK(user.destroyed == 3);

    /* A list as a whole, and none. */
    const char *const both[] = {"*.json", "*.txt"};
    OK(hfx_options_set_string(options, HFX_OPT_INCLUDE, "before", ERR));
    OK(hfx_options_set_strings(options, HFX_OPT_INCLUDE, both, 2, ERR));
    OK(hfx_options_get(options, HFX_OPT_INCLUDE, &text, ERR));
    SAME(text, "*.json, *.txt");
    OK(hfx_options_set_strings(options, HFX_OPT_INCLUDE, NULL, 0, ERR));
    OK(hfx_options_get(options, HFX_OPT_INCLUDE, &text, ERR));
    SAME(text, "");
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_options_set_strings(options, HFX_OPT_TOKEN, both, 2, ERR));
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_options_set_strings(options, HFX_OPT_HEADERS, both, 2, ERR));
    OK(hfx_options_set_by_name(options, "threads", "3", ERR));
    OK(hfx_options_unset_by_name(options, "threads", ERR));
    OK(hfx_options_get(options, HFX_OPT_THREADS, &text, ERR));
    SAME(text, "0");
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_options_unset_by_name(options, "nonsense", ERR));

    OK(hfx_options_clone(options, &copy, ERR));
    hfx_options_free(options);
    OK(hfx_options_get(copy, HFX_OPT_DURABILITY, &text, ERR));
    SAME(text, "process");
    hfx_options_free(copy);

    setenv("HF_ENDPOINT", endpoint, 1);
    setenv("HF_HOME", folder, 1);
    OK(hfx_options_from_env(&options, ERR));
    OK(hfx_options_get(options, HFX_OPT_ENDPOINT, &text, ERR));
    SAME(text, endpoint);
    /* The same from variables that are named, whatever the process has. */
    const char *const names[] = {"HF_ENDPOINT", "HF_HOME", "HF_TOKEN", "HF_HUB_OFFLINE"};
    const char *const values[] = {"https://example.org/", folder, "hf_named", NULL};
    OK(hfx_options_from_vars(names, values, 4, &copy, ERR));
    OK(hfx_options_get(copy, HFX_OPT_ENDPOINT, &text, ERR));
    SAME(text, "https://example.org");
    OK(hfx_options_get(copy, HFX_OPT_TOKEN, &text, ERR));
    SAME(text, "***");
    OK(hfx_options_get(copy, HFX_OPT_OFFLINE, &text, ERR));
    SAME(text, "false");
    hfx_options_free(copy);
    OK(hfx_options_from_vars(NULL, NULL, 0, &copy, ERR));
    OK(hfx_options_get(copy, HFX_OPT_CACHE_DIR, &text, ERR));
    SAME(text, "");
    hfx_options_free(copy);
    unsetenv("HF_ENDPOINT");
    unsetenv("HF_HOME");
    hfx_options_free(options);
}

static void repositories(void) {
    hfx_repo *repo = NULL;
    OK(hfx_repo_parse("hf://datasets/acme/rows@v1/data/train.csv", &repo, ERR));
    CHECK(hfx_repo_kind(repo) == HFX_REPO_DATASET);
    SAME(hfx_repo_id(repo), "acme/rows");
    SAME(hfx_repo_revision(repo), "v1");
    SAME(hfx_repo_path(repo), "data/train.csv");
    hfx_repo_free(repo);
    OK(hfx_repo_parse("hf://spaces/acme/demo", &repo, ERR));
    CHECK(hfx_repo_kind(repo) == HFX_REPO_SPACE);
    hfx_repo_free(repo);
    OK(hfx_repo_new(HFX_REPO_KERNEL, "acme/fast", NULL, &repo, ERR));
    CHECK(hfx_repo_kind(repo) == HFX_REPO_KERNEL);
    hfx_repo_free(repo);
    repo = model(TINY);
    CHECK(hfx_repo_kind(repo) == HFX_REPO_MODEL && !hfx_repo_revision(repo) && !hfx_repo_path(repo));
    hfx_repo_free(repo);
}

/* A file that is where it should be, with the right text. */
static void check_config(const hfx_file *file) {
    char text[64] = "";
    size_t length = 0;
    SAME(hfx_file_name(file), "config.json");
    CHECK(hfx_file_size(file) == strlen(CONFIG));
    OK(hfx_read_at(hfx_file_path(file), 0, text, sizeof text, &length, ERR));
    CHECK(length == strlen(CONFIG));
    SAME(text, CONFIG);
}

static void files(const hfx_client *client) {
    hfx_repo *tiny = model(TINY);
    hfx_job *job = NULL;
    hfx_file *file = NULL;
    hfx_meta *meta = NULL;
    int32_t state = 0, ended = -1;

    OK(hfx_client_lookup(client, tiny, "config.json", NULL, &state, &file, ERR));
    CHECK(state == HFX_LOOKUP_UNKNOWN && !file);

    OK(hfx_client_get_file_meta(client, tiny, "config.json", NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_meta(job, &meta, ERR));
    hfx_job_free(job);
    CHECK(hfx_meta_size(meta) == strlen(CONFIG) && strlen(hfx_meta_commit(meta)) == 40);
    CHECK(strlen(hfx_meta_etag(meta)) == 40 && !hfx_meta_xet_hash(meta));
    CHECK(strncmp(hfx_meta_url(meta), endpoint, strlen(endpoint)) == 0);

    OK(hfx_client_download_file(client, tiny, "config.json", NULL, &job, ERR));
    CHECK(hfx_job_id(job) > 0);
    wait_end(job);
    OK(hfx_job_poll(job, &ended, ERR));
    CHECK(ended == 1);
    OK(hfx_job_take_file(job, &file, ERR));
    hfx_job_free(job);
    check_config(file);
    CHECK(hfx_file_state(file) == HFX_FILE_DONE && hfx_file_verified(file) == HFX_VERIFIED_HASH);
    SAME(hfx_file_etag(file), hfx_meta_etag(meta));
    SAME(hfx_file_commit(file), hfx_meta_commit(meta));
    hfx_file_free(file);
    hfx_meta_free(meta);

    OK(waited_file(hfx_client_download_file(client, tiny, "config.json", NULL, JOB, ERR), &file, ERR));
    check_config(file);
    CHECK(hfx_file_state(file) == HFX_FILE_CACHED && hfx_file_verified(file) == HFX_VERIFIED_NONE);
    hfx_file_free(file);
    OK(hfx_client_lookup(client, tiny, "config.json", NULL, &state, &file, ERR));
    CHECK(state == HFX_LOOKUP_FOUND);
    check_config(file);
    hfx_file_free(file);

    FAILS(HFX_E_ENTRY_NOT_FOUND, waited_file(hfx_client_download_file(client, tiny, "no such file", NULL, JOB, ERR), &file, ERR));
    CHECK(!file);
    OK(hfx_client_lookup(client, tiny, "no such file", NULL, &state, &file, ERR));
    CHECK(state == HFX_LOOKUP_MISSING && !file);

    hfx_error *error = NULL;
    hfx_status status = waited_file(hfx_client_download_file(client, tiny, "no such file", NULL, JOB, &error), &file, &error);
    CHECK(status == HFX_E_ENTRY_NOT_FOUND && hfx_error_status(error) == status);
    CHECK(hfx_error_http_status(error) == 404 && hfx_error_retryable(error) == 0 && hfx_error_os_error(error) == 0);
    CHECK(strstr(hfx_error_message(error), "no such file") && strlen(hfx_error_commit(error)) == 40);
    CHECK(strstr(hfx_error_url(error), "no%20such%20file"));
    CHECK(!hfx_error_request_id(error) || *hfx_error_request_id(error));
    hfx_error_free(error);
    hfx_repo_free(tiny);
}

static void snapshots(const hfx_client *client) {
    hfx_repo *tiny = model(TINY), *many = model(MANY);
    hfx_options *some = NULL;
    hfx_job *job = NULL;
    hfx_snapshot *snapshot = NULL;
    hfx_progress *progress = NULL;

    OK(waited_snapshot(hfx_client_download_snapshot(client, tiny, NULL, JOB, ERR), &snapshot, ERR));
    CHECK(hfx_snapshot_count(snapshot) == 4 && !hfx_snapshot_file(snapshot, 4));
    CHECK(strlen(hfx_snapshot_commit(snapshot)) == 40);
    for (size_t i = 0; i < 4; i++) {
        const hfx_file *file = hfx_snapshot_file(snapshot, i);
        CHECK(strncmp(hfx_file_path(file), hfx_snapshot_path(snapshot), strlen(hfx_snapshot_path(snapshot))) == 0);
        if (strcmp(hfx_file_name(file), "config.json") == 0)
            check_config(file);
    }
    hfx_snapshot_free(snapshot);

    OK(hfx_options_new(&some, ERR));
    OK(hfx_options_set_string(some, HFX_OPT_INCLUDE, "file_0*", ERR));
    OK(hfx_options_set_string(some, HFX_OPT_EXCLUDE, "file_09.txt", ERR));
    OK(hfx_client_download_snapshot(client, many, some, &job, ERR));
    wait_end(job);
    OK(hfx_job_progress(job, &progress, ERR));
    CHECK(hfx_progress_job_id(progress) == hfx_job_id(job));
    CHECK(totals(progress).files == 9 && totals(progress).files_done == 9);
    CHECK(totals(progress).files_failed == 0);
    CHECK(totals(progress).bytes == 9 * MANY_SIZE && totals(progress).bytes_done == 9 * MANY_SIZE);
    CHECK(totals(progress).bytes_received == 9 * MANY_SIZE && totals(progress).bytes_restored == 0);
    CHECK(hfx_progress_file_count(progress) == 9);
    SAME(file_at(progress, 0).name, "file_00.txt");
    /* A caller of another age: a shorter struct is not written behind its end, a longer one is filled up with zeroes. */
    struct {
        hfx_totals known;
        uint64_t later;
    } longer;
    memset(&longer, 0xff, sizeof longer);
    hfx_progress_totals(progress, &longer.known, 8);
    CHECK(longer.known.files == 9 && longer.known.files_done == UINT64_MAX);
    hfx_progress_totals(progress, &longer.known, sizeof longer);
    CHECK(longer.known.files_done == 9 && longer.later == 0);
    CHECK(file_at(progress, 0).bytes == MANY_SIZE && file_at(progress, 0).bytes_done == MANY_SIZE);
    CHECK(file_at(progress, 0).state == HFX_FILE_DONE && !file_at(progress, 0).error);
    hfx_progress_free(progress);
    OK(hfx_job_take_snapshot(job, &snapshot, ERR));
    CHECK(hfx_snapshot_count(snapshot) == 9);
    hfx_snapshot_free(snapshot);
    hfx_job_free(job);
    hfx_options_free(some);
    hfx_repo_free(tiny);
    hfx_repo_free(many);
}

static int32_t append(uint64_t offset, const void *bytes, size_t length, void *user) {
    unsigned char *all = user;
    memcpy(all + offset, bytes, length);
    return HFX_CONTINUE;
}

static void check_big(const void *bytes, uint64_t offset, uint64_t length) {
    const unsigned char *at = bytes;
    for (uint64_t i = 0; i < length; i++)
        if (at[i] != big_byte(offset + i))
            CHECK(!"wrong bytes");
}

static void reads(const hfx_client *client) {
    hfx_repo *big = model(BIG);
    hfx_job *job = NULL;
    hfx_bytes *bytes = NULL;
    char url[512];
    unsigned char *memory = malloc(BIG_SIZE);
    snprintf(url, sizeof url, "%s/" BIG "/resolve/main/model.bin", endpoint);

    OK(waited_bytes(hfx_client_read_file(client, big, "model.bin", 5000000, 70000, NULL, JOB, ERR), &bytes, ERR));
    CHECK(hfx_bytes_length(bytes) == 70000 && hfx_bytes_file_size(bytes) == BIG_SIZE);
    CHECK(hfx_bytes_verified(bytes) == HFX_VERIFIED_LENGTH);
    check_big(hfx_bytes_data(bytes), 5000000, 70000);
    hfx_bytes_free(bytes);

    OK(hfx_client_read_file(client, big, "model.bin", 0, -1, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    CHECK(hfx_bytes_length(bytes) == BIG_SIZE && hfx_bytes_verified(bytes) == HFX_VERIFIED_HASH);
    check_big(hfx_bytes_data(bytes), 0, BIG_SIZE);
    hfx_bytes_free(bytes);

    OK(waited_bytes(hfx_client_read_url(client, url, BIG_SIZE - 10, 1000, NULL, JOB, ERR), &bytes, ERR));
    CHECK(hfx_bytes_length(bytes) == 10);
    check_big(hfx_bytes_data(bytes), BIG_SIZE - 10, 10);
    hfx_bytes_free(bytes);
    OK(hfx_client_read_url(client, url, 1, 1, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    CHECK(hfx_bytes_length(bytes) == 1);
    check_big(hfx_bytes_data(bytes), 1, 1);
    hfx_bytes_free(bytes);

    memset(memory, 0, BIG_SIZE);
    OK(hfx_client_read_file_into(client, big, "model.bin", 0, -1, memory, BIG_SIZE, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    CHECK(!hfx_bytes_data(bytes) && hfx_bytes_length(bytes) == BIG_SIZE);
    CHECK(hfx_bytes_verified(bytes) == HFX_VERIFIED_HASH);
    check_big(memory, 0, BIG_SIZE);
    hfx_bytes_free(bytes);

    memset(memory, 0, BIG_SIZE);
    OK(hfx_client_read_url_into(client, url, 100, 3000000, memory, 3000000, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    check_big(memory, 100, 3000000);
    CHECK(memory[3000000] == 0);
    hfx_bytes_free(bytes);

    memset(memory, 0, BIG_SIZE);
    OK(hfx_client_stream_file(client, big, "model.bin", 0, -1, NULL, append, memory, NULL, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    CHECK(hfx_bytes_verified(bytes) == HFX_VERIFIED_HASH);
    check_big(memory, 0, BIG_SIZE);
    hfx_bytes_free(bytes);

    memset(memory, 0, BIG_SIZE);
    OK(hfx_client_stream_url(client, url, 7, 100000, NULL, append, memory, NULL, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    CHECK(hfx_bytes_length(bytes) == 100000);
    check_big(memory, 7, 100000);
    hfx_bytes_free(bytes);
    free(memory);
    hfx_repo_free(big);
}

/* Reads that go on with the same content only, of the network and of the cache. */
static void matches(const hfx_client *client) {
    hfx_repo *big = model(BIG), *tiny = model(TINY);
    hfx_options *options = NULL;
    hfx_bytes *bytes = NULL;
    hfx_file *file = NULL;
    char etag[80], commit[64];
    OK(waited_bytes(hfx_client_read_file(client, big, "model.bin", 0, 8, NULL, JOB, ERR), &bytes, ERR));
    snprintf(etag, sizeof etag, "%s", hfx_bytes_etag(bytes));
    snprintf(commit, sizeof commit, "%s", hfx_bytes_commit(bytes));
    CHECK(strlen(etag) == 64 && strlen(commit) == 40);
    hfx_bytes_free(bytes);
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_IF_MATCH, etag, ERR));
    OK(waited_bytes(hfx_client_read_file(client, big, "model.bin", 8, 8, options, JOB, ERR), &bytes, ERR));
    hfx_bytes_free(bytes);
    /* From the Hub, then with the file in the cache. */
    for (int i = 0; i < 2; i++) {
        FAILS(HFX_E_CONTENT_CHANGED,
              waited_file(hfx_client_download_file(client, tiny, "config.json", options, JOB, ERR), &file, ERR));
        OK(hfx_options_set_bool(options, HFX_OPT_LOCAL_FILES_ONLY, 1, ERR));
    }
    FAILS(HFX_E_CONTENT_CHANGED,
          waited_bytes(hfx_client_read_file(client, tiny, "config.json", 0, 2, options, JOB, ERR), &bytes, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_IF_MATCH, "", ERR));
    OK(waited_bytes(hfx_client_read_file(client, tiny, "config.json", 0, 2, options, JOB, ERR), &bytes, ERR));
    CHECK(strlen(hfx_bytes_etag(bytes)) == 40 && strlen(hfx_bytes_commit(bytes)) == 40);
    hfx_bytes_free(bytes);
    hfx_options_free(options);
    hfx_repo_free(big);
    hfx_repo_free(tiny);
}

/* Files by their exact names, though they look like patterns. */
static void exact_files(const hfx_client *client) {
    static const char odd[] = "odd name [1]^|%41 \xc3\xbc.txt";
    const char *const names[] = {odd, "config.json"};
    hfx_repo *tiny = model(TINY);
    hfx_options *options = NULL;
    hfx_snapshot *snapshot = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_strings(options, HFX_OPT_FILES, names, 2, ERR));
    OK(waited_snapshot(hfx_client_download_snapshot(client, tiny, options, JOB, ERR), &snapshot, ERR));
    CHECK(hfx_snapshot_count(snapshot) == 2);
    SAME(hfx_file_name(hfx_snapshot_file(snapshot, 1)), odd);
    hfx_snapshot_free(snapshot);
    /* Only said, not fetched. */
    OK(hfx_options_set_bool(options, HFX_OPT_DRY_RUN, 1, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_FORCE, 1, ERR));
    OK(waited_snapshot(hfx_client_download_snapshot(client, tiny, options, JOB, ERR), &snapshot, ERR));
    CHECK(hfx_file_state(hfx_snapshot_file(snapshot, 0)) == HFX_FILE_PLANNED);
    hfx_snapshot_free(snapshot);
    OK(hfx_options_set_string(options, HFX_OPT_FILES, "conf?g.json", ERR));
    FAILS(HFX_E_ENTRY_NOT_FOUND,
          waited_snapshot(hfx_client_download_snapshot(client, tiny, options, JOB, ERR), &snapshot, ERR));
    hfx_options_free(options);
    hfx_repo_free(tiny);
}

/* A listing without the network: what the cache knows. */
static void offline_listing(const hfx_client *client) {
    hfx_repo *many = model(MANY), *unknown = model("acme/unknown");
    hfx_options *options = NULL;
    hfx_job *job = NULL;
    hfx_tree *tree = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_OFFLINE, 1, ERR));
    OK(hfx_client_list_files(client, many, NULL, options, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_tree(job, &tree, ERR));
    hfx_job_free(job);
    CHECK(hfx_tree_count(tree) == 50 && hfx_tree_size(tree, 0) == MANY_SIZE);
    SAME(hfx_tree_path(tree, 0), "file_00.txt");
    CHECK(strlen(hfx_tree_etag(tree, 0)) == 40);
    hfx_tree_free(tree);
    OK(hfx_client_list_files(client, unknown, NULL, options, &job, ERR));
    wait_end(job);
    FAILS(HFX_E_OFFLINE, hfx_job_take_tree(job, &tree, ERR));
    hfx_job_free(job);
    hfx_options_free(options);
    hfx_repo_free(many);
    hfx_repo_free(unknown);
}

static void urls(const hfx_client *client) {
    char url[512], path[4096];
    hfx_job *job = NULL;
    hfx_file *file = NULL;
    snprintf(url, sizeof url, "%s/" TINY "/resolve/main/config.json", endpoint);
    snprintf(path, sizeof path, "%s/from_url.json", folder);
    OK(hfx_client_download_url(client, url, path, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_file(job, &file, ERR));
    hfx_job_free(job);
    SAME(hfx_file_path(file), path);
    SAME(hfx_file_commit(file), "");
    CHECK(hfx_file_verified(file) == HFX_VERIFIED_LENGTH);
    hfx_file_free(file);

    hfx_options *options = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_SHA256,
                              "0000000000000000000000000000000000000000000000000000000000000000", ERR));
    snprintf(path, sizeof path, "%s/wrong.json", folder);
    FAILS(HFX_E_HASH_MISMATCH, waited_file(hfx_client_download_url(client, url, path, options, JOB, ERR), &file, ERR));
    CHECK(!file && fopen(path, "r") == NULL);
    hfx_options_free(options);
}

static void lists(const hfx_client *client) {
    hfx_repo *tiny = model(TINY), *rows = NULL;
    hfx_job *job = NULL;
    hfx_info *info = NULL;
    hfx_tree *tree = NULL;
    hfx_refs *refs = NULL;

    OK(hfx_repo_new(HFX_REPO_DATASET, DATASET, "main", &rows, ERR));
    OK(hfx_client_get_repo_info(client, rows, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_info(job, &info, ERR));
    hfx_job_free(job);
    SAME(hfx_info_id(info), DATASET);
    CHECK(strlen(hfx_info_commit(info)) == 40 && hfx_info_json(info)[0] == '{');
    CHECK(!hfx_info_private(info) && !hfx_info_gated(info) && !hfx_info_disabled(info));
    hfx_info_free(info);

    OK(hfx_client_list_files(client, tiny, NULL, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_tree(job, &tree, ERR));
    hfx_job_free(job);
    CHECK(hfx_tree_count(tree) == 4 && !hfx_tree_path(tree, 4));
    SAME(hfx_tree_path(tree, 0), "config.json");
    CHECK(hfx_tree_size(tree, 0) == strlen(CONFIG) && strlen(hfx_tree_etag(tree, 0)) == 40);
    CHECK(hfx_tree_is_lfs(tree, 0) == 0);
    hfx_tree_free(tree);
    OK(hfx_client_list_files(client, tiny, "sub/dir", NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_tree(job, &tree, ERR));
    hfx_job_free(job);
    CHECK(hfx_tree_count(tree) == 1);
    SAME(hfx_tree_path(tree, 0), "sub/dir/note.txt");
    hfx_tree_free(tree);

    OK(hfx_client_list_refs(client, tiny, 1, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_refs(job, &refs, ERR));
    hfx_job_free(job);
    CHECK(hfx_refs_count(refs) == 1 && hfx_refs_kind(refs, 0) == HFX_REF_BRANCH && !hfx_refs_name(refs, 1));
    SAME(hfx_refs_name(refs, 0), "main");
    SAME(hfx_refs_full_name(refs, 0), "refs/heads/main");
    CHECK(strlen(hfx_refs_commit(refs, 0)) == 40);
    hfx_refs_free(refs);
    hfx_repo_free(tiny);
    hfx_repo_free(rows);
}

static void maps(const hfx_client *client) {
    hfx_repo *big = model(BIG), *tiny = model(TINY);
    hfx_file *file = NULL;
    hfx_map *map = NULL;
    unsigned char some[100];
    size_t length = 0;
    OK(waited_file(hfx_client_download_file(client, big, "model.bin", NULL, JOB, ERR), &file, ERR));
    OK(hfx_map_open(hfx_file_path(file), HFX_MAP_READ, &map, ERR));
    CHECK(hfx_map_length(map) == BIG_SIZE);
    check_big(hfx_map_data(map), 0, BIG_SIZE);
    OK(hfx_read_at(hfx_file_path(file), BIG_SIZE - 40, some, sizeof some, &length, ERR));
    CHECK(length == 40);
    check_big(some, BIG_SIZE - 40, 40);
    hfx_map_free(map);
    /* Memory that may be written to, and a file that does not notice. */
    OK(hfx_map_open(hfx_file_path(file), HFX_MAP_COPY, &map, ERR));
    unsigned char *own = (unsigned char *)(uintptr_t)hfx_map_data(map);
    memset(own, 0xff, 5000);
    CHECK(own[4999] == 0xff);
    check_big(own + 5000, 5000, BIG_SIZE - 5000);
    OK(hfx_read_at(hfx_file_path(file), 0, some, sizeof some, &length, ERR));
    check_big(some, 0, sizeof some);
    hfx_map_free(map);
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_map_open(hfx_file_path(file), 3, &map, ERR));
    hfx_file_free(file);

    OK(waited_file(hfx_client_download_file(client, tiny, "empty.txt", NULL, JOB, ERR), &file, ERR));
    OK(hfx_map_open(hfx_file_path(file), HFX_MAP_READ, &map, ERR));
    CHECK(hfx_map_length(map) == 0 && !hfx_map_data(map));
    hfx_map_free(map);
    hfx_file_free(file);
    FAILS(HFX_E_IO, hfx_map_open("/nowhere/at/all", HFX_MAP_READ, &map, ERR));
    hfx_repo_free(big);
    hfx_repo_free(tiny);
}

static void caches(const hfx_client *client) {
    hfx_cache *cache = NULL;
    hfx_deletion *deletion = NULL;
    hfx_progress *progress = NULL;
    hfx_verification *found = NULL;
    hfx_job *job = NULL;
    hfx_repo *tiny = model(TINY);
    char path[4096];

    OK(hfx_client_verify_cache(client, tiny, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_verification(job, &found, ERR));
    hfx_job_free(job);
    CHECK(hfx_verification_checked(found) == 4 && hfx_verification_bytes(found) > strlen(CONFIG));
    CHECK(!hfx_verification_mismatch(found, 0) && !hfx_verification_expected(found, 0));
    CHECK(!hfx_verification_actual(found, 0) && !hfx_verification_missing(found, 0));
    CHECK(!hfx_verification_unknown(found, 0));
    hfx_verification_free(found);

    OK(waited_cache(hfx_client_scan_cache(client, NULL, JOB, ERR), &cache, ERR));
    snprintf(path, sizeof path, "%s/cache", folder);
    SAME(hfx_cache_path(cache), path);
    CHECK(hfx_cache_repo_count(cache) == 3 && hfx_cache_warning_count(cache) == 0 && !hfx_cache_warning(cache, 0));
    CHECK(hfx_cache_size(cache) > BIG_SIZE);
    size_t at = 0;
    while (strcmp(hfx_cache_repo_id(cache, at), BIG) != 0)
        at++;
    CHECK(hfx_cache_repo_kind(cache, at) == HFX_REPO_MODEL && hfx_cache_repo_size(cache, at) == BIG_SIZE);
    CHECK(strstr(hfx_cache_repo_path(cache, at), "models--acme--big"));
    CHECK(hfx_cache_repo_last_used_ms(cache, at) > INT64_C(1500000000000));
    CHECK(hfx_cache_revision_count(cache, at) == 1 && hfx_cache_revision_size(cache, at, 0) == BIG_SIZE);
    CHECK(strstr(hfx_cache_revision_path(cache, at, 0), hfx_cache_revision_commit(cache, at, 0)));
    SAME(hfx_cache_revision_ref(cache, at, 0, 0), "main");
    CHECK(!hfx_cache_revision_ref(cache, at, 0, 1) && hfx_cache_file_count(cache, at, 0) == 1);
    SAME(hfx_cache_file_name(cache, at, 0, 0), "model.bin");
    CHECK(hfx_cache_file_size(cache, at, 0, 0) == BIG_SIZE);

    const char *commit = hfx_cache_revision_commit(cache, at, 0);
    OK(hfx_cache_delete_revisions(cache, &commit, 1, &deletion, ERR));
    CHECK(hfx_deletion_freed(deletion) >= BIG_SIZE);
    OK(hfx_client_delete_cached(client, deletion, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_check(job, ERR));
    OK(hfx_job_progress(job, &progress, ERR));
    CHECK(totals(progress).bytes_done >= BIG_SIZE);
    hfx_progress_free(progress);
    hfx_job_free(job);
    hfx_deletion_free(deletion);
    OK(hfx_cache_delete_repo(cache, HFX_REPO_MODEL, TINY, &deletion, ERR));
    OK(waited(hfx_client_delete_cached(client, deletion, NULL, JOB, ERR), ERR));
    hfx_deletion_free(deletion);
    hfx_cache_free(cache);

    OK(waited_cache(hfx_client_scan_cache(client, NULL, JOB, ERR), &cache, ERR));
    CHECK(hfx_cache_repo_count(cache) == 1);
    OK(hfx_cache_prune(cache, &deletion, ERR));
    CHECK(hfx_deletion_freed(deletion) == 0);
    hfx_deletion_free(deletion);
    hfx_cache_free(cache);
    hfx_repo_free(tiny);
}

static void assets(void) {
    char path[4096], wanted[5000];
    hfx_options *options = new_options();
    hfx_client *client = NULL;
    hfx_string *string = NULL;
    snprintf(path, sizeof path, "%s/assets", folder);
    OK(hfx_options_set_string(options, HFX_OPT_ASSETS_DIR, path, ERR));
    OK(hfx_client_open(options, &client, ERR));
    OK(hfx_client_assets_path(client, "my lib", NULL, "sub", &string, ERR));
    snprintf(wanted, sizeof wanted, "%s/my--lib/default/sub", path);
    SAME(hfx_string_text(string), wanted);
    hfx_string_free(string);
    hfx_options_free(options);
    end(client);
}

void api(void) {
    version_and_errors();
    option_table();
    options();
    repositories();
    hfx_client *client = new_client();
    files(client);
    snapshots(client);
    reads(client);
    matches(client);
    exact_files(client);
    offline_listing(client);
    urls(client);
    lists(client);
    maps(client);
    caches(client);
    OK(hfx_client_set_max_connections(client, 4, ERR));
    OK(hfx_client_set_max_rate(client, 100 << 20, ERR));
    end(client);
    assets();
}
