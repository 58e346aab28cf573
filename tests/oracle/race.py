"""The Python client and hfx download one file into one cache at once: both end, with the right file."""

import subprocess
import sys

from lib import HFX, HUB, ROOT, check, end, hf, hfx, listing, same, scans_agree, wait_for

NAME = "model.safetensors"
SOURCE = HUB.put(f"models/o/n/{NAME}", 24 << 20).read_bytes()
CODE = "import sys; from huggingface_hub import *; print(hf_hub_download('o/n', sys.argv[1], cache_dir=sys.argv[2]))"


def start(line):
    return subprocess.Popen([str(word) for word in line], stdout=subprocess.PIPE, text=True)


def round_of(order, cache):
    """The first is well under way when the second starts; the Hub is slow, so that they overlap."""
    HUB.forget()
    HUB.faults(({"port": "cdn", "times": 0}, {"rate": 3_000_000}))
    lines = {
        "hfx": [HFX, "download", "o/n", NAME, "-q", "--cache-dir", cache, "-o", "max_connections=2"],
        "python": [sys.executable, "-c", CODE, NAME, cache],
    }
    running = {}
    for name in order:
        running[name] = start(lines[name])
        wait_for(f"{name} at work", lambda: len(agents()) == len(running))
    HUB.faults()
    for name, process in running.items():
        said, _ = process.communicate(timeout=100)
        check(f"{order}: {name} ends well", process.returncode == 0, process.returncode)
        with open(said.strip(), "rb") as file:
            check(f"{order}: {name} has the right file", file.read() == SOURCE)
    same(f"{order}: nothing unfinished", [name for name in listing(cache) if name.endswith(".incomplete")], [])
    scans_agree(cache)
    hfx("cache", "verify", "o/n", "--cache-dir", cache)
    hf("cache", "verify", "o/n", "--cache-dir", cache)


def agents():
    """Who asked about the file since the last `forget`."""
    asking = [entry for entry in HUB.requests() if "/resolve/" in entry["path"]]
    return {entry["user_agent"].split("/")[0] for entry in asking}


round_of(("hfx", "python"), ROOT / "first")
round_of(("python", "hfx"), ROOT / "second")
end()
