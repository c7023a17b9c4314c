//! The record-rejection function.

fn main() {}
