package hfx_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unbound are the functions that the binding leaves out, and why.
var unbound = map[string]string{
	"hfx_job_wait":              "holds a thread; the client's event descriptor wakes goroutines",
	"hfx_job_poll":              "Job.Done says it",
	"hfx_options_set_done_fn":   "the client's event descriptor says it, without a call from C into Go",
	"hfx_options_set_bool":      "WithOption sets it by name",
	"hfx_options_set_int":       "WithOption sets it by name",
	"hfx_options_clone":         "options are Go values until the call",
	"hfx_options_get":           "options are Go values until the call",
	"hfx_options_unset":         "options are Go values until the call",
	"hfx_options_unset_by_name": "options are Go values until the call",
	"hfx_options_from_env":      "FromEnv hands os.Environ over, which is safe beside os.Setenv",
	"hfx_job_on_done":           "the client's event descriptor says it, without a call from C into Go",
	"hfx_job_clone":             "nothing lends a job to Go",
	"hfx_error_clone":           "errors are copied",
	"hfx_read_at":               "File.Open gives an *os.File, which has ReadAt",
}

func TestSymbols(t *testing.T) {
	ledger := string(must(os.ReadFile("../../include/hfx.symbols"))(t))
	var source strings.Builder
	for _, pattern := range []string{"*.go", "shim.c"} {
		for _, path := range must(filepath.Glob(pattern))(t) {
			if !strings.HasSuffix(path, "_test.go") {
				source.Write(must(os.ReadFile(path))(t))
			}
		}
	}
	used := map[string]bool{}
	for _, name := range regexp.MustCompile(`(?m)\bhfx_\w+\(`).FindAllString(source.String(), -1) {
		used[strings.TrimSuffix(name, "(")] = true
	}
	total, bound, listed := 0, 0, map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(ledger), "\n") {
		name, _, _ := strings.Cut(line, " ")
		total++
		_, left := unbound[name]
		listed[name] = left
		switch {
		case used[name] && left:
			t.Errorf("%s is bound and listed as not", name)
		case used[name]:
			bound++
		case !left:
			t.Errorf("%s is neither bound nor listed with a reason", name)
		}
	}
	for name := range unbound {
		if !listed[name] {
			t.Errorf("%s is listed and not in the ledger", name)
		}
	}
	t.Logf("%d of %d functions are bound, %d left out for a reason", bound, total, total-bound)
}
