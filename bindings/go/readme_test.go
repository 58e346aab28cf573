package hfx_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme runs what the README shows: its program as it is, its fragments one after another in a program around them.
func TestReadme(t *testing.T) {
	h := startHub(t)
	h.put("models/owner/name/model.safetensors", bigBytes())
	h.put("models/owner/name/config.json", []byte("{}"))
	folder := t.TempDir()
	ok(t, os.MkdirAll(filepath.Join(folder, "out"), 0o755))
	ok(t, os.WriteFile(filepath.Join(folder, "out", "old.txt"), []byte("old"), 0o644))
	home := t.TempDir()

	readme := string(must(os.ReadFile("README.md"))(t))
	var fragments, calls strings.Builder
	for i, block := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readme, -1) {
		if strings.HasPrefix(block[1], "package main") {
			out, err := h.runSource(folder, home, block[1])
			if err != nil || !strings.HasSuffix(strings.TrimSpace(out), "model.safetensors") {
				t.Fatal(out, err)
			}
			continue
		}
		fmt.Fprintf(&fragments, "func fragment%d(ctx context.Context, client *hfx.Client) error {\n%s\nreturn nil\n}\n\n", i, block[1])
		fmt.Fprintf(&calls, "check(fragment%d(ctx, client))\n", i)
	}
	out, err := h.runSource(folder, home, fmt.Sprintf(around, calls.String(), fragments.String()))
	if err != nil || !strings.Contains(out, "no such file") || !strings.HasSuffix(out, "0 owner/name\n") {
		t.Fatal(out, err)
	}
}

func (h *hub) runSource(folder, home, source string) (string, error) {
	h.t.Helper()
	file := filepath.Join(folder, "main.go")
	ok(h.t, os.WriteFile(file, []byte(source), 0o644))
	c := h.command(home, build(h.t, file))
	c.Dir = folder
	out, err := c.CombinedOutput()
	return string(out), err
}

const around = `package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"time"

	hfx "github.com/hfx/hfx/bindings/go"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	ctx := context.Background()
	client, err := hfx.Open(hfx.FromEnv())
	check(err)
	%s
	check(client.Close(ctx))
}

%s
`
