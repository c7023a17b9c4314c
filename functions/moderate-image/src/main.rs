//! The moderate-image function.

fn main() {}
