"""hfx as a guest in a process: Ctrl-C, fork, threads, leaks, and the end of the interpreter."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
import unittest
import warnings

from hub import CONFIG, HUB, Gate, folder, fresh, wait_for

import hfx
from hfx import Client, errors
from hfx._callback import kept
from hfx.client import _ending

LLAMA = "acme/llama"


def python(code, **env):
    """A Python of its own, at work."""
    line = [sys.executable, "-X", "dev", "-c", textwrap.dedent(code)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **env})


# Says so when the main thread waits for a job.
WATCH = """
import sys, threading
def watch():
    frame = None
    while frame is None or frame.f_code.co_name != "_wait":
        frame = frame.f_back if frame else sys._current_frames()[threading.main_thread().ident]
    print("begun", flush=True)
threading.Thread(target=watch, daemon=True).start()
"""


class Interrupts(unittest.TestCase):
    def interrupt(self, code):
        with Gate("big.bin"):
            HUB.forget()
            child = python(WATCH + textwrap.dedent(code), CACHE=str(folder()))
            self.assertEqual(child.stdout.readline(), "begun\n")
            wait_for(lambda: any("big.bin" in request["path"] for request in HUB.requests()))
            begun = time.monotonic()
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=20)
        # The file itself would take a minute and more.
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual((child.returncode, err), (0, ""), err)
        return out

    def test_a_wait(self):
        out = self.interrupt("""
            import os, hfx
            client = hfx.Client.from_env(cache_dir=os.environ["CACHE"])
            job = client.download_file("acme/llama", "big.bin")
            try:
                job.result()
            except KeyboardInterrupt:
                print("interrupted", job.done())
            try:
                job.take()
            except hfx.errors.CancelledError as error:
                print(error.name)
            print(client.read_file("acme/llama", "config.json").result().length)
            """)
        self.assertEqual(out.split(), ["interrupted", "True", "CANCELLED", str(len(CONFIG))])

    def test_a_function(self):
        out = self.interrupt("""
            import os, hfx
            try:
                hfx.snapshot_download("acme/llama", cache_dir=os.environ["CACHE"])
            except KeyboardInterrupt:
                print("interrupted")
            """)
        self.assertEqual(out, "interrupted\n")


class Ends(unittest.TestCase):
    def ends(self, code):
        with Gate("big.bin", 1_000_000):
            child = python(code, CACHE=str(folder()))
            out, err = child.communicate(timeout=30)
        self.assertEqual((child.returncode, err), (0, ""), out)

    def test_with_work_under_way(self):
        # Callbacks and a client that nobody closes: the interpreter must be able to end.
        self.ends("""
            import os, hfx, threading
            client = hfx.Client.from_env(cache_dir=os.environ["CACHE"])
            seen = threading.Event()
            job = client.download_file("acme/llama", "big.bin", progress=lambda progress: seen.set())
            stream = client.stream_file("acme/llama", "big.bin", lambda offset, data: None)
            seen.wait(20)
            """)

    def test_with_a_client_that_was_dropped(self):
        self.ends("""
            import os, hfx, threading, time
            seen = threading.Event()
            def slow(offset, data):
                seen.set()
                time.sleep(0.5)
            client = hfx.Client.from_env(cache_dir=os.environ["CACHE"])
            job = client.stream_file("acme/llama", "big.bin", slow)
            seen.wait(20)
            del job, client
            """)

    def test_with_a_scheduler(self):
        repo, source = fresh("atexit"), folder()
        self.ends(f"""
            import hfx
            scheduler = hfx.CommitScheduler(repo_id={repo!r}, folder_path={str(source)!r})
            scheduler.last_future.result(20) if scheduler.last_future else None
            with open({str(source / "a.log")!r}, "w") as file:
                file.write("the end")
            """)
        self.assertIn("a.log", hfx.list_repo_files(repo))


def child_of_fork(queue, client):
    """In the child: the parent's client is refused, one of its own works."""
    try:
        client.repo_info(LLAMA)
        queue.put("the parent's client was taken")
        return
    except errors.ForkedError:
        pass
    with Client.from_env(cache_dir=folder()) as own:
        size = own.download_file(LLAMA, "config.json").result().size
    path = hfx.hf_hub_download(LLAMA, "config.json", cache_dir=folder())
    queue.put((size, os.path.getsize(path)))


class Forks(unittest.TestCase):
    def test_multiprocessing(self):
        context = multiprocessing.get_context("fork")
        hfx.hf_hub_download(LLAMA, "config.json", cache_dir=folder())
        with Client.from_env(cache_dir=folder()) as client, Gate("big.bin"):
            job = client.download_file(LLAMA, "big.bin", progress=lambda progress: None)
            queue = context.SimpleQueue()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                children = [context.Process(target=child_of_fork, args=(queue, client)) for _ in range(3)]
                for child in children:
                    child.start()
            for child in children:
                self.assertEqual(queue.get(), (len(CONFIG), len(CONFIG)))
                child.join(20)
                self.assertEqual(child.exitcode, 0)
            job.cancel()
            with self.assertRaises(errors.CancelledError):
                job.result()
            self.assertTrue(client.repo_exists(LLAMA).result())


class Leaks(unittest.TestCase):
    def test_open_and_close(self):
        cache = folder()

        def once():
            with Client.from_env(cache_dir=cache) as client:
                job = client.download_file(LLAMA, "config.json", progress=lambda p: p.entries(), on_done=lambda j: None)
                job.result()
                client.read_file_into(LLAMA, "config.json", bytearray(1000)).result()
                builder = hfx.CommitBuilder()
                builder.add_reader("a", 1, lambda offset, memory: 0)
                with self.assertRaises(errors.RepositoryNotFoundError):
                    client.repo_info("acme/none").result()

        def count():
            gc.collect()
            return len(os.listdir("/proc/self/fd")), threading.active_count(), len(os.listdir("/proc/self/task"))

        for _ in range(10):
            once()
        before = count()
        tracemalloc.start()
        base = tracemalloc.take_snapshot()
        for _ in range(200):
            once()
        wait_for(lambda: kept() == 0)
        gc.collect()
        found = tracemalloc.take_snapshot().compare_to(base, "filename")
        tracemalloc.stop()
        grown = sum(one.size_diff for one in found if "/hfx/" in one.traceback[0].filename)
        self.assertLess(grown, 20_000, found[:5])
        # Other tests' clients may let go of idle threads meanwhile.
        for now, then in zip(count(), before):
            self.assertLessEqual(now, then)

    def test_nothing_is_called_after_close(self):
        with Gate("big.bin", 5_000_000):
            for step in range(20):
                client, calls = (
                    Client.from_env(cache_dir=folder(), log=lambda *_: calls.append(2), log_level="debug"),
                    [],
                )
                begun = threading.Event()

                def chunk(offset, data):
                    begun.set()
                    calls.append(1)

                job = client.stream_file(LLAMA, "big.bin", chunk, progress=lambda p: calls.append(0))
                if step % 2:
                    begun.wait(20)
                client.close()
                seen = len(calls)
                time.sleep(0.02)
                self.assertEqual(len(calls), seen)
                self.assertTrue(job.wait())
                del client, job
        wait_for(lambda: kept() == 0)

    def test_without_close(self):
        for _ in range(20):
            client = Client.from_env(cache_dir=folder())
            client.read_file(LLAMA, "config.json").result()
            del client
        wait_for(lambda: len(os.listdir("/proc/self/task")) < 30)
        # What else they had goes when a client is let go of after that.
        wait_for(lambda: Client.from_env().free() or len(_ending) <= 1)


if __name__ == "__main__":
    unittest.main()
