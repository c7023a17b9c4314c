//! What is printed of a redrive.

use super::{Candidate, plan::Plan};
use crate::output::{
    table::{headed, keep_whole, status},
    text::{NOTHING, clean},
};
use comfy_table::{Cell, Table};
use serde::Serialize;

/// What was done, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Outcome {
    /// The execution.
    pub execution_arn: String,
    /// Its image.
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    pub image_id: Option<String>,
    /// REDRIVEN, RESTARTED, SKIPPED, `NOT_REDRIVEN`, WAITING, `WOULD_REDRIVE` or `WOULD_RESTART`.
    pub action: &'static str,
    /// Why so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The fresh execution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_execution_arn: Option<String>,
    /// Status of the record, after waiting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_status: Option<&'static str>,
    /// Whether it counts as failed.
    #[serde(skip)]
    pub failed: bool,
}

/// What would be done.
pub fn foreseen(candidate: &Candidate) -> Outcome {
    let (action, reason) = match &candidate.plan {
        Plan::Redrive => ("WOULD_REDRIVE", None),
        Plan::Restart(reason) => ("WOULD_RESTART", Some(reason.clone())),
        Plan::Skip(reason) => ("SKIPPED", Some(reason.clone())),
    };
    Outcome {
        execution_arn: candidate.detail.execution.arn.clone(),
        image_id: candidate.image_id.clone(),
        action,
        reason,
        new_execution_arn: None,
        processing_status: None,
        failed: action == "SKIPPED",
    }
}

/// A row each.
pub fn table(outcomes: &[Outcome]) -> Table {
    let mut table = headed(&["IMAGE", "ACTION", "RECORD", "REASON"]);
    for outcome in outcomes {
        let image = outcome.image_id.clone().unwrap_or_else(|| clean(&outcome.execution_arn));
        let reason = outcome.reason.as_deref().map_or_else(String::new, clean);
        table.add_row([
            Cell::new(image),
            Cell::new(outcome.action),
            status(outcome.processing_status.unwrap_or(NOTHING)),
            Cell::new(reason),
        ]);
    }
    keep_whole(&mut table, 0);
    table
}
