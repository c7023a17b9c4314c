//! The domain is pure: no AWS SDK, no tokio, no Lambda below it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use std::process::Command;

/// Names of all crates below the domain, by normal dependencies, as cargo resolves them.
fn below_the_domain() -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let tree = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "-p", "sightline-domain", "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn the_domain_knows_no_aws_no_tokio_and_no_lambda() {
    let below = below_the_domain();
    assert!(below.iter().any(|name| name == "serde_json"), "the tree was read: {below:?}");
    let names = ["tokio", "lambda_runtime", "hyper", "reqwest", "sightline-aws", "sightline-kit"];
    let foreign: Vec<_> = below.iter().filter(|name| name.starts_with("aws-") || names.contains(&name.as_str())).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}
