#include "shim.h"
#include "_cgo_export.h"

static void on_destroy(void *user) {
    goDestroy((uintptr_t)user);
}

static void on_progress(const hfx_job *job, const hfx_progress *progress, void *user) {
    (void)job;
    goProgress((hfx_progress *)progress, (uintptr_t)user);
}

static void on_log(int32_t level, const char *room, const char *message, void *user) {
    goLog(level, (char *)room, (char *)message, (uintptr_t)user);
}

static int32_t on_start(const hfx_meta *meta, void *user) {
    return goStart((hfx_meta *)meta, (uintptr_t)user);
}

static int32_t on_chunk(uint64_t offset, const void *bytes, size_t length, void *user) {
    (void)offset;
    return goChunk((void *)bytes, length, (uintptr_t)user);
}

static int64_t on_read(uint64_t offset, void *buffer, size_t length, void *user) {
    return goRead(offset, buffer, length, (uintptr_t)user);
}

hfx_status hfx_go_set_progress(hfx_options *options, uintptr_t user, hfx_error **err) {
    return hfx_options_set_progress_fn(options, on_progress, (void *)user, on_destroy, err);
}

hfx_status hfx_go_set_log(hfx_options *options, int32_t level, uintptr_t user, hfx_error **err) {
    return hfx_options_set_log_fn(options, level, on_log, (void *)user, on_destroy, err);
}

hfx_status hfx_go_stream_file(const hfx_client *client, const hfx_repo *repo, const char *path, uint64_t offset,
                              int64_t length, uintptr_t user, const hfx_options *options, hfx_job **out_job,
                              hfx_error **err) {
    return hfx_client_stream_file(client, repo, path, offset, length, on_start, on_chunk, (void *)user, on_destroy,
                                  options, out_job, err);
}

hfx_status hfx_go_stream_url(const hfx_client *client, const char *url, uint64_t offset, int64_t length,
                             uintptr_t user, const hfx_options *options, hfx_job **out_job, hfx_error **err) {
    return hfx_client_stream_url(client, url, offset, length, on_start, on_chunk, (void *)user, on_destroy, options,
                                 out_job, err);
}

hfx_status hfx_go_add_reader(hfx_commit *commit, const char *path, uint64_t size, uintptr_t user, hfx_error **err) {
    return hfx_commit_add_reader(commit, path, size, on_read, (void *)user, on_destroy, err);
}
