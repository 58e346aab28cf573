"""How far a job is, and how that is shown."""

from __future__ import annotations

import os
import sys
from ctypes import c_void_p
from dataclasses import dataclass
from typing import Any, Callable, Optional

from . import _native as n
from ._library import Handle, lib, take_error, text
from .errors import HfxError

FILE_STATES = {
    n.HFX_FILE_WAITING: "waiting",
    n.HFX_FILE_RUNNING: "running",
    n.HFX_FILE_DONE: "done",
    n.HFX_FILE_CACHED: "cached",
    n.HFX_FILE_FAILED: "failed",
    n.HFX_FILE_PLANNED: "planned",
}


@dataclass(frozen=True)
class FileProgress:
    """One file of a job: its outcome once the job has ended."""

    name: str
    size: int
    done: int
    hashed: int
    sent: int
    state: str
    error: Optional[HfxError]


class Progress(Handle):
    """The numbers of a job at one moment. One that a callback got has its `entries` during the call only."""

    FREE = "hfx_progress_free"

    def __init__(self, pointer: Optional[int], lent: bool = False) -> None:
        super().__init__(pointer)
        self._lent = lent
        self.job_id: int = lib.hfx_progress_job_id(pointer)
        self.files: int = lib.hfx_progress_files(pointer)
        self.files_done: int = lib.hfx_progress_files_done(pointer)
        self.files_failed: int = lib.hfx_progress_files_failed(pointer)
        self.bytes_total: int = lib.hfx_progress_bytes_total(pointer)
        self.bytes_done: int = lib.hfx_progress_bytes_done(pointer)
        self.bytes_received: int = lib.hfx_progress_bytes_received(pointer)
        self.bytes_restored: int = lib.hfx_progress_bytes_restored(pointer)
        self.bytes_sent: int = lib.hfx_progress_bytes_sent(pointer)
        self.bytes_hashed: int = lib.hfx_progress_bytes_hashed(pointer)

    def __repr__(self) -> str:
        return f"Progress({self.bytes_done} of {self.bytes_total} bytes, {self.files_done} of {self.files} files)"

    def entries(self) -> list[FileProgress]:
        """Each file. For a snapshot of thousands this is no small list."""
        if self.pointer is None:
            raise ValueError("the callback that got this progress is over")
        found: list[FileProgress] = []
        while (name := lib.hfx_progress_file_name(self.pointer, len(found))) is not None:
            found.append(self._entry(len(found), text(name)))
        return found

    def _entry(self, index: int, name: str) -> FileProgress:
        error = lib.hfx_progress_file_error(self.pointer, index)
        return FileProgress(
            name=name,
            size=lib.hfx_progress_file_size(self.pointer, index),
            done=lib.hfx_progress_file_done(self.pointer, index),
            hashed=lib.hfx_progress_file_hashed(self.pointer, index),
            sent=lib.hfx_progress_file_sent(self.pointer, index),
            state=FILE_STATES.get(lib.hfx_progress_file_state(self.pointer, index), "unknown"),
            error=take_error(error, lent=True) if error else None,
        )

    def free(self) -> None:
        if self._lent:
            self.pointer = None
        super().free()


ProgressCallback = Callable[[Progress], Any]


def lend(callback: ProgressCallback) -> Callable[[int], None]:
    """What the library's progress function runs: a `Progress` that ends with the call."""

    def run(pointer: int) -> None:
        progress = Progress(c_void_p(pointer).value, lent=True)
        try:
            callback(progress)
        finally:
            progress.free()

    return run


class Bar:
    """A progress callback that draws with tqdm, or a class that is used like it."""

    def __init__(self, title: str, tqdm_class: Any) -> None:
        self.title = title
        self.tqdm_class = tqdm_class
        self.bar: Any = None
        self.shown = 0

    def __call__(self, progress: Progress) -> None:
        if self.bar is None:
            self.bar = self.tqdm_class(
                total=progress.bytes_total or None, initial=0, unit="B", unit_scale=True, desc=self.title
            )
        if progress.bytes_total > (self.bar.total or 0):
            self.bar.total = progress.bytes_total
        if progress.bytes_done > self.shown:
            self.bar.update(progress.bytes_done - self.shown)
            self.shown = progress.bytes_done

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def bars_disabled() -> bool:
    return os.environ.get("HF_HUB_DISABLE_PROGRESS_BARS", "").upper() in ("1", "ON", "YES", "TRUE")


def default_bar(title: str, tqdm_class: Any = None) -> Optional[Bar]:
    """A bar where one is wanted: with a class of the caller's, or on a terminal where tqdm is installed."""
    if bars_disabled():
        return None
    if tqdm_class is not None:
        return Bar(title, tqdm_class)
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return Bar(title, tqdm)
