/* The library in a process that is not its own: no signal, no variable, no handler. */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Stands before the C library's. A write to a socket whose peer is gone raises SIGPIPE, but for send with MSG_NOSIGNAL. */
static atomic_int vectored_to_sockets;

static int is_socket(int fd) {
    int kind;
    socklen_t length = sizeof kind;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &length) == 0;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    vectored_to_sockets += is_socket(fd);
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (done < 0)
            return all ? all : -1;
        all += done;
    }
    return all;
}

/* A server that hears the first words of everybody and hangs up. */
static char heard[64];

static void *hang_up(void *listener) {
    for (;;) {
        int fd = accept(*(int *)listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        ssize_t got = recv(fd, heard, sizeof heard - 1, 0);
        heard[got > 0 ? got : 0] = 0;
        struct linger reset = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
}

static void meet_somebody_rude(const char *proxy, const char *url, const char *words) {
    hfx_options *options = NULL;
    hfx_client *client = NULL;
    hfx_bytes *bytes = NULL;
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_int(options, HFX_OPT_RETRY_TIMEOUT_MS, 0, ERR));
    if (proxy)
        OK(hfx_options_set_string(options, HFX_OPT_HTTPS_PROXY, proxy, ERR));
    OK(hfx_client_open(options, &client, ERR));
    hfx_options_free(options);
    hfx_error *error = NULL;
    hfx_job *job = NULL;
    OK(hfx_client_read_url(client, url, 0, 10, NULL, &job, ERR));
    int32_t ended = 0;
    OK(hfx_job_wait(job, 1000, &ended, ERR));
    hfx_job_cancel(job);
    wait_end(job);
    hfx_status status = hfx_job_take_bytes(job, &bytes, &error);
    CHECK(status != HFX_OK && !bytes);
    hfx_error_free(error);
    hfx_job_free(job);
    end(client);
    CHECK(memcmp(heard, words, strlen(words)) == 0);
}

void guest(void) {
    struct sigaction before[65] = {0}, after;
    for (int i = 1; i < 65; i++)
        sigaction(i, NULL, &before[i]);
    CHECK(before[SIGPIPE].sa_handler == SIG_DFL);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    CHECK(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 64) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    pthread_t thread;
    pthread_create(&thread, NULL, hang_up, &listener);
    char secure[64], plain[64];
    snprintf(secure, sizeof secure, "https://127.0.0.1:%d/x", ntohs(address.sin_port));
    snprintf(plain, sizeof plain, "http://127.0.0.1:%d", ntohs(address.sin_port));
    meet_somebody_rude(NULL, plain, "GET ");
    meet_somebody_rude(NULL, secure, "\x16\x03\x01");
    meet_somebody_rude(plain, "https://hub.invalid/x", "CONNECT hub.invalid:443 ");
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    CHECK(vectored_to_sockets == 0);

    hfx_client *client = new_client();
    hfx_repo *repo = model(BIG);
    hfx_snapshot *snapshot = NULL;
    OK(waited_snapshot(hfx_client_download_snapshot(client, repo, NULL, JOB, ERR), &snapshot, ERR));
    hfx_snapshot_free(snapshot);
    hfx_repo_free(repo);
    end(client);
    CHECK(vectored_to_sockets == 0);

    for (int i = 1; i < 65; i++) {
        memset(&after, 0, sizeof after);
        sigaction(i, NULL, &after);
        CHECK(after.sa_handler == before[i].sa_handler);
    }
    no_environment_reads();
}
