"""Deleting: hfx frees what the Python client's own strategy frees, leaves what it leaves, and both read the rest."""

import shutil

from lib import HUB, ROOT, check, end, hf, hfx, listing, llama, same, scans_agree

llama()
HUB.put("datasets/acme/data/train.csv", "a,b\n1,2\n")

from huggingface_hub import scan_cache_dir, snapshot_download

CHOICES = [
    ["v1.0"],
    ["main", "detached"],
    ["main", "v1.0", "refs/pr/1", "detached"],
    ["data"],
]


def fill(cache, **env):
    """Four revisions, one of them detached, and a dataset: their commits."""
    commits = {}
    for name in ["main", "v1.0", "refs/pr/1", "feature/x"]:
        path = hfx("download", "acme/llama", "-q", "--revision", name, "--cache-dir", cache, **env)
        commits[name] = path.rsplit("/", 1)[1]
    commits["detached"] = commits.pop("feature/x")
    shutil.rmtree(cache / "models--acme--llama/refs/feature")
    path = hfx("download", "acme/data", "-q", "--repo-type", "dataset", "--cache-dir", cache, **env)
    commits["data"] = path.rsplit("/", 1)[1]
    return commits


def words(size):
    """A size as hfx says it."""
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.1f} KiB" if size < 1023.95 * 1024 else f"{size / 1024**2:.1f} MiB"


def left(cache):
    """What counts of a cache."""
    return {
        name: entry
        for name, entry in listing(cache).items()
        if any(f"/{part}" in name for part in ("blobs", "snapshots", "refs"))
    }


def size(cache):
    return sum(entry for entry in listing(cache).values() if isinstance(entry, int))


def revisions(what, cache, commits):
    """Ours and theirs on copies of one cache."""
    ours, theirs = ROOT / "ours", ROOT / "theirs"
    for copy in (ours, theirs):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(cache, copy, symlinks=True)
    strategy = scan_cache_dir(theirs).delete_revisions(*commits)
    freed = strategy.expected_freed_size
    told = hfx("cache", "rm", *commits, "--dry-run", "--cache-dir", ours)
    check(f"{what}: the size is told first", f"({words(freed)} in all)" in told, freed, told)
    same(f"{what}: a dry run deletes nothing", listing(ours), listing(cache))
    before = size(ours)
    said = hfx("cache", "rm", *commits, "-y", "--cache-dir", ours)
    check(f"{what}: what was freed", f"Freed {words(freed)}." in said, freed, said)
    check(f"{what}: it is gone", before - size(ours) >= freed, before, size(ours), freed)
    strategy.execute()
    same(f"{what}: what is left", left(ours), left(theirs))
    scans_agree(ours)


def rest(form, cache, commits, env):
    """A prune, and then one thing after the other until nothing is left."""
    detached = commits["detached"]
    freed = scan_cache_dir(cache).delete_revisions(detached).expected_freed_size
    told = hfx("cache", "prune", "--dry-run", "--cache-dir", cache)
    check(f"{form}: prune tells", detached in told and f"({words(freed)} in all)" in told, freed, told)
    said = hfx("cache", "prune", "--yes", "--cache-dir", cache)
    check(f"{form}: prune frees it", f"Freed {words(freed)}." in said, freed, said)
    same(f"{form}: nothing more to prune", hfx("cache", "prune", "-y", "--cache-dir", cache), "Nothing to prune.")
    check(f"{form}: for Python neither", "Nothing to prune" in hf("cache", "prune", "-y", "--cache-dir", cache))
    scans_agree(cache)
    for name in ["main", "v1.0", "refs/pr/1"]:
        path = hfx("download", "acme/llama", "-q", "--revision", name, "--local-files-only", "--cache-dir", cache, **env)
        theirs = snapshot_download("acme/llama", revision=name, cache_dir=cache, local_files_only=True)
        same(f"{form}: {name} is kept", path, theirs)
    hf("cache", "verify", "acme/llama", "--revision", "v1.0", "--cache-dir", cache, **env)
    hfx("cache", "verify", "acme/llama", "--cache-dir", cache)
    hfx("cache", "rm", "model/acme/llama", "-y", "--cache-dir", cache)
    check(f"{form}: a repository goes as a whole", not (cache / "models--acme--llama").exists(), listing(cache))
    scans_agree(cache)
    check(f"{form}: the other stays", "acme/data" in hf("cache", "ls", "--cache-dir", cache))
    hf("cache", "rm", "dataset/acme/data", "-y", "--cache-dir", cache)
    check(f"{form}: nothing is left", '"repos":[]' in hfx("cache", "ls", "--json", "--cache-dir", cache))
    hfx("cache", "rm", "dataset/acme/data", "-y", "--cache-dir", cache, code=3)


for form, env in [("links", {}), ("plain", {"HF_HUB_DISABLE_SYMLINKS": "1"})]:
    full = ROOT / form
    known = fill(full, **env)
    for choice in CHOICES:
        revisions(f"{form}, {choice}", full, [known[name] for name in choice])
    rest(form, full, known, env)
end()
