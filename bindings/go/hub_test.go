package hfx_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	hfx "github.com/hfx/hfx/bindings/go"
)

// hub is a running `hfx serve` with its faults and its log.
type hub struct {
	t        testing.TB
	endpoint string
	dir      string
}

// bigSize is an LFS file of several ranges.
const bigSize = 12<<20 + 12345

func bigBytes() []byte {
	b := make([]byte, bigSize)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

// tool is where the command is; absolute, since examples run in folders of their own.
func tool(t testing.TB) string {
	path := os.Getenv("HFX_TOOL")
	if path == "" {
		path = "../../target/release/hfx"
	}
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func startHub(t testing.TB, more ...string) *hub {
	t.Helper()
	h := &hub{t: t, dir: t.TempDir()}
	h.put("models/acme/tiny/config.json", []byte(`{"name": "tiny"}`))
	h.put("models/acme/tiny/sub/notes.txt", []byte("notes\n"))
	h.put("models/acme/tiny/empty", nil)
	h.put("models/acme/big/model.bin", bigBytes())
	h.put("models/acme/big/config.json", []byte("{}"))
	command := exec.Command(tool(t), append([]string{"serve", h.dir, "--control"}, more...)...)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("can't run the tool (HFX_TOOL): %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	endpoint, ok := strings.CutPrefix(strings.TrimSpace(line), "HF_ENDPOINT=")
	if err != nil || !ok {
		t.Fatalf("hfx serve said %q: %v", line, err)
	}
	h.endpoint = endpoint
	return h
}

func (h *hub) put(path string, content []byte) {
	h.t.Helper()
	path = filepath.Join(h.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// fault puts rules in force in place of those before; see `hfx serve --help`.
func (h *hub) fault(rules string) {
	h.t.Helper()
	request, err := http.NewRequest(http.MethodPut, h.endpoint+"/_hfx/faults", strings.NewReader(rules))
	if err != nil {
		h.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		h.t.Fatalf("the faults were refused: %s", answer.Status)
	}
}

// requests counts the requests whose path holds text.
func (h *hub) requests(text string) int {
	h.t.Helper()
	answer, err := http.Get(h.endpoint + "/_hfx/requests")
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	var all []struct{ Path string }
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		h.t.Fatal(err)
	}
	count := 0
	for _, r := range all {
		if strings.Contains(r.Path, text) {
			count++
		}
	}
	return count
}

// open makes a client of the hub with a cache of its own, closed at the end of the test.
func (h *hub) open(options ...hfx.Option) *hfx.Client {
	h.t.Helper()
	base := []hfx.Option{
		hfx.WithEndpoint(h.endpoint),
		hfx.WithToken("hf_test"),
		hfx.WithCacheDir(filepath.Join(h.t.TempDir(), "cache")),
		hfx.WithOption("assets_dir", filepath.Join(h.t.TempDir(), "assets")),
		hfx.WithOption("durability", "process"),
	}
	client, err := hfx.Open(append(base, options...)...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := client.Close(context.Background()); err != nil {
			h.t.Error(err)
		}
	})
	return client
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: %d bytes, other than the %d wanted", what, len(got), len(want))
	}
}

const slow = `[{"match": {"path": "model.bin", "port": "cdn", "times": 0}, "do": {"rate": %d}}]`

func slowly(rate int) string { return fmt.Sprintf(slow, rate) }
