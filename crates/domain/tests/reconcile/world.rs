//! The world of the tests.

use sightline_domain::{
    flows::reconcile::{ActionKind, Bookmark, Options, Reconciler, Report},
    model::{Clock, EpochMillis, ProcessingStatus, Record, Upload},
    ports::ExecutionState,
};
use sightline_tests::{
    executions::MemoryExecutions,
    failing::Failing,
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, UPLOADED, claimed, key},
    tables::MemoryTables,
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use uuid::Uuid;

pub const MINUTE: EpochMillis = 60_000;
/// Long after the uploads of most tests.
pub const NOW: EpochMillis = UPLOADED + 20 * MINUTE;

/// A clock that advances by `step` with every reading.
#[derive(Clone)]
pub struct TickingClock {
    now: Arc<AtomicI64>,
    step: i64,
}

impl Clock for TickingClock {
    fn now(&self) -> EpochMillis {
        self.now.fetch_add(self.step, Ordering::Relaxed)
    }
}

pub struct World {
    pub records: Failing<MemoryTables>,
    pub table: MemoryTables,
    pub objects: MemoryObjects,
    pub executions: Failing<MemoryExecutions>,
    pub engine: MemoryExecutions,
    pub now: EpochMillis,
    /// Milliseconds between two readings.
    pub step: EpochMillis,
    pub options: Options,
}

pub fn world() -> World {
    let (table, engine) = (MemoryTables::default(), MemoryExecutions::default());
    World {
        records: Failing::new(table.clone()),
        table,
        objects: MemoryObjects::default(),
        executions: Failing::new(engine.clone()),
        engine,
        now: NOW,
        step: 0,
        options: Options {
            bucket: BUCKET.to_owned(),
            grace: 5 * MINUTE,
            full: false,
            retention_days: 730,
            dry_run: false,
            calls_per_second: 50,
            deadline: EpochMillis::MAX,
        },
    }
}

impl World {
    pub fn run(&self) -> Report {
        let clock = TickingClock { now: Arc::new(AtomicI64::new(self.now)), step: self.step };
        let reconciler = Reconciler::new(self.records.clone(), self.objects.clone(), self.executions.clone(), clock);
        ready(reconciler.run(&self.options))
    }

    /// Puts an object at the key that names [`IMAGE_ID`].
    pub fn upload(&self, bytes: &[u8], at: EpochMillis) -> Upload {
        self.objects.upload(BUCKET, &key(), bytes, at)
    }

    /// Uploads `count` objects under plain keys; returns their keys.
    pub fn upload_many(&self, count: usize) -> Vec<String> {
        let keys: Vec<String> = (0..count).map(|number| format!("raw-uploads/{number:03}.jpg")).collect();
        for key in &keys {
            self.objects.upload(BUCKET, key, b"image", UPLOADED);
        }
        keys
    }

    /// Completes the record of an upload under this id.
    pub fn complete(&self, upload: &Upload, image_id: &str) {
        let record =
            Record { image_id: image_id.to_owned(), etag: upload.etag.clone(), version_id: upload.version_id.clone(), ..claimed() };
        self.table.put(&Record { processing_status: ProcessingStatus::Completed, work_queue: None, ..record });
    }

    /// The record of [`IMAGE_ID`], claimed by [`EXECUTION`] and PENDING; `state` is the state of its execution.
    pub fn stuck(&self, state: Option<ExecutionState>) -> Record {
        let upload = self.upload(b"image", UPLOADED);
        let record = Record { etag: upload.etag, version_id: upload.version_id, ..claimed() };
        self.table.put(&record);
        if let Some(state) = state {
            self.engine.put(EXECUTION, state);
        }
        record
    }

    /// The PENDING record of the image with this number, whose execution has failed.
    pub fn stuck_with_number(&self, number: u128) -> Record {
        let image_id = Uuid::from_u128(number).to_string();
        let record = Record { image_id, execution_arn: format!("{EXECUTION}-{number}"), ..claimed() };
        self.engine.put(&record.execution_arn, failed("E"));
        self.table.put(&record);
        record
    }

    pub fn record(&self) -> Record {
        self.table.all().into_iter().find(|record| record.image_id == IMAGE_ID).expect("a record")
    }

    /// The inputs of all started executions.
    pub fn started(&self) -> Vec<Upload> {
        let inputs = self.engine.started().into_iter().map(|(_, input)| serde_json::from_str(&input).expect("an upload's event"));
        inputs.map(|event| Upload::from_event(&event)).collect()
    }

    pub fn bookmark(&self) -> Bookmark {
        ready(Bookmark::read(&self.objects, BUCKET, EpochMillis::MAX)).expect("a bookmark")
    }
}

/// A FAILED execution that ended a minute ago.
pub fn failed(error: &str) -> ExecutionState {
    let error = Some(error.to_owned()).filter(|error| !error.is_empty());
    ExecutionState::Failed { status: "FAILED".into(), error, cause: Some("c".into()), stopped_at: Some(NOW - MINUTE) }
}

pub fn did(report: &Report) -> Vec<ActionKind> {
    report.actions.iter().map(|action| action.action).collect()
}
