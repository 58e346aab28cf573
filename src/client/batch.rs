//! Small files that become visible together: one sync for many, then their names.
//!
//! A crash before that loses the files of one batch, which are fetched again; it never shows a torn one.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::place::Place;
use crate::error::{Error, Kind, Result};
use crate::sys::file;
use crate::transfer::download::blocking;

/// Files that are published together, at the most.
const MOST: usize = 256;
/// How long the first of them waits for more.
const WAIT: Duration = Duration::from_millis(30);

/// Publishes small files together: one sync for many, then their names.
pub struct Batch {
    sync: bool,
    waiting: Mutex<Vec<Waiting>>,
}

struct Waiting {
    place: Place,
    partial: PathBuf,
    published: oneshot::Sender<Result<PathBuf>>,
}

impl Batch {
    /// An empty batch; `sync` brings the data to disk before the names.
    pub fn new(sync: bool) -> Arc<Self> {
        Arc::new(Self { sync, waiting: Mutex::default() })
    }

    /// Publishes a finished small file, with others that come at the same time.
    pub async fn publish(self: &Arc<Self>, place: Place, partial: PathBuf) -> Result<PathBuf> {
        let (sender, receiver) = oneshot::channel();
        let length = {
            let mut waiting = self.lock();
            waiting.push(Waiting { place, partial, published: sender });
            waiting.len()
        };
        if length == 1 {
            let batch = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(WAIT).await;
                batch.flush().await;
            });
        } else if length >= MOST {
            self.flush().await;
        }
        receiver.await.unwrap_or_else(|_| Err(Error::new(Kind::Closed, "the client was closed")))
    }

    async fn flush(&self) {
        let batch = std::mem::take(&mut *self.lock());
        let sync = self.sync;
        // Whoever waits learns of a failure through its own channel.
        let _ = blocking(move || {
            let synced = if sync { sync_all(&batch) } else { Ok(()) };
            for one in batch {
                let published = synced.clone().and_then(|()| one.place.publish(&one.partial));
                let _ = one.published.send(published);
            }
            Ok(())
        })
        .await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One sync of the file system for many files; a few are synced by themselves.
fn sync_all(batch: &[Waiting]) -> Result<()> {
    if let Some(first) = batch.first().filter(|_| batch.len() > 8) {
        let file = fs::File::open(&first.partial).map_err(|e| Error::io("open", &first.partial, &e))?;
        if file::sync_file_system(&file).is_ok() {
            return Ok(());
        }
    }
    for one in batch {
        let synced = fs::File::open(&one.partial).and_then(|file| file.sync_data());
        synced.map_err(|e| Error::io("sync", &one.partial, &e))?;
    }
    Ok(())
}
