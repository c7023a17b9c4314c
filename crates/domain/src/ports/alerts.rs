use crate::{model::error::AlertError, rules::alert::AlertMessage};
use std::future::Future;

/// The SNS topic for alerts.
pub trait Alerts: Sync {
    /// Publishes `message`; returns SNS's message id.
    ///
    /// # Errors
    ///
    /// [`AlertError`] if SNS does not accept the message.
    fn publish(&self, message: &AlertMessage) -> impl Future<Output = Result<String, AlertError>> + Send;
}
