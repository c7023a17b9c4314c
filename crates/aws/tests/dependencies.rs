//! The functions link only the current HTTP stack: the SDK's legacy one (hyper 0.14, rustls 0.21) doubles their size, and aws-lc spends
//! the time of a cold start on its first random number. They do not link aws-config, because Lambda sets everything in the environment.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::process::Command;

const FUNCTIONS: [&str; 15] = [
    "analyze-faces",
    "api",
    "count-trends",
    "detect-labels",
    "detect-text",
    "import-image",
    "inspect-image",
    "moderate-image",
    "reconcile",
    "record-failure",
    "record-rejection",
    "report-trends",
    "request-review",
    "send-alert",
    "store-record",
];

/// `name vX.Y.Z` of every crate that a function links.
fn linked(function: &str) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let tree = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--offline", "-p", function, "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{function}: {}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8(tree.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn no_function_links_the_legacy_http_stack_or_aws_lc_or_aws_config() {
    for function in FUNCTIONS {
        let linked = linked(function);
        assert!(linked.iter().any(|name| name.starts_with("hyper v1.")), "{function}: the tree was read");
        let unwanted = ["hyper v0.14", "rustls v0.21", "h2 v0.3", "aws-lc-rs v", "aws-lc-sys v", "openssl-sys v", "aws-config v"];
        let found: Vec<_> = linked.iter().filter(|name| unwanted.iter().any(|unwanted| name.starts_with(unwanted))).collect();
        assert!(found.is_empty(), "{function}: {found:?}");
    }
}

/// A newer SDK may need another version of crc-fast, and cargo then only warns that the patch is unused.
#[test]
fn functions_link_our_crc_fast() {
    for name in linked("detect-labels").iter().filter(|name| name.starts_with("crc-fast v")) {
        assert!(name.contains("/crates/crc-fast)"), "{name}: change the version in crates/crc-fast/Cargo.toml");
    }
}

#[test]
fn functions_link_only_the_services_that_they_call() {
    let expected = [
        ("analyze-faces", vec!["rekognition", "s3"]),
        ("api", vec!["dynamodb", "s3", "sfn"]),
        ("count-trends", vec!["dynamodb"]),
        ("detect-labels", vec!["rekognition", "s3"]),
        ("detect-text", vec!["rekognition", "s3"]),
        ("import-image", vec!["dynamodb", "s3", "sfn"]),
        ("inspect-image", vec!["dynamodb", "s3"]),
        ("moderate-image", vec!["rekognition", "s3"]),
        ("reconcile", vec!["dynamodb", "s3", "sfn"]),
        ("record-failure", vec!["dynamodb", "s3", "sfn"]),
        ("record-rejection", vec!["dynamodb", "s3"]),
        ("report-trends", vec!["dynamodb", "sns"]),
        ("request-review", vec!["dynamodb", "sfn"]),
        ("send-alert", vec!["s3", "sns"]),
        ("store-record", vec!["dynamodb", "s3"]),
    ];
    for (function, services) in expected {
        let mut found: Vec<String> =
            linked(function).iter().filter_map(|name| name.strip_prefix("aws-sdk-")?.split(' ').next().map(str::to_owned)).collect();
        found.sort();
        found.dedup();
        assert_eq!(found, services, "{function}");
    }
}
