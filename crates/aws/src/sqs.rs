//! The queue of events that could not be delivered.

use crate::classify::storage;
use aws_sdk_sqs::{
    Client,
    types::{Message, MessageSystemAttributeName, QueueAttributeName},
};
use sightline_domain::model::{clock::EpochMillis, error::StorageError};
use std::{collections::BTreeMap, time::Duration};

/// Messages of one call; SQS gives no more.
const AT_ONCE: i32 = 10;

/// A long poll asks all of SQS's servers: a short one may find nothing in a queue that is not empty.
const WAIT_SECONDS: i32 = 1;

/// A message of the queue.
#[derive(Debug, Clone)]
pub struct DlqMessage {
    /// SQS's id.
    pub id: String,
    /// By which it is deleted or let go.
    receipt: String,
    /// The event.
    pub body: String,
    /// Why it is here, as EventBridge (`RULE_ARN`, `TARGET_ARN`, `ERROR_CODE`, …) or Lambda (`ErrorCode`, `ErrorMessage`, `RequestID`) says.
    pub attributes: BTreeMap<String, String>,
    /// When it came, epoch milliseconds.
    pub sent_at: Option<EpochMillis>,
    /// How often it was received, this time included.
    pub received: u32,
}

/// The queue.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    client: Client,
    queue_url: String,
}

impl DeadLetters {
    /// Over an SDK client and the queue's URL.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self { client, queue_url: queue_url.into() }
    }

    /// About how many messages can be received.
    pub async fn count(&self) -> Result<usize, StorageError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = self.client.get_queue_attributes().queue_url(&self.queue_url).attribute_names(name.clone());
        let answer = request.send().await.map_err(|error| storage("counting the dead letters", error))?;
        Ok(answer.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok()).unwrap_or_default())
    }

    /// Receives some messages, which nobody else can for `hidden`; empty where there are none.
    pub async fn receive(&self, hidden: Duration) -> Result<Vec<DlqMessage>, StorageError> {
        let request = self.client.receive_message().queue_url(&self.queue_url).max_number_of_messages(AT_ONCE);
        let request = request.wait_time_seconds(WAIT_SECONDS).visibility_timeout(i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX));
        let request = request.message_attribute_names("All").message_system_attribute_names(MessageSystemAttributeName::All);
        let answer = request.send().await.map_err(|error| storage("receiving the dead letters", error))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(DlqMessage::from).collect())
    }

    /// Lets a message go: it can be received again at once.
    pub async fn release(&self, message: &DlqMessage) -> Result<(), StorageError> {
        let request = self.client.change_message_visibility().queue_url(&self.queue_url).receipt_handle(&message.receipt);
        request.visibility_timeout(0).send().await.map(drop).map_err(|error| storage("letting a dead message go", error))
    }

    /// Deletes a message.
    pub async fn delete(&self, message: &DlqMessage) -> Result<(), StorageError> {
        let request = self.client.delete_message().queue_url(&self.queue_url).receipt_handle(&message.receipt);
        request.send().await.map(drop).map_err(|error| storage("deleting a dead message", error))
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
