//go:build hfx_static

package hfx_test

import (
	"debug/elf"
	"os"
	"strings"
	"testing"
)

func TestStatic(t *testing.T) {
	program := must(elf.Open(must(os.Executable())(t)))(t)
	defer program.Close()
	for _, library := range must(program.ImportedLibraries())(t) {
		if strings.Contains(library, "hfx") {
			t.Fatal("needs ", library)
		}
	}
}
