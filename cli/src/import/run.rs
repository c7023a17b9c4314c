//! The run of an import: finds, starts, bounds and follows an execution of the state machine bulk-import.

use super::gather::Found;
use crate::{error::CliError, output::span, progress::Progress, session::Session};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;
use sha2::{Digest, Sha256};
use sightline_aws::{
    classify::cause,
    stepfunctions::{BulkImports, MapRun, Started},
};
use sightline_domain::model::{LIST_HEADING, StorageError, layout};
use std::time::Duration;
use tokio::time::Instant;

const PAUSE: Duration = Duration::from_secs(2);
/// How long a Map Run may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Transient errors in a row that are retried.
const MAX_FAILURES: u32 = 5;

/// An execution of the state machine bulk-import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its name, which is derived from its list.
    pub name: String,
    pub arn: String,
}

/// The run of a list that is in progress, or the name of its next run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    Running(Run),
    Free(String),
}

/// The name of an import: the same for the same list of the same owner, in any order.
pub fn name_of(owner: &str, found: &[Found]) -> String {
    let mut rows: Vec<String> = found.iter().map(|found| found.object.row()).collect();
    rows.sort_unstable();
    let mut hasher = Sha256::new_with_prefix(owner);
    for row in rows {
        hasher.update("\n");
        hasher.update(row);
    }
    let digest = hex::encode(hasher.finalize());
    format!("import-{digest:.20}")
}

/// Finds the run of the import `name` that is in progress. Each run has its own number, since Step Functions keeps a name for 90 days.
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

/// Writes the list and starts the run `name`, or joins the run of this name that somebody else has just started.
pub async fn start(
    session: &Session,
    imports: &BulkImports,
    name: &str,
    owner: &str,
    found: impl Iterator<Item = &Found>,
) -> Result<Run, CliError> {
    let (bucket, key) = (&session.stack.images_bucket, layout::import_list(name));
    let list = found.fold(LIST_HEADING.to_owned(), |list, found| list + "\n" + &found.object.row());
    let put = session.clients.s3().put_object().bucket(bucket).key(&key).content_type("text/csv");
    let put = put.body(ByteStream::from((list + "\n").into_bytes())).send().await;
    put.map_err(|error| CliError::service("writing the list of the import", cause(error)))?;
    let input = json!({"Bucket": bucket, "ListKey": key, "ResultsPrefix": layout::import_results(name), "OwnerID": owner});
    let arn = match imports.start(name, &input.to_string()).await? {
        Started::Yes(arn) => arn,
        Started::NameTaken => imports.arn_of(name),
    };
    Ok(Run { name: name.to_owned(), arn })
}

/// Follows `run` until it ends, and returns its status and its Map Run.
pub async fn follow(imports: &BulkImports, run: &Run, concurrency: Option<u16>, progress: &Progress) -> Result<(String, MapRun), CliError> {
    let (mut unbounded, mut failures, mut first) = (concurrency, 0, None);
    loop {
        match read(imports, run).await {
            Ok((status, now)) => {
                failures = 0;
                if !now.arn.is_empty()
                    && let Some(most) = unbounded.take()
                {
                    imports.set_max_concurrency(&now.arn, most).await?;
                }
                let done = now.succeeded + now.failed;
                let (from, since) = *first.get_or_insert((done, Instant::now()));
                progress.update(usize::try_from(done).unwrap_or(usize::MAX), &message(&now, done - from.min(done), since.elapsed()));
                if status != "RUNNING" && status != "PENDING_REDRIVE" {
                    return Ok((status, now));
                }
            }
            Err(StorageError::Unavailable { .. }) if failures < MAX_FAILURES => failures += 1,
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until the Map Run starts, and sets its concurrency.
pub async fn bound(imports: &BulkImports, run: &Run, concurrency: u16) -> Result<(), CliError> {
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        if let Some(map_run) = imports.map_run(&run.arn).await? {
            return Ok(imports.set_max_concurrency(&map_run.arn, concurrency).await?);
        }
        if Instant::now() >= deadline {
            return Err(CliError::Failed(format!(
                "the import {} has not started its work yet, so --concurrency is not set; run the same command again to join the import",
                run.name
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read(imports: &BulkImports, run: &Run) -> Result<(String, MapRun), StorageError> {
    // The status first: the counts of a run that has ended do not change.
    let detail = imports.describe(&run.arn).await?;
    let status = detail.map_or_else(|| "GONE".to_owned(), |detail| detail.execution.status);
    Ok((status, imports.map_run(&run.arn).await?.unwrap_or_default()))
}

/// Progress with the rate and the time left, as `recent` items were done in `elapsed`.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn message(run: &MapRun, recent: u64, elapsed: Duration) -> String {
    if run.total == 0 {
        return "the import starts".to_owned();
    }
    let done = run.succeeded + run.failed;
    let mut parts = vec![format!("{done} of {} done", run.total), format!("{} in progress", run.running)];
    if run.failed > 0 {
        parts.push(format!("{} failed", run.failed));
    }
    let rate = recent as f64 / elapsed.as_secs_f64().max(0.1);
    if recent > 0 {
        parts.push(format!("{rate:.1} per second"));
        parts.push(format!("about {} left", span(Duration::from_secs_f64((run.total - done.min(run.total)) as f64 / rate))));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sightline_domain::model::ListedObject;

    fn found(key: &str, etag: &str) -> Found {
        let object = ListedObject { bucket: "photos".into(), key: key.into(), version_id: None, etag: etag.into() };
        Found { object, size: 1 }
    }

    #[test]
    fn name_depends_on_the_owner_and_the_list_but_not_on_its_order() {
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

    #[test]
    fn progress_shows_rate_and_time_left_once_they_are_known() {
        let run = MapRun { total: 300, running: 20, succeeded: 58, failed: 2, pending: 220, ..MapRun::default() };
        assert_eq!(message(&run, 0, Duration::ZERO), "60 of 300 done, 20 in progress, 2 failed");
        assert_eq!(
            message(&run, 60, Duration::from_secs(30)),
            "60 of 300 done, 20 in progress, 2 failed, 2.0 per second, about 2 min left"
        );
        assert_eq!(message(&MapRun::default(), 0, Duration::ZERO), "the import starts");
    }
}
