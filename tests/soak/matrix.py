"""Every fault in every phase, alone and in pairs: what becomes of the job. See `make fault-matrix`.

A case is one run of hfx against a Hub that commits one fault, or two, in one phase of that run. It may recover or end
with an error that has a name, within $BOUND seconds. Then the same command is run again without faults: it must end well.
What is there at last must be right: the file, once, nothing torn, nothing left behind; on the way out the object and one
commit. What is not so is printed as BAD, and the script fails.

    matrix.py            prints the tables
    matrix.py --write    writes them into docs/reliability.md

All pairs take an hour or so: $PAIRS of them (400) are drawn by $SEED (1), 0 takes them all.
"""

import collections
import concurrent.futures
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import lab
from lab import K, M, content, sha256

BOUND = 150
SIZE = 2_600_000
PART = 500_000
HTML = {
    "status": 200,
    "headers": {"Content-Type": "text/html"},
    "body": "<html>Sign in to the network</html>",
}
NEVER = {"INTERNAL", "CANCELLED", "FORKED", "CLOSED", None}

# Name: what happens, and whether one time of it must be recovered from.
SHARED = {
    "refused": ({"refuse": True}, True),
    "head too late": ({"delay_ms": 2500}, True),
    "500": ({"status": 500}, True),
    "503": ({"status": 503}, True),
    "429": ({"status": 429, "headers": {"Retry-After": "1"}}, True),
    "401": ({"status": 401}, False),
    "403": ({"status": 403}, False),
    "404": ({"status": 404}, False),
    "HTML for an answer": (HTML, False),
    "2 MB of headers": ({"header_bomb": 2_000_000}, False),
}
CUT = {
    "cut off": ({"drop_after": 50}, True),
    "ends early": ({"truncate": 50}, True),
    "stalls": ({"stall_after": 50}, True),
}
# Each of these brings a little further, which is not a fault of a data request that stays: 50 bytes at a time take hours.
CUT_DATA = {
    "cut off": ({"drop_after": 100_000}, True),
    "ends early": ({"truncate": 100_000}, True),
    "stalls": ({"stall_after": 100_000}, True),
}
DATA = {
    "address expired": ({"expire": True}, True),
    "wrong length": ({"short": 100_000}, True),
    "range ignored": ({"ignore_range": True}, True),
    "wrong range": ({"content_range": "bytes 7-8/9"}, True),
    "gzip": ({"gzip": True}, True),
    "another etag": ({"etag": '"changed"'}, False),
    "100 KB/s": ({"rate": 100_000}, True),
}
HEAD = {
    "no etag": ({"remove_headers": ["etag", "x-linked-etag"]}, False),
    "no commit": ({"remove_headers": ["x-repo-commit"]}, False),
    "wrong size": ({"size": 99_999_999}, False),
}
DONE = {
    "answer lost": ({"lose_answer": True}, True),
    "done, and 500 said": ({"status": 500, "perform": True}, True),
}
SENT = {
    "cut off": ({"drop_request_after": 50}, True),
    # The kernel takes the whole part, and its answer is waited for a minute: longer than the patience set here.
    "not read any more": ({"stall_request_after": 100}, False),
}

# Phase: which requests, and the faults that can happen to them. REPO stands for the case's repository.
DOWN = {
    "resolve": ({"method": "HEAD", "path": "*REPO/resolve/*"}, SHARED | HEAD),
    "tree": ({"method": "GET", "path": "*REPO/tree/*"}, SHARED | CUT),
    "first part": ({"method": "GET", "port": "cdn", "path": "*REPO/*"}, SHARED | CUT_DATA | DATA),
    "middle": (
        {"method": "GET", "port": "cdn", "path": "*REPO/*", "range_from": 1_000_000},
        SHARED | CUT_DATA | DATA,
    ),
    "last part": (
        {"method": "GET", "port": "cdn", "path": "*REPO/*", "range_from": 2_500_000},
        SHARED | CUT_DATA | DATA,
    ),
    "verify": (
        {"method": "GET", "port": "cdn", "path": "*REPO/*"},
        {"byte flipped": ({"flip_byte": 1_234_567}, True)},
    ),
}
UP = {
    "preupload": ({"path": "*REPO/preupload/*"}, SHARED | CUT | DONE),
    "batch": ({"path": "*REPO.git/info/lfs/objects/batch*"}, SHARED | CUT | DONE),
    "part": (
        {"method": "PUT", "path": "/part/*REPO/*"},
        SHARED | SENT | DONE | {"address expired": ({"expire": True}, True)},
    ),
    "complete": ({"path": "/api/complete_multipart/*REPO/*"}, SHARED | CUT | DONE),
    "verify": ({"path": "*REPO.git/info/lfs/objects/verify*"}, SHARED | CUT | DONE),
    "commit": (
        {"path": "*REPO/commit/*"},
        SHARED | CUT | DONE | {"request cut off": ({"drop_request_after": 50}, True)},
    ),
}
# For pairs: those that differ most.
PAIRED = [
    "refused", "500", "429", "cut off", "stalls", "ends early", "address expired", "byte flipped", "another etag",
    "answer lost", "done, and 500 said", "not read any more", "404",
]  # fmt: skip

# Faults of the machine: a system call fails, or is the last one. strace does it.
CALLS = {
    "first part": ["pwrite64:error=ENOSPC:when=2", "pwrite64:error=EIO:when=2", "pwrite64:signal=KILL:when=2"],
    "middle": ["pwrite64:error=ENOSPC:when=9", "pwrite64:error=EIO:when=9", "pwrite64:signal=KILL:when=9"],
    "verify": ["fdatasync:error=EIO:when=1", "fdatasync:error=ENOSPC:when=1", "fdatasync:signal=KILL:when=1",
               "ftruncate:error=EIO:when=1", "ftruncate:signal=KILL:when=1"],
    "rename": ["/^symlink:error=ENOSPC:when=1", "/^symlink:signal=KILL:when=1", "/^rename:error=ENOSPC:when=1",
               "/^rename:error=EACCES:when=1", "/^rename:signal=KILL:when=1", "/^rename:signal=KILL:when=2"],
    "part (upload)": ["pread64:error=EIO:when=3", "pread64:signal=KILL:when=3", "pread64:signal=KILL:when=6"],
}  # fmt: skip


class Case:
    def __init__(self, number, way, faults, times, call=None):
        self.number, self.way, self.faults, self.times, self.call = number, way, faults, times, call
        self.repo = f"case{number:05}x"

    def rules(self):
        phases = DOWN if self.way == "down" else UP
        for phase, name in self.faults:
            match, faults = phases[phase]
            match = {**match, "path": match["path"].replace("REPO", self.repo), "times": self.times}
            yield {"match": match, "do": faults[name][0]}

    def line(self):
        tight = {**lab.QUICK, "connect_timeout_ms": 1000, "head_timeout_ms": 1000, "work_timeout_ms": 1000,
                 "stall_timeout_ms": 700}
        tight |= {
            "retry_timeout_ms": 3000 if self.times == 0 else 15000,
            "durability": "process" if not self.call else "power",
        }
        more = ["--json", *lab.options(tight)]
        if self.way == "down":
            more += [
                "--option",
                f"part_size={PART}",
                "--option",
                "max_connections=2",
                "--cache-dir",
                self.root / "hub",
            ]
            which = [] if any(phase == "tree" for phase, _ in self.faults) else ["model.bin"]
            return [lab.HFX, "download", f"acme/{self.repo}", *which, *more]
        return [
            lab.HFX,
            "upload",
            f"acme/{self.repo}",
            self.root / "model",
            "--commit-message",
            "the one",
            *more,
        ]

    def once(self):
        env = {**os.environ, "HF_ENDPOINT": HUB.endpoint, "HF_HOME": str(self.root / "home")}
        line = self.line()
        injecting = self.call and not self.broken
        if injecting:
            log = self.root / "strace"
            line = [
                "strace",
                "-f",
                "-qq",
                "-o",
                log,
                "-e",
                f"trace={self.call.split(':')[0]}",
                "-e",
                f"inject={self.call}",
                *line,
            ]
        self.broken = True
        start = time.monotonic()
        process = subprocess.Popen(
            list(map(str, line)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
        )
        try:
            out, err = process.communicate(timeout=BOUND)
        except subprocess.TimeoutExpired:
            process.kill()
            return "hangs", BOUND, ""
        seconds = time.monotonic() - start
        if injecting and process.returncode not in (-9, 137) and "(INJECTED)" not in log.read_text():
            self.wrong.append(f"{self.call} was never met")
        if process.returncode == 0:
            return "recovered", seconds, out
        if process.returncode in (-9, 137) and self.call and "KILL" in self.call:
            return "killed", seconds, out
        kind = lab.error_kind(out)
        if "panicked" in err or process.returncode < 0:
            kind = None
        return kind, seconds, out + err

    def run(self):
        """What became of it, and what was wrong with that."""
        self.root = ROOT / self.repo
        self.root.mkdir()
        self.broken, self.wrong = False, []
        data = content(self.repo, SIZE)
        if self.way == "up":
            (self.root / "model").mkdir()
            (self.root / "model/model.bin").write_bytes(data)
        self.outcome, self.seconds, said = self.once()
        if self.outcome in NEVER or self.outcome == "hangs":
            self.wrong.append(f"{self.outcome}: {said[-400:]}")
        must = self.times == 1 and len(self.faults) <= 2 and not self.call
        faults = DOWN if self.way == "down" else UP
        if (
            must
            and all(faults[phase][1][name][1] for phase, name in self.faults)
            and self.outcome != "recovered"
        ):
            self.wrong.append(f"not recovered from: {said[-400:]}")
        self.judge(data, published=self.outcome == "recovered")
        return self

    def judge(self, data, published):
        cache = self.root / "hub"
        if self.way == "down":
            self.wrong += lab.torn(cache)
            there = list(cache.glob("models--*/snapshots/*/model.bin"))
            if published and not (there and there[0].read_bytes() == data):
                self.wrong.append("it ended well and the file is not there")

    def again(self):
        """The same without faults."""
        data = content(self.repo, SIZE)
        if self.outcome != "recovered":
            outcome, _, said = self.once()
            if outcome != "recovered":
                self.wrong.append(f"again, without faults: {outcome}: {said[-400:]}")
        self.judge(data, published=True)
        self.wrong += lab.leftovers(self.root)
        if self.way == "up":
            self.wrong += [f"left: {path.name}" for path in (self.root / "home").rglob("*.parts")]
            tree = HUB.ask(f"/api/models/acme/{self.repo}/tree/main")
            held = [entry.get("lfs", {}).get("oid") for entry in tree if entry["path"] == "model.bin"]
            titles = [commit["title"] for commit in HUB.ask(f"/api/models/acme/{self.repo}/commits/main")]
            if held != [sha256(data)] or titles.count("the one") != 1:
                self.wrong.append(f"on the Hub: {held}, commits {titles}")
        shutil.rmtree(self.root)


def batch(cases, threads):
    """Runs cases, some at a time, with all their faults in force at once: each has a repository of its own."""
    for case in cases:
        if case.way == "down":
            HUB.put(f"models/acme/{case.repo}/model.bin", content(case.repo, SIZE))
            HUB.ask(f"/api/models/acme/{case.repo}/tree/main")
        else:
            body = json.dumps({"name": case.repo, "organization": "acme"}).encode()
            urllib.request.urlopen(
                urllib.request.Request(
                    f"{HUB.endpoint}/api/repos/create", body, {"Content-Type": "application/json"}
                )
            )
    HUB.faults([rule for case in cases for rule in case.rules()])
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(Case.run, cases))
        acted = iter(HUB.acted())
        for case in cases:
            case.acted = [next(acted) for _ in case.rules()]
        HUB.faults([])
        list(pool.map(Case.again, cases))
    for case in cases:
        shutil.rmtree(HUB.folder / f"models/acme/{case.repo}", ignore_errors=True)


def all_cases():
    count = itertools.count()
    for way, phases in (("down", DOWN), ("up", UP)):
        cells = [(phase, name) for phase, (_, faults) in phases.items() for name in faults]
        for cell in cells:
            yield Case(next(count), way, [cell], 1)
            yield Case(next(count), way, [cell], 0)
        paired = [cell for cell in cells if cell[1] in PAIRED]
        for first, second in itertools.combinations(paired, 2):
            # A snapshot does not resolve, a file does not list.
            if {first[0], second[0]} != {"resolve", "tree"}:
                yield Case(next(count), way, [first, second], 1)
    for phase, calls in CALLS.items():
        for call in calls:
            yield Case(next(count), "up" if "upload" in phase else "down", [], 1, call)


def cell(case):
    if case is None:
        return ""
    if case.wrong:
        return f"BAD: {case.outcome}"
    return "–" if case.faults and not any(case.acted) else case.outcome


def tables(cases):
    """The outcome as text: single faults by phase, pairs by phases, system calls."""
    lines = []
    for way, phases, title in (("down", DOWN, "Downloads"), ("up", UP, "Uploads")):
        for times, how in ((1, "a fault once"), (0, "a fault that stays")):
            single = {
                case.faults[0]: case
                for case in cases
                if case.way == way and case.times == times and len(case.faults) == 1
            }
            names = list(dict.fromkeys(name for _, faults in phases.values() for name in faults))
            lines += [
                "",
                f"**{title}, {how}:**",
                "",
                "| | " + " | ".join(phases) + " |",
                "|---" * (len(phases) + 1) + "|",
            ]
            lines += [
                f"| {name} | " + " | ".join(cell(single.get((phase, name))) for phase in phases) + " |"
                for name in names
            ]
        pairs = [case for case in cases if case.way == way and len(case.faults) == 2]
        found = collections.defaultdict(collections.Counter)
        for case in pairs:
            found[case.faults[0][0], case.faults[1][0]][cell(case)] += 1
        lines += [
            "",
            f"**{title}, two faults, each once, by the phases of the two ({len(pairs)} pairs):**",
            "",
        ]
        lines += ["| | " + " | ".join(phases) + " |", "|---" * (len(phases) + 1) + "|"]
        for first in phases:
            told = [
                ", ".join(f"{n} {what}" for what, n in sorted(found[first, second].items()))
                for second in phases
            ]
            lines.append(f"| {first} | " + " | ".join(told) + " |")
    lines += ["", "**A system call that fails, or is the last one (downloads but for the last phase):**", ""]
    lines += ["| phase | call | outcome |", "|---|---|---|"]
    by_call = {case.call: case for case in cases if case.call}
    for phase, calls in CALLS.items():
        for call in calls:
            name, what, when = call.removeprefix("/^").split(":")
            lines.append(
                f"| {phase} | {name}, number {when.split('=')[1]}: {what.split('=')[1]} | {cell(by_call.get(call))} |"
            )
    return lines


def main():
    global HUB, ROOT
    ROOT = Path(os.environ.get("SOAK_DIR") or lab.TREE / "build/soak") / f"matrix-{os.getpid()}"
    shutil.rmtree(ROOT, ignore_errors=True)
    ROOT.mkdir(parents=True)
    HUB = lab.Hub(ROOT / "served", "--multipart-from", M, "--chunk-size", PART)
    cases = list(all_cases())
    pairs = [case.number for case in cases if len(case.faults) == 2]
    if most := int(os.environ.get("PAIRS", 400)):
        drawn = set(random.Random(os.environ.get("SEED", "1")).sample(pairs, min(most, len(pairs))))
        cases = [case for case in cases if len(case.faults) < 2 or case.number in drawn]
    # Some by their numbers, to look closer.
    if only := os.environ.get("CASES"):
        cases = [case for case in cases if str(case.number) in only.split(",")]
    threads = int(os.environ.get("THREADS", 8))
    start = time.monotonic()
    try:
        for group in itertools.batched(cases, 96) if hasattr(itertools, "batched") else grouped(cases, 96):
            batch(list(group), threads)
            done = sum(hasattr(case, "acted") for case in cases)
            print(
                f"{done} of {len(cases)}, {sum(bool(case.wrong) for case in cases[:done])} bad, {time.monotonic() - start:.0f} s",
                flush=True,
            )
    finally:
        HUB.stop()
    bad = [case for case in cases if case.wrong]
    for case in bad:
        print(
            f"BAD {case.number} {case.way} {case.faults or case.call} times={case.times}: {case.outcome}\n    {case.wrong}"
        )
    outcomes = collections.Counter(case.outcome for case in cases)
    slowest = max(cases, key=lambda case: case.seconds)
    summary = (
        f"{len(cases)} cases ({sum(len(case.faults) == 2 for case in cases)} of {len(pairs)} pairs) in {time.monotonic() - start:.0f} s; outcomes: "
        + ", ".join(f"{what} {n}" for what, n in outcomes.most_common())
        + f"; bad: {len(bad)}; the longest took {slowest.seconds:.0f} s ({slowest.faults or slowest.call})."
    )
    text = [summary, *tables(cases), ""]
    print("\n".join(text))
    if "--write" in sys.argv:
        page = lab.TREE / "docs/reliability.md"
        before, _, rest = page.read_text().partition("<!-- matrix -->\n")
        after = rest.partition("<!-- end of matrix -->")[2]
        page.write_text(before + "<!-- matrix -->\n" + "\n".join(text) + "<!-- end of matrix -->" + after)
    if not bad:
        shutil.rmtree(ROOT)
    sys.exit(f"{len(bad)} bad" if bad else 0)


def grouped(list, size):
    return [list[at : at + size] for at in range(0, len(list), size)]


if __name__ == "__main__":
    main()
