"""The same steps, once with hfx and once with the Python client, leave the same files on the disk."""

import os

from lib import HUB, ROOT, end, hfx, listing, llama, raises, same

llama()
HUB.put("models/acme/empty/.hfx/repo.json", "{}")

from huggingface_hub import constants, hf_hub_download, snapshot_download
from huggingface_hub.errors import RemoteEntryNotFoundError


class Ours:
    def __init__(self, cache, env):
        self.cache, self.env = cache, env

    def file(self, name, revision="main", **to):
        return self.run(name, "--revision", revision, **to)

    def snapshot(self, revision="main", repo="acme/llama", include=None, **to):
        patterns = ["--include", *include] if include else []
        return self.run("--revision", revision, *patterns, repo=repo, **to)

    def missing(self, name):
        hfx("download", "acme/llama", name, "--cache-dir", self.cache, code=3, **self.env)

    def run(self, *words, repo="acme/llama", local_dir=None):
        # Both folders are the client's to know, though the tool takes one of them.
        to = ["--local-dir", local_dir] if local_dir else ["--cache-dir", self.cache]
        return hfx("download", "-q", repo, *words, *to, HF_HUB_CACHE=str(self.cache), **self.env)


class Theirs:
    def __init__(self, cache, env):
        self.cache = cache
        constants.HF_HUB_DISABLE_SYMLINKS = bool(env)

    def file(self, name, revision="main", **to):
        return hf_hub_download("acme/llama", name, revision=revision, cache_dir=self.cache, **to)

    def snapshot(self, revision="main", repo="acme/llama", include=None, **to):
        # One worker: in copies, two of its own that hold the same content take it from under each other.
        return snapshot_download(
            repo, revision=revision, allow_patterns=include, cache_dir=self.cache, max_workers=1, **to
        )

    def missing(self, name):
        raises("missing", RemoteEntryNotFoundError, lambda: self.file(name))


def change(content):
    """A new commit on main."""
    HUB.put("models/acme/llama/config.json", content)


def steps(client, root):
    """One step after the other: what it answered, and the disk after it."""
    local = root / "local"
    for what, step in [
        ("a file", lambda: client.file("config.json")),
        ("a large file", lambda: client.file("model.safetensors")),
        ("a missing file", lambda: client.missing("no/such.txt")),
        ("a new commit", lambda: change("changed")),
        ("a file that did not change", lambda: client.file("model.safetensors")),
        ("one that did", lambda: client.file("config.json")),
        ("a pull request's file", lambda: client.file("only.txt", "refs/pr/1")),
        ("a file, by its branch", lambda: client.file("only.txt", "feature/x")),
        ("some", lambda: client.snapshot(include=["deep/*", "*.txt"])),
        ("all", lambda: client.snapshot()),
        ("a tag", lambda: client.snapshot("v1.0")),
        ("an empty repository", lambda: client.snapshot(repo="acme/empty")),
        ("back again", lambda: change("first")),
        ("all of it", lambda: client.snapshot()),
        ("a file into a folder", lambda: client.file("a b.txt", local_dir=local)),
        ("a snapshot into a folder", lambda: client.snapshot("dev", local_dir=local)),
        ("another over it", lambda: client.snapshot("refs/pr/1", local_dir=local)),
    ]:
        answer = step()
        yield what, answer and os.path.relpath(answer, root), listing(root)


def counts(path):
    """Whether both must have it alike. A small file takes no lock with us; a note holds a time of any length; and we
    keep no ref that leads to no snapshot (which the Python client's own scan would call corrupt), so an empty
    repository has a folder, too."""
    loose = ".lock" in path or path.endswith(".metadata") or "models--acme--empty/" in path
    return not loose and not path.endswith("refs/dev")


def mirror(form, **env):
    taken = {}
    for name, kind in [("ours", Ours), ("theirs", Theirs)]:
        change("first")
        root = ROOT / form / name
        taken[name] = list(steps(kind(root / "hub", env), root))
    told = {}
    for (what, ours, our_disk), (_, theirs, their_disk) in zip(taken["ours"], taken["theirs"]):
        same(f"{form}, {what}: the answer", ours, theirs)
        paths = filter(counts, sorted(our_disk.keys() | their_disk.keys()))
        both = {path: (our_disk.get(path), their_disk.get(path)) for path in paths}
        different = {path: pair for path, pair in both.items() if pair[0] != pair[1]}
        new = {path: pair for path, pair in different.items() if told.get(path) != pair}
        told = different
        same(f"{form}, {what}: the disk, as (ours, theirs)", new, {})


mirror("links")
mirror("plain", HF_HUB_DISABLE_SYMLINKS="1")
end()
