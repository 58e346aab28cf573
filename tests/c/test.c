/* `c_api ENDPOINT FOLDER SCENARIO`: runs one scenario; silent and 0 when all is well. */
#include "test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *endpoint, *folder;
_Thread_local hfx_error *test_error;
_Thread_local hfx_job *test_job;

unsigned char big_byte(uint64_t offset) {
    return (unsigned char)(offset * 31 + (offset >> 12) * 7 + (offset >> 20));
}

_Noreturn void test_fail(const char *what, const char *file, int line) {
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

void test_status(hfx_status wanted, hfx_status got, const char *call, const char *file, int line) {
    hfx_error *error = test_error;
    test_error = NULL;
    if (wanted != got) {
        fprintf(stderr, "%s:%d: %s\n  %s instead of %s: %s\n", file, line, call, hfx_status_name(got),
                hfx_status_name(wanted), hfx_error_message(error));
        abort();
    }
    if (wanted == HFX_OK) {
        if (error)
            test_fail("success with an error", file, line);
        return;
    }
    if (!error || hfx_error_status(error) != got || !*hfx_error_message(error))
        test_fail("a failure without its error", file, line);
    hfx_error_free(error);
}

void test_same(const char *a, const char *b, const char *what, const char *file, int line) {
    if (a && b && strcmp(a, b) == 0)
        return;
    fprintf(stderr, "%s:%d: %s: \"%s\" is not \"%s\"\n", file, line, what, a ? a : "(NULL)", b ? b : "(NULL)");
    abort();
}

hfx_options *new_options(void) {
    char cache[4096];
    hfx_options *options = NULL;
    snprintf(cache, sizeof cache, "%s/cache", folder);
    OK(hfx_options_new(&options, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_ENDPOINT, endpoint, ERR));
    OK(hfx_options_set_string(options, HFX_OPT_CACHE_DIR, cache, ERR));
    return options;
}

hfx_client *new_client(void) {
    hfx_options *options = new_options();
    hfx_client *client = NULL;
    OK(hfx_client_open(options, &client, ERR));
    hfx_options_free(options);
    return client;
}

hfx_repo *model(const char *id) {
    hfx_repo *repo = NULL;
    OK(hfx_repo_new(HFX_REPO_MODEL, id, NULL, &repo, ERR));
    return repo;
}

void wait_end(const hfx_job *job) {
    int32_t ended = 0;
    OK(hfx_job_wait(job, 60000, &ended, ERR));
    CHECK(ended == 1);
}

hfx_totals totals(const hfx_progress *progress) {
    hfx_totals all;
    hfx_progress_totals(progress, &all, sizeof all);
    return all;
}

hfx_file_progress file_at(const hfx_progress *progress, size_t index) {
    hfx_file_progress file;
    CHECK(hfx_progress_file(progress, index, &file, sizeof file) == (index < hfx_progress_file_count(progress)));
    return file;
}

/* The job's own end, or why it could not be waited for. */
#define WAITED(name, type, take)                                           \
    hfx_status name(hfx_status started, type out, hfx_error **err) {       \
        hfx_job *job = test_job;                                           \
        test_job = NULL;                                                   \
        *out = 0;                                                          \
        if (started == HFX_OK)                                             \
            started = hfx_job_wait(job, -1, NULL, err);                    \
        if (started == HFX_OK)                                             \
            started = take(job, out, err);                                 \
        hfx_job_free(job);                                                 \
        return started;                                                    \
    }
WAITED(waited_file, hfx_file **, hfx_job_take_file)
WAITED(waited_snapshot, hfx_snapshot **, hfx_job_take_snapshot)
WAITED(waited_bytes, hfx_bytes **, hfx_job_take_bytes)
WAITED(waited_cache, hfx_cache **, hfx_job_take_cache)
WAITED(waited_reply, hfx_reply **, hfx_job_take_reply)
WAITED(waited_history, hfx_history **, hfx_job_take_history)
WAITED(waited_committed, hfx_committed **, hfx_job_take_committed)
WAITED(waited_parts, hfx_parts **, hfx_job_take_parts)
WAITED(waited_exists, int32_t *, hfx_job_take_exists)

static hfx_status check(const hfx_job *job, int *nothing, hfx_error **err) {
    (void)nothing;
    return hfx_job_check(job, err);
}

static WAITED(waited_nothing, int *, check)

hfx_status waited(hfx_status started, hfx_error **err) {
    int nothing;
    return waited_nothing(started, &nothing, err);
}

void end(hfx_client *client) {
    OK(hfx_client_close(client, 10000, ERR));
    hfx_client_free(client);
}

/* One HTTP exchange with the Hub's controls; returns the body. */
static char *control_hub(const char *method, const char *path, const char *body) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *port = strrchr(endpoint, ':');
    address.sin_port = htons((uint16_t)atoi(port + 1));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    size_t size = strlen(body) + 512, length = 0, room = 1 << 16;
    char *request = malloc(size), *answer = malloc(room);
    int n = snprintf(request, size, "%s %s HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                     method, path, strlen(body), body);
    CHECK(write(fd, request, (size_t)n) == n);
    for (ssize_t got; (got = read(fd, answer + length, room - length - 1)) > 0;) {
        length += (size_t)got;
        if (room - length < 2)
            answer = realloc(answer, room *= 2);
    }
    answer[length] = 0;
    close(fd);
    free(request);
    CHECK(strncmp(answer, "HTTP/1.1 200", 12) == 0);
    return answer;
}

void set_faults(const char *json) {
    free(control_hub("PUT", "/_hfx/faults", json));
}

char *take_requests(void) {
    char *answer = control_hub("GET", "/_hfx/requests", "");
    free(control_hub("DELETE", "/_hfx/requests", ""));
    return answer;
}

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void sleep_ms(int ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

static int count_entries(const char *path) {
    DIR *dir = opendir(path);
    int count = 0;
    CHECK(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

int thread_count(void) {
    return count_entries("/proc/self/task");
}

void threads_are(int count) {
    for (double until = now() + 5; thread_count() != count; sleep_ms(1))
        CHECK(now() < until);
}

int descriptor_count(void) {
    return count_entries("/proc/self/fd");
}

void show_descriptors(void) {
    char command[64];
    snprintf(command, sizeof command, "ls -l /proc/%d/fd >&2", (int)getpid());
    if (system(command) != 0)
        fprintf(stderr, "%s failed\n", command);
}

void count_destroyed(void *user) {
    ((counter *)user)->destroyed++;
}

/* Stands before the C library's, for the library under test as well: who reads the environment is seen. */
static char variables_read[4096];
extern char **environ;

char *getenv(const char *name) {
    size_t length = strlen(name), used = strlen(variables_read);
    snprintf(variables_read + used, sizeof variables_read - used, "%s ", name);
    for (char **one = environ; one && *one; one++)
        if (strncmp(*one, name, length) == 0 && (*one)[length] == '=')
            return *one + length + 1;
    return NULL;
}

void no_environment_reads(void) {
    /* Switches that aws-lc reads when it is loaded, and tokio when threads are started; nothing can be done. */
    static const char *const known[] = {"OPENSSL_ia32cap", "TOKIO_UNSTABLE_SHARDED_BLOCKING_QUEUE"};
    for (char *name = strtok(variables_read, " "); name; name = strtok(NULL, " "))
        if (strcmp(name, known[0]) != 0 && strcmp(name, known[1]) != 0)
            test_fail(name, "read from the environment", 0);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } scenarios[] = {
        {"api", api},
        {"hostile", hostile},
        {"callbacks", callbacks},
        {"control", control},
        {"uploads", uploads},
        {"events", events},
        {"threads", threads},
        {"close_leaves_nothing", close_leaves_nothing},
        {"forked", forked},
        {"guest", guest},
        {"memory_is_let_go", memory_is_let_go},
        {"repos", repos},
        {"cycles", cycles},
        {"crowd", crowd},
        {"small_stacks", small_stacks},
        {"few_descriptors", few_descriptors},
    };
    if (argc == 4) {
        endpoint = argv[1];
        folder = argv[2];
        mkdir(folder, 0777);
        alarm(300);
        for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
            if (strcmp(argv[3], scenarios[i].name) == 0) {
                set_faults("[]");
                scenarios[i].run();
                return 0;
            }
    }
    fprintf(stderr, "usage: c_api ENDPOINT FOLDER SCENARIO\n");
    return 2;
}
