#!/usr/bin/env python3
"""Counts the instructions of fixed scenarios with callgrind, and compares them with those kept in instructions.json.

    benches/instructions.py             # compares; fails when one takes a quarter more than what is kept
    benches/instructions.py --keep      # keeps what is counted now

Instructions, unlike seconds, are the same on a loaded machine: two runs differ by less than two in a hundred. What the
kernel does is not counted. SHA-256 and SHA-1 run without SHA instructions, which valgrind does not have.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from servers import hfx_serve, make_file

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path(__file__).with_suffix(".json")
BOUND = 1.25
# One way of copying, whatever the processor prefers.
COPIES = "glibc.cpu.x86_rep_movsb_threshold=1073741824:glibc.cpu.x86_rep_stosb_threshold=1073741824"
MIB = 1 << 20


class Count:
    """Runs hfx under callgrind, with a home of its own."""

    def __init__(self, hfx: str, home: Path, endpoint: str):
        self.hfx = hfx
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "HF_HOME": str(home),
            "HF_ENDPOINT": endpoint,
            "GLIBC_TUNABLES": COPIES,
        }

    def __call__(self, *words: str) -> int:
        argv = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self.hfx, *words]
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=300)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode or not found:
            sys.exit(f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return int(found[1])

    def plainly(self, *words: str) -> str:
        return subprocess.run([self.hfx, *words], env=self.env, check=True, capture_output=True, text=True).stdout


def scenarios(count: Count, repos: Path, home: Path) -> dict[str, int]:
    """What each scenario takes. A later one uses what an earlier one left in the cache."""
    url = f"{count.env['HF_ENDPOINT']}/o/large/resolve/main/f.bin"
    taken = {
        "a snapshot of 200 files of 16 KiB": count("download", "-q", "o/small"),
        "the same, cached": count("download", "-q", "o/small"),
    }
    commit = (home / "hub/models--o--small/refs/main").read_text()
    taken["the same, cached and pinned"] = count("download", "-q", "o/small", "--revision", commit)
    taken["hfx cache ls over it"] = count("cache", "ls")
    taken["a file of 64 MiB, verified"] = count("download", "-q", "o/large")
    # Without a hash to compare with: what is left is the way from the socket to the disk.
    taken["64 MiB into a file, unverified"] = count("get", "-q", url, "-o", str(home / "f.bin"))
    taken["an upload of 200 files of 16 KiB"] = count("upload", "-q", "o/sent", str(repos / "models/o/small"))
    taken["an upload of a file of 64 MiB"] = count("upload", "-q", "o/sent", str(repos / "models/o/large/f.bin"))
    return taken


def counted(hfx: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory(prefix="hfx-count-") as folder:
        work = Path(folder)
        repos, home = work / "repos", work / "home"
        for number in range(200):
            path = repos / f"models/o/small/{number:04}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            make_file(path, 16 << 10, number)
        large = repos / "models/o/large/f.bin"
        large.parent.mkdir()
        make_file(large, 64 * MIB, 1)
        home.mkdir()
        with hfx_serve(hfx, repos, work, dict(os.environ)) as endpoint:
            return scenarios(Count(hfx, home, endpoint), repos, home)


def main() -> int:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--hfx", default=str(ROOT / "target/release/hfx"), help="the release build (default: %(default)s)")
    args.add_argument("--keep", action="store_true", help="write instructions.json")
    given = args.parse_args()
    now = counted(given.hfx)
    if given.keep:
        KEPT.write_text(json.dumps(now, indent=2) + "\n")
    kept = json.loads(KEPT.read_text())
    worse = 0
    for name, instructions in now.items():
        ratio = instructions / kept[name]
        worse += ratio > BOUND
        mark = "  MORE THAN IT MAY" if ratio > BOUND else "  less: keep it" if ratio < 1 / BOUND else ""
        print(f"{name:36} {instructions / 1e6:10.1f} million, {ratio:.2f} of what is kept{mark}")
    if missing := kept.keys() - now.keys():
        print(f"not counted any more: {', '.join(missing)}")
    return 1 if worse or missing else 0


if __name__ == "__main__":
    sys.exit(main())
