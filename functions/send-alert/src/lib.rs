//! Tells people of all that is of concern about an image: one SNS message of each kind, once.
//!
//! Input: [`Concern`]. Output: [`Receipt`]. Errors: `Alert.*`, `Storage.*`.

use serde::{Deserialize, Serialize};
use sightline_domain::{
    alert::Concern,
    clock::{Clock, EpochMillis},
    error::InputInvalid,
    layout,
    ports::{AlertPublisher, ResultStore},
};
use sightline_kit::{Fault, Step, settings::Reader};

/// The step.
pub struct SendAlert<P, R, C> {
    publisher: P,
    results: R,
    clock: C,
}

/// Note that a message was sent; kept beside the results, so that a repeated step sends no second one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Receipt {
    /// SNS's id of the message.
    pub message_id: String,
    /// When it was sent.
    pub sent_at: EpochMillis,
}

/// Reads the topic's ARN.
pub fn settings(reader: &mut Reader<'_>) -> String {
    reader.text("ALERTS_TOPIC_ARN")
}

impl<P, R, C> SendAlert<P, R, C> {
    /// Publishes with `publisher`, keeps receipts in `results`.
    pub fn new(publisher: P, results: R, clock: C) -> Self {
        Self { publisher, results, clock }
    }
}

impl<P: AlertPublisher, R: ResultStore, C: Clock> Step for SendAlert<P, R, C> {
    const NAME: &'static str = "send-alert";
    type Input = Concern;
    type Output = Receipt;

    async fn run(&self, concern: Concern) -> Result<Receipt, Fault> {
        let image = &concern.image;
        let key = layout::alert_receipt(&image.image_id, concern.kind.as_str());
        let stored = self.results.read_result(&image.bucket, &key).await?;
        if let Some(receipt) = stored.and_then(|json| serde_json::from_slice(&json).ok()) {
            return Ok(receipt);
        }
        let message_id = self.publisher.publish(&concern.message()).await?;
        let receipt = Receipt { message_id, sent_at: self.clock.now() };
        let json = serde_json::to_vec(&receipt).map_err(|error| InputInvalid(error.into()))?;
        self.results.write_result(&image.bucket, &key, json).await?;
        tracing::info!(kind = concern.kind.as_str(), message_id = receipt.message_id, "alert sent");
        Ok(receipt)
    }
}
