//! The analyze-faces function.

fn main() {}
