"""What the Python client cached, hfx finds: without a request when it may not ask, without fetching a byte when it
may. Its verify agrees. With and without symlinks, and in a local folder."""

import json
import os
import time

from lib import HUB, LLAMA, ROOT, check, end, hfx, listing, llama, python, same, scans_agree

SOURCE = llama()
HUB.put("datasets/acme/data/train.csv", "a,b\n1,2\n")
NOWHERE = {"HF_ENDPOINT": "http://127.0.0.1:9"}
REVISIONS = ["main", "v1.0", "refs/pr/1"]

FILL = """
from huggingface_hub.errors import RemoteEntryNotFoundError
cache = {"cache_dir": given["cache"]}
paths = {name: snapshot_download("acme/llama", revision=name, **cache) for name in given["revisions"]}
paths["data"] = hf_hub_download("acme/data", "train.csv", repo_type="dataset", **cache)
try:
    hf_hub_download("acme/llama", "no/such.txt", **cache)
except RemoteEntryNotFoundError:
    answer(paths)"""


def in_cache(form, **env):
    cache = ROOT / form
    paths = python(FILL, {"cache": cache, "revisions": REVISIONS}, **env)
    scans_agree(cache)
    before = listing(cache)
    commit = paths["main"].rsplit("/", 1)[1]
    quiet = "-q", "--cache-dir", cache

    # Forms of not asking: each must find the same, and send nothing.
    for how, flags, more in [
        ("local-files-only", ["--local-files-only"], {}),
        ("offline", [], {"HF_HUB_OFFLINE": "1"}),
        ("pin", ["--pin"], {}),
        ("a commit", ["--revision", commit], {}),
    ]:
        HUB.forget()
        for name in REVISIONS if "--revision" not in flags else ["main"]:
            revision = [] if "--revision" in flags else ["--revision", name]
            path = hfx("download", "acme/llama", *flags, *revision, *quiet, **env, **more)
            same(f"{form}, {how}: snapshot at {name}", path, paths[name])
        for name in LLAMA:
            path = hfx("download", "acme/llama", name, *flags, *quiet, **env, **more)
            same(f"{form}, {how}: {name}", path, f"{paths['main']}/{name}")
        if how != "a commit":
            path = hfx("download", "hf://datasets/acme/data/train.csv", *flags, *quiet, **env, **more)
            same(f"{form}, {how}: dataset", path, paths["data"])
        hfx("download", "acme/llama", "no/such.txt", *flags, *quiet, code=3, **env, **more)
        same(f"{form}, {how}: no request", HUB.requests(), [])
        same(f"{form}, {how}: nothing written", listing(cache), before)
    hfx("download", "acme/llama", "config.json", "--local-files-only", *quiet, **env, **NOWHERE)
    hfx("download", "acme/llama", "--local-files-only", "--revision", "dev", *quiet, code=3, **env)

    HUB.forget()
    for name in REVISIONS:
        path = hfx("download", "acme/llama", "--revision", name, *quiet, **env)
        same(f"{form}, online: snapshot at {name}", path, paths[name])
    path = hfx("download", "acme/llama", "model.safetensors", *quiet, **env)
    same(f"{form}, online: a file", path, f"{paths['main']}/model.safetensors")
    same(f"{form}, online: nothing is fetched", HUB.fetched(), [])
    same(f"{form}, online: nothing is written", listing(cache), before)

    # Another revision that shares the large file: only what is new is fetched.
    HUB.forget()
    hfx("download", "acme/llama", "--revision", "dev", *quiet, **env)
    fetched = sorted(path.rsplit("/", 1)[1] for path in HUB.fetched())
    same(f"{form}: what is there is shared", fetched, ["config.json", "only.txt"])

    def verify(*target, code=0):
        return json.loads(hfx("cache", "verify", *target, "--json", "--cache-dir", cache, code=code))

    # A blob is read once, and two of the files are empty; without symlinks there are no blobs.
    number = len(LLAMA) - (form == "links")
    # Without blob or listing nobody knows the hash of a file that was fetched alone.
    alone = ["train.csv"] if form == "plain" else []
    for target, checked, unknown in [
        (["acme/llama", "--revision", "main"], number, []),
        (["acme/llama", "--revision", "refs/pr/1"], 3, []),
        (["dataset/acme/data"], 1 - len(alone), alone),
    ]:
        report = verify(*target)
        same(f"{form}: verify of {target}", (report["checked"], report["mismatches"], report["missing"]), (checked, [], []))
        same(f"{form}: no hash is known", [name.rsplit("/", 1)[1] for name in report["unknown"]], unknown)
    damaged = (cache / paths["main"] / "small.bin").resolve()
    content = damaged.read_bytes()
    damaged.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    files = [wrong["file"] for wrong in verify("acme/llama", code=7)["mismatches"]]
    same(f"{form}: verify sees a flipped bit", files, [str(damaged)])


def half():
    """A snapshot of some files is no whole snapshot, and with patterns it is one."""
    cache = ROOT / "half"
    code = "answer(snapshot_download('acme/llama', cache_dir=given, allow_patterns=['*.json']))"
    path = python(code, cache)
    quiet = "-q", "--cache-dir", cache
    hfx("download", "acme/llama", "--local-files-only", *quiet, code=3)
    same("the part", hfx("download", "acme/llama", "--local-files-only", "--include", "*.json", *quiet), path)
    HUB.forget()
    same("the rest", hfx("download", "acme/llama", *quiet), path)
    check("config.json is not fetched again", not any(name.endswith("config.json") for name in HUB.fetched()))
    same("Python finds the whole", python("answer(snapshot_download('acme/llama', cache_dir=given, local_files_only=True))", cache), path)


def in_folder():
    folder = ROOT / "local"
    python("answer(snapshot_download('acme/llama', local_dir=given))", folder)
    before = {name: (folder / name).stat().st_mtime_ns for name in LLAMA}
    HUB.forget()
    to = "-q", "--local-dir", folder
    same("local, offline", hfx("download", "acme/llama", *to, HF_HUB_OFFLINE="1"), str(folder))
    same("local, offline: a file", hfx("download", "acme/llama", "config.json", *to, HF_HUB_OFFLINE="1"), str(folder / "config.json"))
    same("local, offline: no request", HUB.requests(), [])
    same("local, online", hfx("download", "acme/llama", *to), str(folder))
    same("local, online: a file", hfx("download", "acme/llama", "a b.txt", *to), str(folder / "a b.txt"))
    same("local, online: nothing is fetched", HUB.fetched(), [])
    same("local, online: nothing is written", {name: (folder / name).stat().st_mtime_ns for name in LLAMA}, before)
    # Changed by hand later: fetched again, as the Python client does.
    (folder / "config.json").write_text("mine")
    later = time.time() + 100
    os.utime(folder / "config.json", (later, later))
    hfx("download", "acme/llama", *to)
    same("local: what was changed is fetched", [path.rsplit("/", 1)[1] for path in HUB.fetched()], ["config.json"])
    # Without metadata, a file with the right SHA-256 is taken over.
    other = ROOT / "adopted"
    other.mkdir()
    (other / "model.safetensors").write_bytes((SOURCE / "model.safetensors").read_bytes())
    HUB.forget()
    hfx("download", "acme/llama", "model.safetensors", "-q", "--local-dir", other)
    same("local: a file with the right hash is adopted", HUB.fetched(), [])


in_cache("links")
in_cache("plain", HF_HUB_DISABLE_SYMLINKS="1")
half()
in_folder()
end()
