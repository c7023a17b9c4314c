//! Executions: lists, states and redrives.

use crate::world::{ANN, PHOTO, Who, World, photo};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        clock::{DAY_MILLIS, EpochMillis},
        execution::{Event, Execution, ExecutionDetail},
        record::{ProcessingStatus, Record},
    },
    ports::{ExecutionOperations, Redriven},
};
use sightline_tests::samples::{BUCKET, NOW};

/// The S3 event of an upload of Ann's.
fn input(image_id: &str) -> Value {
    let object = json!({"key": format!("raw-uploads/{ANN}/{image_id}.jpg"), "size": 1_000, "etag": "e", "sequencer": "1"});
    json!({"version": "0", "id": "e", "detail-type": "Object Created", "source": "aws.s3", "account": "123456789012",
        "time": "2026-03-01T12:00:00Z", "region": "eu-west-1", "resources": [], "detail": {"version": "0", "bucket": {"name": BUCKET},
        "object": object, "request-id": "r", "requester": "x", "source-ip-address": "127.0.0.1", "reason": "PutObject"}})
}

/// Adds an execution of an image, with the record that it holds.
fn run(world: &World, name: &str, status: &str, image_id: &str, stopped_at: EpochMillis) {
    let arn = world.executions.arn_of(name);
    let failed = status == "FAILED";
    let execution = Execution {
        arn: arn.clone(),
        name: name.into(),
        status: status.into(),
        started_at: stopped_at - 5_000,
        stopped_at: Some(stopped_at),
    };
    let error = failed.then(|| "Recognition.Unavailable".to_owned());
    let detail = ExecutionDetail {
        execution,
        input: Some(input(image_id).to_string()),
        error,
        cause: failed.then(|| "x".repeat(600)),
        redrives: 0,
        not_redrivable: None,
    };
    let event = |id, kind: &str, state: Option<&str>| Event {
        id,
        previous: id - 1,
        at: stopped_at - 5_000 + id,
        kind: kind.into(),
        state: state.map(str::to_owned),
        ..Event::default()
    };
    let found =
        json!({"Image": {"ImageID": image_id, "Key": "k"}, "TextLines": [{"Text": "a secret"}], "TaskToken": "a-token"}).to_string();
    let mut history = vec![
        event(1, "ExecutionStarted", None),
        Event { input: Some(found), ..event(2, "TaskStateEntered", Some("StoreRecord")) },
        event(3, "TaskScheduled", None),
    ];
    if failed {
        history.push(Event { error: Some("Recognition.Unavailable".into()), ..event(4, "TaskFailed", None) });
    } else {
        history.push(event(4, "TaskStateExited", Some("StoreRecord")));
    }
    world.executions.put_detail(detail, history);
    let (status, reason) =
        if failed { (ProcessingStatus::Failed, Some("Recognition.Unavailable".to_owned())) } else { (ProcessingStatus::Completed, None) };
    world.put(Record { execution_arn: arn, processing_status: status, status_reason: reason, ..photo(image_id) });
}

const OTHER: &str = "10000000-0000-5000-8000-000000000009";

fn world() -> World {
    let world = World::default();
    run(&world, "good", "SUCCEEDED", PHOTO, NOW - 60_000);
    run(&world, "bad", "FAILED", OTHER, NOW - 30_000);
    world
}

#[tokio::test]
async fn executions_are_listed_newest_first_with_their_images_and_whether_a_redrive_helps() {
    let world = world();
    let page = world.ok(Who::Operator, "GET /api/executions", None).await;
    let executions = page["executions"].as_array().unwrap();
    assert_eq!(executions.iter().map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(), ["bad", "good"]);
    let (bad, good) = (&executions[0], &executions[1]);
    assert_eq!(
        (&bad["imageId"], &bad["error"], &bad["redrivable"], &bad["why"]),
        (&json!(OTHER), &json!("Recognition.Unavailable"), &json!(true), &Value::Null)
    );
    assert_eq!(bad["cause"].as_str().unwrap().chars().count(), 500);
    assert_eq!(
        (&good["redrivable"], good["why"].as_str().unwrap()),
        (&json!(false), "The execution is SUCCEEDED; only failed executions are run again.")
    );
    let failed = world.ok(Who::Operator, "GET /api/executions?status=FAILED&since=2026-03-01", None).await;
    assert_eq!(failed["executions"].as_array().unwrap().len(), 1);
    for wrong in ["status=BROKEN", "since=yesterday", "cursor=nonsense"] {
        world.problem(Who::Operator, &format!("GET /api/executions?{wrong}"), None, 400).await;
    }
}

#[tokio::test]
async fn a_list_of_executions_has_pages() {
    let world = World::default();
    for number in 0..45 {
        run(&world, &format!("run-{number}"), "SUCCEEDED", &format!("40000000-0000-5000-8000-{number:012}"), NOW - number * 1_000);
    }
    let (found, _) = world.all_pages(Who::Operator, "GET /api/executions", "executions").await;
    let ids: Vec<_> = found.iter().map(|execution| execution["id"].as_str().unwrap()).collect();
    assert_eq!(ids, (0..45).map(|number| format!("run-{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_execution_shows_its_states_without_found_text_and_tokens() {
    let execution = world().ok(Who::Operator, "GET /api/executions/bad", None).await;
    let state = &execution["states"][0];
    assert_eq!(
        (&state["name"], &state["outcome"], &state["attempts"], &state["error"]),
        (&json!("StoreRecord"), &json!("FAILED"), &json!(1), &json!("Recognition.Unavailable"))
    );
    assert_eq!((&state["input"]["imageId"], &state["input"]["textLines"]), (&json!(OTHER), &json!(1)));
    let text = execution.to_string();
    assert!(!text.contains("a secret") && !text.contains("a-token"), "{text}");
    let world = world();
    for unknown in ["none", "a.b", &"x".repeat(81)] {
        world.problem(Who::Operator, &format!("GET /api/executions/{unknown}"), None, 404).await;
    }
}

#[tokio::test]
async fn a_dry_run_says_what_a_redrive_does_and_then_it_does_it() {
    let world = world();
    let redrive = "POST /api/executions/bad/redrive";
    let would = world.ok(Who::Operator, redrive, Some(json!({"dryRun": true}))).await;
    assert_eq!(would["outcomes"], json!([{"id": "bad", "imageId": OTHER, "action": "WOULD_REDRIVE", "reason": null, "newId": null}]));
    assert_eq!(world.tables.item(OTHER)["ProcessingStatus"], "FAILED");
    let did = world.ok(Who::Operator, redrive, Some(json!({}))).await;
    assert_eq!(did["outcomes"][0]["action"], "REDRIVEN");
    assert_eq!(world.tables.item(OTHER)["ProcessingStatus"], "PENDING");
    let good = world.ok(Who::Operator, "POST /api/executions/good/redrive", Some(json!({}))).await;
    assert_eq!(good["outcomes"][0]["action"], "SKIPPED");
}

#[tokio::test]
async fn a_new_execution_starts_where_the_engine_has_no_redrive() {
    let world = world();
    world.executions.set_redrive_answer(Redriven::Unknown);
    let did = world.ok(Who::Operator, "POST /api/executions/bad/redrive", Some(json!({}))).await;
    assert_eq!((&did["outcomes"][0]["action"], &did["outcomes"][0]["newId"]), (&json!("RESTARTED"), &json!("started-1")));
    assert_eq!(world.executions.started().len(), 1);
}

#[tokio::test]
async fn an_old_execution_is_skipped_or_restarted() {
    let world = World::default();
    run(&world, "old", "FAILED", OTHER, NOW - 20 * DAY_MILLIS);
    let skipped = world.ok(Who::Operator, "POST /api/executions/old/redrive", Some(json!({}))).await;
    assert_eq!(skipped["outcomes"][0]["reason"], "It closed more than 14 days ago. A new execution is possible.");
    let restarted = world.ok(Who::Operator, "POST /api/executions/old/redrive", Some(json!({"orRestart": true}))).await;
    assert_eq!(restarted["outcomes"][0]["action"], "RESTARTED");
}

#[tokio::test]
async fn many_failed_executions_are_run_again_by_their_error() {
    let world = world();
    run(&world, "bad2", "FAILED", "10000000-0000-5000-8000-000000000008", NOW - 10_000);
    let redrive = "POST /api/executions:redrive";
    let none = world.ok(Who::Operator, redrive, Some(json!({"error": "Storage.*"}))).await;
    assert_eq!(none, json!({"outcomes": [], "more": false}));
    let all = world.ok(Who::Operator, redrive, Some(json!({"error": "Recognition.*"}))).await;
    let actions: Vec<_> =
        all["outcomes"].as_array().unwrap().iter().map(|one| (one["id"].as_str().unwrap(), one["action"].as_str().unwrap())).collect();
    assert_eq!(actions, [("bad2", "REDRIVEN"), ("bad", "REDRIVEN")]);
    let named = world.ok(Who::Operator, redrive, Some(json!({"ids": ["good", "good"], "dryRun": true}))).await;
    assert_eq!((named["outcomes"].as_array().unwrap().len(), &named["outcomes"][0]["action"]), (1, &json!("SKIPPED")));
    for wrong in [json!({"ids": []}), json!({"ids": vec!["a"; 51]}), json!({"since": "yesterday"})] {
        world.problem(Who::Operator, redrive, Some(wrong), 400).await;
    }
}
