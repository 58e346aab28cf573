"""Files on disk as memory, and read at an offset."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_char, c_size_t
from typing import Any

from . import _native as n
from ._library import Handle, call, fspath, lib, make


class Map(Handle):
    """A finished file as read-only memory, without a copy: `with Map(path) as view:` is a memoryview.

    With `writable` the view may be written to: what is written stays in this process, and never reaches the file.

    Hazard: when another program truncates the file, reading the lost part ends the process; `read_at` is the safe twin.
    """

    FREE = "hfx_map_free"

    def __init__(self, path: Any, writable: bool = False) -> None:
        access = n.HFX_MAP_COPY if writable else n.HFX_MAP_READ
        super().__init__(make(lib.hfx_map_open, fspath(path), access))
        length = lib.hfx_map_length(self.pointer)
        # The array holds this object, and each view holds the array: the mapping outlives its views.
        memory: Any = (c_char * length).from_address(lib.hfx_map_data(self.pointer)) if length else (c_char * 0)()
        memory.mapping = _Owner(self.pointer)
        self.pointer = None
        view = memoryview(memory).cast("B")
        self.view: memoryview = view if writable else view.toreadonly()

    def __len__(self) -> int:
        return self.view.nbytes

    def __enter__(self) -> memoryview:
        return self.view

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Lets go: the mapping ends with the last slice of the view."""
        self.view.release()


class _Owner(Handle):
    FREE = "hfx_map_free"


def read_at(path: Any, offset: int, length: int) -> bytes:
    """Bytes of a file on disk; fewer than asked for only at its end."""
    buffer = ctypes.create_string_buffer(length)
    count = c_size_t()
    call(lib.hfx_read_at, fspath(path), offset, buffer, length, byref(count))
    return buffer.raw[: count.value]
