# What people do here. `make help` lists it.
PREFIX ?= /usr/local
CARGO ?= cargo
BUILD := build
CBINDGEN_VERSION := 0.29.4
CBINDGEN := $(BUILD)/tools/bin/cbindgen
SOVERSION := 0

.PHONY: help build demo instructions test test-bindings test-swift test-all test-docs conformance docs lint header \
	header-check abi-check abi-update bench dist install install-files clean

help: ## Show this.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: ## The library, the header's library files and the tool, optimised.
	$(CARGO) build --release --locked

demo: build ## A C program downloads a model from a local Hub, is killed half way, and resumes.
	tests/c/demo.sh

test: ## The tests (about 20 minutes on 2 cores, the build included).
	tests/run.sh

test-bindings: build ## The tests of the C++, Go and Python bindings, against the release build.
	bindings/cpp/test.sh
	bindings/go/test.sh
	bindings/python/test.sh

test-swift: build ## The Swift binding's tests; sets Swift 6 up where there is none (Linux, root, 4 GB).
	bindings/swift/test.sh

test-all: test test-bindings test-swift test-docs ## All of them.

test-docs: build ## The commands and programs that README.md and docs/ show, against a local Hub.
	tests/docs/run.py

conformance: build ## bindings/conformance.md: what the tests of each binding reach (runs them all; Linux on x86_64).
	bindings/conformance.py

docs: ## The C reference, build/reference/html; a warning, or a symbol that is not in it, is an error.
	@command -v doxygen >/dev/null || { echo "please install doxygen (Debian: apt-get install doxygen)" >&2; exit 1; }
	rm -rf $(BUILD)/reference && mkdir -p $(BUILD)
	HFX_VERSION=$(VERSION) doxygen docs/Doxyfile
	@for symbol in $$(cut -d' ' -f1 include/hfx.symbols); do \
		grep -q ">$$symbol\(()\)\?<" $(BUILD)/reference/html/hfx_8h.html || { echo "$$symbol is not in it" >&2; exit 1; }; \
	done
	@echo "$(BUILD)/reference/html/index.html"

lint: ## Formatting and warnings.
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --lib --no-default-features -- -D warnings

header: $(CBINDGEN) ## Make include/hfx.h from src/ffi.
	$(CBINDGEN) --config include/cbindgen.toml --output include/hfx.h --quiet src/ffi/mod.rs

header-check: $(CBINDGEN) ## Fail when include/hfx.h is not what src/ffi says.
	@mkdir -p $(BUILD)
	$(CBINDGEN) --config include/cbindgen.toml --output $(BUILD)/hfx.h --quiet src/ffi/mod.rs
	diff -u include/hfx.h $(BUILD)/hfx.h

abi-check: ## Fail when the header says something that programs built with include/hfx.abi can't live with.
	tests/c/abi.sh include/hfx.h

abi-update: ## Write include/hfx.abi anew: what programs rely on from now on.
	tests/c/abi.sh --update

$(CBINDGEN):
	$(CARGO) install cbindgen --version $(CBINDGEN_VERSION) --locked --root $(BUILD)/tools

bench: build ## Side by side with the peers; see benches/README.md.
	python3 benches/bench.py --out $(BUILD)/bench.md --json $(BUILD)/bench.json

instructions: build ## Count the instructions of fixed scenarios, and compare them with what is kept (valgrind).
	python3 benches/instructions.py

dist: ## What ships: the library alone, with link-time optimisation and a soname.
	$(CARGO) rustc --locked --profile dist --lib --no-default-features --crate-type cdylib -- \
		-C link-arg=-Wl,-soname,libhfx.so.$(SOVERSION)
	$(CARGO) rustc --locked --profile dist --lib --no-default-features --crate-type staticlib
	$(CARGO) build --locked --profile dist --bin hfx

install: dist install-files ## Install libraries, headers, pkg-config and CMake files and tool below PREFIX (DESTDIR is honoured).

# What a build made, put where it belongs; LIBDIR_FROM is the folder with libhfx.so, libhfx.a and hfx.
LIBDIR_FROM ?= target/dist
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
TO = $(DESTDIR)$(PREFIX)
FILL = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@SOVERSION@|$(SOVERSION)|' \
	-e "s|@POINTER_SIZE@|$$(($$(getconf LONG_BIT) / 8))|"

install-files:
	install -d $(TO)/lib/pkgconfig $(TO)/lib/cmake/hfx $(TO)/include $(TO)/bin
	install -m 755 $(LIBDIR_FROM)/libhfx.so $(TO)/lib/libhfx.so.$(VERSION)
	ln -sf libhfx.so.$(VERSION) $(TO)/lib/libhfx.so.$(SOVERSION)
	ln -sf libhfx.so.$(SOVERSION) $(TO)/lib/libhfx.so
	install -m 644 $(LIBDIR_FROM)/libhfx.a $(TO)/lib/libhfx.a
	install -m 644 include/hfx.h include/hfx.hpp $(TO)/include
	install -m 755 $(LIBDIR_FROM)/hfx $(TO)/bin/hfx
	$(FILL) bindings/c/hfx.pc.in > $(TO)/lib/pkgconfig/hfx.pc
	$(FILL) bindings/c/cmake/hfx-config.cmake.in > $(TO)/lib/cmake/hfx/hfx-config.cmake
	$(FILL) bindings/c/cmake/hfx-config-version.cmake.in > $(TO)/lib/cmake/hfx/hfx-config-version.cmake

clean: ## Remove what was built.
	$(CARGO) clean
	rm -rf $(BUILD)
