# What people do here. `make help` lists it.
PREFIX ?= /usr/local
CARGO ?= cargo
BUILD := build
CBINDGEN_VERSION := 0.29.4
CBINDGEN := $(BUILD)/tools/bin/cbindgen
SOVERSION := 0

.PHONY: help build demo test test-bindings test-swift test-all soak fault-matrix power-loss scale lint header header-check bench dist install install-files clean

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

test-all: test test-bindings test-swift ## All of them.

ORACLE = tests/oracle/setup.sh && build/oracle-venv/bin/python

soak: build ## Faults, kills, full disks, other clocks for SOAK_MINUTES (20); SEED and ROUND repeat one. As root.
	$(ORACLE) tests/soak/soak.py

fault-matrix: build ## Every fault in every phase, alone and in pairs; writes the tables of docs/reliability.md.
	$(ORACLE) tests/soak/matrix.py --write

power-loss: build ## What a power loss at any moment of a download may leave, and what comes of it. As root, with strace.
	$(ORACLE) tests/soak/power.py

scale: build ## 10,000 files in a snapshot, and a file of 100 GB both ways. As root.
	$(ORACLE) tests/soak/scale.py

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

$(CBINDGEN):
	$(CARGO) install cbindgen --version $(CBINDGEN_VERSION) --locked --root $(BUILD)/tools

bench: build ## Side by side with the peers; see benches/README.md.
	python3 benches/bench.py --out $(BUILD)/bench.md --json $(BUILD)/bench.json

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
