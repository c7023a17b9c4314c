//! Runs every file of `fuzz/corpus/` through the code of its fuzz target, so that earlier findings stay fixed.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may fail at once")]

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::{fs, path::Path};

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 10, "{target}: the corpus is there");
    for file in files {
        // Printed only if the test fails.
        println!("{}", file.display());
        run(&fs::read(file).unwrap());
    }
}

#[test]
fn events() {
    replay("events", targets::events);
}

#[test]
fn images() {
    replay("images", targets::images);
}

#[test]
fn exif() {
    replay("exif", targets::exif);
}
