"""Declarations of libhfx: constants, and functions with their types. By generate.py, of include/hfx.h."""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any

HFX_VERSION_MAJOR = 0
HFX_VERSION_MINOR = 1
HFX_VERSION_PATCH = 0
HFX_VERSION_NUMBER = 1000
HFX_OK = 0
HFX_E_INVALID_ARGUMENT = 1
HFX_E_CANCELLED = 2
HFX_E_TIMEOUT = 3
HFX_E_WOULD_DEADLOCK = 4
HFX_E_FORKED = 5
HFX_E_INTERNAL = 6
HFX_E_CLOSED = 7
HFX_E_UNSUPPORTED = 8
HFX_E_ALREADY_TAKEN = 9
HFX_E_NOT_ENDED = 10
HFX_E_REPO_NOT_FOUND = 20
HFX_E_REVISION_NOT_FOUND = 21
HFX_E_ENTRY_NOT_FOUND = 22
HFX_E_GATED = 23
HFX_E_UNAUTHORIZED = 24
HFX_E_FORBIDDEN = 25
HFX_E_RATE_LIMITED = 26
HFX_E_DISABLED = 27
HFX_E_HTTP = 28
HFX_E_PROTOCOL = 29
HFX_E_OFFLINE = 30
HFX_E_CONFLICT = 31
HFX_E_NETWORK = 40
HFX_E_TLS = 41
HFX_E_PROXY = 42
HFX_E_HASH_MISMATCH = 50
HFX_E_CONTENT_CHANGED = 51
HFX_E_NO_HASH = 52
HFX_E_IO = 60
HFX_E_DISK_FULL = 61
HFX_E_PERMISSION = 62
HFX_E_LOCKED = 63
HFX_E_TOO_SMALL = 64
HFX_E_CORRUPT_CACHE = 65
HFX_E_INCOMPLETE = 70
HFX_E_CALLBACK = 80
HFX_OPT_ENDPOINT = 1
HFX_OPT_TOKEN = 2
HFX_OPT_CACHE_DIR = 3
HFX_OPT_ASSETS_DIR = 4
HFX_OPT_USER_AGENT = 5
HFX_OPT_OFFLINE = 6
HFX_OPT_MAX_CONNECTIONS = 7
HFX_OPT_MEMORY_BUDGET = 8
HFX_OPT_MAX_BYTES_PER_SECOND = 9
HFX_OPT_CONNECT_TIMEOUT_MS = 10
HFX_OPT_HEAD_TIMEOUT_MS = 11
HFX_OPT_STALL_TIMEOUT_MS = 12
HFX_OPT_RETRY_TIMEOUT_MS = 13
HFX_OPT_PART_SIZE = 14
HFX_OPT_DURABILITY = 15
HFX_OPT_SINK = 16
HFX_OPT_REQUIRE_HASH = 17
HFX_OPT_FAIL_FAST = 18
HFX_OPT_HTTP_PROXY = 19
HFX_OPT_HTTPS_PROXY = 20
HFX_OPT_NO_PROXY = 21
HFX_OPT_CA_FILE = 22
HFX_OPT_CA_DIR = 23
HFX_OPT_SYMLINKS = 24
HFX_OPT_LOCK_TIMEOUT_MS = 25
HFX_OPT_ALLOW_HTTP_TOKEN = 26
HFX_OPT_THREADS = 27
HFX_OPT_HEADERS = 28
HFX_OPT_LOCAL_FILES_ONLY = 29
HFX_OPT_PIN = 30
HFX_OPT_FORCE = 31
HFX_OPT_DRY_RUN = 32
HFX_OPT_LOCAL_DIR = 33
HFX_OPT_INCLUDE = 34
HFX_OPT_EXCLUDE = 35
HFX_OPT_MAX_WORKERS = 36
HFX_OPT_SHA256 = 37
HFX_OPT_RESUME = 38
HFX_OPT_COMMIT_MESSAGE = 39
HFX_OPT_COMMIT_DESCRIPTION = 40
HFX_OPT_PARENT_COMMIT = 41
HFX_OPT_CREATE_PR = 42
HFX_OPT_DELETE = 43
HFX_OPT_COMMITS = 44
HFX_OPT_SOURCE = 45
HFX_OPT_STATE_DIR = 46
HFX_OPT_SEQUENCE = 47
HFX_OPT_EXIST_OK = 48
HFX_OPT_MISSING_OK = 49
HFX_OPT_VISIBILITY = 50
HFX_OPT_SPACE_SDK = 51
HFX_OPT_GATED = 52
HFX_OPT_IF_MATCH = 53
HFX_OPT_FILES = 54
HFX_OPT_WORK_TIMEOUT_MS = 55
HFX_TYPE_BOOL = 1
HFX_TYPE_INT = 2
HFX_TYPE_STRING = 3
HFX_TYPE_SECRET = 4
HFX_TYPE_LIST = 5
HFX_TYPE_CHOICE = 6
HFX_LOG_ERROR = 1
HFX_LOG_WARN = 2
HFX_LOG_INFO = 3
HFX_LOG_DEBUG = 4
HFX_REPO_MODEL = 1
HFX_REPO_DATASET = 2
HFX_REPO_SPACE = 3
HFX_REPO_KERNEL = 4
HFX_LOOKUP_FOUND = 1
HFX_LOOKUP_MISSING = 2
HFX_LOOKUP_UNKNOWN = 3
HFX_CONTINUE = 0
HFX_STOP = 1
HFX_FILE_WAITING = 0
HFX_FILE_RUNNING = 1
HFX_FILE_DONE = 2
HFX_FILE_CACHED = 3
HFX_FILE_FAILED = 4
HFX_FILE_PLANNED = 5
HFX_FILE_CANCELLED = 6
HFX_VERIFIED_NONE = 0
HFX_VERIFIED_HASH = 1
HFX_VERIFIED_LENGTH = 2
HFX_REF_BRANCH = 1
HFX_REF_TAG = 2
HFX_REF_CONVERT = 3
HFX_REF_PULL_REQUEST = 4
HFX_COMMITTED_REGULAR = 1
HFX_COMMITTED_LFS = 2
HFX_COMMITTED_UNCHANGED = 3
HFX_COMMITTED_IGNORED = 4
HFX_COMMITTED_DELETED = 5
HFX_MAP_READ = 1
HFX_MAP_COPY = 2

# That of the header, and of this package.
VERSION = "0.1.0"

hfx_destroy_fn = CFUNCTYPE(None, c_void_p)
hfx_progress_fn = CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)
hfx_done_fn = CFUNCTYPE(None, c_void_p, c_void_p)
hfx_log_fn = CFUNCTYPE(None, c_int32, c_char_p, c_char_p, c_void_p)
hfx_start_fn = CFUNCTYPE(c_int32, c_void_p, c_void_p)
hfx_chunk_fn = CFUNCTYPE(c_int32, c_uint64, c_void_p, c_size_t, c_void_p)
hfx_read_fn = CFUNCTYPE(c_int64, c_uint64, c_void_p, c_size_t, c_void_p)


class hfx_totals(Structure):
    _fields_ = [
        ("files", c_uint64),
        ("files_done", c_uint64),
        ("files_failed", c_uint64),
        ("bytes", c_uint64),
        ("bytes_done", c_uint64),
        ("bytes_received", c_uint64),
        ("bytes_restored", c_uint64),
        ("bytes_sent", c_uint64),
        ("bytes_hashed", c_uint64),
    ]



class hfx_file_progress(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("bytes", c_uint64),
        ("bytes_done", c_uint64),
        ("bytes_received", c_uint64),
        ("bytes_restored", c_uint64),
        ("bytes_sent", c_uint64),
        ("bytes_hashed", c_uint64),
        ("error", c_void_p),
        ("state", c_int32),
    ]


# Each function: what it returns, and its arguments.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "hfx_version_number": (c_uint32, []),
    "hfx_version_string": (c_char_p, []),
    "hfx_version_check": (c_int32, [c_uint32, POINTER(c_void_p)]),
    "hfx_status_name": (c_char_p, [c_int32]),
    "hfx_error_status": (c_int32, [c_void_p]),
    "hfx_error_message": (c_char_p, [c_void_p]),
    "hfx_error_http_status": (c_int32, [c_void_p]),
    "hfx_error_request_id": (c_char_p, [c_void_p]),
    "hfx_error_url": (c_char_p, [c_void_p]),
    "hfx_error_commit": (c_char_p, [c_void_p]),
    "hfx_error_os_error": (c_int32, [c_void_p]),
    "hfx_error_retryable": (c_int32, [c_void_p]),
    "hfx_error_clone": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_error_free": (None, [c_void_p]),
    "hfx_options_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_options_from_env": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_options_from_vars": (c_int32, [POINTER(c_char_p), POINTER(c_char_p), c_size_t, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_options_clone": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_options_free": (None, [c_void_p]),
    "hfx_options_set_bool": (c_int32, [c_void_p, c_int32, c_int32, POINTER(c_void_p)]),
    "hfx_options_set_int": (c_int32, [c_void_p, c_int32, c_int64, POINTER(c_void_p)]),
    "hfx_options_set_string": (c_int32, [c_void_p, c_int32, c_char_p, POINTER(c_void_p)]),
    "hfx_options_set_strings": (c_int32, [c_void_p, c_int32, POINTER(c_char_p), c_size_t, POINTER(c_void_p)]),
    "hfx_options_set_by_name": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p)]),
    "hfx_options_unset": (c_int32, [c_void_p, c_int32, POINTER(c_void_p)]),
    "hfx_options_unset_by_name": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "hfx_options_get": (c_int32, [c_void_p, c_int32, POINTER(c_char_p), POINTER(c_void_p)]),
    "hfx_options_set_progress_fn": (c_int32, [c_void_p, hfx_progress_fn, c_void_p, hfx_destroy_fn, POINTER(c_void_p)]),
    "hfx_options_set_done_fn": (c_int32, [c_void_p, hfx_done_fn, c_void_p, hfx_destroy_fn, POINTER(c_void_p)]),
    "hfx_options_set_log_fn": (c_int32, [c_void_p, c_int32, hfx_log_fn, c_void_p, hfx_destroy_fn, POINTER(c_void_p)]),
    "hfx_option_count": (c_size_t, []),
    "hfx_option_at": (c_void_p, [c_size_t]),
    "hfx_option_by_name": (c_void_p, [c_char_p]),
    "hfx_option_id": (c_int32, [c_void_p]),
    "hfx_option_name": (c_char_p, [c_void_p]),
    "hfx_option_doc": (c_char_p, [c_void_p]),
    "hfx_option_default": (c_char_p, [c_void_p]),
    "hfx_option_type": (c_int32, [c_void_p]),
    "hfx_option_bounds": (None, [c_void_p, POINTER(c_int64), POINTER(c_int64)]),
    "hfx_option_per_job": (c_int32, [c_void_p]),
    "hfx_option_env": (c_char_p, [c_void_p, c_size_t]),
    "hfx_option_choice": (c_char_p, [c_void_p, c_size_t]),
    "hfx_repo_new": (c_int32, [c_int32, c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_repo_parse": (c_int32, [c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_repo_kind": (c_int32, [c_void_p]),
    "hfx_repo_id": (c_char_p, [c_void_p]),
    "hfx_repo_revision": (c_char_p, [c_void_p]),
    "hfx_repo_path": (c_char_p, [c_void_p]),
    "hfx_repo_free": (None, [c_void_p]),
    "hfx_client_open": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_close": (c_int32, [c_void_p, c_int64, POINTER(c_void_p)]),
    "hfx_client_free": (None, [c_void_p]),
    "hfx_client_set_max_connections": (c_int32, [c_void_p, c_int64, POINTER(c_void_p)]),
    "hfx_client_set_max_rate": (c_int32, [c_void_p, c_int64, POINTER(c_void_p)]),
    "hfx_client_event_fd": (c_int32, [c_void_p, POINTER(c_int32), POINTER(c_void_p)]),
    "hfx_client_next_job": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_lookup": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_int32), POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_download_file": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_download_snapshot": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_download_url": (c_int32, [c_void_p, c_char_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_read_file": (c_int32, [c_void_p, c_void_p, c_char_p, c_uint64, c_int64, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_read_url": (c_int32, [c_void_p, c_char_p, c_uint64, c_int64, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_read_file_into": (c_int32, [c_void_p, c_void_p, c_char_p, c_uint64, c_int64, c_void_p, c_size_t, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_read_url_into": (c_int32, [c_void_p, c_char_p, c_uint64, c_int64, c_void_p, c_size_t, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_stream_file": (c_int32, [c_void_p, c_void_p, c_char_p, c_uint64, c_int64, hfx_start_fn, hfx_chunk_fn, c_void_p, hfx_destroy_fn, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_stream_url": (c_int32, [c_void_p, c_char_p, c_uint64, c_int64, hfx_start_fn, hfx_chunk_fn, c_void_p, hfx_destroy_fn, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_get_file_meta": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_get_repo_info": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_list_files": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_list_refs": (c_int32, [c_void_p, c_void_p, c_int32, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_id": (c_uint64, [c_void_p]),
    "hfx_job_clone": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_wait": (c_int32, [c_void_p, c_int64, POINTER(c_int32), POINTER(c_void_p)]),
    "hfx_job_poll": (c_int32, [c_void_p, POINTER(c_int32), POINTER(c_void_p)]),
    "hfx_job_on_done": (c_int32, [c_void_p, hfx_done_fn, c_void_p, hfx_destroy_fn, POINTER(c_void_p)]),
    "hfx_job_cancel": (None, [c_void_p]),
    "hfx_job_pause": (None, [c_void_p]),
    "hfx_job_resume": (None, [c_void_p]),
    "hfx_job_check": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "hfx_job_take_file": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_snapshot": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_outcomes": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_bytes": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_meta": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_info": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_tree": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_refs": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_cache": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_verification": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_reply": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_history": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_committed": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_parts": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_job_take_exists": (c_int32, [c_void_p, POINTER(c_int32), POINTER(c_void_p)]),
    "hfx_job_free": (None, [c_void_p]),
    "hfx_job_progress": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_progress_job_id": (c_uint64, [c_void_p]),
    "hfx_progress_totals": (None, [c_void_p, c_void_p, c_size_t]),
    "hfx_progress_file_count": (c_size_t, [c_void_p]),
    "hfx_progress_file": (c_int32, [c_void_p, c_size_t, c_void_p, c_size_t]),
    "hfx_progress_free": (None, [c_void_p]),
    "hfx_file_name": (c_char_p, [c_void_p]),
    "hfx_file_path": (c_char_p, [c_void_p]),
    "hfx_file_etag": (c_char_p, [c_void_p]),
    "hfx_file_commit": (c_char_p, [c_void_p]),
    "hfx_file_size": (c_uint64, [c_void_p]),
    "hfx_file_verified": (c_int32, [c_void_p]),
    "hfx_file_state": (c_int32, [c_void_p]),
    "hfx_file_error": (c_void_p, [c_void_p]),
    "hfx_file_free": (None, [c_void_p]),
    "hfx_snapshot_path": (c_char_p, [c_void_p]),
    "hfx_snapshot_commit": (c_char_p, [c_void_p]),
    "hfx_snapshot_count": (c_size_t, [c_void_p]),
    "hfx_snapshot_file": (c_void_p, [c_void_p, c_size_t]),
    "hfx_snapshot_free": (None, [c_void_p]),
    "hfx_meta_commit": (c_char_p, [c_void_p]),
    "hfx_meta_etag": (c_char_p, [c_void_p]),
    "hfx_meta_url": (c_char_p, [c_void_p]),
    "hfx_meta_xet_hash": (c_char_p, [c_void_p]),
    "hfx_meta_size": (c_uint64, [c_void_p]),
    "hfx_meta_free": (None, [c_void_p]),
    "hfx_bytes_data": (c_void_p, [c_void_p]),
    "hfx_bytes_length": (c_uint64, [c_void_p]),
    "hfx_bytes_file_size": (c_uint64, [c_void_p]),
    "hfx_bytes_commit": (c_char_p, [c_void_p]),
    "hfx_bytes_etag": (c_char_p, [c_void_p]),
    "hfx_bytes_verified": (c_int32, [c_void_p]),
    "hfx_bytes_free": (None, [c_void_p]),
    "hfx_info_id": (c_char_p, [c_void_p]),
    "hfx_info_commit": (c_char_p, [c_void_p]),
    "hfx_info_json": (c_char_p, [c_void_p]),
    "hfx_info_private": (c_int32, [c_void_p]),
    "hfx_info_gated": (c_int32, [c_void_p]),
    "hfx_info_disabled": (c_int32, [c_void_p]),
    "hfx_info_free": (None, [c_void_p]),
    "hfx_tree_count": (c_size_t, [c_void_p]),
    "hfx_tree_path": (c_char_p, [c_void_p, c_size_t]),
    "hfx_tree_etag": (c_char_p, [c_void_p, c_size_t]),
    "hfx_tree_size": (c_uint64, [c_void_p, c_size_t]),
    "hfx_tree_is_lfs": (c_int32, [c_void_p, c_size_t]),
    "hfx_tree_free": (None, [c_void_p]),
    "hfx_refs_count": (c_size_t, [c_void_p]),
    "hfx_refs_name": (c_char_p, [c_void_p, c_size_t]),
    "hfx_refs_full_name": (c_char_p, [c_void_p, c_size_t]),
    "hfx_refs_commit": (c_char_p, [c_void_p, c_size_t]),
    "hfx_refs_kind": (c_int32, [c_void_p, c_size_t]),
    "hfx_refs_free": (None, [c_void_p]),
    "hfx_reply_status": (c_int32, [c_void_p]),
    "hfx_reply_body": (c_char_p, [c_void_p]),
    "hfx_reply_value": (c_char_p, [c_void_p, c_char_p]),
    "hfx_reply_header": (c_char_p, [c_void_p, c_char_p]),
    "hfx_reply_request_id": (c_char_p, [c_void_p]),
    "hfx_reply_next": (c_char_p, [c_void_p]),
    "hfx_reply_free": (None, [c_void_p]),
    "hfx_client_list_commits": (c_int32, [c_void_p, c_void_p, c_size_t, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_history_count": (c_size_t, [c_void_p]),
    "hfx_history_id": (c_char_p, [c_void_p, c_size_t]),
    "hfx_history_title": (c_char_p, [c_void_p, c_size_t]),
    "hfx_history_message": (c_char_p, [c_void_p, c_size_t]),
    "hfx_history_date": (c_char_p, [c_void_p, c_size_t]),
    "hfx_history_author": (c_char_p, [c_void_p, c_size_t, c_size_t]),
    "hfx_history_free": (None, [c_void_p]),
    "hfx_commit_new": (c_int32, [POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_commit_add_file": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p)]),
    "hfx_commit_add_bytes": (c_int32, [c_void_p, c_char_p, c_void_p, c_size_t, POINTER(c_void_p)]),
    "hfx_commit_add_reader": (c_int32, [c_void_p, c_char_p, c_uint64, hfx_read_fn, c_void_p, hfx_destroy_fn, POINTER(c_void_p)]),
    "hfx_commit_add_lfs": (c_int32, [c_void_p, c_char_p, c_char_p, c_uint64, POINTER(c_void_p)]),
    "hfx_commit_delete_file": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "hfx_commit_delete_folder": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "hfx_commit_copy_file": (c_int32, [c_void_p, c_void_p, c_char_p, c_char_p, POINTER(c_void_p)]),
    "hfx_commit_count": (c_size_t, [c_void_p]),
    "hfx_commit_free": (None, [c_void_p]),
    "hfx_client_commit": (c_int32, [c_void_p, c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_preupload": (c_int32, [c_void_p, c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_upload_file": (c_int32, [c_void_p, c_void_p, c_char_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_upload_folder": (c_int32, [c_void_p, c_void_p, c_char_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_upload_url": (c_int32, [c_void_p, c_char_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_upload_parts": (c_int32, [c_void_p, c_char_p, POINTER(c_char_p), c_size_t, c_uint64, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_schedule_folder": (c_int32, [c_void_p, c_void_p, c_char_p, c_char_p, c_int64, c_void_p, POINTER(c_void_p), POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_schedule_lock": (c_int32, [c_void_p, c_int64, POINTER(c_void_p)]),
    "hfx_schedule_unlock": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "hfx_schedule_trigger": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_schedule_stop": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "hfx_schedule_free": (None, [c_void_p]),
    "hfx_committed_commit": (c_char_p, [c_void_p]),
    "hfx_committed_url": (c_char_p, [c_void_p]),
    "hfx_committed_commit_count": (c_uint64, [c_void_p]),
    "hfx_committed_pull_request": (c_uint64, [c_void_p]),
    "hfx_committed_pull_request_url": (c_char_p, [c_void_p]),
    "hfx_committed_file_count": (c_size_t, [c_void_p]),
    "hfx_committed_file_path": (c_char_p, [c_void_p, c_size_t]),
    "hfx_committed_file_size": (c_uint64, [c_void_p, c_size_t]),
    "hfx_committed_file_oid": (c_char_p, [c_void_p, c_size_t]),
    "hfx_committed_file_how": (c_int32, [c_void_p, c_size_t]),
    "hfx_committed_free": (None, [c_void_p]),
    "hfx_parts_count": (c_size_t, [c_void_p]),
    "hfx_parts_header": (c_char_p, [c_void_p, c_size_t, c_char_p]),
    "hfx_parts_header_count": (c_size_t, [c_void_p, c_size_t]),
    "hfx_parts_header_name": (c_char_p, [c_void_p, c_size_t, c_size_t]),
    "hfx_parts_free": (None, [c_void_p]),
    "hfx_client_call": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, c_uint32, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_whoami": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_check_access": (c_int32, [c_void_p, c_void_p, c_int32, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_create_repo": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_delete_repo": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_move_repo": (c_int32, [c_void_p, c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_update_repo": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_has_repo": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_has_file": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_create_branch": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_delete_branch": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_create_tag": (c_int32, [c_void_p, c_void_p, c_char_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_delete_tag": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_client_open_pull_request": (c_int32, [c_void_p, c_void_p, c_char_p, c_char_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_map_open": (c_int32, [c_char_p, c_int32, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_map_data": (c_void_p, [c_void_p]),
    "hfx_map_length": (c_uint64, [c_void_p]),
    "hfx_map_free": (None, [c_void_p]),
    "hfx_read_at": (c_int32, [c_char_p, c_uint64, c_void_p, c_size_t, POINTER(c_size_t), POINTER(c_void_p)]),
    "hfx_client_scan_cache": (c_int32, [c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_cache_path": (c_char_p, [c_void_p]),
    "hfx_cache_size": (c_uint64, [c_void_p]),
    "hfx_cache_warning_count": (c_size_t, [c_void_p]),
    "hfx_cache_warning": (c_char_p, [c_void_p, c_size_t]),
    "hfx_cache_repo_count": (c_size_t, [c_void_p]),
    "hfx_cache_repo_id": (c_char_p, [c_void_p, c_size_t]),
    "hfx_cache_repo_path": (c_char_p, [c_void_p, c_size_t]),
    "hfx_cache_repo_kind": (c_int32, [c_void_p, c_size_t]),
    "hfx_cache_repo_size": (c_uint64, [c_void_p, c_size_t]),
    "hfx_cache_repo_last_used_ms": (c_int64, [c_void_p, c_size_t]),
    "hfx_cache_revision_count": (c_size_t, [c_void_p, c_size_t]),
    "hfx_cache_revision_commit": (c_char_p, [c_void_p, c_size_t, c_size_t]),
    "hfx_cache_revision_path": (c_char_p, [c_void_p, c_size_t, c_size_t]),
    "hfx_cache_revision_size": (c_uint64, [c_void_p, c_size_t, c_size_t]),
    "hfx_cache_revision_ref": (c_char_p, [c_void_p, c_size_t, c_size_t, c_size_t]),
    "hfx_cache_file_count": (c_size_t, [c_void_p, c_size_t, c_size_t]),
    "hfx_cache_file_name": (c_char_p, [c_void_p, c_size_t, c_size_t, c_size_t]),
    "hfx_cache_file_size": (c_uint64, [c_void_p, c_size_t, c_size_t, c_size_t]),
    "hfx_cache_free": (None, [c_void_p]),
    "hfx_cache_delete_revisions": (c_int32, [c_void_p, POINTER(c_char_p), c_size_t, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_cache_delete_repo": (c_int32, [c_void_p, c_int32, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_cache_prune": (c_int32, [c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_deletion_freed": (c_uint64, [c_void_p]),
    "hfx_client_delete_cached": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_deletion_free": (None, [c_void_p]),
    "hfx_client_verify_cache": (c_int32, [c_void_p, c_void_p, c_void_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_verification_checked": (c_uint64, [c_void_p]),
    "hfx_verification_bytes": (c_uint64, [c_void_p]),
    "hfx_verification_mismatch": (c_char_p, [c_void_p, c_size_t]),
    "hfx_verification_expected": (c_char_p, [c_void_p, c_size_t]),
    "hfx_verification_actual": (c_char_p, [c_void_p, c_size_t]),
    "hfx_verification_missing": (c_char_p, [c_void_p, c_size_t]),
    "hfx_verification_unknown": (c_char_p, [c_void_p, c_size_t]),
    "hfx_verification_free": (None, [c_void_p]),
    "hfx_client_assets_path": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p)]),
    "hfx_string_text": (c_char_p, [c_void_p]),
    "hfx_string_free": (None, [c_void_p]),
}
