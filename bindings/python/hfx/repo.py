"""A repository's name, with the revision that is meant."""

from __future__ import annotations

from typing import Optional, Union

from . import _native as n
from ._library import Handle, lib, make, text, utf8

KINDS = {
    "model": n.HFX_REPO_MODEL,
    "dataset": n.HFX_REPO_DATASET,
    "space": n.HFX_REPO_SPACE,
    "kernel": n.HFX_REPO_KERNEL,
}
KIND_NAMES = {number: name for name, number in KINDS.items()}


class Repo(Handle):
    """`Repo("owner/name", revision="v1", kind="dataset")`. Immutable."""

    FREE = "hfx_repo_free"

    def __init__(self, id: str, *, revision: Optional[str] = None, kind: Optional[str] = None) -> None:
        if kind is not None and kind not in KINDS:
            raise ValueError(f"repositories are {', '.join(KINDS)}, not {kind!r}")
        super().__init__(make(lib.hfx_repo_new, KINDS[kind or "model"], utf8(id), utf8(revision)))

    @classmethod
    def parse(cls, string: str) -> Repo:
        """Reads "owner/name", "hf://datasets/owner/name@revision/path" or a web address on the Hub."""
        repo = cls.__new__(cls)
        Handle.__init__(repo, make(lib.hfx_repo_parse, utf8(string)))
        return repo

    @property
    def id(self) -> str:
        return text(lib.hfx_repo_id(self.pointer))

    @property
    def kind(self) -> str:
        return KIND_NAMES[lib.hfx_repo_kind(self.pointer)]

    @property
    def revision(self) -> Optional[str]:
        return text(lib.hfx_repo_revision(self.pointer))

    @property
    def path(self) -> Optional[str]:
        """The path within the repository that `parse` found."""
        return text(lib.hfx_repo_path(self.pointer))

    def __repr__(self) -> str:
        return f"Repo({self.id!r}, revision={self.revision!r}, kind={self.kind!r})"


def repo_of(repo: Union[Repo, str]) -> Repo:
    """A name that may be given as text."""
    return repo if isinstance(repo, Repo) else Repo.parse(repo)
