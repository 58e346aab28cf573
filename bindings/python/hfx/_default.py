"""The clients behind the functions that take the arguments of huggingface_hub.

One for each environment and user agent, made when it is first needed, in this process: after a fork, and after a
change of the environment or of the token file, the next call has a client of its own.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any, Optional, Union

from .client import Client
from .errors import LocalTokenNotFoundError
from .options import TABLE, Options

_NAMES = sorted(
    {name for row in TABLE.values() for name in row.environment}
    | {"HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN"}
)
# Clients of this many environments and user agents are kept.
_MOST = 8
_clients: dict[Any, Client] = {}
_lock = threading.Lock()


def _token_stamp() -> Optional[tuple]:
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "huggingface"
    )
    try:
        stat = Path(os.environ.get("HF_TOKEN_PATH") or os.path.join(home, "token")).expanduser().stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def client(user_agent: Optional[str] = None) -> Client:
    key = user_agent, _token_stamp(), tuple(os.environ.get(name) for name in _NAMES)
    with _lock:
        if key not in _clients:
            while len(_clients) >= _MOST:
                # Jobs hold their client: it goes when the last of them has ended.
                del _clients[next(iter(_clients))]
            _clients[key] = Client(Options.from_env(), user_agent=user_agent)
        return _clients[key]


def agent(library: Optional[str], version: Optional[str], more: Union[dict, str, None]) -> Optional[str]:
    """The User-Agent that huggingface_hub's three arguments ask for; None without any."""
    parts = [f"{library}/{version}" if version else library] if library else []
    if isinstance(more, dict):
        parts += [f"{name}/{value}" for name, value in more.items()]
    elif more:
        parts.append(more)
    return "; ".join(parts) or None


def token_option(token: Union[str, bool, None]) -> Optional[str]:
    """None: the client's; False: none; True: there must be one."""
    if token is False:
        return ""
    if token is True:
        if not Options.from_env()["token"]:
            raise LocalTokenNotFoundError("token=True, but this machine has no token: log in, or set HF_TOKEN")
        return None
    return token


def repo_type_of(repo_type: Optional[str]) -> Optional[str]:
    if repo_type not in (None, "model", "dataset", "space", "kernel"):
        raise ValueError(f"Invalid repo type: {repo_type!r}. It is one of None, 'model', 'dataset', 'space', 'kernel'")
    return repo_type


def patterns(given: Union[list, str, None]) -> Optional[list[str]]:
    """huggingface_hub's patterns: one that ends with a slash means all below it."""
    if given is None:
        return None
    given = [given] if isinstance(given, str) else list(given)
    return [one + "*" if one.endswith("/") else one for one in given]


def allowed(given: Union[list, str, None]) -> Optional[list[str]]:
    """Patterns of what to take; an empty list is nothing, as in huggingface_hub, and not all, as in the library."""
    found = patterns(given)
    # No path in a repository begins with a slash.
    return ["//"] if found == [] else found


def _reset() -> None:
    global _lock
    _lock = threading.Lock()
    _clients.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)
