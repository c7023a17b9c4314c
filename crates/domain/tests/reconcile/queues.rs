//! Records whose execution has ended, and undelivered decisions.

use crate::world::{MINUTE, NOW, did, failed, world};
use serde_json::json;
use sightline_domain::{
    flows::reconcile::{ActionKind, EXECUTION_LOST, ReviewQueue},
    model::{EpochMillis, ProcessingStatus, Record, ReviewOutcome, ReviewStatus, Upload, WorkQueue},
    ports::{ExecutionState, FailureCause, Records, Written},
};
use sightline_tests::{
    failing::When,
    ready,
    samples::{EXECUTION, IMAGE_ID, OTHER_EXECUTION, UPLOADED, claimed},
    tables::REVIEW_TOKEN,
};
use uuid::Uuid;

/// Injected: an execution fails and its status event never comes.
/// Seen: the next run marks the record FAILED with the first real cause and its state; it starts nothing.
#[test]
fn row_25_a_record_whose_execution_failed_without_an_event_is_marked_failed() {
    let world = world();
    world.stuck(Some(failed("Recognition.Misconfigured")));
    world.engine.set_failure_cause(FailureCause {
        state: Some("DetectFaces".into()),
        error: "Recognition.Misconfigured".into(),
        message: "denied".into(),
    });

    let report = world.run();

    assert_eq!((did(&report), report.stuck_records, world.started().len()), (vec![ActionKind::MarkedFailed], 1, 0));
    let record = world.record();
    assert_eq!((record.processing_status, record.work_queue), (ProcessingStatus::Failed, Some(WorkQueue::Failed)));
    assert_eq!(record.status_reason.as_deref(), Some("Recognition.Misconfigured"));
    assert_eq!(record.status_detail.as_deref(), Some("DetectFaces: denied"));
    assert_eq!(world.run().actions, []);
}

#[test]
fn running_and_recently_ended_executions_are_left_alone() {
    let ended = |at: EpochMillis| ExecutionState::Failed { status: "FAILED".into(), error: None, cause: None, stopped_at: Some(at) };
    for state in [ExecutionState::Running, ended(NOW - 2_000)] {
        let world = world();
        world.stuck(Some(state));
        let report = world.run();
        assert_eq!((report.actions, report.untouched, world.record().processing_status), (vec![], 2, ProcessingStatus::Pending));
    }
}

#[test]
fn an_execution_that_was_redriven_meanwhile_is_left_alone() {
    let world = world();
    world.stuck(Some(failed("Recognition.Throttled")));
    world.engine.set_redriven(true);
    let report = world.run();
    assert_eq!((report.actions, report.stuck_records, world.record().processing_status), (vec![], 0, ProcessingStatus::Pending));
}

/// Injected: the engine loses an execution, or the execution succeeds without a completed record.
/// Seen: the record is FAILED briefly, a new execution of the same upload claims it, and `Attempts` is increased.
#[test]
fn row_36_a_lost_execution_is_restarted_at_once() {
    let cases = [
        (None, EXECUTION_LOST),
        (Some(ExecutionState::Succeeded { stopped_at: Some(NOW - MINUTE) }), EXECUTION_LOST),
        (Some(failed("States.ServiceRestart")), "States.ServiceRestart"),
    ];
    for (state, reason) in cases {
        let world = world();
        let before = world.stuck(state);

        let report = world.run();

        assert_eq!((did(&report), report.stuck_records, report.restarted), (vec![ActionKind::Restarted], 1, 1), "{reason}");
        let record = world.record();
        assert_eq!((record.processing_status, record.status_reason.as_deref()), (ProcessingStatus::Failed, Some(reason)));
        assert!(world.started()[0].candidate_ids().contains(&before.image_id), "{reason}");
        let fresh = Record { execution_arn: OTHER_EXECUTION.into(), ..before };
        assert_eq!(ready(world.table.claim(&fresh)).unwrap(), Written::Yes);
        assert_eq!(world.record().attempts, 2);
    }
}

#[test]
fn a_record_found_by_its_entity_tag_alone_is_restarted_under_its_own_id() {
    let world = world();
    let upload = world.objects.upload("images", "raw-uploads/a.jpg", b"image", UPLOADED);
    let by_etag = Upload { version_id: None, ..upload.clone() };
    let mut record = claimed();
    record.image_id = by_etag.derived_id();
    (record.s3_url, record.version_id, record.etag) = ("s3://images/raw-uploads/a.jpg".into(), upload.version_id, upload.etag);
    world.table.put(&record);
    world.run();
    assert_eq!(world.started(), [by_etag]);
}

#[test]
fn a_missing_execution_is_lost_only_a_minute_after_its_claim() {
    for (age, restarted) in [(59_999, 0), (60_000, 1)] {
        let mut world = world();
        let record = world.stuck(None);
        world.now = record.claimed_at + age;
        world.options.grace = age;
        assert_eq!(world.run().restarted, restarted, "{age} ms");
    }
}

#[test]
fn the_queue_position_is_kept_after_an_error_for_the_next_run() {
    let mut world = world();
    for number in 0..9 {
        world.stuck_with_number(number);
    }
    world.executions = world.executions.clone().fail_later("find_execution", When::Before, 4, 3);

    let first = world.run();

    let place = world.bookmark().queue.and_then(|position| position.after).expect("a place");
    assert_eq!((first.stuck_records, first.interrupted, first.failed), (4, true, 2));
    // The two with errors come again when the queue is read from its beginning.
    assert_eq!(place.image_id, Uuid::from_u128(5).to_string());
    assert_eq!((world.run().stuck_records, world.run().stuck_records), (3, 2));
}

#[test]
fn an_unreadable_item_or_record_is_counted_and_named_and_hides_no_other() {
    let world = world();
    for (number, odd) in [(1, json!({"ProcessingStatus": "SOMETHING"})), (2, json!({"Size": "large"})), (3, json!({}))] {
        world.table.change(&world.stuck_with_number(number).image_id, odd);
    }

    let report = world.run();

    let done: Vec<_> = report.actions.iter().map(|action| (action.image_id.as_str(), action.action)).collect();
    let id = |number| Uuid::from_u128(number).to_string();
    assert_eq!(
        done,
        [(id(1).as_str(), ActionKind::NotDone), (id(2).as_str(), ActionKind::NotDone), (id(3).as_str(), ActionKind::MarkedFailed)]
    );
    assert_eq!((report.failed, report.interrupted, report.complete), (2, false, false));
}

#[test]
fn after_a_few_attempts_a_lost_record_stays_failed() {
    let world = world();
    world.stuck(None);
    world.table.change(IMAGE_ID, json!({"Attempts": 5}));
    let report = world.run();
    assert_eq!((did(&report), world.record().work_queue), (vec![ActionKind::MarkedFailed], Some(WorkQueue::Failed)));
}

#[test]
fn an_interrupted_restart_is_repeated_for_an_hour() {
    let mut world = world();
    world.stuck(None);
    world.executions = world.executions.clone().fail("start", When::Before, 1);

    let interrupted = world.run();
    world.now += 5 * MINUTE;
    let repeated = world.run();

    assert!(interrupted.error.is_some() && world.record().processing_status == ProcessingStatus::Failed);
    assert_eq!((did(&repeated), world.started().len()), (vec![ActionKind::Restarted], 1));
    // No execution claims it.
    world.now += 60 * MINUTE;
    assert_eq!((world.run().actions, world.record().work_queue), (vec![], Some(WorkQueue::Failed)));
}

#[test]
fn a_dry_run_reports_ended_executions_and_writes_nothing() {
    for (state, would) in [(Some(failed("E")), ActionKind::WouldMarkFailed), (None, ActionKind::WouldRestart)] {
        let mut world = world();
        world.options.dry_run = true;
        world.stuck(state);
        assert_eq!(did(&world.run()), [would]);
        assert_eq!((world.record().processing_status, world.started().len()), (ProcessingStatus::Pending, 0));
    }
}

fn decision(at: EpochMillis) -> ReviewOutcome {
    ReviewOutcome { status: ReviewStatus::Approved, reviewed_by: Some("anna".into()), reviewed_at: Some(at), review_reason: None }
}

/// Injected: a decision is saved, and notifying the execution fails.
/// Seen: the next run delivers it with the token in the record; the one after that changes nothing.
#[test]
fn row_29_an_undelivered_decision_is_delivered_and_applied_once() {
    let world = world();
    world.stuck(Some(ExecutionState::Running));
    world.table.change(IMAGE_ID, json!({REVIEW_TOKEN: "token-1"}));
    world.table.save_decision(IMAGE_ID, &decision(NOW - MINUTE));

    let (first, second) = (world.run(), world.run());

    assert_eq!((did(&first), first.undelivered_decisions, second.actions.len()), (vec![ActionKind::Notified], 1, 0));
    assert_eq!(world.engine.notified(), [("token-1".to_owned(), decision(NOW - MINUTE))]);
    assert_eq!(first.actions[0].execution_arn.as_deref(), Some(EXECUTION));
}

#[test]
fn a_recent_decision_is_left_to_its_reviewer() {
    let world = world();
    world.stuck(Some(ExecutionState::Running));
    world.table.change(IMAGE_ID, json!({REVIEW_TOKEN: "token-1"}));
    world.table.save_decision(IMAGE_ID, &decision(NOW - 1_000));
    assert_eq!((world.run().undelivered_decisions, world.engine.notified().len()), (0, 0));
}

#[test]
fn open_reviews_are_counted_and_their_executions_checked() {
    let world = world();
    world.stuck(Some(ExecutionState::Running));
    let asked = json!({"WorkQueue": "REVIEW", "ReviewStatus": "PENDING", "ReviewRequestedAt": NOW - 90_000});
    world.table.change(IMAGE_ID, asked);
    let report = world.run();
    assert_eq!((report.review_queue, report.records_looked_at), (Some(ReviewQueue { length: 1, age_seconds: 90 }), 1));

    world.engine.put(EXECUTION, failed(""));
    assert_eq!(did(&world.run()), [ActionKind::MarkedFailed]);
    assert_eq!(world.record().status_reason.as_deref(), Some("Execution.FAILED"));
}

#[test]
fn queues_are_read_page_by_page_from_the_last_position() {
    let mut world = world();
    for number in 0..7 {
        world.stuck_with_number(number);
    }
    (world.step, world.options.deadline) = (1000, NOW + 10_000);
    let first = world.run();
    assert!(first.stuck_records > 0 && first.stuck_records < 7 && !first.complete && world.bookmark().queue.is_some());

    (world.step, world.options.deadline) = (0, i64::MAX);
    assert_eq!((world.run().stuck_records, world.bookmark().queue), (7 - first.stuck_records, None));
}

/// Injected: two uploads of an image were claimed as two items, and the execution of the older one has ended without completing it.
/// Seen: the older one is marked FAILED as superseded and not started again; the newer one is left alone.
#[test]
fn row_01_an_older_item_of_an_image_does_not_stay_pending_behind_the_newer_one() {
    for state in [Some(ExecutionState::Succeeded { stopped_at: Some(NOW - MINUTE) }), None, Some(failed("Recognition.Throttled"))] {
        let world = world();
        let older = world.stuck(state);
        let newer = Record {
            upload_timestamp: UPLOADED + 1_000,
            execution_arn: OTHER_EXECUTION.into(),
            processing_status: ProcessingStatus::Completed,
            work_queue: None,
            ..older
        };
        world.table.put(&newer);

        let report = world.run();

        assert_eq!((did(&report), world.started().len()), (vec![ActionKind::MarkedFailed], 0));
        let records = world.table.all();
        assert_eq!(
            records.iter().map(|record| record.processing_status).collect::<Vec<_>>(),
            [ProcessingStatus::Failed, ProcessingStatus::Completed]
        );
        assert_eq!((records[0].status_reason.as_deref(), records[0].work_queue), (Some("Record.Superseded"), Some(WorkQueue::Failed)));
        assert_eq!(world.run().actions, []);
    }
}

#[test]
fn a_record_that_is_marked_failed_expires_like_all_others() {
    for (days, expires) in [(730, Some(NOW / 1000 + 730 * 86_400)), (0, None)] {
        let mut world = world();
        world.options.retention_days = days;
        world.stuck(Some(failed("Recognition.Misconfigured")));
        world.run();
        assert_eq!(world.record().expires_at, expires);
    }
}
