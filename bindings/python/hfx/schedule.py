"""A folder that is committed every so often."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Optional

from ._library import Handle, call, lib
from .job import Job
from .results import Committed


class Schedule(Handle):
    """Hold `lock()` while you write what belongs together; `job` ends after `stop`, with the last commit."""

    FREE = "hfx_schedule_free"

    def __init__(self, pointer: Optional[int], job: Job[Committed]) -> None:
        super().__init__(pointer)
        self.job = job

    @contextmanager
    def lock(self) -> Iterator[None]:
        call(lib.hfx_schedule_lock, self)
        try:
            yield
        finally:
            call(lib.hfx_schedule_unlock, self)

    def trigger(self) -> None:
        """Asks for a commit now; returns at once."""
        lib.hfx_schedule_trigger(self)

    def stop(self) -> None:
        """Asks for the last commit, with which the job ends; returns at once."""
        lib.hfx_schedule_stop(self)
