"""How far a job is, and how that is shown."""

from __future__ import annotations

import os
import sys
from ctypes import byref, sizeof
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
    n.HFX_FILE_CANCELLED: "cancelled",
}


@dataclass(frozen=True)
class FileProgress:
    """One file of a job: its outcome once the job has ended."""

    name: str
    size: int
    done: int
    received: int
    restored: int
    sent: int
    hashed: int
    state: str
    error: Optional[HfxError]


class Progress(Handle):
    """The numbers of a job at one moment. One that a callback got has its `entries` during the call only."""

    FREE = "hfx_progress_free"

    def __init__(self, pointer: Optional[int], lent: bool = False) -> None:
        super().__init__(pointer)
        self._lent = lent
        self.job_id: int = lib.hfx_progress_job_id(pointer)
        totals = n.hfx_totals()
        lib.hfx_progress_totals(pointer, byref(totals), sizeof(totals))
        self.files: int = totals.files
        self.files_done: int = totals.files_done
        self.files_failed: int = totals.files_failed
        self.bytes_total: int = totals.bytes
        self.bytes_done: int = totals.bytes_done
        self.bytes_received: int = totals.bytes_received
        self.bytes_restored: int = totals.bytes_restored
        self.bytes_sent: int = totals.bytes_sent
        self.bytes_hashed: int = totals.bytes_hashed

    def __repr__(self) -> str:
        return f"Progress({self.bytes_done} of {self.bytes_total} bytes, {self.files_done} of {self.files} files)"

    def entries(self) -> list[FileProgress]:
        """Each file. For a snapshot of thousands this is no small list."""
        if self.pointer is None:
            raise ValueError("the callback that got this progress is over")
        return [self._entry(index) for index in range(lib.hfx_progress_file_count(self.pointer))]

    def _entry(self, index: int) -> FileProgress:
        file = n.hfx_file_progress()
        lib.hfx_progress_file(self.pointer, index, byref(file), sizeof(file))
        return FileProgress(
            name=text(file.name),
            size=file.bytes,
            done=file.bytes_done,
            received=file.bytes_received,
            restored=file.bytes_restored,
            sent=file.bytes_sent,
            hashed=file.bytes_hashed,
            state=FILE_STATES.get(file.state, "unknown"),
            error=take_error(file.error, lent=True) if file.error else None,
        )

    def free(self) -> None:
        if self._lent:
            self.pointer = None
        super().free()


ProgressCallback = Callable[[Progress], Any]


def lend(callback: ProgressCallback) -> Callable[[int], None]:
    """What the library's progress function runs: a `Progress` that ends with the call."""

    def run(pointer: int) -> None:
        progress = Progress(pointer, lent=True)
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
