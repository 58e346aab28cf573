"""The programs that are compared, each as a command line for one job."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from servers import BIG_REPO, COMMIT, UPLOAD_REPO, DataFile

PYTHON_PACKAGES = {"huggingface_hub": "2.4.0", "hf_transfer": "0.1.9"}
FLOOR = "the floor: 4 raw sockets, pwrite"
DIGEST_THEN_HF_TRANSFER = "openssl dgst -sha256, then hf_transfer (no commit)"
HFX_UNHASHED = "hfx get, no hash known"
HFX_SNAPSHOT_UNHASHED = "hfx download, no hash known"
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
HUB_UPLOAD = """
import sys
from huggingface_hub import HfApi
endpoint, repo, path, name = sys.argv[1:]
api = HfApi(endpoint=endpoint)
api.create_repo(repo, exist_ok=True)
api.upload_file(path_or_fileobj=path, path_in_repo=name, repo_id=repo)
"""
HUB_UPLOAD_FOLDER = """
import sys
from huggingface_hub import HfApi
endpoint, repo, folder = sys.argv[1:]
api = HfApi(endpoint=endpoint)
api.create_repo(repo, exist_ok=True)
api.upload_folder(folder_path=folder, repo_id=repo)
"""
HF_TRANSFER_UPLOAD = """
import sys, hf_transfer
path, prefix, parts, chunk, files = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
urls = [f"{prefix}/{number}" for number in range(1, parts + 1)]
headers = hf_transfer.multipart_upload(path, urls, chunk, files, parallel_failures=files - 1, max_retries=5)
assert len(headers) == parts, headers
"""
DIGEST_FIRST = '"$1" dgst -sha256 "$2" && shift 2 && exec "$@"'
CURL_PARTS = """
curl=$1 path=$2 prefix=$3 part=$4 count=$5 pids=
head -c $part "$path" > "$HF_HOME/part"
for i in $(seq 1 $count); do
    "$curl" -sS --fail -H 'Expect:' -o /dev/null -T "$HF_HOME/part" "$prefix/$i" & pids="$pids $!"
done
for pid in $pids; do wait $pid || exit 1; done
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


@dataclass(frozen=True)
class Upload:
    """One file to send to the sink, which takes parts of `chunk` bytes."""

    hub: str
    path: Path
    file: DataFile
    chunk: int

    @property
    def prefix(self) -> str:
        """The address of a part without its number."""
        return f"{self.hub}/part/{self.file.sha256}"

    def parts(self, part_size: int) -> int:
        return -(-self.file.size // part_size)


@dataclass(frozen=True)
class UploadTool(Tool):
    """A program that sends; one that `checks` hashes the file, completes the upload and commits it, and one that
    `repeats` sends the file's first part in place of each."""

    part_size: Callable[[Upload], int] = lambda upload: upload.chunk
    repeats: bool = False


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

    def hfx_get(self, *options: str, name: str = "hfx get", hashes: bool = True) -> Tool:
        def command(job: Job) -> list[str]:
            ca = ["--ca-file", str(job.ca)] if job.ca else []
            digest = ["--sha256", job.file.sha256] if hashes else []
            return [self.hfx, "get", job.url, "-o", str(job.out), *digest, *ca, *options]

        return Tool(name, command, checks=hashes, absent=self.hfx_absent)

    def hfx_get_unhashed(self) -> Tool:
        return self.hfx_get(name=HFX_UNHASHED, hashes=False)

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

    def curl_list(self, addresses: Path, at_once: int) -> Tool:
        def command(*_) -> list[str]:
            return [self.paths["curl"], "-sS", "--fail", "-L", "-Z", "--parallel-max", str(at_once), "-K", str(addresses)]

        name = f"curl -Z, {at_once} at once, to /dev/null (no listing)"
        return Tool(name, command, no_output, absent=self.absent("curl"))

    def aria2c(self) -> Tool:
        def command(job: Job) -> list[str]:
            ca = [f"--ca-certificate={job.ca}"] if job.ca else []
            return [self.paths["aria2c"], "-x16", "-s16", "-k1M", "--file-allocation=none", "--no-conf", "--quiet",
                    "--console-log-level=error", *ca, "-d", str(job.folder), "-o", job.out.name, job.url]

        return Tool("aria2c -x16", command, absent=self.absent("aria2c"))

    def floor(self, binary: Path | None) -> Tool:
        def command(job: Job) -> list[str]:
            address = urlsplit(job.url)
            ca = [str(job.ca)] if job.ca else []
            return [str(binary), address.hostname, str(address.port), address.path, str(job.file.size), str(job.out), *ca]

        absent = "" if binary else "it needs cc and OpenSSL's headers (apt-get install gcc libssl-dev)"
        return Tool(FLOOR, command, absent=absent)

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

    # Uploads of one file.

    def hfx_upload(self) -> UploadTool:
        def command(up: Upload) -> list[str]:
            return [self.hfx, "upload", UPLOAD_REPO, str(up.path), up.file.name, "--endpoint", up.hub, "--quiet"]

        return UploadTool("hfx upload", command, checks=True, absent=self.hfx_absent)

    def hub_upload(self, most_rounds: int = 0) -> UploadTool:
        def command(up: Upload) -> list[str]:
            return [self.python, "-c", HUB_UPLOAD, up.hub, UPLOAD_REPO, str(up.path), up.file.name]

        return UploadTool("huggingface_hub upload_file", command, checks=True, most_rounds=most_rounds,
                          absent=self.python_absent)

    def hf_transfer_upload(self, files: int = 128, digest_first: bool = False) -> UploadTool:
        """As the Hub client called it (128 files, 127 failures, 5 retries). It neither hashes nor commits."""

        def command(up: Upload) -> list[str]:
            argv = [self.python, "-c", HF_TRANSFER_UPLOAD, str(up.path), up.prefix,
                    str(up.parts(up.chunk)), str(up.chunk), str(files)]
            return ["/bin/sh", "-c", DIGEST_FIRST, "sh", self.paths["openssl"], str(up.path), *argv] if digest_first else argv

        name = DIGEST_THEN_HF_TRANSFER if digest_first else "hf_transfer (no hash, no commit)"
        return UploadTool(name, command, absent=self.python_absent)

    def curl_put(self) -> UploadTool:
        def command(up: Upload) -> list[str]:
            return [self.paths["curl"], "-sS", "--fail", "-H", "Expect:", "-o", "/dev/null", "-T", str(up.path),
                    f"{up.prefix}/1"]

        return UploadTool("curl -T (one PUT, no hash, no commit)", command, absent=self.absent("curl"),
                          part_size=lambda up: up.file.size)

    def curl_parts(self, count: int) -> UploadTool:
        def part_size(up: Upload) -> int:
            return -(-up.file.size // count)

        def command(up: Upload) -> list[str]:
            return ["/bin/sh", "-c", CURL_PARTS, "sh", self.paths["curl"], str(up.path), up.prefix,
                    str(part_size(up)), str(count)]

        return UploadTool(f"{count} curls (the line itself)", command, absent=self.absent("curl"), part_size=part_size,
                          repeats=True)

    # Uploads of a folder: the command takes the endpoint and the folder.

    def hfx_upload_folder(self) -> Tool:
        def command(endpoint: str, folder: Path) -> list[str]:
            return [self.hfx, "upload", UPLOAD_REPO, str(folder), "--endpoint", endpoint, "--quiet"]

        return Tool("hfx upload", command, absent=self.hfx_absent)

    def hub_upload_folder(self) -> Tool:
        def command(endpoint: str, folder: Path) -> list[str]:
            return [self.python, "-c", HUB_UPLOAD_FOLDER, endpoint, UPLOAD_REPO, str(folder)]

        return Tool("huggingface_hub upload_folder", command, absent=self.python_absent)


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
