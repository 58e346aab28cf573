"""`CommitScheduler` with the arguments of huggingface_hub.

Its thread is Python's, so that `trigger` can answer with a Future and `push_to_hub` can be overridden as there;
`Client.schedule_folder` is the library's own schedule.
"""

from __future__ import annotations

import atexit
import io
import logging
import os
import threading
from concurrent.futures import Future
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Optional, Union

from ._default import patterns
from .downloads import PathLike
from .operations import CommitOperationAdd
from .repositories import create_repo
from .uploads import create_commit, in_background
from .urls import CommitInfo

logger = logging.getLogger(__name__)
_NEVER = [
    ".git",
    ".git/*",
    "*/.git",
    "*/.git/*",
    ".cache/huggingface",
    ".cache/huggingface/*",
    "*/.cache/huggingface/*",
]


class CommitScheduler:
    """Commits what is new in a folder every `every` minutes. Hold `lock` while you write what belongs together."""

    def __init__(
        self,
        *,
        repo_id: str,
        folder_path: PathLike,
        every: Union[int, float] = 5,
        path_in_repo: Optional[str] = None,
        repo_type: Optional[str] = None,
        revision: Optional[str] = None,
        private: Optional[bool] = None,
        token: Optional[str] = None,
        allow_patterns: Union[list[str], str, None] = None,
        ignore_patterns: Union[list[str], str, None] = None,
        squash_history: bool = False,
        hf_api: Any = None,
    ) -> None:
        if squash_history:
            raise NotImplementedError("squash_history: hfx rewrites no history")
        if hf_api is not None:
            raise NotImplementedError("hf_api: hfx commits itself; the token and the environment say how")
        if not every > 0:
            raise ValueError(f"'every' must be a positive integer, not '{every}'.")
        self.folder_path = Path(folder_path).expanduser().resolve()
        if self.folder_path.is_file():
            raise ValueError(f"'folder_path' must be a directory, not a file: '{self.folder_path}'.")
        self.folder_path.mkdir(parents=True, exist_ok=True)
        self.path_in_repo = path_in_repo or ""
        self.allow_patterns = patterns(allow_patterns)
        self.ignore_patterns = (patterns(ignore_patterns) or []) + _NEVER
        self.repo_id = create_repo(repo_id, private=private, repo_type=repo_type, exist_ok=True, token=token).repo_id
        self.repo_type = repo_type
        self.revision = revision
        self.token = token
        self.every = every
        self.lock = threading.Lock()
        self.last_uploaded: dict[Path, float] = {}
        self.last_future: Optional[Future] = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hfx-scheduler", daemon=True)
        self._thread.start()
        atexit.register(self._push_to_hub)

    def __enter__(self) -> CommitScheduler:
        return self

    def __exit__(self, *_: Any) -> None:
        self.trigger().result()
        self.stop()

    def stop(self) -> None:
        """Makes no more commits; what is new since the last one stays."""
        self._stopped.set()
        atexit.unregister(self._push_to_hub)

    def trigger(self) -> Future:
        """Commits what is new now, in the background; a Future of the `CommitInfo`, None when nothing is new."""
        return in_background(self._push_to_hub)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.last_future = self.trigger()
            self._stopped.wait(self.every * 60)

    def _push_to_hub(self) -> Optional[CommitInfo]:
        if self._stopped.is_set():
            return None
        try:
            return self.push_to_hub()
        except Exception as error:
            logger.error("Error while pushing to Hub: %s", error)
            raise

    def push_to_hub(self) -> Optional[CommitInfo]:
        """Makes one commit. Files are expected to grow at their end: of each, what is there now is committed."""
        prefix = f"{self.path_in_repo.strip('/')}/" if self.path_in_repo.strip("/") else ""
        with self.lock:
            new = {}
            for path in sorted(self.folder_path.glob("**/*")):
                if path.is_file() and self._wanted(path.relative_to(self.folder_path).as_posix()):
                    stat = path.stat()
                    if self.last_uploaded.get(path) != stat.st_mtime:
                        new[path] = stat
        if not new:
            return None
        files = {path: PartialFileIO(path, stat.st_size) for path, stat in new.items()}
        operations = [
            CommitOperationAdd(prefix + path.relative_to(self.folder_path).as_posix(), file)
            for path, file in files.items()
        ]
        try:
            info = create_commit(
                self.repo_id,
                operations,
                commit_message="Scheduled Commit",
                repo_type=self.repo_type,
                revision=self.revision,
                token=self.token,
            )
        finally:
            for file in files.values():
                file.close()
        self.last_uploaded.update({path: stat.st_mtime for path, stat in new.items()})
        return info

    def _wanted(self, path: str) -> bool:
        if any(fnmatchcase(path, pattern) for pattern in self.ignore_patterns):
            return False
        return self.allow_patterns is None or any(fnmatchcase(path, pattern) for pattern in self.allow_patterns)


class PartialFileIO(io.BufferedIOBase):
    """The first part of a file that may still grow."""

    def __init__(self, path: PathLike, size: int) -> None:
        self._file = open(path, "rb")
        self._size = min(size, os.fstat(self._file.fileno()).st_size)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            return self._file.seek(self._size + offset)
        return self._file.seek(offset, whence)

    def read(self, size: Optional[int] = -1) -> bytes:
        left = max(0, self._size - self._file.tell())
        return self._file.read(left if size is None or size < 0 else min(size, left))

    def close(self) -> None:
        self._file.close()
        super().close()
