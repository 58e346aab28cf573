"""How the cost grows with the work: snapshots of ever more small files, and ever larger files."""

import argparse
from dataclasses import replace

import servers
from measure import new_row, sample_dict
from servers import fresh
from tools import Job, Tool

MIB = 1 << 20
GIB = 1 << 30
FILE_SIZE = 16 * 1024
COUNTS = (10, 100, 1000, 10_000)
SIZES = (MIB, 16 * MIB, 256 * MIB, GIB)


def case(bench) -> list[dict]:
    return [grow_files(bench), grow_bytes(bench)]


def counts(args: argparse.Namespace) -> tuple[int, ...]:
    return COUNTS[:-1] if args.quick else COUNTS


def sizes(args: argparse.Namespace) -> list[int]:
    """Those below the bench's own size, and that."""
    return [size for size in SIZES if size < args.size] + [args.size]


def room(args: argparse.Namespace) -> int:
    """Bytes of memory that the data takes, with a copy of the small files."""
    return 2 * sum(counts(args)) * FILE_SIZE + sum(sizes(args)[:-1])


def grow_files(bench) -> dict:
    """Snapshots from nginx into a fresh cache in memory."""
    name = "scaling-files"
    repos = {f"bench/files-{n}": n for n in counts(bench.args)}
    steps = {replace(bench.box.hfx_snapshot(), name=f"{n:,} files"): repo for repo, n in repos.items()}
    bench.say(f"{name}: making {sum(repos.values()):,} files")
    made = {repo: bench.make_repo(repo, {f"file-{i:05}.json": FILE_SIZE for i in range(n)}) for repo, n in repos.items()}

    with bench.hub_of(made) as port:

        def once(tool: Tool) -> dict:
            cache = fresh(bench.places["tmpfs"] / "cache")
            sample = bench.snapshot(tool, f"http://127.0.0.1:{port}", steps[tool], cache)
            bench.check_snapshot(cache, steps[tool])
            return sample_dict(sample, None)

        rows = measure(bench, name, {tool: repos[repo] for tool, repo in steps.items()}, once)
    return {"name": name, "kind": "scaling", "unit": "file", "rows": rows}


def grow_bytes(bench) -> dict:
    """`hfx get` of one file from nginx into memory, its hash known."""
    name = "scaling-bytes"
    steps: dict[Tool, Job] = {}
    for seed, size in enumerate(sizes(bench.args)):
        file = "data.bin" if size == bench.args.size else f"grown-{size // MIB}.bin"
        if file not in bench.files:
            bench.files[file] = servers.make_file(bench.data / file, size, 200 + seed)
        label = f"{size / GIB:g} GiB" if size >= GIB else f"{size / MIB:g} MiB"
        steps[replace(bench.box.hfx_get(), name=label)] = bench.job("http", "tmpfs", file)
    rows = measure(bench, name, {tool: job.file.size for tool, job in steps.items()},
                   lambda tool: bench.fetch(tool, steps[tool], check=False))
    for job in steps.values():
        if job.file.name != "data.bin":
            (bench.data / job.file.name).unlink()
            del bench.files[job.file.name]
    return {"name": name, "kind": "scaling", "unit": "byte", "rows": rows}


def measure(bench, name: str, steps: dict[Tool, int], once) -> list[dict]:
    """A row a step, with its amount; one warm-up at the smallest."""
    rows = [{**new_row(tool), "amount": amount} for tool, amount in steps.items()]
    bench.each(name, list(steps)[:1], rows, once)
    bench.in_turns(name, list(steps), rows, bench.args.rounds, once)
    return rows
