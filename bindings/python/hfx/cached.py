"""`scan_cache_dir` with the values that huggingface_hub gives."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._default import client
from .cache import Cache, CachedRepo, CachedRevision, Deletion
from .options import Options


class CacheNotFound(Exception):
    """There is no cache folder."""

    def __init__(self, message: str, cache_dir: Any) -> None:
        super().__init__(message)
        self.cache_dir = cache_dir


class CorruptedCacheException(Exception):
    """Something in the cache is not what it must be."""


@dataclass(frozen=True)
class CachedFileInfo:
    file_name: str
    file_path: Path
    blob_path: Path
    size_on_disk: int
    blob_last_accessed: float
    blob_last_modified: float


@dataclass(frozen=True)
class CachedRevisionInfo:
    commit_hash: str
    snapshot_path: Path
    size_on_disk: int
    files: frozenset[CachedFileInfo]
    refs: frozenset[str]
    last_modified: float

    @property
    def nb_files(self) -> int:
        return len(self.files)


@dataclass(frozen=True)
class CachedRepoInfo:
    repo_id: str
    repo_type: str
    repo_path: Path
    size_on_disk: int
    nb_files: int
    revisions: frozenset[CachedRevisionInfo]
    last_accessed: float
    last_modified: float

    @property
    def refs(self) -> dict[str, CachedRevisionInfo]:
        return {ref: revision for revision in self.revisions for ref in revision.refs}


@dataclass(frozen=True)
class CachedIncompleteFileInfo:
    file_path: Path
    size_on_disk: int


class DeleteCacheStrategy:
    """A deletion to come: `execute` does it."""

    def __init__(self, deletion: Deletion) -> None:
        self._deletion = deletion
        self.expected_freed_size = deletion.freed

    def execute(self) -> None:
        client().delete_cached(self._deletion).result()


@dataclass(frozen=True)
class HFCacheInfo:
    """All of a cache."""

    size_on_disk: int
    repos: frozenset[CachedRepoInfo]
    incomplete_files: frozenset[CachedIncompleteFileInfo]
    warnings: list[CorruptedCacheException]
    cache_dir: Path
    _cache: Cache

    @property
    def incomplete_size_on_disk(self) -> int:
        return sum(file.size_on_disk for file in self.incomplete_files)

    def delete_revisions(self, *revisions: str) -> DeleteCacheStrategy:
        """Plans the deletion of revisions by their commits."""
        return DeleteCacheStrategy(self._cache.delete_revisions(*revisions))


def _revision(revision: CachedRevision) -> CachedRevisionInfo:
    folder = Path(revision.path)
    files = []
    for file in revision.files:
        blob = Path(os.path.realpath(folder / file.name))
        stat = blob.stat()
        files.append(
            CachedFileInfo(Path(file.name).name, folder / file.name, blob, file.size, stat.st_atime, stat.st_mtime)
        )
    return CachedRevisionInfo(
        commit_hash=revision.commit,
        snapshot_path=folder,
        size_on_disk=revision.size,
        files=frozenset(files),
        refs=frozenset(revision.refs),
        last_modified=max((file.blob_last_modified for file in files), default=folder.stat().st_mtime),
    )


def _repo(repo: CachedRepo) -> CachedRepoInfo:
    revisions = frozenset(map(_revision, repo.revisions))
    files = [file for revision in revisions for file in revision.files]
    stat = Path(repo.path).stat()
    return CachedRepoInfo(
        repo_id=repo.id,
        repo_type=repo.kind,
        repo_path=Path(repo.path),
        size_on_disk=repo.size,
        nb_files=len({file.blob_path for file in files}),
        revisions=revisions,
        last_accessed=max((file.blob_last_accessed for file in files), default=stat.st_atime),
        last_modified=max((file.blob_last_modified for file in files), default=stat.st_mtime),
    )


def scan_cache_dir(cache_dir: Any = None) -> HFCacheInfo:
    """Looks the cache over: repositories, revisions, files, sizes."""
    folder = Path(cache_dir if cache_dir is not None else Options.from_env()["cache_dir"]).expanduser().resolve()
    if not folder.exists():
        raise CacheNotFound(f"Cache directory not found: {folder}", cache_dir=folder)
    if folder.is_file():
        raise ValueError(f"Scan cache expects a directory but found a file: {folder}")
    cache = client().scan_cache(cache_dir=folder).result()
    partials = [
        CachedIncompleteFileInfo(path, path.stat().st_size)
        for repo in cache.repos
        for path in Path(repo.path, "blobs").glob("*.incomplete")
    ]
    return HFCacheInfo(
        size_on_disk=cache.size,
        repos=frozenset(map(_repo, cache.repos)),
        incomplete_files=frozenset(partials),
        warnings=[CorruptedCacheException(warning) for warning in cache.warnings],
        cache_dir=folder,
        _cache=cache,
    )
