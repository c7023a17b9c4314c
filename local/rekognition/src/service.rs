//! Answers one call: checks the request, reads and decodes the image, runs the model.

use std::sync::{Arc, PoisonError, RwLock};

use image::RgbImage;
use sightline_vision::Models;

use crate::{
    calls::Calls,
    error::ApiError,
    faults::Faults,
    operation::Operation,
    photo::Header,
    photos::Photos,
    queue::{Queue, Slot},
    rate::Rate,
    source::{S3Reader, Source},
    task::Task,
    wire::Request,
};

/// The state that all calls share.
#[derive(Debug)]
pub struct Service {
    pub models: Models,
    pub s3: Option<S3Reader>,
    pub photos: Photos,
    pub queue: Arc<Queue>,
    pub rate: Rate,
    pub faults: Faults,
    pub calls: Calls,
    /// Locked for writing while a large image is decoded and for reading while a model runs: both at once would need too much memory.
    pub memory: RwLock<()>,
}

impl Service {
    /// Answers a call with the JSON of the response. Parameters are checked before a queue slot is taken; a large request has taken its `slot`
    /// before its body was read.
    pub async fn answer(self: &Arc<Self>, operation: Operation, request: &Request<'_>, slot: Option<Slot>) -> Result<String, ApiError> {
        let task = Task::new(operation, request)?;
        let source = Source::new(request.image.as_ref())?;
        let slot = match slot {
            Some(slot) => slot,
            None => Slot::take(&self.queue, operation).await?,
        };
        let bytes = source.read(self.s3.as_ref()).await?;
        let service = Arc::clone(self);
        slot.run(move || service.run(operation, &task, &bytes)).await
    }

    /// The part of a call that uses the CPU.
    fn run(&self, operation: Operation, task: &Task, bytes: &[u8]) -> Result<String, ApiError> {
        let header = Header::read(bytes)?;
        header.check(operation)?;
        let photo = self.photos.get_or_decode(bytes, || self.decode(bytes, &header))?;
        let _running = self.memory.read().unwrap_or_else(PoisonError::into_inner);
        task.run(&self.models, &photo)
    }

    fn decode(&self, bytes: &[u8], header: &Header) -> Result<RgbImage, ApiError> {
        let _exclusive = header.is_large().then(|| self.memory.write().unwrap_or_else(PoisonError::into_inner));
        header.decode(bytes)
    }
}
