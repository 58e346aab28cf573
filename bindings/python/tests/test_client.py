"""The client: everything that it can do, in Python's terms."""

import errno
import io
import logging
import os
import select
import threading
import unittest

from hub import BIG, CONFIG, HUB, M, Gate, content, folder, fresh, wait_for

import hfx
from hfx import Client, CommitBuilder, Map, Options, Repo, errors
from hfx._callback import kept

LLAMA = "acme/llama"


class ClientTest(unittest.TestCase):
    def setUp(self):
        HUB.faults()
        self.cache = folder()
        self.client = Client.from_env(cache_dir=self.cache, state_dir=folder())
        self.addCleanup(self.client.close)


class Downloads(ClientTest):
    def test_file(self):
        seen = []
        file = self.client.download_file(LLAMA, "big.bin", progress=seen.append).result()
        self.assertEqual((file.name, file.size, file.state, file.verified), ("big.bin", len(BIG), "done", "hash"))
        with open(file, "rb") as opened:
            self.assertEqual(opened.read(), BIG)
        self.assertEqual((seen[-1].bytes_done, seen[-1].bytes_total, seen[-1].files_done), (len(BIG), len(BIG), 1))
        with self.assertRaisesRegex(ValueError, "callback"):
            seen[-1].entries()
        self.assertEqual(self.client.download_file(LLAMA, "big.bin").result().state, "cached")

    def test_snapshot(self):
        snapshot = self.client.download_snapshot(Repo(LLAMA), exclude=["*.bin"]).result()
        self.assertEqual([file.name for file in snapshot.files], ["config.json", "deep/b.txt", "deep/er/a.txt"])
        self.assertEqual(len(snapshot.commit), 40)
        self.assertTrue(os.path.samefile(snapshot, self.cache / f"models--acme--llama/snapshots/{snapshot.commit}"))

    def test_snapshot_lists_what_failed(self):
        HUB.faults(({"path": "config.json", "method": "GET", "times": 0}, {"status": 403}))
        with self.assertRaises(errors.IncompleteSnapshotError) as caught:
            job = self.client.download_snapshot(LLAMA, fail_fast=False, retry_timeout_ms=0)
            job.result()
        states = {file.name: file.state for file in caught.exception.files}
        self.assertEqual(states["config.json"], "failed")
        self.assertEqual(states["deep/b.txt"], "done")
        (failed,) = [file for file in caught.exception.files if file.error]
        with self.assertRaises(errors.IncompleteSnapshotError) as again:
            job.result()
        self.assertEqual(again.exception.files, caught.exception.files)
        self.assertEqual((failed.error.name, failed.error.http_status), ("FORBIDDEN", 403))
        self.assertEqual((failed.name, states["big.bin"]), ("config.json", "done"))

    def test_url(self):
        url = f"{HUB.endpoint}/{LLAMA}/resolve/main/config.json"
        to = folder() / "new" / "config.json"
        self.assertEqual(self.client.download_url(url, to).result().path, str(to))
        self.assertEqual(to.read_bytes(), CONFIG)

    def test_reads(self):
        read = self.client.read_file(LLAMA, "big.bin", 5, 10).result()
        self.assertEqual((read.data, read.length, read.file_size), (BIG[5:15], 10, len(BIG)))
        self.assertEqual(self.client.read_file(LLAMA, "config.json").result().verified, "hash")
        self.assertEqual(self.client.read_file(LLAMA, "config.json", 3, 0).result().data, b"")
        url = f"{HUB.endpoint}/{LLAMA}/resolve/main/big.bin"
        self.assertEqual(self.client.read_url(url, M, 100).result().data, BIG[M : M + 100])

    def test_reads_into_memory(self):
        memory = bytearray(len(BIG))
        self.assertIsNone(self.client.read_file_into(LLAMA, "big.bin", memory).result().data)
        self.assertEqual(memory, BIG)
        part = memoryview(bytearray(20))
        self.client.read_file_into(LLAMA, "big.bin", part[5:15], 7, 10).result()
        self.assertEqual(bytes(part), bytes(5) + BIG[7:17] + bytes(5))
        url = f"{HUB.endpoint}/{LLAMA}/resolve/main/config.json"
        self.client.read_url_into(url, memory).result()
        self.assertEqual(memory[: len(CONFIG)], CONFIG)
        with self.assertRaises(errors.TooSmallError):
            self.client.read_file_into(LLAMA, "big.bin", bytearray(10)).result()
        with self.assertRaises(TypeError):
            self.client.read_file_into(LLAMA, "big.bin", b"read only")
        wait_for(lambda: kept() == 0)
        memory.append(1)  # It may be resized again.

    def test_streams(self):
        chunks = []

        def take(offset, data):
            self.assertEqual(offset, sum(map(len, chunks)))
            chunks.append(data)

        read = self.client.stream_file(LLAMA, "big.bin", take).result()
        self.assertEqual((b"".join(chunks), read.data, read.verified), (BIG, None, "hash"))
        url = f"{HUB.endpoint}/{LLAMA}/resolve/main/config.json"
        chunks.clear()
        self.client.stream_url(url, take, 9, 9).result()
        self.assertEqual(b"".join(chunks), CONFIG[9:18])
        with self.assertRaises(errors.CallbackError):
            self.client.stream_file(LLAMA, "big.bin", lambda offset, data: False).result()
        told = []
        chunks.clear()

        def begun(meta):
            told.append((meta, len(chunks)))

        read = self.client.stream_file(LLAMA, "big.bin", take, begun=begun).result()
        ((meta, before),) = told
        self.assertEqual((meta.size, meta.etag, meta.commit, before), (len(BIG), read.etag, read.commit, 0))
        chunks.clear()
        with self.assertRaisesRegex(KeyError, "not this one"):
            self.client.stream_file(LLAMA, "big.bin", take, begun=lambda meta: {}["not this one"]).result()
        self.assertEqual(chunks, [])
        job = self.client.stream_url(url, lambda offset, data: open("/none"), begun=lambda meta: None)
        with self.assertRaises(FileNotFoundError):
            job.result()
        with self.assertRaises(errors.CallbackError) as caught:
            job.take()
        self.assertEqual(caught.exception.os_error, errno.ENOENT)

    def test_file_object(self):
        HUB.forget()
        with self.client.open_file(LLAMA, "big.bin", 1000) as file:
            self.assertEqual(file.read(10), BIG[:10])
            self.assertEqual(file.read(10), BIG[10:20])
            self.assertEqual(file.seek(-5, 2), len(BIG) - 5)
            self.assertEqual(file.read(), BIG[-5:])
            self.assertEqual((file.read(1), file.tell()), (b"", len(BIG)))
            file.seek(M)
            self.assertEqual(file.read(3 * M), BIG[M : 4 * M])
            with self.assertRaises((ValueError, OSError)):
                file.seek(-1)

    def test_callbacks_that_are_never_handed_over(self):
        before = kept()
        for broken in (
            lambda: self.client.stream_file(LLAMA, "big.bin", print, nope=1),
            lambda: self.client.stream_file(LLAMA, "big.bin", print, offset="1"),
            lambda: self.client.stream_file(LLAMA, "big.bin", print, offset=1 << 40).result(),
            lambda: self.client.download_file(LLAMA, "big.bin", progress=print, on_done=print, threads=1),
            lambda: CommitBuilder().add_reader("a", "1", print),
            lambda: CommitBuilder().add_reader("../a", 1, print),
            lambda: Client(log=print, nope=1),
        ):
            with self.assertRaises((Exception,)):
                broken()
        wait_for(lambda: kept() == before)

    def test_map(self):
        path = self.client.download_file(LLAMA, "big.bin").result().path
        with Map(path) as view:
            self.assertTrue(view.readonly)
            self.assertEqual(view[M : M + 9].tobytes(), BIG[M : M + 9])
            piece = view[:4]
        self.assertEqual(bytes(piece), BIG[:4])
        with Map(path, writable=True) as mine:
            mine[:4] = b"mine"
            self.assertEqual((mine[:8].tobytes(), hfx.read_at(path, 0, 4)), (b"mine" + BIG[4:8], BIG[:4]))
        empty = folder() / "empty"
        empty.write_bytes(b"")
        self.assertEqual(len(Map(empty)), 0)
        self.assertEqual(hfx.read_at(path, len(BIG) - 3, 10), BIG[-3:])
        with self.assertRaises(errors.IoError) as caught:
            Map(folder() / "none")
        self.assertEqual(caught.exception.errno, 2)


class Questions(ClientTest):
    def test_lookup(self):
        self.assertIsNone(self.client.lookup(LLAMA, "config.json"))
        path = self.client.download_file(LLAMA, "config.json").result().path
        self.assertEqual(self.client.lookup(LLAMA, "config.json").path, path)
        with self.assertRaises(errors.RemoteEntryNotFoundError) as caught:
            self.client.download_file(LLAMA, "nope").result()
        self.assertEqual((caught.exception.http_status, len(caught.exception.commit)), (404, 40))
        self.assertIs(self.client.lookup(LLAMA, "nope"), hfx._CACHED_NO_EXIST)
        other = folder()
        self.assertIsNone(self.client.lookup(LLAMA, "config.json", cache_dir=other))
        path = self.client.download_file(LLAMA, "config.json", cache_dir=other).result().path
        self.assertEqual(self.client.lookup(LLAMA, "config.json", cache_dir=other).path, path)

    def test_hub(self):
        meta = self.client.file_meta(LLAMA, "big.bin").result()
        self.assertEqual((meta.size, len(meta.etag), len(meta.commit)), (len(BIG), 64, 40))
        info = self.client.repo_info(LLAMA).result()
        self.assertEqual((info.id, info.commit, info.private, info.gated), (LLAMA, meta.commit, False, False))
        self.assertEqual(info.json["sha"], meta.commit)
        tree = self.client.list_files(LLAMA, "deep").result()
        self.assertEqual([file.path for file in tree], ["deep/b.txt", "deep/er/a.txt"])
        refs = self.client.list_refs(LLAMA).result()
        self.assertEqual({ref.name: ref.kind for ref in refs}, {"main": "branch", "dev": "branch"})
        self.assertEqual(self.client.commits(LLAMA, 1).result()[0].id, info.commit)
        self.assertEqual(self.client.whoami().result().value("/name"), "local")
        self.client.auth_check(LLAMA).result()
        with self.assertRaises(errors.UnauthorizedError):
            self.client.auth_check(LLAMA, token="hf_unknown").result()
        self.assertTrue(self.client.repo_exists(LLAMA).result())
        self.assertFalse(self.client.repo_exists(Repo(LLAMA, revision="nope")).result())
        self.assertTrue(self.client.file_exists(LLAMA, "config.json").result())
        self.assertFalse(self.client.file_exists(LLAMA, "nope").result())

    def test_call(self):
        reply = self.client.call("GET", "/api/models?limit=1").result()
        self.assertEqual((reply.status, len(reply.json())), (200, 1))
        self.assertIn("json", reply.header("Content-Type"))
        self.assertEqual(reply.value("/0/id"), reply.json()[0]["id"])
        self.assertIsNone(reply.value("/9"))
        with self.assertRaises(errors.HfHubHTTPError) as caught:
            self.client.call("GET", "/api/nope").result()
        self.assertEqual(caught.exception.response.status_code, 404)

    def test_repo(self):
        repo = Repo.parse("hf://datasets/acme/data@v1/a/b")
        self.assertEqual((repo.kind, repo.id, repo.revision, repo.path), ("dataset", "acme/data", "v1", "a/b"))
        with self.assertRaises(ValueError):
            Repo("a/b", kind="modle")
        with self.assertRaises(errors.InvalidArgumentError):
            Repo("a b")

    def test_options(self):
        self.assertEqual(hfx.TABLE["durability"].choices, ("power", "process"))
        self.assertEqual((hfx.TABLE["max_connections"].minimum, hfx.TABLE["max_connections"].maximum), (0, 1024))
        options = Options(memory_budget="64M", include=["a", "b"], token="secret")
        self.assertEqual(options["include"], "a, b")
        options["include"] = ["c"]
        self.assertEqual(options["include"], "c")
        with Client(options=Options.from_env(include=["*.json"]), cache_dir=self.cache) as client:
            self.assertEqual(len(client.download_snapshot(LLAMA).result().files), 1)
            self.assertEqual(len(client.download_snapshot(LLAMA, include=[]).result().files), 4)
        variables = {"HF_HOME": "/somewhere", "HF_TOKEN": "of mine", "HF_ENDPOINT": "https://a.example"}
        other = Options.from_vars(variables, max_connections=3)
        held = [other[name] for name in ("endpoint", "cache_dir", "token", "max_connections")]
        self.assertEqual(held, ["https://a.example", "/somewhere/hub", "***", "3"])
        self.assertEqual(options["memory_budget"], str(64 * M))
        self.assertEqual(options["token"], "***")
        del options["memory_budget"]
        self.assertEqual(options.copy()["memory_budget"], "0")
        for wrong in ({"nope": 1}, {"offline": "maybe"}, {"max_connections": 1.5}, {"max_connections": True}):
            with self.assertRaises((TypeError, ValueError)):
                Options(**wrong)
        with self.assertRaises(ValueError):
            Options(cache_dir="a\0b")
        with self.assertRaises(errors.InvalidArgumentError):
            self.client.repo_info(LLAMA, threads=3)

    def test_cache(self):
        snapshot = self.client.download_snapshot(LLAMA).result()
        self.client.download_file("hf://datasets/acme/data", "train.csv").result()
        cache = self.client.scan_cache().result()
        self.assertEqual({repo.id: repo.kind for repo in cache.repos}, {LLAMA: "model", "acme/data": "dataset"})
        (repo,) = [repo for repo in cache.repos if repo.id == LLAMA]
        (revision,) = repo.revisions
        self.assertEqual((revision.commit, revision.refs), (snapshot.commit, ("main",)))
        self.assertEqual({file.name: file.size for file in revision.files}["big.bin"], len(BIG))
        blob = os.path.realpath(os.path.join(snapshot, "config.json"))
        os.chmod(blob, 0o644)
        with open(blob, "wb") as file:
            file.write(b"x" * len(CONFIG))
        found = self.client.verify_cache(LLAMA).result()
        self.assertEqual([os.path.basename(one[0]) for one in found.mismatches], [os.path.basename(blob)])
        deletion = cache.delete_revisions(snapshot.commit)
        self.assertGreaterEqual(deletion.freed, len(BIG))
        self.assertGreaterEqual(self.client.delete_cached(deletion).result(), len(BIG))
        self.assertEqual(self.client.delete_cached(deletion).result(), 0)
        self.assertEqual(self.client.delete_cached(cache.delete_repo("acme/data", "dataset")).result(), 4)
        self.assertEqual(self.client.scan_cache().result().repos, [])
        other = folder()
        self.client.download_file(LLAMA, "config.json", cache_dir=other).result()
        self.assertEqual(self.client.scan_cache(cache_dir=other).result().size, len(CONFIG))
        self.assertEqual(cache.prune().freed, 0)

    def test_assets(self):
        path = self.client.assets_path("lib", None, "x")
        self.assertTrue(os.path.isdir(path) and path.endswith("lib/default/x"))


class Uploads(ClientTest):
    def setUp(self):
        super().setUp()
        self.repo = fresh()
        self.client.repo_create(self.repo).result()

    def files(self, revision=None):
        tree = self.client.list_files(Repo(self.repo, revision=revision)).result()
        return sorted(file.path for file in tree if file.path != ".gitattributes")

    def test_commit(self):
        large = content("large", 4 * M)
        builder = CommitBuilder()
        builder.add_bytes("bytes.txt", b"bytes")
        builder.add_fileobj("large.bin", io.BytesIO(large))
        builder.add_reader("read.txt", 3, lambda offset, memory: memory.__setitem__(slice(0, 1), b"r") or 1)
        self.assertEqual(len(builder), 3)
        sent = self.client.preupload(self.repo, builder).result()
        self.assertEqual([(file.path, file.how, len(file.oid)) for file in sent.files], [("large.bin", "lfs", 64)])
        made = self.client.commit(self.repo, builder, commit_message="All").result()
        self.assertEqual((len(made.commit), made.commit_count, made.pull_request, len(builder)), (40, 1, None, 0))
        self.assertEqual(self.files(), ["bytes.txt", "large.bin", "read.txt"])
        self.assertEqual(self.client.read_file(self.repo, "large.bin").result().data, large)
        self.assertEqual(self.client.read_file(self.repo, "read.txt").result().data, b"rrr")
        builder.delete_file("read.txt")
        builder.copy_file("large.bin", "deep/copy.bin")
        self.client.commit(self.repo, builder).result()
        builder.delete_folder("deep")
        stale = made.commit
        with self.assertRaises(errors.ConflictError) as caught:
            self.client.commit(self.repo, builder, parent_commit=stale).result()
        self.assertNotEqual(caught.exception.commit, stale)
        self.client.commit(self.repo, builder).result()
        self.assertEqual(self.files(), ["bytes.txt", "large.bin"])
        builder.add_lfs("again.bin", sent.files[0].oid, len(large))
        self.client.commit(self.repo, builder).result()
        self.assertEqual(self.client.read_file(self.repo, "again.bin").result().data, large)

    def test_reader_that_raises(self):
        def broken(offset, memory):
            raise KeyError("broken")

        builder = CommitBuilder()
        builder.add_reader("large.bin", 2 * M, broken)
        for _ in range(2):
            job = self.client.commit(self.repo, builder)
            with self.assertRaisesRegex(KeyError, "broken"):
                job.result()
            with self.assertRaises(errors.CallbackError):
                job.take()
        del builder, job
        wait_for(lambda: kept() == 0)

    def test_files_and_folders(self):
        source = folder()
        (source / "a.txt").write_text("a")
        (source / "b.tmp").write_text("b")
        made = self.client.upload_file(self.repo, source / "a.txt", "one.txt", create_pr=True).result()
        self.assertEqual(made.pull_request, 1)
        self.assertIn("/discussions/1", made.pull_request_url)
        self.client.upload_folder(self.repo, source, "in", exclude=["*.tmp"]).result()
        self.assertEqual(self.files(), ["in/a.txt"])

    def test_schedule(self):
        source = folder()
        schedule = self.client.schedule_folder(self.repo, source, 3600, "logs")
        with schedule.lock():
            (source / "a.log").write_text("one\n")
            with self.assertRaises(errors.JobTimeoutError), schedule.lock(0.01):
                self.fail("locked twice")
        made = schedule.trigger().result()
        self.assertEqual((len(made.commit), [file.path for file in made.files]), (40, ["logs/a.log"]))
        schedule.stop()
        self.assertGreaterEqual(schedule.job.result().commit_count, 1)
        with self.assertRaises(errors.ClosedError):
            schedule.trigger().result()
        self.assertEqual(self.files(), ["logs/a.log"])

    def test_repositories(self):
        client, name = self.client, self.repo
        with self.assertRaises(errors.ConflictError):
            client.repo_create(name).result()
        self.assertEqual(client.repo_create(name, exist_ok=True).result().value("/created"), "false")
        client.branch_create(name, "b").result()
        client.tag_create(name, "t", "why").result()
        self.assertEqual({ref.name for ref in client.list_refs(name).result()}, {"main", "b", "t"})
        client.branch_delete(name, "b").result()
        client.tag_delete(name, "t").result()
        with self.assertRaises(errors.RevisionNotFoundError):
            client.tag_delete(name, "t").result()
        client.tag_delete(name, "t", missing_ok=True).result()
        opened = client.pull_request_open(name, "title", "text").result()
        self.assertEqual((opened.value("/num"), opened.value("/ref")), ("1", "refs/pr/1"))
        self.assertIn("pull_request", {ref.kind for ref in client.list_refs(name, True).result()})
        client.repo_settings(name, visibility="private").result()
        self.assertTrue(client.repo_info(name).result().private)
        other = fresh("moved")
        client.repo_move(name, other).result()
        client.repo_delete(other).result()
        with self.assertRaises(errors.RepositoryNotFoundError):
            client.repo_delete(other).result()


class Jobs(ClientTest):
    def test_bounds_pause_and_cancel(self):
        with Gate("big.bin"):
            job = self.client.download_file(LLAMA, "big.bin")
            self.assertFalse(job.wait(0))
            with self.assertRaises(errors.JobTimeoutError):
                job.result(0.05)
            job.pause()
            job.resume()
            self.assertFalse(job.done())
            for taken in (job.take, job.check):
                with self.assertRaises(errors.NotEndedError):
                    taken()
            wait_for(lambda: job.progress().files == 1)
            job.cancel()
            with self.assertRaises(errors.CancelledError):
                job.result()
            self.assertEqual([file.state for file in job.progress().entries()], ["cancelled"])
        with self.assertRaises(errors.CancelledError):
            job.check()
        job = self.client.download_file(LLAMA, "big.bin")
        job.result()
        with self.assertRaises(errors.AlreadyTakenError):
            job.result()

    def test_exceptions_of_callbacks(self):
        def broken(*_):
            raise ZeroDivisionError("mine")

        with self.assertRaisesRegex(ZeroDivisionError, "mine"):
            self.client.stream_file(LLAMA, "big.bin", broken).result()
        with Gate("big.bin", 2_000_000):
            job = self.client.download_file(LLAMA, "big.bin", progress=broken)
            with self.assertRaisesRegex(ZeroDivisionError, "mine"):
                job.result()
        with self.assertRaisesRegex(ZeroDivisionError, "mine"):
            self.client.download_file(LLAMA, "config.json", on_done=broken).result()
        del job
        wait_for(lambda: kept() == 0)

    def test_completion(self):
        got = []

        def ended(job):
            got.append(job.take())
            with self.assertRaises(errors.WouldDeadlockError):
                self.client.close()

        job = self.client.download_file(LLAMA, "config.json", on_done=ended)
        self.assertTrue(job.wait())
        self.assertEqual(got[0].size, len(CONFIG))
        called = threading.Event()
        job.add_done_callback(lambda same: same is job and called.set())
        self.assertTrue(called.wait(20))

    def test_descriptor(self):
        fd = self.client.event_fd()
        jobs = {self.client.read_file(LLAMA, "config.json", n, 1) for n in range(5)}
        ended = set()
        while len(ended) < 5:
            select.select([fd], [], [], 20)
            ended |= set(self.client.ended_jobs())
        self.assertEqual(ended, jobs)
        self.assertEqual(b"".join(sorted(job.take().data for job in jobs)), bytes(sorted(CONFIG[:5])))

    def test_ends_are_told_while_others_start(self):
        fd, seen, over = self.client.event_fd(), set(), threading.Event()

        def loop():
            while not over.is_set():
                select.select([fd], [], [], 0.1)
                seen.update(job.id for job in self.client.ended_jobs())

        watcher = threading.Thread(target=loop)
        watcher.start()
        jobs = [self.client.scan_cache(cache_dir=str(folder() / "none")) for _ in range(1000)]
        for job in jobs:
            job.wait()
        wait_for(lambda: len(seen) == len(jobs))
        over.set()
        watcher.join()

    def test_a_failure_in_one_callback_ends_no_other(self):
        def fails(progress):
            raise RuntimeError("no")

        called = []
        job = self.client.read_file(LLAMA, "big.bin", progress=fails, on_done=lambda job: called.append(1))
        job.add_done_callback(lambda job: called.append(2))
        with self.assertRaisesRegex(RuntimeError, "no"):
            job.result()
        wait_for(lambda: len(called) == 2)

    def test_memory_is_free_after_the_result(self):
        for _ in range(300):
            memory = bytearray(len(CONFIG))
            self.client.read_file_into(LLAMA, "config.json", memory).result()
            memory.append(1)

    def test_a_client_let_go_of_by_its_own_callback(self):
        before = len(os.listdir("/proc/self/task"))
        for _ in range(20):
            ended = threading.Event()
            Client(threads=1).scan_cache(cache_dir=str(folder() / "none"), on_done=lambda job: ended.set())
            self.assertTrue(ended.wait(20))
        wait_for(lambda: len(os.listdir("/proc/self/task")) <= before + 4)

    def test_threads(self):
        failed = []

        def work(number):
            try:
                for step in range(10):
                    at = number * 1000 + step
                    assert self.client.read_file(LLAMA, "big.bin", at, 64).result().data == BIG[at : at + 64]
                    assert self.client.download_file(LLAMA, "config.json").result().size == len(CONFIG)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])

    def test_closing(self):
        client = Client()
        job = client.read_url(f"{HUB.endpoint}/{LLAMA}/resolve/main/config.json")
        job.result()
        client.close()
        client.close()
        with self.assertRaises(errors.ClosedError):
            client.repo_info(LLAMA)
        with Gate("big.bin"):
            client = Client.from_env(cache_dir=folder())
            job = client.download_file(LLAMA, "big.bin")
            client.close()
            with self.assertRaises(errors.CancelledError):
                job.result()

    def test_limits_and_log(self):
        self.client.set_max_connections(2)
        self.client.set_max_rate(0)
        lines = []
        broken = {"path": "config.json", "method": "GET"}, {"status": 503}
        HUB.faults(broken)
        with self.assertLogs("hfx.test", logging.DEBUG) as logs:
            log = hfx.to_logger(logging.getLogger("hfx.test"))
            with Client.from_env(cache_dir=folder(), log=log, log_level="debug") as client:
                client.download_file(LLAMA, "config.json").result()
        self.assertTrue(logs.records)
        HUB.faults(broken)
        with Client.from_env(log=lambda *line: lines.append(line), log_level="debug", cache_dir=folder()) as client:
            client.download_file(LLAMA, "config.json").result()
        self.assertIsInstance(lines[0][2], str)
        del client, log
        wait_for(lambda: kept() == 0)


if __name__ == "__main__":
    unittest.main()
