"""What can go wrong, as exceptions. Those that huggingface_hub has, have its names here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Optional

from . import _native as n


class HfxError(Exception):
    """A failure. `code` is one of `HFX_E_*`, `name` its name, as "DISK_FULL"."""

    code: int = 0
    name: str = ""
    http_status: Optional[int] = None
    request_id: Optional[str] = None
    url: Optional[str] = None
    retryable: bool = False
    commit: Optional[str] = None
    os_error: Optional[int] = None

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> Any:
        # Else an OSError loses its attributes between processes.
        return _revive, (type(self), self.message, dict(self.__dict__))


def _revive(kind: type, message: str, attributes: dict) -> HfxError:
    error = kind(message)
    error.__dict__.update(attributes)
    if isinstance(error, OSError):
        error.errno = attributes.get("os_error")
    return error


class InvalidArgumentError(HfxError, ValueError):
    """An argument is malformed; nothing was touched."""


HFValidationError = InvalidArgumentError


class CancelledError(HfxError):
    """The job was cancelled; the same call goes on with what is on disk."""


class JobTimeoutError(HfxError, TimeoutError):
    """A bound on time was reached."""


class WouldDeadlockError(HfxError, RuntimeError):
    """A wait or a close from inside a callback."""


class ForkedError(HfxError, RuntimeError):
    """The client was made before fork(): make one in the child."""


class ClosedError(HfxError, RuntimeError):
    """The client was closed."""


class InternalError(HfxError):
    """A defect in hfx. Please report it."""


class UnsupportedError(HfxError):
    """Not possible on this platform or with this server."""


class AlreadyTakenError(HfxError):
    """The result was taken already."""


class NotEndedError(HfxError):
    """The job has not ended yet."""


class OfflineModeIsEnabled(HfxError, ConnectionError):
    """The client is offline."""


class EntryNotFoundError(HfxError):
    """There is no such file, on the Hub or in the cache."""


class LocalEntryNotFoundError(EntryNotFoundError, FileNotFoundError):
    """The cache does not hold it, and the Hub could not be asked."""


class OfflineError(LocalEntryNotFoundError, OfflineModeIsEnabled):
    """The client is offline, and the cache does not hold what was asked for."""


class HfHubHTTPError(HfxError, OSError):
    """The Hub answered with an error."""

    @property
    def server_message(self) -> str:
        return self.message

    @property
    def response(self) -> Any:
        """What is known of the answer: `status_code`, `url` and `headers` with the request id; None without one."""
        if self.http_status is None:
            return None
        headers = {"x-request-id": self.request_id} if self.request_id else {}
        return SimpleNamespace(status_code=self.http_status, url=self.url, headers=headers)


class RepositoryNotFoundError(HfHubHTTPError):
    """The Hub knows no such repository, or hides it from this token."""


class GatedRepoError(RepositoryNotFoundError):
    """Access has to be asked for on the Hub's page of the repository."""


class RevisionNotFoundError(HfHubHTTPError):
    """The repository has no such branch, tag or commit."""


class RemoteEntryNotFoundError(HfHubHTTPError, EntryNotFoundError):
    """The revision has no such file."""


class UnauthorizedError(HfHubHTTPError):
    """The token is missing, wrong or expired."""


class LocalTokenNotFoundError(UnauthorizedError):
    """A token is needed, and this machine has none."""


class ForbiddenError(HfHubHTTPError):
    """The token is known but may not do this."""


class RateLimitedError(HfHubHTTPError):
    """The rate limit still held when the time for retries was over."""


class DisabledRepoError(HfHubHTTPError):
    """The Hub has disabled access to the repository."""


class ConflictError(HfHubHTTPError):
    """Another change came first, or it exists already; `commit` is the head, where it is known."""


class ProtocolError(HfxError):
    """The server's answer makes no sense."""


class NetworkError(HfxError, ConnectionError):
    """No connection, or it broke, and the time for retries was over."""


class TlsError(NetworkError):
    """TLS failed: certificate, handshake or an unusable CA file."""


class ProxyError(NetworkError):
    """The proxy refused or could not be used."""


class HashMismatchError(HfxError):
    """The bytes do not have the hash they must have; nothing was published."""


class ContentChangedError(HfxError):
    """The file changed on the server while it was being fetched."""


class NoHashError(HfxError):
    """A hash was required and none is known."""


class IoError(HfxError, OSError):
    """A file operation failed; `errno` says why."""


class DiskFullError(IoError):
    """The disk is full or the quota is used up. What was fetched is kept."""


class PermissionDeniedError(HfxError, PermissionError):
    """The file system refuses access."""


class LockedError(HfxError):
    """A lock was held by somebody else for longer than the wait allows."""


class TooSmallError(HfxError, ValueError):
    """The caller's memory is too small for the file."""


class CorruptCacheError(HfxError):
    """A file or folder of the cache is not what it must be."""


class IncompleteSnapshotError(HfxError):
    """Some files of a snapshot failed; `files` has each one's outcome: `state`, and `error` of those that failed."""

    files: tuple = ()


class CallbackError(HfxError):
    """A callback ended the job."""


_CLASSES: dict[str, type[HfxError]] = {
    "INVALID_ARGUMENT": InvalidArgumentError,
    "CANCELLED": CancelledError,
    "TIMEOUT": JobTimeoutError,
    "WOULD_DEADLOCK": WouldDeadlockError,
    "FORKED": ForkedError,
    "INTERNAL": InternalError,
    "CLOSED": ClosedError,
    "UNSUPPORTED": UnsupportedError,
    "ALREADY_TAKEN": AlreadyTakenError,
    "NOT_ENDED": NotEndedError,
    "REPO_NOT_FOUND": RepositoryNotFoundError,
    "REVISION_NOT_FOUND": RevisionNotFoundError,
    "ENTRY_NOT_FOUND": RemoteEntryNotFoundError,
    "GATED": GatedRepoError,
    "UNAUTHORIZED": UnauthorizedError,
    "FORBIDDEN": ForbiddenError,
    "RATE_LIMITED": RateLimitedError,
    "DISABLED": DisabledRepoError,
    "HTTP": HfHubHTTPError,
    "PROTOCOL": ProtocolError,
    "OFFLINE": OfflineError,
    "CONFLICT": ConflictError,
    "NETWORK": NetworkError,
    "TLS": TlsError,
    "PROXY": ProxyError,
    "HASH_MISMATCH": HashMismatchError,
    "CONTENT_CHANGED": ContentChangedError,
    "NO_HASH": NoHashError,
    "IO": IoError,
    "DISK_FULL": DiskFullError,
    "PERMISSION": PermissionDeniedError,
    "LOCKED": LockedError,
    "TOO_SMALL": TooSmallError,
    "CORRUPT_CACHE": CorruptCacheError,
    "INCOMPLETE": IncompleteSnapshotError,
    "CALLBACK": CallbackError,
}
_BY_STATUS: dict[int, type[HfxError]] = {}
for _name, _class in _CLASSES.items():
    _class.name, _class.code = _name, getattr(n, f"HFX_E_{_name}")
    _BY_STATUS[_class.code] = _class


def error_class(status: int) -> type[HfxError]:
    """The class of a status; `HfxError` for one that this package does not know yet."""
    return _BY_STATUS.get(status, HfxError)
