//! The detect-text function.

fn main() {}
