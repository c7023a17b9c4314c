//! The store-record function.

fn main() {}
