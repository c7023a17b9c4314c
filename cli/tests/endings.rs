//! How the real binary ends: closed or full output, signals, `--timeout`, and queues that grow.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::symlink,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use support::{CREDENTIALS, StandIn, command, empty_deployment, log_groups, silence, stacks};

const ID: &str = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";

/// A folder with a photo and three broken links.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("p.jpg"), "a photo").unwrap();
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        symlink("nowhere", dir.path().join(name)).unwrap();
    }
    dir
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Starts the command with a pipe for each of its streams.
fn start(args: &[&str]) -> Child {
    command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The output of `child`, which has to end within 8 seconds.
fn output_of(mut child: Child) -> Output {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(8) {
            child.kill().unwrap();
            panic!("the command did not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

/// The output of `child` after a signal, which has to end it within a second, even while stdin is open.
fn output_after_signal(mut child: Child, name: &str) -> Output {
    std::thread::sleep(Duration::from_millis(700));
    let (_open, started) = (child.stdin.take(), Instant::now());
    signal(&child, name);
    let output = output_of(child);
    assert!(started.elapsed() < Duration::from_secs(1), "{name}: {:?}", started.elapsed());
    assert_eq!(output.status.code(), Some(130), "{name}: {}", stderr(&output));
    output
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn upload_continues_when_stdout_and_stderr_are_closed() {
    let (stand_in, dir) = (empty_deployment(), folder());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut upload = command(&["upload", &dir.path().to_string_lossy(), "--output", "ndjson", "--endpoint-url", &stand_in.url]);
    let child = upload.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    assert_eq!(output_of(child).status.code(), Some(3), "three links are broken");
    assert!(stand_in.seen("PUT /x/raw-uploads/"), "the photo is uploaded");
}

#[test]
fn closed_stdout_is_not_an_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = output_of(command(&["completions", "bash"]).stdout(writer).stderr(Stdio::piped()).spawn().unwrap());
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn upload_is_finished_even_if_its_output_cannot_be_written() {
    let (stand_in, dir) = (empty_deployment(), folder());
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut upload = command(&["upload", &dir.path().to_string_lossy(), "--output", "ndjson", "--endpoint-url", &stand_in.url]);
    let output = output_of(upload.stdout(full).stderr(Stdio::piped()).spawn().unwrap());
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the output cannot be written") && stand_in.seen("PUT /x/raw-uploads/"), "{}", stderr(&output));
}

#[test]
fn logs_tail_ends_when_stdout_is_closed_even_if_nothing_is_written() {
    let line = json!({"events": [{"timestamp": 2, "message": "{\"type\":\"ExecutionStarted\"}", "logStreamName": "s"}]}).to_string();
    let stand_in = StandIn::answering_each(&[
        ("Action=DescribeStacks", 200, &stacks()),
        ("Action=ListStackResources", 200, &log_groups(&[("ImageAnalysisLogs3CAEE99D", "machine-logs")])),
        ("machine-logs", 200, &line),
    ]);
    let mut child = start(&["logs", "--function", "image-analysis", "--tail", "--endpoint-url", &stand_in.url]);
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("ExecutionStarted"), "{first}");
    let output = output_of(child);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn each_terminating_signal_ends_a_request_at_once_with_one_sentence() {
    for name in ["INT", "TERM", "HUP"] {
        let output = output_after_signal(start(&["review", "approve", ID, "--endpoint-url", &silence()]), name);
        assert_eq!(stderr(&output), "sightline: interrupted; `sightline show` shows whether the decision was saved\n");
    }
}

#[test]
fn signal_ends_a_read_from_stdin() {
    let output = output_after_signal(start(&["upload", "-", "--endpoint-url", &silence()]), "INT");
    assert!(stderr(&output).starts_with("sightline: interrupted; run the same command again to continue"), "{}", stderr(&output));
}

#[test]
fn interrupted_upload_says_how_much_is_done() {
    let (stand_in, dir) = (empty_deployment(), folder());
    let child = start(&["upload", &dir.path().to_string_lossy(), "--wait", "--endpoint-url", &stand_in.url]);
    while !stand_in.seen("PUT /x/raw-uploads/") {
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = output_after_signal(child, "INT");
    let expected = "interrupted with 1 of 4 files uploaded; run the same command again to continue";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("in progress"));
}

#[test]
fn ignored_signal_stays_ignored() {
    let shell = format!("trap '' HUP; exec {} show {ID} --endpoint-url {}", env!("CARGO_BIN_EXE_sightline"), silence());
    let mut child = Command::new("sh").args(["-c", &shell]).envs(CREDENTIALS).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    signal(&child, "HUP");
    std::thread::sleep(Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "nohup keeps it alive");
    signal(&child, "INT");
    assert_eq!(output_of(child).status.code(), Some(130));
}

#[test]
fn timeout_counts_from_the_start_of_the_command() {
    let dir = folder();
    let started = Instant::now();
    let photo = dir.path().join("p.jpg");
    let output = output_of(start(&["upload", &photo.to_string_lossy(), "--wait", "--timeout", "1s", "--endpoint-url", &silence()]));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("sightline: --timeout of 1 s has passed; run the same command again"), "{}", stderr(&output));
}

#[test]
fn timeout_during_a_wait_prints_unfinished_images() {
    let (stand_in, dir) = (empty_deployment(), folder());
    let photo = dir.path().join("p.jpg");
    let args = ["upload", &photo.to_string_lossy(), "--wait", "--timeout", "2s", "--output", "json", "--endpoint-url", &stand_in.url];
    let output = output_of(start(&args));
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&printed[0]["ProcessingStatus"], &printed[0]["Upload"]), (&json!("PENDING"), &json!("UPLOADED")));
    assert!(stderr(&output).contains("--timeout of 2 s has passed with 1 of 1 file uploaded"), "{}", stderr(&output));
}

#[test]
fn ctrl_c_at_a_prompt_ends_the_command_without_changes() {
    let stand_in = StandIn::answering_each(&[
        ("Action=DescribeStacks", 200, &stacks()),
        ("GetQueueAttributes", 200, r#"{"Attributes":{"ApproximateNumberOfMessages":"3"}}"#),
    ]);
    let inner = format!("{} dlq replay --endpoint-url {}", env!("CARGO_BIN_EXE_sightline"), stand_in.url);
    // `script` gives the command a terminal, whose input is our pipe.
    let mut child = Command::new("script")
        .args(["-qec", &inner, "/dev/null"])
        .envs(CREDENTIALS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut part) = (String::new(), [0; 512]);
    while !shown.contains("[y/N]") {
        let read = screen.read(&mut part).unwrap();
        assert!(read > 0, "{shown}");
        shown.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    keys.write_all(b"\x03").unwrap();
    let output = output_of(child);
    screen.read_to_string(&mut shown).unwrap();
    assert_eq!(output.status.code(), Some(130), "{shown}");
    assert!(shown.contains("Replay 3 events? [y/N]") && shown.contains("sightline: interrupted; nothing was done"), "{shown}");
    assert!(!stand_in.seen("ReceiveMessage"));
}

#[test]
fn replay_ends_even_if_the_queue_grows_as_fast_as_it_is_read() {
    // Each request receives a new message.
    let stand_in = StandIn::answering_each(&[
        ("Action=DescribeStacks", 200, &stacks()),
        ("GetQueueAttributes", 200, r#"{"Attributes":{"ApproximateNumberOfMessages":"25"}}"#),
        ("ReceiveMessage", 200, r#"{"Messages":[{"MessageId":"m-$COUNT","ReceiptHandle":"r","Body":"{}"}]}"#),
        ("ChangeMessageVisibility", 200, "{}"),
    ]);
    for (verb, expected) in [("list", 35), ("replay", 35)] {
        let yes: &[&str] = if verb == "replay" { &["--yes"] } else { &[] };
        let output = output_of(start(&[&["dlq", verb, "--output", "json", "--endpoint-url", &stand_in.url], yes].concat()));
        let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(rows.len(), expected, "{verb}: {}", stderr(&output));
        assert!(verb == "list" || stderr(&output).contains("about 25 events arrived meanwhile"), "{}", stderr(&output));
    }
}

#[test]
fn list_ends_when_a_message_is_received_again() {
    let stand_in = StandIn::answering_each(&[
        ("Action=DescribeStacks", 200, &stacks()),
        ("GetQueueAttributes", 200, r#"{"Attributes":{"ApproximateNumberOfMessages":"100000"}}"#),
        ("ReceiveMessage", 200, r#"{"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"{}"}]}"#),
        ("ChangeMessageVisibility", 200, "{}"),
    ]);
    let output = output_of(start(&["dlq", "list", "--output", "json", "--endpoint-url", &stand_in.url]));
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap().len(), 1);
    assert!(stderr(&output).contains("showing 1 of about 100000 events"), "{}", stderr(&output));
}
