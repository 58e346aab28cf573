package hfx_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	hfx "github.com/hfx/hfx/bindings/go"
)

func TestRepo(t *testing.T) {
	repo, path, err := hfx.ParseRepo("hf://datasets/owner/name@v1/folder/file.txt")
	if err != nil || repo != hfx.Dataset("owner/name").At("v1") || path != "folder/file.txt" {
		t.Fatal(repo, path, err)
	}
	if _, _, err := hfx.ParseRepo("//"); !errors.Is(err, hfx.ErrInvalidArgument) {
		t.Fatal(err)
	}
	if hfx.KindSpace.String() != "space" || hfx.Space("a/b").Kind != hfx.KindSpace {
		t.Fatal("kinds")
	}
}

func TestQuestions(t *testing.T) {
	h := startHub(t)
	c := h.open()
	ctx, repo := t.Context(), hfx.Model("acme/big")
	meta := must(c.FileMeta(ctx, repo, "model.bin"))(t)
	if meta.Size != bigSize || len(meta.Commit) != 40 || len(meta.Etag) != 64 || !strings.HasPrefix(meta.URL, h.endpoint) {
		t.Fatalf("%+v", meta)
	}
	info := must(c.Info(ctx, repo))(t)
	if info.ID != "acme/big" || info.Commit != meta.Commit || info.Private || info.Gated || info.Disabled || len(info.JSON) == 0 {
		t.Fatalf("%+v", info)
	}
	tree := must(c.Tree(ctx, repo, ""))(t)
	if len(tree) != 2 || tree[1].Path != "model.bin" || !tree[1].LFS || tree[1].Etag != meta.Etag || tree[1].Size != bigSize {
		t.Fatalf("%+v", tree)
	}
	if sub := must(c.Tree(ctx, hfx.Model("acme/tiny"), "sub"))(t); len(sub) != 1 || sub[0].Path != "sub/notes.txt" {
		t.Fatalf("%+v", sub)
	}
	refs := must(c.Refs(ctx, repo, true))(t)
	if len(refs) != 1 || refs[0].Name != "main" || refs[0].FullName != "refs/heads/main" || refs[0].Kind != hfx.RefBranch || refs[0].Commit != meta.Commit {
		t.Fatalf("%+v", refs)
	}
	if there := must(c.RepoExists(ctx, repo))(t); !there {
		t.Fatal("the repository is there")
	}
	if there := must(c.FileExists(ctx, repo, "none"))(t); there {
		t.Fatal("the file is not there")
	}
	if account := must(c.Whoami(ctx))(t); account.Name == "" || account.Role == "" {
		t.Fatalf("%+v", account)
	}
	ok(t, c.AuthCheck(ctx, repo, false))
	reply := must(c.Call(ctx, "GET", "/api/models/acme/big", nil, 1))(t)
	if reply.Status != 200 || reply.Value("/id") != "acme/big" || reply.Value("/none") != "" || !strings.Contains(reply.Header("content-type"), "json") || reply.RequestID == "" {
		t.Fatalf("%+v", reply)
	}
	var answer struct{ ID string }
	if ok(t, reply.JSON(&answer)); answer.ID != "acme/big" {
		t.Fatal(answer)
	}
}

func TestManage(t *testing.T) {
	h := startHub(t)
	c := h.open()
	ctx, repo := t.Context(), hfx.Model("acme/new")
	_ = must(c.CreateRepo(ctx, repo, hfx.WithVisibility("private")))(t)
	if _, err := c.CreateRepo(ctx, repo); !errors.Is(err, hfx.ErrConflict) {
		t.Fatal(err)
	}
	_ = must(c.CreateRepo(ctx, repo, hfx.WithExistOK(true)))(t)
	ok(t, c.ChangeRepo(ctx, repo, hfx.WithVisibility("public")))
	ok(t, c.CreateBranch(ctx, repo, "dev"))
	ok(t, c.CreateTag(ctx, repo, "v1", "The first"))
	if refs := must(c.Refs(ctx, repo, false))(t); len(refs) != 3 {
		t.Fatalf("%+v", refs)
	}
	ok(t, c.DeleteTag(ctx, repo, "v1"))
	ok(t, c.DeleteBranch(ctx, repo, "dev"))
	if err := c.DeleteBranch(ctx, repo, "dev"); !errors.Is(err, hfx.ErrRevisionNotFound) {
		t.Fatal(err)
	}
	ok(t, c.DeleteBranch(ctx, repo, "dev", hfx.WithMissingOK(true)))
	pr := must(c.OpenPullRequest(ctx, repo, "A change", "why"))(t)
	if pr.Number == 0 || !strings.HasPrefix(pr.Revision, "refs/pr/") || pr.URL == "" {
		t.Fatalf("%+v", pr)
	}
	ok(t, c.MoveRepo(ctx, repo, hfx.Model("acme/moved")))
	ok(t, c.DeleteRepo(ctx, hfx.Model("acme/moved")))
	if there := must(c.RepoExists(ctx, hfx.Model("acme/moved")))(t); there {
		t.Fatal("still there")
	}
}

func TestCache(t *testing.T) {
	h := startHub(t)
	c := h.open()
	ctx, repo := t.Context(), hfx.Model("acme/tiny")
	s := must(c.DownloadSnapshot(ctx, repo))(t)
	cache := must(c.ScanCache(ctx))(t)
	defer cache.Close()
	if len(cache.Repos) != 1 || cache.Repos[0].ID != "acme/tiny" || cache.Repos[0].Kind != hfx.KindModel || cache.Repos[0].LastUsed.IsZero() || len(cache.Warnings) != 0 {
		t.Fatalf("%+v", cache)
	}
	revision := cache.Repos[0].Revisions[0]
	if revision.Commit != s.Commit || revision.Path != s.Path || len(revision.Files) != 3 || len(revision.Refs) != 1 || revision.Refs[0] != "main" {
		t.Fatalf("%+v", revision)
	}
	v := must(c.VerifyCache(ctx, repo))(t)
	if v.Checked != 3 || len(v.Mismatches) != 0 || len(v.Missing) != 0 {
		t.Fatalf("%+v", v)
	}
	blob := must(filepath.EvalSymlinks(filepath.Join(s.Path, "config.json")))(t)
	ok(t, os.Chmod(blob, 0o644))
	ok(t, os.WriteFile(blob, []byte(`{"name": "TINY"}`), 0o644))
	if v = must(c.VerifyCache(ctx, repo))(t); len(v.Mismatches) != 1 || v.Mismatches[0].Expected == v.Mismatches[0].Actual {
		t.Fatalf("%+v", v)
	}
	plan := must(cache.Prune())(t)
	if plan.Freed != 0 {
		t.Fatal(plan.Freed)
	}
	ok(t, plan.Close())
	if _, err := cache.DeleteRevisions(strings.Repeat("0", 40)); !errors.Is(err, hfx.ErrRevisionNotFound) {
		t.Fatal(err)
	}
	plan = must(cache.DeleteRevisions(s.Commit))(t)
	if plan.Freed == 0 {
		t.Fatal("nothing to free")
	}
	if freed := must(c.DeleteCached(ctx, plan))(t); freed != plan.Freed {
		t.Fatal(freed, plan.Freed)
	}
	if freed := must(c.DeleteCached(ctx, plan))(t); freed != 0 {
		t.Fatal(freed)
	}
	_ = must(c.DownloadSnapshot(ctx, repo))(t)
	again := must(c.ScanCache(ctx))(t)
	_ = must(c.DeleteCached(ctx, must(again.DeleteRepo(hfx.KindModel, "acme/tiny"))(t)))(t)
	if empty := must(c.ScanCache(ctx))(t); len(empty.Repos) != 0 || empty.Size != 0 {
		t.Fatalf("%+v", empty)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.ScanCache(over); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := c.DeleteCached(over, plan); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	elsewhere := must(c.ScanCache(ctx, hfx.WithCacheDir(t.TempDir())))(t)
	if ok(t, elsewhere.Close()); len(elsewhere.Repos) != 0 {
		t.Fatalf("%+v", elsewhere)
	}
	if path := must(c.AssetsPath("lib", "space", ""))(t); !strings.HasSuffix(path, "lib/space/default") {
		t.Fatal(path)
	}
}

func TestOptions(t *testing.T) {
	all := hfx.Options()
	by := map[string]hfx.OptionInfo{}
	for _, option := range all {
		by[option.Name] = option
	}
	if timeout := by["connect_timeout_ms"]; timeout.Type != hfx.TypeInt || timeout.Default != "10000" || timeout.Max != 3600000 || !timeout.PerJob || timeout.Doc == "" {
		t.Fatalf("%+v", timeout)
	}
	if durability := by["durability"]; strings.Join(durability.Choices, " ") != "power process" {
		t.Fatalf("%+v", durability)
	}
	if token := by["token"]; token.Type != hfx.TypeSecret || token.Env[0] != "HF_TOKEN" {
		t.Fatalf("%+v", token)
	}
	if hfx.Version() == "" || hfx.VersionNumber() == 0 {
		t.Fatal("no version")
	}
	c := must(hfx.Open())(t)
	ok(t, c.SetMaxConnections(4))
	ok(t, c.SetMaxRate(1<<20))
	if err := c.SetMaxRate(-1); !errors.Is(err, hfx.ErrInvalidArgument) {
		t.Fatal(err)
	}
	ok(t, c.Close(t.Context()))
}

func TestFromEnv(t *testing.T) {
	h := startHub(t)
	t.Setenv("HF_ENDPOINT", h.endpoint)
	t.Setenv("HF_HOME", t.TempDir())
	c := must(hfx.Open(hfx.WithUserAgent("test/1"), hfx.FromEnv()))(t)
	defer c.Close(t.Context())
	file := must(c.DownloadFile(t.Context(), hfx.Model("acme/tiny"), "config.json"))(t)
	if !strings.HasPrefix(file.Path, os.Getenv("HF_HOME")) {
		t.Fatal(file.Path)
	}
	home := t.TempDir()
	ours := []string{"HF_HOME=" + home, "HF_ENDPOINT=" + h.endpoint, "ODD=\xff", "=C:", "EMPTY="}
	c = must(hfx.Open(hfx.FromVars(ours), hfx.WithOption("durability", "process")))(t)
	defer c.Close(t.Context())
	if file = must(c.DownloadFile(t.Context(), hfx.Model("acme/tiny"), "config.json"))(t); !strings.HasPrefix(file.Path, home) {
		t.Fatal(file.Path)
	}
}
