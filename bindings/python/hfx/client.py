"""A client: threads, connections and budgets that all its jobs share.

Everything that takes long is a `Job`: `client.download_file("gpt2", "config.json").result()`. Keyword arguments are
the job's own options, by the names of the table (`hfx.TABLE`); `progress` is called with a `Progress` now and then,
`on_done` once with the job, both on threads of the library.
"""

from __future__ import annotations

import atexit
import ctypes
import io
import logging
import os
import threading
import time
import weakref
from ctypes import byref, c_int32, c_void_p
from typing import Any, BinaryIO, Callable, Iterator, Optional, Union, cast

from . import _callback, results
from . import _native as n
from ._callback import Completion, Ending, Stream, Target, destroy, hand
from ._library import Handle, call, fspath, lib, make, path, strings, utf8
from .cache import Cache, Deletion
from .commit import CommitBuilder
from .errors import JobTimeoutError
from .job import SLICE_MS, Job
from .options import Options
from .progress import Bar, ProgressCallback, lend
from .remote import RemoteFile
from .repo import Repo, repo_of
from .schedule import Schedule

RepoLike = Union[Repo, str]
LogCallback = Callable[[int, str, str], Any]
LOG_LEVELS = {"error": n.HFX_LOG_ERROR, "warn": n.HFX_LOG_WARN, "info": n.HFX_LOG_INFO, "debug": n.HFX_LOG_DEBUG}
_LOGGING = {
    n.HFX_LOG_ERROR: logging.ERROR,
    n.HFX_LOG_WARN: logging.WARNING,
    n.HFX_LOG_INFO: logging.INFO,
    n.HFX_LOG_DEBUG: logging.DEBUG,
}


def to_logger(logger: logging.Logger) -> LogCallback:
    """A log callback that hands the library's messages to `logging`."""
    return lambda level, room, message: logger.log(_LOGGING.get(level, logging.DEBUG), "%s: %s", room, message)


class Client(Handle):
    """`with Client(cache_dir="...", token="...") as client:`; may be used from many threads.

    `log(level, room, message)` gets the library's messages of `log_level` and more urgent ones.
    """

    FREE = "hfx_client_free"

    def __init__(
        self,
        options: Optional[Options] = None,
        *,
        log: Optional[LogCallback] = None,
        log_level: str = "warn",
        **more: Any,
    ) -> None:
        options = options.copy() if options is not None else Options()
        options.update(**more)
        if log is not None:
            level = LOG_LEVELS[log_level]
            set_log = lib.hfx_options_set_log_fn
            hand(log, lambda user: call(set_log, options, level, _callback.log, user, destroy))
        super().__init__(make(lib.hfx_client_open, options))
        self._jobs: weakref.WeakValueDictionary[int, Job] = weakref.WeakValueDictionary()
        # A job may end before it stands in `_jobs`: nobody asks for the ended ones meanwhile.
        self._starting = threading.RLock()
        _live.add(self)

    @classmethod
    def from_env(cls, **more: Any) -> Client:
        """As the environment says: HF_HOME, HF_TOKEN, HF_ENDPOINT, proxies; keyword arguments lie over it."""
        return cls(Options.from_env(), **more)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self, timeout: Optional[float] = None) -> None:
        """Cancels all jobs and waits, at most `timeout` seconds, until no thread of the client is left."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = SLICE_MS if until is None else int((until - time.monotonic()) * 1000)
            try:
                call(lib.hfx_client_close, self, max(0, min(left, SLICE_MS)))
            except JobTimeoutError:
                if until is not None and time.monotonic() >= until:
                    raise
            else:
                _live.discard(self)
                return

    def free(self) -> None:
        # Not here: a wait. Its threads end soon; freed is it after the next one, or at the end of the process.
        pointer, self.pointer = self.pointer, None
        if pointer:
            _ending.append(pointer)
            _free_ended()

    def set_max_connections(self, most: int) -> None:
        call(lib.hfx_client_set_max_connections, self, most)

    def set_max_rate(self, bytes_per_second: int) -> None:
        """0 is no limit."""
        call(lib.hfx_client_set_max_rate, self, bytes_per_second)

    def event_fd(self) -> int:
        """One descriptor for event loops: readable while `ended_jobs` has something."""
        out = c_int32()
        call(lib.hfx_client_event_fd, self, byref(out))
        return out.value

    def ended_jobs(self) -> Iterator[Job]:
        """Those that have ended since `event_fd` was first called and are still held by somebody, each once."""
        while True:
            with self._starting:
                pointer = make(lib.hfx_client_next_job, self)
                if pointer is None:
                    return
                job = self._jobs.get(lib.hfx_job_id(pointer))
            lib.hfx_job_free(pointer)
            if job is not None:
                yield job

    # Jobs

    def _start(
        self,
        function: Any,
        take: Callable[[Any], Any],
        *arguments: Any,
        options: dict[str, Any],
        ending: Optional[Ending] = None,
        alive: Any = None,
        chunk: Optional[Callable[[int, bytes], Any]] = None,
        begun: Optional[Callable[[results.Meta], Any]] = None,
        outputs: tuple = (),
    ) -> Job:
        """Starts a job: `function` is called with the client, the arguments, the options, and where the job goes.

        `alive` is kept until the library is done with the job; `chunk` and `begun` are the callbacks of a stream.
        """
        progress: Optional[ProgressCallback] = options.pop("progress", None)
        on_done: Optional[Callable[[Job], Any]] = options.pop("on_done", None)
        ending = ending or Ending()
        own = Options(**options)
        if progress is not None:
            target = Target(lend(progress), ending)
            set_progress = lib.hfx_options_set_progress_fn
            hand(target, lambda user: call(set_progress, own, _callback.progress, user, destroy))
        completion = None
        if on_done is not None or alive is not None:
            completion = Completion(on_done, ending, alive)
            set_done = lib.hfx_options_set_done_fn
            hand(completion, lambda user: call(set_done, own, _callback.done, user, destroy))
        over = completion.over if completion is not None else None
        close = progress.close if isinstance(progress, Bar) else None
        try:
            if chunk is None:
                begin = lambda: make(function, self, *arguments, own, *outputs)
            else:
                first = _callback.begun if begun else n.hfx_start_fn()
                at = *arguments, first, _callback.chunk
                read = (lambda meta: begun(results.read_meta(meta))) if begun else None
                stream = Stream(chunk, ending, read)
                begin = lambda: hand(stream, lambda user: make(function, self, *at, user, destroy, own))
            job = self._job(begin, take, ending, over, close)
            if completion is not None:
                completion.job = job
        finally:
            if completion is not None:
                completion.started.set()
        return job

    def _job(
        self, begin: Callable[[], Optional[int]], take: Callable[[Any], Any], ending: Ending, *more: Any
    ) -> Job:
        with self._starting:
            job: Job = Job(begin(), take, ending, self, *more)
            self._jobs[job.id] = job
        return job

    # Downloads

    def download_file(self, repo: RepoLike, path: str, **options: Any) -> Job[results.File]:
        """One file into the cache, or into the folder of the option `local_dir`."""
        repo = repo_of(repo)
        return self._start(lib.hfx_client_download_file, results.take_file, repo, utf8(path), options=options)

    def download_snapshot(self, repo: RepoLike, **options: Any) -> Job[results.Snapshot]:
        """All files of a revision, or those that the options `include` and `exclude` let through."""
        repo = repo_of(repo)
        return self._start(lib.hfx_client_download_snapshot, results.take_snapshot, repo, options=options)

    def download_url(self, url: str, to: Any, **options: Any) -> Job[results.File]:
        """Any http or https URL to a path."""
        return self._start(lib.hfx_client_download_url, results.take_file, utf8(url), fspath(to), options=options)

    def read_file(
        self, repo: RepoLike, path: str, offset: int = 0, length: int = -1, **options: Any
    ) -> Job[results.Received]:
        """`length` bytes (-1: to the end) into memory, without the disk."""
        repo = repo_of(repo)
        at = repo, utf8(path), offset, length
        return self._start(lib.hfx_client_read_file, results.take_bytes, *at, options=options)

    def open_file(self, repo: RepoLike, path: str, buffer_size: int = 1 << 20, **options: Any) -> BinaryIO:
        """A file on the Hub as a binary file object that reads and seeks, a range at a time, of one commit."""
        repo = repo_of(repo)
        meta = self.file_meta(repo, path, **options).result()
        pinned = Repo(repo.id, revision=meta.commit, kind=repo.kind)
        remote = RemoteFile(self, pinned, path, meta.size, options)
        return cast(BinaryIO, io.BufferedReader(remote, buffer_size))

    def read_url(self, url: str, offset: int = 0, length: int = -1, **options: Any) -> Job[results.Received]:
        return self._start(lib.hfx_client_read_url, results.take_bytes, utf8(url), offset, length, options=options)

    def read_file_into(
        self, repo: RepoLike, path: str, memory: Any, offset: int = 0, length: int = -1, **options: Any
    ) -> Job[results.Received]:
        """As `read_file`, into a writable buffer, which is kept, and must be left alone, until the job has ended."""
        repo = repo_of(repo)
        array = _array(memory)
        at = repo, utf8(path), offset, length, ctypes.addressof(array), len(array)
        return self._start(lib.hfx_client_read_file_into, results.take_bytes, *at, options=options, alive=array)

    def read_url_into(
        self, url: str, memory: Any, offset: int = 0, length: int = -1, **options: Any
    ) -> Job[results.Received]:
        array = _array(memory)
        at = utf8(url), offset, length, ctypes.addressof(array), len(array)
        return self._start(lib.hfx_client_read_url_into, results.take_bytes, *at, options=options, alive=array)

    def stream_file(
        self,
        repo: RepoLike,
        path: str,
        chunk: Callable[[int, bytes], Any],
        offset: int = 0,
        length: int = -1,
        begun: Optional[Callable[[results.Meta], Any]] = None,
        **options: Any,
    ) -> Job[results.Received]:
        """`chunk(offset, bytes)` gets the bytes in their order; returning False ends the job. `begun(meta)` is told
        before the first of them which file they are of."""
        at = repo_of(repo), utf8(path), offset, length
        stream = lib.hfx_client_stream_file
        return self._start(stream, results.take_bytes, *at, options=options, chunk=chunk, begun=begun)

    def stream_url(
        self,
        url: str,
        chunk: Callable[[int, bytes], Any],
        offset: int = 0,
        length: int = -1,
        begun: Optional[Callable[[results.Meta], Any]] = None,
        **options: Any,
    ) -> Job[results.Received]:
        at = utf8(url), offset, length
        stream = lib.hfx_client_stream_url
        return self._start(stream, results.take_bytes, *at, options=options, chunk=chunk, begun=begun)

    # Questions

    def lookup(self, repo: RepoLike, path: str, **options: Any) -> Any:
        """What the cache knows of a file: a `File`; `_CACHED_NO_EXIST` when the repository is known not to have it at
        that commit; None when nothing is known."""
        state, file = c_int32(), c_void_p()
        own = Options(**options)
        call(lib.hfx_client_lookup, self, repo_of(repo), utf8(path), own, byref(state), byref(file))
        if file.value is None:
            return results._CACHED_NO_EXIST if state.value == n.HFX_LOOKUP_MISSING else None
        try:
            return results.read_file(file.value)
        finally:
            lib.hfx_file_free(file)

    def file_meta(self, repo: RepoLike, path: str, **options: Any) -> Job[results.Meta]:
        repo = repo_of(repo)
        return self._start(lib.hfx_client_get_file_meta, results.take_meta, repo, utf8(path), options=options)

    def repo_info(self, repo: RepoLike, **options: Any) -> Job[results.Info]:
        return self._start(lib.hfx_client_get_repo_info, results.take_info, repo_of(repo), options=options)

    def list_files(self, repo: RepoLike, folder: Optional[str] = None, **options: Any) -> Job[list[results.TreeFile]]:
        repo = repo_of(repo)
        return self._start(lib.hfx_client_list_files, results.take_tree, repo, utf8(folder), options=options)

    def list_refs(self, repo: RepoLike, pull_requests: bool = False, **options: Any) -> Job[list[results.Ref]]:
        repo = repo_of(repo)
        return self._start(lib.hfx_client_list_refs, results.take_refs, repo, pull_requests, options=options)

    def commits(self, repo: RepoLike, most: int = 0, **options: Any) -> Job[list[results.Commit]]:
        """The commits behind a revision, newest first: `most` of them, 0 for all."""
        repo = repo_of(repo)
        return self._start(lib.hfx_client_list_commits, results.take_commits, repo, most, options=options)

    def whoami(self, **options: Any) -> Job[results.Reply]:
        return self._start(lib.hfx_client_whoami, results.take_reply, options=options)

    def auth_check(self, repo: RepoLike, write: bool = False, **options: Any) -> Job[None]:
        """Ends well when the token may read the files, or write to them."""
        repo = repo_of(repo)
        return self._start(lib.hfx_client_check_access, results.take_nothing, repo, write, options=options)

    def repo_exists(self, repo: RepoLike, **options: Any) -> Job[bool]:
        return self._start(lib.hfx_client_has_repo, results.take_exists, repo_of(repo), options=options)

    def file_exists(self, repo: RepoLike, path: str, **options: Any) -> Job[bool]:
        repo = repo_of(repo)
        return self._start(lib.hfx_client_has_file, results.take_exists, repo, utf8(path), options=options)

    def call(
        self, method: str, target: str, json: Optional[str] = None, pages: int = 1, **options: Any
    ) -> Job[results.Reply]:
        """Any call of the Hub's API, as `call("GET", "/api/models?limit=5")`."""
        at = utf8(method), utf8(target), utf8(json), pages
        return self._start(lib.hfx_client_call, results.take_reply, *at, options=options)

    # Uploads

    def commit(self, repo: RepoLike, commit: CommitBuilder, **options: Any) -> Job[results.Committed]:
        """Makes a commit, once; the builder is empty when it has ended well."""
        commit.work.ending = Ending()
        at = repo_of(repo), commit
        ending = commit.work.ending
        return self._start(lib.hfx_client_commit, results.take_committed, *at, options=options, ending=ending)

    def preupload(self, repo: RepoLike, commit: CommitBuilder, **options: Any) -> Job[results.Committed]:
        """Sends the LFS content of a commit to come, and lets go of it."""
        commit.work.ending = Ending()
        at = repo_of(repo), commit
        ending = commit.work.ending
        return self._start(lib.hfx_client_preupload, results.take_committed, *at, options=options, ending=ending)

    def upload_file(self, repo: RepoLike, path: Any, path_in_repo: str, **options: Any) -> Job[results.Committed]:
        at = repo_of(repo), fspath(path), utf8(path_in_repo)
        return self._start(lib.hfx_client_upload_file, results.take_committed, *at, options=options)

    def upload_folder(
        self, repo: RepoLike, folder: Any, path_in_repo: Optional[str] = None, **options: Any
    ) -> Job[results.Committed]:
        at = repo_of(repo), fspath(folder), utf8(path_in_repo)
        return self._start(lib.hfx_client_upload_folder, results.take_committed, *at, options=options)

    def upload_url(self, path: Any, url: str, **options: Any) -> Job[list[dict[str, str]]]:
        """One PUT of a file; the headers of the answer."""
        return self._start(lib.hfx_client_upload_url, results.take_parts, fspath(path), utf8(url), options=options)

    def upload_parts(self, path: Any, urls: list[str], part_size: int, **options: Any) -> Job[list[dict[str, str]]]:
        """A file in parts, one for each URL; the headers of each answer."""
        at = fspath(path), strings(urls), len(urls), part_size
        return self._start(lib.hfx_client_upload_parts, results.take_parts, *at, options=options)

    def schedule_folder(
        self, repo: RepoLike, folder: Any, every: float, path_in_repo: Optional[str] = None, **options: Any
    ) -> Schedule:
        """Commits what is new in a folder every `every` seconds."""
        schedule = c_void_p()
        at = repo_of(repo), fspath(folder), utf8(path_in_repo), int(every * 1000)
        job = self._start(
            lib.hfx_client_schedule_folder,
            results.take_committed,
            *at,
            options=options,
            outputs=(byref(schedule),),
        )

        def trigger(which: Schedule) -> Job[results.Committed]:
            return self._job(lambda: make(lib.hfx_schedule_trigger, which), results.take_committed, Ending())

        return Schedule(schedule.value, job, trigger)

    # Changes

    def repo_create(self, repo: RepoLike, **options: Any) -> Job[results.Reply]:
        """As the options `visibility`, `space_sdk` and `exist_ok` say."""
        return self._start(lib.hfx_client_create_repo, results.take_reply, repo_of(repo), options=options)

    def repo_delete(self, repo: RepoLike, **options: Any) -> Job[None]:
        return self._start(lib.hfx_client_delete_repo, results.take_nothing, repo_of(repo), options=options)

    def repo_move(self, repo: RepoLike, to: RepoLike, **options: Any) -> Job[None]:
        at = repo_of(repo), repo_of(to)
        return self._start(lib.hfx_client_move_repo, results.take_nothing, *at, options=options)

    def repo_settings(self, repo: RepoLike, **options: Any) -> Job[None]:
        """What the options `visibility` and `gated` say."""
        return self._start(lib.hfx_client_update_repo, results.take_nothing, repo_of(repo), options=options)

    def branch_create(self, repo: RepoLike, branch: str, **options: Any) -> Job[None]:
        repo = repo_of(repo)
        return self._start(lib.hfx_client_create_branch, results.take_nothing, repo, utf8(branch), options=options)

    def branch_delete(self, repo: RepoLike, branch: str, **options: Any) -> Job[None]:
        repo = repo_of(repo)
        return self._start(lib.hfx_client_delete_branch, results.take_nothing, repo, utf8(branch), options=options)

    def tag_create(self, repo: RepoLike, tag: str, message: Optional[str] = None, **options: Any) -> Job[None]:
        at = repo_of(repo)
        return self._start(
            lib.hfx_client_create_tag, results.take_nothing, at, utf8(tag), utf8(message), options=options
        )

    def tag_delete(self, repo: RepoLike, tag: str, **options: Any) -> Job[None]:
        repo = repo_of(repo)
        return self._start(lib.hfx_client_delete_tag, results.take_nothing, repo, utf8(tag), options=options)

    def pull_request_open(
        self, repo: RepoLike, title: str, description: Optional[str] = None, **options: Any
    ) -> Job[results.Reply]:
        """In draft: `value("/num")` is its number, `value("/ref")` the revision to commit to."""
        at = repo_of(repo)
        return self._start(
            lib.hfx_client_open_pull_request,
            results.take_reply,
            at,
            utf8(title),
            utf8(description),
            options=options,
        )

    # The cache

    def scan_cache(self, **options: Any) -> Job[Cache]:
        """Looks the cache over, as it is now."""
        return self._start(lib.hfx_client_scan_cache, results.take_cache, options=options)

    def delete_cached(self, deletion: Deletion, **options: Any) -> Job[int]:
        """Deletes what was planned; the bytes that were freed."""
        return self._start(lib.hfx_client_delete_cached, results.take_freed, deletion, options=options)

    def verify_cache(self, repo: RepoLike, **options: Any) -> Job[results.Verification]:
        """Hashes the cached files of the repository's revision, or of all that are cached when it names none."""
        return self._start(lib.hfx_client_verify_cache, results.take_verification, repo_of(repo), options=options)

    def assets_path(self, library: str, namespace: Optional[str] = None, subfolder: Optional[str] = None) -> str:
        """A folder, made when it is missing, where a library may keep its own assets beside the cache."""
        at = self, utf8(library), utf8(namespace), utf8(subfolder)
        pointer = make(lib.hfx_client_assets_path, *at)
        try:
            return path(lib.hfx_string_text(pointer))
        finally:
            lib.hfx_string_free(pointer)


def _array(memory: Any) -> Any:
    """A writable buffer as ctypes sees it; it can't be resized while this lives."""
    view = memoryview(memory).cast("B")
    return (ctypes.c_char * view.nbytes).from_buffer(view)


# Clients that may have threads: a thread of theirs that calls Python while the interpreter ends would end the process.
_live: weakref.WeakSet[Client] = weakref.WeakSet()
# Of clients that were let go of while they still had threads.
_ending: list[int] = []


def _ended(pointer: int, timeout_ms: int) -> bool:
    """Whether a client has no thread left; in a forked child none of its parent's has one."""
    status = lib.hfx_client_close(pointer, timeout_ms, None)
    return status in (n.HFX_OK, n.HFX_E_FORKED)


def _free_ended(timeout_ms: int = 0) -> None:
    """Frees those of `_ending` that have no thread left."""
    for _ in range(len(_ending)):
        # Taken out first: two threads never have the same one.
        try:
            pointer = _ending.pop(0)
        except IndexError:
            return
        if _ended(pointer, timeout_ms):
            lib.hfx_client_free(pointer)
        else:
            _ending.append(pointer)


@atexit.register
def _close_all(seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    stuck = False
    for client in list(_live):
        try:
            client.close(max(0.0, until - time.monotonic()))
        except JobTimeoutError:
            stuck = True
    _free_ended(max(0, int((until - time.monotonic()) * 1000)))
    if stuck or _ending:
        raise JobTimeoutError("a client still has threads at the end of the process: a callback has not returned")


def _forget() -> None:
    _live.clear()
    _ending.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
