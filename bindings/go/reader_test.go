package hfx_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"

	hfx "github.com/hfx/hfx/bindings/go"
)

func TestReadAndStream(t *testing.T) {
	h := startHub(t)
	c := h.open()
	big, repo := bigBytes(), hfx.Model("acme/big")
	url := h.endpoint + "/acme/big/resolve/main/model.bin"
	content := must(c.ReadFile(t.Context(), repo, "model.bin", 1000, 50))(t)
	same(t, "a range", content.Data, big[1000:1050])
	if content.Length != 50 || content.FileSize != bigSize || content.Verified != hfx.VerifiedLength {
		t.Fatalf("%+v", content)
	}
	same(t, "a range of a URL", must(c.ReadURL(t.Context(), url, bigSize-10, 50))(t).Data, big[bigSize-10:])

	var got bytes.Buffer
	content = must(c.StreamFile(t.Context(), repo, "model.bin", 0, hfx.ToEnd, &got))(t)
	same(t, "the stream", got.Bytes(), big)
	if content.Data != nil || content.Length != bigSize || content.Verified != hfx.VerifiedHash {
		t.Fatalf("%+v", content)
	}
	got.Reset()
	_ = must(c.StreamURL(t.Context(), url, 5, 7, &got))(t)
	same(t, "a streamed range", got.Bytes(), big[5:12])

	if tag := fmt.Sprintf("%x", sha256.Sum256(big)); content.Etag != tag || len(content.Commit) != 40 {
		t.Fatalf("%+v", content)
	}
	got.Reset()
	var begun *hfx.Meta
	content = must(c.StreamFile(t.Context(), repo, "model.bin", 0, 10, &got, hfx.OnStart(func(m *hfx.Meta) error {
		if begun != nil || got.Len() != 0 {
			t.Error("told of the start late, or twice")
		}
		begun = m
		return nil
	})))(t)
	if begun == nil || begun.Etag != content.Etag || begun.Commit != content.Commit || begun.Size != bigSize {
		t.Fatalf("%+v %+v", begun, content)
	}
	unwanted := errors.New("not this one")
	_, err := c.StreamURL(t.Context(), url, 0, hfx.ToEnd, &got, hfx.OnStart(func(*hfx.Meta) error { return unwanted }))
	if !errors.Is(err, unwanted) || !errors.Is(err, hfx.ErrCallback) {
		t.Fatal(err)
	}

	full := errors.New("the writer is full")
	_, err = c.StreamFile(t.Context(), repo, "model.bin", 0, hfx.ToEnd, writer(func([]byte) (int, error) { return 0, full }))
	if !errors.Is(err, full) || !errors.Is(err, hfx.ErrCallback) {
		t.Fatal(err)
	}
	var e *hfx.Error
	_, err = c.StreamFile(t.Context(), repo, "model.bin", 0, hfx.ToEnd, writer(func([]byte) (int, error) {
		return 0, &os.PathError{Op: "write", Path: "pipe", Err: syscall.EPIPE}
	}))
	if !errors.As(err, &e) || e.OS != syscall.EPIPE || !errors.Is(err, hfx.ErrCallback) {
		t.Fatal(err)
	}
	_, err = c.StreamFile(t.Context(), repo, "model.bin", 0, hfx.ToEnd, writer(func([]byte) (int, error) { return 0, nil }))
	if !errors.Is(err, io.ErrShortWrite) {
		t.Fatal(err)
	}
	func() {
		defer func() {
			if r := recover(); r != "in a writer" {
				t.Fatal(r)
			}
		}()
		_, _ = c.StreamFile(t.Context(), repo, "model.bin", 0, hfx.ToEnd, writer(func([]byte) (int, error) { panic("in a writer") }))
		t.Fatal("the panic was lost")
	}()
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestReader(t *testing.T) {
	h := startHub(t)
	c := h.open()
	big := bigBytes()
	url := h.endpoint + "/acme/big/resolve/main/model.bin"
	for name, r := range map[string]*hfx.Reader{
		"file": must(c.OpenFile(t.Context(), hfx.Model("acme/big"), "model.bin"))(t),
		"URL":  must(c.OpenURL(t.Context(), url))(t),
	} {
		if r.Size() != bigSize || (r.Commit() == "") != (name == "URL") {
			t.Fatal(name, r.Size(), r.Commit())
		}
		var group sync.WaitGroup
		for i := range 8 {
			group.Add(1)
			go func() {
				defer group.Done()
				random := rand.New(rand.NewSource(int64(i)))
				for range 5 {
					p, from := make([]byte, random.Intn(100000)+1), random.Int63n(bigSize)
					n, err := r.ReadAt(p, from)
					if (err != nil && err != io.EOF) || (n < len(p)) != (err == io.EOF) || !bytes.Equal(p[:n], big[from:from+int64(n)]) {
						t.Error(name, from, n, err)
					}
				}
			}()
		}
		group.Wait()
		if n, err := r.ReadAt(make([]byte, 1), bigSize); n != 0 || err != io.EOF {
			t.Fatal(n, err)
		}
		if _, err := r.ReadAt(make([]byte, 1), -1); !errors.Is(err, hfx.ErrInvalidArgument) {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if n := must(io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{r}, make([]byte, 3000)))(t); n != bigSize {
			t.Fatal(n)
		}
		same(t, name, got.Bytes(), big)
		if at := must(r.Seek(-1000, io.SeekEnd))(t); at != bigSize-1000 {
			t.Fatal(at)
		}
		same(t, "the end", must(io.ReadAll(struct{ io.Reader }{r}))(t), big[bigSize-1000:])
		_ = must(r.Seek(100, io.SeekStart))(t)
		got.Reset()
		_ = must(io.Copy(&got, r))(t)
		same(t, "WriteTo", got.Bytes(), big[100:])
		if _, err := r.Seek(-1, io.SeekStart); !errors.Is(err, hfx.ErrInvalidArgument) {
			t.Fatal(err)
		}
	}
	small := must(c.OpenFile(t.Context(), hfx.Model("acme/tiny"), "config.json"))(t)
	ok(t, iotest.TestReader(small, []byte(`{"name": "tiny"}`)))
	empty := must(c.OpenFile(t.Context(), hfx.Model("acme/tiny"), "empty"))(t)
	if all := must(io.ReadAll(empty))(t); len(all) != 0 {
		t.Fatal(all)
	}
}

func TestReadAheadSavesRequests(t *testing.T) {
	h := startHub(t)
	r := must(h.open().OpenFile(t.Context(), hfx.Model("acme/big"), "model.bin"))(t)
	before := h.requests("model.bin")
	p := make([]byte, 1000)
	for range 300 {
		_ = must(io.ReadFull(r, p))(t)
	}
	// 64, 128 and 256 KiB; each may be asked for at the Hub and then at the CDN.
	if made := h.requests("model.bin") - before; made > 6 {
		t.Fatalf("%d requests for 300 small reads", made)
	}
}

func TestReaderFromTheCache(t *testing.T) {
	h := startHub(t)
	c := h.open()
	_ = must(c.DownloadFile(t.Context(), hfx.Model("acme/big"), "model.bin"))(t)
	r := must(c.OpenFile(t.Context(), hfx.Model("acme/big"), "model.bin"))(t)
	before := h.requests("model.bin")
	p := make([]byte, 1<<20)
	_ = must(r.ReadAt(p, 1<<20))(t)
	same(t, "the range", p, bigBytes()[1<<20:2<<20])
	if made := h.requests("model.bin") - before; made != 0 {
		t.Fatalf("%d requests for what is cached", made)
	}
}

// TestReaderIsOfOneContent changes the file between reads.
func TestReaderIsOfOneContent(t *testing.T) {
	h := startHub(t)
	c := h.open()
	ctx, repo, url := t.Context(), hfx.Model("acme/big"), h.endpoint+"/acme/big/resolve/main/model.bin"
	file := must(c.OpenFile(ctx, repo, "model.bin"))(t)
	remote := must(c.OpenURL(ctx, url))(t)
	if len(file.Etag()) != 64 || remote.Etag() == "" {
		t.Fatal(file.Etag(), remote.Etag())
	}
	m := must(hfx.NewCommit())(t)
	defer m.Close()
	ok(t, m.AddBytes("model.bin", make([]byte, bigSize)))
	_ = must(c.Commit(ctx, repo, m))(t)

	p := make([]byte, 1000)
	_ = must(file.ReadAt(p, 5<<20))(t)
	same(t, "the commit that was opened", p, bigBytes()[5<<20:5<<20+1000])
	if _, err := remote.ReadAt(p, 5<<20); !errors.Is(err, hfx.ErrContentChanged) {
		t.Fatal(err)
	}
	_ = must(remote.Seek(5<<20, io.SeekStart))(t)
	if n, err := remote.WriteTo(io.Discard); n != 0 || !errors.Is(err, hfx.ErrContentChanged) {
		t.Fatal(n, err)
	}
	if _, err := c.ReadURL(ctx, url, 0, 10, hfx.WithIfMatch(remote.Etag())); !errors.Is(err, hfx.ErrContentChanged) {
		t.Fatal(err)
	}
}

func TestMap(t *testing.T) {
	h := startHub(t)
	file := must(h.open().DownloadFile(t.Context(), hfx.Model("acme/big"), "model.bin"))(t)
	m := must(hfx.Map(file.Path))(t)
	same(t, "the mapping", m.Bytes(), bigBytes())
	p := make([]byte, 20)
	if n, err := m.ReadAt(p, bigSize-10); n != 10 || err != io.EOF || m.Len() != bigSize {
		t.Fatal(n, err)
	}
	ok(t, m.Close())
	ok(t, m.Close())
	if _, err := m.ReadAt(p, 0); !errors.Is(err, hfx.ErrClosed) {
		t.Fatal(err)
	}
	own := must(hfx.MapCopy(file.Path))(t)
	own.Bytes()[0]++
	if now := must(os.ReadFile(file.Path))(t); own.Bytes()[0] != bigBytes()[0]+1 || !bytes.Equal(now, bigBytes()) {
		t.Fatal("what was written to a copy reached the file")
	}
	ok(t, own.Close())
	empty := filepath.Join(t.TempDir(), "empty")
	ok(t, os.WriteFile(empty, nil, 0o644))
	if m := must(hfx.Map(empty))(t); m.Len() != 0 {
		t.Fatal(m.Len())
	}
	if _, err := hfx.Map(empty + ".none"); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}
