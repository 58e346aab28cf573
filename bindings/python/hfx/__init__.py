"""hfx: files between a program and the Hugging Face Hub, over libhfx.

`Client` is the whole library; the functions have the arguments of huggingface_hub; `hfx.hf_transfer` those of
hf_transfer.
"""

from . import errors
from ._library import VERSION as __version__
from .cache import Cache, CachedFile, CachedRepo, CachedRevision, Deletion
from .cached import CacheNotFound, DeleteCacheStrategy, HFCacheInfo, scan_cache_dir
from .client import Client, to_logger
from .commit import CommitBuilder
from .downloads import DryRunFileInfo, hf_hub_download, hf_hub_url, snapshot_download, try_to_load_from_cache
from .errors import HfxError
from .job import Job
from .mapping import Map, read_at
from .operations import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from .options import TABLE, Option, Options
from .progress import FileProgress, Progress
from .repo import Repo
from .repositories import (
    GitCommitInfo,
    GitRefs,
    RepoInfo,
    create_branch,
    create_repo,
    create_tag,
    delete_branch,
    delete_repo,
    delete_tag,
    file_exists,
    list_repo_commits,
    list_repo_files,
    list_repo_refs,
    repo_exists,
    repo_info,
    revision_exists,
    whoami,
)
from .results import (
    _CACHED_NO_EXIST,
    Commit,
    Committed,
    CommittedFile,
    File,
    Info,
    Meta,
    Received,
    Ref,
    Reply,
    Snapshot,
    TreeFile,
    Verification,
)
from .schedule import Schedule
from .scheduler import CommitScheduler
from .uploads import create_commit, delete_file, delete_folder, preupload_lfs_files, upload_file, upload_folder
from .urls import CommitInfo, RepoUrl

__all__ = [name for name in dir() if not name.startswith("_")] + ["_CACHED_NO_EXIST", "__version__"]
