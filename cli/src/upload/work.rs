//! The work of an upload: sending and following side by side, until all is done, or the command is to stop.

use super::{
    plan::{Image, Plan},
    put::{Sent, Uploader},
    report::{Frame, Line, Stage},
};
use crate::{
    error::{CliError, sentence},
    output::{self, Format, Output},
    progress::Progress,
    stop::{self, Stop},
};
use futures_util::{
    StreamExt,
    future::LocalBoxFuture,
    stream::{self, FuturesUnordered},
};
use sightline_domain::model::{
    record::{ProcessingStatus, Record},
    review::ReviewStatus,
};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Records read at once, by all followers together.
const LOOKS_AT_ONCE: usize = 16;
/// Between two updates of the progress.
const TICK: Duration = Duration::from_millis(250);

/// How the work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing left to do, or to wait for in the usual time.
    Done,
    /// The command is to stop.
    Stopped(Stop),
}

/// The work, and how far each image came.
pub struct Work<'a> {
    plan: &'a Plan,
    uploader: &'a Uploader,
    frame: Frame<'a>,
    output: Output,
    progress: Progress,
    started: Instant,
    /// Of each image of the plan.
    pub stages: Vec<Stage>,
}

type Followed<'a> = LocalBoxFuture<'a, (usize, Result<Record, CliError>)>;

impl<'a> Work<'a> {
    /// Nothing is sent yet.
    pub fn new(plan: &'a Plan, uploader: &'a Uploader, frame: Frame<'a>, output: Output, progress: bool) -> Self {
        Self {
            plan,
            uploader,
            frame,
            output,
            progress: Progress::new(progress, plan.images.len()),
            started: Instant::now(),
            stages: plan.images.iter().map(|_| Stage::Waiting).collect(),
        }
    }

    /// Sends `concurrency` images at once; with a wait, follows each until it is settled, at most `longest` after the last was sent.
    pub async fn run(&mut self, concurrency: usize, longest: Option<Duration>) -> Result<End, CliError> {
        let (plan, uploader) = (self.plan, self.uploader);
        let looks = Semaphore::new(LOOKS_AT_ONCE);
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
                        deadline = longest.map(|longest| tokio::time::Instant::now() + longest);
                    }
                    if let Some(sent) = self.sent(index, sent)? {
                        following.push(follow(index, sent, uploader, &looks));
                    }
                }
                Some((index, record)) = following.next() => self.settled(index, record)?,
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

    fn sent(&mut self, index: usize, sent: Result<Sent, CliError>) -> Result<Option<Sent>, CliError> {
        match sent {
            Ok(sent) => {
                self.reach(index, Stage::Sent(sent.how))?;
                Ok(self.frame.waited.then_some(sent))
            }
            Err(error) => self.fail(index, &error).map(|()| None),
        }
    }

    fn settled(&mut self, index: usize, record: Result<Record, CliError>) -> Result<(), CliError> {
        match record {
            Ok(record) => self.reach(index, Stage::Settled(Box::new(record))),
            Err(error) => self.fail(index, &error),
        }
    }

    fn fail(&mut self, index: usize, error: &CliError) -> Result<(), CliError> {
        let said = sentence(error);
        for file in self.files_of(index) {
            say!("{file}: {said}");
        }
        self.reach(index, Stage::Failed(said))
    }

    /// Notes how far an image came; with ndjson, prints its lines once it is finished.
    fn reach(&mut self, index: usize, stage: Stage) -> Result<(), CliError> {
        if let (Format::Ndjson, Some(image)) = (self.output.format, self.plan.images.get(index)) {
            for file in self.files_of(index) {
                let line = Line { file, image: Ok((image, &stage)) };
                if is_printed(&line, self.frame) {
                    output::line(&line.json(self.frame)?)?;
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
        let finished = |stage: &&Stage| match stage {
            Stage::Waiting => false,
            Stage::Sent(_) => !self.frame.waited,
            Stage::Settled(..) | Stage::Failed(_) => true,
        };
        self.stages.iter().filter(finished).count()
    }

    fn message(&self) -> String {
        let count = |fits: fn(&Stage) -> bool| self.stages.iter().filter(|stage| fits(stage)).count();
        let uploaded = count(|stage| matches!(stage, Stage::Sent(_) | Stage::Settled(..)));
        let mut parts = vec![format!("{uploaded} of {} uploaded", self.stages.len())];
        if self.frame.waited {
            parts.push(format!("{} at work", count(|stage| matches!(stage, Stage::Sent(_)))));
            parts.push(format!("{} completed", count(|stage| in_status(stage, ProcessingStatus::Completed))));
        }
        let reviews = count(|stage| matches!(stage, Stage::Settled(record) if record.review_status == ReviewStatus::Pending));
        let failed = count(|stage| matches!(stage, Stage::Failed(_)) || in_status(stage, ProcessingStatus::Failed));
        let wanting = [(reviews, "waiting for review"), (failed, "failed")];
        parts.extend(wanting.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        parts.push(format!("{:.1} a second", rate(self.finished(), self.started.elapsed())));
        parts.join(", ")
    }
}

fn in_status(stage: &Stage, status: ProcessingStatus) -> bool {
    matches!(stage, Stage::Settled(record) if record.processing_status == status)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(finished: usize, elapsed: Duration) -> f64 {
    finished as f64 / elapsed.as_secs_f64().max(0.1)
}

fn follow<'a>(index: usize, sent: Sent, uploader: &'a Uploader, looks: &'a Semaphore) -> Followed<'a> {
    Box::pin(async move { (index, sent.follow.settled(&uploader.records, looks).await) })
}

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Whether a line of ndjson is printed while the work goes on, since nothing more will happen to it.
pub fn is_printed(line: &Line<'_>, frame: Frame<'_>) -> bool {
    match line.image {
        Err(_) | Ok((_, Stage::Waiting)) => false,
        Ok((_, Stage::Sent(_))) => !frame.waited,
        Ok((_, Stage::Settled(..) | Stage::Failed(_))) => true,
    }
}
