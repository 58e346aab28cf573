"""What the tests stand on: a clean environment, a local Hub (`$HFX_TOOL serve`), and a home of their own."""

import atexit
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

FOREIGN = ("HF_", "HUGGING", "XDG_", "TRANSFORMERS_", "SSL_CERT")
for name in list(os.environ):
    if name.startswith(FOREIGN) or name.lower().endswith("_proxy"):
        del os.environ[name]

ROOT = Path(os.path.realpath(tempfile.mkdtemp(prefix="hfx-python-")))
# Children that fork share this module; the one that made the folder removes it.
_owner = os.getpid()
atexit.register(lambda: os.getpid() == _owner and shutil.rmtree(ROOT, ignore_errors=True))
os.environ.update(HOME=str(ROOT), HF_HOME=str(ROOT / "home"), HF_TOKEN="hf_rw", HF_HUB_DISABLE_XET="1")
os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_UPDATE_CHECK="1")
M = 1 << 20


def content(name, size):
    return random.Random(name).randbytes(size) if sys.version_info >= (3, 9) else os.urandom(size)


class Hub:
    def __init__(self, *args):
        self.dir = Path(tempfile.mkdtemp(dir=ROOT))
        line = [os.environ["HFX_TOOL"], "serve", str(self.dir), "--control", "--lfs-threshold", str(M), *args]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        atexit.register(lambda: os.getpid() == _owner and self.stop())
        self.endpoint = self.process.stdout.readline().strip()[len("HF_ENDPOINT=") :]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def put(self, path, data):
        path = self.dir / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    def control(self, method, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_hfx/{what}", data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def requests(self):
        return self.control("GET", "requests")

    def forget(self):
        self.control("DELETE", "requests")

    def faults(self, *rules):
        self.control("PUT", "faults", [{"match": match, "do": do} for match, do in rules])


HUB = Hub("--token", "hf_rw", "--token", "hf_ro:read", "--multipart-from", "3M", "--chunk-size", "1M")
os.environ["HF_ENDPOINT"] = HUB.endpoint
BIG = content("big", 8 * M + 5)
CONFIG = b'{"a": 1}\n' * 100
HUB.put("models/acme/llama/config.json", CONFIG)
HUB.put("models/acme/llama/big.bin", BIG)
HUB.put("models/acme/llama/deep/er/a.txt", "a")
HUB.put("models/acme/llama/deep/b.txt", "bb")
HUB.put("models/acme/llama/.hfx/revisions/dev/config.json", "dev")
HUB.put("datasets/acme/data/train.csv", "a,b\n")
_made = 0


def fresh(name="repo"):
    """The name of a repository that nobody has yet."""
    global _made
    _made += 1
    return f"local/{name}{_made}"


def folder():
    return Path(tempfile.mkdtemp(dir=ROOT))


def wait_for(seen, seconds=20):
    """Waits until it is so."""
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until, "waited for too long"
        time.sleep(0.005)


class Gate:
    """Slows a file on the Hub down until it is left, so that a job can be met at work."""

    def __init__(self, path, rate=100_000):
        self.rule = {"path": path, "times": 0}, {"rate": rate}

    def __enter__(self):
        HUB.faults(self.rule)

    def __exit__(self, *_):
        HUB.faults()
