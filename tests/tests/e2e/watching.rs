//! `sightline watch`: every new file of a folder is uploaded once.

use crate::local_stack::{LocalStack, sample, watch, within};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

#[tokio::test]
async fn new_files_of_a_folder_are_uploaded_once_and_ctrl_c_prints_a_summary() {
    let local = LocalStack::default_stage().await;
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    fs::create_dir(folder.join("deeper")).expect("a folder is made");
    let owner = format!("w-{}", Uuid::new_v4());
    fs::write(folder.join("cup.jpg"), sample("coffee.jpg")).expect("a file is written");

    let mut watching = watch(&local, &[folder.to_str().expect("UTF-8"), "--owner", &owner, "--output", "ndjson"]);
    let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
    let (stdout, seen) = (watching.stdout.take().expect("stdout is piped"), Arc::clone(&lines));
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            seen.lock().expect("a lock").push(serde_json::from_str(&line).expect("a line of JSON"));
        }
    });
    let line = async |place: usize| {
        within(Duration::from_mins(1), &format!("line {place}"), async || lines.lock().expect("a lock").get(place).cloned()).await
    };
    let first = line(0).await;
    // The same content under another name, a temporary file that is renamed, and a file in a subfolder.
    fs::write(folder.join("copy.jpg"), sample("coffee.jpg")).expect("a file is written");
    let second = line(1).await;
    fs::write(folder.join("deeper/cat.webp.part"), sample("cat.webp")).expect("a file is written");
    tokio::time::sleep(Duration::from_secs(4)).await;
    let nothing_yet = lines.lock().expect("a lock").len();
    fs::rename(folder.join("deeper/cat.webp.part"), folder.join("deeper/cat.webp")).expect("the file is renamed");
    let third = line(2).await;
    Command::new("kill").args(["-INT", &watching.id().to_string()]).status().expect("kill runs");
    let ended = watching.wait_with_output().expect("the command ends");

    assert_eq!((&first["Upload"], &second["Upload"]), (&Value::from("UPLOADED"), &Value::from("ALREADY_THERE")));
    assert_eq!(first["ImageID"], second["ImageID"]);
    assert_eq!((nothing_yet, &third["Upload"]), (2, &Value::from("UPLOADED")));
    let message = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{message}");
    assert!(message.contains("2 files uploaded, 1 already there"), "{message}");
    for line in [first, third] {
        let record = local.completed(line["ImageID"].as_str().expect("an id")).await;
        assert_eq!((record.owner_id.as_str(), record.attempts), (owner.as_str(), 1));
    }
}
