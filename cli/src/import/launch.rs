//! Starting an import, or joining one that runs.

use super::gather::Found;
use crate::{error::CliError, session::Session};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;
use sha2::{Digest, Sha256};
use sightline_aws::{
    classify::cause,
    stepfunctions::{BulkImports, Started},
};
use sightline_domain::model::{import::LIST_HEADING, layout};
use std::fmt::Write as _;

/// A run of the state machine bulk-import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its name, which its list is made into.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// The run of a list that is under way, or the name of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// It runs.
    Running(Run),
    /// There is none.
    Free(String),
}

/// The name of an import: the same list of the same owner has the same, in whatever order.
pub fn name_of(owner: &str, found: &[Found]) -> String {
    let mut rows: Vec<String> = found.iter().map(|found| found.object.row()).collect();
    rows.sort_unstable();
    let mut hasher = Sha256::new_with_prefix(owner);
    for row in rows {
        hasher.update("\n");
        hasher.update(row);
    }
    hasher.finalize().iter().take(10).fold("import-".to_owned(), |mut name, byte| {
        // Writing to a String cannot fail.
        let _ = write!(name, "{byte:02x}");
        name
    })
}

/// Looks for a run of the import `name`. Each later run of the same list has the next number: names are taken for 90 days.
pub async fn find(imports: &BulkImports, name: &str) -> Result<Slot, CliError> {
    let mut number = 1_u32;
    loop {
        let name = format!("{name}-{number}");
        let arn = imports.arn_of(&name);
        match imports.describe(&arn).await? {
            None => return Ok(Slot::Free(name)),
            Some(detail) if matches!(detail.execution.status.as_str(), "RUNNING" | "PENDING_REDRIVE") => {
                return Ok(Slot::Running(Run { name, arn }));
            }
            Some(_) => number += 1,
        }
    }
}

/// Writes the list and starts the run `name`. `None` where somebody else has started one of this name meanwhile.
pub async fn start(
    session: &Session,
    imports: &BulkImports,
    name: &str,
    owner: &str,
    found: impl Iterator<Item = &Found>,
) -> Result<Option<Run>, CliError> {
    let (bucket, key) = (&session.stack.images_bucket, layout::import_list(name));
    let list = found.fold(LIST_HEADING.to_owned(), |list, found| list + "\n" + &found.object.row());
    let put = session.clients.s3().put_object().bucket(bucket).key(&key).content_type("text/csv");
    let put = put.body(ByteStream::from((list + "\n").into_bytes())).send().await;
    put.map_err(|error| CliError::service("writing the list of the import", cause(error)))?;
    let input = json!({"Bucket": bucket, "ListKey": key, "ResultsPrefix": layout::import_results(name), "OwnerID": owner});
    Ok(match imports.start(name, &input.to_string()).await? {
        Started::Yes(arn) => Some(Run { name: name.to_owned(), arn }),
        Started::NameTaken => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::model::import::ListedObject;

    fn found(key: &str, etag: &str) -> Found {
        let object = ListedObject { bucket: "photos".into(), key: key.into(), version_id: None, etag: etag.into() };
        Found { object, size: 1 }
    }

    #[test]
    fn a_list_has_one_name_in_any_order_and_another_when_anything_changes() {
        let name = name_of("anna", &[found("a", "1"), found("b", "2")]);
        assert_eq!(name, name_of("anna", &[found("b", "2"), found("a", "1")]));
        for (owner, list) in [
            ("ben", vec![found("a", "1"), found("b", "2")]),
            ("anna", vec![found("a", "1"), found("b", "3")]),
            ("anna", vec![found("a", "1")]),
        ] {
            assert_ne!(name, name_of(owner, &list));
        }
        // Names of executions have 80 characters at most.
        assert!(name.len() == 27 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
    }
}
