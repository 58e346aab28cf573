//! Another Rust library in the same program: it has a copy of the standard library, and panics on its own account.

/// 1 when a panic was caught, on a thread of its own.
#[unsafe(no_mangle)]
pub extern "C" fn other_catches() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let thread = std::thread::spawn(|| std::panic::catch_unwind(|| panic!("on purpose")).is_err());
    i32::from(thread.join().unwrap_or(false))
}
