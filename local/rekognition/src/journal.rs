//! What is kept of a call: a line in the log, and a count.

use std::{sync::Arc, time::Instant};

use tracing::info;
use uuid::Uuid;

use crate::{calls::Outcome, operation::Operation, protocol::Reply, service::Service};

/// The call's line in the log and its place in the counts. A call that is dropped before it is closed has failed:
/// its client went away, or it hung until the end.
pub struct Entry {
    service: Arc<Service>,
    pub request_id: Uuid,
    start: Instant,
    /// Known once the headers are read.
    pub operation: Option<Operation>,
    /// The key in S3, known once the body is read.
    pub image: String,
    written: bool,
}

impl Entry {
    /// Starts the clock.
    pub fn new(service: Arc<Service>) -> Self {
        Self { service, request_id: Uuid::new_v4(), start: Instant::now(), operation: None, image: String::new(), written: false }
    }

    /// Writes it all down.
    pub fn close(&mut self, reply: &Reply) {
        match reply {
            Reply::Answer(_) => self.write(Outcome::Answered, "answered"),
            Reply::Refuse(refusal) => self.write(refusal.code.into(), refusal.code.name()),
            Reply::Garble(_) => self.write(Outcome::Failed, "garbled"),
            Reply::Drop => self.write(Outcome::Failed, "dropped"),
        }
    }

    /// Never the image's key: it may hold a name.
    fn write(&mut self, outcome: Outcome, word: &str) {
        self.written = true;
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let operation = self.operation.map_or("unknown", Operation::name);
        info!(operation, outcome = word, ms, request_id = %self.request_id, "call");
        if let Some(operation) = self.operation {
            self.service.calls.count(operation, &self.image, outcome);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.written {
            self.write(Outcome::Failed, "abandoned");
        }
    }
}
