"""A snapshot of files of all sizes through the long line."""

import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import servers
from measure import absent_case, new_row, sample_dict
from servers import DataFile, fresh
from tools import HFX_SNAPSHOT_UNHASHED, Tool, no_output

NAME, KIND = "longline-mixed", "line-snapshot"
REPO = "bench/mixed"
UNHASHED_REPO = "bench/mixed-unhashed"
LARGE, MIDDLE, SMALL = 4, 45, 951


def case(bench) -> list[dict]:
    box, count = bench.box, LARGE + MIDDLE + SMALL
    binary = servers.build_rust("longline", bench.args.build)
    if binary is None:
        return [absent_case(NAME, KIND, servers.NO_RUSTC, count)]
    files = bench.make_repo(REPO, file_sizes(bench.args.size // 4))
    repos = {REPO: files, UNHASHED_REPO: without_hashes(bench, files)}
    with bench.hub_of(repos) as hub, servers.longline(binary, hub, bench.work) as port:
        endpoint = f"http://127.0.0.1:{port}"
        addresses = write_addresses(bench.work / "mixed-addresses", endpoint, files)
        contenders = [box.hfx_snapshot(), replace(box.hfx_snapshot(), name=HFX_SNAPSHOT_UNHASHED),
                      replace(box.python_snapshot(), most_rounds=1), box.curl_list(addresses, 100)]
        rows = [new_row(tool) for tool in contenders]

        def once(tool: Tool) -> dict:
            cache = fresh(bench.places["tmpfs"] / "cache")
            repo = UNHASHED_REPO if tool.name == HFX_SNAPSHOT_UNHASHED else REPO
            sample = bench.snapshot(tool, endpoint, repo, cache)
            if tool.output is not no_output:
                bench.check_snapshot(cache, repo)
            shutil.rmtree(cache)
            return sample_dict(sample, None)

        bench.in_turns(NAME, contenders, rows, bench.args.rounds, once)
    return [{"name": NAME, "kind": KIND, "bytes": sum(f.size for f in files), "files": count, "rows": rows}]


def file_sizes(total: int) -> dict[str, int]:
    """Sizes by name, in a mixed order. Of 512 MiB: four of 64 MiB, 45 of 4 MiB (both LFS), the others of 16 to 96 KiB."""
    chance = random.Random(1)
    least = total >> 15
    files = [(total // 8, "bin")] * LARGE + [(total // 128, "bin")] * MIDDLE
    files += [(chance.randint(least, 6 * least), "json") for _ in range(SMALL)]
    chance.shuffle(files)
    return {f"file-{i:04}.{ending}": size for i, (size, ending) in enumerate(files)}


def without_hashes(bench, files: list[DataFile]) -> list[DataFile]:
    """The same files as a Hub tells them whose names of them are no hashes: hfx then checks their length alone."""
    models = bench.data / "models"
    shutil.copytree(models / REPO, models / UNHASHED_REPO, copy_function=os.link)
    bench.small[UNHASHED_REPO] = files
    return [replace(f, sha256=f"no-hash-{f.sha256}", git_sha1=f"no-hash-{f.git_sha1}") for f in files]


def write_addresses(path: Path, endpoint: str, files: list[DataFile]) -> Path:
    """What curl is to fetch, as a file of its options."""
    lines = [f'url = "{endpoint}/{REPO}/resolve/main/{f.name}"\noutput = "/dev/null"\n' for f in files]
    path.write_text("".join(lines))
    return path
