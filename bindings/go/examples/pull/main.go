// Pull fetches a GGUF model from the Hub into the shared cache, as a model runner does: it picks the quantisation, all
// parts of a split model and its multimodal projector, shows progress, goes on where an earlier run ended (also after
// Ctrl-C), and prints where the files are. Their hashes were checked when they came; --verify checks them again.
//
//	go run ./examples/pull hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	hfx "github.com/hfx/hfx/bindings/go"
)

func main() {
	verify := flag.Bool("verify", false, "hash the files again")
	offline := flag.Bool("offline", false, "take what is cached")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: pull [--verify] [--offline] [hf.co/]OWNER/NAME[:QUANT]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := pull(ctx, os.Stdout, os.Stderr, flag.Arg(0), *verify, *offline)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "\nstopped; run it again and it goes on")
		os.Exit(130)
	case errors.Is(err, hfx.ErrGated):
		fmt.Fprintln(os.Stderr, "ask for access on the model's page, then set HF_TOKEN:", err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// pull prints the path of each file of the model.
func pull(ctx context.Context, out, screen io.Writer, name string, verify, offline bool) (err error) {
	model, quant, err := parseName(name)
	if err != nil {
		return err
	}
	client, err := hfx.Open(hfx.FromEnv(), hfx.WithUserAgent("pull/1.0"))
	if err != nil {
		return err
	}
	defer func() {
		if closing := client.Close(context.Background()); err == nil {
			err = closing
		}
	}()
	repo := hfx.Model(model)
	files, err := choose(ctx, client, repo, quant, offline)
	if err != nil {
		return err
	}
	snapshot, err := client.DownloadSnapshot(ctx, repo, hfx.WithFiles(files...), hfx.WithOffline(offline), hfx.OnProgress(bar(screen)))
	if err != nil {
		return err
	}
	for _, file := range snapshot.Files {
		fmt.Fprintln(out, file.Path)
	}
	if !verify {
		return nil
	}
	found, err := client.VerifyCache(ctx, repo)
	if err != nil {
		return err
	}
	for _, bad := range found.Mismatches {
		err = errors.Join(err, fmt.Errorf("%s has the hash %s, not %s: delete it and pull again", bad.Path, bad.Actual, bad.Expected))
	}
	return err
}

// choose names the files of a quantisation: of all that the repository has, or offline of those that are cached.
func choose(ctx context.Context, client *hfx.Client, repo hfx.Repo, quant string, offline bool) ([]string, error) {
	tree, err := client.Tree(ctx, repo, "", hfx.WithOffline(offline))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range tree {
		if offline {
			_, found, err := client.Lookup(repo, entry.Path)
			if err != nil {
				return nil, err
			}
			if found != hfx.Cached {
				continue
			}
		}
		names = append(names, entry.Path)
	}
	return pick(names, quant)
}

// bar shows progress in one line of the screen.
func bar(screen io.Writer) func(hfx.Progress) {
	return func(p hfx.Progress) {
		if p.BytesTotal == 0 {
			return
		}
		fmt.Fprintf(screen, "\r%3d%%  %d of %d MB", 100*p.BytesDone/p.BytesTotal, p.BytesDone/1e6, p.BytesTotal/1e6)
		if p.BytesRestored > 0 {
			fmt.Fprintf(screen, ", %d MB from before", p.BytesRestored/1e6)
		}
		if p.BytesDone == p.BytesTotal {
			fmt.Fprintln(screen)
		}
	}
}
