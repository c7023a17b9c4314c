//! Uploads with unusual keys, tags or types, and an unreadable record: none of them may affect the others.

use crate::local_stack::{LocalStack, Uploaded, sample, sightline, within};
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use aws_sdk_s3::{primitives::ByteStream, types::Tag};
use serde_json::Value;
use sightline_domain::{
    model::Upload,
    ports::{Counters, Objects, Records},
};
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// Longer than the grace period that these tests pass to reconcile.
const AFTER_GRACE: Duration = Duration::from_secs(22);

/// Names with every character that S3 accepts in a key (S3 user guide, "Naming Amazon S3 objects"), and misleading names.
fn odd_names(folder: &str) -> Vec<String> {
    let control: String = (1..=0x1f).chain(0x7f..=0x9f).chain([0xfffe, 0xffff]).filter_map(char::from_u32).collect();
    let mut names = vec![
        control,
        " +%&=?#\\\"'<>^`{}|~[]$@:;,!*()".to_owned(),
        "\u{a0}\u{1f600}e\u{301}\u{202e}\u{5d0}\u{200d}\u{2028}".to_owned(),
        "a%2Fb%00+c%".to_owned(),
        "./a/../b//c".to_owned(),
        " spaces  ".to_owned(),
    ];
    // 1,024 bytes, the limit of a key.
    let room = 1024 - folder.len();
    names.push(format!("{}{}", "é".repeat(room / 2), "x".repeat(room % 2)));
    names.iter().map(|name| format!("{folder}{name}")).collect()
}

#[tokio::test]
async fn uploads_with_any_character_in_their_keys_are_analysed_reconciled_imported_and_erased() {
    let local = LocalStack::default_stage().await;
    let folder = format!("raw-uploads/odd-{}/", Uuid::new_v4());
    let mut uploads: Vec<Uploaded> = Vec::new();
    for key in odd_names(&folder) {
        let mut uploaded = local.put(&key, &sample("coffee.jpg")).await;
        uploaded.id = local.derived_id(&uploaded);
        uploads.push(uploaded);
    }
    let mut ids: Vec<String> = Vec::new();
    for upload in &uploads {
        let record = local.completed(&upload.id).await;
        // reconcile starts an upload with its version, which the events of the local S3 lack, so the image gets another id.
        let key = upload.key.clone();
        let version_id = record.version_id.clone();
        ids.push(Upload { bucket: local.stack.images_bucket.clone(), key, version_id, etag: upload.etag.clone() }.derived_id());
        assert_eq!(record.s3_url, format!("s3://{}/{}", local.stack.images_bucket, upload.key));
        local.ended(&record.execution_arn).await;
        assert_eq!(local.status_tag(&upload.key).await.as_deref(), Some("analyzed"), "{:?}", upload.key);
    }

    // reconcile finds them under their exact keys.
    for upload in &uploads {
        local.delete_record(&local.completed(&upload.id).await).await;
    }
    tokio::time::sleep(AFTER_GRACE).await;
    let run = sightline(&local, &["reconcile", "--grace", "20s", "--output", "json"]);
    assert!(matches!(run.code, Some(0 | 3)), "{}", run.messages);
    for id in &ids {
        local.completed(id).await;
    }

    // An import recognises them in place, and imports them from another bucket.
    let there = format!("s3://{}/{folder}", local.stack.images_bucket);
    let known = sightline(&local, &["import", &there, "--dry-run", "--output", "json"]).succeeded().json();
    let all = u64::try_from(uploads.len()).expect("a few");
    assert_eq!((known["Images"].as_u64(), known["AlreadyAnalyzed"].as_u64()), (Some(all), Some(all)), "{known}");
    let elsewhere = local.new_bucket().await;
    for key in odd_names("") {
        local.put_into(&elsewhere, &key, &sample("coffee.jpg")).await;
    }
    let source = format!("s3://{elsewhere}/");
    let imported = sightline(&local, &["import", &source, "--owner", "odd", "--yes", "--wait", "--output", "json"]).succeeded().json();
    assert_eq!(imported["Completed"].as_u64(), Some(all), "{imported}");

    // All versions are erased.
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    sightline(&local, &[&["erase", "--yes", "--output", "json"][..], &ids].concat()).succeeded();
    let objects = local.s3();
    let left = objects.list_versions(&local.stack.images_bucket, &folder).await.expect("a listing");
    assert_eq!(left.iter().map(|version| &version.key).collect::<BTreeSet<_>>(), BTreeSet::new());
}

#[tokio::test]
async fn a_folder_marker_is_not_an_upload() {
    let local = LocalStack::default_stage().await;
    let marker = local.put(&format!("raw-uploads/{}/", Uuid::new_v4()), b"").await;
    let with_a_dot = local.put(&format!("raw-uploads/2019.08.{}/", Uuid::new_v4()), b"").await;
    // An event of a folder marker ends at once.
    let (_, states) = local.ended(&local.start(&local.event(&with_a_dot, None)).await).await;
    assert_eq!(states, ["InspectImage", "FolderIgnored"]);
    let empty = local.upload(b"", "jpg").await;
    assert_eq!(local.failed(&empty.id).await.1, "EMPTY_FILE", "an empty file is not a folder");

    let report = sightline(&local, &["reconcile", "--grace", "0s", "--output", "json"]).json();

    for folder in [&marker, &with_a_dot] {
        let id = local.derived_id(folder);
        assert!(local.tables().find(&id).await.expect("records can be read").is_none());
        assert!(!report["Actions"].as_array().expect("actions").iter().any(|action| action["ImageID"] == id), "{report}");
        assert_eq!(local.status_tag(&folder.key).await, None);
    }
    let executions = local.clients.sfn().list_executions().state_machine_arn(&local.stack.state_machine_arn).max_results(200);
    for execution in executions.send().await.expect("executions").executions {
        let described = local.clients.sfn().describe_execution().execution_arn(&execution.execution_arn).send().await.expect("it is known");
        assert!(!described.input.unwrap_or_default().contains(&format!("\"{}\"", marker.key)), "an execution of a folder");
    }
}

#[tokio::test]
async fn uploaders_tags_stay_and_ten_of_them_leave_no_room_for_ours() {
    let local = LocalStack::default_stage().await;
    for (own, status) in [(2, Some("analyzed")), (10, None)] {
        let tags: Vec<String> = (0..own).map(|number| format!("t{number}=v%20{number}")).collect();
        let id = Uuid::new_v4().to_string();
        let key = format!("raw-uploads/tests/{id}.jpg");
        let put = local.clients.s3().put_object().bucket(&local.stack.images_bucket).key(&key).tagging(tags.join("&"));
        put.body(ByteStream::from(sample("coffee.jpg"))).send().await.expect("the upload is taken");
        let record = local.completed(&id).await;
        local.ended(&record.execution_arn).await;
        assert_eq!(local.status_tag(&key).await.as_deref(), status);
        let tagging = local.clients.s3().get_object_tagging().bucket(&local.stack.images_bucket).key(&key).send().await.expect("tags");
        let kept = tagging.tag_set.iter().filter(|tag| tag.key != "status").map(Tag::value).collect::<BTreeSet<_>>();
        assert_eq!(kept.len(), own, "{kept:?}");
    }
}

#[tokio::test]
async fn an_unreadable_record_does_not_stop_reconcile_or_the_counters() {
    let local = LocalStack::default_stage().await;
    let odd = Uuid::new_v4().to_string();
    let put = local.clients.dynamodb().put_item().table_name(&local.stack.records_table);
    let put = put.item("ImageID", S(odd.clone())).item("UploadTimestamp", N("1".into())).item("Size", S("large".into()));
    put.item("ProcessingStatus", S("SOMETHING".into())).item("WorkQueue", S("PENDING".into())).send().await.expect("an item");
    let photo = local.upload_sample("coffee.jpg").await;
    local.completed(&photo.id).await;

    let run = sightline(&local, &["reconcile", "--output", "json"]);
    let report = run.json();
    let named = |action: &&Value| action["ImageID"] == odd.as_str();
    let action = report["Actions"].as_array().expect("actions").iter().find(named).expect("the odd record is named").clone();
    assert_eq!((run.code, &action["Action"]), (Some(3), &Value::from("NOT_DONE")));
    let tallies = local.tables();
    within(Duration::from_mins(2), "the photo is counted", async || tallies.tally(&photo.id).await.expect("tallies can be read")).await;

    let delete = local.clients.dynamodb().delete_item().table_name(&local.stack.records_table);
    delete.key("ImageID", S(odd)).key("UploadTimestamp", N("1".into())).send().await.expect("the odd record is deleted");
}
