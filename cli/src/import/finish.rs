//! Waits for the end of an import, and reports it.

use super::{
    ImportArgs,
    gather::{Found, Gathered},
    results::{self, Counts, Line},
    run::{Run, follow},
    state::{ImportState, read_states},
};
use crate::{
    args::Global,
    error::{CliError, Exit},
    output::{Facts, Output, count},
    progress::Progress,
    session::Session,
    stop,
};
use serde::Serialize;
use sightline_aws::stepfunctions::{BulkImports, FailedItem};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

/// Failed items whose reason is read.
const MOST_FAILURES: usize = 1_000;
/// Time between two reads of images that are in progress when the import ends.
const PAUSE: Duration = Duration::from_secs(3);

/// The result of an import, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Summary<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    images: usize,
    #[serde(flatten)]
    counts: Counts,
    seconds: u64,
}

/// The import of one command.
pub struct Import<'a> {
    pub global: &'a Global,
    pub session: &'a Session,
    pub args: &'a ImportArgs,
    pub gathered: &'a Gathered,
    /// The concurrency to set for the run, if any.
    pub concurrency: Option<u16>,
}

impl Import<'_> {
    /// Reports an import that had nothing to start.
    pub fn finish_without_run(&self, output: Output, states: &[ImportState]) -> Result<Exit, CliError> {
        let lines = results::lines(&self.gathered.found, states, &self.gathered.absent, &[], false);
        self.report(output, &lines, None, None, Duration::ZERO)?;
        Ok(exit(Counts::of(&lines), lines.len(), false))
    }

    /// Waits for the run and its images, and reports them.
    pub async fn wait_and_finish(&self, imports: &BulkImports, run: &Run, output: Output) -> Result<Exit, CliError> {
        let started = Instant::now();
        let progress = Progress::new(!self.global.no_progress, self.gathered.found.len());
        let (status, map_run) = follow(imports, run, self.concurrency, &progress).await?;
        progress.clear();
        let failures = if map_run.failed > 0 { imports.failures(&map_run.arn, MOST_FAILURES).await? } else { Vec::new() };
        let states = self.wait_for_images(&failures, &status).await?;
        let has_ended_early = status != "SUCCEEDED";
        let lines = results::lines(&self.gathered.found, &states, &self.gathered.absent, &failures, has_ended_early);
        self.report(output, &lines, Some(run), Some(status), started.elapsed())?;
        let counts = Counts::of(&lines);
        if counts.failed + counts.not_imported > 0 {
            say!("fix the causes and run the same command again to import what failed; stored results are not paid for again");
        }
        Ok(exit(counts, lines.len(), counts.still_running > 0))
    }

    /// Waits until the images that the import left in progress are finished, or `--timeout` is almost over.
    async fn wait_for_images(&self, failures: &[FailedItem], status: &str) -> Result<Vec<ImportState>, CliError> {
        let (found, owner) = (&self.gathered.found, &self.args.owner);
        let progress = Progress::new(!self.global.no_progress, found.len());
        let mut states = read_states(self.session, owner, found, &progress).await?;
        progress.clear();
        let failed: HashSet<_> = failures.iter().map(|failure| &failure.object).collect();
        let will_never_start = |found: &Found| status != "SUCCEEDED" || failed.contains(&found.object);
        loop {
            let is_open = |(found, state): (&Found, &ImportState)| state.is_open() && !(state.status.is_none() && will_never_start(found));
            let open: Vec<usize> =
                found.iter().zip(&states).enumerate().filter(|(_, pair)| is_open(*pair)).map(|(place, _)| place).collect();
            if open.is_empty() || stop::deadline().is_some_and(|deadline| Instant::now() + PAUSE >= deadline) {
                return Ok(states);
            }
            progress.update(found.len() - open.len(), &format!("{} still in progress", count(open.len(), "image")));
            tokio::time::sleep(PAUSE).await;
            let open_found = open.iter().filter_map(|place| found.get(*place));
            let new_states = read_states(self.session, owner, open_found, &Progress::new(false, 0)).await?;
            for (place, state) in open.into_iter().zip(new_states) {
                if let Some(old) = states.get_mut(place) {
                    *old = state;
                }
            }
        }
    }

    fn report(&self, output: Output, lines: &[Line], run: Option<&Run>, status: Option<String>, elapsed: Duration) -> Result<(), CliError> {
        let summary = Summary {
            import: run.map(|run| run.name.as_str()),
            execution_arn: run.map(|run| run.arn.as_str()),
            status,
            images: lines.len(),
            counts: Counts::of(lines),
            seconds: elapsed.as_secs(),
        };
        output.one(&summary, facts)?;
        // The results last, so that the summary is printed even if the disk is full.
        self.args.results.as_deref().map_or(Ok(()), |path| results::write(path, lines))
    }
}

/// The exit code; a rejected image is not a failure.
fn exit(counts: Counts, total: usize, is_unfinished: bool) -> Exit {
    if is_unfinished { Exit::TimedOut } else { Exit::of_many(counts.failed + counts.not_imported, total) }
}

fn facts(summary: &Summary<'_>) -> String {
    let mut facts = Facts::default();
    facts.add_some("import", summary.import);
    facts.add_some("execution", summary.execution_arn);
    facts.add_some("status", summary.status.clone());
    facts.add("images", summary.images.to_string());
    let counts = summary.counts;
    facts.add("completed", counts.completed.to_string());
    for (name, number) in [
        ("rejected", counts.rejected),
        ("waiting for review", counts.review),
        ("erased", counts.erased),
        ("failed", counts.failed),
        ("still in progress", counts.still_running),
        ("not imported", counts.not_imported),
    ] {
        facts.add_some(name, (number > 0).then(|| number.to_string()));
    }
    facts.add("seconds", summary.seconds.to_string());
    facts.render()
}
