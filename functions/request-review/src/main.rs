//! The request-review function.

fn main() {}
