/* What callbacks may do, when they come, and what becomes of their user data. */
#include "test.h"

#include <errno.h>

#include <pthread.h>
#include <unistd.h>

typedef struct watch {
    counter count;
    pthread_t starter;
    atomic_int starting;      /* 1 while the starting call runs */
    atomic_int inside_start;  /* callbacks on the starting thread during that */
    atomic_int progresses, dones;
    atomic_int after_done;    /* progress behind the completion */
    atomic_int deadlocks;     /* calls that were refused as they must be */
    uint64_t files, files_done, total, done, received;
    hfx_client *client;
    hfx_job *job;
    atomic_int may_free;      /* the done callback frees `job` */
    hfx_file *file;
} watch;

static void note_place(watch *w) {
    if (w->starting && pthread_equal(w->starter, pthread_self()))
        w->inside_start++;
}

static void on_progress(const hfx_job *job, const hfx_progress *progress, void *user) {
    watch *w = user;
    note_place(w);
    CHECK(hfx_job_id(job) == hfx_progress_job_id(progress));
    w->after_done += w->dones;
    w->progresses++;
    CHECK(totals(progress).bytes_done >= w->done && totals(progress).files_done >= w->files_done);
    w->files = totals(progress).files;
    w->files_done = totals(progress).files_done;
    w->total = totals(progress).bytes;
    w->done = totals(progress).bytes_done;
    w->received = totals(progress).bytes_received;
}

static void on_done(const hfx_job *job, void *user) {
    watch *w = user;
    int32_t ended = 0;
    hfx_job *more = NULL;
    note_place(w);
    OK(hfx_job_poll(job, &ended, ERR));
    CHECK(ended == 1);

    /* It may ask and start, but not wait. */
    hfx_repo *repo = model(TINY);
    hfx_file *file = NULL;
    FAILS(HFX_E_WOULD_DEADLOCK, hfx_job_wait(job, -1, &ended, ERR));
    FAILS(HFX_E_WOULD_DEADLOCK, hfx_client_close(w->client, 1, ERR));
    FAILS(HFX_E_WOULD_DEADLOCK, waited_file(hfx_client_download_file(w->client, repo, "config.json", NULL, JOB, ERR), &file, ERR));
    OK(hfx_client_get_file_meta(w->client, repo, "config.json", NULL, &more, ERR));
    hfx_job_cancel(more);
    hfx_job_free(more);
    hfx_repo_free(repo);
    w->deadlocks++;

    if (hfx_job_check(job, NULL) == HFX_OK)
        OK(hfx_job_take_file(job, &w->file, ERR));
    while (!w->may_free)
        sleep_ms(1);
    hfx_job_free(w->job);
    w->job = NULL;
    w->dones++;
}

static hfx_options *watched(watch *w) {
    hfx_options *options = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_progress_fn(options, on_progress, w, count_destroyed, ERR));
    OK(hfx_options_set_done_fn(options, on_done, w, count_destroyed, ERR));
    return options;
}

static void start(watch *w, hfx_client *client, const hfx_repo *repo, const char *name) {
    hfx_options *options = watched(w);
    w->client = client;
    w->starter = pthread_self();
    w->starting = 1;
    OK(hfx_client_download_file(client, repo, name, options, &w->job, ERR));
    w->starting = 0;
    w->may_free = 1;
    hfx_options_free(options);
}

static void wait_for(atomic_int *number, int wanted) {
    for (double until = now() + 30; *number < wanted;) {
        CHECK(now() < until);
        sleep_ms(2);
    }
}

static void one_file(hfx_client *client, const char *id, const char *name, uint64_t size) {
    watch w = {0};
    hfx_repo *repo = model(id);
    start(&w, client, repo, name);
    wait_for(&w.dones, 1);
    wait_for(&w.count.destroyed, 2);
    CHECK(w.inside_start == 0 && w.after_done == 0 && w.progresses >= 1 && w.deadlocks == 1);
    CHECK(w.files == 1 && w.files_done == 1 && w.total == size && w.done == size && w.received >= size);
    CHECK(hfx_file_size(w.file) == size);
    hfx_file_free(w.file);
    hfx_repo_free(repo);
    sleep_ms(50);
    CHECK(w.dones == 1 && w.count.destroyed == 2);
}

/* Failed and cancelled jobs complete as well, once. */
static void failures(hfx_client *client) {
    hfx_repo *repo = model(TINY);
    watch w = {0};
    start(&w, client, repo, "no such file");
    wait_for(&w.dones, 1);
    wait_for(&w.count.destroyed, 2);
    CHECK(!w.file && w.inside_start == 0);

    watch c = {0};
    hfx_options *options = watched(&c);
    hfx_job *job = NULL;
    set_faults("[{\"match\": {\"path\": \"note.txt\"}, \"do\": {\"stall_after\": 0}}]");
    c.client = client;
    OK(hfx_client_download_file(client, repo, "sub/dir/note.txt", options, &job, ERR));
    hfx_job_cancel(job);
    hfx_job_cancel(job);
    c.may_free = 1;
    wait_end(job);
    FAILS(HFX_E_CANCELLED, hfx_job_check(job, ERR));
    wait_for(&c.dones, 1);
    hfx_options_free(options);
    wait_for(&c.count.destroyed, 2);
    CHECK(c.count.destroyed == 2);
    set_faults("[]");
    hfx_job_free(job);
    hfx_repo_free(repo);
}

typedef struct stream {
    counter count;
    uint64_t next;
    uint64_t stop_at;
    int32_t answer;
} stream;

static int32_t on_chunk(uint64_t offset, const void *bytes, size_t length, void *user) {
    stream *s = user;
    CHECK(offset == s->next && length > 0);
    for (size_t i = 0; i < length; i++)
        CHECK(((const unsigned char *)bytes)[i] == big_byte(offset + i));
    s->next += length;
    return s->stop_at && s->next >= s->stop_at ? s->answer : HFX_CONTINUE;
}

static void streams(hfx_client *client) {
    hfx_repo *repo = model(BIG);
    hfx_job *job = NULL;
    hfx_bytes *bytes = NULL;
    stream all = {0}, some = {.stop_at = 5 << 20, .answer = HFX_STOP}, odd = {.stop_at = 1, .answer = 42};

    OK(hfx_client_stream_file(client, repo, "model.bin", 0, -1, NULL, on_chunk, &all, count_destroyed, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    CHECK(all.next == BIG_SIZE && hfx_bytes_verified(bytes) == HFX_VERIFIED_HASH);
    hfx_bytes_free(bytes);
    hfx_job_free(job);
    wait_for(&all.count.destroyed, 1);

    OK(hfx_client_stream_file(client, repo, "model.bin", 0, -1, NULL, on_chunk, &some, count_destroyed, NULL, &job, ERR));
    wait_end(job);
    FAILS(HFX_E_CALLBACK, hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    wait_for(&some.count.destroyed, 1);
    CHECK(some.next >= some.stop_at && some.next < BIG_SIZE);

    OK(hfx_client_stream_file(client, repo, "model.bin", 0, -1, NULL, on_chunk, &odd, count_destroyed, NULL, &job, ERR));
    wait_end(job);
    FAILS(HFX_E_CALLBACK, hfx_job_take_bytes(job, &bytes, ERR));
    hfx_job_free(job);
    wait_for(&odd.count.destroyed, 1);
    CHECK(all.count.destroyed == 1 && some.count.destroyed == 1);
    hfx_repo_free(repo);
}

/* What is told before the first byte, and errno as an answer. */
typedef struct beginning {
    counter count;
    uint64_t bytes;
    char commit[64], etag[80];
    int32_t answer, chunk;
} beginning;

static int32_t on_start(const hfx_meta *meta, void *user) {
    beginning *b = user;
    CHECK(b->count.called++ == 0 && b->bytes == 0 && hfx_meta_size(meta) == BIG_SIZE);
    snprintf(b->commit, sizeof b->commit, "%s", hfx_meta_commit(meta));
    snprintf(b->etag, sizeof b->etag, "%s", hfx_meta_etag(meta));
    return b->answer;
}

static int32_t on_bytes(uint64_t offset, const void *bytes, size_t length, void *user) {
    beginning *b = user;
    (void)offset, (void)bytes;
    CHECK(b->count.called == 1);
    b->bytes += length;
    return b->chunk;
}

static void stream_beginnings(hfx_client *client) {
    hfx_repo *repo = model(BIG);
    hfx_job *job = NULL;
    hfx_bytes *bytes = NULL;
    beginning well = {0}, no = {.answer = -EPERM}, broken = {.chunk = -EPIPE};
    OK(hfx_client_stream_file(client, repo, "model.bin", 5, 9, on_start, on_bytes, &well, count_destroyed, NULL, &job, ERR));
    wait_end(job);
    OK(hfx_job_take_bytes(job, &bytes, ERR));
    CHECK(well.bytes == 9 && strlen(well.commit) == 40 && strlen(well.etag) == 64);
    SAME(hfx_bytes_commit(bytes), well.commit);
    SAME(hfx_bytes_etag(bytes), well.etag);
    hfx_bytes_free(bytes);
    hfx_job_free(job);
    wait_for(&well.count.destroyed, 1);
    beginning *bad[] = {&no, &broken};
    for (int i = 0; i < 2; i++) {
        hfx_error *error = NULL;
        OK(hfx_client_stream_file(client, repo, "model.bin", 0, -1, on_start, on_bytes, bad[i], count_destroyed, NULL, &job, ERR));
        wait_end(job);
        CHECK(hfx_job_check(job, &error) == HFX_E_CALLBACK);
        CHECK(hfx_error_os_error(error) == (i == 0 ? EPERM : EPIPE));
        hfx_error_free(error);
        hfx_job_free(job);
        wait_for(&bad[i]->count.destroyed, 1);
    }
    CHECK(no.bytes == 0 && broken.bytes > 0);
    hfx_repo_free(repo);
}

/* A job kept from its own progress, and stopped by it. */
static void keep_and_stop(const hfx_job *job, const hfx_progress *progress, void *user) {
    hfx_job **kept = user;
    (void)progress;
    if (!*kept) {
        OK(hfx_job_clone(job, kept, ERR));
        hfx_job_cancel(job);
    }
}

static void jobs_that_are_kept(hfx_client *client) {
    hfx_repo *repo = model(BIG);
    hfx_options *options = NULL;
    hfx_job *job = NULL, *kept = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_progress_fn(options, keep_and_stop, &kept, NULL, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_FORCE, 1, ERR));
    set_faults("[{\"match\": {\"path\": \"model.bin\", \"times\": 0}, \"do\": {\"stall_after\": 1000000}}]");
    OK(hfx_client_download_file(client, repo, "model.bin", options, &job, ERR));
    wait_end(job);
    set_faults("[]");
    CHECK(kept && kept != job && hfx_job_id(kept) == hfx_job_id(job));
    hfx_job_free(job);
    FAILS(HFX_E_CANCELLED, hfx_job_check(kept, ERR));
    hfx_progress *progress = NULL;
    OK(hfx_job_progress(kept, &progress, ERR));
    CHECK(file_at(progress, 0).state == HFX_FILE_CANCELLED && totals(progress).files_failed == 0);
    hfx_progress_free(progress);
    hfx_job_free(kept);
    hfx_options_free(options);
    hfx_repo_free(repo);
}

static void count_done(const hfx_job *job, void *user) {
    int32_t ended = 0;
    OK(hfx_job_poll(job, &ended, ERR));
    CHECK(ended == 1);
    FAILS(HFX_E_WOULD_DEADLOCK, hfx_job_wait(job, -1, NULL, ERR));
    ((counter *)user)->called++;
}

/* Completions that are asked for when the job runs, when it has ended, and when its client is closed. */
static void completions_afterwards(void) {
    hfx_client *client = new_client();
    hfx_repo *repo = model(TINY);
    hfx_job *job = NULL;
    counter user = {0};
    set_faults("[{\"do\": {\"delay_ms\": 300}}]");
    OK(hfx_client_get_file_meta(client, repo, "config.json", NULL, &job, ERR));
    OK(hfx_job_on_done(job, count_done, &user, count_destroyed, ERR));
    OK(hfx_job_on_done(job, count_done, &user, count_destroyed, ERR));
    wait_end(job);
    wait_for(&user.destroyed, 2);
    OK(hfx_job_on_done(job, count_done, &user, count_destroyed, ERR));
    wait_for(&user.destroyed, 3);
    CHECK(user.called == 3);
    FAILS(HFX_E_INVALID_ARGUMENT, hfx_job_on_done(job, NULL, &user, count_destroyed, ERR));
    OK(hfx_client_close(client, 10000, ERR));
    FAILS(HFX_E_CLOSED, hfx_job_on_done(job, count_done, &user, count_destroyed, ERR));
    CHECK(user.called == 3 && user.destroyed == 5);
    hfx_job_free(job);
    hfx_client_free(client);
    hfx_repo_free(repo);
    set_faults("[]");
}

typedef struct lines {
    counter count;
    atomic_int secret, levels;
} lines;

static void on_log(int32_t level, const char *room, const char *message, void *user) {
    lines *l = user;
    l->count.called++;
    l->levels |= 1 << level;
    if (strstr(message, TOKEN))
        l->secret++;
    if (!*room || !*message || strchr(message, '\n'))
        l->secret++;
}

static void logs(void) {
    lines l = {0}, odd = {0}, quiet = {0};
    hfx_options *options = new_options();
    hfx_options *force = NULL;
    hfx_client *client = NULL, *warned = NULL, *other = NULL;
    hfx_repo *repo = model(BIG);
    hfx_file *file = NULL;
    OK(hfx_options_new(&force, ERR));
    OK(hfx_options_set_bool(force, HFX_OPT_FORCE, 1, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_TOKEN, TOKEN, ERR));
    OK(hfx_options_set_log_fn(options, HFX_LOG_DEBUG, on_log, &l, count_destroyed, ERR));
    OK(hfx_client_open(options, &client, ERR));
    OK(hfx_options_set_log_fn(options, HFX_LOG_WARN, on_log, &odd, count_destroyed, ERR));
    OK(hfx_client_open(options, &warned, ERR));
    OK(hfx_options_set_log_fn(options, HFX_LOG_ERROR, on_log, &quiet, count_destroyed, ERR));
    OK(hfx_client_open(options, &other, ERR));
    hfx_options_free(options);

    set_faults("[{\"match\": {\"path\": \"model.bin\"}, \"do\": {\"drop_after\": 100000}}]");
    OK(waited_file(hfx_client_download_file(client, repo, "model.bin", force, JOB, ERR), &file, ERR));
    hfx_file_free(file);
    set_faults("[{\"match\": {\"path\": \"model.bin\"}, \"do\": {\"drop_after\": 100000}}]");
    OK(waited_file(hfx_client_download_file(warned, repo, "model.bin", force, JOB, ERR), &file, ERR));
    hfx_file_free(file);
    OK(waited_file(hfx_client_download_file(other, repo, "model.bin", force, JOB, ERR), &file, ERR));
    hfx_file_free(file);
    set_faults("[]");
    hfx_options_free(force);
    CHECK(l.count.called > 0 && l.secret == 0 && quiet.count.called == 0);
    CHECK((odd.levels & (1 << HFX_LOG_DEBUG | 1 << HFX_LOG_INFO)) == 0);
    end(client);
    end(warned);
    end(other);
    CHECK(l.count.destroyed == 1 && odd.count.destroyed == 1 && quiet.count.destroyed == 1);
    hfx_repo_free(repo);
}

/* User data of a client's options lives as long as the client; of a clone, as long as the last of them. */
static void shared_user_data(void) {
    watch w = {.may_free = 1};
    hfx_options *options = new_options(), *copy = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = model(TINY);
    hfx_file *file = NULL;
    OK(hfx_options_set_progress_fn(options, on_progress, &w, count_destroyed, ERR));
    OK(hfx_options_set_bool(options, HFX_OPT_FORCE, 1, ERR));
    OK(hfx_options_clone(options, &copy, ERR));
    hfx_options_free(options);
    OK(hfx_client_open(copy, &client, ERR));
    hfx_options_free(copy);
    for (int i = 1; i <= 3; i++) {
        w.done = w.files_done = 0;
        OK(waited_file(hfx_client_download_file(client, repo, "config.json", NULL, JOB, ERR), &file, ERR));
        CHECK(w.done == strlen(CONFIG) && w.files_done == 1);
        hfx_file_free(file);
        CHECK(w.progresses >= i && w.count.destroyed == 0);
    }
    end(client);
    CHECK(w.count.destroyed == 1);
    hfx_repo_free(repo);
}

/* Completions that block hold up nobody else. */
static atomic_int blocked, released;

static void block(const hfx_job *job, void *user) {
    (void)job, (void)user;
    blocked++;
    while (!released)
        sleep_ms(1);
}

static void blocking_completions(void) {
    enum { JOBS = 8 };
    int threads_before = thread_count();
    hfx_options *options = new_options(), *blocking = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = model(MANY);
    hfx_job *jobs[JOBS], *last = NULL;
    OK(hfx_options_set_int(options, HFX_OPT_THREADS, 2, ERR));
    OK(hfx_client_open(options, &client, ERR));
    OK(hfx_options_new(&blocking, ERR));
    OK(hfx_options_set_done_fn(blocking, block, NULL, NULL, ERR));
    for (int i = 0; i < JOBS; i++)
        OK(hfx_client_get_file_meta(client, repo, "file_00.txt", blocking, &jobs[i], ERR));
    for (int i = 0; i < JOBS; i++) {
        wait_end(jobs[i]);
        hfx_job_free(jobs[i]);
    }
    wait_for(&blocked, JOBS);
    OK(hfx_client_download_snapshot(client, repo, NULL, &last, ERR));
    wait_end(last);
    OK(hfx_job_check(last, ERR));
    hfx_job_free(last);
    /* Closing waits for them, and says so. */
    FAILS(HFX_E_TIMEOUT, hfx_client_close(client, 50, ERR));
    released = 1;
    /* They end by themselves then, whether or not it is called again. */
    threads_are(threads_before);
    hfx_options_free(blocking);
    hfx_options_free(options);
    end(client);
    hfx_repo_free(repo);
}

/* A completion that frees everything there is, the client too. */
typedef struct last_words {
    hfx_client *client;
    hfx_job *job;
    atomic_int ready, destroyed;
} last_words;

static void free_all(const hfx_job *job, void *user) {
    last_words *l = user;
    (void)job;
    while (!l->ready)
        sleep_ms(1);
    hfx_job_free(l->job);
    hfx_client_free(l->client);
}

static void last_words_over(void *user) {
    ((last_words *)user)->destroyed++;
}

static void free_in_a_callback(void) {
    int threads_before = thread_count();
    last_words l = {.client = new_client()};
    hfx_options *options = NULL;
    hfx_repo *repo = model(TINY);
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_done_fn(options, free_all, &l, last_words_over, ERR));
    OK(hfx_client_download_file(l.client, repo, "config.json", options, &l.job, ERR));
    hfx_options_free(options);
    hfx_repo_free(repo);
    l.ready = 1;
    wait_for(&l.destroyed, 1);
    threads_are(threads_before);
    CHECK(l.destroyed == 1);
}

void callbacks(void) {
    hfx_client *client = new_client();
    one_file(client, TINY, "config.json", strlen(CONFIG));
    one_file(client, BIG, "model.bin", BIG_SIZE);
    failures(client);
    streams(client);
    stream_beginnings(client);
    jobs_that_are_kept(client);
    end(client);
    completions_afterwards();
    logs();
    shared_user_data();
    blocking_completions();
    free_in_a_callback();
}
