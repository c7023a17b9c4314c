//! One call from its body to its answer.

use std::sync::{Arc, PoisonError, RwLock};

use image::RgbImage;
use serde::Serialize;
use sightline_vision::{Models, VisionError};

use crate::{
    answer,
    calls::Calls,
    faults::Faults,
    operation::Operation,
    photo::{Header, S3Reader, decode, source},
    queue::{Place, Queue},
    rate::Rate,
    refusal::Refusal,
    request::{Request, Task},
};

/// Everything that requests share.
#[derive(Debug)]
pub struct Service {
    pub models: Models,
    pub s3: Option<S3Reader>,
    pub queue: Arc<Queue>,
    pub rate: Rate,
    pub faults: Faults,
    pub calls: Calls,
    /// Held for writing while a large image is decoded, for reading while a model runs: both at once would take too much memory.
    pub memory: RwLock<()>,
}

impl Service {
    /// Checks what can be checked without the image, then works in a place of the queue, which large requests bring along.
    /// The answer is JSON.
    pub async fn answer(self: &Arc<Self>, operation: Operation, request: &Request<'_>, place: Option<Place>) -> Result<String, Refusal> {
        let task = request.task(operation)?;
        let image = source(request.image.as_ref())?;
        let place = match place {
            Some(place) => place,
            None => Place::take(&self.queue, operation).await?,
        };
        let bytes = image.read(self.s3.as_ref()).await?;
        let service = Arc::clone(self);
        place.run(move || service.look(operation, &task, &bytes)).await
    }

    /// The part that takes processor time.
    fn look(&self, operation: Operation, task: &Task, bytes: &[u8]) -> Result<String, Refusal> {
        let header = Header::read(bytes)?;
        header.check(operation)?;
        let image = self.decoded(bytes, &header)?;
        let _running = self.memory.read().unwrap_or_else(PoisonError::into_inner);
        match task {
            Task::Labels(request) => json(&answer::labels(self.models.labels(&image).map_err(failed)?, request)),
            Task::Faces(request) => json(&answer::faces(self.models.faces(&image).map_err(failed)?, request)),
            Task::Text(request) => json(&answer::text(self.models.text(&image).map_err(failed)?, request)),
            Task::Moderation { min_confidence } => {
                json(&answer::moderation(self.models.moderation(&image).map_err(failed)?, *min_confidence))
            }
        }
    }

    fn decoded(&self, bytes: &[u8], header: &Header) -> Result<RgbImage, Refusal> {
        let _alone = header.is_large().then(|| self.memory.write().unwrap_or_else(PoisonError::into_inner));
        decode(bytes, header)
    }
}

fn json(answer: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(answer).map_err(|_| Refusal::internal("the answer could not be written"))
}

/// Takes the error by value so that it can stand in `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn failed(error: VisionError) -> Refusal {
    Refusal::internal(&format!("a model failed: {error}"))
}
