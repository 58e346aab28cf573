package hfx_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	hfx "github.com/hfx/hfx/bindings/go"
)

func TestDownloadFile(t *testing.T) {
	h := startHub(t)
	c := h.open()
	ctx := t.Context()
	file := must(c.DownloadFile(ctx, hfx.Model("acme/big"), "model.bin"))(t)
	same(t, "model.bin", must(os.ReadFile(file.Path))(t), bigBytes())
	if file.Verified != hfx.VerifiedHash || file.State != hfx.FileDone || len(file.Commit) != 40 || file.Size != bigSize || file.Name != "model.bin" {
		t.Fatalf("%+v", file)
	}
	if file.Etag != fmt.Sprintf("%x", sha256.Sum256(bigBytes())) {
		t.Fatal(file.Etag)
	}
	again := must(c.DownloadFile(ctx, hfx.Model("acme/big"), "model.bin"))(t)
	if again.State != hfx.FileCached || again.Path != file.Path {
		t.Fatalf("%+v", again)
	}
	opened := must(again.Open())(t)
	defer opened.Close()
	part := make([]byte, 100)
	_ = must(opened.ReadAt(part, 5<<20))(t)
	same(t, "ReadAt", part, bigBytes()[5<<20:5<<20+100])

	if found, state, err := c.Lookup(hfx.Model("acme/big"), "model.bin"); err != nil || state != hfx.Cached || found.Path != file.Path {
		t.Fatal(found, state, err)
	}
	if found, state, err := c.Lookup(hfx.Model("acme/none"), "x"); err != nil || state != hfx.Unknown || found != nil {
		t.Fatal(found, state, err)
	}
	elsewhere := hfx.WithCacheDir(t.TempDir())
	if found, state, err := c.Lookup(hfx.Model("acme/big"), "model.bin", elsewhere); err != nil || state != hfx.Unknown || found != nil {
		t.Fatal(found, state, err)
	}
	dry := must(c.DownloadFile(ctx, hfx.Model("acme/tiny"), "config.json", hfx.WithDryRun(true)))(t)
	if dry.State != hfx.FilePlanned {
		t.Fatalf("%+v", dry)
	}
}

func TestSnapshot(t *testing.T) {
	h := startHub(t)
	c := h.open()
	s := must(c.DownloadSnapshot(t.Context(), hfx.Model("acme/tiny"), hfx.WithExclude("empty")))(t)
	if len(s.Files) != 2 || s.Files[0].Name != "config.json" || s.Files[1].Name != "sub/notes.txt" || len(s.Commit) != 40 {
		t.Fatalf("%+v", s)
	}
	same(t, "notes", must(os.ReadFile(filepath.Join(s.Path, "sub/notes.txt")))(t), []byte("notes\n"))
	local := filepath.Join(t.TempDir(), "out")
	s = must(c.DownloadSnapshot(t.Context(), hfx.Model("acme/tiny"), hfx.WithInclude("*.json"), hfx.WithLocalDir(local)))(t)
	if len(s.Files) != 1 || s.Path != local {
		t.Fatalf("%+v", s)
	}

	h.fault(`[{"match": {"path": "config.json", "times": 0}, "do": {"status": 403}}]`)
	s, err := h.open(hfx.WithFailFast(false)).DownloadSnapshot(t.Context(), hfx.Model("acme/tiny"))
	if !errors.Is(err, hfx.ErrIncomplete) || s == nil || len(s.Files) != 3 {
		t.Fatalf("%v %+v", err, s)
	}
	for _, file := range s.Files {
		if failed := file.Name == "config.json"; failed != errors.Is(file.Err, hfx.ErrForbidden) || failed != (file.State == hfx.FileFailed) {
			t.Fatalf("%+v", file)
		}
		if content, err := os.ReadFile(file.Path); file.Name == "sub/notes.txt" && string(content) != "notes\n" {
			t.Fatal(content, err)
		}
	}
}

func TestSnapshotOfFiles(t *testing.T) {
	h := startHub(t)
	h.put("models/acme/odd/a [1]*.txt", []byte("odd"))
	h.put("models/acme/odd/a 1.txt", []byte("even"))
	c := h.open(hfx.WithInclude("*.none"), hfx.WithHeader("X-Of", "the client"))
	ctx, repo := t.Context(), hfx.Model("acme/odd")
	s := must(c.DownloadSnapshot(ctx, repo, hfx.WithFiles("a [1]*.txt")))(t)
	if len(s.Files) != 1 || s.Files[0].Name != "a [1]*.txt" {
		t.Fatalf("%+v", s)
	}
	if _, err := c.DownloadSnapshot(ctx, repo, hfx.WithFiles("b.txt")); !errors.Is(err, hfx.ErrEntryNotFound) {
		t.Fatal(err)
	}
	// A list without anything lifts what the client has set.
	if s = must(c.DownloadSnapshot(ctx, repo, hfx.WithInclude(), hfx.WithList("headers")))(t); len(s.Files) != 2 {
		t.Fatalf("%+v", s)
	}
	if _, err := c.DownloadSnapshot(ctx, repo, hfx.WithList("none", "x")); !errors.Is(err, hfx.ErrInvalidArgument) {
		t.Fatal(err)
	}
	// Offline, the cache lists what the commit has.
	if tree := must(c.Tree(ctx, repo, "", hfx.WithOffline(true)))(t); len(tree) != 2 || tree[0].Path != "a 1.txt" {
		t.Fatalf("%+v", tree)
	}
}

func TestDownloadURL(t *testing.T) {
	h := startHub(t)
	c := h.open()
	to := filepath.Join(t.TempDir(), "new", "file.bin")
	url := h.endpoint + "/acme/big/resolve/main/model.bin"
	sum := fmt.Sprintf("%x", sha256.Sum256(bigBytes()))
	file := must(c.DownloadURL(t.Context(), url, to, hfx.WithSHA256(sum)))(t)
	if file.Path != to || file.Verified != hfx.VerifiedHash {
		t.Fatalf("%+v", file)
	}
	job := must(c.StartDownloadURL(url, to, hfx.WithSHA256(strings.Repeat("0", 64)), hfx.WithForce(true)))(t)
	defer job.Close()
	if _, err := job.Wait(t.Context()); !errors.Is(err, hfx.ErrHashMismatch) {
		t.Fatal(err)
	}
}

func TestErrors(t *testing.T) {
	h := startHub(t, "--token", "good")
	c := h.open(hfx.WithToken("good"))
	ctx := t.Context()
	_, err := c.DownloadFile(ctx, hfx.Model("acme/tiny"), "none.bin")
	var e *hfx.Error
	if !errors.Is(err, hfx.ErrEntryNotFound) || !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e.HTTPStatus != 404 || len(e.Commit) != 40 || !strings.Contains(e.URL, "none.bin") || e.RequestID == "" || e.Retryable {
		t.Fatalf("%+v", e)
	}
	if !strings.HasPrefix(err.Error(), "hfx: ") || e.Code.String() != "ENTRY_NOT_FOUND" {
		t.Fatal(err, e.Code)
	}
	_, err = c.Info(ctx, hfx.Model("acme/none"))
	if !errors.Is(err, hfx.ErrRepoNotFound) || !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	_, err = c.Info(ctx, hfx.Model("acme/tiny").At("none"))
	if !errors.Is(err, hfx.ErrRevisionNotFound) {
		t.Fatal(err)
	}
	_, err = c.Whoami(ctx, hfx.WithToken("bad"))
	if !errors.Is(err, hfx.ErrUnauthorized) || !errors.Is(err, fs.ErrPermission) {
		t.Fatal(err)
	}
	for _, repo := range []hfx.Repo{{}, hfx.Model("a/b/c"), hfx.Model("a\x00b"), hfx.Model("\xff"), {Kind: 9, ID: "a/b"}} {
		if _, err := c.Info(ctx, repo); !errors.Is(err, hfx.ErrInvalidArgument) || !errors.Is(err, fs.ErrInvalid) {
			t.Fatal(repo, err)
		}
	}
	for _, option := range []hfx.Option{hfx.WithOption("none", "1"), hfx.WithOption("offline", "maybe"), hfx.WithToken("a\x00b"), hfx.WithUserAgent("x/1")} {
		if _, err := c.Info(ctx, hfx.Model("acme/tiny"), option); !errors.Is(err, hfx.ErrInvalidArgument) {
			t.Fatal(err)
		}
	}
	if _, err := hfx.Open(hfx.WithOption("threads", "many")); !errors.Is(err, hfx.ErrInvalidArgument) {
		t.Fatal(err)
	}
	_, err = c.DownloadFile(ctx, hfx.Model("acme/tiny"), "config.json", hfx.WithOffline(true))
	if !errors.Is(err, hfx.ErrOffline) {
		t.Fatal(err)
	}
	blocked := filepath.Join(t.TempDir(), "file")
	ok(t, os.WriteFile(blocked, nil, 0o644))
	_, err = c.DownloadFile(ctx, hfx.Model("acme/tiny"), "config.json", hfx.WithLocalDir(filepath.Join(blocked, "x")))
	if !errors.As(err, &e) || e.OS == 0 || !errors.Is(err, e.OS) {
		t.Fatalf("%v %+v", err, e)
	}
}

func TestContextCancelsAtOnce(t *testing.T) {
	h := startHub(t)
	h.fault(slowly(20000))
	c := h.open()
	calls := map[string]func(context.Context) error{
		"file": func(ctx context.Context) error {
			_, err := c.DownloadFile(ctx, hfx.Model("acme/big"), "model.bin")
			return err
		},
		"snapshot": func(ctx context.Context) error {
			_, err := c.DownloadSnapshot(ctx, hfx.Model("acme/big"))
			return err
		},
		"read": func(ctx context.Context) error {
			_, err := c.ReadFile(ctx, hfx.Model("acme/big"), "model.bin", 0, hfx.ToEnd)
			return err
		},
		"stream": func(ctx context.Context) error {
			_, err := c.StreamFile(ctx, hfx.Model("acme/big"), "model.bin", 0, hfx.ToEnd, &bytes.Buffer{})
			return err
		},
		"reader": func(ctx context.Context) error {
			r, err := c.OpenFile(context.Background(), hfx.Model("acme/big"), "model.bin")
			if err != nil {
				return err
			}
			_, err = r.ReadAtContext(ctx, make([]byte, 8<<20), 0)
			return err
		},
	}
	for name, call := range calls {
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("the user left")
		var began time.Time
		time.AfterFunc(300*time.Millisecond, func() {
			began = time.Now()
			cancel(why)
		})
		err := call(ctx)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: the cancel took %v", name, took)
		}
		if !errors.Is(err, context.Canceled) || !errors.Is(err, why) || !errors.Is(err, hfx.ErrCancelled) {
			t.Errorf("%s: %v", name, err)
		}
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, of a context that is over: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := calls["file"](ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, hfx.ErrCancelled) {
		t.Error(err)
	}
}

func TestProgress(t *testing.T) {
	h := startHub(t)
	h.fault(slowly(16 << 20))
	c := h.open()
	var last hfx.Progress
	calls := 0
	channel := make(chan hfx.Progress, 1)
	_ = must(c.DownloadFile(t.Context(), hfx.Model("acme/big"), "model.bin", hfx.ProgressTo(channel), hfx.OnProgress(func(p hfx.Progress) {
		if p.BytesDone < last.BytesDone {
			t.Error("progress went back")
		}
		last = p
		calls++
	})))(t)
	if last.BytesDone != bigSize || last.FilesDone != 1 || len(last.Files) != 1 || last.Files[0].State != hfx.FileDone || last.Files[0].Received < bigSize || calls == 0 {
		t.Fatalf("%d calls, the last %+v", calls, last)
	}
	if p := <-channel; p.BytesDone != bigSize || p.JobID != last.JobID {
		t.Fatalf("%+v", p)
	}

	h.fault(slowly(1 << 20))
	func() {
		defer func() {
			if r := recover(); r != "in progress" {
				t.Fatal(r)
			}
		}()
		_, _ = c.DownloadFile(t.Context(), hfx.Model("acme/big"), "model.bin", hfx.WithForce(true), hfx.OnProgress(func(hfx.Progress) { panic("in progress") }))
		t.Fatal("the panic was lost")
	}()
}

func TestJob(t *testing.T) {
	h := startHub(t)
	h.fault(slowly(4 << 20))
	c := h.open()
	job := must(c.StartDownloadFile(hfx.Model("acme/big"), "model.bin"))(t)
	defer job.Close()
	job.Pause()
	select {
	case <-job.Done():
		t.Fatal("a paused job ended")
	case <-time.After(100 * time.Millisecond):
	}
	job.Resume()
	file := must(job.Wait(t.Context()))(t)
	if again := must(job.Wait(t.Context()))(t); again != file {
		t.Fatal("the second wait gave something else")
	}
	if p := must(job.Progress())(t); p.JobID != job.ID() || p.BytesDone != bigSize {
		t.Fatalf("%+v", p)
	}
	// A handle that is closed beside a wait does not make it deaf to its context.
	h.fault(slowly(20000))
	waited := must(c.StartDownloadSnapshot(hfx.Model("acme/big"), hfx.WithForce(true)))(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	time.AfterFunc(100*time.Millisecond, func() { _ = waited.Close() })
	began := time.Now()
	if _, err := waited.Wait(ctx); err == nil || time.Since(began) > 5*time.Second {
		t.Fatal(err, time.Since(began))
	}
	cancelled := must(c.StartDownloadSnapshot(hfx.Model("acme/big"), hfx.WithForce(true)))(t)
	cancelled.Cancel()
	cancelled.Cancel()
	if _, err := cancelled.Wait(t.Context()); !errors.Is(err, hfx.ErrCancelled) || errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	ok(t, cancelled.Close())
	ok(t, cancelled.Close())
	if _, err := cancelled.Progress(); !errors.Is(err, hfx.ErrClosed) || !errors.Is(err, fs.ErrClosed) {
		t.Fatal(err)
	}
}

func TestManyGoroutines(t *testing.T) {
	h := startHub(t)
	for i := range 40 {
		h.put(fmt.Sprintf("models/acme/many/f%02d", i), bytes.Repeat([]byte{byte(i)}, 20000))
	}
	c := h.open()
	var group sync.WaitGroup
	for i := range 400 {
		group.Add(1)
		go func() {
			defer group.Done()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%10 == 9 {
				time.AfterFunc(time.Duration(i)*50*time.Microsecond, cancel)
			}
			file, err := c.DownloadFile(ctx, hfx.Model("acme/many"), fmt.Sprintf("f%02d", i%40))
			switch {
			case err == nil:
				content, err := os.ReadFile(file.Path)
				if err != nil || !bytes.Equal(content, bytes.Repeat([]byte{byte(i % 40)}, 20000)) {
					t.Error(i, err)
				}
			case i%10 != 9 || !errors.Is(err, context.Canceled):
				t.Error(i, err)
			}
		}()
	}
	group.Wait()
}

func TestCloseWhileJobsRun(t *testing.T) {
	h := startHub(t)
	h.fault(slowly(20000))
	c := h.open()
	job := must(c.StartDownloadFile(hfx.Model("acme/big"), "model.bin"))(t)
	failed := make(chan error, 1)
	go func() {
		_, err := c.DownloadSnapshot(context.Background(), hfx.Model("acme/big"))
		failed <- err
	}()
	for h.requests("acme/big") < 2 {
		time.Sleep(5 * time.Millisecond)
	}
	ok(t, c.Close(t.Context()))
	ok(t, c.Close(t.Context()))
	if err := <-failed; !errors.Is(err, hfx.ErrCancelled) && !errors.Is(err, hfx.ErrClosed) {
		t.Fatal(err)
	}
	if _, err := job.Wait(t.Context()); !errors.Is(err, hfx.ErrCancelled) && !errors.Is(err, hfx.ErrClosed) {
		t.Fatal(err)
	}
	if _, err := c.Info(t.Context(), hfx.Model("acme/tiny")); !errors.Is(err, hfx.ErrClosed) {
		t.Fatal(err)
	}
}

func TestLog(t *testing.T) {
	h := startHub(t)
	var out lockedBuffer
	c := h.open(hfx.WithLog(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	_ = must(c.DownloadFile(t.Context(), hfx.Model("acme/big"), "model.bin"))(t)
	ok(t, c.Close(t.Context()))
	if !strings.Contains(out.String(), "room=") || strings.Contains(out.String(), "hf_test") {
		t.Fatal(out.String())
	}
	c = must(hfx.Open(hfx.WithEndpoint(h.endpoint), hfx.WithCacheDir(t.TempDir()), hfx.WithLog(slog.New(slog.NewTextHandler(panics{}, &slog.HandlerOptions{Level: slog.LevelDebug})))))(t)
	_ = must(c.DownloadFile(t.Context(), hfx.Model("acme/big"), "model.bin"))(t)
	if err := c.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Fatal(err)
	}
}

type panics struct{}

func (panics) Write([]byte) (int, error) { panic("in a log handler") }

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
