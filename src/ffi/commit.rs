//! The builder of a commit, and the jobs that send it.

use std::ffi::{c_char, c_void};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::client::{hfx_client, start};
use super::convert::{User, bytes, handle, maybe_handle, out, path, take, text};
use super::error::{hfx_error, hfx_status};
use super::guard::{guard, value};
use super::job::hfx_job;
use super::options::hfx_options;
use super::read::refused;
use super::repo::{self, hfx_repo};
use crate::client::{Draft, Input, LfsObject, Reader};
use crate::error::{Error, Kind, Result};

/// The operations of a commit to come. A builder: one thread at a time, and `HFX_E_LOCKED` while a job works on it.
pub struct hfx_commit {
    draft: Draft,
    pid: u32,
}

/// Reads content for an upload: puts `length` bytes from `offset` on into `buffer` and returns how many it put there.
/// Less than asked for is asked for again; 0 is a failure, and so is a negative errno, as -EIO, which is then the
/// error's hfx_error_os_error. Called from several threads at once, for the same bytes more than once (they are hashed
/// before they are sent) and in any order; never outside of the size that was given. On a thread of the library; it
/// must not wait for a job or close a client, and no exception or longjmp may leave it. When the job is cancelled, bytes
/// that are being asked for may still be read, by several calls, after its end: what it uses is for the destructor of
/// `user` to free.
pub type hfx_read_fn =
    Option<extern "C" fn(offset: u64, buffer: *mut c_void, length: usize, user: *mut c_void) -> i64>;

/// Starts an empty commit; the functions below add to it, and hfx_client_commit makes it.
/// On success `*out_commit` is the builder, to be freed with hfx_commit_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_new(out_commit: *mut *mut hfx_commit, err: *mut *mut hfx_error) -> hfx_status {
    guard(err, || {
        out(out_commit, "out_commit")?.set(hfx_commit { draft: Draft::new(), pid: std::process::id() });
        Ok(())
    })
}

/// Adds or replaces a file of the repository by one on disk, which is read when the commit is made and must not change
/// until then. `path_in_repo` is as "folder/file"; `..`, `.git` and `.cache` in it are refused.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_add_file(
    commit: *mut hfx_commit,
    path_in_repo: *const c_char,
    file_path: *const c_char,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let input = Input::Path(path(file_path, "file_path")?, None);
        draft(commit)?.add(text(path_in_repo, "path_in_repo")?, input)
    })
}

/// Adds or replaces a file of the repository by `length` bytes of memory, which are copied.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_add_bytes(
    commit: *mut hfx_commit,
    path_in_repo: *const c_char,
    content: *const c_void,
    length: usize,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let input = Input::Memory(Bytes::copy_from_slice(bytes(content, length, "content")?));
        draft(commit)?.add(text(path_in_repo, "path_in_repo")?, input)
    })
}

/// Adds or replaces a file of the repository by `size` bytes that `read` brings. `user` is handed through; `destroy`,
/// when not NULL, is called on it exactly once, also when this call fails.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_add_reader(
    commit: *mut hfx_commit,
    path_in_repo: *const c_char,
    size: u64,
    read: hfx_read_fn,
    user: *mut c_void,
    destroy: Option<extern "C" fn(user: *mut c_void)>,
    err: *mut *mut hfx_error,
) -> hfx_status {
    let user = User::new(user, destroy);
    guard(err, || {
        let read = read.ok_or_else(|| Error::invalid("read is NULL"))?;
        if i64::try_from(size).is_err() {
            return Err(Error::invalid(format!("no file is {size} bytes long")));
        }
        let input = Input::Reader(Arc::new(Called { size, read, user }));
        draft(commit)?.add(text(path_in_repo, "path_in_repo")?, input)
    })
}

/// Adds or replaces a file of the repository by content that its LFS server holds already: sent by hfx_client_preupload
/// with this or another builder, or by anybody. `oid` is its SHA-256, 64 lower-case hex digits
/// (hfx_committed_file_oid), `size` its length in bytes. Whether it is there the Hub says when the commit is made.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_add_lfs(
    commit: *mut hfx_commit,
    path_in_repo: *const c_char,
    oid: *const c_char,
    size: u64,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let object = LfsObject { oid: text(oid, "oid")?.to_owned(), size };
        draft(commit)?.add_stored(text(path_in_repo, "path_in_repo")?, object)
    })
}

/// Deletes a file of the repository.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_delete_file(
    commit: *mut hfx_commit,
    path_in_repo: *const c_char,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || draft(commit)?.delete_file(text(path_in_repo, "path_in_repo")?))
}

/// Deletes a folder of the repository, with all that is in it.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_delete_folder(
    commit: *mut hfx_commit,
    path_in_repo: *const c_char,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || draft(commit)?.delete_folder(text(path_in_repo, "path_in_repo")?))
}

/// Copies a file to `path_in_repo`, without downloading and uploading an LFS file again: from `from_path` of `from`, at
/// its revision; NULL is the repository that is committed to, before the commit.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_copy_file(
    commit: *mut hfx_commit,
    from: *const hfx_repo,
    from_path: *const c_char,
    path_in_repo: *const c_char,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let from = maybe_handle(from);
        let revision = from.and_then(|from| from.revision.as_deref());
        let (from_path, to) = (text(from_path, "from_path")?, text(path_in_repo, "path_in_repo")?);
        draft(commit)?.copy(from.map(|from| &from.id), revision, from_path, to)
    })
}

/// How many operations the commit has; 0 for NULL and while a job works on it.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_count(commit: *const hfx_commit) -> usize {
    value(0, || draft(commit).map_or(0, Draft::len))
}

/// Frees the builder; a job that works on it goes on. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_commit_free(commit: *mut hfx_commit) {
    value((), || {
        if let Some(commit) = take(commit)
            && commit.pid != std::process::id()
        {
            // In a forked child, locks of the parent's threads may be held for ever.
            std::mem::forget(commit);
        }
    });
}

/// Starts making a commit to `repo` at its revision (a branch or `refs/pr/N`): what the repository holds already is
/// left out, LFS content is sent first, then the commit is made, once. When nothing is left no commit is made, and
/// hfx_committed_commit_count says 0. It follows commits by others in between; where they changed the same paths, or
/// `parent_commit` is set, it is `HFX_E_CONFLICT`, with the head in hfx_error_commit (servers that ignore the parent of
/// a commit don't notice). The options `commit_message`,
/// `commit_description`, `parent_commit` and `create_pr` are for it. When it has ended well the builder is empty, else
/// it holds what it held. The result is taken with hfx_job_take_committed.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_commit(
    client: *const hfx_client,
    repo: *const hfx_repo,
    commit: *mut hfx_commit,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, draft) = (repo::of(repo)?, draft(commit)?);
        start(client, options, place, |client, options, hooks| {
            client.commit(&repo.id, repo.revision.as_deref(), draft, options, hooks)
        })
    })
}

/// Starts sending the LFS content of a commit to come, and lets go of it (memory is freed, the destructors of readers
/// are called): so content can be made, sent and forgotten piece by piece, and committed at the end. What the Hub takes
/// as regular files stays in the builder. The result is taken with hfx_job_take_committed.
/// On success `*out_job` is the job, to be freed with hfx_job_free.
#[unsafe(no_mangle)]
pub extern "C" fn hfx_client_preupload(
    client: *const hfx_client,
    repo: *const hfx_repo,
    commit: *mut hfx_commit,
    options: *const hfx_options,
    out_job: *mut *mut hfx_job,
    err: *mut *mut hfx_error,
) -> hfx_status {
    guard(err, || {
        let place = out(out_job, "out_job")?;
        let (repo, draft) = (repo::of(repo)?, draft(commit)?);
        start(client, options, place, |client, options, hooks| {
            client.preupload(&repo.id, repo.revision.as_deref(), draft, options, hooks)
        })
    })
}

/// The operations behind a handle, refused in a forked child.
fn draft<'a>(commit: *const hfx_commit) -> Result<&'a Draft> {
    let commit = handle(commit, "commit")?;
    if commit.pid != std::process::id() {
        return Err(Error::new(
            Kind::Forked,
            "this commit was begun before fork(): begin a new one in the child",
        ));
    }
    Ok(&commit.draft)
}

type ReadCall = extern "C" fn(u64, *mut c_void, usize, *mut c_void) -> i64;

/// Content that the host reads.
struct Called {
    size: u64,
    read: ReadCall,
    user: User,
}

impl Reader for Called {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let mut buffer = vec![0; (range.end - range.start) as usize];
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = &mut buffer[filled..];
            let (room, at) = (rest.len(), range.start + filled as u64);
            let got = (self.read)(at, rest.as_mut_ptr().cast(), room, self.user.pointer());
            let got = usize::try_from(got).ok().filter(|got| (1..=room).contains(got)).ok_or_else(|| {
                if got < 0 {
                    return refused("reader", got);
                }
                let text = format!("the reader returned {got} where {room} bytes were asked for");
                Error::new(Kind::Callback, text)
            })?;
            filled += got;
        }
        Ok(buffer.into())
    }
}
