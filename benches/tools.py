"""The programs that are compared, each as a command line for one job."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from servers import BIG_REPO, COMMIT, DataFile

PYTHON_PACKAGES = {"huggingface_hub": "2.4.0", "hf_transfer": "0.1.9"}
DEBIAN_PACKAGES = {"nginx": "nginx", "openssl": "openssl", "curl": "curl", "aria2c": "aria2"}

HF_TRANSFER = """
import sys, hf_transfer
url, out, connections = sys.argv[1:]
hf_transfer.download(url, out, int(connections), 10485760, parallel_failures=3, max_retries=5)
"""
HUB_FILE = """
import sys
from huggingface_hub import hf_hub_download
endpoint, cache, repo, name = sys.argv[1:]
hf_hub_download(repo, name, endpoint=endpoint, cache_dir=cache)
"""
HUB_SNAPSHOT = """
import sys
from huggingface_hub import snapshot_download
endpoint, cache, repo = sys.argv[1:]
snapshot_download(repo, endpoint=endpoint, cache_dir=cache)
"""
CURL_RANGES = """
url=$1 size=$2 count=$3 pids=
part=$(( (size + count - 1) / count ))
for i in $(seq 0 $((count - 1))); do
    curl -sS --fail -r $((i * part))-$((i * part + part - 1)) -o /dev/null "$url" & pids="$pids $!"
done
for pid in $pids; do wait $pid || exit 1; done
"""


@dataclass(frozen=True)
class Job:
    """One file to fetch into a fresh folder."""

    url: str
    hub: str
    file: DataFile
    folder: Path
    ca: Path | None = None

    @property
    def out(self) -> Path:
        return self.folder / "out.bin"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"


def plain_output(job: Job) -> Path | None:
    return job.out


def cached_output(job: Job) -> Path | None:
    repo = "models--" + BIG_REPO.replace("/", "--")
    return job.cache / repo / "snapshots" / COMMIT / job.file.name


def no_output(_: Job) -> Path | None:
    return None


@dataclass(frozen=True)
class Tool:
    """A program; `checks` says that it proves the hash itself, `most_rounds` (0 = all) spares slow ones."""

    name: str
    command: Callable[..., list[str]]
    output: Callable[[Job], Path | None] = plain_output
    checks: bool = False
    most_rounds: int = 0
    absent: str = ""


class Toolbox:
    """Finds the programs and knows how to call them."""

    def __init__(self, hfx: Path, venv: Path):
        self.hfx = str(hfx)
        self.hfx_absent = "" if os.access(hfx, os.X_OK) else f"no program at {hfx}"
        self.paths = {name: shutil.which(name) or shutil.which(name, path="/usr/sbin") for name in DEBIAN_PACKAGES}
        self.python = str(venv / "bin" / "python")
        self.hf_cli = str(venv / "bin" / "hf")
        self.python_absent = prepare_venv(venv)

    def missing(self) -> list[str]:
        return [name for name, path in self.paths.items() if path is None]

    def absent(self, name: str) -> str:
        return "" if self.paths[name] else f"not installed (apt-get install {DEBIAN_PACKAGES[name]})"

    def python_versions(self) -> list[str]:
        return [f"{name} {'absent' if self.python_absent else v}" for name, v in PYTHON_PACKAGES.items()]

    def sha256(self, file: Path) -> list[str]:
        return [self.paths["openssl"], "dgst", "-sha256", "-r", str(file)]

    def hfx_get(self, *options: str, name: str = "hfx get") -> Tool:
        def command(job: Job) -> list[str]:
            ca = ["--ca-file", str(job.ca)] if job.ca else []
            return [self.hfx, "get", job.url, "-o", str(job.out), "--sha256", job.file.sha256, *ca, *options]

        return Tool(name, command, checks=True, absent=self.hfx_absent)

    def hfx_download(self) -> Tool:
        def command(job: Job) -> list[str]:
            return [self.hfx, "download", BIG_REPO, job.file.name, "--endpoint", job.hub,
                    "--cache-dir", str(job.cache), "--quiet"]

        return Tool("hfx download", command, cached_output, checks=True, absent=self.hfx_absent)

    def curl(self, most_rounds: int = 0) -> Tool:
        def command(job: Job) -> list[str]:
            ca = ["--cacert", str(job.ca)] if job.ca else []
            return [self.paths["curl"], "-sS", "--fail", *ca, "-o", str(job.out), job.url]

        return Tool("curl", command, most_rounds=most_rounds, absent=self.absent("curl"))

    def curl_then_sync(self) -> Tool:
        def command(job: Job) -> list[str]:
            script = 'curl -sS --fail -o "$1" "$2" && sync "$1"'
            return ["/bin/sh", "-c", script, "sh", str(job.out), job.url]

        return Tool("curl, then sync FILE", command, absent=self.absent("curl"))

    def curl_ranges(self, count: int) -> Tool:
        def command(job: Job) -> list[str]:
            return ["/bin/sh", "-c", CURL_RANGES, "sh", job.url, str(job.file.size), str(count)]

        return Tool(f"{count} curls to /dev/null (the line itself)", command, no_output, absent=self.absent("curl"))

    def aria2c(self) -> Tool:
        def command(job: Job) -> list[str]:
            ca = [f"--ca-certificate={job.ca}"] if job.ca else []
            return [self.paths["aria2c"], "-x16", "-s16", "-k1M", "--file-allocation=none", "--no-conf", "--quiet",
                    "--console-log-level=error", *ca, "-d", str(job.folder), "-o", job.out.name, job.url]

        return Tool("aria2c -x16", command, absent=self.absent("aria2c"))

    def hf_transfer(self, connections: int) -> Tool:
        def command(job: Job) -> list[str]:
            return [self.python, "-c", HF_TRANSFER, job.url, str(job.out), str(connections)]

        return Tool(f"hf_transfer, {connections} connections", command, absent=self.python_absent)

    def hub_file(self) -> Tool:
        def command(job: Job) -> list[str]:
            return [self.python, "-c", HUB_FILE, job.hub, str(job.cache), BIG_REPO, job.file.name]

        return Tool("huggingface_hub", command, cached_output, absent=self.python_absent)

    # Snapshots: the command takes the endpoint (also in HF_ENDPOINT), the cache folder, the repo and perhaps the commit.

    def hfx_snapshot(self) -> Tool:
        def command(endpoint: str, cache: Path, repo: str, commit: str = "") -> list[str]:
            revision = ["--revision", commit] if commit else []
            return [self.hfx, "download", repo, *revision, "--endpoint", endpoint,
                    "--cache-dir", str(cache), "--quiet"]

        return Tool("hfx download", command, absent=self.hfx_absent)

    def python_snapshot(self) -> Tool:
        def command(endpoint: str, cache: Path, repo: str) -> list[str]:
            return [self.python, "-c", HUB_SNAPSHOT, endpoint, str(cache), repo]

        return Tool("huggingface_hub snapshot_download", command, absent=self.python_absent)

    def python_cli(self) -> Tool:
        def command(_: str, cache: Path, repo: str, commit: str) -> list[str]:
            return [self.hf_cli, "download", repo, "--revision", commit, "--cache-dir", str(cache), "--quiet"]

        return Tool("hf download", command, most_rounds=3, absent=self.python_absent)


def prepare_venv(venv: Path) -> str:
    """Makes the virtual environment of the Python peers; says why when that fails."""
    if has_python_packages(venv):
        return ""
    print(f"bench: making {venv} with {PYTHON_PACKAGES}", file=sys.stderr)
    wanted = [f"{name}=={version}" for name, version in PYTHON_PACKAGES.items()]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *wanted], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or getattr(error, "stdout", None) or b""
        return f"no virtual environment: {error} {said.decode(errors='replace').strip()[-200:]}"
    return "" if has_python_packages(venv) else "the virtual environment lacks the packages"


def has_python_packages(venv: Path) -> bool:
    code = "import sys; from importlib.metadata import version; print(*[version(name) for name in sys.argv[1:]])"
    argv = [str(venv / "bin" / "python"), "-c", code, *PYTHON_PACKAGES]
    try:
        said = subprocess.run(argv, capture_output=True, text=True).stdout
    except OSError:
        return False
    return said.split() == list(PYTHON_PACKAGES.values())
