/* Around a fragment of the guide: what it takes for granted. */
#include <hfx.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* By address: in `check(f(&error), error)` C may read the second before the call. */
static void check(hfx_status status, hfx_error **error) {
    if (status == HFX_OK)
        return;
    fprintf(stderr, "%s: %s\n", hfx_status_name(status), hfx_error_message(*error));
    exit(1);
}

int main(void) {
    hfx_error *error = NULL;
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_repo *repo = NULL;
    check(hfx_options_from_env(&options, &error), &error);
    check(hfx_client_open(options, &client, &error), &error);
    check(hfx_repo_new(HFX_REPO_MODEL, "Qwen/Qwen3-0.6B", NULL, &repo, &error), &error);
    {
@FRAGMENT@
    }
    hfx_repo_free(repo);
    check(hfx_client_close(client, -1, &error), &error);
    hfx_client_free(client);
    hfx_options_free(options);
    return 0;
}
