/* What cgo can't say: callbacks of the library that lead to exported Go functions, and Go values as numbers. */
#ifndef HFX_GO_SHIM_H
#define HFX_GO_SHIM_H

#include <hfx.h>

hfx_status hfx_go_set_progress(hfx_options *options, uintptr_t user, hfx_error **err);
hfx_status hfx_go_set_log(hfx_options *options, int32_t level, uintptr_t user, hfx_error **err);
hfx_status hfx_go_stream_file(const hfx_client *client, const hfx_repo *repo, const char *path, uint64_t offset,
                              int64_t length, uintptr_t user, const hfx_options *options, hfx_job **out_job,
                              hfx_error **err);
hfx_status hfx_go_stream_url(const hfx_client *client, const char *url, uint64_t offset, int64_t length,
                             uintptr_t user, const hfx_options *options, hfx_job **out_job, hfx_error **err);
hfx_status hfx_go_add_reader(hfx_commit *commit, const char *path, uint64_t size, uintptr_t user, hfx_error **err);

#endif
