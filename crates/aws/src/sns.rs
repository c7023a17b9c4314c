//! The port [`Alerts`] over an SNS topic.

use crate::classify::{ErrorClass, cause, class_of};
use aws_sdk_sns::{Client, error::BuildError, types::MessageAttributeValue};
use sightline_domain::{
    model::AlertError,
    ports::Alerts,
    rules::alert::{AlertMessage, Attribute},
};

/// An SNS topic.
#[derive(Debug, Clone)]
pub struct Topic {
    client: Client,
    topic_arn: String,
}

impl Topic {
    /// The topic with this ARN, over an SDK client.
    pub fn new(client: Client, topic_arn: impl Into<String>) -> Self {
        Self { client, topic_arn: topic_arn.into() }
    }
}

impl Alerts for Topic {
    async fn publish(&self, message: &AlertMessage) -> Result<String, AlertError> {
        let mut request = self.client.publish().topic_arn(&self.topic_arn).subject(&message.subject).message(&message.body);
        for (name, attribute) in &message.attributes {
            request = request.message_attributes(*name, value(attribute).map_err(|source| AlertError::Misconfigured(source.into()))?);
        }
        match request.send().await {
            Ok(answer) => Ok(answer.message_id.unwrap_or_default()),
            Err(error) => match class_of(&error) {
                ErrorClass::Throttled | ErrorClass::Unavailable => Err(AlertError::Unavailable(cause(error))),
                ErrorClass::NotFound | ErrorClass::Misconfigured => Err(AlertError::Misconfigured(cause(error))),
            },
        }
    }
}

fn value(attribute: &Attribute) -> Result<MessageAttributeValue, BuildError> {
    let (data_type, text) = match attribute {
        Attribute::Text(text) => ("String", text.clone()),
        Attribute::List(list) => ("String.Array", serde_json::json!(list).to_string()),
    };
    MessageAttributeValue::builder().data_type(data_type).string_value(text).build()
}
