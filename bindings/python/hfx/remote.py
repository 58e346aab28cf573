"""A file on the Hub as a file object."""

from __future__ import annotations

import io
from typing import Any

from .repo import Repo


class RemoteFile(io.RawIOBase):
    """Reads ranges of a file of one commit; `io.BufferedReader` makes few of many small reads."""

    def __init__(self, client: Any, repo: Repo, path: str, size: int, options: dict[str, Any]) -> None:
        self._client = client
        self._repo = repo
        self._path = path
        self._size = size
        self._options = options
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"negative seek position {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._size - self._position)
        if length <= 0:
            return 0
        job = self._client.read_file_into(self._repo, self._path, buffer, self._position, length, **self._options)
        self._position += job.result().length
        return length
