# What people do here. `make help` lists it.
PREFIX ?= /usr/local
CARGO ?= cargo
BUILD := build
CBINDGEN_VERSION := 0.29.4
CBINDGEN := $(BUILD)/tools/bin/cbindgen
SOVERSION := 0

.PHONY: help build demo test test-swift test-all lint header header-check bench dist install clean

help: ## Show this.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: ## The library, the header's library files and the tool, optimised.
	$(CARGO) build --release --locked

demo: build ## A C program downloads a model from a local Hub, is killed half way, and resumes.
	tests/c/demo.sh

test: ## The tests (about 20 minutes on 2 cores, the build included).
	tests/run.sh

test-swift: build ## The Swift binding's tests; sets Swift 6 up where there is none (Linux, root, 4 GB).
	bindings/swift/test.sh

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

install: dist ## Install library, header, pkg-config file and tool below PREFIX (DESTDIR is honoured).
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/bin
	install -m 755 target/dist/libhfx.so $(DESTDIR)$(PREFIX)/lib/libhfx.so.$(SOVERSION)
	ln -sf libhfx.so.$(SOVERSION) $(DESTDIR)$(PREFIX)/lib/libhfx.so
	install -m 644 target/dist/libhfx.a $(DESTDIR)$(PREFIX)/lib/libhfx.a
	install -m 644 include/hfx.h $(DESTDIR)$(PREFIX)/include/hfx.h
	install -m 755 target/dist/hfx $(DESTDIR)$(PREFIX)/bin/hfx
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)|' \
		bindings/c/hfx.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/hfx.pc

clean: ## Remove what was built.
	$(CARGO) clean
	rm -rf $(BUILD)
