//! Waiting for the end of an import, and saying how it was.

use super::{
    follow::follow,
    gather::{Found, Gathered},
    launch::Run,
    results::{self, Counts, Line},
    standing::{Standing, look_up},
};
use crate::{
    args::{Global, Import},
    error::CliError,
    exit::Exit,
    output::{Output, facts::Facts, text::count},
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

/// Failed items whose reason is looked up.
const MOST_FAILURES: usize = 1_000;
/// Between two looks at images that are still at work when the import is over.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// How an import went.
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

/// What the end needs to know.
pub struct Ending<'a> {
    /// Flags of every verb.
    pub global: &'a Global,
    /// The stack.
    pub session: &'a Session,
    /// What was asked for.
    pub args: &'a Import,
    /// What was to be imported.
    pub gathered: &'a Gathered,
    /// The run; none where there was nothing to start.
    pub run: Option<&'a Run>,
    /// Items at work at once, where the run is to be bounded.
    pub concurrency: Option<u16>,
}

impl Ending<'_> {
    /// Where nothing was started.
    pub fn without_run(&self, output: Output, standings: &[Standing]) -> Result<Exit, CliError> {
        let lines = results::lines(&self.gathered.found, standings, &self.gathered.absent, &[], false);
        self.report(output, &lines, None, Duration::ZERO)?;
        Ok(exit(Counts::of(&lines), lines.len(), false))
    }

    /// Waits, and reports. Stopped meanwhile, the command says that the import goes on.
    pub async fn wait(&self, imports: &BulkImports, output: Output) -> Result<Exit, CliError> {
        let Some(run) = self.run else { return Ok(Exit::Done) };
        let started = Instant::now();
        let progress = Progress::new(!self.global.no_progress, self.gathered.found.len());
        let (status, map_run) = follow(imports, run, self.concurrency, &progress).await?;
        progress.clear();
        let failures = if map_run.failed > 0 { imports.failures(&map_run.arn, MOST_FAILURES).await? } else { Vec::new() };
        let standings = self.settled(&failures, &status).await?;
        let over = status != "SUCCEEDED";
        let lines = results::lines(&self.gathered.found, &standings, &self.gathered.absent, &failures, over);
        self.report(output, &lines, Some(status), started.elapsed())?;
        let counts = Counts::of(&lines);
        advise(counts);
        Ok(exit(counts, lines.len(), counts.still_running > 0))
    }

    /// The standings of all images, once those that an import has left at work have settled, or time is nearly up.
    async fn settled(&self, failures: &[FailedItem], status: &str) -> Result<Vec<Standing>, CliError> {
        let (found, owner) = (&self.gathered.found, &self.args.owner);
        let progress = Progress::new(!self.global.no_progress, found.len());
        let mut standings = look_up(self.session, owner, found, &progress).await?;
        progress.clear();
        let failed: HashSet<_> = failures.iter().map(|failure| &failure.object).collect();
        let hopeless = |found: &Found| status != "SUCCEEDED" || failed.contains(&found.object);
        loop {
            let looked = found.iter().zip(&standings).enumerate();
            let was_redriven =
                looked.filter(|(_, (found, standing))| standing.is_open() && !(standing.status.is_none() && hopeless(found)));
            let open: Vec<usize> = was_redriven.map(|(place, _)| place).collect();
            if open.is_empty() || stop::deadline().is_some_and(|deadline| Instant::now() + LOOK_AGAIN >= deadline) {
                return Ok(standings);
            }
            progress.update(found.len() - open.len(), &format!("{} still at work", count(open.len(), "image")));
            tokio::time::sleep(LOOK_AGAIN).await;
            let again = look_up(self.session, owner, open.iter().filter_map(|place| found.get(*place)), &Progress::new(false, 0)).await?;
            for (place, standing) in open.into_iter().zip(again) {
                if let Some(old) = standings.get_mut(place) {
                    *old = standing;
                }
            }
        }
    }

    fn report(&self, output: Output, lines: &[Line], status: Option<String>, elapsed: Duration) -> Result<(), CliError> {
        let summary = Summary {
            import: self.run.map(|run| run.name.as_str()),
            execution_arn: self.run.map(|run| run.arn.as_str()),
            status,
            images: lines.len(),
            counts: Counts::of(lines),
            seconds: elapsed.as_secs(),
        };
        output.one(&summary, || facts(&summary))?;
        // After the summary, which a full disk must not keep from anybody.
        self.args.results.as_deref().map_or(Ok(()), |path| results::write(path, lines))
    }
}

fn advise(counts: Counts) {
    if counts.failed + counts.not_imported > 0 {
        say!("once the causes are gone, the same command imports again what failed; stored answers are not paid for again");
    }
}

/// Rejected images are imported well. 6 where images are still at work.
fn exit(counts: Counts, all: usize, timed_out: bool) -> Exit {
    if timed_out { Exit::TimedOut } else { Exit::of_many(counts.failed + counts.not_imported, all) }
}

fn facts(summary: &Summary<'_>) -> String {
    let mut facts = Facts::default();
    facts.add_some("import", summary.import);
    facts.add_some("execution", summary.execution_arn);
    facts.add_some("status", summary.status.clone());
    facts.add("images", summary.images.to_string());
    let counts = summary.counts;
    let optional = |number: usize| (number > 0).then(|| number.to_string());
    facts.add("completed", counts.completed.to_string());
    facts.add_some("rejected", optional(counts.rejected));
    facts.add_some("waiting for review", optional(counts.review));
    facts.add_some("erased", optional(counts.erased));
    facts.add_some("failed", optional(counts.failed));
    facts.add_some("still at work", optional(counts.still_running));
    facts.add_some("not imported", optional(counts.not_imported));
    facts.add("seconds", summary.seconds.to_string());
    facts.render()
}
