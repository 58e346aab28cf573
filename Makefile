# What people do here. `make help` lists it.
PREFIX ?= /usr/local
CARGO ?= cargo
BUILD := build
CBINDGEN_VERSION := 0.29.4
CBINDGEN := $(BUILD)/tools/bin/cbindgen
DENY_VERSION := 0.20.2
DENY := $(BUILD)/tools/bin/cargo-deny
SOVERSION := 0
RUST = $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

.PHONY: help build demo instructions test test-bindings test-swift test-all test-packages test-docs conformance docs sanitize fuzz soak fault-matrix power-loss frozen-disk scale \
	lint deny header header-check abi-check abi-update bench dist install install-files clean

help: ## Show this.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: ## The library, the header's library files and the tool, optimised.
	$(CARGO) build --release --locked

demo: build ## A C program downloads a model from a local Hub, is killed half way, and resumes.
	tests/c/demo.sh

test: ## The tests (about 20 minutes on 2 cores, the build included).
	tests/run.sh

test-bindings: build ## The tests of the C, C++, Go and Python bindings, against the release build.
	bindings/c/test.sh
	bindings/cpp/test.sh
	bindings/go/test.sh
	bindings/python/test.sh

test-swift: build ## The Swift binding's tests; sets Swift 6 up where there is none (Linux, root, 4 GB).
	bindings/swift/test.sh

test-packages: build ## What is installed is whole, and projects outside of the tree build with it.
	packaging/test.sh

test-all: test test-bindings test-packages test-swift test-docs ## All of them.

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

sanitize: ## Address, leak and thread sanitizers, valgrind, Miri where there is one.
	tests/sanitize.sh

fuzz: ## Each fuzz target for FUZZ_SECONDS (60).
	tests/fuzz/run.sh

ORACLE = tests/oracle/setup.sh && build/oracle-venv/bin/python

soak: build ## Faults, kills, full disks, other clocks for SOAK_MINUTES (20); SEED and ROUND repeat one. As root.
	$(ORACLE) tests/soak/soak.py

fault-matrix: build ## Every fault in every phase, alone and in pairs; writes the tables of docs/reliability.md.
	$(ORACLE) tests/soak/matrix.py --write

power-loss: build ## What a power loss at any moment of a download may leave, and what comes of it. As root, with strace.
	$(ORACLE) tests/soak/power.py

frozen-disk: build ## Ctrl-C while the disk hangs, and what comes of it. As root.
	$(ORACLE) tests/soak/frozen.py

scale: build ## 10,000 files in a snapshot, and a file of 100 GB both ways. As root.
	$(ORACLE) tests/soak/scale.py

lint: deny ## Formatting, warnings, and what may be linked.
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy --locked --lib --no-default-features -- -D warnings
	$(CARGO) clippy --locked --bin hfx --no-default-features --features cli -- -D warnings
	@grep -q "^RUST_NEEDED=$(RUST)$$" setup.sh || { echo "setup.sh installs another Rust than Cargo.toml names"; exit 1; }

# An advisory database that can't be fetched is said, and no failure: licences, duplicates and sources are checked all
# the same.
deny: $(DENY) ## What may be linked: licences, bans, sources, advisories (deny.toml).
	$(DENY) --locked check bans licenses sources
	@if $(DENY) fetch db >/dev/null 2>&1; then $(DENY) --locked check advisories; \
	else echo "SKIPPED: advisories, since their database (github.com/RustSec/advisory-db) is not reachable"; fi

$(DENY): # Without optimisation: it runs for a second.
	$(CARGO) install cargo-deny --version $(DENY_VERSION) --locked --debug --no-default-features --root $(BUILD)/tools

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

dist: ## What ships for Linux, into build/dist: tarball, Debian packages, wheel, for glibc 2.17; checked and tried.
	packaging/dist.sh

install: ## Build with link-time optimisation, and install below PREFIX (LIBDIR, DESTDIR are honoured).
	packaging/build.sh $(BUILD)/native
	$(MAKE) install-files LIBDIR_FROM=$(BUILD)/native

# What a build made, put where it belongs; LIBDIR_FROM is the folder with libhfx.so, libhfx.a and hfx. PC_PREFIX is what
# hfx.pc says of PREFIX: `make dist` lets it find itself.
LIBDIR_FROM ?= target/release
LIBDIR ?= lib
PC_PREFIX ?= $(PREFIX)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
TO = $(DESTDIR)$(PREFIX)
LIB = $(TO)/$(LIBDIR)
SHARE = $(TO)/share
FILL = sed -e 's|@PREFIX@|$(PC_PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	-e 's|@SOVERSION@|$(SOVERSION)|g' -e "s|@POINTER_SIZE@|$$(($$(getconf LONG_BIT) / 8))|" \
	-e "s|@UP@|$$(echo $(LIBDIR) | sed 's|[^/][^/]*|..|g')|"

install-files:
	install -d $(LIB)/pkgconfig $(LIB)/cmake/hfx $(TO)/include $(TO)/bin $(SHARE)/man/man1 $(SHARE)/doc/hfx \
		$(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -m 755 $(LIBDIR_FROM)/libhfx.so $(LIB)/libhfx.so.$(VERSION)
	ln -sf libhfx.so.$(VERSION) $(LIB)/libhfx.so.$(SOVERSION)
	ln -sf libhfx.so.$(SOVERSION) $(LIB)/libhfx.so
	packaging/static.sh $(LIBDIR_FROM)/libhfx.a $(LIB)/libhfx.a
	install -m 644 include/hfx.h include/hfx.hpp $(TO)/include
	install -m 755 $(LIBDIR_FROM)/hfx $(TO)/bin/hfx
	$(FILL) bindings/c/hfx.pc.in > $(LIB)/pkgconfig/hfx.pc
	$(FILL) bindings/c/cmake/hfx-config.cmake.in > $(LIB)/cmake/hfx/hfx-config.cmake
	$(FILL) bindings/c/cmake/hfx-config-version.cmake.in > $(LIB)/cmake/hfx/hfx-config-version.cmake
	$(LIBDIR_FROM)/hfx man $(SHARE)/man/man1
	$(LIBDIR_FROM)/hfx completions bash > $(SHARE)/bash-completion/completions/hfx
	$(LIBDIR_FROM)/hfx completions zsh > $(SHARE)/zsh/site-functions/_hfx
	$(LIBDIR_FROM)/hfx completions fish > $(SHARE)/fish/vendor_completions.d/hfx.fish
	install -m 644 LICENSE README.md CHANGELOG.md $(SHARE)/doc/hfx
	python3 packaging/licences.py > $(SHARE)/doc/hfx/THIRD-PARTY.txt

clean: ## Remove what was built.
	$(CARGO) clean
	rm -rf $(BUILD)
