"""What the scripts here stand on: a Hub with faults, clients as processes, contents made from a seed, and the looks at
what they left. The program under test is $HFX (default: target/release/hfx)."""

import fcntl
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
HFX = os.environ.get("HFX") or str(TREE / "target/release/hfx")
FOREIGN = ("HF_", "HUGGING", "XDG_", "TRANSFORMERS_", "SSL_CERT")
for name in list(os.environ):
    if name.startswith(FOREIGN) or name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ.update(
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_UPDATE_CHECK="1",
    HF_HUB_DISABLE_XET="1",
    HF_HUB_DOWNLOAD_TIMEOUT="3",
    HF_HUB_ETAG_TIMEOUT="3",
)
K, M = 1 << 10, 1 << 20
PARTIAL = re.compile(r"\.[0-9a-f]{8}\.incomplete$")
# A fault shows within seconds.
QUICK = {
    "connect_timeout_ms": 2000,
    "head_timeout_ms": 2000,
    "work_timeout_ms": 2000,
    "stall_timeout_ms": 1500,
    "retry_timeout_ms": 8000,
    "lock_timeout_ms": 3000,
}


def content(name, size):
    """The bytes that stand for a name: the same in every run."""
    return random.Random(name).randbytes(size)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def git_id(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    """A running `hfx serve`, which can be killed and comes back at the same address."""

    def __init__(self, folder, *args, listen="127.0.0.1:0", env=None, lfs_from=M):
        self.folder, self.env = Path(folder), {**os.environ, **(env or {})}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.line = [
            HFX,
            "serve",
            self.folder,
            "--control",
            "--lfs-threshold",
            str(lfs_from),
            *map(str, args),
        ]
        self.listen = listen
        self.start()
        self.listen = self.endpoint.removeprefix("http://")

    def start(self):
        line = [*self.line, "--listen", self.listen]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=self.env)
        said = self.process.stdout.readline().strip()
        if not said.startswith("HF_ENDPOINT="):
            raise SystemExit(f"the Hub did not start: {said!r}")
        self.endpoint = said.removeprefix("HF_ENDPOINT=")
        self.process.stdout.readline()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def put(self, path, data):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def control(self, method, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_hfx/{what}", data, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def faults(self, rules):
        self.control("PUT", "faults", rules)

    def acted(self):
        return [rule["acted"] for rule in self.control("GET", "faults")]

    def ask(self, path):
        """A question that makes it hash its files."""
        with urllib.request.urlopen(f"{self.endpoint}{path}", timeout=60) as answer:
            return json.load(answer)


def options(given):
    return [word for name, value in given.items() for word in ("--option", f"{name}={value}")]


def events(text):
    """The lines of `--json`; one that a kill cut off counts for nothing."""
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            pass
    return [event for event in found if isinstance(event, dict)]


def error_kind(text):
    """The name of the error that a run of hfx ended with, or None."""
    last = (events(text) or [{}])[-1]
    return last.get("kind") if last.get("event") == "error" else None


def leftovers(folder, *, foreign=False):
    """What a finished job must not leave below a folder: partials of large files, and locks that are held. Partials of
    small files are left to a prune. With `foreign`, partials that are not hfx's are somebody else's business."""
    found = []
    for path in Path(folder).rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        if (
            PARTIAL.search(path.name)
            and path.stat().st_size > M
            and not (foreign and b"hfxpart1" not in path.read_bytes())
        ):
            found.append(f"{path.name}: {path.stat().st_size} bytes left")
        elif path.suffix == ".lock":
            with open(path) as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    found.append(f"{path.name}: held")
    return found


def torn(cache, *, foreign=False):
    """What of a cache is visible and not whole: blobs against their names, links and refs against what they lead to.
    True of a cache at any moment, whoever was killed. The Python client (`foreign`) writes a ref before its snapshot."""
    found = []
    for blobs in Path(cache).glob("*/blobs"):
        for path in blobs.iterdir():
            if path.name.endswith(".incomplete"):
                continue
            data = path.read_bytes()
            if path.name != (sha256(data) if len(path.name) == 64 else git_id(data)):
                found.append(f"{path}: {len(data)} bytes that do not hash to its name")
    for path in Path(cache).glob("*/snapshots/**/*"):
        if path.is_symlink() and not path.exists():
            found.append(f"{path}: leads nowhere")
    for path in [] if foreign else Path(cache).glob("*/refs/**/*"):
        repo = Path(cache, path.relative_to(cache).parts[0])
        if path.is_file() and not Path(repo, "snapshots", path.read_text()).is_dir():
            found.append(f"{path}: leads to no snapshot: {path.read_text()!r}")
    return found


def processes(word):
    """The processes whose command line holds this word, but for this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if word in line:
                found.append(f"{entry.name} {line}")
    return found


def into_namespace():
    """Runs this script again with mounts of its own; needs root."""
    if os.environ.get("SOAK_NAMESPACE"):
        return
    if os.geteuid() != 0:
        sys.exit("needs root: it mounts small disks and an /etc/hosts of its own, in a mount namespace")
    os.environ["SOAK_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def wait_until(seen, seconds):
    """Whether it becomes so within that time."""
    until = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
