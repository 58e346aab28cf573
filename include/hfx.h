/*
 * hfx: files between a program and the Hugging Face Hub.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file, from the Hub into the cache that all Hugging Face tools share, and where it is:
 *
 *     hfx_options *options = NULL; hfx_client *client = NULL; hfx_repo *repo = NULL; hfx_job *job = NULL;
 *     hfx_file *file = NULL; hfx_error *error = NULL;
 *     if (hfx_options_from_env(&options, &error) == HFX_OK
 *         && hfx_client_open(options, &client, &error) == HFX_OK
 *         && hfx_repo_new(HFX_REPO_MODEL, "openai-community/gpt2", NULL, &repo, &error) == HFX_OK
 *         && hfx_client_download_file(client, repo, "config.json", NULL, &job, &error) == HFX_OK
 *         && hfx_job_wait(job, -1, NULL, &error) == HFX_OK
 *         && hfx_job_take_file(job, &file, &error) == HFX_OK)
 *         puts(hfx_file_path(file));
 *     else
 *         fprintf(stderr, "%s\n", hfx_error_message(error));
 *     hfx_file_free(file); hfx_job_free(job); hfx_repo_free(repo);
 *     if (client) hfx_client_close(client, -1, NULL);
 *     hfx_client_free(client); hfx_options_free(options); hfx_error_free(error);
 *
 * THE CONTRACT. Every function below keeps it; what a function adds is said at the function.
 *
 * Calls. A function that can fail returns hfx_status: HFX_OK (0), or a number HFX_E_*. Numbers are never reused.
 * Inputs come first, then outputs, last `hfx_error **err`. A name is hfx_, the handle that it is about, what is done
 * with it. What a function of a client does over time it starts as a job, and its name begins with a verb.
 *
 * Errors. `err` may be NULL. When it is not, *err is set to NULL on success, and on failure to an error that the
 * caller owns and frees with hfx_error_free. It holds the message with its causes, the HTTP status, the server's
 * request id, errno, the URL without secrets, and whether trying again may help. There is no last error kept anywhere
 * else. No message holds a token, a password or a signature.
 *
 * Ownership. A handle returned through a pointer to a non-const pointer (`hfx_job **out_job`) belongs to the caller,
 * who frees it with the _free function of its type, once. A const pointer that a getter returns is lent: it lives as
 * long as the handle it came from, and is not freed. _free(NULL) does nothing. Outputs are NULL (numbers: 0 or the
 * stated neutral value) on failure. Arguments are copied; nothing borrows the caller's memory after a call returns,
 * but hfx_client_read_*_into, which says so.
 *
 * NULL. A NULL where it is not named as allowed is HFX_E_INVALID_ARGUMENT, never a crash. Getters take NULL and
 * answer 0 or NULL. The address of an output handle must not be NULL; outputs that are numbers may be. A text that a
 * getter answers is NULL where there is no such thing (a place behind the last, no pull request), and "" where the
 * thing is there and its text is empty or not known.
 *
 * Strings. In: NUL-terminated UTF-8; other bytes are HFX_E_INVALID_ARGUMENT. Out: NUL-terminated UTF-8. Paths on this
 * machine, in and out, are the platform's bytes on POSIX and UTF-8 on Windows; those that are options are UTF-8
 * everywhere. Sizes are bytes; times are milliseconds and their names end in _ms. Truth values are 0 and 1. Macros
 * stand for numbers that never change; a switch over what the library returns needs a default for those to come.
 *
 * Structs. All is behind handles but hfx_totals and hfx_file_progress, which the caller owns and the library fills.
 * The caller says how large its struct is (sizeof), so programs and libraries of different versions agree.
 *
 * Options. A client has options, and a job may have some of its own, which lie over the client's. HFX_OPT_* below
 * says of each what it holds, its default, whether it is for each job or for the client alone, and the environment
 * variables from which hfx_options_from_env takes it. A value is checked when it is set. hfx_option_* lists them at
 * run time. A NULL set is one in which nothing is set. An empty text, and an empty list, set by a job, lift what the
 * client has set.
 *
 * Threads. A function that takes a handle by const pointer may be called from many threads at once, on the same
 * handle. hfx_options and hfx_commit are builders: they are taken by non-const pointer, one thread at a time. Freeing
 * a handle while another thread uses it is a mistake.
 *
 * Jobs. A long call is a job: it runs on threads of the client and ends exactly once, well or with an error. Wait for
 * it (hfx_job_wait), poll it, get a callback, or watch one descriptor for all jobs (hfx_client_event_fd). Then take
 * its result, once, by the hfx_job_take_* function that the start names, or ask hfx_job_check where it has none.
 * hfx_job_cancel works from any thread, returns at once, and leaves on disk what the same call can go on with. A job
 * outlives its handles. In this order: the last progress callback has returned; hfx_job_wait returns, and polls say
 * that the job has ended; completions are called; the descriptor tells of it.
 *
 * Callbacks. They run on threads of the library, never inside the call that registered them, never under a lock that
 * a call of theirs could need. They may block for a while (but for the log's): other transfers go on. One that gets
 * a stream's bytes keeps its connection meanwhile, of which small files have 24 at most, and 64 callbacks can be
 * blocked at once: none may wait for what another job of the client has yet to bring. They may call the library and
 * free handles, their own job's too, but not wait for a job or close a client: that is HFX_E_WOULD_DEADLOCK. No
 * exception and no longjmp may leave them. Each `void *user` travels with a destructor, called exactly once when the
 * library will not use it any more (NULL: none is wanted): on a thread of the library, or inside the call that lets
 * go last.
 *
 * The process. hfx installs no signal handler, raises no signal (but a mapping may, see hfx_map_open), prints
 * nothing, has no global logger, and reads the environment only in hfx_options_from_env (two switches of libraries in
 * it apart, which change nothing one can see: OPENSSL_ia32cap when it is loaded,
 * TOKIO_UNSTABLE_SHARDED_BLOCKING_QUEUE in hfx_client_open). After fork(), clients, jobs, schedules and commits made
 * before are refused in the child with HFX_E_FORKED, and freeing them there lets go without waiting: make a new
 * client in the child. Options, repositories and results are plain values, good in both. Close a client before it is
 * freed: hfx_client_free alone waits for nothing. After hfx_client_close has said HFX_OK, the client has no thread
 * and no descriptor left.
 *
 * Versions. The ABI is append-only from the first release: a symbol, a number, a default that shipped stays.
 * hfx_version_check(HFX_VERSION_NUMBER, &err) says whether the library that runs fits the header that a program was
 * built with: call it first where the library is shared. What is tried out before the first release may change.
 */


#ifndef HFX_H
#define HFX_H

#include <stddef.h>
#include <stdint.h>

/* Handles are opaque: only pointers to them exist outside of the library. */

/// Version of this header: the major part.
#define HFX_VERSION_MAJOR 0

/// The minor part.
#define HFX_VERSION_MINOR 1

/// The patch part.
#define HFX_VERSION_PATCH 0

/// The version as one number: major * 1000000 + minor * 1000 + patch.
#define HFX_VERSION_NUMBER 1000

/// All went well.
#define HFX_OK 0

/// An argument is malformed; nothing was touched.
#define HFX_E_INVALID_ARGUMENT 1

/// The job was cancelled. Its state on disk can be resumed.
#define HFX_E_CANCELLED 2

/// A bound on time was reached.
#define HFX_E_TIMEOUT 3

/// The call would wait for itself (a wait or close from inside a callback).
#define HFX_E_WOULD_DEADLOCK 4

/// The client, job, schedule or commit was made before fork(), by the parent of this process.
#define HFX_E_FORKED 5

/// A defect in hfx. Please report it.
#define HFX_E_INTERNAL 6

/// The client was closed.
#define HFX_E_CLOSED 7

/// Not possible on this platform or with this server.
#define HFX_E_UNSUPPORTED 8

/// The result was taken already.
#define HFX_E_ALREADY_TAKEN 9

/// The job has not ended yet.
#define HFX_E_NOT_ENDED 10

/// The Hub knows no such repository, or hides it from this token.
#define HFX_E_REPO_NOT_FOUND 20

/// The repository has no such branch, tag or commit.
#define HFX_E_REVISION_NOT_FOUND 21

/// The revision has no such file.
#define HFX_E_ENTRY_NOT_FOUND 22

/// Access has to be asked for on the Hub's page of the repository.
#define HFX_E_GATED 23

/// The token is missing, wrong or expired.
#define HFX_E_UNAUTHORIZED 24

/// The token is known but may not do this.
#define HFX_E_FORBIDDEN 25

/// The rate limit still held when the time for retries was over.
#define HFX_E_RATE_LIMITED 26

/// The Hub has disabled access to the resource.
#define HFX_E_DISABLED 27

/// Another HTTP status that is an error.
#define HFX_E_HTTP 28

/// The server's answer makes no sense (not JSON, missing or wrong headers).
#define HFX_E_PROTOCOL 29

/// The client is offline and the cache does not hold what was asked for.
#define HFX_E_OFFLINE 30

/// Another change came first, or it exists already; the error's commit is the head, where it is known.
#define HFX_E_CONFLICT 31

/// No connection, or it broke, and the time for retries was over.
#define HFX_E_NETWORK 40

/// TLS failed: certificate, handshake or an unusable CA file.
#define HFX_E_TLS 41

/// The proxy refused or could not be used.
#define HFX_E_PROXY 42

/// The bytes do not have the hash they must have; nothing was published.
#define HFX_E_HASH_MISMATCH 50

/// The file changed on the server while it was being fetched.
#define HFX_E_CONTENT_CHANGED 51

/// A hash was required and none is known.
#define HFX_E_NO_HASH 52

/// A file operation failed.
#define HFX_E_IO 60

/// The disk is full or the quota is used up. What was fetched is kept.
#define HFX_E_DISK_FULL 61

/// The file system refuses access.
#define HFX_E_PERMISSION 62

/// A lock was held by somebody else for longer than the wait allows.
#define HFX_E_LOCKED 63

/// The caller's memory is too small for the file.
#define HFX_E_TOO_SMALL 64

/// A file or folder of the cache is not what it must be.
#define HFX_E_CORRUPT_CACHE 65

/// A snapshot in which some files failed; hfx_job_take_outcomes tells of each.
#define HFX_E_INCOMPLETE 70

/// A callback of the host asked to stop, or failed; with its errno when it gave one.
#define HFX_E_CALLBACK 80

/// Address of the Hub or of a server that speaks its API.
/// Text, default "https://huggingface.co"; for each job; environment HF_ENDPOINT.
#define HFX_OPT_ENDPOINT 1

/// Access token; sent to the endpoint's own origin only.
/// Text, never shown; for each job; environment HF_TOKEN, HUGGING_FACE_HUB_TOKEN.
#define HFX_OPT_TOKEN 2

/// The shared cache folder; without one only plain URLs and memory can be downloaded to.
/// Text; for each job; environment HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE.
#define HFX_OPT_CACHE_DIR 3

/// The folder under which assets folders are made.
/// Text; for the client; environment HF_ASSETS_CACHE, HUGGINGFACE_ASSETS_CACHE.
#define HFX_OPT_ASSETS_DIR 4

/// Added to the User-Agent header, as "name/version".
/// Text; for the client; environment HF_HUB_USER_AGENT_ORIGIN.
#define HFX_OPT_USER_AGENT 5

/// Never use the network; answer from the cache or fail.
/// Boolean, default false; for each job; environment HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE.
#define HFX_OPT_OFFLINE 6

/// Most connections open at once; 0 lets hfx find the number that pays.
/// Number from 0 to 1024, default 0; for the client.
#define HFX_OPT_MAX_CONNECTIONS 7

/// Most bytes held in buffers; 0 is the smaller of 256 MiB and an eighth of the memory.
/// Number from 8388608, default 0; for the client.
#define HFX_OPT_MEMORY_BUDGET 8

/// Most bytes received and sent per second, all jobs together; 0 is no limit.
/// Number from 0, default 0; for the client.
#define HFX_OPT_MAX_BYTES_PER_SECOND 9

/// Longest wait for a connection, TLS and proxy included, in milliseconds.
/// Number from 1 to 3600000, default 10000; for each job.
#define HFX_OPT_CONNECT_TIMEOUT_MS 10

/// Longest wait for the head of an answer, in milliseconds.
/// Number from 1 to 3600000, default 30000; for each job.
#define HFX_OPT_HEAD_TIMEOUT_MS 11

/// A connection that brings no byte for this long is dropped and its range asked for again, in milliseconds.
/// Number from 1 to 3600000, default 15000; for each job.
#define HFX_OPT_STALL_TIMEOUT_MS 12

/// A transfer fails after this long without any progress, in milliseconds.
/// Number from 0 to 86400000, default 120000; for each job.
#define HFX_OPT_RETRY_TIMEOUT_MS 13

/// Bytes of one range request; 0 lets hfx choose 4 to 16 MiB.
/// Number from 0 to 1073741824, default 0; for each job.
#define HFX_OPT_PART_SIZE 14

/// What a finished file survives: a power loss, or only the end of the process.
/// "power" or "process", default "power"; for each job.
#define HFX_OPT_DURABILITY 15

/// How bytes reach the file: positioned writes, or a mapping of preallocated space.
/// "write" or "map", default "write"; for each job.
#define HFX_OPT_SINK 16

/// Refuse a file for which no hash is known.
/// Boolean, default false; for each job.
#define HFX_OPT_REQUIRE_HASH 17

/// End a snapshot at its first failed file; false goes on with the others.
/// Boolean, default true; for each job.
#define HFX_OPT_FAIL_FAST 18

/// Proxy for http URLs: http://, socks5:// or socks5h://[user:password@]host:port.
/// Text, never shown; for the client; environment http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY.
#define HFX_OPT_HTTP_PROXY 19

/// Proxy for https URLs; the same forms.
/// Text, never shown; for the client; environment https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY.
#define HFX_OPT_HTTPS_PROXY 20

/// Hosts, domains and networks that are reached without the proxy, separated by commas.
/// Text; for the client; environment no_proxy, NO_PROXY.
#define HFX_OPT_NO_PROXY 21

/// PEM file of trusted certificates, instead of the system's.
/// Text; for the client; environment SSL_CERT_FILE.
#define HFX_OPT_CA_FILE 22

/// Folder of PEM files of trusted certificates, instead of the system's.
/// Text; for the client; environment SSL_CERT_DIR.
#define HFX_OPT_CA_DIR 23

/// Keep blobs once and link to them; false puts the files themselves into snapshots.
/// Boolean, default true; for the client.
#define HFX_OPT_SYMLINKS 24

/// Longest wait for another process that fetches the same file before fetching beside it, in milliseconds.
/// Number from 0 to 3600000, default 10000; for each job.
#define HFX_OPT_LOCK_TIMEOUT_MS 25

/// Send the token over plain http to hosts other than this machine.
/// Boolean, default false; for each job.
#define HFX_OPT_ALLOW_HTTP_TOKEN 26

/// Network threads of the client; 0 is one for each core, at most 8.
/// Number from 0 to 256, default 0; for the client.
#define HFX_OPT_THREADS 27

/// A header for every request to the endpoint, as "Name: value".
/// List of texts; for each job.
#define HFX_OPT_HEADERS 28

/// Answer this job from the cache alone.
/// Boolean, default false; for each job.
#define HFX_OPT_LOCAL_FILES_ONLY 29

/// Do not ask the Hub when the ref and the file are cached.
/// Boolean, default false; for each job.
#define HFX_OPT_PIN 30

/// Download even what the cache holds.
/// Boolean, default false; for each job.
#define HFX_OPT_FORCE 31

/// Say what would be fetched, and fetch nothing.
/// Boolean, default false; for each job.
#define HFX_OPT_DRY_RUN 32

/// Put the files into this folder under their own names, instead of into the cache.
/// Text; for each job.
#define HFX_OPT_LOCAL_DIR 33

/// Pattern of the files of a snapshot to take (fnmatch; * crosses slashes).
/// List of texts; for each job.
#define HFX_OPT_INCLUDE 34

/// Pattern of the files of a snapshot to leave out.
/// List of texts; for each job.
#define HFX_OPT_EXCLUDE 35

/// Most files of one snapshot in work at once; 0 lets hfx find the number.
/// Number from 0 to 4096, default 0; for each job.
#define HFX_OPT_MAX_WORKERS 36

/// The SHA-256 that a plain URL's file must have, 64 hex digits; a file that is there and has it is not fetched.
/// Text; for each job.
#define HFX_OPT_SHA256 37

/// Go on with what an earlier run left; false starts again.
/// Boolean, default true; for each job.
#define HFX_OPT_RESUME 38

/// First line of the commit; without one it says what was uploaded. Text; for each job.
#define HFX_OPT_COMMIT_MESSAGE 39

/// What the commit says below its first line. Text; for each job.
#define HFX_OPT_COMMIT_DESCRIPTION 40

/// The commit that must be the head; without one it is the head, and commits by others that leave the same files alone do
/// not matter. Text; for each job.
#define HFX_OPT_PARENT_COMMIT 41

/// Open a pull request and commit to it. Boolean, default false; for each job.
#define HFX_OPT_CREATE_PR 42

/// Pattern of the files to delete from the repository's folder when a folder is uploaded to it. List of texts; for
/// each job.
#define HFX_OPT_DELETE 43

/// How a folder is committed: at once, or in several commits of a size that the Hub takes well; auto does that for more
/// than 1,000 changed files or 100 MiB of regular content. "auto" or "one" or "paced", default "auto"; for each job.
#define HFX_OPT_COMMITS 44

/// How files to upload are read: positioned reads, or a mapping, which ends the process when somebody truncates the
/// file meanwhile. "read" or "map", default "read"; for each job.
#define HFX_OPT_SOURCE 45

/// Folder in which uploads remember hashes and parts, to go on after a crash; without one they remember nothing. Text;
/// for each job.
#define HFX_OPT_STATE_DIR 46

/// Jobs of one client with the same number run one after another, in the order of their start; 0 does not wait. Number
/// from 0, default 0; for each job.
#define HFX_OPT_SEQUENCE 47

/// Making a repository, branch or tag that is there already is a success.
/// Boolean, default false; for each job.
#define HFX_OPT_EXIST_OK 48

/// Deleting a repository, branch or tag that is not there is a success.
/// Boolean, default false; for each job.
#define HFX_OPT_MISSING_OK 49

/// Who may see a repository that is made or changed (protected: Spaces only); unset leaves it to the Hub.
/// "public" or "private" or "protected", default ""; for each job.
#define HFX_OPT_VISIBILITY 50

/// What a Space that is made runs on.
/// "gradio" or "streamlit" or "docker" or "static", default ""; for each job.
#define HFX_OPT_SPACE_SDK 51

/// How access to a repository whose settings are changed has to be asked for; unset leaves it as it is.
/// "auto" or "manual" or "false", default ""; for each job.
#define HFX_OPT_GATED 52

/// The etag that a file to read or download must have; another one ends the job as changed content.
/// Text; for each job.
#define HFX_OPT_IF_MATCH 53

/// Path of a file to take, exactly as written, beside what include lets through; one that the repository lacks is an
/// error. List of texts; for each job.
#define HFX_OPT_FILES 54

/// Longest wait for the answer to work that the Hub was given: a commit, the joining of an object's parts, a change of a
/// repository; in milliseconds. Number from 1 to 3600000, default 600000; for each job.
#define HFX_OPT_WORK_TIMEOUT_MS 55

/// An option that holds 0 or 1.
#define HFX_TYPE_BOOL 1

/// An option that holds a number.
#define HFX_TYPE_INT 2

/// An option that holds a text.
#define HFX_TYPE_STRING 3

/// An option that holds a text that is never shown.
#define HFX_TYPE_SECRET 4

/// An option that holds texts; hfx_options_set_string adds one, hfx_options_set_strings sets all.
#define HFX_TYPE_LIST 5

/// An option that holds one of a few named values.
#define HFX_TYPE_CHOICE 6

/// Something failed that no job tells of, as one commit of a schedule.
#define HFX_LOG_ERROR 1

/// Something is odd, and was dealt with: a try that is made again, a connection that was dropped, a file left out.
#define HFX_LOG_WARN 2

/// What a user may want to know: decisions that change how fast or whence files come.
#define HFX_LOG_INFO 3

/// What a developer may want to know: requests, connections, parts.
#define HFX_LOG_DEBUG 4

/// A model.
#define HFX_REPO_MODEL 1

/// A dataset.
#define HFX_REPO_DATASET 2

/// A space.
#define HFX_REPO_SPACE 3

/// A kernel.
#define HFX_REPO_KERNEL 4

/// The look-up found the file.
#define HFX_LOOKUP_FOUND 1

/// The repository is known not to have the file at that commit.
#define HFX_LOOKUP_MISSING 2

/// Nothing is known of the file.
#define HFX_LOOKUP_UNKNOWN 3

/// All is well: go on.
#define HFX_CONTINUE 0

/// Ends the job with `HFX_E_CALLBACK`. So does a negative errno, as -EPIPE, which is then the error's
/// hfx_error_os_error.
#define HFX_STOP 1

/// Not begun.
#define HFX_FILE_WAITING 0

/// Under way.
#define HFX_FILE_RUNNING 1

/// In place, fetched or sent now.
#define HFX_FILE_DONE 2

/// In place before; nothing was fetched or sent.
#define HFX_FILE_CACHED 3

/// Ended with an error.
#define HFX_FILE_FAILED 4

/// A dry run: would be fetched.
#define HFX_FILE_PLANNED 5

/// Left unfinished: cancelled, or its job ended before its turn.
#define HFX_FILE_CANCELLED 6

/// Nothing was checked now: a file of the cache is trusted by its name.
#define HFX_VERIFIED_NONE 0

/// The hash of the bytes is right.
#define HFX_VERIFIED_HASH 1

/// No hash is known; the length is right.
#define HFX_VERIFIED_LENGTH 2

/// A branch.
#define HFX_REF_BRANCH 1

/// A tag.
#define HFX_REF_TAG 2

/// A conversion (`refs/convert/...`).
#define HFX_REF_CONVERT 3

/// A pull request (`refs/pr/N`).
#define HFX_REF_PULL_REQUEST 4

/// The content is part of the commit.
#define HFX_COMMITTED_REGULAR 1

/// The content is an LFS object.
#define HFX_COMMITTED_LFS 2

/// Left out: the repository holds the same.
#define HFX_COMMITTED_UNCHANGED 3

/// Left out by the repository's `.gitignore`.
#define HFX_COMMITTED_IGNORED 4

/// Deleted; a folder, with all that was in it, has a slash at its end.
#define HFX_COMMITTED_DELETED 5

/// The memory is for reading: writing to it ends the process.
#define HFX_MAP_READ 1

/// The memory may be written to (hfx_map_data gives a const pointer: cast it). What is written stays in this process,
/// and never reaches the file.
#define HFX_MAP_COPY 2

/// Bytes of a remote file. Immutable; may be read from many threads.
typedef struct hfx_bytes hfx_bytes;

/// A cache as it was when it was looked over. Immutable; may be read from many threads.
typedef struct hfx_cache hfx_cache;

/// A client. It owns threads, connections and budgets (connections, memory, bytes per second), which all its jobs
/// share; several clients live side by side. May be used from many threads.
typedef struct hfx_client hfx_client;

/// The operations of a commit to come. A builder: one thread at a time, and `HFX_E_LOCKED` while a job works on it.
typedef struct hfx_commit hfx_commit;

/// What a commit, an upload, a preupload or a schedule came to. Immutable; may be read from many threads.
typedef struct hfx_committed hfx_committed;

/// What will be deleted; nothing is until hfx_client_delete_cached. Immutable; may be read from many threads.
typedef struct hfx_deletion hfx_deletion;

/// A failure: what, on what, why. Owned by whoever received it; its strings live as long as it does.
/// Immutable; may be read from many threads.
typedef struct hfx_error hfx_error;

/// A file that is where it was wanted. Immutable; may be read from many threads.
typedef struct hfx_file hfx_file;

/// Commits, newest first. Immutable; may be read from many threads.
typedef struct hfx_history hfx_history;

/// What the Hub says of a repository. Immutable; may be read from many threads.
typedef struct hfx_info hfx_info;

/// A job: work on the library's threads. The handle may be used from many threads; freeing it changes nothing about
/// the work, which goes on to its end.
typedef struct hfx_job hfx_job;

/// A finished file as memory. May be read from many threads.
typedef struct hfx_map hfx_map;

/// What the Hub says of a file. Immutable; may be read from many threads.
typedef struct hfx_meta hfx_meta;

/// One row of the table of options. Static.
typedef struct hfx_option hfx_option;

/// A set of options: a builder, used by one thread at a time. A client or a job copies what it needs, so it may be
/// changed or freed right after. Given to hfx_client_open, they are the client's, and the default of all its jobs;
/// given with a job, they lie over the client's, option by option (a list takes the place of the client's list). With a
/// job, an option that is for the client alone is `HFX_E_INVALID_ARGUMENT`. What nobody has set has its default.
typedef struct hfx_options hfx_options;

/// The answers of a store to the parts of a file, in their order. Immutable; may be read from many threads.
typedef struct hfx_parts hfx_parts;

/// The numbers of a job at one moment, for all its files and for each. Immutable; may be read from many threads.
typedef struct hfx_progress hfx_progress;

/// Branches, tags, conversions and pull requests. Immutable; may be read from many threads.
typedef struct hfx_refs hfx_refs;

/// An answer of the Hub. Immutable; may be read from many threads.
typedef struct hfx_reply hfx_reply;

/// A repository's name, with the revision that is meant. Immutable; may be read from many threads.
typedef struct hfx_repo hfx_repo;

/// The host's side of a schedule. May be used from many threads. Freeing it changes nothing about the job.
typedef struct hfx_schedule hfx_schedule;

/// A snapshot: a folder and its files. Immutable; may be read from many threads.
typedef struct hfx_snapshot hfx_snapshot;

/// A text that is handed out by itself: read with hfx_string_text, freed with hfx_string_free.
typedef struct hfx_string hfx_string;

/// The files of a repository at a commit. Immutable; may be read from many threads.
typedef struct hfx_tree hfx_tree;

/// What a verification found. Immutable; may be read from many threads.
typedef struct hfx_verification hfx_verification;

/// What a function returns: `HFX_OK`, or one of `HFX_E_*`.
typedef int32_t hfx_status;

/// Gets a job's progress. `job` and `progress` are lent for the call (hfx_job_clone gives a job to keep); it may come
/// before the function that started the job has returned. Called on a thread of the library, never two at once for one
/// job; it may take its time (the transfer goes on), must not wait for a job or close a client, and no exception or
/// longjmp may leave it. To stop the job, call hfx_job_cancel.
typedef void (*hfx_progress_fn)(const hfx_job *job, const hfx_progress *progress, void *user);

/// Called once when a job has ended, after its last progress; its result can be taken then. `job` is lent for the call:
/// not to be freed (hfx_job_clone gives one to keep). On a thread of the library; it must not wait for a job or close a
/// client, and no exception or longjmp may leave it. A thread that waits for the job may be awake before this is
/// called.
typedef void (*hfx_done_fn)(const hfx_job *job, void *user);

/// Gets a message: its level, its target (the part of the library: "net", "transfer", "client"), and one line of text
/// without secrets. The strings are valid during the call. Called on threads of the library, several at once; it must
/// return soon, since connections wait for it, and must not wait for a job.
typedef void (*hfx_log_fn)(int32_t level, const char *target, const char *message, void *user);

/// Is told which file a stream is of, once, before its first chunk: commit, etag and size. `meta` is lent for the call.
/// Returns `HFX_CONTINUE`, `HFX_STOP` or a negative errno. All else as for hfx_chunk_fn.
typedef int32_t (*hfx_start_fn)(const hfx_meta *meta, void *user);

/// Gets a chunk of a file, in order, each byte once: `offset` counts from the start of what was asked for. The bytes
/// are valid during the call. Returns `HFX_CONTINUE`, `HFX_STOP` or a negative errno. On a thread of the library;
/// blocking it holds the transfer back, and never two at once for one job. It must not wait for a job or close a
/// client, and no exception or longjmp may leave it. What came before the end is proven only when the job has ended
/// well. None begins after the job's end; one that is blocked while the job is cancelled may still be running then:
/// what it uses is for the destructor of `user` to free.
typedef int32_t (*hfx_chunk_fn)(uint64_t offset, const void *bytes, size_t length, void *user);

/// The sums of a job's files. Later versions may add fields at the end.
typedef struct {
    /// Files of the job, as far as known.
    uint64_t files;
    /// Files that have ended well.
    uint64_t files_done;
    /// Files that have failed.
    uint64_t files_failed;
    /// Bytes of all files, as far as known.
    uint64_t bytes;
    /// Bytes in place: fetched, restored from an earlier run, or cached; of an upload stored by the server; of a deletion
    /// freed.
    uint64_t bytes_done;
    /// Bytes that came over the network in this job.
    uint64_t bytes_received;
    /// Bytes that an earlier run had left and that were not fetched again.
    uint64_t bytes_restored;
    /// Bytes that went out over the network in this job; what was sent again counts again.
    uint64_t bytes_sent;
    /// Bytes that were hashed, of an upload before they are sent.
    uint64_t bytes_hashed;
} hfx_totals;

/// One file of a job. Its pointers are lent by the progress. Later versions may add fields at the end.
typedef struct {
    /// Its path in the repository, or the last part of its URL.
    const char *name;
    /// Its size in bytes, 0 while unknown.
    uint64_t bytes;
    /// Bytes in place.
    uint64_t bytes_done;
    /// Bytes that came over the network in this job.
    uint64_t bytes_received;
    /// Bytes that an earlier run had left and that were not fetched again.
    uint64_t bytes_restored;
    /// Bytes that went out over the network in this job; what was sent again counts again.
    uint64_t bytes_sent;
    /// Bytes that were hashed, of an upload before they are sent.
    uint64_t bytes_hashed;
    /// Why it failed; NULL when it has not. Not to be freed (hfx_error_clone gives one to keep).
    const hfx_error *error;
    /// How far it is, one of `HFX_FILE_*`.
    int32_t state;
} hfx_file_progress;

/// Reads content for an upload: puts `length` bytes from `offset` on into `buffer` and returns how many it put there.
/// Less than asked for is asked for again; 0 is a failure, and so is a negative errno, as -EIO, which is then the
/// error's hfx_error_os_error. Called from several threads at once, for the same bytes more than once (they are hashed
/// before they are sent) and in any order; never outside of the size that was given. On a thread of the library; it
/// must not wait for a job or close a client, and no exception or longjmp may leave it. When the job is cancelled, bytes
/// that are being asked for may still be read, by several calls, after its end: what it uses is for the destructor of
/// `user` to free.
typedef int64_t (*hfx_read_fn)(uint64_t offset, void *buffer, size_t length, void *user);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// The version of the library that runs, as `HFX_VERSION_NUMBER`.
uint32_t hfx_version_number(void);

/// The version of the library that runs, as "0.1.0". Static.
const char *hfx_version_string(void);

/// Checks that the library fits the header a program was built with: call it with `HFX_VERSION_NUMBER`.
/// Fails with `HFX_E_UNSUPPORTED` when the library is older, or of another major version.
hfx_status hfx_version_check(uint32_t header, hfx_error **err);

/// The name of a status, as "DISK_FULL"; "OK" for 0, "UNKNOWN" for a number that is none. Static; never NULL.
const char *hfx_status_name(hfx_status status);

/// The status of an error; `HFX_OK` for NULL.
hfx_status hfx_error_status(const hfx_error *error);

/// The whole message, in one line, with its causes; it names what failed and on what, and holds no secret. Never
/// NULL; empty for a NULL error.
const char *hfx_error_message(const hfx_error *error);

/// The HTTP status behind an error; 0 when no answer is behind it.
int32_t hfx_error_http_status(const hfx_error *error);

/// The id under which the server logged the request; NULL when there is none.
const char *hfx_error_request_id(const hfx_error *error);

/// The URL, without user information and query; NULL when there is none.
const char *hfx_error_url(const hfx_error *error);

/// The commit that the server named: of a missing file its revision, of a `HFX_E_CONFLICT` the head; NULL when none.
const char *hfx_error_commit(const hfx_error *error);

/// The operating system's error number (errno); 0 when there is none.
int32_t hfx_error_os_error(const hfx_error *error);

/// 1 when the same call may succeed later, else 0.
int32_t hfx_error_retryable(const hfx_error *error);

/// Copies an error, as one that is lent, to keep it.
/// On success `*out_error` is the copy, to be freed with hfx_error_free.
hfx_status hfx_error_clone(const hfx_error *error, hfx_error **out_error, hfx_error **err);

/// Frees an error; not one that is lent. NULL is fine.
void hfx_error_free(hfx_error *error);

/// Makes an empty set: everything at its default.
/// On success `*out_options` is the set, to be freed with hfx_options_free.
hfx_status hfx_options_new(hfx_options **out_options, hfx_error **err);

/// Makes a set from the environment of the process: HF_HOME, HF_TOKEN, HF_ENDPOINT, proxies, certificates and the
/// token file, as the Python client reads them. Nothing else in the library reads the environment.
/// On success `*out_options` is the set, to be freed with hfx_options_free. Not to be called while another thread
/// changes the environment.
hfx_status hfx_options_from_env(hfx_options **out_options,
                                hfx_error **err);

/// As hfx_options_from_env, from `count` variables that the caller names: for hosts that keep an environment of their
/// own, or whose other threads change the process's. A NULL value is a variable that is not set. The token file and the
/// home folder are found by HOME, HF_HOME and HF_TOKEN_PATH among them.
/// On success `*out_options` is the set, to be freed with hfx_options_free.
hfx_status hfx_options_from_vars(const char *const *names,
                                 const char *const *values,
                                 size_t count,
                                 hfx_options **out_options,
                                 hfx_error **err);

/// Copies a set, callbacks included (their user data is shared, and destroyed once, with the last copy).
/// On success `*out_options` is the copy, to be freed with hfx_options_free.
hfx_status hfx_options_clone(const hfx_options *options, hfx_options **out_options, hfx_error **err);

/// Frees a set. NULL is fine. User data of its callbacks is destroyed when no job uses it any more.
void hfx_options_free(hfx_options *options);

/// Sets a boolean option: 0 is false, 1 is true, other values are refused.
hfx_status hfx_options_set_bool(hfx_options *options, int32_t option, int32_t on, hfx_error **err);

/// Sets a number, in the unit that the option's name says (bytes, milliseconds, connections).
hfx_status hfx_options_set_int(hfx_options *options, int32_t option, int64_t number, hfx_error **err);

/// Sets a text, a secret or a choice; adds one text to a list. The text is copied. An empty one counts as none: with a
/// job, an empty `token` sends none though the client has one.
hfx_status hfx_options_set_string(hfx_options *options,
                                  int32_t option,
                                  const char *string,
                                  hfx_error **err);

/// Sets a list to these texts, in place of what it held; without any it is empty, and with a job lifts the client's
/// list.
hfx_status hfx_options_set_strings(hfx_options *options,
                                   int32_t option,
                                   const char *const *strings,
                                   size_t count,
                                   hfx_error **err);

/// Sets any option by its name, from text: "true", "64M", "process".
hfx_status hfx_options_set_by_name(hfx_options *options,
                                   const char *name,
                                   const char *string,
                                   hfx_error **err);

/// Forgets what was set: the option has its default again.
hfx_status hfx_options_unset(hfx_options *options, int32_t option, hfx_error **err);

/// The same, by the option's name.
hfx_status hfx_options_unset_by_name(hfx_options *options, const char *name, hfx_error **err);

/// What an option holds, as text; a secret shows as "***".
/// On success `*out_text` is the text, valid until the next call with these options.
hfx_status hfx_options_get(hfx_options *options, int32_t option, const char **out_text, hfx_error **err);

/// Sets what is called with the progress of each job of these options (the client's, or one job's in place of the
/// client's): at most ten times a second, and once at the end with the final numbers, before the completion and before
/// hfx_job_wait returns. `user` is handed through; `destroy`, when not NULL, is called on it exactly once, also when
/// this call fails. A NULL `callback` takes the callback away.
hfx_status hfx_options_set_progress_fn(hfx_options *options,
                                       hfx_progress_fn callback,
                                       void *user,
                                       void (*destroy)(void *user),
                                       hfx_error **err);

/// Sets what is called once when a job of these options has ended; its result can be taken then. All else as for
/// hfx_options_set_progress_fn.
hfx_status hfx_options_set_done_fn(hfx_options *options,
                                   hfx_done_fn callback,
                                   void *user,
                                   void (*destroy)(void *user),
                                   hfx_error **err);

/// Sets what a client made with these options tells of its work: messages of `level` (`HFX_LOG_*`) and more urgent
/// ones, from many threads at once. Off by default; with a job's options it has no effect. All else as for
/// hfx_options_set_progress_fn.
hfx_status hfx_options_set_log_fn(hfx_options *options,
                                  int32_t level,
                                  hfx_log_fn callback,
                                  void *user,
                                  void (*destroy)(void *user),
                                  hfx_error **err);

/// How many options there are.
size_t hfx_option_count(void);

/// The option at a place of the table; NULL behind the last. Static.
const hfx_option *hfx_option_at(size_t index);

/// The option of a name; NULL when there is none. Static.
const hfx_option *hfx_option_by_name(const char *name);

/// The number of an option, one of `HFX_OPT_*`; 0 for NULL.
int32_t hfx_option_id(const hfx_option *option);

/// Its name; NULL for NULL.
const char *hfx_option_name(const hfx_option *option);

/// What it does, in one line; NULL for NULL.
const char *hfx_option_doc(const hfx_option *option);

/// Its default as text, empty when it has none; NULL for NULL.
const char *hfx_option_default(const hfx_option *option);

/// What it holds, one of `HFX_TYPE_*`; 0 for NULL.
int32_t hfx_option_type(const hfx_option *option);

/// The least and greatest number of an `HFX_TYPE_INT` option (0 is allowed as well where 0 is the default); 0 and 0 for
/// others. Either output may be NULL.
void hfx_option_bounds(const hfx_option *option,
                       int64_t *out_min,
                       int64_t *out_max);

/// 1 when jobs of one client may have different values, 0 when the option belongs to the client.
int32_t hfx_option_per_job(const hfx_option *option);

/// The environment variables that hfx_options_from_env reads for it, by index; NULL behind the last.
const char *hfx_option_env(const hfx_option *option, size_t index);

/// The values of an `HFX_TYPE_CHOICE` option, by index; NULL behind the last.
const char *hfx_option_choice(const hfx_option *option, size_t index);

/// Names a repository: its kind (`HFX_REPO_*`), "owner/name" or "name", and a branch, tag, commit or `refs/pr/N`
/// (NULL is the main branch).
/// On success `*out_repo` is the name, to be freed with hfx_repo_free. Makes no request.
hfx_status hfx_repo_new(int32_t kind,
                        const char *id,
                        const char *revision,
                        hfx_repo **out_repo,
                        hfx_error **err);

/// Reads a repository from text: "owner/name", "hf://datasets/owner/name@revision/path" or a web address on the Hub.
/// The path, if the text names one, is hfx_repo_path.
/// On success `*out_repo` is the name, to be freed with hfx_repo_free. Makes no request.
hfx_status hfx_repo_parse(const char *string,
                          hfx_repo **out_repo,
                          hfx_error **err);

/// Its kind, one of `HFX_REPO_*`; 0 for NULL.
int32_t hfx_repo_kind(const hfx_repo *repo);

/// "owner/name". NULL for NULL.
const char *hfx_repo_id(const hfx_repo *repo);

/// The revision; NULL when none was named.
const char *hfx_repo_revision(const hfx_repo *repo);

/// The path within the repository that hfx_repo_parse found; NULL when there was none.
const char *hfx_repo_path(const hfx_repo *repo);

/// Frees it. NULL is fine.
void hfx_repo_free(hfx_repo *repo);

/// Makes a client with a copy of these options (NULL: all defaults, so no cache folder). Starts its threads; opens
/// no connection and no file.
/// On success `*out_client` is the client, to be freed with hfx_client_free.
hfx_status hfx_client_open(const hfx_options *options,
                           hfx_client **out_client,
                           hfx_error **err);

/// Cancels all jobs and waits, at most `timeout_ms` milliseconds (-1: for ever), until every thread of the client has
/// ended. After that no callback runs, and no descriptor is open. `HFX_E_TIMEOUT` when it takes longer (a callback that
/// has not returned, a system call that the kernel does not give back): callable again, and the threads end also when it
/// is not. From the first call on, new jobs are refused with `HFX_E_CLOSED`. Inside a callback:
/// `HFX_E_WOULD_DEADLOCK`, but for a wait of 0, which tells all to end.
hfx_status hfx_client_close(const hfx_client *client,
                            int64_t timeout_ms,
                            hfx_error **err);

/// Frees a client. Close it first: one that was not closed is told to end, without waiting, and its callbacks may still
/// run for a moment. Handles of its jobs and results stay good. In a forked child it only lets go. NULL is fine.
void hfx_client_free(hfx_client *client);

/// Changes the cap on connections while jobs run; 0 lets hfx find the number that pays.
hfx_status hfx_client_set_max_connections(const hfx_client *client, int64_t most, hfx_error **err);

/// Changes the cap on bytes per second, all jobs together, while jobs run; 0 is none.
hfx_status hfx_client_set_max_rate(const hfx_client *client, int64_t bytes_per_second, hfx_error **err);

/// One descriptor for event loops (poll, epoll, kqueue), made at the first call: readable while a job that ended since
/// then waits for hfx_client_next_job. Level-triggered; owned by the client: neither read nor close it. It may be
/// duplicated (dup), for an event loop that closes what it is given; the copy tells nothing more after
/// hfx_client_close.
/// On success `*out_fd` is the descriptor, good until hfx_client_close or hfx_client_free.
hfx_status hfx_client_event_fd(const hfx_client *client,
                               int32_t *out_fd,
                               hfx_error **err);

/// The next job that has ended since hfx_client_event_fd was first called; hfx_job_id says which it is. Each comes
/// once.
/// On success `*out_job` is a handle of its own, to be freed with hfx_job_free, or NULL when there is none.
hfx_status hfx_client_next_job(const hfx_client *client,
                               hfx_job **out_job,
                               hfx_error **err);

/// What the cache knows of a file of `repo` at its revision, without network and without writing. `options` may name
/// another cache folder.
/// On success `*out_state` is one of `HFX_LOOKUP_*`, and with `HFX_LOOKUP_FOUND` `*out_file` is the file, to be freed
/// with hfx_file_free (else NULL).
hfx_status hfx_client_lookup(const hfx_client *client,
                             const hfx_repo *repo,
                             const char *file_path,
                             const hfx_options *options,
                             int32_t *out_state,
                             hfx_file **out_file,
                             hfx_error **err);

/// Starts the download of one file of `repo` into the cache (or into the folder of the option `local_dir`): in
/// parallel, resumed where an earlier run ended, its hash checked before it becomes visible. `file_path` is the path in
/// the repository, as "folder/file". `options` (NULL: none) are this job's own; see hfx_options. The result is taken
/// with hfx_job_take_file.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_download_file(const hfx_client *client,
                                    const hfx_repo *repo,
                                    const char *file_path,
                                    const hfx_options *options,
                                    hfx_job **out_job,
                                    hfx_error **err);

/// Starts the download of all files of `repo` at its revision, or of those that the options `include`, `exclude` and
/// `files` let through. The result is taken with hfx_job_take_snapshot.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_download_snapshot(const hfx_client *client,
                                        const hfx_repo *repo,
                                        const hfx_options *options,
                                        hfx_job **out_job,
                                        hfx_error **err);

/// Starts the download of any http or https URL to a path, whose folder is made when it is missing and whose file is
/// replaced when all has come; the option `sha256` says what it must be. The result is taken with hfx_job_take_file.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_download_url(const hfx_client *client,
                                   const char *url,
                                   const char *to_path,
                                   const hfx_options *options,
                                   hfx_job **out_job,
                                   hfx_error **err);

/// Starts a read of `length` bytes from `offset` on (-1: to the end) of a file of `repo` into memory, without the disk;
/// from the cache when it holds the file at that commit. A range that ends behind the file is shortened; one that
/// begins behind it is `HFX_E_INVALID_ARGUMENT`. The result is taken with hfx_job_take_bytes.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_read_file(const hfx_client *client,
                                const hfx_repo *repo,
                                const char *file_path,
                                uint64_t offset,
                                int64_t length,
                                const hfx_options *options,
                                hfx_job **out_job,
                                hfx_error **err);

/// As hfx_client_read_file, of any http or https URL.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_read_url(const hfx_client *client,
                               const char *url,
                               uint64_t offset,
                               int64_t length,
                               const hfx_options *options,
                               hfx_job **out_job,
                               hfx_error **err);

/// As hfx_client_read_file, straight into the caller's memory, which must stay and must not be touched until the job
/// has ended (its completion, or hfx_job_wait; closing the client ends it too). From then on the library does not touch
/// it, also when the job was cancelled. Memory that is too small is `HFX_E_TOO_SMALL`. Memory mapped from a file is
/// fine.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_read_file_into(const hfx_client *client,
                                     const hfx_repo *repo,
                                     const char *file_path,
                                     uint64_t offset,
                                     int64_t length,
                                     void *memory,
                                     size_t memory_length,
                                     const hfx_options *options,
                                     hfx_job **out_job,
                                     hfx_error **err);

/// As hfx_client_read_file_into, of any http or https URL.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_read_url_into(const hfx_client *client,
                                    const char *url,
                                    uint64_t offset,
                                    int64_t length,
                                    void *memory,
                                    size_t memory_length,
                                    const hfx_options *options,
                                    hfx_job **out_job,
                                    hfx_error **err);

/// As hfx_client_read_file, handing the bytes to a callback in their order while ranges are fetched in parallel.
/// `begun`, when not NULL, is called before the first of them. `user` is handed to both; `destroy`, when not NULL, is
/// called on it exactly once, also when this call fails. The result, with what was proven, is taken with
/// hfx_job_take_bytes.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_stream_file(const hfx_client *client,
                                  const hfx_repo *repo,
                                  const char *file_path,
                                  uint64_t offset,
                                  int64_t length,
                                  hfx_start_fn begun,
                                  hfx_chunk_fn callback,
                                  void *user,
                                  void (*destroy)(void *user),
                                  const hfx_options *options,
                                  hfx_job **out_job,
                                  hfx_error **err);

/// As hfx_client_stream_file, of any http or https URL.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_stream_url(const hfx_client *client,
                                 const char *url,
                                 uint64_t offset,
                                 int64_t length,
                                 hfx_start_fn begun,
                                 hfx_chunk_fn callback,
                                 void *user,
                                 void (*destroy)(void *user),
                                 const hfx_options *options,
                                 hfx_job **out_job,
                                 hfx_error **err);

/// Starts asking the Hub about a file of `repo`: commit, etag, size. The result is taken with hfx_job_take_meta.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_get_file_meta(const hfx_client *client,
                                    const hfx_repo *repo,
                                    const char *file_path,
                                    const hfx_options *options,
                                    hfx_job **out_job,
                                    hfx_error **err);

/// Starts asking the Hub about `repo` at its revision. The result is taken with hfx_job_take_info.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_get_repo_info(const hfx_client *client,
                                    const hfx_repo *repo,
                                    const hfx_options *options,
                                    hfx_job **out_job,
                                    hfx_error **err);

/// Starts listing the files of `repo` at its revision, below `folder` when it is neither NULL nor empty. Offline it
/// answers from the cache: with the listing of the revision's last commit, else with the files that are there. The
/// result is taken with hfx_job_take_tree.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_list_files(const hfx_client *client,
                                 const hfx_repo *repo,
                                 const char *folder,
                                 const hfx_options *options,
                                 hfx_job **out_job,
                                 hfx_error **err);

/// Starts listing the branches, tags and conversions of `repo`, and its pull requests when `pull_requests` is 1 (else
/// 0). The result is taken with hfx_job_take_refs.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_list_refs(const hfx_client *client,
                                const hfx_repo *repo,
                                int32_t pull_requests,
                                const hfx_options *options,
                                hfx_job **out_job,
                                hfx_error **err);

/// The job's number, unique within its client; 0 for NULL.
uint64_t hfx_job_id(const hfx_job *job);

/// A second handle of the same job, as of one that a callback lends.
/// On success `*out_job` is the handle, to be freed with hfx_job_free.
hfx_status hfx_job_clone(const hfx_job *job, hfx_job **out_job, hfx_error **err);

/// Waits until the job has ended, at most `timeout_ms` milliseconds; -1 is for ever.
/// On success `*out_ended` is 1 when it has ended, 0 when the time was over first; it may be NULL. How the job ended
/// says hfx_job_check, or the take function of its kind. The last call with its progress has returned by then, the one
/// with its completion maybe not. Inside a callback: `HFX_E_WOULD_DEADLOCK`.
hfx_status hfx_job_wait(const hfx_job *job,
                        int64_t timeout_ms,
                        int32_t *out_ended,
                        hfx_error **err);

/// Whether the job has ended, at once: `*out_ended` is 1 or 0.
hfx_status hfx_job_poll(const hfx_job *job, int32_t *out_ended, hfx_error **err);

/// Calls `callback` once when the job has ended, after the one of its options; soon, when it has ended by now. `user`
/// is handed through; `destroy`, when not NULL, is called on it exactly once, also when this call fails. `HFX_E_CLOSED`
/// when the job has ended and its client is closed; a client that is closed in the same moment may leave the callback
/// out.
hfx_status hfx_job_on_done(const hfx_job *job,
                           hfx_done_fn callback,
                           void *user,
                           void (*destroy)(void *user),
                           hfx_error **err);

/// Asks the job to end, from any thread, also from a callback; returns at once, and any number of calls is one. The
/// one completion still comes: with `HFX_E_CANCELLED`, or with the result when it was already there. What is on
/// disk can be resumed by the same call. Memory that was lent to the job is the caller's again when this returns.
void hfx_job_cancel(const hfx_job *job);

/// Asks the job to keep its state and use neither network nor disk until hfx_job_resume. Returns at once, from any
/// thread. A paused job can be cancelled.
void hfx_job_pause(const hfx_job *job);

/// Lets a paused job go on. Returns at once, from any thread.
void hfx_job_resume(const hfx_job *job);

/// How the job ended, taking nothing: `HFX_OK` when it ended well, its own error when it failed, as often as it is
/// asked for; `HFX_E_NOT_ENDED` before.
hfx_status hfx_job_check(const hfx_job *job,
                         hfx_error **err);

/// Takes the result of a file download. Every take function: the job must have ended (else `HFX_E_NOT_ENDED`); gives
/// the job's own error when it failed, as often as it is called; hands the result out once (then
/// `HFX_E_ALREADY_TAKEN`); refuses a job of another kind with `HFX_E_INVALID_ARGUMENT`, and its result stays.
/// On success `*out_file` is the file, to be freed with hfx_file_free.
hfx_status hfx_job_take_file(const hfx_job *job,
                             hfx_file **out_file,
                             hfx_error **err);

/// Takes the result of a snapshot download. When files of it have failed: `HFX_E_INCOMPLETE`, and hfx_job_take_outcomes
/// gives what there is.
/// On success `*out_snapshot` is the snapshot, to be freed with hfx_snapshot_free.
hfx_status hfx_job_take_snapshot(const hfx_job *job,
                                 hfx_snapshot **out_snapshot,
                                 hfx_error **err);

/// Takes a snapshot with the files that failed or were left out as well: hfx_file_state and hfx_file_error tell of
/// each. It goes well where hfx_job_take_snapshot gives `HFX_E_INCOMPLETE`.
/// On success `*out_snapshot` is the snapshot, to be freed with hfx_snapshot_free.
hfx_status hfx_job_take_outcomes(const hfx_job *job,
                                 hfx_snapshot **out_snapshot,
                                 hfx_error **err);

/// Takes the result of a read.
/// On success `*out_bytes` is what was read, to be freed with hfx_bytes_free.
hfx_status hfx_job_take_bytes(const hfx_job *job, hfx_bytes **out_bytes, hfx_error **err);

/// Takes what the Hub says of a file.
/// On success `*out_meta` is it, to be freed with hfx_meta_free.
hfx_status hfx_job_take_meta(const hfx_job *job, hfx_meta **out_meta, hfx_error **err);

/// Takes what the Hub says of a repository.
/// On success `*out_info` is it, to be freed with hfx_info_free.
hfx_status hfx_job_take_info(const hfx_job *job, hfx_info **out_info, hfx_error **err);

/// Takes a listing.
/// On success `*out_tree` is it, to be freed with hfx_tree_free.
hfx_status hfx_job_take_tree(const hfx_job *job, hfx_tree **out_tree, hfx_error **err);

/// Takes branches and tags.
/// On success `*out_refs` are they, to be freed with hfx_refs_free.
hfx_status hfx_job_take_refs(const hfx_job *job, hfx_refs **out_refs, hfx_error **err);

/// Takes what a scan of the cache found.
/// On success `*out_cache` is it, to be freed with hfx_cache_free.
hfx_status hfx_job_take_cache(const hfx_job *job, hfx_cache **out_cache, hfx_error **err);

/// Takes the result of a verification.
/// On success `*out_verification` is it, to be freed with hfx_verification_free.
hfx_status hfx_job_take_verification(const hfx_job *job,
                                     hfx_verification **out_verification,
                                     hfx_error **err);

/// Takes what the Hub answered to a call, or to making, deleting or changing something.
/// On success `*out_reply` is it, to be freed with hfx_reply_free.
hfx_status hfx_job_take_reply(const hfx_job *job, hfx_reply **out_reply, hfx_error **err);

/// Takes a list of commits.
/// On success `*out_history` is it, to be freed with hfx_history_free.
hfx_status hfx_job_take_history(const hfx_job *job, hfx_history **out_history, hfx_error **err);

/// Takes the result of a commit, an upload, a preupload or a schedule.
/// On success `*out_committed` is it, to be freed with hfx_committed_free.
hfx_status hfx_job_take_committed(const hfx_job *job, hfx_committed **out_committed, hfx_error **err);

/// Takes what a store answered to a file that was sent to given addresses.
/// On success `*out_parts` is it, to be freed with hfx_parts_free.
hfx_status hfx_job_take_parts(const hfx_job *job, hfx_parts **out_parts, hfx_error **err);

/// Takes whether something is there.
/// On success `*out_exists` is 1 or 0; it may be NULL.
hfx_status hfx_job_take_exists(const hfx_job *job, int32_t *out_exists, hfx_error **err);

/// Frees the handle; the job goes on. NULL is fine.
void hfx_job_free(hfx_job *job);

/// How far a job is now. Numbers only grow from one call to the next.
/// On success `*out_progress` is a picture of this moment, to be freed with hfx_progress_free.
hfx_status hfx_job_progress(const hfx_job *job, hfx_progress **out_progress, hfx_error **err);

/// The number of the job, as hfx_job_id.
uint64_t hfx_progress_job_id(const hfx_progress *progress);

/// The sums. `size` is the size of the caller's struct, `sizeof(hfx_totals)`: as much of it is filled, and what this
/// library does not know is 0. So is all of it for a NULL progress.
void hfx_progress_totals(const hfx_progress *progress,
                         hfx_totals *out_totals,
                         size_t size);

/// How many files hfx_progress_file tells of.
size_t hfx_progress_file_count(const hfx_progress *progress);

/// One file by its place, which it keeps in later pictures of the job (of a schedule: until it finds something new, when
/// the files begin anew). `size` is `sizeof(hfx_file_progress)`, and
/// counts as in hfx_progress_totals.
/// Returns 1, or 0 behind the last.
int32_t hfx_progress_file(const hfx_progress *progress,
                          size_t index,
                          hfx_file_progress *out_file,
                          size_t size);

/// Frees a progress that hfx_job_progress gave; not one that a callback got. NULL is fine.
void hfx_progress_free(hfx_progress *progress);

/// The file's path in the repository, or the URL without its query. NULL for NULL.
const char *hfx_file_name(const hfx_file *file);

/// Where the file is (in a dry run: would be), as the platform's bytes. NULL for NULL.
const char *hfx_file_path(const hfx_file *file);

/// Its etag as lower-case hex: SHA-256 of an LFS file, git SHA-1 of a regular one; of a plain URL whatever its server
/// says. Empty when unknown (a cache hit without the network). NULL for NULL.
const char *hfx_file_etag(const hfx_file *file);

/// The commit, 40 hex digits; empty when unknown (a cache look-up) and for plain URLs. NULL for NULL.
const char *hfx_file_commit(const hfx_file *file);

/// Its size in bytes.
uint64_t hfx_file_size(const hfx_file *file);

/// What was proven now, one of `HFX_VERIFIED_*`.
int32_t hfx_file_verified(const hfx_file *file);

/// How it came here: `HFX_FILE_DONE`, `HFX_FILE_CACHED` or `HFX_FILE_PLANNED`; of hfx_job_take_outcomes
/// `HFX_FILE_FAILED` and `HFX_FILE_CANCELLED`, too.
int32_t hfx_file_state(const hfx_file *file);

/// Why it is not there; NULL when it is. Lent: not to be freed (hfx_error_clone gives one to keep).
const hfx_error *hfx_file_error(const hfx_file *file);

/// Frees a file that was handed out; not one that a snapshot lends. NULL is fine.
void hfx_file_free(hfx_file *file);

/// The snapshot's folder, or the local folder. NULL for NULL.
const char *hfx_snapshot_path(const hfx_snapshot *snapshot);

/// The commit. NULL for NULL.
const char *hfx_snapshot_commit(const hfx_snapshot *snapshot);

/// How many files it has.
size_t hfx_snapshot_count(const hfx_snapshot *snapshot);

/// A file by its place, in the order of the paths; NULL behind the last. Lent: not to be freed.
const hfx_file *hfx_snapshot_file(const hfx_snapshot *snapshot, size_t index);

/// Frees a snapshot. NULL is fine.
void hfx_snapshot_free(hfx_snapshot *snapshot);

/// The commit that the revision means; empty when unknown and for plain URLs. NULL for NULL.
const char *hfx_meta_commit(const hfx_meta *meta);

/// The etag: SHA-256 (LFS) or git SHA-1 (regular); empty when unknown. NULL for NULL.
const char *hfx_meta_etag(const hfx_meta *meta);

/// The file's address on the Hub, without a query. NULL for NULL.
const char *hfx_meta_url(const hfx_meta *meta);

/// Its hash in the Hub's Xet storage; NULL when it is not stored there.
const char *hfx_meta_xet_hash(const hfx_meta *meta);

/// The size in bytes.
uint64_t hfx_meta_size(const hfx_meta *meta);

/// Frees it. NULL is fine.
void hfx_meta_free(hfx_meta *meta);

/// The bytes; NULL when they went into the caller's memory or a callback, or when there are none.
const void *hfx_bytes_data(const hfx_bytes *bytes);

/// How many bytes were read.
uint64_t hfx_bytes_length(const hfx_bytes *bytes);

/// The size of the whole remote file in bytes.
uint64_t hfx_bytes_file_size(const hfx_bytes *bytes);

/// The commit, 40 hex digits; empty when unknown and for plain URLs. NULL for NULL.
const char *hfx_bytes_commit(const hfx_bytes *bytes);

/// The etag of the whole file, as hfx_file_etag; empty when unknown. With it, the option `if_match` makes later reads
/// be of the same content.
const char *hfx_bytes_etag(const hfx_bytes *bytes);

/// What was proven: `HFX_VERIFIED_HASH` for a whole file whose hash is known, else `HFX_VERIFIED_LENGTH`.
int32_t hfx_bytes_verified(const hfx_bytes *bytes);

/// Frees it. NULL is fine.
void hfx_bytes_free(hfx_bytes *bytes);

/// The repository's name as the Hub writes it. NULL for NULL.
const char *hfx_info_id(const hfx_info *info);

/// The commit that the revision means. NULL for NULL.
const char *hfx_info_commit(const hfx_info *info);

/// The Hub's whole answer as JSON, for what has no function here. NULL for NULL.
const char *hfx_info_json(const hfx_info *info);

/// 1 when only some may see the repository, else 0.
int32_t hfx_info_private(const hfx_info *info);

/// 1 when access has to be asked for, else 0.
int32_t hfx_info_gated(const hfx_info *info);

/// 1 when access is disabled, else 0.
int32_t hfx_info_disabled(const hfx_info *info);

/// Frees it. NULL is fine.
void hfx_info_free(hfx_info *info);

/// How many files there are.
size_t hfx_tree_count(const hfx_tree *tree);

/// A file's path in the repository, in the order of the paths; NULL behind the last.
const char *hfx_tree_path(const hfx_tree *tree, size_t index);

/// A file's etag: SHA-256 (LFS) or git SHA-1 (regular); NULL behind the last.
const char *hfx_tree_etag(const hfx_tree *tree, size_t index);

/// A file's size in bytes.
uint64_t hfx_tree_size(const hfx_tree *tree, size_t index);

/// 1 when a file is kept as LFS, else 0.
int32_t hfx_tree_is_lfs(const hfx_tree *tree, size_t index);

/// Frees it. NULL is fine.
void hfx_tree_free(hfx_tree *tree);

/// How many refs there are.
size_t hfx_refs_count(const hfx_refs *refs);

/// A ref's name, as "main"; NULL behind the last.
const char *hfx_refs_name(const hfx_refs *refs, size_t index);

/// A ref's full name, as "refs/heads/main"; NULL behind the last.
const char *hfx_refs_full_name(const hfx_refs *refs, size_t index);

/// The commit a ref points to; NULL behind the last.
const char *hfx_refs_commit(const hfx_refs *refs, size_t index);

/// What a ref is, one of `HFX_REF_*`; 0 behind the last.
int32_t hfx_refs_kind(const hfx_refs *refs, size_t index);

/// Frees it. NULL is fine.
void hfx_refs_free(hfx_refs *refs);

/// The HTTP status, below 400: a failure is an error. With the options `exist_ok` and `missing_ok` it may be the one
/// that was fine. 0 for NULL.
int32_t hfx_reply_status(const hfx_reply *reply);

/// The body as it came, JSON as a rule; empty when there was none. NULL for NULL.
const char *hfx_reply_body(const hfx_reply *reply);

/// One value of a JSON body by its JSON Pointer (RFC 6901), as "/name" or "/orgs/0/name": the text of a string, other
/// values as JSON; "" is the whole. NULL when there is none, or null.
const char *hfx_reply_value(const hfx_reply *reply,
                            const char *pointer);

/// A header (of the first page), its name in any case; NULL when it was not sent.
const char *hfx_reply_header(const hfx_reply *reply, const char *name);

/// The id under which the server logged the request; NULL when there is none.
const char *hfx_reply_request_id(const hfx_reply *reply);

/// Where the next page is, to be given to hfx_client_call, when there are more than were asked for; else NULL.
const char *hfx_reply_next(const hfx_reply *reply);

/// Frees it. NULL is fine.
void hfx_reply_free(hfx_reply *reply);

/// Starts listing the commits behind the revision of `repo`, newest first: `most` of them, 0 for all. The result is
/// taken with hfx_job_take_history.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_list_commits(const hfx_client *client,
                                   const hfx_repo *repo,
                                   size_t most,
                                   const hfx_options *options,
                                   hfx_job **out_job,
                                   hfx_error **err);

/// How many commits there are.
size_t hfx_history_count(const hfx_history *history);

/// A commit's hash, 40 hex digits; NULL behind the last.
const char *hfx_history_id(const hfx_history *history, size_t index);

/// The first line of a commit's message; NULL behind the last.
const char *hfx_history_title(const hfx_history *history, size_t index);

/// The rest of a commit's message, empty when there is none; NULL behind the last.
const char *hfx_history_message(const hfx_history *history, size_t index);

/// When a commit was made, as "2026-01-31T12:00:00.000Z"; NULL behind the last.
const char *hfx_history_date(const hfx_history *history, size_t index);

/// Who made a commit, by the names on the Hub: the first at 0; NULL behind the last.
const char *hfx_history_author(const hfx_history *history, size_t index, size_t author);

/// Frees it. NULL is fine.
void hfx_history_free(hfx_history *history);

/// Starts an empty commit; the functions below add to it, and hfx_client_commit makes it.
/// On success `*out_commit` is the builder, to be freed with hfx_commit_free.
hfx_status hfx_commit_new(hfx_commit **out_commit, hfx_error **err);

/// Adds or replaces a file of the repository by one on disk, which is read when the commit is made and must not change
/// until then. `path_in_repo` is as "folder/file"; `..`, `.git` and `.cache` in it are refused.
hfx_status hfx_commit_add_file(hfx_commit *commit,
                               const char *path_in_repo,
                               const char *file_path,
                               hfx_error **err);

/// Adds or replaces a file of the repository by `length` bytes of memory, which are copied.
hfx_status hfx_commit_add_bytes(hfx_commit *commit,
                                const char *path_in_repo,
                                const void *content,
                                size_t length,
                                hfx_error **err);

/// Adds or replaces a file of the repository by `size` bytes that `read` brings. `user` is handed through; `destroy`,
/// when not NULL, is called on it exactly once, also when this call fails.
hfx_status hfx_commit_add_reader(hfx_commit *commit,
                                 const char *path_in_repo,
                                 uint64_t size,
                                 hfx_read_fn read,
                                 void *user,
                                 void (*destroy)(void *user),
                                 hfx_error **err);

/// Adds or replaces a file of the repository by content that its LFS server holds already: sent by hfx_client_preupload
/// with this or another builder, or by anybody. `oid` is its SHA-256, 64 lower-case hex digits
/// (hfx_committed_file_oid), `size` its length in bytes. Whether it is there the Hub says when the commit is made.
hfx_status hfx_commit_add_lfs(hfx_commit *commit,
                              const char *path_in_repo,
                              const char *oid,
                              uint64_t size,
                              hfx_error **err);

/// Deletes a file of the repository.
hfx_status hfx_commit_delete_file(hfx_commit *commit, const char *path_in_repo, hfx_error **err);

/// Deletes a folder of the repository, with all that is in it.
hfx_status hfx_commit_delete_folder(hfx_commit *commit, const char *path_in_repo, hfx_error **err);

/// Copies a file to `path_in_repo`, without downloading and uploading an LFS file again: from `from_path` of `from`, at
/// its revision; NULL is the repository that is committed to, before the commit.
hfx_status hfx_commit_copy_file(hfx_commit *commit,
                                const hfx_repo *from,
                                const char *from_path,
                                const char *path_in_repo,
                                hfx_error **err);

/// How many operations the commit has; 0 for NULL and while a job works on it.
size_t hfx_commit_count(const hfx_commit *commit);

/// Frees the builder; a job that works on it goes on. NULL is fine.
void hfx_commit_free(hfx_commit *commit);

/// Starts making a commit to `repo` at its revision (a branch or `refs/pr/N`): what the repository holds already is
/// left out, LFS content is sent first, then the commit is made, once. When nothing is left no commit is made, and
/// hfx_committed_commit_count says 0. It follows commits by others in between; where they changed the same paths, or
/// `parent_commit` is set, it is `HFX_E_CONFLICT`, with the head in hfx_error_commit (servers that ignore the parent of
/// a commit don't notice). The options `commit_message`,
/// `commit_description`, `parent_commit` and `create_pr` are for it. When it has ended well the builder is empty, else
/// it holds what it held. The result is taken with hfx_job_take_committed.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_commit(const hfx_client *client,
                             const hfx_repo *repo,
                             hfx_commit *commit,
                             const hfx_options *options,
                             hfx_job **out_job,
                             hfx_error **err);

/// Starts sending the LFS content of a commit to come, and lets go of it (memory is freed, the destructors of readers
/// are called): so content can be made, sent and forgotten piece by piece, and committed at the end. What the Hub takes
/// as regular files stays in the builder. The result is taken with hfx_job_take_committed.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_preupload(const hfx_client *client,
                                const hfx_repo *repo,
                                hfx_commit *commit,
                                const hfx_options *options,
                                hfx_job **out_job,
                                hfx_error **err);

/// Starts the upload of a file to `path_in_repo` of `repo` at its revision, in a commit of its own: see
/// hfx_client_commit for all else.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_upload_file(const hfx_client *client,
                                  const hfx_repo *repo,
                                  const char *file_path,
                                  const char *path_in_repo,
                                  const hfx_options *options,
                                  hfx_job **out_job,
                                  hfx_error **err);

/// Starts the upload of a folder into the folder `path_in_repo` (NULL: the root) of `repo` at its revision: what the
/// options `include`, `exclude` and `files` let through, without `.git` and `.cache/huggingface`; links to files are
/// followed, links to folders are not. Files that match the option `delete` and do not come anew are deleted. The
/// option `commits` says whether many files make several commits; each stands for itself, and after a failure the same
/// call goes on. With the option `state_dir` hashes and parts are remembered. See hfx_client_commit for all else.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_upload_folder(const hfx_client *client,
                                    const hfx_repo *repo,
                                    const char *folder_path,
                                    const char *path_in_repo,
                                    const hfx_options *options,
                                    hfx_job **out_job,
                                    hfx_error **err);

/// Starts one PUT of a file to any http or https URL, as a presigned one. The job's own headers go along; its own token
/// only to the endpoint. Redirects with 307 and 308 are followed. The result is taken with hfx_job_take_parts.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_upload_url(const hfx_client *client,
                                 const char *file_path,
                                 const char *url,
                                 const hfx_options *options,
                                 hfx_job **out_job,
                                 hfx_error **err);

/// Starts sending a file in parts of `part_size` bytes (the last may be shorter) to `url_count` URLs, one for each part
/// in their order, side by side, as an S3 multipart upload wants it; completing it with the ETags is the caller's. The
/// result is taken with hfx_job_take_parts.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_upload_parts(const hfx_client *client,
                                   const char *file_path,
                                   const char *const *urls,
                                   size_t url_count,
                                   uint64_t part_size,
                                   const hfx_options *options,
                                   hfx_job **out_job,
                                   hfx_error **err);

/// Starts committing what is new in a folder every `every_ms` milliseconds, until hfx_schedule_stop, which makes the
/// last commit; a cancel of the job makes none. Files are expected to grow at their end: of each, what was there at the
/// look is committed. A look that finds nothing new makes no commit; a failed commit is logged and tried again at the
/// next time. `path_in_repo` is the folder in the repository (NULL: its root). Hold hfx_schedule_lock while you write
/// what belongs together. The files of the job's progress are those of the look under way, its sums are of all looks.
/// The job's result is taken with hfx_job_take_committed.
/// On success `*out_schedule` is the schedule, to be freed with hfx_schedule_free, and `*out_job` the job, to be freed
/// with hfx_job_free.
hfx_status hfx_client_schedule_folder(const hfx_client *client,
                                      const hfx_repo *repo,
                                      const char *folder_path,
                                      const char *path_in_repo,
                                      int64_t every_ms,
                                      const hfx_options *options,
                                      hfx_schedule **out_schedule,
                                      hfx_job **out_job,
                                      hfx_error **err);

/// Begins to write: until hfx_schedule_unlock no look at the folder is taken. Waits for one that is being taken, and
/// for another lock, at most `timeout_ms` milliseconds (-1 is for ever), then `HFX_E_TIMEOUT`. Not inside a callback;
/// one lock at a time, which any thread may end.
hfx_status hfx_schedule_lock(const hfx_schedule *schedule,
                             int64_t timeout_ms,
                             hfx_error **err);

/// Has written. `HFX_E_INVALID_ARGUMENT` when it is not locked.
hfx_status hfx_schedule_unlock(const hfx_schedule *schedule, hfx_error **err);

/// Asks for a commit now; returns at once. `out_job` may be NULL; else on success `*out_job` is a job that ends with
/// that commit, to be freed with hfx_job_free: its result is taken with hfx_job_take_committed, and a cancel of it
/// changes nothing about the commit. It ends with `HFX_E_CLOSED` when the schedule has ended.
hfx_status hfx_schedule_trigger(const hfx_schedule *schedule,
                                hfx_job **out_job,
                                hfx_error **err);

/// Asks for the last commit, with which the job ends; returns at once.
hfx_status hfx_schedule_stop(const hfx_schedule *schedule, hfx_error **err);

/// Frees the handle; the job goes on. NULL is fine.
void hfx_schedule_free(hfx_schedule *schedule);

/// The commit, 40 hex digits: the last one that was made, or the head when nothing had changed; NULL after a preupload,
/// after a schedule without commits, and for NULL.
const char *hfx_committed_commit(const hfx_committed *committed);

/// The address of its page; empty when there is none. NULL for NULL.
const char *hfx_committed_url(const hfx_committed *committed);

/// How many commits were made; 0 when nothing had changed.
uint64_t hfx_committed_commit_count(const hfx_committed *committed);

/// The number of the pull request that was opened (its revision is `refs/pr/N`); 0 when none was.
uint64_t hfx_committed_pull_request(const hfx_committed *committed);

/// The address of the pull request's page; NULL when none was opened.
const char *hfx_committed_pull_request_url(const hfx_committed *committed);

/// How many files there are: those of the commits, deleted ones among them, and those that were left out.
size_t hfx_committed_file_count(const hfx_committed *committed);

/// A file's path in the repository; NULL behind the last.
const char *hfx_committed_file_path(const hfx_committed *committed, size_t index);

/// A file's size in bytes.
uint64_t hfx_committed_file_size(const hfx_committed *committed, size_t index);

/// The SHA-256 of an LFS file, 64 hex digits; NULL for others, and behind the last.
const char *hfx_committed_file_oid(const hfx_committed *committed, size_t index);

/// How a file was committed, one of `HFX_COMMITTED_*`; 0 behind the last.
int32_t hfx_committed_file_how(const hfx_committed *committed, size_t index);

/// Frees it. NULL is fine.
void hfx_committed_free(hfx_committed *committed);

/// How many parts there are; 1 for a file that was sent whole.
size_t hfx_parts_count(const hfx_parts *parts);

/// A header of the answer to a part, its name in any case, as "ETag"; NULL when it was not sent, or behind the last.
const char *hfx_parts_header(const hfx_parts *parts,
                             size_t index,
                             const char *name);

/// How many headers the answer to a part has.
size_t hfx_parts_header_count(const hfx_parts *parts, size_t index);

/// The name of a header by its place, in lower case; NULL behind the last.
const char *hfx_parts_header_name(const hfx_parts *parts, size_t index, size_t header);

/// Frees it. NULL is fine.
void hfx_parts_free(hfx_parts *parts);

/// Starts any call of the Hub's API, for what has no function here: with the token, the rate limits and the retries of
/// all others. `method` is GET, HEAD, POST, PUT, PATCH or DELETE; `target` a path below the endpoint, as
/// "/api/models?limit=5", or an address on one of the Hub's own hosts; `json` the body, or NULL. Of a list, up to
/// `pages` pages are joined to one array (1: only the first). GET, HEAD and PUT are made again after failures that may
/// pass, others only when the Hub surely did not act on them; else the error says that it may have. The result is taken
/// with hfx_job_take_reply.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_call(const hfx_client *client,
                           const char *method,
                           const char *target,
                           const char *json,
                           uint32_t pages,
                           const hfx_options *options,
                           hfx_job **out_job,
                           hfx_error **err);

/// Starts asking whose token it is. The result is taken with hfx_job_take_reply: "/name" of it is the user, "/orgs" the
/// organisations, "/auth/accessToken/role" what the token may do. Without a token: `HFX_E_UNAUTHORIZED`.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_whoami(const hfx_client *client,
                             const hfx_options *options,
                             hfx_job **out_job,
                             hfx_error **err);

/// Starts asking whether the token may read the files of `repo`, or write to them when `write` is 1 (else 0). It may
/// when the job ends well; else the error says why not: `HFX_E_GATED`, `HFX_E_REPO_NOT_FOUND`, `HFX_E_FORBIDDEN`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_check_access(const hfx_client *client,
                                   const hfx_repo *repo,
                                   int32_t write,
                                   const hfx_options *options,
                                   hfx_job **out_job,
                                   hfx_error **err);

/// Starts making `repo`, as the options `visibility`, `space_sdk` and `exist_ok` of the job say; its revision has no
/// meaning here. Made again after a failure that may pass: a repository that turns out to be there then is
/// `HFX_E_CONFLICT` without `exist_ok`, though it may be this call that made it. The result is taken with
/// hfx_job_take_reply: "/url" of it is the repository's page, "/created" false when it was there before.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_create_repo(const hfx_client *client,
                                  const hfx_repo *repo,
                                  const hfx_options *options,
                                  hfx_job **out_job,
                                  hfx_error **err);

/// Starts deleting `repo`, for ever. One that is not there is `HFX_E_REPO_NOT_FOUND`, but with the option `missing_ok`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_delete_repo(const hfx_client *client,
                                  const hfx_repo *repo,
                                  const hfx_options *options,
                                  hfx_job **out_job,
                                  hfx_error **err);

/// Starts giving `repo` the name and owner of `to`, which is of the same kind. After a lost answer both names are
/// looked up, so that the result tells whether it has moved.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_move_repo(const hfx_client *client,
                                const hfx_repo *repo,
                                const hfx_repo *to,
                                const hfx_options *options,
                                hfx_job **out_job,
                                hfx_error **err);

/// Starts changing `repo`: what the options `visibility` and `gated` of the job say, one of them at least.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_update_repo(const hfx_client *client,
                                  const hfx_repo *repo,
                                  const hfx_options *options,
                                  hfx_job **out_job,
                                  hfx_error **err);

/// Starts asking whether `repo` is there, and has the revision that it names, if any. One that this token may not see
/// is not there; one behind a gate is. The result is taken with hfx_job_take_exists.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_has_repo(const hfx_client *client,
                               const hfx_repo *repo,
                               const hfx_options *options,
                               hfx_job **out_job,
                               hfx_error **err);

/// Starts asking whether `repo` has a file at its revision. Behind a gate it is `HFX_E_GATED`. The result is taken with
/// hfx_job_take_exists.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_has_file(const hfx_client *client,
                               const hfx_repo *repo,
                               const char *file_path,
                               const hfx_options *options,
                               hfx_job **out_job,
                               hfx_error **err);

/// Starts making a branch of `repo` at the revision that `repo` names (the head of main when none). One that is there
/// is `HFX_E_CONFLICT`, but with the option `exist_ok`, wherever it points.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_create_branch(const hfx_client *client,
                                    const hfx_repo *repo,
                                    const char *branch,
                                    const hfx_options *options,
                                    hfx_job **out_job,
                                    hfx_error **err);

/// Starts deleting a branch of `repo`. One that is not there is `HFX_E_REVISION_NOT_FOUND`, but with the option
/// `missing_ok`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_delete_branch(const hfx_client *client,
                                    const hfx_repo *repo,
                                    const char *branch,
                                    const hfx_options *options,
                                    hfx_job **out_job,
                                    hfx_error **err);

/// Starts tagging the revision that `repo` names (the head of main when none); `message` may be NULL. A tag that is
/// there is `HFX_E_CONFLICT`, but with the option `exist_ok`, wherever it points.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_create_tag(const hfx_client *client,
                                 const hfx_repo *repo,
                                 const char *tag,
                                 const char *message,
                                 const hfx_options *options,
                                 hfx_job **out_job,
                                 hfx_error **err);

/// Starts deleting a tag of `repo`. One that is not there is `HFX_E_REVISION_NOT_FOUND`, but with the option
/// `missing_ok`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_delete_tag(const hfx_client *client,
                                 const hfx_repo *repo,
                                 const char *tag,
                                 const hfx_options *options,
                                 hfx_job **out_job,
                                 hfx_error **err);

/// Starts opening a pull request, in draft, on `repo`; `description` may be NULL. Each time it is asked for the Hub
/// opens another one, so it is not asked twice: after a lost answer the error says that one may have been opened. The
/// result is taken with hfx_job_take_reply: "/num" of it is the number, "/ref" the revision to commit to, as refs/pr/3,
/// and "/url" its page.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_open_pull_request(const hfx_client *client,
                                        const hfx_repo *repo,
                                        const char *title,
                                        const char *description,
                                        const hfx_options *options,
                                        hfx_job **out_job,
                                        hfx_error **err);

/// Maps a whole file, without reading or copying it; `access` is one of `HFX_MAP_*`. Meant for files that hfx has
/// published, which nobody changes in place. Hazard: when another program truncates the file while it is mapped,
/// reading the lost part raises SIGBUS; hfx_read_at is the safe twin.
/// On success `*out_map` is the mapping, to be freed with hfx_map_free.
hfx_status hfx_map_open(const char *file_path,
                        int32_t access,
                        hfx_map **out_map,
                        hfx_error **err);

/// The first byte, aligned to a page; NULL when the file is empty. Valid until hfx_map_free.
const void *hfx_map_data(const hfx_map *map);

/// The length in bytes.
uint64_t hfx_map_length(const hfx_map *map);

/// Ends the mapping. NULL is fine.
void hfx_map_free(hfx_map *map);

/// Reads bytes of a file on disk, from `offset` on, into the caller's memory; the safe twin of a mapping.
/// On success `*out_length` is how many bytes were read: less than `length` only at the end of the file.
hfx_status hfx_read_at(const char *file_path,
                       uint64_t offset,
                       void *memory,
                       size_t length,
                       size_t *out_length,
                       hfx_error **err);

/// Starts looking the cache over: repositories, revisions, files, sizes, last use, refs, warnings. Nothing is followed
/// out of the cache, nothing is written. What it finds is asked for by index: repositories, in each its revisions, in
/// each its files. The result is taken with hfx_job_take_cache.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_scan_cache(const hfx_client *client,
                                 const hfx_options *options,
                                 hfx_job **out_job,
                                 hfx_error **err);

/// The cache's folder. NULL for NULL.
const char *hfx_cache_path(const hfx_cache *cache);

/// The bytes of all blobs, each counted once.
uint64_t hfx_cache_size(const hfx_cache *cache);

/// How many warnings there are.
size_t hfx_cache_warning_count(const hfx_cache *cache);

/// A warning, one line; NULL behind the last.
const char *hfx_cache_warning(const hfx_cache *cache, size_t index);

/// How many repositories there are.
size_t hfx_cache_repo_count(const hfx_cache *cache);

/// A repository's id, "owner/name"; NULL behind the last.
const char *hfx_cache_repo_id(const hfx_cache *cache, size_t repo);

/// A repository's folder; NULL behind the last.
const char *hfx_cache_repo_path(const hfx_cache *cache, size_t repo);

/// A repository's kind, one of `HFX_REPO_*`; 0 behind the last.
int32_t hfx_cache_repo_kind(const hfx_cache *cache, size_t repo);

/// The bytes of a repository's blobs.
uint64_t hfx_cache_repo_size(const hfx_cache *cache, size_t repo);

/// When a blob of the repository was last read, as far as the file system notes it: milliseconds since 1970.
int64_t hfx_cache_repo_last_used_ms(const hfx_cache *cache, size_t repo);

/// How many revisions of a repository are cached.
size_t hfx_cache_revision_count(const hfx_cache *cache, size_t repo);

/// A revision's commit; NULL behind the last.
const char *hfx_cache_revision_commit(const hfx_cache *cache, size_t repo, size_t revision);

/// A revision's folder; NULL behind the last.
const char *hfx_cache_revision_path(const hfx_cache *cache, size_t repo, size_t revision);

/// The bytes of a revision's files.
uint64_t hfx_cache_revision_size(const hfx_cache *cache, size_t repo, size_t revision);

/// A ref that leads to a revision, as "main"; NULL behind the last. A revision without one is detached.
const char *hfx_cache_revision_ref(const hfx_cache *cache, size_t repo, size_t revision, size_t index);

/// How many files a revision has.
size_t hfx_cache_file_count(const hfx_cache *cache, size_t repo, size_t revision);

/// A file's path in the repository; NULL behind the last.
const char *hfx_cache_file_name(const hfx_cache *cache, size_t repo, size_t revision, size_t index);

/// A file's size in bytes.
uint64_t hfx_cache_file_size(const hfx_cache *cache, size_t repo, size_t revision, size_t index);

/// Frees it. NULL is fine.
void hfx_cache_free(hfx_cache *cache);

/// Plans the deletion of revisions by their commits (40 hex digits each). Blobs that a kept revision shares stay.
/// One that the cache does not hold is `HFX_E_REVISION_NOT_FOUND`.
/// On success `*out_deletion` is the plan, to be freed with hfx_deletion_free.
hfx_status hfx_cache_delete_revisions(const hfx_cache *cache,
                                      const char *const *commits,
                                      size_t count,
                                      hfx_deletion **out_deletion,
                                      hfx_error **err);

/// Plans the deletion of a whole repository.
/// On success `*out_deletion` is the plan, to be freed with hfx_deletion_free.
hfx_status hfx_cache_delete_repo(const hfx_cache *cache,
                                 int32_t kind,
                                 const char *id,
                                 hfx_deletion **out_deletion,
                                 hfx_error **err);

/// Plans a clean-up: revisions that no ref leads to, and unfinished downloads that nobody is at.
/// On success `*out_deletion` is the plan, to be freed with hfx_deletion_free.
hfx_status hfx_cache_prune(const hfx_cache *cache, hfx_deletion **out_deletion, hfx_error **err);

/// The bytes that a plan frees, as far as can be told before.
uint64_t hfx_deletion_freed(const hfx_deletion *deletion);

/// Starts doing what was planned; done again, it finds nothing left to do. Goes on after a failure, and ends with the
/// first one; a cancel leaves the rest. The job's progress tells the bytes that were freed, as `bytes_done`.
/// On success `*out_job` is the job, to be freed with hfx_job_free; hfx_job_check tells how it ended.
hfx_status hfx_client_delete_cached(const hfx_client *client,
                                    const hfx_deletion *deletion,
                                    const hfx_options *options,
                                    hfx_job **out_job,
                                    hfx_error **err);

/// Frees the plan. NULL is fine.
void hfx_deletion_free(hfx_deletion *deletion);

/// Starts a job that hashes the cached files of a repository and compares them with their names: of the repository's
/// revision when it names one, else of all that are cached. With the option `local_dir` it is that folder's files, which
/// must be what the revision holds by the Hub (offline: by the listing that was kept): those that are not there are
/// missing, and of others no hash is known. Its result is taken with hfx_job_take_verification.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
hfx_status hfx_client_verify_cache(const hfx_client *client,
                                   const hfx_repo *repo,
                                   const hfx_options *options,
                                   hfx_job **out_job,
                                   hfx_error **err);

/// How many files were hashed.
uint64_t hfx_verification_checked(const hfx_verification *verification);

/// How many bytes were hashed.
uint64_t hfx_verification_bytes(const hfx_verification *verification);

/// A file whose bytes are not what its name says; NULL behind the last.
const char *hfx_verification_mismatch(const hfx_verification *verification, size_t index);

/// The hash that a mismatch must have; NULL behind the last.
const char *hfx_verification_expected(const hfx_verification *verification, size_t index);

/// The hash that a mismatch has; NULL behind the last.
const char *hfx_verification_actual(const hfx_verification *verification, size_t index);

/// A file of the revision that is not there: never fetched, or its bytes are gone; NULL behind the last.
const char *hfx_verification_missing(const hfx_verification *verification, size_t index);

/// A file that was not checked, since no hash of it is known; NULL behind the last.
const char *hfx_verification_unknown(const hfx_verification *verification, size_t index);

/// Frees it. NULL is fine.
void hfx_verification_free(hfx_verification *verification);

/// Makes and names the folder where a library may keep its own assets beside the cache, as the Python client's
/// `cached_assets_path`: `<assets_dir>/<library>/<namespace>/<subfolder>`, NULL parts become "default".
/// On success `*out_path` is the folder, to be freed with hfx_string_free.
hfx_status hfx_client_assets_path(const hfx_client *client,
                                  const char *library,
                                  const char *namespace_,
                                  const char *subfolder,
                                  hfx_string **out_path,
                                  hfx_error **err);

/// The text. NULL for NULL.
const char *hfx_string_text(const hfx_string *string);

/// Frees it. NULL is fine.
void hfx_string_free(hfx_string *string);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* HFX_H */
