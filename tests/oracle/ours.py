"""What hfx cached, the Python client finds: offline, without a request, and its own tool lists and verifies it
without a warning. With and without symlinks, and in a local folder. Unfinished downloads disturb neither."""

import signal
import subprocess

from lib import HFX, HUB, LLAMA, ROOT, check, end, hf, hfx, listing, llama, python, same, scans_agree, wait_for

SOURCE = llama()
HUB.put("datasets/acme/data/train.csv", "a,b\n1,2\n")
HUB.put("models/gpt2/config.json", "{}")

from huggingface_hub import HfApi

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}
# Each with the folder of its files.
REVISIONS = {
    "main": SOURCE,
    "v1.0": SOURCE / ".hfx/revisions/%40old",
    "dev": SOURCE / ".hfx/revisions/dev",
    "feature/x": SOURCE / ".hfx/revisions/feature%2Fx",
    "refs/pr/1": SOURCE / ".hfx/revisions/refs%2Fpr%2F1",
}
FILES = {name: LLAMA if name == "main" else ["config.json", "model.safetensors", "only.txt"] for name in REVISIONS}
LARGE = "model.safetensors"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def fill(cache, **env):
    """The cache as hfx makes it; the paths it printed."""
    quiet = "-q", "--cache-dir", cache
    paths = {name: hfx("download", "acme/llama", "--revision", name, *quiet, **env) for name in REVISIONS}
    paths["data"] = hfx("download", "acme/data", "--repo-type", "dataset", *quiet, **env)
    paths["gpt2"] = hfx("download", "gpt2", "config.json", *quiet, **env)
    hfx("download", "acme/llama", "no/such file.txt", *quiet, code=3, **env)
    return paths


FIND = """
from huggingface_hub import _CACHED_NO_EXIST, get_cached_repo_tree
cache = {"cache_dir": given["cache"]}
files = {}
for name in given["files"]:
    files[name] = hf_hub_download("acme/llama", name, **cache)
    assert files[name] == try_to_load_from_cache("acme/llama", name, **cache)
answer({
    "snapshots": {name: snapshot_download("acme/llama", revision=name, **cache) for name in given["revisions"]},
    "trees": {name: len(get_cached_repo_tree("acme/llama", revision=name, **cache)) for name in given["revisions"]},
    "files": files,
    "data": snapshot_download("acme/data", repo_type="dataset", **cache),
    "gpt2": hf_hub_download("gpt2", "config.json", **cache),
    "missing": try_to_load_from_cache("acme/llama", "no/such file.txt", **cache) is _CACHED_NO_EXIST,
    "unknown": try_to_load_from_cache("acme/llama", "never asked for", **cache),
})"""


def in_cache(form, **env):
    cache = ROOT / form
    paths = fill(cache, **env)
    before = listing(cache)
    scans_agree(cache)
    table = hf("cache", "ls", "--cache-dir", cache, **env)
    check(f"{form}: hf cache ls", all(repo in table for repo in ("acme/llama", "acme/data", "gpt2")), table)
    table = hf("cache", "ls", "--revisions", "--show-warnings", "--cache-dir", cache, **env)
    check(f"{form}: hf cache ls --revisions", all(name in table for name in REVISIONS), table)

    found = python(FIND, {"cache": cache, "revisions": list(REVISIONS), "files": LLAMA}, **{**env, **OFFLINE})
    for name, folder in REVISIONS.items():
        same(f"{form}: snapshot at {name}", found["snapshots"][name], paths[name])
        same(f"{form}: tree at {name}", found["trees"][name], len(FILES[name]))
        for file in FILES[name]:
            check(f"{form}: {file} at {name}", read(f"{paths[name]}/{file}") == read(folder / file))
    same(f"{form}: files", found["files"], {file: f"{paths['main']}/{file}" for file in LLAMA})
    same(f"{form}: a dataset, a file alone", (found["data"], found["gpt2"]), (paths["data"], paths["gpt2"]))
    same(f"{form}: known to be missing; unknown", (found["missing"], found["unknown"]), (True, None))
    same(f"{form}: looking wrote nothing", listing(cache), before)

    said = hf("cache", "verify", "acme/llama", "--cache-dir", cache, **env)
    check(f"{form}: hf cache verify counts", f"{len(LLAMA)}" in said, said)
    hf("cache", "verify", "acme/data", "--repo-type", "dataset", "--cache-dir", cache, **env)
    for name in REVISIONS:
        report = HfApi().verify_repo_checksums("acme/llama", revision=name, cache_dir=cache)
        wrong = report.mismatches, report.missing_paths, report.extra_paths
        same(f"{form}: verify at {name}", (report.checked_count, *map(list, wrong)), (len(FILES[name]), [], [], []))

    HUB.forget()
    code = "answer({name: snapshot_download('acme/llama', revision=name, cache_dir=given[0]) for name in given[1]})"
    again = python(code, [cache, list(REVISIONS)], **env)
    same(f"{form}: online the same", again, {name: paths[name] for name in REVISIONS})
    same(f"{form}: nothing is fetched again", HUB.fetched(), [])
    same(f"{form}: nothing is written again", listing(cache), before)


def in_folder():
    """A local folder of ours is up to date for the Python client."""
    folder = ROOT / "local"
    same("local: the path", hfx("download", "acme/llama", "-q", "--local-dir", folder), str(folder))
    check("local: the files", all(read(folder / name) == read(SOURCE / name) for name in LLAMA))
    hf("cache", "verify", "acme/llama", "--local-dir", folder)
    stamps = {name: (folder / name).stat().st_mtime_ns for name in LLAMA}
    HUB.forget()
    code = """
from huggingface_hub._local_folder import read_download_metadata
answer([
    snapshot_download("acme/llama", local_dir=given[0]),
    all(read_download_metadata(Path(given[0]), name) for name in given[1]),
])"""
    same("local: found", python(code, [folder, LLAMA]), [str(folder), True])
    same("local: nothing is fetched again", HUB.fetched(), [])
    same("local: nothing is written again", {name: (folder / name).stat().st_mtime_ns for name in LLAMA}, stamps)
    code = "answer(snapshot_download('acme/llama', local_dir=given))"
    same("local: offline", python(code, folder, **OFFLINE), str(folder))
    # The main cache has never seen this repository, and is left clean.
    other = {"HF_HOME": str(ROOT / "another")}
    folder = ROOT / "local2"
    to = "-q", "--local-dir", folder
    for more in ({}, OFFLINE, {"HF_ENDPOINT": OFFLINE["HF_ENDPOINT"]}):
        wait = "-o", "retry_timeout_ms=100"
        same("local: ours, again", hfx("download", "acme/llama", *to, *wait, **other, **more), str(folder))
        file = hfx("download", "acme/llama", "config.json", *to, *wait, **other, **more)
        same("local: our file, again", file, str(folder / "config.json"))
    (folder / "small.bin").unlink()
    hfx("download", "acme/llama", *to, code=3, **other, **OFFLINE)
    same("local: the main cache", list((ROOT / "another").rglob("refs")), [])


def begin(cache):
    """A download of hfx that holds a partial, and gets no further while the fault is in force."""
    HUB.forget()
    HUB.faults(({"path": LARGE, "port": "cdn", "times": 0}, {"stall_after": 200_000}))
    line = [HFX, "download", "acme/llama", LARGE, "-q", "--cache-dir", cache, "-o", "stall_timeout_ms=1000"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)

    def some():
        sent = sum(entry["bytes_sent"] for entry in HUB.requests() if entry["port"] == "cdn")
        return sent >= 200_000 and partials(cache)

    wait_for("a growing partial", some)
    return process


def partials(cache):
    return list(cache.glob("*/blobs/*.incomplete"))


def unfinished():
    """A partial of ours is no warning to the Python client, which makes its own and leaves ours alone."""
    cache = ROOT / "unfinished"
    process = begin(cache)
    process.send_signal(signal.SIGKILL)
    process.wait()
    HUB.faults()
    scans_agree(cache)
    hf("cache", "ls", "--cache-dir", cache)
    stamps = {path: path.stat().st_mtime_ns for path in partials(cache)}
    same("one partial", len(stamps), 1)
    path = python(f"answer(hf_hub_download('acme/llama', '{LARGE}', cache_dir=given))", cache)
    check("Python's own download", read(path) == read(SOURCE / LARGE))
    same("our partial is as it was", {path: path.stat().st_mtime_ns for path in partials(cache)}, stamps)
    HUB.forget()
    same("hfx finds what Python fetched", hfx("download", "acme/llama", LARGE, "-q", "--cache-dir", cache), path)
    same("and fetches nothing", HUB.fetched(), [])
    hf("cache", "prune", "-y", "--cache-dir", cache)
    same("hf cache prune takes the partial", partials(cache), [])
    scans_agree(cache)


def pruned():
    """`hf cache prune` takes a partial of ours while it grows: the download ends with the right file all the same."""
    cache = ROOT / "pruned"
    process = begin(cache)
    hfx("cache", "prune", "-y", "--cache-dir", cache)
    same("our own prune leaves a live one", len(partials(cache)), 1)
    hf("cache", "prune", "-y", "--cache-dir", cache)
    HUB.faults()
    said, _ = process.communicate(timeout=100)
    same("the download ends well", process.returncode, 0)
    check("with the right file", read(said.strip()) == read(SOURCE / LARGE))
    scans_agree(cache)
    found = python(f"answer(hf_hub_download('acme/llama', '{LARGE}', cache_dir=given))", cache, **OFFLINE)
    same("Python finds it", found, said.strip())


in_cache("links")
in_cache("plain", HF_HUB_DISABLE_SYMLINKS="1")
in_folder()
unfinished()
pruned()
end()
