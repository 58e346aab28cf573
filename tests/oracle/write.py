"""The local Hub's write side, judged by the Python client: what it pushes there, lists, moves, merges and deletes is as
on the real one, and outlives the server."""

import io
import os
import random
import tempfile
import warnings
from pathlib import Path

from lib import ROOT, Hub, check, end, git_id, hf, raises, same

HUB = Hub("--multipart-from", "3M", "--chunk-size", "1M", "--token", "hf_rw", "--token", "hf_ro:read")
os.environ.update(HF_ENDPOINT=HUB.endpoint, HF_HUB_DISABLE_XET="1", HF_TOKEN="hf_rw")

import huggingface_hub
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub import CommitScheduler, HfApi, HfFileSystem, snapshot_download
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

api = HfApi()
repo = "acme/pushed"
M = 1 << 20
# What the repository must hold, by path.
want = {}


def content(seed, size):
    return random.Random(seed).randbytes(size)


def agree(what, name=repo, files=None, revision=None, repo_type=None):
    """The Hub lists and gives exactly these files."""
    files = want if files is None else files
    listed = {entry.path: entry for entry in api.list_repo_tree(name, recursive=True, revision=revision, repo_type=repo_type)}
    listed = {path: entry for path, entry in listed.items() if hasattr(entry, "size")}
    got = sorted(set(listed) - {".gitattributes"})
    same(f"{what}: the files", got, sorted(files))
    folder = snapshot_download(
        name, revision=revision, repo_type=repo_type, cache_dir=tempfile.mkdtemp(dir=ROOT)
    )
    for path, data in files.items():
        file = Path(folder, path)
        check(f"{what}: content of {path}", file.exists() and file.read_bytes() == data)
        if path in listed and not listed[path].lfs:
            same(f"{what}: git id of {path}", listed[path].blob_id, git_id(data))


def head(revision="main", name=repo):
    return api.repo_info(name, revision=revision).sha


def repos():
    url = api.create_repo(repo, private=True)
    same("create_repo", (url.repo_id, url.repo_type), (repo, "model"))
    same("create_repo, exist_ok", api.create_repo(repo, exist_ok=True).repo_id, repo)
    error = raises("create_repo again", HfHubHTTPError, lambda: api.create_repo(repo))
    same("its status", error.response.status_code, 409)
    check("private", api.repo_info(repo).private)
    api.update_repo_settings(repo, private=False, gated="auto")
    info = api.repo_info(repo)
    same("update_repo_settings", (info.private, info.gated), (False, "auto"))
    api.update_repo_settings(repo, gated=False)
    same("not gated", api.repo_info(repo).gated, False)
    same("a new repository", api.list_repo_files(repo), [".gitattributes"])
    same("its commit", [commit.title for commit in api.list_repo_commits(repo)], ["initial commit"])
    space = api.create_repo("acme/app", repo_type="space", space_sdk="static")
    same("a space", (space.repo_type, api.space_info("acme/app").sdk), ("space", "static"))
    api.create_repo("acme/data", repo_type="dataset", visibility="private")
    check("a private dataset", api.dataset_info("acme/data").private)
    same("a name without an owner", api.create_repo("mine").repo_id, "local/mine")
    me = api.whoami()
    same("whoami", (me["name"], me["auth"]["accessToken"]["role"]), ("local", "write"))
    same("a reader", api.whoami(token="hf_ro")["auth"]["accessToken"]["role"], "read")
    check("all models", {"acme/pushed", "local/mine"} <= {model.id for model in api.list_models()})
    raises("create_repo, no rights", HfHubHTTPError, lambda: api.create_repo("acme/no", token="hf_ro"))
    same("create_repo, no rights, exist_ok", api.create_repo(repo, token="hf_ro", exist_ok=True).repo_id, repo)


def uploads():
    sizes = {"zero.txt": 0, "one.txt": 1, "a b/ü.txt": 700_000, "small.bin": 10, "basic.dat": 2 * M}
    sizes |= {"two.bin": 3 * M - 1, "exact.bin": 3 * M, "parts.bin": 4 * M + 1, "empty.bin": 0}
    for path, size in sizes.items():
        data = content(path, size)
        before = head()
        info = api.upload_file(path_or_fileobj=data, path_in_repo=path, repo_id=repo, commit_message=f"Add {path}")
        want[path] = data
        same(f"commit of {path}", (info.oid, info.repo_url.repo_id), (head(), repo))
        check("a new commit", info.oid != before and info.commit_url.endswith(info.oid))
    puts = [entry for entry in HUB.requests() if entry["method"] == "PUT" and entry["port"] == "cdn"]
    same("PUTs: whole ones and parts", sorted(entry["bytes_received"] for entry in puts), sorted([10, 2 * M, 3 * M - 1] + [M] * 7 + [1]))
    check("the store saw no token", not any(entry["authorization"] for entry in puts))
    before = head()
    same("nothing new", api.upload_file(path_or_fileobj=want["parts.bin"], path_in_repo="parts.bin", repo_id=repo).oid, before)
    file = Path(ROOT, "from a path.bin")
    file.write_bytes(content("path", 5 * M))
    api.upload_file(path_or_fileobj=file, path_in_repo="deep/er/path.bin", repo_id=repo)
    api.upload_file(path_or_fileobj=io.BytesIO(b"from memory"), path_in_repo="deep/er/io.txt", repo_id=repo)
    want["deep/er/path.bin"], want["deep/er/io.txt"] = file.read_bytes(), b"from memory"
    agree("upload_file")
    lfs = {info.path: info.lfs for info in api.get_paths_info(repo, list(want))}
    large = {path for path, data in want.items() if lfs[path]}
    same("large files", large, {path for path in want if want[path] and (path.endswith(".bin") or len(want[path]) >= M)})


def folders():
    folder = Path(ROOT, "folder")
    files = {f"many/f{number:03}.txt": f"content {number}".encode() for number in range(300)}
    files |= {"model.bin": content("model", 3 * M + 5), "keep/a.txt": b"a", "skip/b.txt": b"b", "x.tmp": b"x"}
    files |= {".gitignore": b"*.ignored\n", "c.ignored": b"c", "README.md": b"---\nlicense: mit\n---\n# Title\n"}
    for path, data in files.items():
        Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, path).write_bytes(data)
    with warnings.catch_warnings(record=True):
        api.upload_folder(repo_id=repo, folder_path=folder, path_in_repo="", ignore_patterns=["skip/*", "*.tmp"])
    want.update({path: data for path, data in files.items() if path not in ("skip/b.txt", "x.tmp", "c.ignored")})
    agree("upload_folder")
    api.upload_folder(repo_id=repo, folder_path=Path(folder, "keep"), path_in_repo="many", delete_patterns="*.txt")
    for path in [path for path in want if path.startswith("many/")]:
        del want[path]
    want["many/a.txt"] = b"a"
    agree("upload_folder with delete_patterns")
    bad = CommitOperationAdd("README.md", b"---\nlicense mit\n---\n")
    raises("a card that is no YAML", ValueError, lambda: api.create_commit(repo, [bad], commit_message="bad"))


def commits():
    before = head()
    api.create_repo("acme/source")
    other = {"large.bin": content("other", 2 * M), "small.txt": b"other"}
    api.create_commit("acme/source", [CommitOperationAdd(path, data) for path, data in other.items()], commit_message="Two files")
    operations = [
        CommitOperationAdd("new/one.txt", b"one"),
        CommitOperationAdd("new/large.bin", content("large", 4 * M)),
        CommitOperationDelete("one.txt"),
        CommitOperationDelete("deep/"),
        CommitOperationCopy("a b/ü.txt", "copy/ü.txt"),
        CommitOperationCopy("parts.bin", "copy/parts.bin"),
        CommitOperationCopy("small.txt", "copy/other.txt", src_repo_id="acme/source", src_repo_type="model"),
        CommitOperationCopy("large.bin", "copy/other.bin", src_repo_id="acme/source", src_repo_type="model"),
    ]
    info = api.create_commit(
        repo, operations, commit_message="All at once", commit_description="With\nreasons", parent_commit=before
    )
    del want["one.txt"]
    for path in [path for path in want if path.startswith("deep/")]:
        del want[path]
    want.update({"new/one.txt": b"one", "new/large.bin": content("large", 4 * M), "copy/ü.txt": want["a b/ü.txt"]})
    want.update({"copy/parts.bin": want["parts.bin"], "copy/other.txt": b"other", "copy/other.bin": other["large.bin"]})
    agree("create_commit")
    last = api.list_repo_commits(repo)[0]
    same("the commit", (last.commit_id, last.title, last.message, last.authors), (info.oid, "All at once", "With\nreasons", ["local"]))

    def commit(*operations, **more):
        return lambda: api.create_commit(repo, operations, **{"commit_message": "x", **more})

    error = raises("a wrong parent", HfHubHTTPError, commit(CommitOperationAdd("p", b"p"), parent_commit=before))
    same("its status", error.response.status_code, 412)
    check("a right parent", commit(CommitOperationAdd("p", b"p"), parent_commit=head())().oid)
    want["p"] = b"p"
    raises("delete what is not there", RemoteEntryNotFoundError, commit(CommitOperationDelete("nope.txt")))
    raises("no such branch", RevisionNotFoundError, commit(CommitOperationAdd("q", b"q"), revision="nope"))
    raises("no such repo", RepositoryNotFoundError, lambda: api.create_commit("acme/nope", [CommitOperationAdd("q", b"q")], commit_message="x"))
    raises("below a file", BadRequestError, commit(CommitOperationAdd("p/q", b"q")))
    error = raises("no rights", HfHubHTTPError, commit(CommitOperationAdd("q", b"q"), token="hf_ro"))
    same("its status", error.response.status_code, 403)
    operations = [CommitOperationAdd(f"shards/{number}.bin", content(number, 2 * M)) for number in range(3)]
    for number, operation in enumerate(operations):
        api.preupload_lfs_files(repo, [operation])
        same("its memory is given back", operation.path_or_fileobj, b"")
        want[f"shards/{number}.bin"] = content(number, 2 * M)
    api.create_commit(repo, operations, commit_message="Shards")
    agree("preupload_lfs_files")
    before = head()
    same("an empty commit", commit(CommitOperationAdd("p", b"p"))().oid, before)
    api.delete_file("p", repo)
    api.delete_folder("shards", repo)
    for path in [path for path in want if path == "p" or path.startswith("shards/")]:
        del want[path]
    agree("delete_file, delete_folder")
    touched = {entry.path: entry.last_commit.title for entry in api.get_paths_info(repo, ["zero.txt", "copy"], expand=True)}
    same("last commits", touched, {"zero.txt": "Add zero.txt", "copy": "All at once"})
    total = len(api.list_repo_commits(repo))
    for number in range(55):
        commit(CommitOperationAdd("counter.txt", str(number).encode()), commit_message=f"Count {number}")()
    want["counter.txt"] = b"54"
    titles = [commit.title for commit in api.list_repo_commits(repo)]
    same("many commits", (len(titles), titles[0], titles[54]), (total + 55, "Count 54", "Count 0"))
    check("no two alike", len({commit.commit_id for commit in api.list_repo_commits(repo)}) == total + 55)


def refs():
    first = api.list_repo_commits(repo)[-1].commit_id
    api.create_branch(repo, branch="feature/x")
    api.create_branch(repo, branch="old", revision=first)
    api.create_branch(repo, branch="old", exist_ok=True)
    raises("create_branch again", HfHubHTTPError, lambda: api.create_branch(repo, branch="old"))
    raises("create_branch from nothing", RevisionNotFoundError, lambda: api.create_branch(repo, branch="y", revision="nope"))
    api.create_tag(repo, tag="v1", tag_message="The first", revision=first[:8])
    api.create_tag(repo, tag="v1", exist_ok=True)
    raises("create_tag again", HfHubHTTPError, lambda: api.create_tag(repo, tag="v1"))
    api.upload_file(path_or_fileobj=b"x", path_in_repo="only.txt", repo_id=repo, revision="feature/x")
    listed = api.list_repo_refs(repo)
    same("branches", {ref.name: ref.target_commit for ref in listed.branches}, {"main": head(), "feature/x": head("feature/x"), "old": first})
    same("tags", [(ref.name, ref.ref, ref.target_commit) for ref in listed.tags], [("v1", "refs/tags/v1", first)])
    agree("a branch", files={**want, "only.txt": b"x"}, revision="feature/x")
    agree("main, untouched")
    agree("a tag", files={}, revision="v1")
    raises("commit to a tag", RevisionNotFoundError, lambda: api.upload_file(path_or_fileobj=b"", path_in_repo="a", repo_id=repo, revision="v1"))
    api.delete_tag(repo, tag="v1")
    api.delete_branch(repo, branch="old")
    raises("delete_tag again", RevisionNotFoundError, lambda: api.delete_tag(repo, tag="v1"))
    raises("delete main", HfHubHTTPError, lambda: api.delete_branch(repo, branch="main"))
    same("what is left", [ref.name for ref in api.list_repo_refs(repo).branches], ["feature/x", "main"])


def pull_requests():
    info = api.upload_file(path_or_fileobj=b"proposed", path_in_repo="pr.txt", repo_id=repo, create_pr=True, commit_message="Propose")
    same("create_pr", (info.pr_num, info.pr_revision), (1, "refs/pr/1"))
    agree("main, untouched")
    agree("the pull request", files={**want, "pr.txt": b"proposed"}, revision="refs/pr/1")
    request = api.create_pull_request(repo, "By hand", description="Why")
    same("create_pull_request", (request.num, request.status, request.git_reference, request.target_branch), (2, "draft", "refs/pr/2", "refs/heads/main"))
    api.create_commit(repo, [CommitOperationAdd("hand.bin", content("hand", 2 * M)), CommitOperationDelete("counter.txt")], commit_message="By hand", revision="refs/pr/2")
    discussion = api.create_discussion(repo, "A question", description="What is it?")
    same("create_discussion", (discussion.num, discussion.is_pull_request, discussion.status), (3, False, "open"))
    same("a comment", api.comment_discussion(repo, 3, comment="An answer").content, "An answer")
    same("another title", api.rename_discussion(repo, 3, new_title="Answered").new_title, "Answered")
    same("closed", api.change_discussion_status(repo, 3, new_status="closed").new_status, "closed")
    same("the open ones", [entry.num for entry in api.get_repo_discussions(repo, discussion_status="open")], [2, 1])
    details = api.get_discussion_details(repo, 2)
    same("its commits", [event.summary for event in details.events if event.type == "commit"], ["By hand"])
    same("no conflicts", details.conflicting_files, [])
    refs = api.list_repo_refs(repo, include_pull_requests=True).pull_requests
    same("refs of pull requests", [ref.ref for ref in refs], ["refs/pr/1", "refs/pr/2"])
    api.merge_pull_request(repo, 1)
    api.change_discussion_status(repo, 2, new_status="open")
    api.merge_pull_request(repo, 2, comment="Thanks")
    want.update({"pr.txt": b"proposed", "hand.bin": content("hand", 2 * M)})
    del want["counter.txt"]
    agree("merged")
    details = api.get_discussion_details(repo, 2)
    same("merged", (details.status, details.merge_commit_oid), ("merged", head()))
    first = api.upload_file(path_or_fileobj=b"mine", path_in_repo="pr.txt", repo_id=repo, create_pr=True)
    api.upload_file(path_or_fileobj=b"theirs", path_in_repo="pr.txt", repo_id=repo)
    want["pr.txt"] = b"theirs"
    same("a conflict shows", api.get_discussion_details(repo, first.pr_num).conflicting_files, ["pr.txt"])
    raises("a conflict is not merged", HfHubHTTPError, lambda: api.merge_pull_request(repo, first.pr_num))
    agree("after the conflict")


def tools():
    """The client's other ways to write: its command, its file system, its scheduler."""
    name, files = "acme/tools", {"a.txt": b"a", "deep/b.bin": content("b", 4 * M)}
    folder = Path(ROOT, "tool")
    for path, data in files.items():
        Path(folder, path).parent.mkdir(parents=True, exist_ok=True)
        Path(folder, path).write_bytes(data)
    hf("upload", name, folder, ".", "--commit-message", "By the command", "--private")
    agree("hf upload", name, files)
    check("--private", api.repo_info(name).private)
    with HfFileSystem().open(f"{name}/fs.txt", "w") as file:
        file.write("by the file system")
    HfFileSystem().rm(f"{name}/a.txt")
    files = {"deep/b.bin": files["deep/b.bin"], "fs.txt": b"by the file system"}
    agree("HfFileSystem", name, files)
    logs = Path(ROOT, "logs")
    logs.mkdir()
    scheduler = CommitScheduler(repo_id=name, folder_path=logs, path_in_repo="logs", every=1000)
    for line in ("one\n", "two\n"):
        with scheduler.lock, open(logs / "log.txt", "a") as file:
            file.write(line)
        scheduler.trigger().result()
    scheduler.stop()
    agree("CommitScheduler", name, {**files, "logs/log.txt": b"one\ntwo\n"})
    api.delete_repo(name)


def restarted():
    before = [commit.commit_id for commit in api.list_repo_commits(repo)]
    HUB.restart()
    agree("after a restart")
    same("the history", [commit.commit_id for commit in api.list_repo_commits(repo)], before)
    same("the branches", [ref.name for ref in api.list_repo_refs(repo).branches], ["feature/x", "main"])
    same("the discussions", [entry.num for entry in api.get_repo_discussions(repo)], [4, 3, 2, 1])
    check("the settings", api.dataset_info("acme/data").private and api.space_info("acme/app").sdk == "static")
    agree("an old commit", files={path: data for path, data in want.items() if path == "zero.txt"}, revision=before[-2])
    api.upload_file(path_or_fileobj=b"later", path_in_repo="later.txt", repo_id=repo)
    want["later.txt"] = b"later"
    agree("a push after a restart")


def from_folders():
    """A plain folder that is written to."""
    HUB.put("models/acme/plain/config.json", "{}")
    HUB.put("models/acme/plain/model.bin", 2 * M)
    HUB.put("models/acme/plain/.gitattributes", "*.bin filter=lfs\n")
    HUB.put("models/acme/plain/.hfx/revisions/dev/only.txt", "dev")
    plain = HUB.dir / "models/acme/plain"
    before, dev = head(name="acme/plain"), head("dev", name="acme/plain")
    api.upload_file(path_or_fileobj=b"pushed", path_in_repo="pushed.txt", repo_id="acme/plain")
    files = {"config.json": b"{}", "model.bin": (plain / "model.bin").read_bytes()}
    agree("a folder, as it was", "acme/plain", files, revision=before)
    agree("a folder, pushed to", "acme/plain", {**files, "pushed.txt": b"pushed"})
    same("its other branch", head("dev", name="acme/plain"), dev)
    same("its history", [commit.commit_id for commit in api.list_repo_commits("acme/plain")][1:], [before])
    check("the folder itself", sorted(os.listdir(plain)) == [".gitattributes", ".hfx", "config.json", "model.bin"])
    api.delete_repo("acme/plain")
    raises("deleted", RepositoryNotFoundError, lambda: api.repo_info("acme/plain"))
    check("its folder is set aside", not plain.exists() and any((HUB.dir / ".hub/trash").rglob("model.bin")))


def squashed():
    before = head()
    api.super_squash_history(repo, commit_message="All in one")
    same("super_squash_history", [commit.title for commit in api.list_repo_commits(repo)], ["All in one"])
    check("another commit", head() != before)
    agree("squashed")
    agree("what was before", revision=before)
    api.auth_check(repo, write=True)
    raises("auth_check to write", HfHubHTTPError, lambda: api.auth_check(repo, write=True, token="hf_ro"))
    api.auth_check(repo, token="hf_ro")


def farewell():
    api.move_repo(repo, "acme/moved")
    raises("the old name", RepositoryNotFoundError, lambda: api.repo_info(repo))
    agree("move_repo", "acme/moved")
    raises("a name that is taken", HfHubHTTPError, lambda: api.move_repo("acme/moved", "acme/source"))
    api.delete_repo("acme/moved")
    raises("delete_repo", RepositoryNotFoundError, lambda: api.repo_info("acme/moved"))
    raises("delete_repo again", RepositoryNotFoundError, lambda: api.delete_repo("acme/moved"))
    api.delete_repo("acme/moved", missing_ok=True)
    api.delete_repo("mine")
    api.delete_repo("acme/app", repo_type="space")
    HUB.restart()
    same("what is left", [model.id for model in api.list_models()], ["acme/source"])
    agree("what is left", "acme/source", {"large.bin": content("other", 2 * M), "small.txt": b"other"})
    check("nothing in the making", not os.listdir(HUB.dir / ".hub/tmp") and not os.listdir(HUB.dir / ".hub/uploads"))
    same("no xet", huggingface_hub.constants.HF_HUB_DISABLE_XET, True)


for part in (repos, uploads, folders, commits, refs, pull_requests, tools, restarted, from_folders, squashed, farewell):
    part()
end()
