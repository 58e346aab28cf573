"""What each part of libhfx.so costs, by its symbols: `python3 packaging/size.py build/dist/files/libhfx.so.symbols`.

Bytes of functions and data whose name says where they come from; code that was inlined counts for who called it. The
rest of the file is tables: what unwinds, relocations, names, constants without one.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

# The head of a path: `tokio` in `<tokio::net::TcpStream as core::fmt::Debug>::fmt`.
CRATE = re.compile(r"(?<![:\w])([a-z][a-z0-9_]*)(?:\[[0-9a-f]+\])?::")
STANDARD = {"core", "alloc", "std", "compiler_builtins", "hashbrown", "gimli", "addr2line", "miniz_oxide",
            "rustc_demangle"}


def owner(name):
    # <A as B>::method and generics name several crates; the first that is not the standard library's pays.
    crates = CRATE.findall(name)
    others = [crate for crate in crates if crate not in STANDARD]
    if others:
        return others[0]
    if crates or name.startswith(("rust_", "_R")):
        return "the standard library"
    if name.startswith("hfx_"):
        return "hfx"
    return "constants of Rust code" if name.startswith("anon.") else "aws-lc (C and assembler)"


def main():
    library = Path(sys.argv[1])
    line = ["nm", "--print-size", "--demangle=rust", "--defined-only", str(library)]
    sizes = Counter()
    for symbol in subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines():
        fields = symbol.split(" ", 3)
        if len(fields) == 4 and fields[2] not in "bB":
            sizes[owner(fields[3])] += int(fields[1], 16)
    named = sum(sizes.values())
    small = Counter({name: size for name, size in sizes.items() if size < 10_000})
    for name in small:
        del sizes[name]
    print("| part | KiB | share of what is named |\n| --- | --- | --- |")
    for name, size in [*sizes.most_common(), (f"{len(small)} smaller ones", sum(small.values()))]:
        print(f"| {name} | {size / 1024:.0f} | {size / named:.1%} |")
    print(f"| all that is named | {named / 1024:.0f} | |")


main()
