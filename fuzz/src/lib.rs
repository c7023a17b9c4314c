//! The fuzz targets and their invariants. `tests/tests/fuzz_corpora.rs` runs the same code on every file of `corpus/`.

use inspect_image::step::Settings;
use record_failure::RecordFailure;
use sightline_domain::model::{ExecutionStatusChanged, ExifFacts, FixedClock, ObjectCreated, ProcessingStatus, Upload};
use sightline_inspection::{exif as exif_reader, inspect, picture::check_bytes};
use sightline_kit::{Step, settings::from};
use sightline_tests::{executions::MemoryExecutions, objects::MemoryObjects, ready, samples::NOW, tables::MemoryTables};

/// An event that EventBridge delivers to the state machine or to record-failure.
pub fn events(bytes: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<ObjectCreated>(bytes) {
        identity(&event);
    }
    if let Ok(event) = serde_json::from_slice::<ExecutionStatusChanged>(bytes) {
        failure(event);
    }
}

/// The identity of an upload depends only on its event, and is valid in a key.
fn identity(event: &ObjectCreated) {
    let upload = Upload::from_event(event);
    let ids = upload.candidate_ids();
    assert_eq!(ids, Upload::from_event(&reread(event)).candidate_ids());
    assert!(matches!(ids.as_slice(), [_] | [_, _]) && ids.last() == Some(&upload.derived_id()));
    assert!(ids.iter().all(|id| id.len() == 36 && id.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9' | b'a'..=b'f'))));
    let owner = upload.owner_id();
    assert!(!owner.is_empty() && !owner.contains(['#', '/']));
    let _ = event.time_millis();
}

fn reread(event: &ObjectCreated) -> ObjectCreated {
    let json = serde_json::to_vec(event).expect("an event that was read can be written");
    serde_json::from_slice(&json).expect("an event that was written can be read")
}

/// For any execution input and cause there is one FAILED record with a reason, or none if the input is not an upload.
fn failure(event: ExecutionStatusChanged) {
    let is_upload = event.detail.input.as_deref().is_some_and(|input| serde_json::from_str::<ObjectCreated>(input).is_ok());
    let execution = event.detail.execution_arn.clone();
    let records = MemoryTables::default();
    let step = RecordFailure::new(730, records.clone(), MemoryObjects::default(), MemoryExecutions::default(), FixedClock(NOW));
    let marked = ready(step.run(event)).expect("the fakes do not fail");
    let written = records.all();
    assert_eq!((marked.is_some(), written.len()), (is_upload, usize::from(is_upload)));
    for record in written {
        assert!(record.processing_status == ProcessingStatus::Failed && record.execution_arn == execution);
        assert!(record.status_reason.is_some_and(|reason| !reason.is_empty()) && record.status_detail.is_some());
    }
}

/// With the default limits, an upload is rejected, or accepted with copies that are accepted too and have no metadata.
pub fn images(bytes: &[u8]) {
    let settings = from(&|name| (name == "RECORDS_TABLE").then(|| "records".to_owned()), Settings::read).expect("the defaults are right");
    let limits = settings.limits;
    if check_bytes(bytes.len() as u64, &limits).is_err() {
        return;
    }
    let Ok(accepted) = inspect("raw-uploads/photo.jpg", bytes, &limits, true) else { return };
    assert!(accepted.width.min(accepted.height) >= 80 && u64::from(accepted.width) * u64::from(accepted.height) <= limits.max_pixels);
    let copy = inspect("copy.jpg", &accepted.copy, &limits, true).expect("the copy is an image that is accepted");
    assert!(
        copy.exif == ExifFacts::default() && copy.warnings.is_empty() && copy.width <= accepted.width && copy.height <= accepted.height
    );
    assert!(accepted.thumbnail.starts_with(&[0xff, 0xd8]));
}

/// The facts of any TIFF structure can be stored and shown.
pub fn exif(bytes: &[u8]) {
    let facts = exif_reader::facts(bytes, true);
    let shown = |text: &String| !text.is_empty() && text.chars().count() <= 201 && !text.chars().any(char::is_control);
    assert!(facts.camera.as_ref().is_none_or(shown) && facts.taken_at.as_ref().is_none_or(shown));
    assert!(facts.taken_at.as_ref().is_none_or(|at| matches!(at.len(), 19 | 25) && at.as_bytes().get(10) == Some(&b'T')));
    assert!(facts.gps.is_none_or(|place| place.latitude.abs() <= 90.0 && place.longitude.abs() <= 180.0));
    let kept = serde_json::to_vec(&facts).expect("facts can be written");
    assert_eq!(serde_json::from_slice::<ExifFacts>(&kept).ok().as_ref(), Some(&facts));
    assert_eq!(exif_reader::facts(bytes, false).gps, None);
}
