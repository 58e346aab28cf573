package main

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// parseName reads [hf.co/]owner/name[:quant].
func parseName(text string) (model, quant string, err error) {
	for _, prefix := range []string{"https://", "hf.co/", "huggingface.co/"} {
		text = strings.TrimPrefix(text, prefix)
	}
	model, quant, _ = strings.Cut(text, ":")
	if strings.Count(model, "/") != 1 {
		return "", "", fmt.Errorf("%q is not OWNER/NAME[:QUANT]", text)
	}
	return model, quant, nil
}

// The order in which a quantisation is chosen when none is named, as Ollama and llama.cpp do.
var preferred = []string{"Q4_K_M", "Q4_K_S", "Q4_0", "Q8_0", "F16", ""}

var split = regexp.MustCompile(`-(\d{5})-of-(\d{5})\.gguf$`)

// pick chooses the files of a quantisation: the model, with all its parts when it is split, and a projector.
func pick(names []string, quant string) ([]string, error) {
	quants := []string{quant}
	if quant == "" {
		quants = preferred
	}
	for _, want := range quants {
		for _, name := range names {
			if !isModel(name) || !has(name, want) {
				continue
			}
			return append(parts(names, name), projector(names)...), nil
		}
	}
	var there []string
	for _, name := range names {
		if isModel(name) {
			there = append(there, name)
		}
	}
	return nil, fmt.Errorf("no GGUF file with the quantisation %q; there are: %s", quant, strings.Join(there, ", "))
}

func isModel(name string) bool {
	return strings.HasSuffix(name, ".gguf") && !strings.Contains(path.Base(name), "mmproj")
}

// has says whether a quantisation stands in a file's path as a word of its own: Q4_K is not Q4_K_M.
func has(name, quant string) bool {
	if quant == "" {
		return true
	}
	word := regexp.MustCompile(`(?i)(^|[^a-z0-9_])` + regexp.QuoteMeta(quant) + `($|[^a-z0-9_])`)
	return word.MatchString(name)
}

// parts are all parts of a split model; the file alone when it is whole.
func parts(names []string, first string) []string {
	at := split.FindStringSubmatchIndex(first)
	if at == nil {
		return []string{first}
	}
	var all []string
	for _, name := range names {
		if found := split.FindStringSubmatchIndex(name); found != nil && name[:found[0]] == first[:at[0]] {
			all = append(all, name)
		}
	}
	return all
}

// projector is the multimodal projector: the first one there is.
func projector(names []string) []string {
	for _, name := range names {
		if strings.HasSuffix(name, ".gguf") && strings.Contains(path.Base(name), "mmproj") {
			return []string{name}
		}
	}
	return nil
}
