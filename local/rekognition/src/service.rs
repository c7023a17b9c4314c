//! One call from its body to its answer.

use std::sync::Arc;

use serde::Serialize;
use sightline_vision::{Models, VisionError};

use crate::{
    answer,
    calls::Calls,
    faults::Faults,
    operation::Operation,
    photo::{Header, S3Reader, Source, decode, source},
    queue::{Queue, Ticket},
    refusal::Refusal,
    request::{Request, Task},
};

/// Everything that requests share.
#[derive(Debug)]
pub struct Service {
    pub models: Models,
    pub s3: Option<S3Reader>,
    pub queue: Arc<Queue>,
    pub faults: Faults,
    pub calls: Calls,
}

impl Service {
    /// Checks what can be checked without the image, then works in a place of the queue. The answer is JSON.
    pub async fn answer(self: &Arc<Self>, operation: Operation, request: &Request<'_>) -> Result<String, Refusal> {
        let task = request.task(operation)?;
        let image = source(request.image.as_ref())?;
        let ticket = self.queue.enter(operation)?;
        self.work(ticket, operation, task, image).await
    }

    async fn work(self: &Arc<Self>, ticket: Ticket, operation: Operation, task: Task, image: Source) -> Result<String, Refusal> {
        // Inline bytes already have their room: it was taken before the body was read.
        let room = if matches!(image, Source::S3 { .. }) { self.queue.room_for_image().await } else { None };
        let bytes = image.read(self.s3.as_ref()).await?;
        let service = Arc::clone(self);
        ticket
            .run(move || {
                let answer = service.look(operation, &task, &bytes);
                drop(room);
                answer
            })
            .await
    }

    /// The part that takes processor time.
    fn look(&self, operation: Operation, task: &Task, bytes: &[u8]) -> Result<String, Refusal> {
        let header = Header::read(bytes)?;
        header.check(operation)?;
        let image = decode(bytes, &header)?;
        match task {
            Task::Labels(request) => json(&answer::labels(self.models.labels(&image).map_err(failed)?, request)),
            Task::Faces(request) => json(&answer::faces(self.models.faces(&image).map_err(failed)?, request)),
            Task::Text(request) => json(&answer::text(self.models.text(&image).map_err(failed)?, request)),
            Task::Moderation { min_confidence } => {
                json(&answer::moderation(self.models.moderation(&image).map_err(failed)?, *min_confidence))
            }
        }
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
