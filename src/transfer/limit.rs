//! The budgets that all transfers of a client share: connections, bytes per second, memory and open files.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::rate::Rate;
use super::slots::{SMALL, Slots};

/// Most connections without a cap of the caller's.
const MOST: usize = 256;
/// Buffers that one connection may fill: hyper's, TLS's and the part's own.
const PER_CONNECTION: u64 = 768 << 10;
/// Buffers that one large file in work may fill beside its connections'.
const PER_FILE: u64 = 4 << 20;
/// Small files in work at once, at most: most of them wait for their answer, or to be published together.
const SMALL_FILES: usize = 256;

/// Threads that may wait for a disk at the same moment: clearly fewer than there are for all that blocks, or a disk that
/// hangs would take them all, and the network's with them.
const ON_DISK: usize = 24;
/// After so many tries in vain a disk is slow, or hangs: then a writer looks again after this time.
const HUNG: u32 = 64;
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The shared budgets of one client.
#[derive(Debug)]
pub struct Limits {
    /// Connections.
    pub slots: Arc<Slots>,
    /// Bytes per second.
    pub rate: Arc<Rate>,
    memory: u64,
    files: usize,
    /// KiB of memory for small files on their way.
    room: Arc<Semaphore>,
    /// Small files that may be open.
    open: Arc<Semaphore>,
    /// Large files that may be hashed at the same moment.
    hashed: Arc<Semaphore>,
    /// Small files, and parts on a slow disk, that may be written at the same moment.
    on_disk: Arc<Semaphore>,
    /// Network threads that may write to files at the same moment: there is always one more.
    writers: Semaphore,
}

impl Limits {
    /// Budgets for a client; `connections` and `rate` of 0 mean no cap of the caller's, `descriptors` is what the
    /// process may open, `threads` are those of the network.
    pub fn new(connections: u64, memory: u64, rate: u64, descriptors: Option<u64>, threads: usize) -> Self {
        // Half of the descriptors are the host's; a connection needs one, and files need some.
        let by_descriptors = descriptors.map_or(MOST, |d| (d.saturating_sub(24) / 2) as usize);
        let by_memory = (memory / 4 * 3 / PER_CONNECTION) as usize;
        let hard_cap = MOST.max(connections as usize).min(by_descriptors).min(by_memory).max(1);
        let rate = Arc::new(Rate::new(rate));
        let slots = Slots::new(connections, hard_cap, rate.clone());
        // A file needs its partial, its lock, and now and then one more; a small one two while it is written.
        let by_descriptors = descriptors.map_or(usize::MAX, |d| (d.saturating_sub(24) / 12) as usize);
        let files = by_descriptors.min((memory / PER_FILE) as usize).max(1);
        let room = Arc::new(Semaphore::new(kib((memory / 8).max(SMALL)) as usize));
        let open = Arc::new(Semaphore::new(by_descriptors.clamp(1, SMALL_FILES)));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (hashed, writers) = (Arc::new(Semaphore::new(cores)), Semaphore::new(threads));
        let on_disk = Arc::new(Semaphore::new(ON_DISK));
        Self { slots, rate, memory, files, room, open, hashed, on_disk, writers }
    }

    /// Bytes that buffers may hold.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// How many large files may be open at once: each needs descriptors beside its connections, and some memory.
    pub fn files(&self) -> usize {
        self.files
    }

    /// How many small files may be in work at once.
    pub fn small_files(&self) -> usize {
        (self.slots.most() * 2).min(SMALL_FILES)
    }

    /// Waits until a small file fits into memory; it has its room until what comes back is dropped.
    pub async fn room(&self, size: u64) -> Option<OwnedSemaphorePermit> {
        // None were it ever closed, which it is not.
        self.room.clone().acquire_many_owned(kib(size.min(SMALL))).await.ok()
    }

    /// Waits until one more small file may be open; it may until what comes back is dropped.
    pub async fn open(&self) -> Option<OwnedSemaphorePermit> {
        self.open.clone().acquire_owned().await.ok()
    }

    /// Waits until one more thread may wait for the disk; it may until what comes back is dropped.
    pub async fn on_disk(&self) -> Option<OwnedSemaphorePermit> {
        self.on_disk.clone().acquire_owned().await.ok()
    }

    /// Writes what may keep the network thread that calls: by turns, so that one thread is always left for all else, and
    /// a cancel is answered while a disk hangs.
    pub async fn write<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut tries = 0;
        loop {
            // No queue: a turn that is handed to a task that sleeps is lost until it runs, and writes are short.
            if let Ok(_turn) = self.writers.try_acquire() {
                return work();
            }
            tries += 1;
            if tries < HUNG {
                tokio::task::yield_now().await;
            } else {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// Waits for a core to hash on: more at once would need more threads and buffers, and be no faster.
    pub async fn core(&self) -> Option<OwnedSemaphorePermit> {
        self.hashed.clone().acquire_owned().await.ok()
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_follow_memory_and_descriptors() {
        let most = |connections, memory, descriptors| {
            Limits::new(connections, memory, 0, descriptors, 2).slots.most()
        };
        assert_eq!(most(0, 256 << 20, None), 256);
        assert_eq!(most(0, 32 << 20, None), 32);
        assert_eq!(most(0, 256 << 20, Some(64)), 20);
        assert_eq!(most(4, 256 << 20, None), 4);
        assert_eq!(most(0, 1, Some(0)), 1);
    }

    /// A disk that hangs.
    #[test]
    fn writes_that_never_end_leave_a_thread_for_the_others() {
        for threads in [1, 2, 4] {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(threads + 1).enable_time().build().unwrap();
            let limits = Arc::new(Limits::new(0, 64 << 20, 0, None, threads));
            let (go, wait) = std::sync::mpsc::channel::<()>();
            let wait = Arc::new(std::sync::Mutex::new(wait));
            for _ in 0..12 {
                let (limits, wait) = (limits.clone(), wait.clone());
                runtime.spawn(async move { limits.write(|| wait.lock().unwrap().recv().is_err()).await });
            }
            let (done, answer) = std::sync::mpsc::channel();
            runtime.spawn(async move {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                done.send(()).unwrap();
            });
            let answered = answer.recv_timeout(std::time::Duration::from_secs(10));
            drop(go);
            answered.expect("the others go on");
        }
    }
}
