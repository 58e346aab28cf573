/* What the C tests share: checks that say where they failed, a client, and the local Hub's controls. */
#ifndef TEST_H
#define TEST_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hfx.h"

/* The Hub under test, and a folder of the scenario's own. */
extern const char *endpoint, *folder;

/* What tests/it/c_api.rs has put on the Hub. */
#define TINY "acme/tiny"       /* config.json (CONFIG), sub/dir/note.txt, empty.txt, "odd name [1]^|%41 \xc3\xbc.txt" */
#define BIG "acme/big"         /* model.bin (BIG_SIZE bytes of big_byte), small.txt */
#define MANY "acme/many"       /* file_00.txt to file_49.txt, each with MANY_SIZE bytes of its number's letter */
#define SECRET "acme/secret"   /* private: answers to the token TOKEN alone; secret.txt */
#define DATASET "acme/rows"    /* a dataset with train.csv */
#define TOKEN "hf_c_tests"
#define CONFIG "{\"model_type\": \"tiny\"}\n"
#define BIG_SIZE (24u << 20)
#define MANY_SIZE 20000

unsigned char big_byte(uint64_t offset);

/* A call that must go well, and one that must fail in one way and tell about it. Inside, ERR is the last argument. */
#define OK(call) test_status(HFX_OK, (call), #call, __FILE__, __LINE__)
#define FAILS(status, call) test_status((status), (call), #call, __FILE__, __LINE__)
#define CHECK(condition) ((condition) ? (void)0 : test_fail(#condition, __FILE__, __LINE__))
#define SAME(a, b) test_same((a), (b), #a, __FILE__, __LINE__)
#define ERR (&test_error)

extern _Thread_local hfx_error *test_error;

void test_status(hfx_status wanted, hfx_status got, const char *call, const char *file, int line);
_Noreturn void test_fail(const char *what, const char *file, int line);
void test_same(const char *a, const char *b, const char *what, const char *file, int line);

/* Options with endpoint and `folder`/cache as the cache; a client of them; a model's name. */
hfx_options *new_options(void);
hfx_client *new_client(void);
hfx_repo *model(const char *id);
void wait_end(const hfx_job *job);

/* The numbers of a progress, and of one file in it. */
hfx_totals totals(const hfx_progress *progress);
hfx_file_progress file_at(const hfx_progress *progress, size_t index);

/* A job that was started at JOB, waited for, and its result: waited_file(hfx_client_..., JOB, ERR), &file, ERR). */
#define JOB (&test_job)
extern _Thread_local hfx_job *test_job;
hfx_status waited(hfx_status started, hfx_error **err);
hfx_status waited_file(hfx_status started, hfx_file **out, hfx_error **err);
hfx_status waited_snapshot(hfx_status started, hfx_snapshot **out, hfx_error **err);
hfx_status waited_bytes(hfx_status started, hfx_bytes **out, hfx_error **err);
hfx_status waited_cache(hfx_status started, hfx_cache **out, hfx_error **err);
hfx_status waited_reply(hfx_status started, hfx_reply **out, hfx_error **err);
hfx_status waited_history(hfx_status started, hfx_history **out, hfx_error **err);
hfx_status waited_committed(hfx_status started, hfx_committed **out, hfx_error **err);
hfx_status waited_parts(hfx_status started, hfx_parts **out, hfx_error **err);
hfx_status waited_exists(hfx_status started, int32_t *out, hfx_error **err);
/* Closes and frees. */
void end(hfx_client *client);

/* The local Hub: what it shall do wrong from now on ("[]": nothing), and the requests since it was last asked. */
void set_faults(const char *json);
char *take_requests(void);

double now(void);
void sleep_ms(int ms);
/* The calling process's threads and descriptors. */
int thread_count(void);
/* Checks that there are so many. A thread that was joined stands in /proc for a moment yet. */
void threads_are(int count);
int descriptor_count(void);
void show_descriptors(void);

/* Nobody in the process has read a variable of the environment so far. */
void no_environment_reads(void);

/* A counter for `void *user`, and its destructor. */
typedef struct counter {
    atomic_int called, destroyed;
} counter;
void count_destroyed(void *user);

/* The scenarios. */
void api(void);
void hostile(void);
void callbacks(void);
void control(void);
void uploads(void);
void events(void);
void threads(void);
void close_leaves_nothing(void);
void forked(void);
void guest(void);
void memory_is_let_go(void);
void repos(void);
void cycles(void);
void crowd(void);
void small_stacks(void);
void few_descriptors(void);

#endif
