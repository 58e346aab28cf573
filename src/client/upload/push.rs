//! LFS content on its way to the server: hashed, asked about, sent, completed, confirmed.
//!
//! The next files are hashed while the current ones are sent. An object that is there already is not sent; one that
//! was begun by a run that was killed goes on with the parts that the store does not have (see [`super::object`]).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::draft::Addition;
use super::hashes::{Hashes, Seen};
use super::object::{Sender, Server, mapped};
use super::state::State;
use crate::client::context::Context;
use crate::error::{Error, Kind, Result};
use crate::event::{FileProgress, FileState};
use crate::hub::lfs::{Answered, BATCH, LfsObject, Operation};
use crate::transfer::download::blocking;
use crate::transfer::reader::{Sums, hash};

/// Files hashed at once at most: more would only fight for the disk.
const HASHING: usize = 4;
/// Hashed files that may wait for their turn to be sent.
const AHEAD: usize = 2 * BATCH;
/// The server names an address for each part: about so many at once, whatever the files' sizes.
const ADDRESSES: u64 = 4000;
/// The parts of an object are about as long as this, or longer.
const PART: u64 = 8 << 20;

/// One file to bring to the server.
pub(super) struct Item {
    /// The file.
    pub(super) addition: Addition,
    /// Its progress.
    pub(super) progress: Arc<FileProgress>,
}

/// A file whose content is known.
struct Known {
    index: usize,
    object: LfsObject,
    sums: Arc<Sums>,
}

impl Known {
    /// About how many addresses the server names for it.
    fn addresses(&self) -> u64 {
        self.object.size / PART + 1
    }
}

/// How many of the next objects are asked about together (pure): one that needs more addresses than all is asked about alone.
fn batch_of(addresses: impl Iterator<Item = u64>) -> usize {
    let mut sum = 0;
    let fits = |count: &u64| {
        sum += count;
        sum <= ADDRESSES
    };
    addresses.take(BATCH).take_while(fits).count().max(1)
}

/// Brings the content of `items` to the server and notes in each what its object is. A file that the repository holds
/// unchanged (`mode.oid`) is not even asked about. The first failure ends it; what was stored by then stays stored.
pub(super) async fn push(
    context: &Context,
    server: &Server,
    hashes: Arc<Hashes>,
    items: &mut [&mut Item],
) -> Result<()> {
    let mut watch = context.watch();
    let work = Push { context: context.clone(), server: server.clone(), hashes };
    let outcome = watch.guard(work.run(items)).await;
    if let Err(error) = &outcome {
        for item in items.iter().filter(|item| !item.addition.stored) {
            item.progress.fail(error);
        }
    }
    outcome
}

struct Push {
    context: Context,
    server: Server,
    hashes: Arc<Hashes>,
}

type Asked = (Vec<Known>, Result<Vec<Answered>>);

impl Push {
    async fn run(&self, items: &mut [&mut Item]) -> Result<()> {
        let mut to_hash: VecDeque<usize> =
            (0..items.len()).filter(|at| !items[*at].addition.stored).collect();
        let mut hashing: JoinSet<(usize, Result<Known>)> = JoinSet::new();
        let mut asking: JoinSet<Asked> = JoinSet::new();
        let mut sending: JoinSet<(String, Result<()>)> = JoinSet::new();
        let mut known: VecDeque<Known> = VecDeque::new();
        let mut to_send: VecDeque<(Known, Answered)> = VecDeque::new();
        // All files with the same content wait for one sending.
        let mut same: HashMap<String, Vec<usize>> = HashMap::new();
        let at_once = self.context.engine.limits.files().min(self.context.engine.limits.slots.most());
        let state = State::of(&self.context);
        if !items.is_empty() {
            state.sweep();
        }
        let hashers = std::thread::available_parallelism().map_or(1, usize::from).min(HASHING);
        loop {
            self.context.watch().go_on().await?;
            while hashing.len() < hashers && known.len() + to_send.len() < AHEAD {
                let Some(index) = to_hash.pop_front() else { break };
                hashing.spawn(self.clone_of().known(
                    index,
                    items[index].addition.clone(),
                    items[index].progress.clone(),
                ));
            }
            let waiting: u64 = to_send.iter().map(|(known, _)| known.addresses()).sum();
            if asking.is_empty() && !known.is_empty() && to_send.len() < BATCH && waiting < ADDRESSES {
                let count = batch_of(known.iter().map(Known::addresses));
                let batch: Vec<Known> = known.drain(..count).collect();
                asking.spawn(self.clone_of().ask(batch));
            }
            while sending.len() < at_once {
                let Some((next, answered)) = to_send.pop_front() else { break };
                let item = &items[next.index];
                let sender = Sender {
                    context: self.context.clone(),
                    server: self.server.clone(),
                    addition: item.addition.clone(),
                    progress: item.progress.clone(),
                    object: next.object,
                    sums: next.sums,
                };
                sending.spawn(async move { (sender.object.oid.clone(), sender.run(answered).await) });
            }
            if hashing.is_empty() && asking.is_empty() && sending.is_empty() {
                return Ok(());
            }
            tokio::select! {
                Some(hashed) = hashing.join_next(), if !hashing.is_empty() => {
                    let (index, found) = hashed.map_err(|join| broken(&join))?;
                    let found = found.map_err(|error| error.context(items[index].addition.path.clone()))?;
                    let item = &mut *items[index];
                    item.addition.object = Some(found.object.clone());
                    let there = item.addition.mode.as_ref().and_then(|mode| mode.oid.as_deref());
                    if there == Some(found.object.oid.as_str()) {
                        item.addition.stored = true;
                        item.progress.set_state(FileState::Cached);
                        continue;
                    }
                    let twins = same.entry(found.object.oid.clone()).or_default();
                    twins.push(index);
                    if twins.len() == 1 {
                        known.push_back(found);
                    }
                }
                Some(asked) = asking.join_next(), if !asking.is_empty() => {
                    let (batch, answers) = asked.map_err(|join| broken(&join))?;
                    for (known, answered) in batch.into_iter().zip(answers?) {
                        match answered {
                            Answered::Present => {
                                // A run that was killed may have left word of it.
                                state.forget(self.server.url.as_str(), &known.object);
                                settle(items, &mut same, &known.object.oid, FileState::Cached);
                            }
                            Answered::Refused(error) => {
                                return Err(error.context(items[known.index].addition.path.clone()));
                            }
                            answered => to_send.push_back((known, answered)),
                        }
                    }
                }
                Some(sent) = sending.join_next(), if !sending.is_empty() => {
                    let (oid, outcome) = sent.map_err(|join| broken(&join))?;
                    let path = || same.get(&oid).map_or_else(String::new, |twins| items[twins[0]].addition.path.clone());
                    if let Err(error) = outcome {
                        if matches!(error.kind(), Kind::Http | Kind::ContentChanged) {
                            // The hash may be of an earlier content that has the same size and time.
                            let twins = same.get(&oid).into_iter().flatten();
                            twins.for_each(|twin| self.forget(&items[*twin].addition));
                        }
                        return Err(error.context(path()));
                    }
                    settle(items, &mut same, &oid, FileState::Done);
                }
            }
        }
    }

    /// Forgets the hash of a file.
    fn forget(&self, addition: &Addition) {
        if let Some(super::draft::Input::Path(path, None)) = &addition.input {
            self.hashes.forget(path);
        }
    }

    fn clone_of(&self) -> Self {
        Self { context: self.context.clone(), server: self.server.clone(), hashes: self.hashes.clone() }
    }

    /// Finds out what a file's object is.
    async fn known(
        self,
        index: usize,
        addition: Addition,
        progress: Arc<FileProgress>,
    ) -> (usize, Result<Known>) {
        let work = async {
            progress.set_state(FileState::Running);
            let stamp = addition.looked.as_ref().and_then(|looked| looked.stamp);
            let place = match (&addition.input, stamp) {
                (Some(super::draft::Input::Path(path, None)), Some(stamp)) => Some((path.clone(), stamp)),
                _ => None,
            };
            let size = addition.size();
            if let Some(object) = addition.object.clone() {
                progress.set_hashed(size);
                return Ok(Known { index, object, sums: Arc::default() });
            }
            let seen = match place {
                Some((path, stamp)) => {
                    let hashes = self.hashes.clone();
                    let (seen, sha256) = blocking(move || {
                        let seen = Seen::of(&path, stamp);
                        let sha256 = hashes.get(&seen);
                        Ok((seen, sha256))
                    })
                    .await?;
                    if let Some(sha256) = sha256 {
                        progress.set_hashed(size);
                        let object = LfsObject::new(&sha256, size)?;
                        return Ok(Known { index, object, sums: Arc::default() });
                    }
                    Some(seen)
                }
                None => None,
            };
            let mapped = mapped(&self.context);
            let reader = blocking(move || addition.open(mapped)).await?;
            let hashed = hash(reader, progress.clone(), self.context.watch()).await?;
            if let Some(seen) = seen {
                let (notes, sha256) = (self.hashes.clone(), hashed.sha256.clone());
                blocking(move || {
                    notes.put(&seen, &sha256);
                    Ok(())
                })
                .await?;
            }
            Ok(Known { index, object: LfsObject::new(&hashed.sha256, size)?, sums: Arc::new(hashed.sums) })
        };
        (index, work.await)
    }

    async fn ask(self, batch: Vec<Known>) -> Asked {
        let objects: Vec<LfsObject> = batch.iter().map(|known| known.object.clone()).collect();
        let reference = self.server.reference.as_deref();
        let answers =
            self.context.hub.lfs_batch(&self.server.url, Operation::Upload, &objects, reference).await;
        (batch, answers)
    }
}

/// Notes that an object is on the server.
fn settle(items: &mut [&mut Item], same: &mut HashMap<String, Vec<usize>>, oid: &str, state: FileState) {
    for index in same.remove(oid).unwrap_or_default() {
        items[index].addition.stored = true;
        items[index].progress.set_state(state);
    }
}

fn broken(join: &tokio::task::JoinError) -> Error {
    Error::new(Kind::Internal, "an upload's task failed").cause(join)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_bounded_by_objects_and_by_addresses() {
        let batch = |addresses: &[u64]| batch_of(addresses.iter().copied());
        assert_eq!(batch(&[1; 1000]), BATCH);
        assert_eq!(batch(&[ADDRESSES / 2; 9]), 2);
        assert_eq!(batch(&[6400, 6400]), 1, "50 GB each");
        assert_eq!(batch(&[1]), 1);
    }
}
