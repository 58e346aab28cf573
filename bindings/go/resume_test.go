package hfx_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	hfx "github.com/hfx/hfx/bindings/go"
)

// TestMain is also the child that is killed.
func TestMain(m *testing.M) {
	if endpoint := os.Getenv("HFX_GO_CHILD"); endpoint != "" {
		if err := child(endpoint, os.Getenv("HFX_GO_CACHE")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(endpoint, cache string) error {
	c, err := hfx.Open(hfx.WithEndpoint(endpoint), hfx.WithCacheDir(cache), hfx.WithOption("part_size", "1M"), hfx.WithOption("max_connections", "2"))
	if err != nil {
		return err
	}
	_, err = c.DownloadFile(context.Background(), hfx.Model("acme/big"), "model.bin", hfx.OnProgress(func(p hfx.Progress) {
		if p.BytesDone > 6<<20 {
			fmt.Println("half")
		}
	}))
	return err
}

func TestKillAndResume(t *testing.T) {
	h := startHub(t)
	cache := t.TempDir()
	h.fault(slowly(4 << 20))
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "HFX_GO_CHILD="+h.endpoint, "HFX_GO_CACHE="+cache)
	out := must(command.StdoutPipe())(t)
	ok(t, command.Start())
	timer := time.AfterFunc(60*time.Second, func() { _ = command.Process.Kill() })
	line := make([]byte, 4)
	_, err := out.Read(line)
	timer.Stop()
	ok(t, command.Process.Kill())
	_ = command.Wait()
	if err != nil || string(line) != "half" {
		t.Fatalf("%q %v", line, err)
	}
	h.fault(`[]`)
	var last hfx.Progress
	c := h.open(hfx.WithCacheDir(cache))
	file := must(c.DownloadFile(t.Context(), hfx.Model("acme/big"), "model.bin", hfx.OnProgress(func(p hfx.Progress) { last = p })))(t)
	same(t, "the file", must(os.ReadFile(file.Path))(t), bigBytes())
	if file.Verified != hfx.VerifiedHash || last.BytesRestored < 1<<20 || last.BytesReceived > bigSize-last.BytesRestored+1<<20 {
		t.Fatalf("%+v", last)
	}
}
