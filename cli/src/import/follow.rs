//! Following an import until it is over.

use super::launch::Run;
use crate::{error::CliError, output::text::span, progress::Progress};
use sightline_aws::stepfunctions::{BulkImports, MapRun};
use sightline_domain::model::error::StorageError;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a Map Run may take to begin.
const BEGINS: Duration = Duration::from_secs(30);
/// Failures in a row that are sat out.
const PATIENCE: u32 = 5;

/// Follows `run` until it is over. Gives its last status and its last Map Run.
pub async fn follow(imports: &BulkImports, run: &Run, concurrency: Option<u16>, progress: &Progress) -> Result<(String, MapRun), CliError> {
    let (mut to_bound, mut failures, mut pace) = (concurrency, 0, None);
    loop {
        match look(imports, run).await {
            Ok((status, now)) => {
                failures = 0;
                if !now.arn.is_empty()
                    && let Some(most) = to_bound.take()
                {
                    imports.set_max_concurrency(&now.arn, most).await?;
                }
                let done = now.succeeded + now.failed;
                let (from, since) = *pace.get_or_insert((done, Instant::now()));
                progress.update(usize::try_from(done).unwrap_or(usize::MAX), &message(&now, done - from.min(done), since.elapsed()));
                if status != "RUNNING" && status != "PENDING_REDRIVE" {
                    return Ok((status, now));
                }
            }
            Err(StorageError::Unavailable { .. }) if failures < PATIENCE => failures += 1,
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Waits for the Map Run to begin, and bounds it.
pub async fn bound(imports: &BulkImports, run: &Run, concurrency: u16) -> Result<(), CliError> {
    let deadline = Instant::now() + BEGINS;
    loop {
        if let Some(map_run) = imports.map_run(&run.arn).await? {
            return Ok(imports.set_max_concurrency(&map_run.arn, concurrency).await?);
        }
        if Instant::now() >= deadline {
            return Err(CliError::Failed(format!(
                "the import {} has begun no work yet, so --concurrency could not be applied; the same command again joins it",
                run.name
            )));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look(imports: &BulkImports, run: &Run) -> Result<(String, MapRun), StorageError> {
    // In this order: a run that is over has no other counts later.
    let detail = imports.describe(&run.arn).await?;
    let status = detail.map_or_else(|| "GONE".to_owned(), |detail| detail.execution.status);
    Ok((status, imports.map_run(&run.arn).await?.unwrap_or_default()))
}

/// Progress for people. `fresh` items were done in `elapsed`, which tells the rate and the time left.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn message(run: &MapRun, fresh: u64, elapsed: Duration) -> String {
    if run.total == 0 {
        return "the import begins".to_owned();
    }
    let done = run.succeeded + run.failed;
    let mut parts = vec![format!("{done} of {} done", run.total), format!("{} at work", run.running)];
    if run.failed > 0 {
        parts.push(format!("{} failed", run.failed));
    }
    let rate = fresh as f64 / elapsed.as_secs_f64().max(0.1);
    if fresh > 0 {
        parts.push(format!("{rate:.1} a second"));
        parts.push(format!("about {} left", span(Duration::from_secs_f64((run.total - done.min(run.total)) as f64 / rate))));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_rate_and_time_left_once_they_are_known() {
        let run = MapRun { total: 300, running: 20, succeeded: 58, failed: 2, pending: 220, ..MapRun::default() };
        assert_eq!(message(&run, 0, Duration::ZERO), "60 of 300 done, 20 at work, 2 failed");
        assert_eq!(message(&run, 60, Duration::from_secs(30)), "60 of 300 done, 20 at work, 2 failed, 2.0 a second, about 2 min left");
        assert_eq!(message(&MapRun::default(), 0, Duration::ZERO), "the import begins");
    }
}
