//! An alerts topic in memory.

use sightline_domain::{model::AlertError, ports::Alerts, rules::alert::AlertMessage};
use std::sync::{Arc, Mutex, PoisonError};

/// The topic.
#[derive(Debug, Clone, Default)]
pub struct MemoryAlerts(Arc<Mutex<Vec<AlertMessage>>>);

impl MemoryAlerts {
    /// All messages so far.
    pub fn sent(&self) -> Vec<AlertMessage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Alerts for MemoryAlerts {
    async fn publish(&self, message: &AlertMessage) -> Result<String, AlertError> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.push(message.clone());
        Ok(format!("message-{}", sent.len()))
    }
}
