"""The cache: what is in it, and what to delete of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ._library import Handle, lib, make, path, strings, text, utf8
from .repo import KIND_NAMES, KINDS


@dataclass(frozen=True)
class CachedFile:
    """A file of a cached revision."""

    name: str
    size: int


@dataclass(frozen=True)
class CachedRevision:
    """A cached revision; one without refs is detached."""

    commit: str
    path: str
    size: int
    refs: tuple[str, ...]
    files: tuple[CachedFile, ...]


@dataclass(frozen=True)
class CachedRepo:
    """A cached repository; `last_used` is in seconds since 1970."""

    id: str
    kind: str
    path: str
    size: int
    last_used: float
    revisions: tuple[CachedRevision, ...]


class Deletion(Handle):
    """What will be deleted; nothing is until `Client.delete_cached`."""

    FREE = "hfx_deletion_free"

    @property
    def freed(self) -> int:
        """The bytes that it frees, as far as can be told before."""
        return lib.hfx_deletion_freed(self)


class Cache(Handle):
    """A cache as it was when it was looked over."""

    FREE = "hfx_cache_free"

    def __init__(self, pointer: Optional[int]) -> None:
        super().__init__(pointer)
        self.path: str = path(lib.hfx_cache_path(pointer))
        self.size: int = lib.hfx_cache_size(pointer)
        self.warnings = [
            text(lib.hfx_cache_warning(pointer, index)) for index in range(lib.hfx_cache_warning_count(pointer))
        ]
        self.repos = [self._repo(index) for index in range(lib.hfx_cache_repo_count(pointer))]

    def _repo(self, repo: int) -> CachedRepo:
        at = self, repo
        return CachedRepo(
            id=text(lib.hfx_cache_repo_id(*at)),
            kind=KIND_NAMES[lib.hfx_cache_repo_kind(*at)],
            path=path(lib.hfx_cache_repo_path(*at)),
            size=lib.hfx_cache_repo_size(*at),
            last_used=lib.hfx_cache_repo_last_used_ms(*at) / 1000,
            revisions=tuple(self._revision(repo, index) for index in range(lib.hfx_cache_revision_count(*at))),
        )

    def _revision(self, repo: int, revision: int) -> CachedRevision:
        at = self, repo, revision
        refs: list[str] = []
        while (ref := lib.hfx_cache_revision_ref(*at, len(refs))) is not None:
            refs.append(text(ref))
        return CachedRevision(
            commit=text(lib.hfx_cache_revision_commit(*at)),
            path=path(lib.hfx_cache_revision_path(*at)),
            size=lib.hfx_cache_revision_size(*at),
            refs=tuple(refs),
            files=tuple(
                CachedFile(text(lib.hfx_cache_file_name(*at, index)), lib.hfx_cache_file_size(*at, index))
                for index in range(lib.hfx_cache_file_count(*at))
            ),
        )

    def delete_revisions(self, *commits: str) -> Deletion:
        """Plans the deletion of revisions by their commits; blobs that a kept one shares stay."""
        names = list(commits)
        return Deletion(make(lib.hfx_cache_delete_revisions, self, strings(names), len(names)))

    def delete_repo(self, id: str, kind: str = "model") -> Deletion:
        return Deletion(make(lib.hfx_cache_delete_repo, self, KINDS[kind], utf8(id)))

    def prune(self) -> Deletion:
        """Plans a clean-up: revisions without a ref, and unfinished downloads that nobody is at."""
        return Deletion(make(lib.hfx_cache_prune, self))
