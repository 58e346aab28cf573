"""The functions that have the arguments of huggingface_hub, beside its own: on the same Hub and in the same cache."""

import inspect
import io
import os
import pickle
import time
import unittest
import warnings
from pathlib import Path
from unittest import mock

from hub import BIG, HUB, M, content, folder, fresh

import huggingface_hub as theirs

import hfx
from hfx import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, errors

LLAMA = "acme/llama"
OFFLINE = {"HF_HUB_OFFLINE": "1"}
SAME = """hf_hub_download snapshot_download upload_file upload_folder create_commit preupload_lfs_files
try_to_load_from_cache scan_cache_dir hf_hub_url list_repo_files repo_info create_repo delete_repo create_branch
create_tag delete_branch delete_tag whoami file_exists repo_exists revision_exists list_repo_refs list_repo_commits
CommitScheduler CommitOperationAdd CommitOperationDelete CommitOperationCopy""".split()


class Bar:
    """Used as tqdm is."""

    made: list = []

    def __init__(self, total=None, **more):
        self.total, self.n, self.closed = total, 0, False
        Bar.made.append(self)

    def update(self, n):
        self.n += n

    def close(self):
        self.closed = True


def impatient(*_):
    return hfx.Client.from_env(retry_timeout_ms=0)


class Environment:
    def __init__(self, **values):
        self.values = values

    def __enter__(self):
        self.before = {name: os.environ.get(name) for name in self.values}
        os.environ.update(self.values)

    def __exit__(self, *_):
        for name, value in self.before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


class Signatures(unittest.TestCase):
    def test_same(self):
        for name in SAME:
            with self.subTest(name):
                ours = inspect.signature(getattr(hfx, name)).parameters
                other = inspect.signature(getattr(theirs, name)).parameters
                self.assertEqual(
                    [(one.name, one.kind, one.default) for one in ours.values() if not one.name.startswith("_")],
                    [(one.name, one.kind, one.default) for one in other.values() if not one.name.startswith("_")],
                )


class Downloads(unittest.TestCase):
    def setUp(self):
        self.cache = folder()

    def test_file(self):
        path = hfx.hf_hub_download(LLAMA, "big.bin", cache_dir=self.cache)
        self.assertIs(type(path), str)
        self.assertEqual(Path(path).read_bytes(), BIG)
        self.assertEqual(theirs.hf_hub_download(LLAMA, "big.bin", cache_dir=self.cache), path)
        path = hfx.hf_hub_download(LLAMA, "a.txt", subfolder="deep/er", cache_dir=self.cache)
        self.assertTrue(path.endswith("/deep/er/a.txt"))
        path = hfx.hf_hub_download(LLAMA, "config.json", revision="dev", cache_dir=str(self.cache), token=False)
        self.assertEqual(Path(path).read_text(), "dev")
        path = hfx.hf_hub_download("acme/data", "train.csv", repo_type="dataset", local_dir=folder())
        self.assertEqual(Path(path).read_text(), "a,b\n")
        HUB.forget()
        more = dict(library_name="lib", library_version="1", user_agent={"a": "b"}, headers={"X-Mine": "1"})
        hfx.hf_hub_download(LLAMA, "config.json", cache_dir=self.cache, force_download=True, **more)
        self.assertTrue(any("lib/1; a/b" in request["user_agent"] for request in HUB.requests()), HUB.requests()[0])

    def test_what_they_cached_is_found(self):
        path = theirs.hf_hub_download(LLAMA, "config.json", cache_dir=self.cache)
        with Environment(**OFFLINE):
            self.assertEqual(hfx.hf_hub_download(LLAMA, "config.json", cache_dir=self.cache), path)
        self.assertEqual(hfx.try_to_load_from_cache(LLAMA, "config.json", cache_dir=self.cache), path)
        with self.assertRaises(theirs.errors.EntryNotFoundError):
            theirs.hf_hub_download(LLAMA, "none", cache_dir=self.cache)
        self.assertIs(hfx.try_to_load_from_cache(LLAMA, "none", cache_dir=self.cache), hfx._CACHED_NO_EXIST)
        self.assertIsNone(hfx.try_to_load_from_cache(LLAMA, "unknown", cache_dir=self.cache))
        path = theirs.snapshot_download(LLAMA, cache_dir=self.cache)
        self.assertEqual(hfx.snapshot_download(LLAMA, cache_dir=self.cache, local_files_only=True), path)

    def test_what_we_cached_is_found(self):
        path = hfx.snapshot_download(LLAMA, cache_dir=self.cache)
        self.assertEqual(theirs.snapshot_download(LLAMA, cache_dir=self.cache, local_files_only=True), path)
        self.assertEqual(
            theirs.try_to_load_from_cache(LLAMA, "config.json", cache_dir=self.cache), path + "/config.json"
        )
        with self.assertRaises(errors.EntryNotFoundError):
            hfx.hf_hub_download(LLAMA, "none", cache_dir=self.cache)
        self.assertIs(theirs.try_to_load_from_cache(LLAMA, "none", cache_dir=self.cache), theirs._CACHED_NO_EXIST)

    def test_token_file(self):
        home = folder()
        with Environment(HF_HOME=str(home), HF_TOKEN=""):
            for token, role in (("hf_ro", "read"), ("hf_rw", "write")):
                (home / "token").write_text(token)
                self.assertEqual(hfx.whoami()["auth"]["accessToken"]["role"], role)
            with self.assertRaises(errors.UnauthorizedError):
                hfx.whoami(token=False)

    def test_default_cache(self):
        with Environment(HF_HOME=str(folder())):
            self.assertIsNone(hfx.try_to_load_from_cache(LLAMA, "config.json"))
            path = hfx.hf_hub_download(LLAMA, "config.json")
            self.assertTrue(path.startswith(os.environ["HF_HOME"]))
            self.assertEqual(hfx.try_to_load_from_cache(LLAMA, "config.json"), path)
            self.assertEqual([repo.repo_id for repo in hfx.scan_cache_dir().repos], [LLAMA])

    def test_patterns_and_dry_run(self):
        path = Path(
            hfx.snapshot_download(LLAMA, cache_dir=self.cache, allow_patterns="deep/", ignore_patterns=["*/er/*"])
        )
        self.assertEqual([file.name for file in path.rglob("*") if file.is_file()], ["b.txt"])
        empty = hfx.snapshot_download(LLAMA, cache_dir=folder(), allow_patterns=[])
        self.assertEqual([file for file in Path(empty).rglob("*") if file.is_file()], [])
        dry = {file.filename: file for file in hfx.snapshot_download(LLAMA, cache_dir=self.cache, dry_run=True)}
        self.assertEqual((dry["deep/b.txt"].will_download, dry["deep/b.txt"].is_cached), (False, True))
        self.assertEqual((dry["big.bin"].will_download, dry["big.bin"].is_cached), (True, False))
        other = theirs.hf_hub_download(LLAMA, "big.bin", cache_dir=self.cache, dry_run=True)
        self.assertEqual(vars(dry["big.bin"]), vars(other))

    def test_progress(self):
        Bar.made.clear()
        hfx.hf_hub_download(LLAMA, "big.bin", cache_dir=self.cache, tqdm_class=Bar)
        (bar,) = Bar.made
        self.assertEqual((bar.n, bar.total, bar.closed), (len(BIG), len(BIG), True))
        with Environment(HF_HUB_DISABLE_PROGRESS_BARS="1"):
            hfx.snapshot_download(LLAMA, cache_dir=folder(), tqdm_class=Bar)
        self.assertEqual(len(Bar.made), 1)
        from tqdm import tqdm

        said = io.StringIO()

        class Quiet(tqdm):
            def __init__(self, **more):
                super().__init__(file=said, **more)

        hfx.snapshot_download(LLAMA, cache_dir=folder(), tqdm_class=Quiet)
        self.assertIn("Fetching acme/llama: 100%", said.getvalue())

    def test_errors(self):
        def raised(kind, function, *arguments, **more):
            with self.assertRaises(kind) as caught:
                function(*arguments, **more)
            return caught.exception

        get = hfx.hf_hub_download
        error = raised(errors.RemoteEntryNotFoundError, get, LLAMA, "none", cache_dir=self.cache)
        self.assertEqual((error.name, error.http_status, error.retryable), ("ENTRY_NOT_FOUND", 404, False))
        self.assertIn(HUB.endpoint, error.url)
        self.assertTrue(error.request_id)
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((type(again), str(again), again.http_status), (type(error), str(error), 404))
        raised(errors.RepositoryNotFoundError, get, "acme/none", "x", cache_dir=self.cache)
        raised(errors.RevisionNotFoundError, get, LLAMA, "config.json", revision="none", cache_dir=self.cache)
        raised(errors.LocalEntryNotFoundError, get, LLAMA, "big.bin", local_files_only=True, cache_dir=folder())
        raised(FileNotFoundError, get, LLAMA, "big.bin", local_files_only=True, cache_dir=folder())
        with Environment(**OFFLINE):
            raised(errors.OfflineModeIsEnabled, get, LLAMA, "big.bin", cache_dir=folder())
            raised(errors.OfflineModeIsEnabled, hfx.whoami)
        gone = dict(endpoint="http://127.0.0.1:9", cache_dir=folder())
        with Environment(HF_ENDPOINT=gone["endpoint"]), mock.patch.object(hfx.downloads, "client", impatient):
            error = raised(errors.LocalEntryNotFoundError, get, LLAMA, "big.bin", **gone)
            self.assertIsInstance(error.__cause__, errors.NetworkError)
        raised(ValueError, get, LLAMA, "x", repo_type="modle")
        raised(errors.HFValidationError, get, "a b c", "x")
        HUB.faults(({"path": "/acme/gated/", "times": 0}, {"status": 403, "headers": {"X-Error-Code": "GatedRepo"}}))
        raised(errors.GatedRepoError, get, "acme/gated", "x", cache_dir=self.cache)
        HUB.faults()
        self.assertIsInstance(error, errors.EntryNotFoundError)
        with Environment(HF_TOKEN="", HF_HOME=str(folder())):
            raised(errors.LocalTokenNotFoundError, get, LLAMA, "config.json", token=True)

    def test_url(self):
        for given in (
            dict(filename="a b.txt"),
            dict(filename="x", subfolder="y", revision="refs/pr/1"),
            dict(filename="x", repo_type="dataset", endpoint="https://example.com"),
        ):
            self.assertEqual(hfx.hf_hub_url(LLAMA, **given), theirs.hf_hub_url(LLAMA, **given))

    def test_scan(self):
        hfx.snapshot_download(LLAMA, cache_dir=self.cache)
        hfx.hf_hub_download(LLAMA, "config.json", revision="dev", cache_dir=self.cache)
        ours, other = hfx.scan_cache_dir(self.cache), theirs.scan_cache_dir(self.cache)
        self.assertEqual(ours.size_on_disk, other.size_on_disk)
        (repo,), (known,) = ours.repos, other.repos
        for name in "repo_id repo_type repo_path size_on_disk nb_files".split():
            self.assertEqual(getattr(repo, name), getattr(known, name), name)
        for ref, revision in repo.refs.items():
            match = known.refs[ref]
            for name in "commit_hash snapshot_path size_on_disk refs nb_files last_modified".split():
                self.assertEqual(getattr(revision, name), getattr(match, name), name)
            files = {file.file_path: vars(file) for file in match.files}
            for file in revision.files:
                for name in "file_name blob_path size_on_disk blob_last_modified".split():
                    self.assertEqual(vars(file)[name], files[file.file_path][name])
        dev = repo.refs["dev"].commit_hash
        plan, known = ours.delete_revisions(dev), other.delete_revisions(dev)
        self.assertEqual(plan.expected_freed_size, known.expected_freed_size)
        plan.execute()
        self.assertEqual(len(theirs.scan_cache_dir(self.cache).repos), 1)
        with self.assertRaises(hfx.CacheNotFound):
            hfx.scan_cache_dir(self.cache / "none")


class Uploads(unittest.TestCase):
    def setUp(self):
        self.repo = hfx.create_repo(fresh()).repo_id

    def read(self, path, **more):
        return Path(hfx.hf_hub_download(self.repo, path, cache_dir=folder(), **more)).read_bytes()

    def files(self):
        return [path for path in hfx.list_repo_files(self.repo) if path != ".gitattributes"]

    def test_upload_file(self):
        file = folder() / "a.bin"
        file.write_bytes(content("a", 2 * M))
        info = hfx.upload_file(path_or_fileobj=file, path_in_repo="a.bin", repo_id=self.repo)
        self.assertEqual(info.oid, theirs.HfApi().repo_info(self.repo).sha)
        self.assertTrue(info.commit_url.endswith(info.oid) and info == info.commit_url)
        self.assertEqual((info.repo_url.repo_id, info.pr_url, info.pr_num), (self.repo, None, None))
        self.assertEqual(pickle.loads(pickle.dumps(info)).oid, info.oid)
        hfx.upload_file(path_or_fileobj=b"bytes", path_in_repo="b.txt", repo_id=self.repo, commit_message="Mine")
        with open(file, "rb") as opened:
            opened.seek(5)
            hfx.upload_file(path_or_fileobj=opened, path_in_repo="c.bin", repo_id=self.repo)
        pull = hfx.upload_file(path_or_fileobj=io.BytesIO(b"d"), path_in_repo="d", repo_id=self.repo, create_pr=True)
        self.assertEqual((pull.pr_num, pull.pr_revision), (1, "refs/pr/1"))
        self.assertEqual(self.read("d", revision="refs/pr/1"), b"d")
        self.assertEqual(self.read("c.bin"), file.read_bytes())
        self.assertEqual(self.files(), ["a.bin", "b.txt", "c.bin"])
        self.assertIn("Mine", [commit.title for commit in hfx.list_repo_commits(self.repo)])
        future = hfx.upload_file(path_or_fileobj=b"e", path_in_repo="e", repo_id=self.repo, run_as_future=True)
        self.assertEqual(len(future.result(20).oid), 40)
        with self.assertRaises(ValueError):
            hfx.upload_file(path_or_fileobj="/no/such", path_in_repo="e", repo_id=self.repo)
        with self.assertRaises(errors.ForbiddenError):
            hfx.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=self.repo, token="hf_ro")

    def test_upload_folder(self):
        source = folder()
        for name in ("keep/a.txt", "keep/b.tmp", ".git/config", "c.txt"):
            (source / name).parent.mkdir(exist_ok=True)
            (source / name).write_text(name)
        info = hfx.upload_folder(repo_id=self.repo, folder_path=source, ignore_patterns="*.tmp")
        self.assertEqual((self.files(), len(info.oid)), (["c.txt", "keep/a.txt"], 40))
        hfx.upload_folder(
            repo_id=self.repo,
            folder_path=str(source),
            path_in_repo="keep",
            allow_patterns=["c.txt"],
            delete_patterns="*.txt",
        )
        self.assertEqual(self.files(), ["c.txt", "keep/c.txt"])
        hfx.delete_file("c.txt", self.repo)
        hfx.delete_folder("keep", self.repo)
        self.assertEqual(self.files(), [])

    def test_commit(self):
        first = hfx.create_commit(
            self.repo,
            [CommitOperationAdd("a/1.txt", b"1"), CommitOperationAdd("b.bin", content("b", 2 * M))],
            commit_message="One",
            commit_description="why",
        )
        self.assertEqual((first.commit_message, first.commit_description), ("One", "why"))
        operations = [
            CommitOperationCopy("b.bin", "copy.bin"),
            theirs.CommitOperationAdd("theirs.txt", b"theirs"),
            CommitOperationDelete("a/"),
        ]
        hfx.create_commit(self.repo, operations, commit_message="Two", parent_commit=first.oid)
        self.assertEqual(self.files(), ["b.bin", "copy.bin", "theirs.txt"])
        with self.assertRaises(errors.ConflictError) as caught:
            hfx.create_commit(self.repo, [CommitOperationAdd("z", b"z")], commit_message="x", parent_commit=first.oid)
        self.assertEqual(caught.exception.response.status_code, 412)
        other = hfx.create_repo(fresh()).repo_id
        copy = CommitOperationCopy("b.bin", "b.bin", src_repo_id=self.repo, src_repo_type="model")
        hfx.create_commit(other, [copy], commit_message="Copy")
        self.assertIn("b.bin", hfx.list_repo_files(other))
        with self.assertRaises(ValueError):
            hfx.create_commit(self.repo, [], commit_message="")
        with self.assertWarnsRegex(UserWarning, "num_threads"):
            hfx.create_commit(self.repo, [CommitOperationAdd("w", b"w")], commit_message="x", num_threads=3)
        with self.assertRaises(TypeError):
            hfx.create_commit(self.repo, [object()], commit_message="x")

    def test_file_object_that_raises(self):
        class Broken(io.BytesIO):
            def read(self, size=-1):
                raise OSError("broken pipe of mine")

        with self.assertRaisesRegex(OSError, "of mine"):
            hfx.upload_file(path_or_fileobj=Broken(b"x" * 2 * M), path_in_repo="x.bin", repo_id=self.repo)

    def test_preupload(self):
        shards = [CommitOperationAdd(f"{n}.bin", content(n, 2 * M)) for n in range(3)]
        small = CommitOperationAdd("small.txt", b"small")
        for shard in shards:
            hfx.preupload_lfs_files(self.repo, [shard])
            self.assertEqual((shard.path_or_fileobj, shard._is_uploaded), (b"", True))
        hfx.preupload_lfs_files(self.repo, [small])
        self.assertEqual((small.path_or_fileobj, small._is_uploaded), (b"small", False))
        # Any part of what was sent, in any commit, also beside what another repository was sent.
        other = hfx.create_repo(fresh()).repo_id
        apart = CommitOperationAdd("apart.bin", content(0, 2 * M))
        hfx.preupload_lfs_files(other, [apart])
        hfx.create_commit(other, [apart], commit_message="There")
        hfx.create_commit(self.repo, shards[:1], commit_message="Some")
        self.assertEqual((self.files(), shards[0]._is_committed), (["0.bin"], True))
        HUB.forget()
        more = [*shards[1:], small, CommitOperationAdd("more", b"m")]
        with self.assertRaises(errors.ConflictError):
            hfx.create_commit(self.repo, more, commit_message="All", parent_commit="0" * 40)
        hfx.create_commit(self.repo, more, commit_message="All")
        self.assertLess(sum(request["bytes_received"] for request in HUB.requests()), M)
        self.assertEqual(self.files(), ["0.bin", "1.bin", "2.bin", "more", "small.txt"])
        self.assertEqual(self.read("2.bin"), content(2, 2 * M))
        with self.assertRaises(NotImplementedError):
            hfx.preupload_lfs_files(self.repo, [], gitignore_content="*")

    def test_scheduler(self):
        source = folder()
        repo = fresh("scheduled")
        with hfx.CommitScheduler(
            repo_id=repo, folder_path=source, path_in_repo="logs", ignore_patterns="*.tmp"
        ) as scheduler:
            with scheduler.lock:
                (source / "a.log").write_text("one\n")
                (source / "b.tmp").write_text("no")
            info = scheduler.trigger().result(20)
            last = info or scheduler.last_future.result(20)
            self.assertEqual(len(last.oid), 40)
            self.assertIsNone(scheduler.trigger().result(20))
            time.sleep(0.01)
            (source / "a.log").write_text("one\ntwo\n")
        files = [path for path in hfx.list_repo_files(repo) if path != ".gitattributes"]
        self.assertEqual(files, ["logs/a.log"])
        path = hfx.hf_hub_download(repo, "logs/a.log", cache_dir=folder())
        self.assertEqual(Path(path).read_text(), "one\ntwo\n")
        with self.assertRaises(NotImplementedError):
            hfx.CommitScheduler(repo_id=repo, folder_path=source, squash_history=True)


class Repositories(unittest.TestCase):
    def test_life(self):
        name = fresh()
        url = hfx.create_repo(name, private=True)
        self.assertEqual((url.repo_id, url.repo_type, url.endpoint), (name, "model", HUB.endpoint))
        self.assertEqual((url.namespace, url.repo_name, url.url), (*name.split("/"), str(url)))
        self.assertEqual(hfx.create_repo(name, exist_ok=True).repo_id, name)
        with self.assertRaises(errors.ConflictError):
            hfx.create_repo(name)
        self.assertTrue(hfx.repo_info(name).private)
        hfx.create_branch(name, branch="b")
        hfx.create_tag(name, tag="t", tag_message="why")
        refs, known = hfx.list_repo_refs(name), theirs.list_repo_refs(name)
        self.assertEqual([vars(ref)["target_commit"] for ref in refs.tags], [ref.target_commit for ref in known.tags])
        self.assertEqual({ref.ref for ref in refs.branches}, {ref.ref for ref in known.branches})
        self.assertTrue(hfx.revision_exists(name, "b"))
        hfx.delete_branch(name, branch="b")
        hfx.delete_tag(name, tag="t")
        self.assertFalse(hfx.revision_exists(name, "b"))
        space = hfx.create_repo(fresh(), repo_type="space", space_sdk="static")
        self.assertEqual(space.repo_type, "space")
        hfx.delete_repo(name)
        hfx.delete_repo(name, missing_ok=True)
        self.assertFalse(hfx.repo_exists(name))
        with self.assertRaises(ValueError):
            hfx.create_repo(name, repo_type="space")
        with self.assertRaisesRegex(NotImplementedError, "region"):
            hfx.create_repo(name, region="eu")

    def test_questions(self):
        self.assertEqual(hfx.list_repo_files(LLAMA), sorted(theirs.list_repo_files(LLAMA)))
        self.assertEqual(hfx.whoami()["name"], "local")
        self.assertEqual(hfx.whoami(token="hf_ro")["auth"]["accessToken"]["role"], "read")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            hfx.whoami(cache=True)
        self.assertIn("asked each time", str(caught[0].message))
        self.assertTrue(hfx.file_exists(LLAMA, "config.json"))
        self.assertFalse(hfx.file_exists(LLAMA, "none"))
        self.assertFalse(hfx.file_exists("acme/none", "x"))
        info, known = hfx.repo_info(LLAMA), theirs.repo_info(LLAMA)
        self.assertEqual((info.sha, info.id, info.last_modified), (known.sha, known.id, known.last_modified))
        self.assertEqual([one.rfilename for one in info.siblings], [one.rfilename for one in known.siblings])
        info = hfx.repo_info(LLAMA, revision="main", files_metadata=True)
        self.assertEqual({one.rfilename: one.size for one in info.siblings}["big.bin"], len(BIG))
        self.assertIsNone(info.not_there)
        self.assertEqual(hfx.repo_info("acme/data", repo_type="dataset").id, "acme/data")
        with self.assertRaises(NotImplementedError):
            hfx.list_repo_commits(LLAMA, formatted=True)


if __name__ == "__main__":
    unittest.main()
