"""A job: work on the library's threads, that is waited for, watched and cancelled."""

from __future__ import annotations

import copy
import threading
import time
from ctypes import byref, c_int32
from typing import Any, Callable, Generic, Optional, TypeVar

from . import _callback, results
from ._callback import Completion, Ending, destroy, hand
from ._library import Handle, call, lib, make
from .errors import IncompleteSnapshotError, JobTimeoutError
from .progress import Progress

T = TypeVar("T")
# Python sees Ctrl-C between two calls: a wait is cut into calls of this length.
SLICE_MS = 50


class Job(Handle, Generic[T]):
    """Work under way. `result()` waits for it; Ctrl-C while it waits cancels the job.

    An exception in one of the job's callbacks ends the job, and is raised where it is waited for.
    """

    FREE = "hfx_job_free"

    def __init__(
        self,
        pointer: Optional[int],
        take: Callable[[Job], T],
        ending: Ending,
        owner: Any,
        completion: Optional[threading.Event] = None,
        close: Optional[Callable[[], None]] = None,
    ) -> None:
        super().__init__(pointer)
        self.id: int = lib.hfx_job_id(pointer)
        self._take = take
        self._ending = ending
        # A client that nobody holds any more would cancel its jobs.
        self._owner = owner
        self._completion = completion
        self._close = close
        self._incomplete: Optional[IncompleteSnapshotError] = None
        ending.started(lambda: lib.hfx_job_cancel(pointer))

    def done(self) -> bool:
        """Whether it has ended, well or not."""
        ended = c_int32()
        call(lib.hfx_job_poll, self, byref(ended))
        return bool(ended.value)

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits for the end, at most `timeout` seconds; whether it has ended. Raises only what a callback raised."""
        try:
            ended = self._wait(timeout)
        except KeyboardInterrupt:
            self.cancel()
            self._wait(10)
            self._closed()
            raise
        if ended:
            self._closed()
        if self._ending.exception is None:
            return ended
        self._wait(None)
        try:
            raise self._ending.exception
        finally:
            # Else the exception holds this frame, and with it the job, which holds the exception.
            self = None  # type: ignore[assignment]

    def _wait(self, timeout: Optional[float]) -> bool:
        until = None if timeout is None else time.monotonic() + timeout
        ended = c_int32()
        while not ended.value:
            left = SLICE_MS if until is None else int((until - time.monotonic()) * 1000)
            call(lib.hfx_job_wait, self, max(0, min(left, SLICE_MS)), byref(ended))
            if not ended.value and until is not None and time.monotonic() >= until:
                return False
        if self._completion is not None:
            self._completion.wait(None if until is None else max(0.0, until - time.monotonic()))
        return True

    def _closed(self) -> None:
        close, self._close = self._close, None
        if close is not None:
            close()

    def result(self, timeout: Optional[float] = None) -> T:
        """Waits for the end; the result, handed out once, or the exception that the job ended with."""
        try:
            if not self.wait(timeout):
                raise JobTimeoutError(f"the job has not ended within {timeout} s; it goes on")
            return self.take()
        finally:
            self = None  # type: ignore[assignment]

    def take(self) -> T:
        """The result of a job that has ended, without a wait: also inside `on_done`."""
        if self._incomplete is not None:
            raise copy.copy(self._incomplete)
        try:
            return self._take(self)
        except IncompleteSnapshotError as error:
            # As often as it is asked for; the library hands the outcomes out once.
            error.files = results.take_outcomes(self).files
            self._incomplete = copy.copy(error)
            raise

    def add_done_callback(self, function: Callable[[Job[T]], Any]) -> None:
        """`function(job)` is called when the job has ended, on a thread of the library; soon, when it has by now."""
        target = Completion(function, self._ending)
        target.job = self
        target.started.set()
        hand(target, lambda user: call(lib.hfx_job_on_done, self, _callback.done, user, destroy))

    def check(self) -> None:
        """Raises what the job ended with, and takes nothing."""
        call(lib.hfx_job_check, self)

    def cancel(self) -> None:
        """Asks it to end; returns at once. What is on disk is gone on with by the same call."""
        lib.hfx_job_cancel(self)

    def pause(self) -> None:
        """Asks it to use neither network nor disk until `resume`."""
        lib.hfx_job_pause(self)

    def resume(self) -> None:
        lib.hfx_job_resume(self)

    def progress(self) -> Progress:
        return Progress(make(lib.hfx_job_progress, self))

    def free(self) -> None:
        self._ending.released()
        super().free()
