package hfx_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"weak"

	hfx "github.com/hfx/hfx/bindings/go"
)

func how(made *hfx.Committed, path string) hfx.How {
	for _, file := range made.Files {
		if file.Path == path {
			return file.How
		}
	}
	return 0
}

func TestCommit(t *testing.T) {
	h := startHub(t)
	c := h.open()
	ctx, repo := t.Context(), hfx.Model("acme/made")
	if url := must(c.CreateRepo(ctx, repo))(t); !strings.Contains(url, "acme/made") {
		t.Fatal(url)
	}
	m := must(hfx.NewCommit())(t)
	defer m.Close()
	disk := filepath.Join(t.TempDir(), "a.txt")
	ok(t, os.WriteFile(disk, []byte("from disk\n"), 0o644))
	ok(t, m.AddFile("a.txt", disk))
	ok(t, m.AddBytes("dir/b.txt", []byte("from memory")))
	ok(t, m.AddBytes("dir/empty", nil))
	ok(t, m.AddReaderAt("model.bin", bytes.NewReader(bigBytes()), bigSize))
	if m.Count() != 4 {
		t.Fatal(m.Count())
	}
	sent := must(c.Preupload(ctx, repo, m))(t)
	if len(sent.Files) != 1 || sent.Commit != "" || sent.Files[0].OID != fmt.Sprintf("%x", sha256.Sum256(bigBytes())) {
		t.Fatalf("%+v", sent)
	}
	made := must(c.Commit(ctx, repo, m, hfx.WithCommitMessage("All at once"), hfx.WithCommitDescription("two\nlines")))(t)
	if made.CommitCount != 1 || len(made.Commit) != 40 || how(made, "model.bin") != hfx.CommittedLFS || how(made, "a.txt") != hfx.CommittedRegular || m.Count() != 0 {
		t.Fatalf("%+v", made)
	}
	if got := must(c.ReadFile(ctx, repo, "model.bin", 0, hfx.ToEnd))(t); !bytes.Equal(got.Data, bigBytes()) {
		t.Fatal("other bytes came back")
	}

	ok(t, m.AddLFS("again.bin", sent.Files[0].OID, bigSize))
	_ = must(c.Commit(ctx, repo, m))(t)
	if meta := must(c.FileMeta(ctx, repo, "again.bin"))(t); meta.Etag != sent.Files[0].OID || meta.Size != bigSize {
		t.Fatalf("%+v", meta)
	}
	for oid, size := range map[string]int64{"not a hash": 1, sent.Files[0].OID: -1} {
		if err := m.AddLFS("bad.bin", oid, size); !errors.Is(err, hfx.ErrInvalidArgument) {
			t.Fatal(oid, err)
		}
	}

	ok(t, m.CopyFile(nil, "model.bin", "copy.bin"))
	ok(t, m.DeleteFile("a.txt"))
	ok(t, m.DeleteFolder("dir"))
	second := must(c.Commit(ctx, repo, m))(t)
	other := repo.At(made.Commit)
	ok(t, m.CopyFile(&other, "dir/b.txt", "b.txt"))
	third := must(c.Commit(ctx, repo, m))(t)
	tree := must(c.Tree(ctx, repo, ""))(t)
	names := []string{}
	for _, entry := range tree {
		names = append(names, entry.Path)
	}
	if got := strings.Join(names, " "); !strings.Contains(got, "again.bin b.txt copy.bin model.bin") || strings.Contains(got, "dir/") {
		t.Fatal(got)
	}
	ok(t, m.AddBytes("c.txt", []byte("c")))
	_, err := c.Commit(ctx, repo, m, hfx.WithParentCommit(second.Commit))
	var e *hfx.Error
	if !errors.Is(err, hfx.ErrConflict) || !errors.As(err, &e) || e.Commit != third.Commit || m.Count() != 1 {
		t.Fatal(err)
	}
	pr := must(c.Commit(ctx, repo, m, hfx.WithCreatePR(true)))(t)
	if pr.PullRequest == 0 || pr.PullRequestURL == "" {
		t.Fatalf("%+v", pr)
	}
	for _, bad := range []string{"../x", "a/../b", ".git/config", "", "\xff", "a\x00b"} {
		if err := m.AddBytes(bad, nil); !errors.Is(err, hfx.ErrInvalidArgument) {
			t.Fatalf("%q: %v", bad, err)
		}
	}
}

type readerAt func([]byte, int64) (int, error)

func (r readerAt) ReadAt(p []byte, offset int64) (int, error) { return r(p, offset) }

func TestCommitReaderFails(t *testing.T) {
	h := startHub(t)
	c := h.open()
	repo := hfx.Model("acme/made")
	_ = must(c.CreateRepo(t.Context(), repo))(t)
	broken := errors.New("the disk is gone")
	for want, r := range map[string]readerAt{
		broken.Error():      func([]byte, int64) (int, error) { return 0, broken },
		"panicked: no luck": func([]byte, int64) (int, error) { panic("no luck") },
		"unexpected EOF":    func(p []byte, _ int64) (int, error) { return len(p) / 2, nil },
	} {
		m := must(hfx.NewCommit())(t)
		ok(t, m.AddReaderAt("model.bin", r, 11<<20))
		_, err := c.Commit(t.Context(), repo, m)
		var e *hfx.Error
		if !errors.As(err, &e) || e.OS != 0 || e.Code != hfx.ErrCallback || !strings.Contains(err.Error(), want) || errors.Is(err, broken) != (want == broken.Error()) {
			t.Fatal(want, err)
		}
		ok(t, m.Close())
		if err := m.AddBytes("x", nil); !errors.Is(err, hfx.ErrClosed) {
			t.Fatal(err)
		}
	}
}

// TestCommitReaderOfTheSystemFails expects the system's error where C has it, too.
func TestCommitReaderOfTheSystemFails(t *testing.T) {
	h := startHub(t)
	c := h.open()
	repo := hfx.Model("acme/made")
	_ = must(c.CreateRepo(t.Context(), repo))(t)
	m := must(hfx.NewCommit())(t)
	defer m.Close()
	file := must(os.Open(t.TempDir()))(t)
	defer file.Close()
	ok(t, m.AddReaderAt("model.bin", file, 11<<20))
	_, err := c.Commit(t.Context(), repo, m)
	var e *hfx.Error
	if !errors.As(err, &e) || e.Code != hfx.ErrCallback || e.OS != syscall.EISDIR {
		t.Fatalf("%v %+v", err, e)
	}
}

// TestPreuploadForgets makes sure that what was sent is free for the collector while the commit is still being made.
func TestPreuploadForgets(t *testing.T) {
	h := startHub(t)
	c := h.open()
	repo := hfx.Model("acme/forget")
	_ = must(c.CreateRepo(t.Context(), repo))(t)
	m := must(hfx.NewCommit())(t)
	defer m.Close()
	content := bytes.NewReader(bigBytes())
	kept := weak.Make(content)
	ok(t, m.AddReaderAt("model.bin", content, bigSize))
	ok(t, m.AddBytes("index.json", []byte("{}")))
	content = nil
	_ = must(c.Preupload(t.Context(), repo, m))(t)
	for began := time.Now(); kept.Value() != nil; runtime.GC() {
		if time.Since(began) > 10*time.Second {
			t.Fatal("the content is still held")
		}
	}
	_ = must(c.Commit(t.Context(), repo, m))(t)
}

// TestCommitFromRemote sends what is read from the Hub meanwhile: a reader waits for jobs on a thread of the library.
func TestCommitFromRemote(t *testing.T) {
	h := startHub(t)
	c := h.open()
	repo := hfx.Model("acme/mirror")
	_ = must(c.CreateRepo(t.Context(), repo))(t)
	remote := must(c.OpenFile(t.Context(), hfx.Model("acme/big"), "model.bin"))(t)
	m := must(hfx.NewCommit())(t)
	defer m.Close()
	for i := range 4 {
		ok(t, m.AddReaderAt(fmt.Sprintf("model%d.bin", i), remote, remote.Size()))
	}
	made := must(c.Commit(t.Context(), repo, m))(t)
	if len(made.Files) != 4 || made.Files[0].OID != fmt.Sprintf("%x", sha256.Sum256(bigBytes())) {
		t.Fatalf("%+v", made)
	}
}

func TestUploads(t *testing.T) {
	h := startHub(t)
	c := h.open(hfx.WithStateDir(filepath.Join(t.TempDir(), "state")))
	ctx, repo := t.Context(), hfx.Dataset("acme/up")
	_ = must(c.CreateRepo(ctx, repo))(t)
	folder := t.TempDir()
	for i := range 20 {
		ok(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d.txt", i)), []byte{byte(i)}, 0o644))
	}
	big := filepath.Join(folder, "model.bin")
	ok(t, os.WriteFile(big, bigBytes(), 0o644))
	var last hfx.Progress
	made := must(c.UploadFolder(ctx, repo, folder, "data", hfx.WithExclude("1*.txt"), hfx.OnProgress(func(p hfx.Progress) { last = p })))(t)
	if made.CommitCount != 1 || len(made.Files) != 11 || last.BytesSent < bigSize || last.BytesHashed < bigSize {
		t.Fatalf("%+v %+v", made, last)
	}
	// C would take a folder that it can't read as none, and put all into the root.
	if _, err := c.UploadFolder(ctx, repo, folder, "sub\x00folder"); !errors.Is(err, hfx.ErrInvalidArgument) {
		t.Fatal(err)
	}
	if files := must(c.Tree(ctx, repo, ""))(t); len(files) != 11+1 {
		t.Fatalf("%+v", files)
	}
	made = must(c.UploadFile(ctx, repo, big, "copy/model.bin"))(t)
	if made.CommitCount != 1 {
		t.Fatalf("%+v", made)
	}
	if made = must(c.UploadFile(ctx, repo, big, "copy/model.bin"))(t); made.CommitCount != 0 {
		t.Fatalf("%+v", made)
	}
	if commits := must(c.Commits(ctx, repo, 0))(t); len(commits) < 2 || len(commits[0].ID) != 40 || commits[0].Title == "" || commits[0].Date.IsZero() {
		t.Fatalf("%+v", commits)
	}
	ok(t, os.WriteFile(big, bytes.Repeat([]byte("x"), 11<<20), 0o644))
	h.fault(`[{"match": {"path": "/object/", "port": "cdn", "times": 0}, "do": {"stall_request_after": 1000}}]`)
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := c.UploadFile(ctx, repo, big, "stalled.bin"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 3*time.Second {
		t.Fatal(err, time.Since(began))
	}
}

func TestSchedule(t *testing.T) {
	h := startHub(t)
	c := h.open()
	repo := hfx.Model("acme/log")
	_ = must(c.CreateRepo(t.Context(), repo))(t)
	folder := t.TempDir()
	s := must(c.Schedule(repo, folder, "logs", time.Hour))(t)
	defer s.Close()
	ctx := t.Context()
	ok(t, s.Lock(ctx))
	over, cancel := context.WithCancelCause(ctx)
	why := errors.New("somebody else writes")
	time.AfterFunc(100*time.Millisecond, func() { cancel(why) })
	for range 2 {
		if err := s.Lock(over); !errors.Is(err, why) || !errors.Is(err, hfx.ErrCancelled) {
			t.Fatal(err)
		}
	}
	ok(t, os.WriteFile(filepath.Join(folder, "log.txt"), []byte("one\n"), 0o644))
	ok(t, s.Unlock())
	if err := s.Unlock(); !errors.Is(err, hfx.ErrInvalidArgument) {
		t.Fatal(err)
	}
	first := must(must(s.Trigger())(t).Wait(ctx))(t)
	if first.CommitCount != 1 || first.Commit != must(c.Info(ctx, repo))(t).Commit {
		t.Fatalf("%+v", first)
	}
	made := must(s.Stop(ctx))(t)
	if made.CommitCount != 1 || made.Commit != first.Commit {
		t.Fatalf("%+v", made)
	}
	if _, err := must(s.Trigger())(t).Wait(ctx); !errors.Is(err, hfx.ErrClosed) {
		t.Fatal(err)
	}
	if there := must(c.FileExists(t.Context(), repo, "logs/log.txt"))(t); !there {
		t.Fatal("the log did not come")
	}
}

func TestUploadParts(t *testing.T) {
	h := startHub(t)
	c := h.open()
	repo := hfx.Model("acme/parts")
	_ = must(c.CreateRepo(t.Context(), repo))(t)
	zeroes := make([]byte, 1310720)
	file := filepath.Join(t.TempDir(), "zeroes.bin")
	ok(t, os.WriteFile(file, zeroes, 0o644))
	oid := fmt.Sprintf("%x", sha256.Sum256(zeroes))
	reply := must(c.Call(t.Context(), "POST", "/acme/parts.git/info/lfs/objects/batch", map[string]any{
		"operation": "upload", "transfers": []string{"basic"}, "hash_algo": "sha256",
		"objects": []any{map[string]any{"oid": oid, "size": len(zeroes)}},
	}, 1))(t)
	header := must(c.UploadURL(t.Context(), file, reply.Value("/objects/0/actions/upload/href")))(t)
	if len(header) == 0 {
		t.Fatal("no headers")
	}
	_, err := c.UploadParts(t.Context(), file, []string{h.endpoint + "/nowhere"}, 1<<19)
	if !errors.Is(err, hfx.ErrInvalidArgument) {
		t.Fatal(err)
	}
	if _, err = c.UploadURL(t.Context(), file, h.endpoint+"/nowhere"); err == nil {
		t.Fatal("an upload to nowhere went well")
	}
}
