"""Large numbers: 10,000 files in one snapshot, and one file of $BIG GB (100), both ways. Prints wall time, processor time
and peak memory of each run of hfx.

The large file is a hole: the Hub reads zeros, and all that is written lands on a disk that keeps zeros in no room (ext4 on
zram; needs root). Every byte crosses the loopback, is hashed, and is written all the same.

    scale.py [many] [big]
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import lab
from lab import content

COUNT = int(os.environ.get("COUNT", 10_000))
BIG = int(float(os.environ.get("BIG", 100)) * 1e9)


# Short waits are for faults.
del os.environ["HF_HUB_DOWNLOAD_TIMEOUT"], os.environ["HF_HUB_ETAG_TIMEOUT"]


def measured(what, line, **env):
    start = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in line], stdout=subprocess.PIPE, text=True, env={**os.environ, **env}
    )
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{what} failed: {said[-2000:]}")
    seconds, used = time.monotonic() - start, usage.ru_utime + usage.ru_stime
    print(
        f"{what}: {seconds:.1f} s, {used:.1f} CPU s, peak memory {usage.ru_maxrss / 1024:.0f} MiB", flush=True
    )
    return said


def many(root):
    """Files of 16 KiB, the tenth of them LFS."""
    hub = lab.Hub(root / "served", "--page-size", 1000, lfs_from=1 << 30)
    env = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(root / "home")}
    hub.put("models/acme/many/.gitattributes", b"*.bin filter=lfs diff=lfs merge=lfs -text\n")
    ending = lambda n: "bin" if n % 10 == 0 else "txt"
    for n in range(COUNT):
        hub.put(f"models/acme/many/{n % 100:02}/{n:05}.{ending(n)}", content(f"many {n}", 16 << 10))
    hub.ask("/api/models/acme/many/tree/main?recursive=true")
    get = [lab.HFX, "download", "acme/many", "--json"]
    said = measured(f"download of {COUNT} files", [*get, "--cache-dir", root / "power"], **env)
    files = lab.events(said)[-1]["files"]
    measured("the same, nothing to do", [*get, "--cache-dir", root / "power"], **env)
    measured(
        "the same, --durability process",
        [*get, "--cache-dir", root / "process", "--durability", "process"],
        **env,
    )
    for n in range(0, COUNT, 2):
        hub.put(f"models/acme/many/{n % 100:02}/{n:05}.{ending(n)}", content(f"other {n}", 16 << 10))
    measured("a new version of half of them", [*get, "--cache-dir", root / "power"], **env)
    wrong = lab.torn(root / "power")
    folder = next((root / "process/models--acme--many/snapshots").iterdir())
    there = sum(path.is_file() for path in folder.rglob("*"))
    if wrong or files != COUNT + 1 or there != COUNT + 1:
        raise SystemExit(f"not right: {wrong[:3]}, {files} and {there} files")
    # The links' targets are what is pushed.
    put = [lab.HFX, "upload", "acme/pushed", folder, "--json"]
    measured(f"upload of {COUNT} files", put, **env)
    measured("the same, nothing to do", put, **env)
    hub.stop()


def big(root):
    """Zeros through everything."""
    number = Path("/sys/class/zram-control/hot_add").read_text().strip()
    device, disk, running = f"/dev/zram{number}", root / "disk", []
    try:
        Path(f"/sys/block/zram{number}/disksize").write_text(str(2 * BIG + BIG // 5))
        subprocess.run(
            ["mkfs.ext4", "-q", "-m", "0", "-N", "65536", "-E", "lazy_itable_init=1,nodiscard", device],
            check=True,
        )
        disk.mkdir()
        subprocess.run(["mount", "-o", "noatime", device, disk], check=True)
        try:
            file = disk / "served/models/acme/big/big.bin"
            file.parent.mkdir(parents=True)
            file.touch()
            os.truncate(file, BIG)
            # One page of it is not zero, so that its place is proven too.
            with open(file, "r+b") as opened:
                os.pwrite(opened.fileno(), b"hfx" * 1000, BIG // 2 + 7)
            hub = lab.Hub(disk / "served", "--chunk-size", "64M")
            running.append(hub)
            env = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(disk / "home")}
            start = time.monotonic()
            hub.control("GET", "stats")
            tree = json.loads(
                subprocess.run(
                    ["curl", "-sS", f"{hub.endpoint}/api/models/acme/big/tree/main"],
                    capture_output=True,
                    check=True,
                ).stdout
            )
            print(f"the Hub has hashed {BIG / 1e9:g} GB in {time.monotonic() - start:.0f} s", flush=True)
            said = measured(
                f"download of {BIG / 1e9:g} GB",
                [lab.HFX, "download", "acme/big", "big.bin", "--json", "--cache-dir", disk / "hub"],
                **env,
            )
            done = lab.events(said)
            verified = [event["verified"] for event in done if event["event"] == "file"]
            got = next((disk / "hub/models--acme--big/blobs").iterdir())
            if verified != ["hash"] or got.stat().st_size != BIG or got.name != tree[0]["lfs"]["oid"]:
                raise SystemExit(f"not right: {verified}, {got}, {got.stat().st_size}")
            shutil.rmtree(disk / "hub")
            said = measured(
                f"upload of {BIG / 1e9:g} GB", [lab.HFX, "upload", "acme/sent", file, "--json"], **env
            )
            sent = json.loads(
                subprocess.run(
                    ["curl", "-sS", f"{hub.endpoint}/api/models/acme/sent/tree/main"],
                    capture_output=True,
                    check=True,
                ).stdout
            )
            if [entry["lfs"]["oid"] for entry in sent if entry["path"] == "big.bin"] != [
                tree[0]["lfs"]["oid"]
            ]:
                raise SystemExit(f"not right: {sent}")
        finally:
            for hub in running:
                hub.stop()
            subprocess.run(["umount", disk], check=True)
    finally:
        Path(f"/sys/block/zram{number}/reset").write_text("1")
        Path("/sys/class/zram-control/hot_remove").write_text(number)


def main():
    lab.into_namespace()
    root = Path(os.environ.get("SOAK_DIR") or lab.TREE / "build/soak") / f"scale-{os.getpid()}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for name in sys.argv[1:] or ["many", "big"]:
        (root / name).mkdir()
        {"many": many, "big": big}[name](root / name)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
