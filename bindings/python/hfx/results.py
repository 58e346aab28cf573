"""What jobs come to, as plain values."""

from __future__ import annotations

import ctypes
import json
from ctypes import byref, c_int32
from dataclasses import dataclass
from typing import Any, Optional

from . import _native as n
from ._library import Handle, call, lib, make, path, take_error, text, utf8
from .cache import Cache
from .errors import HfxError
from .progress import FILE_STATES

VERIFIED = {n.HFX_VERIFIED_NONE: "none", n.HFX_VERIFIED_HASH: "hash", n.HFX_VERIFIED_LENGTH: "length"}
REF_KINDS = {
    n.HFX_REF_BRANCH: "branch",
    n.HFX_REF_TAG: "tag",
    n.HFX_REF_CONVERT: "convert",
    n.HFX_REF_PULL_REQUEST: "pull_request",
}
HOW = {
    n.HFX_COMMITTED_REGULAR: "regular",
    n.HFX_COMMITTED_LFS: "lfs",
    n.HFX_COMMITTED_UNCHANGED: "unchanged",
    n.HFX_COMMITTED_IGNORED: "ignored",
    n.HFX_COMMITTED_DELETED: "deleted",
}


class _CachedNoExist:
    """The type of `_CACHED_NO_EXIST`: the repository is known not to have the file."""

    def __repr__(self) -> str:
        return "_CACHED_NO_EXIST"

    def __reduce__(self) -> str:
        return "_CACHED_NO_EXIST"


_CACHED_NO_EXIST = _CachedNoExist()


@dataclass(frozen=True)
class File:
    """A file that is where it was wanted (in a dry run: would be); `error` says why one of a snapshot is not."""

    name: str
    path: str
    etag: str
    commit: str
    size: int
    verified: str
    state: str
    error: Optional[HfxError] = None

    def __fspath__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Snapshot:
    """A folder with the files of a revision."""

    path: str
    commit: str
    files: tuple[File, ...]

    def __fspath__(self) -> str:
        return self.path


@dataclass(frozen=True)
class Received:
    """What a read brought: `data` is None when it went into the caller's memory or to a callback."""

    data: Optional[bytes]
    length: int
    file_size: int
    verified: str
    commit: Optional[str]
    etag: Optional[str]


@dataclass(frozen=True)
class Meta:
    """What the Hub says of a file."""

    commit: str
    etag: str
    url: str
    xet_hash: Optional[str]
    size: int


@dataclass(frozen=True)
class Info:
    """What the Hub says of a repository; `json` is its whole answer."""

    id: str
    commit: str
    private: bool
    gated: bool
    disabled: bool
    json: dict


@dataclass(frozen=True)
class TreeFile:
    """A file of a listing."""

    path: str
    etag: str
    size: int
    lfs: bool


@dataclass(frozen=True)
class Ref:
    """A branch, tag, conversion or pull request."""

    name: str
    ref: str
    target_commit: str
    kind: str


@dataclass(frozen=True)
class Commit:
    """A commit of a list, newest first."""

    id: str
    title: str
    message: str
    date: str
    authors: tuple[str, ...]


@dataclass(frozen=True)
class CommittedFile:
    """A file of a commit; `how` is regular, lfs, unchanged, ignored or deleted."""

    path: str
    size: int
    oid: Optional[str]
    how: str


@dataclass(frozen=True)
class Committed:
    """What a commit, an upload or a preupload came to."""

    commit: Optional[str]
    url: str
    commit_count: int
    pull_request: Optional[int]
    pull_request_url: Optional[str]
    files: tuple[CommittedFile, ...]


@dataclass(frozen=True)
class Verification:
    """What hashing the cached files has found."""

    checked: int
    bytes: int
    mismatches: tuple[tuple[str, str, str], ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


class Reply(Handle):
    """An answer of the Hub's API."""

    FREE = "hfx_reply_free"

    @property
    def status(self) -> int:
        return lib.hfx_reply_status(self)

    @property
    def body(self) -> str:
        return text(lib.hfx_reply_body(self))

    @property
    def request_id(self) -> Optional[str]:
        return text(lib.hfx_reply_request_id(self))

    @property
    def next(self) -> Optional[str]:
        """Where the next page is."""
        return text(lib.hfx_reply_next(self))

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    def value(self, pointer: str) -> Optional[str]:
        """One value by its JSON Pointer, as "/orgs/0/name"."""
        return text(lib.hfx_reply_value(self, utf8(pointer)))

    def header(self, name: str) -> Optional[str]:
        return text(lib.hfx_reply_header(self, utf8(name)))


def _all(getter: Any, *arguments: Any) -> tuple:
    found: list = []
    while (value := getter(*arguments, len(found))) is not None:
        found.append(text(value))
    return tuple(found)


def _taken(take: Any, free: Any, read: Any) -> Any:
    """A taker: what `take` gives for a job is read into plain values and freed."""

    def taker(job: Handle) -> Any:
        pointer = make(take, job)
        try:
            return read(pointer)
        finally:
            free(pointer)

    return taker


def read_file(pointer: int) -> File:
    error = lib.hfx_file_error(pointer)
    return File(
        name=text(lib.hfx_file_name(pointer)),
        path=path(lib.hfx_file_path(pointer)),
        etag=text(lib.hfx_file_etag(pointer)),
        commit=text(lib.hfx_file_commit(pointer)),
        size=lib.hfx_file_size(pointer),
        verified=VERIFIED.get(lib.hfx_file_verified(pointer), "unknown"),
        state=FILE_STATES.get(lib.hfx_file_state(pointer), "unknown"),
        error=take_error(error, lent=True) if error else None,
    )


def _snapshot(pointer: int) -> Snapshot:
    files = (lib.hfx_snapshot_file(pointer, index) for index in range(lib.hfx_snapshot_count(pointer)))
    return Snapshot(
        path=path(lib.hfx_snapshot_path(pointer)),
        commit=text(lib.hfx_snapshot_commit(pointer)),
        files=tuple(map(read_file, files)),
    )


def _received(pointer: int) -> Received:
    data = lib.hfx_bytes_data(pointer)
    length = lib.hfx_bytes_length(pointer)
    return Received(
        data=ctypes.string_at(data, length) if data else (b"" if length == 0 else None),
        length=length,
        file_size=lib.hfx_bytes_file_size(pointer),
        verified=VERIFIED.get(lib.hfx_bytes_verified(pointer), "unknown"),
        commit=text(lib.hfx_bytes_commit(pointer)),
        etag=text(lib.hfx_bytes_etag(pointer)),
    )


def read_meta(pointer: int) -> Meta:
    return Meta(
        commit=text(lib.hfx_meta_commit(pointer)),
        etag=text(lib.hfx_meta_etag(pointer)),
        url=text(lib.hfx_meta_url(pointer)),
        xet_hash=text(lib.hfx_meta_xet_hash(pointer)),
        size=lib.hfx_meta_size(pointer),
    )


def _info(pointer: int) -> Info:
    return Info(
        id=text(lib.hfx_info_id(pointer)),
        commit=text(lib.hfx_info_commit(pointer)),
        private=bool(lib.hfx_info_private(pointer)),
        gated=bool(lib.hfx_info_gated(pointer)),
        disabled=bool(lib.hfx_info_disabled(pointer)),
        json=json.loads(text(lib.hfx_info_json(pointer))),
    )


def _tree(pointer: int) -> list[TreeFile]:
    return [
        TreeFile(
            path=text(lib.hfx_tree_path(pointer, index)),
            etag=text(lib.hfx_tree_etag(pointer, index)),
            size=lib.hfx_tree_size(pointer, index),
            lfs=bool(lib.hfx_tree_is_lfs(pointer, index)),
        )
        for index in range(lib.hfx_tree_count(pointer))
    ]


def _refs(pointer: int) -> list[Ref]:
    return [
        Ref(
            name=text(lib.hfx_refs_name(pointer, index)),
            ref=text(lib.hfx_refs_full_name(pointer, index)),
            target_commit=text(lib.hfx_refs_commit(pointer, index)),
            kind=REF_KINDS.get(lib.hfx_refs_kind(pointer, index), "unknown"),
        )
        for index in range(lib.hfx_refs_count(pointer))
    ]


def _commits(pointer: int) -> list[Commit]:
    return [
        Commit(
            id=text(lib.hfx_history_id(pointer, index)),
            title=text(lib.hfx_history_title(pointer, index)),
            message=text(lib.hfx_history_message(pointer, index)),
            date=text(lib.hfx_history_date(pointer, index)),
            authors=_all(lib.hfx_history_author, pointer, index),
        )
        for index in range(lib.hfx_history_count(pointer))
    ]


def _committed(pointer: int) -> Committed:
    return Committed(
        commit=text(lib.hfx_committed_commit(pointer)),
        url=text(lib.hfx_committed_url(pointer)) or "",
        commit_count=lib.hfx_committed_commit_count(pointer),
        pull_request=lib.hfx_committed_pull_request(pointer) or None,
        pull_request_url=text(lib.hfx_committed_pull_request_url(pointer)),
        files=tuple(
            CommittedFile(
                path=text(lib.hfx_committed_file_path(pointer, index)),
                size=lib.hfx_committed_file_size(pointer, index),
                oid=text(lib.hfx_committed_file_oid(pointer, index)),
                how=HOW.get(lib.hfx_committed_file_how(pointer, index), "unknown"),
            )
            for index in range(lib.hfx_committed_file_count(pointer))
        ),
    )


def _parts(pointer: int) -> list[dict[str, str]]:
    parts = []
    for index in range(lib.hfx_parts_count(pointer)):
        names = [
            lib.hfx_parts_header_name(pointer, index, header)
            for header in range(lib.hfx_parts_header_count(pointer, index))
        ]
        parts.append({text(name): text(lib.hfx_parts_header(pointer, index, name)) for name in names})
    return parts


def _verification(pointer: int) -> Verification:
    columns = (lib.hfx_verification_mismatch, lib.hfx_verification_expected, lib.hfx_verification_actual)
    return Verification(
        checked=lib.hfx_verification_checked(pointer),
        bytes=lib.hfx_verification_bytes(pointer),
        mismatches=tuple(zip(*(_all(column, pointer) for column in columns))),
        missing=_all(lib.hfx_verification_missing, pointer),
        unknown=_all(lib.hfx_verification_unknown, pointer),
    )


take_file = _taken(lib.hfx_job_take_file, lib.hfx_file_free, read_file)
take_snapshot = _taken(lib.hfx_job_take_snapshot, lib.hfx_snapshot_free, _snapshot)
take_outcomes = _taken(lib.hfx_job_take_outcomes, lib.hfx_snapshot_free, _snapshot)
take_bytes = _taken(lib.hfx_job_take_bytes, lib.hfx_bytes_free, _received)
take_meta = _taken(lib.hfx_job_take_meta, lib.hfx_meta_free, read_meta)
take_info = _taken(lib.hfx_job_take_info, lib.hfx_info_free, _info)
take_tree = _taken(lib.hfx_job_take_tree, lib.hfx_tree_free, _tree)
take_refs = _taken(lib.hfx_job_take_refs, lib.hfx_refs_free, _refs)
take_commits = _taken(lib.hfx_job_take_history, lib.hfx_history_free, _commits)
take_committed = _taken(lib.hfx_job_take_committed, lib.hfx_committed_free, _committed)
take_parts = _taken(lib.hfx_job_take_parts, lib.hfx_parts_free, _parts)
take_verification = _taken(lib.hfx_job_take_verification, lib.hfx_verification_free, _verification)


def take_reply(job: Handle) -> Reply:
    return Reply(make(lib.hfx_job_take_reply, job))


def take_cache(job: Handle) -> Cache:
    return Cache(make(lib.hfx_job_take_cache, job))


def take_freed(job: Any) -> int:
    """The bytes that a deletion has freed."""
    call(lib.hfx_job_check, job)
    return job.progress().bytes_done


def take_exists(job: Handle) -> bool:
    exists = c_int32()
    call(lib.hfx_job_take_exists, job, byref(exists))
    return bool(exists.value)


def take_nothing(job: Handle) -> None:
    call(lib.hfx_job_check, job)
