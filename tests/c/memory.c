/* Memory that was lent to a read is the caller's again when the job was cancelled: taken away here, touched by nobody. */
#include "test.h"

#include <sys/mman.h>

void memory_is_let_go(void) {
    hfx_client *client = new_client();
    hfx_repo *repo = model(BIG);
    for (int round = 0; round < 40; round++) {
        hfx_job *job = NULL;
        hfx_bytes *bytes = NULL;
        void *memory = mmap(NULL, BIG_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(memory != MAP_FAILED);
        OK(hfx_client_read_file_into(client, repo, "model.bin", 0, -1, memory, BIG_SIZE, NULL, &job, ERR));
        sleep_ms(round * 3);
        hfx_job_cancel(job);
        if (round % 2)
            wait_end(job);
        /* A late reader or writer dies here. */
        CHECK(munmap(memory, BIG_SIZE) == 0);
        wait_end(job);
        hfx_status status = hfx_job_take_bytes(job, &bytes, NULL);
        CHECK(status == HFX_OK || status == HFX_E_CANCELLED);
        hfx_bytes_free(bytes);
        hfx_job_free(job);
    }
    end(client);
    hfx_repo_free(repo);
}
