//! Publishes an alert about an image: one SNS message of each kind, once.
//!
//! Input: [`AlertRequest`]. Output: [`Receipt`]. Errors: `Alert.*`, `Storage.*`.

use serde::{Deserialize, Serialize};
use sightline_domain::{
    model::{Clock, EpochMillis, InputInvalid, ObjectRef, layout},
    ports::{Alerts, Objects},
    rules::alert::AlertRequest,
};
use sightline_kit::{Step, StepFailure, settings::Reader};

/// Publishes through the alerts `A`, with receipts in the objects `O`, by the clock `C`.
pub struct SendAlert<A, O, C> {
    alerts: A,
    objects: O,
    clock: C,
}

/// The receipt of a message. It is stored with the answers, so that a retried step sends no second message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Receipt {
    /// SNS's message id.
    pub message_id: String,
    /// When it was sent, epoch milliseconds.
    pub sent_at: EpochMillis,
}

/// Reads the ARN of the alerts topic.
pub fn settings(reader: &mut Reader<'_>) -> String {
    reader.text("ALERTS_TOPIC_ARN")
}

impl<A, O, C> SendAlert<A, O, C> {
    /// A step over these ports.
    pub fn new(alerts: A, objects: O, clock: C) -> Self {
        Self { alerts, objects, clock }
    }
}

impl<A: Alerts, O: Objects, C: Clock> Step for SendAlert<A, O, C> {
    const NAME: &'static str = "send-alert";
    type Input = AlertRequest;
    type Output = Receipt;

    async fn run(&self, request: AlertRequest) -> Result<Receipt, StepFailure> {
        let image = &request.image;
        let key = layout::alert_receipt(&image.image_id, request.kind.as_ref());
        let stored = self.objects.read(ObjectRef::current(&image.bucket, &key)).await?;
        if let Some(receipt) = stored.and_then(|json| serde_json::from_slice(&json).ok()) {
            return Ok(receipt);
        }
        let message_id = self.alerts.publish(&request.message()).await?;
        let receipt = Receipt { message_id, sent_at: self.clock.now() };
        let json = serde_json::to_vec(&receipt).map_err(|error| InputInvalid(error.into()))?;
        self.objects.write_json(&image.bucket, &key, json).await?;
        tracing::info!(kind = request.kind.as_ref(), message_id = receipt.message_id, "alert sent");
        Ok(receipt)
    }
}
