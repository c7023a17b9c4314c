//! The detect-labels function.

fn main() {}
