"""The operations of a commit to come."""

from __future__ import annotations

import io
import threading
from typing import Any, BinaryIO, Callable, Optional

from . import _callback
from ._callback import Ending, Target, destroy, hand
from ._library import Handle, call, fspath, lib, make, utf8
from .repo import Repo

Reader = Callable[[int, memoryview], int]


class CommitBuilder(Handle):
    """What `Client.commit` makes a commit of: one thread at a time."""

    FREE = "hfx_commit_free"

    def __init__(self) -> None:
        super().__init__(make(lib.hfx_commit_new))
        self.work = _Work()

    def __len__(self) -> int:
        return lib.hfx_commit_count(self)

    def add_file(self, path_in_repo: str, path: Any) -> None:
        """A file on disk, which must not change until the commit is made."""
        call(lib.hfx_commit_add_file, self, utf8(path_in_repo), fspath(path))

    def add_bytes(self, path_in_repo: str, content: bytes) -> None:
        """Bytes, which are copied."""
        content = bytes(content)
        call(lib.hfx_commit_add_bytes, self, utf8(path_in_repo), content, len(content))

    def add_reader(self, path_in_repo: str, size: int, read: Reader) -> None:
        """`size` bytes that `read(offset, memory)` puts into a memoryview; it returns how many it has put there.

        Called from several threads, in any order, and for the same bytes more than once.
        """
        at = self, utf8(path_in_repo), size
        add = lib.hfx_commit_add_reader
        hand(_Reader(read, self.work), lambda user: call(add, *at, _callback.read, user, destroy))

    def add_fileobj(self, path_in_repo: str, file: BinaryIO) -> None:
        """The whole of a binary file object that can seek. It must stay open until the commit is made."""
        size = file.seek(0, io.SEEK_END)
        lock = threading.Lock()

        def read(offset: int, memory: memoryview) -> int:
            with lock:
                file.seek(offset)
                content = file.read(len(memory))
            memory[: len(content)] = content
            return len(content)

        self.add_reader(path_in_repo, size, read)

    def add_lfs(self, path_in_repo: str, oid: str, size: int) -> None:
        """Content that the LFS server holds already, as after `Client.preupload`; `oid` is its SHA-256."""
        call(lib.hfx_commit_add_lfs, self, utf8(path_in_repo), utf8(oid), size)

    def delete_file(self, path_in_repo: str) -> None:
        call(lib.hfx_commit_delete_file, self, utf8(path_in_repo))

    def delete_folder(self, path_in_repo: str) -> None:
        call(lib.hfx_commit_delete_folder, self, utf8(path_in_repo))

    def copy_file(self, from_path: str, path_in_repo: str, source: Optional[Repo] = None) -> None:
        """Copies a file: of `source` at its revision, else of the repository that is committed to."""
        call(lib.hfx_commit_copy_file, self, source, utf8(from_path), utf8(path_in_repo))


class _Work:
    """The job that works on a builder now: what a reader raises is raised where it is waited for."""

    def __init__(self) -> None:
        self.ending = Ending()


class _Reader(Target):
    """A reader's function. It knows the builder's work and not the builder, which frees it."""

    CANCELS = False

    def __init__(self, function: Reader, work: _Work) -> None:
        self.function = function
        self.work = work

    @property
    def ending(self) -> Ending:  # type: ignore[override]
        return self.work.ending
