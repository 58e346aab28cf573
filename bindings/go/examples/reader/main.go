// Reader prints the header of a safetensors or GGUF file on the Hub without downloading the file: its tensors or its
// metadata, from a few ranges of some kilobytes.
//
//	go run ./examples/reader openai-community/gpt2 model.safetensors
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sort"

	hfx "github.com/hfx/hfx/bindings/go"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: reader OWNER/NAME FILE")
		os.Exit(2)
	}
	if err := run(ctx, os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, repo, path string) (err error) {
	client, err := hfx.Open(hfx.FromEnv())
	if err != nil {
		return err
	}
	defer func() {
		if closing := client.Close(context.Background()); err == nil {
			err = closing
		}
	}()
	file, err := client.OpenFile(ctx, hfx.Model(repo), path)
	if err != nil {
		return err
	}
	magic := make([]byte, 4)
	if _, err := file.ReadAt(magic, 0); err != nil {
		return err
	}
	if bytes.Equal(magic, ggufMagic) {
		return printGGUF(out, file)
	}
	return printSafetensors(out, file)
}

func printGGUF(out io.Writer, file io.Reader) error {
	header, err := readGGUF(file)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "GGUF version %d, %d tensors\n", header.Version, header.Tensors)
	for _, entry := range header.Metadata {
		fmt.Fprintf(out, "%s = %s\n", entry.Key, entry.Value)
	}
	return nil
}

// mostHeader bounds what a file may make us read.
const mostHeader = 100 << 20

func printSafetensors(out io.Writer, file *hfx.Reader) error {
	var length uint64
	if err := binary.Read(file, binary.LittleEndian, &length); err != nil {
		return err
	}
	if length > mostHeader || int64(length) > file.Size()-8 {
		return fmt.Errorf("neither safetensors nor GGUF")
	}
	var tensors map[string]struct {
		Dtype string
		Shape []int64
	}
	raw := map[string]json.RawMessage{}
	if err := json.NewDecoder(io.LimitReader(file, int64(length))).Decode(&raw); err != nil {
		return fmt.Errorf("neither safetensors nor GGUF: %w", err)
	}
	delete(raw, "__metadata__")
	header, err := json.Marshal(raw)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(header, &tensors); err != nil {
		return err
	}
	names := make([]string, 0, len(tensors))
	for name := range tensors {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(out, "%s %s %v\n", name, tensors[name].Dtype, tensors[name].Shape)
	}
	return nil
}
