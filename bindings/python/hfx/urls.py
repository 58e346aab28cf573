"""Addresses that know what they lead to: of a repository, and of a commit."""

from __future__ import annotations

from typing import Optional

_KINDS = {"datasets": "dataset", "spaces": "space", "kernels": "kernel"}


class RepoUrl(str):
    """The address of a repository: a str with `endpoint`, `repo_type`, `repo_id`, `namespace` and `repo_name`."""

    def __new__(cls, url: str, endpoint: Optional[str] = None) -> RepoUrl:
        return super().__new__(cls, url)

    def __init__(self, url: str, endpoint: Optional[str] = None) -> None:
        scheme, _, rest = url.partition("://")
        self.endpoint = (endpoint or f"{scheme}://{rest.split('/', 1)[0]}").rstrip("/")
        parts = url[len(self.endpoint) :].strip("/").split("/")
        self.repo_type = _KINDS.get(parts[0], "model")
        names = parts[1:] if parts[0] in _KINDS else parts
        self.repo_id = "/".join(names[:2])
        self.namespace: Optional[str] = names[0] if len(names) > 1 else None
        self.repo_name = names[min(1, len(names) - 1)]

    @property
    def url(self) -> str:
        return str(self)


class CommitInfo(str):
    """A commit that was made: its address as a str, with `oid`, `commit_message` and what a pull request is."""

    def __new__(cls, commit_url: str, *_: object, **__: object) -> CommitInfo:
        return super().__new__(cls, commit_url)

    def __init__(
        self,
        commit_url: str,
        commit_message: str,
        commit_description: str,
        oid: str,
        _endpoint: Optional[str] = None,
        pr_url: Optional[str] = None,
    ) -> None:
        self.commit_url = commit_url
        self.commit_message = commit_message
        self.commit_description = commit_description
        self.oid = oid
        self._endpoint = _endpoint
        self.pr_url = pr_url
        self.pr_num = int(pr_url.rstrip("/").rsplit("/", 1)[1]) if pr_url else None
        self.pr_revision = f"refs/pr/{self.pr_num}" if pr_url else None
        self.repo_url = RepoUrl(commit_url.split("/commit/")[0], endpoint=_endpoint)

    def __reduce__(self) -> tuple:
        more = self.commit_message, self.commit_description, self.oid, self._endpoint, self.pr_url
        return type(self), (self.commit_url, *more)

    def __repr__(self) -> str:
        return f"CommitInfo(commit_url={self.commit_url!r}, oid={self.oid!r}, pr_url={self.pr_url!r})"
