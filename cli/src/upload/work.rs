//! Sends and follows images side by side, until all are finished or the command has to stop.

use super::{
    follow::Follower,
    plan::{Image, Plan},
    put::{Sent, Uploader},
    report::{Line, Report, Stage},
};
use crate::{
    error::{CliError, sentence},
    output::{Format, Output},
    progress::Progress,
    stop::{self, Stop},
};
use futures_util::{
    StreamExt,
    future::LocalBoxFuture,
    stream::{self, FuturesUnordered},
};
use sightline_domain::model::{ProcessingStatus, Record, ReviewStatus};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Record reads at the same time, of all followers together.
const READS_AT_ONCE: usize = 16;
/// Time between two updates of the progress.
const TICK: Duration = Duration::from_millis(250);

/// How the work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All images are finished, or the longest wait is over.
    Done,
    Stopped(Stop),
}

/// The work of one upload command.
pub struct Work<'a> {
    plan: &'a Plan,
    uploader: &'a Uploader<'a>,
    report: Report<'a>,
    output: Output,
    progress: Progress,
    started: Instant,
    /// One for each image of the plan.
    pub stages: Vec<Stage>,
}

type Followed<'a> = LocalBoxFuture<'a, (usize, Result<Record, CliError>)>;

impl<'a> Work<'a> {
    pub fn new(plan: &'a Plan, uploader: &'a Uploader<'a>, report: Report<'a>, output: Output, has_progress: bool) -> Self {
        Self {
            plan,
            uploader,
            report,
            output,
            progress: Progress::new(has_progress, plan.images.len()),
            started: Instant::now(),
            stages: plan.images.iter().map(|_| Stage::Waiting).collect(),
        }
    }

    /// Sends `concurrency` images at a time. With `--wait`, follows each until it is finished, at most `longest_wait` after the last was
    /// sent.
    pub async fn run(&mut self, concurrency: usize, longest_wait: Option<Duration>) -> Result<End, CliError> {
        let (plan, uploader) = (self.plan, self.uploader);
        let permits = Semaphore::new(READS_AT_ONCE);
        let upload = |(index, image): (usize, &'a Image)| async move { (index, uploader.send(image).await) };
        let mut sending = std::pin::pin!(stream::iter(plan.images.iter().enumerate()).map(upload).buffer_unordered(concurrency));
        let mut following: FuturesUnordered<Followed<'_>> = FuturesUnordered::new();
        let mut stop = std::pin::pin!(stop::requested());
        let mut tick = tokio::time::interval(TICK);
        let (mut unsent, mut deadline) = (plan.images.len(), None);
        while unsent > 0 || !following.is_empty() {
            tokio::select! {
                Some((index, sent)) = sending.next() => {
                    unsent -= 1;
                    if unsent == 0 {
                        deadline = longest_wait.map(|wait| tokio::time::Instant::now() + wait);
                    }
                    if let Some(follower) = self.on_sent(index, sent)? {
                        following.push(follow(index, follower, uploader, &permits));
                    }
                }
                Some((index, record)) = following.next() => self.on_finished(index, record)?,
                () = until(deadline) => break,
                stop = &mut stop => {
                    self.progress.finish(&self.message());
                    return Ok(End::Stopped(stop));
                }
                _ = tick.tick() => self.progress.update(self.finished(), &self.message()),
            }
        }
        self.progress.finish(&self.message());
        Ok(End::Done)
    }

    fn on_sent(&mut self, index: usize, sent: Result<Sent, CliError>) -> Result<Option<Follower>, CliError> {
        match sent {
            Ok(sent) => {
                let follower = sent.follower();
                self.enter(index, Stage::Sent(sent))?;
                Ok(self.report.has_waited.then_some(follower))
            }
            Err(error) => self.fail(index, &error).map(|()| None),
        }
    }

    fn on_finished(&mut self, index: usize, record: Result<Record, CliError>) -> Result<(), CliError> {
        match record {
            Ok(record) => self.enter(index, Stage::Finished(Box::new(record))),
            Err(error) => self.fail(index, &error),
        }
    }

    fn fail(&mut self, index: usize, error: &CliError) -> Result<(), CliError> {
        let reason = sentence(error);
        for file in self.files_of(index) {
            say!("{file}: {reason}");
        }
        self.enter(index, Stage::Failed(reason))
    }

    /// Sets the stage of an image; with ndjson, prints the lines of its files once that stage is final.
    fn enter(&mut self, index: usize, stage: Stage) -> Result<(), CliError> {
        if self.output.format == Format::Ndjson {
            for file in self.files_of(index) {
                let line = Line { file, stage: Ok(&stage) };
                if self.report.is_final(&line) {
                    self.output.next(&self.report.json(&line)?, String::new)?;
                }
            }
        }
        if let Some(place) = self.stages.get_mut(index) {
            *place = stage;
        }
        Ok(())
    }

    fn files_of(&self, index: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        self.plan.files.iter().filter(move |file| file.image == Ok(index)).map(|file| file.file.as_str())
    }

    fn finished(&self) -> usize {
        let is_finished = |stage: &&Stage| match stage {
            Stage::Waiting => false,
            Stage::Sent(..) => !self.report.has_waited,
            Stage::Finished(..) | Stage::Failed(_) => true,
        };
        self.stages.iter().filter(is_finished).count()
    }

    fn message(&self) -> String {
        let count = |fits: fn(&Stage) -> bool| self.stages.iter().filter(|stage| fits(stage)).count();
        let uploaded = count(|stage| matches!(stage, Stage::Sent(..) | Stage::Finished(..)));
        let mut parts = vec![format!("{uploaded} of {} uploaded", self.stages.len())];
        if self.report.has_waited {
            parts.push(format!("{} in progress", count(|stage| matches!(stage, Stage::Sent(..)))));
            parts.push(format!("{} completed", count(|stage| has_status(stage, ProcessingStatus::Completed))));
        }
        let reviews = count(|stage| matches!(stage, Stage::Finished(record) if record.review_status == ReviewStatus::Pending));
        let failed = count(|stage| matches!(stage, Stage::Failed(_)) || has_status(stage, ProcessingStatus::Failed));
        let exceptions = [(reviews, "waiting for review"), (failed, "failed")];
        parts.extend(exceptions.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        parts.push(format!("{:.1} per second", rate(self.finished(), self.started.elapsed())));
        parts.join(", ")
    }
}

fn has_status(stage: &Stage, status: ProcessingStatus) -> bool {
    matches!(stage, Stage::Finished(record) if record.processing_status == status)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(finished: usize, elapsed: Duration) -> f64 {
    finished as f64 / elapsed.as_secs_f64().max(0.1)
}

fn follow<'a>(index: usize, follower: Follower, uploader: &'a Uploader<'_>, permits: &'a Semaphore) -> Followed<'a> {
    Box::pin(async move { (index, follower.wait_until_finished(&uploader.records, permits).await) })
}

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
