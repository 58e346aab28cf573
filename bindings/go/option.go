package hfx

// #include <hfx.h>
// #include "shim.h"
import "C"

import (
	"log/slog"
	"os"
	"strconv"
)

// Option sets something of a client, or of one call, where it lies over the client's. What is for the client alone is
// refused with a call. Options lists all there are; WithOption sets any of them.
type Option func(*settings)

// settings is what options come to before they are C's.
type settings struct {
	variables []string // as os.Environ gives them
	set       []setting
	progress  func(Progress)
	channel   chan Progress
	begun     func(*Meta) error
	log       *logger
}

// setting puts one option into x.options.
type setting func(x *call) C.hfx_status

// options makes the C set that x owns.
func (s *settings) options(x *call) error {
	var cerr *C.hfx_error
	var status C.hfx_status
	if s.variables != nil {
		names, values := x.variables(s.variables)
		status = C.hfx_options_from_vars(x.texts(names), x.texts(values), C.size_t(len(names)), &x.options, &cerr)
	} else {
		status = C.hfx_options_new(&x.options, &cerr)
	}
	if err := fail(status, &cerr); err != nil {
		return err
	}
	for _, set := range s.set {
		err := fail(set(x), &x.err)
		if x.bad != nil {
			return x.bad
		}
		if err != nil {
			return err
		}
	}
	if s.log != nil {
		level := C.int32_t(s.log.level)
		return fail(C.hfx_go_set_log(x.options, level, C.uintptr_t(lend(s.log)), &cerr), &cerr)
	}
	return nil
}

func gather(options []Option) *settings {
	s := &settings{}
	for _, option := range options {
		option(s)
	}
	return s
}

func (set setting) option() Option {
	return func(s *settings) { s.set = append(s.set, set) }
}

func with(id C.int32_t, value string) Option {
	return setting(func(x *call) C.hfx_status {
		return C.hfx_options_set_string(x.options, id, x.text(value), &x.err)
	}).option()
}

func withList(id C.int32_t, values []string) Option {
	return setting(func(x *call) C.hfx_status {
		return C.hfx_options_set_strings(x.options, id, x.texts(values), C.size_t(len(values)), &x.err)
	}).option()
}

// WithOption sets any option by its name, from text: WithOption("max_bytes_per_second", "64M"). A list gets one more.
func WithOption(name, value string) Option {
	return setting(func(x *call) C.hfx_status {
		return C.hfx_options_set_by_name(x.options, x.text(name), x.text(value), &x.err)
	}).option()
}

// WithList sets any option that is a list, by its name, in place of what it held. With a call, an empty one lifts what
// the client has set: WithList("headers").
func WithList(name string, values ...string) Option {
	return setting(func(x *call) C.hfx_status {
		id := C.hfx_option_id(C.hfx_option_by_name(x.text(name)))
		return C.hfx_options_set_strings(x.options, id, x.texts(values), C.size_t(len(values)), &x.err)
	}).option()
}

func flag(name string, on bool) Option { return WithOption(name, strconv.FormatBool(on)) }

// FromEnv begins with what the environment says (HF_HOME, HF_TOKEN, proxies, the token file, as the Python client reads
// them); other options lie over it, wherever it stands among them. For Open alone. Nothing else reads the environment.
func FromEnv() Option { return FromVars(os.Environ()) }

// FromVars is FromEnv of variables of your own, as "HF_HOME=/data"; the token file and the home folder are found by HOME,
// HF_HOME and HF_TOKEN_PATH among them.
func FromVars(variables []string) Option {
	return func(s *settings) { s.variables = append([]string{}, variables...) }
}

// WithEndpoint says where the Hub is.
func WithEndpoint(url string) Option { return with(C.HFX_OPT_ENDPOINT, url) }

// WithToken gives the access token, sent to the endpoint's own origin only.
func WithToken(token string) Option { return with(C.HFX_OPT_TOKEN, token) }

// WithCacheDir gives the shared cache folder; without one only URLs and memory can be downloaded to.
func WithCacheDir(folder string) Option { return with(C.HFX_OPT_CACHE_DIR, folder) }

// WithUserAgent adds "name/version" to the User-Agent header. For the client.
func WithUserAgent(text string) Option { return with(C.HFX_OPT_USER_AGENT, text) }

// WithHeader adds a header to every request to the endpoint.
func WithHeader(name, value string) Option { return with(C.HFX_OPT_HEADERS, name+": "+value) }

// WithOffline answers from the cache or fails.
func WithOffline(on bool) Option { return flag("offline", on) }

// WithInclude takes only the files that match a pattern (fnmatch; * crosses slashes). With a call, it takes the place of
// the client's patterns, and without any lifts them; so do WithFiles, WithExclude and WithDelete.
func WithInclude(patterns ...string) Option { return withList(C.HFX_OPT_INCLUDE, patterns) }

// WithFiles takes these files, named exactly, beside what WithInclude lets through; one that is not there is
// ErrEntryNotFound.
func WithFiles(paths ...string) Option { return withList(C.HFX_OPT_FILES, paths) }

// WithExclude leaves out the files that match a pattern.
func WithExclude(patterns ...string) Option { return withList(C.HFX_OPT_EXCLUDE, patterns) }

// WithIfMatch names the etag that a file to read or download must have, else ErrContentChanged.
func WithIfMatch(etag string) Option { return with(C.HFX_OPT_IF_MATCH, etag) }

// WithLocalDir puts the files into this folder under their own names, instead of into the cache.
func WithLocalDir(folder string) Option { return with(C.HFX_OPT_LOCAL_DIR, folder) }

// WithSHA256 says what a plain URL's file must have, in hex.
func WithSHA256(hex string) Option { return with(C.HFX_OPT_SHA256, hex) }

// WithForce downloads even what the cache holds.
func WithForce(on bool) Option { return flag("force", on) }

// WithPin does not ask the Hub when the ref and the file are cached.
func WithPin(on bool) Option { return flag("pin", on) }

// WithDryRun says what would be fetched, and fetches nothing.
func WithDryRun(on bool) Option { return flag("dry_run", on) }

// WithFailFast ends a snapshot at its first failed file (the default), or goes on with the others.
func WithFailFast(on bool) Option { return flag("fail_fast", on) }

// WithRequireHash refuses a file for which no hash is known.
func WithRequireHash(on bool) Option { return flag("require_hash", on) }

// WithCommitMessage gives the first line of the commit.
func WithCommitMessage(line string) Option { return with(C.HFX_OPT_COMMIT_MESSAGE, line) }

// WithCommitDescription gives what the commit says below its first line.
func WithCommitDescription(text string) Option { return with(C.HFX_OPT_COMMIT_DESCRIPTION, text) }

// WithParentCommit names the commit that must be the head, else ErrConflict.
func WithParentCommit(commit string) Option { return with(C.HFX_OPT_PARENT_COMMIT, commit) }

// WithCreatePR opens a pull request and commits to it.
func WithCreatePR(on bool) Option { return flag("create_pr", on) }

// WithDelete deletes the files of the repository's folder that match a pattern and do not come anew with a folder.
func WithDelete(patterns ...string) Option { return withList(C.HFX_OPT_DELETE, patterns) }

// WithStateDir names the folder in which uploads remember hashes and parts, to go on after a crash.
func WithStateDir(folder string) Option { return with(C.HFX_OPT_STATE_DIR, folder) }

// WithExistOK takes a repository, branch or tag that is there already as made.
func WithExistOK(on bool) Option { return flag("exist_ok", on) }

// WithMissingOK takes a repository, branch or tag that is not there as deleted.
func WithMissingOK(on bool) Option { return flag("missing_ok", on) }

// WithVisibility says who may see a repository that is made or changed: "public", "private", or "protected" (Spaces).
func WithVisibility(who string) Option { return with(C.HFX_OPT_VISIBILITY, who) }

// OnProgress calls f with the progress of a job, at most ten times a second and once at its end, on the goroutine that
// waits for the job: f needs no lock of its own, and a panic in it cancels the job and goes on to the caller. While f
// runs the transfer goes on, and what f misses is left out but for the last. With Open it is for every job.
func OnProgress(f func(Progress)) Option { return func(s *settings) { s.progress = f } }

// ProgressTo sends the progress of jobs into a channel with room for one or more. It never blocks: when the channel is
// full, the oldest value in it is dropped, so that the last of a job arrives. The channel is not closed. With Open it
// is for every job, told apart by Progress.JobID.
func ProgressTo(channel chan Progress) Option { return func(s *settings) { s.channel = channel } }

// OnStart calls f with what a stream is of, on the calling goroutine and before its first byte; an error of it ends the
// stream, and is wrapped by its error. For StreamFile and StreamURL alone.
func OnStart(f func(*Meta) error) Option { return func(s *settings) { s.begun = f } }

// WithLog gives a client's messages to a logger, those that its handler is enabled for when the client is opened. The
// handler is called on threads of the library, several at once, and must return soon. For Open alone.
func WithLog(log *slog.Logger) Option { return func(s *settings) { s.log = newLogger(log) } }
