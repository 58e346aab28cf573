package hfx_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// build compiles a program of this module.
func build(t testing.TB, folder string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(folder))
	out, err := exec.Command("go", "build", "-o", program, folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// command runs a program against a hub, with a home of its own.
func (h *hub) command(home, program string, arguments ...string) *exec.Cmd {
	c := exec.Command(program, arguments...)
	c.Env = append(os.Environ(), "HF_ENDPOINT="+h.endpoint, "HF_HOME="+home, "HF_TOKEN=hf_test")
	return c
}

// aGGUF is a file with a header that is true, and size bytes of tensors.
func aGGUF(size int) []byte {
	var b bytes.Buffer
	var write func(values ...any)
	write = func(values ...any) {
		for _, value := range values {
			if text, ok := value.(string); ok {
				write(uint64(len(text)))
				b.WriteString(text)
				continue
			}
			_ = binary.Write(&b, binary.LittleEndian, value)
		}
	}
	b.WriteString("GGUF")
	write(uint32(3), uint64(1), uint64(5))
	write("general.architecture", uint32(8), "llama")
	write("llama.block_count", uint32(4), uint32(16))
	write("llama.rope.freq_base", uint32(6), float32(500000))
	write("general.offset", uint32(5), int32(-3))
	write("tokenizer.ggml.tokens", uint32(9), uint32(8), uint64(2), "a", "b")
	b.Write(make([]byte, size))
	return b.Bytes()
}

func TestPullExample(t *testing.T) {
	h := startHub(t)
	for _, name := range []string{"m-Q2_K.gguf", "m-Q4_K_M.gguf", "mmproj-m-f16.gguf", "Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf"} {
		h.put("models/acme/gguf/"+name, aGGUF(100000))
	}
	big := append(aGGUF(0), bigBytes()...)
	h.put("models/acme/large/large.Q4_0.gguf", big)
	program, home := build(t, "./examples/pull"), t.TempDir()
	for _, test := range []struct{ name, want string }{
		{"hf.co/acme/gguf", "m-Q4_K_M.gguf mmproj-m-f16.gguf"},
		{"acme/gguf:q2_k", "m-Q2_K.gguf mmproj-m-f16.gguf"},
		{"https://huggingface.co/acme/gguf:Q8_0", "m-Q8_0-00001-of-00002.gguf m-Q8_0-00002-of-00002.gguf mmproj-m-f16.gguf"},
	} {
		for _, flag := range []string{"--verify", "--offline"} {
			out, err := h.command(home, program, flag, test.name).Output()
			var names []string
			for _, path := range strings.Fields(string(out)) {
				names = append(names, filepath.Base(path))
				same(t, path, must(os.ReadFile(path))(t), aGGUF(100000))
			}
			if err != nil || strings.Join(names, " ") != test.want {
				t.Fatalf("%s %s: %v, %v", flag, test.name, names, err)
			}
		}
	}
	if out, err := h.command(home, program, "acme/gguf:Q9").CombinedOutput(); err == nil || !strings.Contains(string(out), "m-Q4_K_M.gguf") {
		t.Fatal(string(out), err)
	}

	// Ctrl-C ends it at once, and the next run goes on.
	h.fault(`[{"match": {"path": "large.Q4_0", "port": "cdn", "times": 0}, "do": {"rate": 2000000}}]`)
	var screen lockedBuffer
	first := h.command(home, program, "acme/large")
	first.Stderr = &screen
	ok(t, first.Start())
	for began := time.Now(); !strings.Contains(screen.String(), " of "); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			t.Fatal(screen.String())
		}
	}
	ok(t, first.Process.Signal(syscall.SIGINT))
	if err := first.Wait(); err == nil || first.ProcessState.ExitCode() != 130 {
		t.Fatal(err, screen.String())
	}
	h.fault(`[]`)
	out := must(h.command(home, program, "acme/large").Output())(t)
	same(t, "large", must(os.ReadFile(strings.TrimSpace(string(out))))(t), big)
}

func TestReaderExample(t *testing.T) {
	h := startHub(t)
	h.put("models/acme/heads/m.gguf", append(aGGUF(0), bigBytes()...))
	header := []byte(`{"__metadata__": {"format": "pt"}, "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}`)
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	h.put("models/acme/heads/m.safetensors", append(append(file, header...), bigBytes()...))
	program := build(t, "./examples/reader")
	for name, want := range map[string]string{
		"m.gguf":        "GGUF version 3, 1 tensors\ngeneral.architecture = llama\nllama.block_count = 16\nllama.rope.freq_base = 500000\ngeneral.offset = -3\ntokenizer.ggml.tokens = [2 texts]\n",
		"m.safetensors": "weight F32 [2 3]\n",
	} {
		out, err := h.command(t.TempDir(), program, "acme/heads", name).CombinedOutput()
		if err != nil || string(out) != want {
			t.Fatalf("%s: %s%v", name, out, err)
		}
	}
}
