"""Callbacks: what the library calls, and how long Python keeps what they need.

The functions handed to the library are made once and live as long as the process. What a callback is for travels as a
number, its `user` (never 0, which ctypes gives as None), and stays in `_kept` until the library calls the destructor.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import threading
from typing import Any, Callable, Optional

from . import _native as n

_kept: dict[int, Any] = {}
_numbers = itertools.count(1)


def keep(target: Any) -> int:
    """Keeps an object until `destroy`; its number goes to the library as `user`."""
    user = next(_numbers)
    _kept[user] = target
    return user


def hand(target: Any, function: Callable[[int], Any]) -> Any:
    """Keeps an object for a call that hands its number to the library, which calls `destroy` also on failure."""
    user = keep(target)
    try:
        return function(user)
    except ctypes.ArgumentError:
        # The call was never made.
        _kept.pop(user, None)
        raise


def kept() -> int:
    """How many objects the library may still use."""
    return len(_kept)


@n.hfx_destroy_fn
def destroy(user: int) -> None:
    _kept.pop(user, None)


class Ending:
    """How callbacks end a job: the first exception is kept for whoever waits, and the job is cancelled."""

    def __init__(self) -> None:
        self.exception: Optional[BaseException] = None
        # Held while the job's handle is used here, so that it is not freed meanwhile.
        self._lock = threading.RLock()
        self._cancel: Optional[Callable[[], None]] = None
        self._cancelled = False

    def started(self, cancel: Callable[[], None]) -> None:
        """The job has a handle now; a callback may have failed before."""
        with self._lock:
            self._cancel = cancel
            if self._cancelled:
                cancel()

    def released(self) -> None:
        """The job's handle is about to be freed."""
        with self._lock:
            self._cancel = None

    def fail(self, exception: BaseException, cancel: bool) -> None:
        with self._lock:
            if self.exception is None:
                self.exception = exception
            self._cancelled = self._cancelled or cancel
            if cancel and self._cancel is not None:
                self._cancel()


class Target:
    """A Python function that a job calls."""

    # Whether a cancel ends the job, and not what the callback returns.
    CANCELS = True

    def __init__(self, function: Callable, ending: Ending) -> None:
        self.function = function
        self.ending = ending

    def run(self, *arguments: Any) -> Any:
        """Calls it; an exception ends the job, and None is returned."""
        return self.guard(self.function, *arguments)

    def guard(self, function: Callable, *arguments: Any) -> Any:
        if self.ending.exception is not None:
            return None
        try:
            return function(*arguments)
        except BaseException as exception:
            self.ending.fail(exception, self.CANCELS)
            return None

    def failure(self) -> int:
        """What the library is told of an exception: a negative errno."""
        return -(getattr(self.ending.exception, "errno", None) or errno.EIO)


class Stream(Target):
    """What a stream calls: first `begun`, then the function with each chunk."""

    CANCELS = False

    def __init__(self, function: Callable, ending: Ending, begun: Optional[Callable[[int], Any]]) -> None:
        super().__init__(function, ending)
        self.begun = begun or (lambda meta: None)


class Completion(Target):
    """What is called when a job has ended, and what must live until then."""

    def __init__(self, function: Optional[Callable], ending: Ending, alive: Any = None) -> None:
        super().__init__(function or (lambda job: None), ending)
        self.alive = alive
        self.job: Any = None
        self.started = threading.Event()
        self.over = threading.Event()

    def ended(self) -> None:
        try:
            # A short job ends before the call that starts it has returned.
            self.started.wait()
            if self.job is not None:
                self.function(self.job)
        except BaseException as exception:
            self.ending.fail(exception, False)
        finally:
            # The library is done with what was lent to it, and whoever waits may use it again.
            self.job = self.alive = None
            self.over.set()


@n.hfx_progress_fn
def progress(job: int, pointer: int, user: int) -> None:
    target = _kept.get(user)
    if target is not None:
        target.run(pointer)


@n.hfx_done_fn
def done(job: int, user: int) -> None:
    target = _kept.get(user)
    if target is not None:
        target.ended()


@n.hfx_log_fn
def log(level: int, room: bytes, message: bytes, user: int) -> None:
    target = _kept.get(user)
    if target is not None:
        target(level, room.decode("utf-8"), message.decode("utf-8"))


@n.hfx_start_fn
def begun(meta: int, user: int) -> int:
    target = _kept.get(user)
    if target is None:
        return n.HFX_STOP
    target.guard(target.begun, meta)
    return n.HFX_CONTINUE if target.ending.exception is None else target.failure()


@n.hfx_chunk_fn
def chunk(offset: int, data: int, length: int, user: int) -> int:
    target = _kept.get(user)
    if target is None:
        return n.HFX_STOP
    taken = target.run(offset, ctypes.string_at(data, length) if length else b"")
    if target.ending.exception is not None:
        return target.failure()
    return n.HFX_STOP if taken is False else n.HFX_CONTINUE


@n.hfx_read_fn
def read(offset: int, buffer: int, length: int, user: int) -> int:
    target = _kept.get(user)
    if target is None:
        return -errno.EIO
    with memoryview((ctypes.c_char * length).from_address(buffer)).cast("B") as memory:
        count = target.run(offset, memory)
    return target.failure() if count is None else count
