//! The send-alert function.

fn main() {}
