//! The dead-letter queue of EventBridge and Lambda events.

use crate::classify::storage;
use aws_sdk_sqs::{
    Client,
    types::{Message, MessageSystemAttributeName, QueueAttributeName},
};
use sightline_domain::model::{EpochMillis, StorageError};
use std::{collections::BTreeMap, time::Duration};

/// Messages per call: the maximum of SQS.
const MAX_MESSAGES: i32 = 10;

/// A long poll asks all servers of SQS; a short poll can miss messages.
const WAIT_SECONDS: i32 = 1;

/// A message of the queue.
#[derive(Debug, Clone)]
pub struct DlqMessage {
    /// SQS's message id.
    pub id: String,
    /// The receipt handle, with which it is deleted or released.
    receipt: String,
    /// The event.
    pub body: String,
    /// Why the delivery failed: from EventBridge `RULE_ARN`, `TARGET_ARN`, `ERROR_CODE`, …; from Lambda `ErrorCode`, `ErrorMessage`,
    /// `RequestID`.
    pub attributes: BTreeMap<String, String>,
    /// When it was sent to the queue, epoch milliseconds.
    pub sent_at: Option<EpochMillis>,
    /// How often it was received, including this time.
    pub received: u32,
}

/// The dead-letter queue.
///
/// # Errors
///
/// Every request returns [`StorageError`] if SQS does not answer or refuses it.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    queue_url: String,
}

impl DeadLetters {
    /// The queue with this URL, over an SDK client.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self { client, queue_url: queue_url.into() }
    }

    /// The approximate number of messages that can be received.
    pub async fn count(&self) -> Result<usize, StorageError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = self.client.get_queue_attributes().queue_url(&self.queue_url).attribute_names(name.clone());
        let answer = request.send().await.map_err(|error| storage("counting the dead letters", error))?;
        Ok(answer.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok()).unwrap_or_default())
    }

    /// Receives up to ten messages and hides them from other receivers for `visibility_timeout`. Empty if there are none.
    pub async fn receive(&self, visibility_timeout: Duration) -> Result<Vec<DlqMessage>, StorageError> {
        let request = self.client.receive_message().queue_url(&self.queue_url).max_number_of_messages(MAX_MESSAGES);
        let hidden_seconds = i32::try_from(visibility_timeout.as_secs()).unwrap_or(i32::MAX);
        let request = request.wait_time_seconds(WAIT_SECONDS).visibility_timeout(hidden_seconds);
        let request = request.message_attribute_names("All").message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = request.send().await.map_err(|error| storage("receiving the dead letters", error))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(DlqMessage::from).collect())
    }

    /// Releases a message, so that it can be received again immediately.
    pub async fn release(&self, message: &DlqMessage) -> Result<(), StorageError> {
        let request = self.client.change_message_visibility().queue_url(&self.queue_url).receipt_handle(&message.receipt);
        request.visibility_timeout(0).send().await.map(drop).map_err(|error| storage("releasing a dead letter", error))
    }

    /// Deletes a message.
    pub async fn delete(&self, message: &DlqMessage) -> Result<(), StorageError> {
        let request = self.client.delete_message().queue_url(&self.queue_url).receipt_handle(&message.receipt);
        request.send().await.map(drop).map_err(|error| storage("deleting a dead letter", error))
    }
}

impl From<Message> for DlqMessage {
    fn from(message: Message) -> Self {
        let system = message.attributes.unwrap_or_default();
        let number = |name: MessageSystemAttributeName| system.get(&name).and_then(|value| value.parse::<i64>().ok());
        let attributes = message.message_attributes.unwrap_or_default();
        Self {
            id: message.message_id.unwrap_or_default(),
            receipt: message.receipt_handle.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            attributes: attributes.into_iter().filter_map(|(name, value)| Some((name, value.string_value?))).collect(),
            sent_at: number(MessageSystemAttributeName::SentTimestamp),
            received: number(MessageSystemAttributeName::ApproximateReceiveCount).and_then(|count| count.try_into().ok()).unwrap_or(1),
        }
    }
}
