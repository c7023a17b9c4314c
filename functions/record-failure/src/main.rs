//! The record-failure function.

fn main() {}
