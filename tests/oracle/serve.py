"""The local Hub, judged by the Python client: what it downloads, lists and refuses there is as on the real one."""

import hashlib
import os
import tempfile

from lib import CACHE, HUB, LLAMA, Hub, check, end, git_id, hf, llama, raises, same

ROOT = llama()
HUB.put("models/gpt2/config.json", "{}")
HUB.put("datasets/acme/data/train.csv", "a,b\n1,2\n")
HUB.put("spaces/acme/app/app.py", "print()\n")
HUB.put("kernels/acme/kern/k.py", "pass\n")
HUB.put("models/acme/tagged/.hfx/repo.json", '{"pipeline_tag": "text-generation", "tags": ["license:mit"]}')
HUB.put("models/acme/tagged/a.txt", "a")
for name, settings in {
    "gate": '{"gated": "manual", "granted": ["hf_ok"]}',
    "auto": '{"gated": "auto"}',
    "priv": '{"private": true}',
    "off": '{"disabled": true}',
    "broken": "no json",
}.items():
    HUB.put(f"models/acme/{name}/.hfx/repo.json", settings)
    HUB.put(f"models/acme/{name}/config.json", name)
for number in range(1300):
    HUB.put(f"models/acme/many/d{number // 100}/f{number:04}.txt", f"{number}")
STRICT = Hub("--token", "hf_good")
STRICT.put("models/acme/priv/.hfx/repo.json", '{"private": true}')
STRICT.put("models/acme/priv/config.json", "{}")
STRICT.put("models/acme/open/config.json", "{}")

import huggingface_hub as hf_hub
from huggingface_hub import HfApi, HfFileSystem, get_hf_file_metadata, hf_hub_download, hf_hub_url, snapshot_download
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

api = HfApi()
repo = "acme/llama"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def files():
    for name in LLAMA:
        same(f"download of {name}", read(hf_hub_download(repo, name)), read(ROOT / name))
    same("a model without a namespace", read(hf_hub_download("gpt2", "config.json")), b"{}")
    for kind, other, name in [("dataset", "acme/data", "train.csv"), ("space", "acme/app", "app.py"), ("kernel", "acme/kern", "k.py")]:
        check(f"file of a {kind}", os.path.exists(hf_hub_download(other, name, repo_type=kind)))
        info = api.repo_info(other, repo_type=kind)
        check(f"info of a {kind}", info.id == other and len(info.sha) == 40)
    for revision, content in [("feature/x", "feature/x"), ("refs/pr/1", "refs/pr/1"), ("v1.0", "@old"), ("dev", "dev")]:
        same(f"revision {revision}", read(hf_hub_download(repo, "only.txt", revision=revision)).decode(), content)
    old = next(tag for tag in api.list_repo_refs(repo).tags if tag.name == "v1.0").target_commit
    same("by commit", read(hf_hub_download(repo, "only.txt", revision=old)), b"@old")


def info():
    refs = api.list_repo_refs(repo, include_pull_requests=True)
    same("branches", [ref.name for ref in refs.branches], ["dev", "feature/x", "main"])
    same("tags", [ref.name for ref in refs.tags], ["same", "v1.0"])
    same("pull requests", [ref.ref for ref in refs.pull_requests], ["refs/pr/1"])
    same("converts", [ref.name for ref in refs.converts], ["parquet"])
    same("refs without pull requests", api.list_repo_refs(repo).pull_requests, None)
    commits = api.list_repo_commits(repo)
    same("commits", [(commit.title, commit.authors) for commit in commits], [("Second", ["ann"]), ("First", ["ben"])])
    info = api.repo_info(repo, files_metadata=True)
    files = {sibling.rfilename: sibling for sibling in info.siblings}
    same("the files", sorted(files), sorted(LLAMA))
    for name, file in files.items():
        content = read(ROOT / name)
        lfs = name in ("model.safetensors", "deep/er/weights.bin", "plus+lfs é%20.bin")
        check(f"info of {name}", file.size == len(content) and bool(file.lfs) == lfs, file)
        if lfs:
            check(f"LFS of {name}", file.lfs.size == file.size and file.lfs.sha256 == hashlib.sha256(content).hexdigest())
        else:
            same(f"git id of {name}", file.blob_id, git_id(content))
    check("expand", api.model_info(repo, expand=["sha"]).sha == info.sha and api.model_info(repo, expand=["tags"]).sha is None)
    tagged = api.model_info("acme/tagged")
    check("settings show", tagged.pipeline_tag == "text-generation" and "license:mit" in tagged.tags)
    check("gates show", api.model_info("acme/gate").gated == "manual" and api.model_info(repo).gated is False)
    meta = get_hf_file_metadata(hf_hub_url(repo, "model.safetensors"))
    check("metadata", (meta.size, meta.commit_hash, meta.etag) == (12 << 20, info.sha, files["model.safetensors"].lfs.sha256))
    check("metadata: the CDN", meta.location != hf_hub_url(repo, "model.safetensors"))
    check("file_exists", api.file_exists(repo, "config.json") and not api.file_exists(repo, "nope"))
    check("revision_exists", api.revision_exists(repo, "dev") and not api.revision_exists(repo, "nope"))
    check("repo_exists", api.repo_exists(repo) and not api.repo_exists("acme/nope"))


def trees():
    top = list(api.list_repo_tree(repo))
    check("tree", any(type(entry).__name__ == "RepoFolder" and entry.path == "deep" for entry in top))
    check("a tree is flat", not any("/" in entry.path for entry in top))
    whole = list(api.list_repo_tree(repo, recursive=True, expand=True))
    same("recursive tree", sorted(entry.path for entry in whole if hasattr(entry, "size")), sorted(LLAMA))
    same("expanded tree", whole[0].last_commit.title, "Second")
    below = [entry.path for entry in api.list_repo_tree(repo, "deep/er/and", recursive=True)]
    same("tree of a folder", below, ["deep/er/and/deeper", "deep/er/and/deeper/f.txt"])
    same("tree of an odd folder", [entry.path for entry in api.list_repo_tree(repo, "ünï")], ["ünï/çödé 文.txt"])
    HUB.forget()
    same("1,300 files and 13 folders", len(list(api.list_repo_tree("acme/many", recursive=True))), 1313)
    same("in two pages", len(HUB.requests()), 2)
    same("all names", len(set(api.list_repo_files("acme/many"))), 1300)
    paths = [entry.path for entry in api.get_paths_info(repo, ["config.json", "deep", "a b.txt", "nope", "c^d|e.txt"])]
    same("paths-info", paths, ["config.json", "deep", "a b.txt", "c^d|e.txt"])


def snapshots():
    folder = snapshot_download(repo)
    check("snapshot", all(read(f"{folder}/{name}") == read(ROOT / name) for name in LLAMA))
    folder = snapshot_download("acme/many")
    same("snapshot of 1,300", sum(len(names) for _, _, names in os.walk(folder)), 1300)
    cache = tempfile.mkdtemp(dir=CACHE.parent)
    folder = snapshot_download(repo, cache_dir=cache, allow_patterns=["*.json", "deep/*"], ignore_patterns=["*.bin"])
    below = [os.path.relpath(f"{at}/{name}", folder) for at, _, names in os.walk(folder) for name in names]
    same("patterns", sorted(below), ["config.json", "deep/er/and/deeper/f.txt"])
    folder = snapshot_download(repo, local_dir=tempfile.mkdtemp(dir=CACHE.parent))
    check("local_dir", all(read(f"{folder}/{name}") == read(ROOT / name) for name in LLAMA))
    hf("cache", "verify", repo)
    hf("cache", "verify", repo, "--local-dir", folder)
    with HfFileSystem().open(f"{repo}/model.safetensors", "rb") as file:
        file.seek(5_000_000)
        same("a range", file.read(100), read(ROOT / "model.safetensors")[5_000_000:5_000_100])


def errors():
    def get(name, file="config.json", **more):
        return lambda: hf_hub_download(name, file, **more)

    raises("no repo", RepositoryNotFoundError, lambda: api.repo_info("acme/nope"))
    raises("file of no repo", RepositoryNotFoundError, get("acme/nope"))
    raises("no revision", RevisionNotFoundError, get(repo, revision="nope"))
    raises("tree of no revision", RevisionNotFoundError, lambda: list(api.list_repo_tree(repo, revision="nope")))
    raises("info of no revision", RevisionNotFoundError, lambda: api.repo_info(repo, revision="nope"))
    raises("no file", RemoteEntryNotFoundError, get(repo, "nope"))
    raises("no folder", RemoteEntryNotFoundError, lambda: list(api.list_repo_tree(repo, "nope")))
    same("known to be missing", hf_hub.try_to_load_from_cache(repo, "nope"), hf_hub._CACHED_NO_EXIST)
    raises("gated", GatedRepoError, get("acme/gate"))
    raises("gated, another token", GatedRepoError, get("acme/gate", token="hf_x"))
    check("gated, granted", os.path.exists(get("acme/gate", token="hf_ok")()))
    raises("gated for all", GatedRepoError, get("acme/auto"))
    check("gated for all, with a token", os.path.exists(get("acme/auto", token="hf_any")()))
    raises("auth_check", GatedRepoError, lambda: api.auth_check("acme/gate"))
    api.auth_check(repo)
    raises("private", RepositoryNotFoundError, get("acme/priv"))
    check("private, with a token", os.path.exists(get("acme/priv", token="hf_any")()))
    error = raises("disabled", LocalEntryNotFoundError, get("acme/off"))
    check("disabled: the cause", isinstance(error.__cause__, DisabledRepoError), repr(error.__cause__))
    raises("info of a disabled repo", DisabledRepoError, lambda: api.repo_info("acme/off"))
    raises("a repo that can't be read", HfHubHTTPError, lambda: api.repo_info("acme/broken"))
    same("whoami", type(api.whoami(token="hf_any")["name"]), str)
    strict = HfApi(endpoint=STRICT.endpoint)
    raises("unknown token", HfHubHTTPError, lambda: strict.repo_info("acme/open", token="hf_bad"))
    check("known token", strict.repo_info("acme/priv", token="hf_good").private)
    same("no token", strict.repo_info("acme/open").id, "acme/open")
    log = HUB.requests()
    check("the CDN saw no token", not any(entry["authorization"] for entry in log if entry["port"] == "cdn"))
    check("the Hub did", any(entry["authorization"] for entry in log if entry["port"] == "hub"))


def served_cache():
    """What the client cached, served again from its cache."""
    before = api.repo_info(repo, files_metadata=True)
    again = Hub("--cache", str(CACHE))
    other = HfApi(endpoint=again.endpoint)
    after = other.repo_info(repo, files_metadata=True)

    def shape(info):
        return info.sha, [(file.rfilename, file.size, file.blob_id, file.lfs) for file in info.siblings]

    same("info from a served cache", shape(after), shape(before))
    cache = tempfile.mkdtemp(dir=CACHE.parent)
    folder = snapshot_download(repo, endpoint=again.endpoint, cache_dir=cache)
    check("snapshot from a served cache", all(read(f"{folder}/{name}") == read(ROOT / name) for name in LLAMA))
    hf("cache", "verify", repo, "--cache-dir", cache, HF_ENDPOINT=again.endpoint)


for part in (files, info, trees, snapshots, errors, served_cache):
    part()
end()
