//! The queue of jobs that have ended, its very source, in every order that its threads can come to.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::SeqCst};
use loom::thread;
use queue::Queue;

#[path = "../../../src/client/queue.rs"]
mod queue;

mod sync {
    pub use loom::sync::{Mutex, MutexGuard};
}

/// A queue, and the descriptor that says whether something is in it.
fn listened() -> (Arc<Queue<u32>>, Arc<AtomicBool>) {
    let (queue, set) = (Arc::new(Queue::default()), Arc::new(AtomicBool::new(false)));
    let event = set.clone();
    queue.listen(Box::new(move || event.store(true, SeqCst)));
    (queue, set)
}

/// Two jobs that end while the host takes what is there.
fn jobs_end(pop: impl Fn(&Queue<u32>, &AtomicBool) -> Option<u32> + Sync + Send + 'static) {
    loom::model(move || {
        let (queue, set) = listened();
        let end = |number| {
            let queue = queue.clone();
            thread::spawn(move || {
                if queue.listened(|| ()) {
                    queue.push(number);
                }
            })
        };
        let threads = [end(1), end(2)];
        let mut taken = Vec::new();
        taken.extend(pop(&queue, &set));
        taken.extend(pop(&queue, &set));
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(set.load(SeqCst), taken.len() < 2, "the descriptor says whether a job is there");
        while let Some(number) = pop(&queue, &set) {
            taken.push(number);
        }
        assert!(!set.load(SeqCst));
        taken.sort_unstable();
        assert_eq!(taken, [1, 2], "each is taken once");
    });
}

#[test]
fn the_descriptor_tells_the_truth() {
    jobs_end(|queue, set| queue.pop(|| set.store(false, SeqCst)));
}

/// The same with a bug, which must be found: the descriptor is cleared after the lock was let go.
#[test]
#[should_panic(expected = "the descriptor says")]
fn a_late_clear_is_found() {
    jobs_end(|queue, set| {
        let mut empty = false;
        let job = queue.pop(|| empty = true);
        if empty {
            set.store(false, SeqCst);
        }
        job
    });
}

#[test]
fn whoever_listens_before_the_end_is_told() {
    loom::model(|| {
        let (queue, set, ended) =
            (Arc::new(Queue::default()), Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let job = {
            let (queue, ended) = (queue.clone(), ended.clone());
            thread::spawn(move || {
                if queue.listened(|| ended.store(true, SeqCst)) {
                    queue.push(1);
                }
            })
        };
        let event = set.clone();
        queue.listen(Box::new(move || event.store(true, SeqCst)));
        let over = ended.load(SeqCst);
        job.join().unwrap();
        let told = set.load(SeqCst);
        assert!(told || over, "a job that ends after the listening has begun is told");
        assert_eq!(queue.pop(|| set.store(false, SeqCst)).is_some(), told);
    });
}
