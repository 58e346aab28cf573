"""A folder that is committed every so often."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Callable, Iterator, Optional

from ._library import Handle, call, lib
from .errors import JobTimeoutError
from .job import SLICE_MS, Job
from .results import Committed


class Schedule(Handle):
    """Hold `lock()` while you write what belongs together; `job` ends after `stop`, with the last commit."""

    FREE = "hfx_schedule_free"

    def __init__(
        self, pointer: Optional[int], job: Job[Committed], trigger: Callable[[Schedule], Job[Committed]]
    ) -> None:
        super().__init__(pointer)
        self.job = job
        self._trigger = trigger

    @contextmanager
    def lock(self, timeout: Optional[float] = None) -> Iterator[None]:
        """No look at the folder is taken meanwhile. Waits for one that is, at most `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = SLICE_MS if until is None else int((until - time.monotonic()) * 1000)
            try:
                call(lib.hfx_schedule_lock, self, max(0, min(left, SLICE_MS)))
                break
            except JobTimeoutError:
                if until is not None and time.monotonic() >= until:
                    raise
        try:
            yield
        finally:
            call(lib.hfx_schedule_unlock, self)

    def trigger(self) -> Job[Committed]:
        """Asks for a commit now, and returns at once: a job that ends with that commit."""
        return self._trigger(self)

    def stop(self) -> None:
        """Asks for the last commit, with which the job ends; returns at once."""
        call(lib.hfx_schedule_stop, self)
