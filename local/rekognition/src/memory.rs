//! Keeps the process small: what one image needed goes back before the next.

use std::{env, os::unix::process::CommandExt, process::Command};

/// glibc gives threads heaps of their own and keeps what they free: over 200 calls of varied sizes that grew to 1.3 GB, with these to 0.5 GB.
/// One heap; blocks from 16 MB on are mapped by themselves (lower, and every tensor costs page faults); its free end goes back from 64 MB on.
const SETTINGS: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "16000000"), ("MALLOC_TRIM_THRESHOLD_", "64000000")];

/// The allocator reads its settings only when a process starts, so this one starts again in its own place, with the same id.
/// Whoever sets one of them keeps it. If that fails, the process merely stays larger.
pub fn settle() {
    if SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some()) {
        return;
    }
    if let Ok(program) = env::current_exe() {
        let _failed = Command::new(program).args(env::args_os().skip(1)).envs(SETTINGS).exec();
    }
}
