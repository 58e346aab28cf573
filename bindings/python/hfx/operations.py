"""The operations of a commit, as huggingface_hub has them. Its own are taken as well."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Optional, Union

from .commit import CommitBuilder
from .repo import Repo


def _in_repo(path: str) -> str:
    """A path as the Hub takes it; what leads out of the repository is refused by the library."""
    return path[2:] if path.startswith("./") else path.lstrip("/")


@dataclass
class CommitOperationAdd:
    """Adds a file: a path on this machine, bytes, or a binary file object that can seek."""

    path_in_repo: str
    path_or_fileobj: Union[str, Path, bytes, BinaryIO, io.BufferedIOBase]
    _is_uploaded: bool = field(init=False, repr=False, default=False)
    _is_committed: bool = field(init=False, repr=False, default=False)
    # What was sent, after `preupload_lfs_files`: its `sha256` and `size`.
    upload_info: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self.path_in_repo = _in_repo(self.path_in_repo)
        if isinstance(self.path_or_fileobj, os.PathLike):
            self.path_or_fileobj = os.fspath(self.path_or_fileobj)
        content = self.path_or_fileobj
        if isinstance(content, str):
            self.path_or_fileobj = content = os.path.normpath(os.path.expanduser(content))
            if not os.path.isfile(content):
                raise ValueError(f"Provided path: '{content}' is not a file on the local file system")
        elif isinstance(content, io.BufferedIOBase):
            if not content.seekable():
                raise ValueError("path_or_fileobj is a file-like object but does not implement seek() and tell()")
        elif not isinstance(content, bytes):
            raise ValueError("path_or_fileobj must be either an instance of str, bytes or io.BufferedIOBase")

    @contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:
        """Its content, to be read."""
        content: Any = self.path_or_fileobj
        if isinstance(content, str):
            with open(content, "rb") as file:
                yield file
        elif isinstance(content, bytes):
            yield io.BytesIO(content)
        else:
            position = content.tell()
            yield content
            content.seek(position)


@dataclass
class CommitOperationDelete:
    """Deletes a file, or a folder: one that ends with a slash, or as `is_folder` says."""

    path_in_repo: str
    is_folder: Union[bool, str] = "auto"

    def __post_init__(self) -> None:
        self.path_in_repo = _in_repo(self.path_in_repo)
        if self.is_folder == "auto":
            self.is_folder = self.path_in_repo.endswith("/")
        if not isinstance(self.is_folder, bool):
            raise ValueError(f"Wrong value for `is_folder`: {self.is_folder!r} is not True, False or 'auto'")


@dataclass
class CommitOperationCopy:
    """Copies a file within the repository, or from another one."""

    src_path_in_repo: str
    path_in_repo: str
    src_revision: Optional[str] = None
    src_repo_id: Optional[str] = None
    src_repo_type: Optional[str] = None

    def __post_init__(self) -> None:
        self.src_path_in_repo = _in_repo(self.src_path_in_repo)
        self.path_in_repo = _in_repo(self.path_in_repo)
        if (self.src_repo_id is None) != (self.src_repo_type is None):
            raise ValueError("`src_repo_id` and `src_repo_type` go together")


CommitOperation = Union[CommitOperationAdd, CommitOperationDelete, CommitOperationCopy]


def add_to(builder: CommitBuilder, operation: Any, target: Repo) -> None:
    """Adds an operation, of this package or of huggingface_hub, to a commit to come."""
    if hasattr(operation, "path_or_fileobj"):
        content = operation.path_or_fileobj
        if getattr(operation, "_is_uploaded", False):
            info = operation.upload_info
            builder.add_lfs(operation.path_in_repo, info.sha256.hex(), info.size)
        elif isinstance(content, bytes):
            builder.add_bytes(operation.path_in_repo, content)
        elif isinstance(content, (str, os.PathLike)):
            builder.add_file(operation.path_in_repo, content)
        else:
            builder.add_fileobj(operation.path_in_repo, content)
    elif hasattr(operation, "src_path_in_repo"):
        source = None
        if operation.src_repo_id is not None or operation.src_revision is not None:
            source = Repo(
                operation.src_repo_id or target.id,
                revision=operation.src_revision or target.revision,
                kind=operation.src_repo_type or target.kind,
            )
        builder.copy_file(operation.src_path_in_repo, operation.path_in_repo, source)
    elif hasattr(operation, "is_folder"):
        if operation.is_folder:
            builder.delete_folder(operation.path_in_repo.rstrip("/"))
        else:
            builder.delete_file(operation.path_in_repo)
    else:
        raise TypeError(f"{operation!r} is no operation of a commit")
