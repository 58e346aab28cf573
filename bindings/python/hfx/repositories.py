"""Repositories with the arguments of huggingface_hub."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, Optional
from urllib.parse import quote, urlencode

from ._default import client, repo_type_of, token_option
from .downloads import Token
from .errors import RepositoryNotFoundError, RevisionNotFoundError
from .options import Options
from .repo import Repo
from .results import Ref
from .urls import RepoUrl


def _repo(repo_id: str, repo_type: Optional[str], revision: Optional[str] = None) -> Repo:
    return Repo(repo_id, revision=revision, kind=repo_type_of(repo_type))


def list_repo_files(
    repo_id: str, *, revision: Optional[str] = None, repo_type: Optional[str] = None, token: Token = None
) -> list[str]:
    """The paths of a repository's files."""
    job = client().list_files(_repo(repo_id, repo_type, revision), token=token_option(token))
    return [file.path for file in job.result()]


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")


@dataclass
class RepoSibling:
    """A file of a repository; size and hashes with `files_metadata` alone."""

    rfilename: str
    size: Optional[int] = None
    blob_id: Optional[str] = None
    lfs: Any = None


class RepoInfo(SimpleNamespace):
    """What the Hub says of a repository: its answer's keys as attributes, in snake case; None for what it left out."""

    def __init__(self, answer: dict) -> None:
        fields = {_snake(name): value for name, value in answer.items() if name != "_id"}
        for name in ("created_at", "last_modified"):
            if fields.get(name):
                fields[name] = _time(fields[name])
        if fields.get("siblings") is not None:
            fields["siblings"] = [
                RepoSibling(one["rfilename"], one.get("size"), one.get("blobId"), one.get("lfs"))
                for one in fields["siblings"]
            ]
        super().__init__(**fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def repo_info(
    repo_id: str,
    *,
    revision: Optional[str] = None,
    repo_type: Optional[str] = None,
    timeout: Optional[float] = None,
    files_metadata: bool = False,
    expand: Any = None,
    token: Token = None,
) -> RepoInfo:
    """What the Hub says of a repository at a revision."""
    if expand and files_metadata:
        raise ValueError("`expand` cannot be used if `files_metadata` is set.")
    options: dict[str, Any] = {
        "token": token_option(token),
        "head_timeout_ms": None if timeout is None else max(1, int(timeout * 1000)),
    }
    repo = _repo(repo_id, repo_type, revision)
    if not expand and not files_metadata:
        return RepoInfo(client().repo_info(repo, **options).result().json)
    query = urlencode([("expand", name) for name in ([expand] if isinstance(expand, str) else expand or [])])
    at = f"/revision/{quote(revision, safe='')}" if revision else ""
    target = f"/api/{repo.kind}s/{repo.id}{at}?{query or 'blobs=true'}"
    return RepoInfo(client().call("GET", target, **options).result().json())


def repo_exists(repo_id: str, *, repo_type: Optional[str] = None, token: Token = None) -> bool:
    return client().repo_exists(_repo(repo_id, repo_type), token=token_option(token)).result()


def revision_exists(repo_id: str, revision: str, *, repo_type: Optional[str] = None, token: Token = None) -> bool:
    return client().repo_exists(_repo(repo_id, repo_type, revision), token=token_option(token)).result()


def file_exists(
    repo_id: str,
    filename: str,
    *,
    repo_type: Optional[str] = None,
    revision: Optional[str] = None,
    token: Token = None,
) -> bool:
    job = client().file_exists(_repo(repo_id, repo_type, revision), filename, token=token_option(token))
    try:
        return job.result()
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        if type(error) in (RepositoryNotFoundError, RevisionNotFoundError):
            return False
        raise


def create_repo(
    repo_id: str,
    *,
    token: Token = None,
    private: Optional[bool] = None,
    visibility: Optional[str] = None,
    repo_type: Optional[str] = None,
    exist_ok: bool = False,
    resource_group_id: Optional[str] = None,
    region: Optional[str] = None,
    space_sdk: Optional[str] = None,
    space_hardware: Optional[str] = None,
    space_sleep_time: Optional[int] = None,
    space_secrets: Optional[list] = None,
    space_variables: Optional[list] = None,
    space_volumes: Optional[list] = None,
    space_template: Optional[str] = None,
) -> RepoUrl:
    """Makes a repository; its address."""
    refused = {
        "resource_group_id": resource_group_id,
        "region": region,
        "space_hardware": space_hardware,
        "space_sleep_time": space_sleep_time,
        "space_secrets": space_secrets,
        "space_variables": space_variables,
        "space_volumes": space_volumes,
        "space_template": space_template,
    }
    given = [name for name, value in refused.items() if value is not None]
    if given:
        raise NotImplementedError(f"{', '.join(given)}: POST /api/repos/create with `Client.call` instead")
    if private is not None and visibility is not None:
        raise ValueError("`private` and `visibility` say the same: give one of them")
    if repo_type == "space" and space_sdk is None:
        raise ValueError("No space_sdk provided. `create_repo` expects one when repo_type is 'space'")
    if space_sdk is not None and repo_type != "space":
        warnings.warn("Ignoring provided space_sdk because repo_type is not 'space'.", stacklevel=2)
        space_sdk = None
    if private is not None:
        visibility = "private" if private else "public"
    job = client().repo_create(
        _repo(repo_id, repo_type),
        token=token_option(token),
        visibility=visibility,
        space_sdk=space_sdk,
        exist_ok=exist_ok,
    )
    reply = job.result()
    endpoint = Options.from_env()["endpoint"].rstrip("/")
    return RepoUrl(reply.value("/url") or f"{endpoint}/{repo_id}", endpoint=endpoint)


def delete_repo(
    repo_id: str, *, token: Token = None, repo_type: Optional[str] = None, missing_ok: bool = False
) -> None:
    """Deletes a repository, for ever."""
    options = {"token": token_option(token), "missing_ok": missing_ok}
    client().repo_delete(_repo(repo_id, repo_type), **options).result()


def create_branch(
    repo_id: str,
    *,
    branch: str,
    revision: Optional[str] = None,
    token: Token = None,
    repo_type: Optional[str] = None,
    exist_ok: bool = False,
) -> None:
    options = {"token": token_option(token), "exist_ok": exist_ok}
    client().branch_create(_repo(repo_id, repo_type, revision), branch, **options).result()


def delete_branch(repo_id: str, *, branch: str, token: Token = None, repo_type: Optional[str] = None) -> None:
    client().branch_delete(_repo(repo_id, repo_type), branch, token=token_option(token)).result()


def create_tag(
    repo_id: str,
    *,
    tag: str,
    tag_message: Optional[str] = None,
    revision: Optional[str] = None,
    token: Token = None,
    repo_type: Optional[str] = None,
    exist_ok: bool = False,
) -> None:
    options = {"token": token_option(token), "exist_ok": exist_ok}
    client().tag_create(_repo(repo_id, repo_type, revision), tag, tag_message, **options).result()


def delete_tag(repo_id: str, *, tag: str, token: Token = None, repo_type: Optional[str] = None) -> None:
    client().tag_delete(_repo(repo_id, repo_type), tag, token=token_option(token)).result()


@dataclass
class GitRefs:
    """The refs of a repository; each has `name`, `ref` and `target_commit`."""

    branches: list[Ref]
    converts: list[Ref]
    tags: list[Ref]
    pull_requests: Optional[list[Ref]] = None


def list_repo_refs(
    repo_id: str,
    *,
    repo_type: Optional[str] = None,
    include_pull_requests: bool = False,
    token: Token = None,
) -> GitRefs:
    job = client().list_refs(_repo(repo_id, repo_type), include_pull_requests, token=token_option(token))
    refs = job.result()

    def of(kind: str) -> list[Ref]:
        return [ref for ref in refs if ref.kind == kind]

    requests = of("pull_request") if include_pull_requests else None
    return GitRefs(of("branch"), of("convert"), of("tag"), requests)


@dataclass
class GitCommitInfo:
    """A commit of a repository."""

    commit_id: str
    authors: list[str]
    created_at: datetime
    title: str
    message: str
    formatted_title: Optional[str] = None
    formatted_message: Optional[str] = None


def list_repo_commits(
    repo_id: str,
    *,
    repo_type: Optional[str] = None,
    token: Token = None,
    revision: Optional[str] = None,
    formatted: bool = False,
) -> list[GitCommitInfo]:
    """The commits behind a revision, newest first."""
    if formatted:
        raise NotImplementedError(
            "formatted=True: GET /api/models/{repo}/commits/{revision}?expand[]=formatted instead"
        )
    job = client().commits(_repo(repo_id, repo_type, revision), token=token_option(token))
    return [GitCommitInfo(one.id, list(one.authors), _time(one.date), one.title, one.message) for one in job.result()]


def whoami(token: Token = None, *, cache: bool = False) -> dict:
    """Whose token it is."""
    if cache:
        warnings.warn("whoami(cache=True): hfx keeps no answer, the Hub is asked each time", stacklevel=2)
    return json.loads(client().whoami(token=token_option(token)).result().body)
