package hfx

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// serve runs a hub; this file is inside the package to count handles.
func serve(t *testing.T) string {
	t.Helper()
	tool := os.Getenv("HFX_TOOL")
	if tool == "" {
		tool = "../../target/release/hfx"
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "models/acme/tiny")
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "config.json"), bytes.Repeat([]byte("{}"), 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(tool, "serve", dir)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(line), "HF_ENDPOINT=")
}

// resources are what must not grow.
type resources struct {
	descriptors, goroutines int
	owned, lent             int64
}

func (r resources) within(limit resources) bool {
	return r.descriptors <= limit.descriptors && r.goroutines <= limit.goroutines && r.owned <= limit.owned && r.lent <= limit.lent
}

func count(t *testing.T) resources {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc to count descriptors in")
	}
	return resources{len(open), runtime.NumGoroutine(), owned.Load(), lent.Load()}
}

// settle waits until no more is held than limit: cleanups and threads end a moment after they are let go.
func settle(t *testing.T, limit resources) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		runtime.GC()
		now := count(t)
		if now.within(limit) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("leaked: %+v, at most %+v is fine", now, limit)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// cycle uses what takes handles, callbacks and descriptors, and closes it or forgets it.
func cycle(t *testing.T, endpoint string, closes bool) {
	ctx, repo := context.Background(), Model("acme/tiny")
	c, err := Open(WithEndpoint(endpoint), WithCacheDir(filepath.Join(t.TempDir(), "c")), WithOption("threads", "1"), WithOption("durability", "process"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := c.DownloadFile(ctx, repo, "config.json", OnProgress(func(Progress) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.StreamFile(ctx, repo, "config.json", 0, ToEnd, io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DownloadFile(ctx, repo, "none"); !errors.Is(err, ErrEntryNotFound) {
		t.Fatal(err)
	}
	if _, err := c.Call(ctx, "GET", "/api/models/acme/tiny", nil, 1); err != nil {
		t.Fatal(err)
	}
	cache, err := c.ScanCache(ctx)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := cache.Prune()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Map(file.Path)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := NewCommit()
	if err != nil {
		t.Fatal(err)
	}
	if err := commit.AddReaderAt("x", bytes.NewReader(nil), 0); err != nil {
		t.Fatal(err)
	}
	job, err := c.StartDownloadSnapshot(repo)
	if err != nil {
		t.Fatal(err)
	}
	if !closes {
		return
	}
	for _, closer := range []io.Closer{job, commit, m, plan, cache} {
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestNothingLeaks(t *testing.T) {
	cycles := 200
	if testing.Short() {
		cycles = 20
	}
	for _, closes := range []bool{true, false} {
		t.Run(fmt.Sprintf("closes=%v", closes), func(t *testing.T) {
			endpoint := serve(t)
			cycle(t, endpoint, true) // what is made once, as threads that stay with the runtime
			settle(t, resources{1 << 20, 1 << 20, 1, 1 << 20})
			before := count(t)
			limit := resources{before.descriptors, before.goroutines, before.owned + 1, before.lent}
			for range cycles {
				cycle(t, endpoint, closes)
				if !closes && count(t).descriptors > 200 {
					settle(t, limit) // the collector has no reason of its own to run this often
				}
			}
			settle(t, limit)
		})
	}
}
