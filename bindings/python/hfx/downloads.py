"""Downloads with the arguments of huggingface_hub."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Optional, Union
from urllib.parse import quote

from ._default import agent, allowed, client, patterns, repo_type_of, token_option
from .errors import JobTimeoutError, LocalEntryNotFoundError, NetworkError
from .job import Job
from .options import Options
from .progress import default_bar
from .repo import Repo
from .results import File

PathLike = Union[str, "os.PathLike[str]"]
Token = Union[str, bool, None]


@dataclass
class DryRunFileInfo:
    """What a download of a file would do."""

    commit_hash: str
    file_size: Optional[int]
    filename: str
    local_path: str
    is_cached: bool
    will_download: bool


def _dry(file: File) -> DryRunFileInfo:
    planned = file.state == "planned"
    return DryRunFileInfo(
        commit_hash=file.commit,
        file_size=file.size,
        filename=file.name,
        local_path=file.path,
        is_cached=os.path.exists(file.path),
        will_download=planned,
    )


def _result(job: Job) -> Any:
    """The result; a Hub that can't be reached is what huggingface_hub makes of it: not in the cache."""
    try:
        return job.result()
    except (NetworkError, JobTimeoutError) as error:
        missing = LocalEntryNotFoundError(
            f"the Hub can't be reached, and the cache does not hold what was asked for: {error}"
        )
        missing.__dict__.update({name: value for name, value in error.__dict__.items() if name != "args"})
        raise missing from error


def _options(
    cache_dir: Optional[PathLike],
    local_dir: Optional[PathLike],
    force_download: bool,
    etag_timeout: float,
    token: Token,
    local_files_only: bool,
    headers: Optional[dict[str, str]],
    endpoint: Optional[str],
    dry_run: bool,
) -> dict[str, Any]:
    return {
        "cache_dir": None if cache_dir is None else os.path.expanduser(cache_dir),
        "local_dir": None if local_dir is None else os.path.expanduser(local_dir),
        "force": force_download,
        # 10, its default, leaves it to the client, whose bound is for data as well.
        "head_timeout_ms": None if etag_timeout == 10 else max(1, int(etag_timeout * 1000)),
        "token": token_option(token),
        "local_files_only": local_files_only or None,
        "headers": headers or None,
        "endpoint": endpoint,
        "dry_run": dry_run,
    }


def hf_hub_download(
    repo_id: str,
    filename: str,
    *,
    subfolder: Optional[str] = None,
    repo_type: Optional[str] = None,
    revision: Optional[str] = None,
    library_name: Optional[str] = None,
    library_version: Optional[str] = None,
    cache_dir: Optional[PathLike] = None,
    local_dir: Optional[PathLike] = None,
    user_agent: Union[dict, str, None] = None,
    force_download: bool = False,
    etag_timeout: float = 10,
    token: Token = None,
    local_files_only: bool = False,
    headers: Optional[dict[str, str]] = None,
    endpoint: Optional[str] = None,
    tqdm_class: Any = None,
    dry_run: bool = False,
) -> Any:
    """Downloads a file into the cache, if it is not there; its path (a `DryRunFileInfo` with `dry_run`)."""
    if subfolder:
        filename = f"{subfolder}/{filename}"
    options = _options(
        cache_dir, local_dir, force_download, etag_timeout, token, local_files_only, headers, endpoint, dry_run
    )
    repo = Repo(repo_id, revision=revision, kind=repo_type_of(repo_type))
    bar = default_bar(filename, tqdm_class)
    job = client(agent(library_name, library_version, user_agent)).download_file(
        repo, filename, progress=bar, **options
    )
    file = _result(job)
    return _dry(file) if dry_run else file.path


def snapshot_download(
    repo_id: str,
    *,
    repo_type: Optional[str] = None,
    revision: Optional[str] = None,
    cache_dir: Optional[PathLike] = None,
    local_dir: Optional[PathLike] = None,
    library_name: Optional[str] = None,
    library_version: Optional[str] = None,
    user_agent: Union[dict, str, None] = None,
    etag_timeout: float = 10,
    force_download: bool = False,
    token: Token = None,
    local_files_only: bool = False,
    allow_patterns: Union[list[str], str, None] = None,
    ignore_patterns: Union[list[str], str, None] = None,
    max_workers: int = 8,
    tqdm_class: Any = None,
    headers: Optional[dict[str, str]] = None,
    endpoint: Optional[str] = None,
    dry_run: bool = False,
) -> Any:
    """Downloads a revision, or what the patterns let through; its folder (`DryRunFileInfo`s with `dry_run`).

    `max_workers` bounds the files in work at once; as 8, its default, hfx finds the number itself.
    """
    options = _options(
        cache_dir, local_dir, force_download, etag_timeout, token, local_files_only, headers, endpoint, dry_run
    )
    options.update(include=allowed(allow_patterns), exclude=patterns(ignore_patterns))
    options.update(max_workers=None if max_workers == 8 else max_workers)
    repo = Repo(repo_id, revision=revision, kind=repo_type_of(repo_type))
    bar = default_bar(f"Fetching {repo_id}", tqdm_class)
    job = client(agent(library_name, library_version, user_agent)).download_snapshot(repo, progress=bar, **options)
    snapshot = _result(job)
    return list(map(_dry, snapshot.files)) if dry_run else snapshot.path


def try_to_load_from_cache(
    repo_id: str,
    filename: str,
    cache_dir: Optional[PathLike] = None,
    revision: Optional[str] = None,
    repo_type: Optional[str] = None,
) -> Any:
    """The path of a cached file; `_CACHED_NO_EXIST` when it is known not to exist; None when nothing is known."""
    repo = Repo(repo_id, revision=revision, kind=repo_type_of(repo_type))
    folder = None if cache_dir is None else os.path.expanduser(cache_dir)
    found = client().lookup(repo, filename, cache_dir=folder)
    return found.path if isinstance(found, File) else found


def hf_hub_url(
    repo_id: str,
    filename: str,
    *,
    subfolder: Optional[str] = None,
    repo_type: Optional[str] = None,
    revision: Optional[str] = None,
    endpoint: Optional[str] = None,
) -> str:
    """The address of a file on the Hub."""
    if subfolder:
        filename = f"{subfolder}/{filename}"
    kind = repo_type_of(repo_type) or "model"
    prefix = "" if kind == "model" else f"{kind}s/"
    endpoint = (endpoint or Options.from_env()["endpoint"]).rstrip("/")
    return f"{endpoint}/{prefix}{repo_id}/resolve/{quote(revision or 'main', safe='')}/{quote(filename)}"
