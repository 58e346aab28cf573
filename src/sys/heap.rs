//! The process's heap: nothing a library may decide, but a program about itself.
#![allow(unsafe_code)]

/// Lets all threads share two arenas of glibc's heap. Each thread has one of its own otherwise, and keeps what is freed
/// in it: a third of the tool's peak memory. To be called before the first other thread starts; other heaps than
/// glibc's are left as they are.
pub fn share_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const ARENAS: libc::c_int = 2;
        // SAFETY: mallopt takes two numbers, and no other thread is there to allocate meanwhile.
        let _ = unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
    }
}
