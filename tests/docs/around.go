// Around a fragment of the guide: what it takes for granted.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"time"

	hfx "github.com/hfx/hfx/bindings/go"
)

// What one fragment needs and another does not.
var _ = []any{bytes.NewReader, context.Background, errors.Is, fmt.Println, io.Copy, fs.ErrNotExist, os.Exit, time.Second}

func fragment(ctx context.Context, client *hfx.Client, repo hfx.Repo) error {
@FRAGMENT@
	return nil
}

func main() {
	ctx := context.Background()
	client, err := hfx.Open(hfx.FromEnv())
	if err == nil {
		err = errors.Join(fragment(ctx, client, hfx.Model("Qwen/Qwen3-0.6B")), client.Close(ctx))
	}
	if err != nil {
		log.Fatal(err)
	}
}
