//! The receipts of erasures, as they are printed.

use crate::{
    actions::ActionKind,
    clock::moment,
    error::{CliError, sentence},
    output::{Table, clean, count},
};
use serde::Serialize;
use sightline_domain::{
    flows::erase::{LateWrites, Receipt},
    ports::Stopped,
};

/// An image and its receipt.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    pub action: ActionKind,
    /// The image, if there is no receipt, which names it.
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    image_id: Option<String>,
    /// Why it was not erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten)]
    receipt: Option<Receipt>,
}

impl Row {
    /// The row of an image that was or would be erased, now or before.
    pub fn new(kind: ActionKind, receipt: Receipt) -> Self {
        let action = if receipt.erased_before.is_some() { ActionKind::AlreadyErased } else { kind };
        Self { action, image_id: None, reason: None, receipt: Some(receipt) }
    }

    /// The row of an image or key that does not exist.
    pub fn unknown(image_id: &str) -> Self {
        let reason = Some("nothing was found: no record, and no object in the bucket".to_owned());
        Self { action: ActionKind::Unknown, image_id: Some(image_id.to_owned()), reason, receipt: None }
    }

    /// The row of an image that could not be erased, or not completely.
    pub fn failed(image_id: &str, error: &CliError) -> Self {
        Self { action: ActionKind::NotErased, image_id: Some(image_id.to_owned()), reason: Some(sentence(error)), receipt: None }
    }

    fn id(&self) -> &str {
        self.image_id.as_deref().or(self.receipt.as_ref().map(|receipt| receipt.image_id.as_str())).unwrap_or_default()
    }
}

pub fn table(rows: &[Row]) -> String {
    let row = |row: &Row| {
        let removed = row.receipt.as_ref().map(removed).or_else(|| row.reason.as_deref().map(clean)).unwrap_or_default();
        [row.id().to_owned(), row.action.to_string(), removed]
    };
    Table::new(&["IMAGE", "ACTION", "REMOVED"], rows.iter().map(row)).keep_whole(0).render()
}

/// The receipt as a sentence.
fn removed(receipt: &Receipt) -> String {
    let derived = receipt.derived;
    let counted = [
        (receipt.originals, "version", " of the original"),
        (derived.copies, "version", " of its copies"),
        (derived.results, "version", " of its results"),
        (derived.archived, "version", " in the archive"),
        (receipt.label_rows, "label row", ""),
        (receipt.records, "record", ""),
    ];
    let counted = counted.into_iter().filter(|(number, ..)| *number > 0).map(|(number, thing, of)| format!("{}{of}", count(number, thing)));
    let flags = [(receipt.review, "the pending review"), (receipt.trends, "its contribution to the trends")];
    let flags = flags.into_iter().filter(|(removed, _)| *removed).map(|(_, what)| what.to_owned());
    let mut parts: Vec<String> = counted.chain(flags).collect();
    if parts.is_empty() {
        parts.push("nothing was left".to_owned());
    }
    let execution = match receipt.execution {
        Some(Stopped::Stopped) => "; its execution was stopped",
        Some(Stopped::NotRunning) | None => "",
    };
    let before = receipt.erased_before.map_or_else(String::new, |at| format!("erased at {}; since then: ", moment(at)));
    format!("{before}{}{execution}", parts.join(", "))
}

/// What is left to do, or worth knowing, a sentence each.
pub fn hints(rows: &[Row]) -> Vec<String> {
    let late = |row: &Row| row.receipt.as_ref().and_then(|receipt| receipt.late_writes);
    let times = rows.iter().filter_map(late).filter_map(|late| match late {
        LateWrites::Possible { look_again_at } => Some(look_again_at),
        LateWrites::None | LateWrites::Unfinished | LateWrites::InUse => None,
    });
    let mut hints = Vec::new();
    if let Some(at) = times.max() {
        hints.push(format!(
            "functions that were running may write for another minute: reconcile removes that, or run the same command again after {}",
            moment(at)
        ));
    }
    for row in rows {
        match (row.action, late(row)) {
            (ActionKind::NotErased, _) => hints.push(format!("image {} is not completely erased; run the same command again", row.id())),
            (_, Some(LateWrites::InUse)) => hints.push(format!("image {} was uploaded again after it was erased", row.id())),
            _ => {}
        }
    }
    hints
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;
    use sightline_domain::flows::erase::Derived;

    pub fn receipt() -> Receipt {
        Receipt {
            image_id: "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4".into(),
            erased_before: None,
            erased_at: Some(0),
            originals: 1,
            derived: Derived { copies: 2, results: 4, archived: 0 },
            label_rows: 12,
            records: 1,
            review: true,
            trends: true,
            execution: Some(Stopped::Stopped),
            late_writes: Some(LateWrites::Possible { look_again_at: 300_000 }),
        }
    }

    #[test]
    fn receipt_shows_what_was_removed_and_when_late_writes_are_removed() {
        let rows = [Row::new(ActionKind::Erased, receipt())];
        let shown = table(&rows).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["ERASED", "1 version of the original", "12 label rows", "the pending review", "trends; its execution was stopped"] {
            assert!(shown.contains(part), "{shown}");
        }
        assert!(hints(&rows)[0].ends_with("after 1970-01-01 00:05:00Z"));
    }

    #[test]
    fn json_is_one_object_with_numbers() {
        let json = serde_json::to_value(Row::new(ActionKind::Erased, receipt())).unwrap();
        let expected = json!({
            "Action": "ERASED", "ImageID": "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4", "ErasedAt": 0, "Originals": 1, "Copies": 2, "Results": 4,
            "Archived": 0, "LabelRows": 12, "Records": 1, "Review": true, "Trends": true, "Execution": "STOPPED",
            "LateWrites": {"State": "POSSIBLE", "LookAgainAt": 300_000},
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn second_erasure_shows_when_the_first_was() {
        let again = Receipt { erased_before: Some(0), originals: 0, derived: Derived::default(), label_rows: 0, records: 0, ..receipt() };
        let row = Row::new(
            ActionKind::Erased,
            Receipt { review: false, trends: false, execution: None, late_writes: Some(LateWrites::None), ..again },
        );
        assert_eq!(row.action, ActionKind::AlreadyErased);
        assert!(removed(row.receipt.as_ref().unwrap()).starts_with("erased at 1970-01-01 00:00:00Z; since then: nothing was left"));
        assert!(hints(&[row]).is_empty());
    }

    #[test]
    fn failed_erasure_shows_its_reason() {
        let failed = Row::failed("i", &CliError::Failed("no\u{1b}".into()));
        assert_eq!(serde_json::to_value(&failed).unwrap(), json!({"Action": "NOT_ERASED", "ImageID": "i", "Reason": "no\u{fffd}"}));
        assert!(hints(&[failed])[0].contains("run the same command again"));
    }
}
