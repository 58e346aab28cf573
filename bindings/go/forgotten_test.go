package hfx_test

import (
	"bytes"
	"runtime"
	"testing"

	hfx "github.com/hfx/hfx/bindings/go"
)

// TestCollectorWhileCallsRun drops every handle as soon as it may, with the collector always at work: whatever is freed
// too early is used after it. The build tag hfx_debug makes each call a collection.
func TestCollectorWhileCallsRun(t *testing.T) {
	h := startHub(t)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	ctx, repo := t.Context(), hfx.Model("acme/tiny")
	open := func() *hfx.Client {
		return must(hfx.Open(hfx.WithEndpoint(h.endpoint), hfx.WithCacheDir(t.TempDir()), hfx.WithOption("durability", "process"), hfx.WithOption("threads", "1")))(t)
	}
	for range 5 {
		file := must(open().DownloadFile(ctx, repo, "config.json", hfx.OnProgress(func(hfx.Progress) { runtime.GC() })))(t)
		_ = must(must(open().StartDownloadSnapshot(repo))(t).Wait(ctx))(t)
		_ = must(open().DeleteCached(ctx, must(must(open().ScanCache(ctx))(t).Prune())(t)))(t)
		if n := must(must(hfx.Map(file.Path))(t).ReadAt(make([]byte, 4), 0))(t); n != 4 {
			t.Fatal(n)
		}
		p := make([]byte, 100)
		_ = must(must(open().OpenFile(ctx, repo, "config.json"))(t).Read(p))(t)
		m := must(hfx.NewCommit())(t)
		ok(t, m.AddReaderAt("a", bytes.NewReader(p), 100))
		made := must(open().Commit(ctx, hfx.Model("acme/big"), m, hfx.WithToken("hf_test"), hfx.WithOption("commit_message", "x")))(t)
		if len(made.Files) != 1 || must(open().Call(ctx, "GET", "/api/models/acme/tiny", nil, 1))(t).Value("/id") != "acme/tiny" {
			t.Fatalf("%+v", made)
		}
	}
}
