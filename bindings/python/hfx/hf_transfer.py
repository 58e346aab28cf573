"""hf_transfer's two functions, with its signatures: `from hfx.hf_transfer import download, multipart_upload`.

Ranges and parts are tried again as long as the transfer makes progress, whatever `parallel_failures` and `max_retries`
say; they are checked as there. `max_files` bounds the connections, `chunk_size` is the size of a range or part.
"""

from __future__ import annotations

from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from .client import Client
from .options import Options
from .progress import Progress

Callback = Callable[[int], Any]


def _check(max_files: int, parallel_failures: int, max_retries: int) -> None:
    if parallel_failures > max_files:
        raise ValueError("Error parallel_failures cannot be > max_files")
    if (parallel_failures == 0) != (max_retries == 0):
        raise ValueError("For retry mechanism you need to set both `parallel_failures` and `max_retries`")


def _steps(callback: Optional[Callback]) -> Optional[Callable[[Progress], None]]:
    """hf_transfer's callback gets how many bytes came since its last call."""
    if callback is None:
        return None
    told = 0

    def report(progress: Progress) -> None:
        nonlocal told
        if progress.bytes_done > told:
            step, told = progress.bytes_done - told, progress.bytes_done
            callback(step)

    return report


def _client(max_files: int) -> Client:
    # The proxies and certificates of the environment, as there; no token: the headers bring one.
    options = Options.from_env(max_connections=min(max_files, 1024))
    for name in ("token", "user_agent"):
        del options[name]
    return Client(options)


def _origin(url: str) -> str:
    """Headers go to the endpoint alone: here that is where the URL leads."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def download(
    url: str,
    filename: str,
    max_files: int,
    chunk_size: int,
    parallel_failures: int = 0,
    max_retries: int = 0,
    headers: Optional[dict[str, str]] = None,
    callback: Optional[Callback] = None,
) -> None:
    """Downloads `url` to `filename` in ranges of `chunk_size`; `callback` gets the number of new bytes."""
    _check(max_files, parallel_failures, max_retries)
    with _client(max_files) as client:
        client.download_url(
            url,
            filename,
            part_size=chunk_size,
            endpoint=_origin(url),
            headers=headers or None,
            progress=_steps(callback),
        ).result()


def multipart_upload(
    file_path: str,
    parts_urls: list[str],
    chunk_size: int,
    max_files: int,
    parallel_failures: int = 0,
    max_retries: int = 0,
    callback: Optional[Callback] = None,
) -> list[dict[str, str]]:
    """Sends a file in parts of `chunk_size` to `parts_urls`; the headers of each answer, in the parts' order."""
    _check(max_files, parallel_failures, max_retries)
    with _client(max_files) as client:
        return client.upload_parts(file_path, list(parts_urls), chunk_size, progress=_steps(callback)).result()
