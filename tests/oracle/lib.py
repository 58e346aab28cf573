"""What the oracle's scripts stand on. Import it before huggingface_hub: it clears the environment, starts a Hub
(`hfx serve`), and points the Python client to it and to a cache of its own. The program under test is $HFX."""

import atexit
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

HFX = os.environ["HFX"]
HF = str(Path(sys.executable).with_name("hf"))
FOREIGN = ("HF_", "HUGGING", "XDG_", "TRANSFORMERS_", "SSL_CERT")
# A small LFS file is as good as a large one.
LFS_FROM = 1 << 20

for name in list(os.environ):
    if name.startswith(FOREIGN) or name.lower().endswith("_proxy"):
        del os.environ[name]

ROOT = Path(os.path.realpath(tempfile.mkdtemp(prefix="hfx-oracle-")))
CACHE = ROOT / "home" / "hub"
os.environ.update(
    HOME=str(ROOT),
    HF_HOME=str(ROOT / "home"),
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_DISABLE_UPDATE_CHECK="1",
    NO_COLOR="1",
    COLUMNS="1000",
)
atexit.register(shutil.rmtree, ROOT, ignore_errors=True)

failures = []
count = 0


def check(what, truth, *more):
    """One thing that must be so. The script goes on, and fails at its end."""
    global count
    count += 1
    if not truth:
        failures.append(what)
        print("FAILED", what, *more, flush=True)
    return truth


def same(what, got, want):
    return check(what, got == want, f"\n  got  {got!r}\n  want {want!r}")


def raises(what, kind, call):
    """The call must fail with exactly this class; the error is returned."""
    try:
        got = call()
    except Exception as error:
        check(what, type(error) is kind, f"it raised {error!r}")
        return error
    check(what, False, f"no error, but {got!r:.200}")


def end():
    """The verdict, as the exit status."""
    print(f"{count} checks, {len(failures)} failed")
    sys.exit(1 if failures else 0)


class Hub:
    """A running `hfx serve`."""

    def __init__(self, *args):
        self.dir = Path(tempfile.mkdtemp(dir=ROOT))
        self.line = [HFX, "serve", self.dir, "--control", "--lfs-threshold", str(LFS_FROM), *args]
        self.start()

    def start(self, *args):
        self.process = subprocess.Popen([*self.line, *args], stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.endpoint = self.process.stdout.readline().strip().removeprefix("HF_ENDPOINT=")
        self.process.stdout.readline()

    def restart(self):
        """Kills it, and starts it again at the same address."""
        self.stop()
        self.start("--listen", self.endpoint.removeprefix("http://"))

    def stop(self):
        self.process.kill()
        self.process.wait()

    def put(self, path, content=""):
        """A file `models/owner/name/file`; a number is the size of one with a content of its own."""
        if isinstance(content, int):
            content = random.Random(path).randbytes(content)
        if isinstance(content, str):
            content = content.encode()
        path = self.dir / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def control(self, method, what, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_hfx/{what}", data, method=method)
        return json.load(urllib.request.urlopen(request))

    def requests(self):
        return self.control("GET", "requests")

    def fetched(self):
        """The requests for bytes of files since the last `forget`."""
        return [
            r["path"]
            for r in self.requests()
            if r["method"] == "GET" and r["status"] in (200, 206) and not r["path"].startswith("/api/")
        ]

    def forget(self):
        self.control("DELETE", "requests")

    def faults(self, *rules):
        """Rules as (match, do), in place of those before."""
        self.control("PUT", "faults", [{"match": match, "do": do} for match, do in rules])


def hfx(*args, code=0, **env):
    """Runs hfx; its stdout, stripped."""
    done = subprocess.run(
        [HFX, *map(str, args)], capture_output=True, text=True, env={**os.environ, **env}, timeout=120
    )
    line = " ".join(map(str, args))
    check(f"hfx {line}: exit code", done.returncode == code, done.returncode, done.stdout, done.stderr)
    return done.stdout.strip()


def hf(*args, **env):
    """Runs the Python client's tool, which must succeed without a warning; its stdout."""
    done = subprocess.run(
        [HF, *map(str, args)], capture_output=True, text=True, env={**os.environ, **env}, timeout=120
    )
    said = done.stdout + done.stderr
    line = " ".join(map(str, args))
    check(f"hf {line}", done.returncode == 0 and "warning" not in said.lower(), done.returncode, said)
    return done.stdout


def python(code, given=None, **env):
    """Runs code in a Python of its own, with the client's names imported; what it gave to `answer`. `given` is
    known to it."""
    head = (
        "import json, sys; from pathlib import Path; from huggingface_hub import *\n"
        "def answer(value): print('ANSWER ' + json.dumps(value, default=str))\n"
        "given = json.loads(sys.argv[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", head + code, json.dumps(given, default=str)],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        timeout=120,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
    if not check("a Python of its own", done.returncode == 0 and answers, done.stdout, done.stderr):
        end()
    return json.loads(answers[-1].removeprefix("ANSWER "))


def wait_for(what, seen, seconds=30):
    """Waits until it is so."""
    until = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > until:
            check(f"waited for: {what}", False)
            end()
        time.sleep(0.005)


def git_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def listing(folder):
    """All below a folder, with what it is: a link's target, a file's size, or a folder."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = "-> " + os.readlink(path)
        else:
            found[name] = path.stat().st_size if path.is_file() else "folder"
    return found


def scans_agree(cache):
    """Both tools count the same in a cache, and warn of nothing."""
    from huggingface_hub import scan_cache_dir

    ours = json.loads(hfx("cache", "ls", "--json", "--verbose", "--cache-dir", cache))
    theirs = scan_cache_dir(cache)
    same("warnings", (ours["warnings"], [str(warning) for warning in theirs.warnings]), ([], []))
    same("size", ours["size"], theirs.size_on_disk)
    partials = sorted((str(file.file_path), file.size_on_disk) for file in theirs.incomplete_files)
    same("partials", sorted((partial["path"], partial["size"]) for partial in ours["partials"]), partials)
    same("repositories", sorted(map(our_repo, ours["repos"])), sorted(map(their_repo, theirs.repos)))


def our_repo(entry):
    keys = "repo_type", "repo_id", "path", "size", "blobs", "last_accessed", "last_modified"
    return [*(entry[key] for key in keys), sorted(map(our_revision, entry["revisions"]))]


def our_revision(entry):
    files = sorted([file["path"], file["blob"], file["size"]] for file in entry["files"])
    same("file_count", entry["file_count"], len(files))
    return [*(entry[key] for key in ("commit", "path", "size", "refs", "last_modified")), files]


def their_repo(repo):
    times = int(repo.last_accessed), int(repo.last_modified)
    revisions = sorted(map(their_revision, repo.revisions))
    path = str(repo.repo_path)
    return [repo.repo_type, repo.repo_id, path, repo.size_on_disk, repo.nb_files, *times, revisions]


def their_revision(revision):
    files = sorted([str(file.file_path), str(file.blob_path), file.size_on_disk] for file in revision.files)
    refs, modified = sorted(revision.refs), int(revision.last_modified)
    return [revision.commit_hash, str(revision.snapshot_path), revision.size_on_disk, refs, modified, files]


HUB = Hub()
os.environ["HF_ENDPOINT"] = HUB.endpoint

# Files that a client can get wrong, by their names in the repository.
ODD = [
    "a b.txt",
    "100%.txt",
    "x[1].txt",
    "c^d|e.txt",
    "ünï/çödé 文.txt",
    "a+b&c=d?e#f.txt",
    "q'uo\"te.txt",
    "plus+lfs é%20.bin",
    "deep/er/and/deeper/f.txt",
    "empty.txt",
    "empty.bin",
]
LLAMA = ["config.json", "model.safetensors", "small.bin", "deep/er/weights.bin", *ODD, ".gitattributes"]


def llama(hub=HUB):
    """The repository that most scripts use: acme/llama, with several revisions."""
    root = "models/acme/llama/"
    hub.put(root + "config.json", '{"a": 1}\n' * 100)
    hub.put(root + "model.safetensors", 12 << 20)
    hub.put(root + "deep/er/weights.bin", 3 << 20)
    hub.put(root + "small.bin", 70_000)
    hub.put(root + ".gitattributes", "plus*.bin filter=lfs diff=lfs merge=lfs -text\nempty.bin filter=lfs\n")
    for name in ODD:
        hub.put(root + name, "" if name.startswith("empty") else f"the content of {name}\n")
    for label in ["dev", "feature/x", "refs/pr/1", "refs/convert/parquet", "@old"]:
        other = f"{root}.hfx/revisions/{urllib.parse.quote(label, safe='')}/"
        hub.put(other + "config.json", f"config of {label}\n")
        hub.put(other + "model.safetensors", (hub.dir / root / "model.safetensors").read_bytes())
        hub.put(other + "only.txt", label)
    hub.put(root + ".hfx/refs.json", json.dumps({"refs/tags/v1.0": "@old", "refs/tags/same": "main"}))
    notes = {
        "main": {"title": "Second", "author": "ann", "parent": "@old", "date": "2025-01-02T03:04:05.000Z"},
        "@old": {"title": "First", "author": "ben"},
    }
    hub.put(root + ".hfx/commits.json", json.dumps(notes))
    return hub.dir / root
