//! What is printed of an erasure.

use crate::{
    clock::moment,
    error::{CliError, sentence},
    output::{
        table::{headed, keep_whole},
        text::{clean, count},
    },
};
use comfy_table::Table;
use serde::Serialize;
use sightline_domain::{
    flows::erase::{LateWrites, Receipt},
    ports::Stopped,
};

/// What was done about one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// It was erased.
    Erased,
    /// It had been erased before; what was written since was removed.
    AlreadyErased,
    /// It would be erased.
    WouldErase,
    /// There is neither a record nor an object of it.
    Unknown,
    /// It could not be erased, or not wholly: to be run again.
    NotErased,
}

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Erased => "ERASED",
            Self::AlreadyErased => "ALREADY_ERASED",
            Self::WouldErase => "WOULD_ERASE",
            Self::Unknown => "UNKNOWN",
            Self::NotErased => "NOT_ERASED",
        }
    }
}

/// One image, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Row {
    /// What was done.
    pub action: Action,
    /// The image, where there is no receipt to name it.
    #[serde(rename = "ImageID", skip_serializing_if = "Option::is_none")]
    image_id: Option<String>,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten)]
    receipt: Option<Receipt>,
}

impl Row {
    /// Of a dry run.
    pub fn foreseen(receipt: Receipt) -> Self {
        Self::with(Action::WouldErase, receipt)
    }

    /// Of an erasure.
    pub fn done(receipt: Receipt) -> Self {
        Self::with(Action::Erased, receipt)
    }

    fn with(action: Action, receipt: Receipt) -> Self {
        let action = if receipt.erased_before.is_some() { Action::AlreadyErased } else { action };
        Self { action, image_id: None, reason: None, receipt: Some(receipt) }
    }

    /// Of an image that is not there.
    pub fn unknown(image_id: &str) -> Self {
        let reason = Some("nothing was found: no record, and no object in the bucket".to_owned());
        Self { action: Action::Unknown, image_id: Some(image_id.to_owned()), reason, receipt: None }
    }

    /// Of an image with which something went wrong.
    pub fn failed(image_id: &str, error: &CliError) -> Self {
        Self { action: Action::NotErased, image_id: Some(image_id.to_owned()), reason: Some(sentence(error)), receipt: None }
    }

    fn id(&self) -> &str {
        self.image_id.as_deref().or(self.receipt.as_ref().map(|receipt| receipt.image_id.as_str())).unwrap_or_default()
    }
}

/// A row each.
pub fn table(rows: &[Row]) -> Table {
    let mut table = headed(&["IMAGE", "ACTION", "REMOVED"]);
    for row in rows {
        let told = row.receipt.as_ref().map(removed).or_else(|| row.reason.as_deref().map(clean)).unwrap_or_default();
        table.add_row([row.id().to_owned(), row.action.name().to_owned(), told]);
    }
    keep_whole(&mut table, 0);
    table
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
    let flags = [(receipt.review, "the question to the reviewers"), (receipt.trends, "its share of the trends")];
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

/// What is left to do, or to know.
pub fn hints(rows: &[Row]) -> Vec<String> {
    let late = |row: &Row| row.receipt.as_ref().and_then(|receipt| receipt.late_writes);
    let again = rows.iter().filter_map(late).filter_map(|late| match late {
        LateWrites::Possible { look_again_at } => Some(look_again_at),
        LateWrites::None | LateWrites::Unfinished | LateWrites::InUse => None,
    });
    let mut hints = Vec::new();
    if let Some(at) = again.max() {
        hints.push(format!(
            "what was at work may write for another minute: reconcile looks once more, or run the same command again after {}",
            moment(at)
        ));
    }
    for row in rows {
        match (row.action, late(row)) {
            (Action::NotErased, _) => hints.push(format!("image {} is not wholly erased; run the same command again", row.id())),
            (_, Some(LateWrites::InUse)) => hints.push(format!("image {} was uploaded again since it was erased", row.id())),
            _ => {}
        }
    }
    hints
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::output::table::render;
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
    fn a_receipt_says_what_was_removed_and_that_it_is_looked_once_more() {
        let rows = [Row::done(receipt())];
        let shown = render(&table(&rows)).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["ERASED", "1 version of the original", "12 label rows", "reviewers", "trends; its execution was stopped"] {
            assert!(shown.contains(part), "{shown}");
        }
        assert!(hints(&rows)[0].ends_with("after 1970-01-01 00:05:00Z"));
    }

    #[test]
    fn as_json_it_is_one_object_with_numbers() {
        let json = serde_json::to_value(Row::done(receipt())).unwrap();
        let expected = json!({
            "Action": "ERASED", "ImageID": "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4", "ErasedAt": 0, "Originals": 1, "Copies": 2, "Results": 4,
            "Archived": 0, "LabelRows": 12, "Records": 1, "Review": true, "Trends": true, "Execution": "STOPPED",
            "LateWrites": {"State": "POSSIBLE", "LookAgainAt": 300_000},
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_second_erasure_says_when_the_first_was() {
        let again = Receipt { erased_before: Some(0), originals: 0, derived: Derived::default(), label_rows: 0, records: 0, ..receipt() };
        let row = Row::done(Receipt { review: false, trends: false, execution: None, late_writes: Some(LateWrites::None), ..again });
        assert_eq!(row.action, Action::AlreadyErased);
        assert!(removed(row.receipt.as_ref().unwrap()).starts_with("erased at 1970-01-01 00:00:00Z; since then: nothing was left"));
        assert!(hints(&[row]).is_empty());
    }

    #[test]
    fn what_failed_is_named_with_its_reason() {
        let failed = Row::failed("i", &CliError::Failed("no\u{1b}".into()));
        assert_eq!(serde_json::to_value(&failed).unwrap(), json!({"Action": "NOT_ERASED", "ImageID": "i", "Reason": "no\u{fffd}"}));
        assert!(hints(&[failed])[0].contains("run the same command again"));
    }
}
