//! `sightline find`: words as typed, and names of files.

use crate::local_stack::{LocalStack, sightline};
use serde_json::Value;
use std::{fs, path::Path};
use uuid::Uuid;

/// Lines of text: `DON'T WALK`, `RE16 TGK`, `INV-2024/0815`.
const WORDS_WITH_MARKS: &[u8] = include_bytes!("../../pictures/words-with-marks.png");

/// Runs the command; returns its JSON output and its messages.
fn run(local: &LocalStack, arguments: &[&str]) -> (Value, String) {
    let run = sightline(local, &[arguments, &["--output", "json"]].concat());
    (run.json(), run.messages)
}

fn upload(local: &LocalStack, folder: &Path, name: &str, bytes: &[u8], owner: &str) -> Value {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file is written");
    run(local, &["upload", path.to_str().expect("UTF-8"), "--owner", owner, "--wait"]).0[0].clone()
}

#[tokio::test]
async fn accented_words_and_file_names_are_found_as_typed() {
    let local = LocalStack::default_stage().await;
    let folder = tempfile::tempdir().expect("a folder");
    let owner = format!("s-{}", Uuid::new_v4());

    let record = upload(&local, folder.path(), "Strand-Grüße_2024.png", WORDS_WITH_MARKS, &owner);
    let cut_off = upload(&local, folder.path(), "cut off.png", &WORDS_WITH_MARKS[..1_000], &owner);

    assert_eq!((&record["ProcessingStatus"], &record["ImageName"]), (&"COMPLETED".into(), &"Strand-Grüße_2024.png".into()));
    assert_eq!((&cut_off["ProcessingStatus"], &cut_off["ImageName"]), (&"FAILED".into(), &"cut off.png".into()));
    let find = |terms: &[&str]| run(&local, &[&["find", "--owner", &owner], terms].concat());
    for terms in [
        &["don't"] as &[&str],
        &["don’t", "walk"],
        &["RE16 TGK"],
        &["tgk", "re16"],
        &["RE16TGK"],
        &["INV-2024/0815"],
        &["inv-2024"],
        &["0815"],
        &["Strand-Grüße_2024.png"],
        &["grusse"],
        &["walks", "-person"],
    ] {
        let (found, message) = find(terms);
        let ids: Vec<&Value> = found.as_array().expect("a list").iter().map(|hit| &hit["ImageID"]).collect();
        assert_eq!(ids, [&record["ImageID"]], "{terms:?}: {message}");
        assert_eq!(found[0]["ImageName"], record["ImageName"]);
    }
    for (terms, hint) in
        [(&["walk", "-tgk"] as &[&str], "also has an excluded term"), (&["walk", "zzyzx"], "no image matches \"zzyzx\" alone")]
    {
        let (found, message) = find(terms);
        assert!(found.as_array().expect("a list").is_empty() && message.contains(hint), "{terms:?}: {message}");
    }
    let listed = run(&local, &["executions", "list", "--limit", "100"]).0;
    for record in [&record, &cut_off] {
        let row =
            listed.as_array().expect("a list").iter().find(|row| row["ImageID"] == record["ImageID"]).expect("its execution is listed");
        assert_eq!(row["ImageName"], record["ImageName"]);
    }
    let shown = sightline(&local, &["show", record["ImageID"].as_str().expect("an id")]);
    assert!(shown.output.contains("Strand-Grüße_2024.png"));

    let id = record["ImageID"].as_str().expect("an id");
    let (receipts, message) = run(&local, &["erase", id, "--yes"]);
    assert!(receipts.to_string().contains("ERASED"), "{receipts} {message}");
    for terms in [&["don't"] as &[&str], &["RE16TGK"], &["grusse"], &["strand"]] {
        assert!(find(&[terms, &["--withheld"]].concat()).0.as_array().expect("a list").is_empty(), "{terms:?}");
    }
    let (left, _) = run(&local, &["show", id]);
    assert_eq!((&left["ProcessingStatus"], left.get("ImageName")), (&"ERASED".into(), None));
}
