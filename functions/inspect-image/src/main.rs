//! The inspect-image function.

fn main() {}
