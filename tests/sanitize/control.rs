//! A correct program: a lock that is fought for, and what it guards. A ThreadSanitizer that finds a race in it does not
//! see the standard library's locks; see tests/sanitize.sh.

use std::sync::{Arc, Mutex};
use std::thread;

fn main() {
    let data = Arc::new(Mutex::new(vec![0_u64; 100]));
    let adder = |n: u64| {
        let data = data.clone();
        thread::spawn(move || {
            for i in 0..20_000 {
                data.lock().unwrap()[i % 100] += n;
            }
        })
    };
    let threads: Vec<_> = (0..4).map(adder).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
