"""The library: where it is, that it fits, and how its functions are called.

Found as the one bundled beside this file, else at `HFX_LIBRARY`, else where the system keeps libraries. ctypes lets
other threads run during each call.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from ctypes import byref, c_char_p, c_void_p
from pathlib import Path
from typing import Any, Optional

from . import _native
from .errors import HfxError, error_class

NAMES = {"darwin": "libhfx.dylib", "win32": "hfx.dll"}


def _open() -> ctypes.CDLL:
    name = NAMES.get(sys.platform, "libhfx.so")
    bundled = Path(__file__).with_name(name)
    named = os.environ.get("HFX_LIBRARY")
    if bundled.exists():
        return ctypes.CDLL(str(bundled))
    if named:
        return ctypes.CDLL(named)
    found = ctypes.util.find_library("hfx")
    if not found:
        raise ImportError(f"{name} is neither in {bundled.parent} nor known to the system; HFX_LIBRARY can name it")
    return ctypes.CDLL(found)


lib = _open()


def _declare(name: str) -> None:
    function = getattr(lib, name)
    function.restype, function.argtypes = _native.FUNCTIONS[name]


def take_error(pointer: Optional[int], lent: bool = False) -> HfxError:
    """The exception for a C error, which is freed unless it is lent."""
    status = lib.hfx_error_status(pointer)
    error = error_class(status)(text(lib.hfx_error_message(pointer)))
    error.code = status
    error.name = text(lib.hfx_status_name(status))
    error.http_status = lib.hfx_error_http_status(pointer) or None
    error.request_id = text(lib.hfx_error_request_id(pointer))
    error.url = text(lib.hfx_error_url(pointer))
    error.commit = text(lib.hfx_error_commit(pointer))
    error.os_error = lib.hfx_error_os_error(pointer) or None
    error.retryable = bool(lib.hfx_error_retryable(pointer))
    if isinstance(error, OSError):
        error.errno = error.os_error
    if not lent:
        lib.hfx_error_free(pointer)
    return error


def call(function: Any, *arguments: Any) -> None:
    """Calls a function that can fail; its last argument, the error, is added here."""
    error = c_void_p()
    if function(*arguments, byref(error)) != _native.HFX_OK:
        raise take_error(error.value)


def make(function: Any, *arguments: Any) -> Optional[int]:
    """As `call`, of a function whose output is one handle."""
    out = c_void_p()
    call(function, *arguments, byref(out))
    return out.value


def text(value: Optional[bytes]) -> Any:
    """A string of the library; None for NULL."""
    return None if value is None else value.decode("utf-8")


def path(value: Optional[bytes]) -> Any:
    """A path of the library; None for NULL."""
    return None if value is None else os.fsdecode(value)


def utf8(value: Optional[str]) -> Optional[bytes]:
    """A string for the library. ctypes would cut it at a NUL."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"a str is wanted, not {value!r}")
    if "\0" in value:
        raise ValueError(f"a NUL character in {value!r}")
    return value.encode("utf-8")


def fspath(value: Any) -> Optional[bytes]:
    """A path for the library."""
    if value is None:
        return None
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError(f"a NUL character in {value!r}")
    return encoded


def strings(values: list) -> Any:
    """An array of strings for the library."""
    return (c_char_p * len(values))(*map(utf8, values))


for _name in _native.FUNCTIONS:
    if _name.startswith(("hfx_version", "hfx_error", "hfx_status")):
        _declare(_name)
try:
    call(lib.hfx_version_check, _native.HFX_VERSION_NUMBER)
except HfxError as error:
    raise ImportError(f"libhfx does not fit this package: {error}") from error
for _name in _native.FUNCTIONS:
    _declare(_name)

VERSION: str = text(lib.hfx_version_string())


class Handle:
    """Something of the library that is freed when it is not used any more."""

    FREE = ""

    def __init__(self, pointer: Optional[int]) -> None:
        self.pointer = pointer

    @property
    def _as_parameter_(self) -> Optional[int]:
        # ctypes takes the handle itself as an argument, which keeps it during the call.
        return self.pointer

    def free(self) -> None:
        pointer, self.pointer = self.pointer, None
        if pointer:
            getattr(lib, self.FREE)(pointer)

    def __del__(self) -> None:
        if getattr(self, "pointer", None):
            self.free()
