//! A dead letter as it is printed.

use crate::{
    output::{
        table::{headed, keep_whole},
        text::{NOTHING, clean},
    },
    session::Session,
};
use comfy_table::Table;
use serde::Serialize;
use sightline_aws::sqs::DlqMessage;
use sightline_domain::{
    flows::rerun::record_of,
    model::{
        clock::EpochMillis,
        event::{DeadLetter, upload_of},
        identity::Upload,
    },
};
use std::collections::BTreeMap;

/// A dead letter, and what was done about it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    /// SQS's id of the message.
    pub message_id: String,
    /// UPLOAD, STATUS or UNKNOWN.
    pub kind: &'static str,
    /// The image, as far as the event tells.
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The execution that ended badly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_arn: Option<String>,
    /// Epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<EpochMillis>,
    /// How often it was received.
    pub received: u32,
    /// Why it was not delivered, as EventBridge or Lambda says.
    pub attributes: BTreeMap<String, String>,
    /// STARTED, `MARKED_FAILED`, `NOT_NEEDED`, LEFT, `NOT_REPLAYED`, or what a replay would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    /// The execution that was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_execution_arn: Option<String>,
    /// Why it was left, or could not be replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Row {
    /// The row of a message before anything is done about it.
    pub fn new(letter: &DlqMessage, read: &DeadLetter) -> Self {
        let (kind, upload, execution_arn, reason) = match read {
            DeadLetter::Upload { upload } => ("UPLOAD", Some(upload.clone()), None, None),
            DeadLetter::Status { detail } => ("STATUS", upload_of(detail), Some(detail.execution_arn.clone()), None),
            DeadLetter::Unknown { reason } => ("UNKNOWN", None, None, Some(reason.clone())),
        };
        Self {
            message_id: letter.id.clone(),
            kind,
            image_id: upload.as_ref().and_then(|upload: &Upload| upload.candidate_ids().into_iter().next()),
            key: upload.map(|upload| upload.key),
            execution_arn,
            sent_at: letter.sent_at,
            received: letter.received,
            attributes: letter.attributes.clone(),
            action: None,
            new_execution_arn: None,
            reason,
        }
    }

    /// The same, with the image under the id that its record has, where it has one. What cannot be read for one event is left out.
    pub async fn known(letter: &DlqMessage, read: &DeadLetter, session: &Session) -> Self {
        let mut row = Self::new(letter, read);
        let upload = match read {
            DeadLetter::Upload { upload } => Some(upload.clone()),
            DeadLetter::Status { detail } => upload_of(detail),
            DeadLetter::Unknown { .. } => None,
        };
        if let Some(upload) = upload {
            let record = record_of(&session.tables(), &session.s3(), &upload, row.execution_arn.as_deref()).await;
            row.image_id = record.ok().flatten().map(|record| record.image_id).or(row.image_id);
        }
        row
    }

    /// Why it was not delivered, for people: EventBridge's code and message, or Lambda's.
    pub fn error(&self) -> String {
        let said = ["ERROR_CODE", "ErrorCode", "ERROR_MESSAGE", "ErrorMessage"].iter().filter_map(|name| self.attributes.get(*name));
        let said: Vec<String> = said.map(|text| clean(text)).collect();
        if said.is_empty() { NOTHING.to_owned() } else { said.join(": ") }
    }

    /// The image, else the execution, else the message.
    pub fn about(&self) -> String {
        self.image_id.clone().unwrap_or_else(|| clean(self.execution_arn.as_deref().unwrap_or(&self.message_id)))
    }
}

/// What a replay did, a row each.
pub fn outcomes(rows: &[Row]) -> Table {
    let mut table = headed(&["ABOUT", "KIND", "ACTION", "REASON"]);
    for row in rows {
        let reason = row.reason.as_deref().map_or_else(|| NOTHING.to_owned(), clean);
        table.add_row([row.about(), row.kind.to_owned(), row.action.unwrap_or(NOTHING).to_owned(), reason]);
    }
    keep_whole(&mut table, 0);
    table
}
