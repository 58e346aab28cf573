#!/usr/bin/env python3
"""Measures hfx against its peers on this machine. See README.md beside this file."""

import argparse
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import mixed
import plot
import report
import scaling
import servers
import tools
import uploads
from measure import Failed, Sample, absent_case, new_row, run, sample_dict
from servers import PINNED_REPO, SMALL_REPO, DataFile, fresh
from tools import Job, Tool

ROOT = Path(__file__).resolve().parent.parent
GIB = 1 << 30
MIB = 1 << 20
WARM_SIZE = 16 * MIB
SMALL_SIZE = 16 * 1024
SMALL_COUNT = 1000
PINNED_COUNT = 12
LINE_BYTES_PER_S = 500e6
PICTURE = "scaling.svg"  # beside the report


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Bench:
    """The set-up that all cases share, and the way they measure."""

    def __init__(self, args: argparse.Namespace, box: tools.Toolbox, work: Path, memory: Path):
        self.args = args
        self.box = box
        self.work = work
        self.log = work / "run.log"
        self.ca = servers.make_certificates(work, box.paths["openssl"])
        self.env = child_environment(work, self.ca)
        self.data = memory / "data"
        self.places = {"tmpfs": memory / "run", "disk": work / "run"}
        self.files: dict[str, DataFile] = {}
        self.small: dict[str, list[DataFile]] = {}
        self.ports: dict[str, int] = {}
        self.failed = False
        self.say = say

    def make_data(self) -> None:
        say(f"making {self.args.size / MIB:.0f} MiB of test data in {self.data}")
        self.data.mkdir(parents=True)
        sizes = {"data.bin": self.args.size, "part.bin": self.args.size // 4, "warm.bin": WARM_SIZE}
        for seed, (name, size) in enumerate(sizes.items()):
            self.files[name] = servers.make_file(self.data / name, size, seed)
        for repo, count in ((SMALL_REPO, SMALL_COUNT), (PINNED_REPO, PINNED_COUNT)):
            self.make_repo(repo, {f"file-{i:04}.json": SMALL_SIZE for i in range(count)})

    def make_repo(self, repo: str, sizes: dict[str, int]) -> list[DataFile]:
        folder = fresh(self.data / "models" / repo)
        self.small[repo] = [servers.make_file(folder / n, size, i) for i, (n, size) in enumerate(sizes.items())]
        return self.small[repo]

    @contextmanager
    def serving(self):
        big = list(self.files.values())
        with servers.nginx(self.box.paths["nginx"], self.work, self.work, self.data, big, self.small) as ports:
            self.ports = ports
            yield

    @contextmanager
    def hub_of(self, repos: dict[str, list[DataFile]]):
        """An nginx of its own for repos that one case alone needs, whose files go with it; gives the Hub's port."""
        work = fresh(self.work / "hub")
        try:
            with servers.nginx(self.box.paths["nginx"], work, self.work, self.data, [], repos) as ports:
                yield ports["hub_http"]
        finally:
            for repo in repos:
                shutil.rmtree(self.data / "models" / repo)

    def job(self, scheme: str, place: str, name: str = "data.bin", port: int | None = None) -> Job:
        cdn = port or self.ports[f"cdn_{scheme}"]
        return Job(
            url=f"{scheme}://127.0.0.1:{cdn}/{name}",
            hub=f"{scheme}://127.0.0.1:{self.ports[f'hub_{scheme}']}",
            file=self.files[name],
            folder=self.places[place],
            ca=self.ca if scheme == "https" else None,
        )

    # ---- one file ----

    def compare(self, title: str, contenders: list[Tool], job: Job, warm: Job, check: bool) -> list[dict]:
        """Fetches `job` with every tool; `check` adds openssl after those that check nothing themselves."""
        rows = [new_row(tool) for tool in contenders]
        self.each(title, contenders, rows, lambda tool: self.fetch(tool, warm, check))
        self.in_turns(title, contenders, rows, self.args.rounds, lambda tool: self.fetch(tool, job, check))
        return rows

    def in_turns(self, title: str, contenders: list[Tool], rows: list[dict], rounds: int, action) -> None:
        """A B A B: every tool once a round. Keeps what `action(tool)` measures."""
        for number in range(rounds):
            able = [t for t in contenders if not t.most_rounds or number < t.most_rounds]
            for row, result in self.each(title, able, rows, action):
                row["runs"].append(result)
                say(f"{title} {number + 1}/{rounds}: {row['tool']}: {seconds(result)}")

    def each(self, title: str, contenders: list[Tool], rows: list[dict], action) -> list[tuple[dict, dict]]:
        """`action` for every tool that is there and has not failed yet."""
        by_name = {row["tool"]: row for row in rows}
        results = []
        for tool in contenders:
            row = by_name[tool.name]
            if not tool.absent and not row["error"]:
                result = self.guarded(row, title, lambda: action(tool))
                results += [(row, result)] if result else []
        return results

    def fetch(self, tool: Tool, job: Job, check: bool) -> dict:
        """One measured download, its measured check where wanted, and the proof that the file is right."""
        fresh(job.folder)
        os.sync()
        get = run(tool.command(job), {**self.env, "HF_ENDPOINT": job.hub}, self.log)
        output, checked = tool.output(job), None
        if output is not None:
            if not output.is_file() or output.stat().st_size != job.file.size:
                raise Failed(f"WRONG FILE: {output} is missing or has the wrong size")
            checked = run(self.box.sha256(output), self.env, self.log)
            if self.log.read_text().split()[:1] != [job.file.sha256]:
                raise Failed(f"WRONG FILE: {output} does not have the SHA-256 {job.file.sha256}")
        shutil.rmtree(job.folder)
        return sample_dict(get, checked if check and not tool.checks else None)

    def guarded(self, row: dict, title: str, action):
        """Runs `action`; a failure is told at once, ends the tool's part in this case, and fails the bench."""
        try:
            return action()
        except Failed as error:
            row["error"] = str(error)
            self.failed = True
            say(f"FAILED: {title}: {row['tool']}: {error}")
            return None

    # ---- snapshots ----

    def snapshot(self, tool: Tool, endpoint: str, repo: str, cache: Path, *commit: str, watch: bool = True) -> Sample:
        env = {**self.env, "HF_ENDPOINT": endpoint}
        return run(tool.command(endpoint, cache, repo, *commit), env, self.log, watch)

    def check_snapshot(self, cache: Path, repo: str) -> None:
        found = list((cache / f"models--{repo.replace('/', '--')}" / "snapshots").glob("*"))
        if len(found) != 1:
            raise Failed(f"WRONG SNAPSHOT: {len(found)} snapshots in {cache}")
        for file in self.small[repo]:
            path = found[0] / file.name
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256:
                raise Failed(f"WRONG FILE: {path}")


def child_environment(work: Path, ca: Path) -> dict[str, str]:
    """The environment of all measured programs: nothing of the caller's but PATH."""
    home = fresh(work / "home")
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "SSL_CERT_FILE": str(ca),
        "HF_HOME": str(home / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    }


def seconds(result: dict) -> str:
    check = result["check"]
    return f"{result['get']['wall']:.3f} s" + (f" + {check['wall']:.3f} s" if check else "")


# ---- the cases -----------------------------------------------------------------------------------------------------


def file_case(scheme: str, place: str):
    def case(bench: Bench) -> list[dict]:
        box = bench.box
        floor = servers.build_c("floor", bench.args.build, "ssl", "crypto", "pthread")
        contenders = [box.hfx_get(), box.hfx_download(), box.curl(), box.aria2c(), box.hf_transfer(8), box.hub_file()]
        contenders += [box.hfx_get_unhashed(), box.floor(floor)]
        name = f"{'tls' if scheme == 'https' else 'plain'}-{place}"
        job, warm = bench.job(scheme, place), bench.job(scheme, place, "warm.bin")
        rows = bench.compare(name, contenders, job, warm, check=True)
        return [{"name": name, "kind": "file", "bytes": job.file.size, "rows": rows}]

    return case


def durability_case(bench: Bench) -> list[dict]:
    box = bench.box
    contenders = [box.hfx_get("--durability", mode, name=f"hfx get --durability {mode}") for mode in ("power", "process")]
    contenders += [box.curl(), box.curl_then_sync()]
    job, warm = bench.job("http", "disk"), bench.job("http", "disk", "warm.bin")
    rows = bench.compare("durability", contenders, job, warm, check=True)
    return [{"name": "durability", "kind": "durability", "bytes": job.file.size, "rows": rows}]


def line_case(name: str, scheme: str = "http", options: tuple[str, ...] = ()):
    def case(bench: Bench) -> list[dict]:
        box = bench.box
        binary = servers.build_rust("longline", bench.args.build)
        if binary is None:
            return [absent_case(name, "line", servers.NO_RUSTC)]
        contenders = [box.hfx_get(), box.hfx_get_unhashed(), box.curl(most_rounds=1), box.aria2c(), box.hf_transfer(8),
                      box.hf_transfer(100)]
        contenders += [box.curl_ranges(16)] if scheme == "http" else []
        files = ["data.bin"] if bench.args.quick else ["part.bin", "data.bin"]
        cases = []
        with servers.longline(binary, bench.ports[f"cdn_{scheme}"], bench.work, *options) as port:
            warm = bench.job(scheme, "tmpfs", "warm.bin", port)
            for file in files:
                job = bench.job(scheme, "tmpfs", file, port)
                title = f"{name}-{job.file.size // MIB}MiB"
                rows = bench.compare(title, contenders, job, warm, check=False)
                cases.append({"name": title, "kind": "line", "bytes": job.file.size, "rows": rows})
        return cases

    return case


def rough_case(bench: Bench) -> list[dict]:
    """The long line where some connections are slow, and some die."""
    name, box = "longline-rough", bench.box
    binary = servers.build_rust("longline", bench.args.build)
    if binary is None:
        return [absent_case(name, "line", servers.NO_RUSTC)]
    with servers.longline(binary, bench.ports["cdn_http"], bench.work, *servers.ROUGH) as port:
        job, warm = bench.job("http", "tmpfs", port=port), bench.job("http", "tmpfs", "warm.bin", port)
        rows = bench.compare(name, [box.hfx_get_unhashed(), box.aria2c()], job, warm, check=False)
    return [{"name": name, "kind": "line", "bytes": job.file.size, "rows": rows}]


def small_case(bench: Bench) -> list[dict]:
    if bench.box.hfx_absent:
        return [absent_case("small", "small", f"no hfx serve: {bench.box.hfx_absent}", SMALL_COUNT)]
    try:
        with servers.hfx_serve(bench.box.hfx, bench.data, bench.work, bench.env) as endpoint:
            return [compare_small(bench, "small", endpoint)]
    except RuntimeError as error:
        bench.failed = True
        say(f"FAILED: small: {error}")
        return [absent_case("small", "small", str(error), SMALL_COUNT)]


def small_nginx_case(bench: Bench) -> list[dict]:
    return [compare_small(bench, "small-nginx", f"http://127.0.0.1:{bench.ports['hub_http']}")]


def compare_small(bench: Bench, name: str, endpoint: str) -> dict:
    """A snapshot of many small files into a fresh cache on tmpfs."""
    contenders = [bench.box.hfx_snapshot(), bench.box.python_snapshot()]
    rows = [new_row(tool) for tool in contenders]

    def once(tool: Tool) -> dict:
        cache = fresh(bench.places["tmpfs"] / "cache")
        sample = bench.snapshot(tool, endpoint, SMALL_REPO, cache)
        bench.check_snapshot(cache, SMALL_REPO)
        return sample_dict(sample, None)

    bench.in_turns(name, contenders, rows, bench.args.rounds, once)
    return {"name": name, "kind": "small", "bytes": SMALL_COUNT * SMALL_SIZE, "files": SMALL_COUNT, "rows": rows}


def cached_case(bench: Bench) -> list[dict]:
    return [compare_cached(bench, repo) for repo in (PINNED_REPO, SMALL_REPO)]


def compare_cached(bench: Bench, repo: str) -> dict:
    """The look-up of a snapshot, named by its commit, that is in the cache already."""
    endpoint = f"http://127.0.0.1:{bench.ports['hub_http']}"
    contenders = [bench.box.hfx_snapshot(), bench.box.python_cli()]
    rows = [new_row(tool) for tool in contenders]
    name = f"cached-{len(bench.small[repo])}"
    place = fresh(bench.places["tmpfs"])

    def once(tool: Tool) -> dict:
        cache = place / tool.name.split()[0]
        sample = bench.snapshot(tool, endpoint, repo, cache, servers.COMMIT, watch=False)
        bench.check_snapshot(cache, repo)
        return sample_dict(sample, None)

    bench.each(name, contenders, rows, once)  # fills each tool's cache
    bench.in_turns(name, contenders, rows, 5 if bench.args.quick else 20, once)
    return {"name": name, "kind": "cached", "bytes": 0, "files": len(bench.small[repo]), "rows": rows}


CASES = {
    "plain-tmpfs": file_case("http", "tmpfs"),
    "plain-disk": file_case("http", "disk"),
    "tls-tmpfs": file_case("https", "tmpfs"),
    "tls-disk": file_case("https", "disk"),
    "durability": durability_case,
    "longline": line_case("longline"),
    "longline-tls": line_case("longline-tls", scheme="https"),
    "longline-slowstart": line_case("longline-slowstart", options=("--slow-start",)),
    "longline-rough": rough_case,
    "small": small_case,
    "small-nginx": small_nginx_case,
    "longline-mixed": mixed.case,
    "scaling": scaling.case,
    "cached": cached_case,
    "upload-plain": uploads.plain_case,
    "upload-longline": uploads.line_case,
    "upload-longline-rough": uploads.rough_case,
    "upload-small": uploads.small_case,
}
ONLY_WHEN_ASKED = {"longline-tls", "longline-slowstart"}


# ---- the command line ----------------------------------------------------------------------------------------------


def parse_size(text: str) -> int:
    units = {"K": 1 << 10, "M": MIB, "G": GIB}
    unit = text.upper().removesuffix("IB").removesuffix("B")[-1:]
    digits = text[: text.upper().index(unit)] if unit in units else text
    return int(float(digits) * units.get(unit, 1))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, epilog="cases: " + ", ".join(CASES))
    parser.add_argument("--hfx", type=Path, default=ROOT / "target/release/hfx", help="the binary to measure")
    parser.add_argument("--only", action="append", metavar="CASE", help="a case; may be repeated")
    parser.add_argument("--quick", action="store_true", help="256 MiB and one round: about a minute")
    parser.add_argument("--size", type=parse_size, help="bytes of the big file: 2G, 512M (default 2G)")
    parser.add_argument("--rounds", type=int, help="rounds of A B A B (default 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all raw samples")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the Markdown here instead of stdout")
    parser.add_argument("--tmpfs", type=Path, default=Path("/dev/shm"), help="a folder in memory (default /dev/shm)")
    parser.add_argument("--build", type=Path, default=ROOT / "build", help="where build products and the disk runs go")
    parser.add_argument("--venv", type=Path, help="virtual environment of the Python peers (default BUILD/bench-venv)")
    args = parser.parse_args()
    args.size = args.size or (256 * MIB if args.quick else 2 * GIB)
    args.rounds = args.rounds or (1 if args.quick else 3)
    args.build = args.build.resolve()
    args.hfx = args.hfx.resolve()
    args.venv = args.venv.absolute() if args.venv else args.build / "bench-venv"
    args.only = args.only or [name for name in CASES if name not in ONLY_WHEN_ASKED]
    unknown = set(args.only) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(CASES)}")
    return args


def require(box: tools.Toolbox) -> None:
    """nginx and openssl must be there; the other programs are reported as absent."""
    missing = box.missing()
    if missing:
        packages = " ".join(tools.DEBIAN_PACKAGES[name] for name in missing)
        say(f"missing: {', '.join(missing)}. To install: sudo apt-get update && sudo apt-get install -y {packages}")
    if {"nginx", "openssl"} & set(missing):
        sys.exit(2)


def require_room(args: argparse.Namespace) -> None:
    """In memory: the data (seven quarters of the size), one copy of the big file, the small files and their copy."""
    more = scaling.room(args) if "scaling" in args.only else 0
    for folder, need in ((args.tmpfs, args.size * 11 // 4 + 256 * MIB + more), (args.build, args.size + 128 * MIB)):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < need:
            say(f"{folder} has {free // MIB} MiB free and {need // MIB} are needed: a smaller --size, or another folder")
            sys.exit(2)


def machine(args: argparse.Namespace, box: tools.Toolbox) -> dict:
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu, "cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory / GIB, 1),
        "kernel": platform.release(), "disk": filesystem(args.build), "tmpfs": filesystem(args.tmpfs),
        "sha_instructions": has_sha_instructions(), "load_before": round(os.getloadavg()[0], 2),
        "versions": [version(box.hfx, "--version"), version(box.paths["nginx"], "-v"),
                     version(box.paths["openssl"], "version"), version(box.paths["curl"], "--version"),
                     version(box.paths["aria2c"], "--version"), *box.python_versions()],
    }


def hash_speed(bench: Bench) -> float:
    """Bytes of SHA-256 per second that openssl does on one core: about what bounds a verified file."""
    file = bench.files["part.bin"]
    samples = [run(bench.box.sha256(bench.data / file.name), bench.env, bench.log, False) for _ in range(3)]
    return file.size / min(sample.wall for sample in samples)


def has_sha_instructions() -> bool:
    """SHA-NI, or the same on ARM."""
    return any(f" {flag}" in Path("/proc/cpuinfo").read_text() for flag in ("sha_ni", "sha2"))


def filesystem(folder: Path) -> str:
    """The type of the file system that holds the folder."""
    best = ("", "?")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind = line.split()[:3]
        if folder.resolve().is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def version(program: str | None, option: str) -> str:
    if program is None or not os.access(program, os.X_OK):
        return f"{Path(program).name if program else 'a peer'} absent"
    answer = subprocess.run([program, option], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    words = (answer.stdout + answer.stderr).strip().splitlines() or [f"{Path(program).name} without a version"]
    return words[0].split(" (x86_64")[0].removeprefix("nginx version: ")


def measure_all(args: argparse.Namespace, box: tools.Toolbox) -> tuple[dict, bool]:
    result = {"command": " ".join(["benches/bench.py", *sys.argv[1:]]), "rounds": args.rounds, "size": args.size,
              "line_bytes_per_s": LINE_BYTES_PER_S, "machine": machine(args, box), "cases": []}
    with ExitStack() as stack:
        memory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hfx-bench-", dir=args.tmpfs)))
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=args.build)))
        bench = Bench(args, box, work, memory)
        bench.make_data()
        result["machine"]["sha256_bytes_per_s"] = hash_speed(bench)
        stack.enter_context(bench.serving())
        for name in args.only:
            result["cases"] += CASES[name](bench)
        return result, bench.failed


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = parse_args()
    require_room(args)
    box = tools.Toolbox(args.hfx, args.venv)
    require(box)
    result, failed = measure_all(args, box)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))
    grown = [case for case in result["cases"] if case["kind"] == "scaling" and report.measured(case)]
    text = report.markdown(result, PICTURE if grown and args.out else None)
    if args.out:
        args.out.write_text(text)
        if grown:
            args.out.with_name(PICTURE).write_text(plot.svg(grown))
    else:
        print(text)
    if failed:
        say("something FAILED, see above and the table")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
