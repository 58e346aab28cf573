"""Uploads and commits with the arguments of huggingface_hub."""

from __future__ import annotations

import functools
import os
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable, Iterable, Optional, Union

from ._default import allowed, client, patterns, repo_type_of, token_option

from .commit import CommitBuilder
from .downloads import PathLike, Token
from .operations import CommitOperation, CommitOperationAdd, CommitOperationDelete, add_to
from .options import Options
from .progress import default_bar
from .repo import Repo
from .results import Committed
from .urls import CommitInfo


@functools.lru_cache(maxsize=1)
def _background(process: int) -> ThreadPoolExecutor:
    """As in huggingface_hub, jobs in the background run one after another; a forked child has its own thread."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="hfx")


def in_background(function: Callable[[], Any]) -> Future:
    return _background(os.getpid()).submit(function)


def _info(made: Committed, message: str, description: Optional[str], repo: Repo) -> CommitInfo:
    endpoint = Options.from_env()["endpoint"].rstrip("/")
    prefix = "" if repo.kind == "model" else f"{repo.kind}s/"
    url = made.url or f"{endpoint}/{prefix}{repo.id}/commit/{made.commit}"
    return CommitInfo(
        commit_url=url,
        commit_message=message,
        commit_description=description or "",
        oid=made.commit or "",
        _endpoint=endpoint,
        pr_url=made.pull_request_url,
    )


def _only_hint(num_threads: int) -> None:
    if num_threads != 5:
        warnings.warn("num_threads: hfx finds the number of connections itself", stacklevel=3)


def create_commit(
    repo_id: str,
    operations: Iterable[CommitOperation],
    *,
    commit_message: str,
    commit_description: Optional[str] = None,
    token: Token = None,
    repo_type: Optional[str] = None,
    revision: Optional[str] = None,
    create_pr: Optional[bool] = None,
    num_threads: int = 5,
    parent_commit: Optional[str] = None,
    run_as_future: bool = False,
) -> Any:
    """Makes a commit of operations; a `CommitInfo`, or a Future of it with `run_as_future`."""
    if not commit_message:
        raise ValueError("`commit_message` can't be empty, please pass a value.")
    _only_hint(num_threads)
    repo = Repo(repo_id, revision=revision, kind=repo_type_of(repo_type))
    operations = list(operations)
    options = {
        "token": token_option(token),
        "commit_message": commit_message,
        "commit_description": commit_description,
        "create_pr": create_pr,
        "parent_commit": parent_commit,
    }

    def commit() -> CommitInfo:
        builder = CommitBuilder()
        for operation in operations:
            add_to(builder, operation, repo)
        bar = default_bar(f"Committing to {repo_id}")
        made = client().commit(repo, builder, progress=bar, **options).result()
        for operation in operations:
            if isinstance(operation, CommitOperationAdd):
                operation._is_committed = True
        return _info(made, commit_message, commit_description, repo)

    return in_background(commit) if run_as_future else commit()


def preupload_lfs_files(
    repo_id: str,
    additions: Iterable[CommitOperationAdd],
    *,
    token: Token = None,
    repo_type: Optional[str] = None,
    revision: Optional[str] = None,
    create_pr: Optional[bool] = None,
    num_threads: int = 5,
    free_memory: bool = True,
    gitignore_content: Optional[str] = None,
) -> None:
    """Sends the LFS content of operations whose commit comes later, and lets go of it."""
    _only_hint(num_threads)
    if gitignore_content is not None:
        raise NotImplementedError("gitignore_content: the repository's own .gitignore is what counts")
    repo = Repo(repo_id, revision=revision, kind=repo_type_of(repo_type))
    waiting = {one.path_in_repo: one for one in additions if not one._is_uploaded}
    builder = CommitBuilder()
    for operation in waiting.values():
        add_to(builder, operation, repo)
    options = {"token": token_option(token), "create_pr": create_pr}
    sent = client().preupload(repo, builder, progress=default_bar("Uploading"), **options).result()
    for file in sent.files:
        if file.how == "lfs" and file.oid:
            operation = waiting[file.path]
            operation.upload_info = SimpleNamespace(sha256=bytes.fromhex(file.oid), size=file.size)
            operation._is_uploaded = True
            if free_memory:
                operation.path_or_fileobj = b""


def upload_file(
    *,
    path_or_fileobj: Any,
    path_in_repo: str,
    repo_id: str,
    token: Token = None,
    repo_type: Optional[str] = None,
    revision: Optional[str] = None,
    commit_message: Optional[str] = None,
    commit_description: Optional[str] = None,
    create_pr: Optional[bool] = None,
    parent_commit: Optional[str] = None,
    run_as_future: bool = False,
) -> Any:
    """Uploads a file, bytes or a binary file object in a commit of its own."""
    return create_commit(
        repo_id,
        [CommitOperationAdd(path_in_repo, path_or_fileobj)],
        commit_message=f"Upload {path_in_repo} with hfx" if commit_message is None else commit_message,
        commit_description=commit_description,
        token=token,
        repo_type=repo_type,
        revision=revision,
        create_pr=create_pr,
        parent_commit=parent_commit,
        run_as_future=run_as_future,
    )


def upload_folder(
    *,
    repo_id: str,
    folder_path: PathLike,
    path_in_repo: Optional[str] = None,
    commit_message: Optional[str] = None,
    commit_description: Optional[str] = None,
    token: Token = None,
    repo_type: Optional[str] = None,
    revision: Optional[str] = None,
    create_pr: Optional[bool] = None,
    parent_commit: Optional[str] = None,
    allow_patterns: Union[list[str], str, None] = None,
    ignore_patterns: Union[list[str], str, None] = None,
    delete_patterns: Union[list[str], str, None] = None,
    run_as_future: bool = False,
) -> Any:
    """Uploads a folder; many files make several commits, and after a failure the same call goes on."""
    folder = Path(folder_path).expanduser()
    if not folder.is_dir():
        raise ValueError(f"Provided path: '{folder}' is not a directory")
    repo = Repo(repo_id, revision=revision, kind=repo_type_of(repo_type))
    message = commit_message or "Upload folder using hfx"
    options = {
        "token": token_option(token),
        "commit_message": message,
        "commit_description": commit_description,
        "create_pr": create_pr,
        "parent_commit": parent_commit,
        "include": allowed(allow_patterns),
        "exclude": patterns(ignore_patterns),
        "delete": patterns(delete_patterns),
    }

    def upload() -> CommitInfo:
        bar = default_bar(f"Uploading to {repo_id}")
        made = client().upload_folder(repo, folder, path_in_repo or None, progress=bar, **options).result()
        return _info(made, message, commit_description, repo)

    return in_background(upload) if run_as_future else upload()


def delete_file(path_in_repo: str, repo_id: str, **more: Any) -> CommitInfo:
    """Deletes a file, in a commit; the other arguments are those of `create_commit`."""
    more["commit_message"] = more.get("commit_message") or f"Delete {path_in_repo} with hfx"
    return create_commit(repo_id, [CommitOperationDelete(path_in_repo, is_folder=False)], **more)


def delete_folder(path_in_repo: str, repo_id: str, **more: Any) -> CommitInfo:
    """Deletes a folder, in a commit; the other arguments are those of `create_commit`."""
    more["commit_message"] = more.get("commit_message") or f"Delete folder {path_in_repo} with hfx"
    return create_commit(repo_id, [CommitOperationDelete(path_in_repo, is_folder=True)], **more)
