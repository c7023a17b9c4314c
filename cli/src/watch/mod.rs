//! `sightline watch`: uploads photos as they appear in a folder.

mod folder;

use crate::{
    args::{Global, parse_owner, up_to},
    error::{CliError, Exit, sentence},
    output::{Output, clean, count, span},
    session::Session,
    stop,
    upload::{
        Candidate, plan,
        put::{Sent, UploadOutcome, Uploader},
        report::{Line, Report, Stage},
        unreadable,
    },
};
use clap::Args;
use folder::{Folder, Scan};
use futures_util::{StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use std::{
    collections::{HashMap, VecDeque},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// `watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Uploads the files in the folder and its subfolders, and files that appear later, each when it has not changed for two seconds.
The same content of the same owner is the same image, so that nothing is uploaded or analysed twice, even after a restart.
Skipped: names that begin with a dot, unfinished downloads (.part, .partial, .tmp, .crdownload, .download), empty files, links
to folders. A file that cannot be read is reported once; one that could not be uploaded is retried.

Ctrl-C ends the command with a summary; exit code 3 means that some files could not be uploaded. Output: one line per file,
JSON with --output ndjson or json.

Examples:
  sightline watch ~/Pictures/scans
  sightline watch inbox/ --owner anna --output ndjson | jq -r .ImageID")]
pub struct WatchArgs {
    /// The folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Owner of the images
    #[arg(long, env = "SIGHTLINE_OWNER", default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// Number of uploads at the same time
    #[arg(long, short, value_name = "N", default_value = "4", value_parser = up_to(64))]
    pub concurrency: usize,
}

const SCAN_INTERVAL: Duration = Duration::from_secs(1);

/// A file, and its image in the bucket, or why it was not uploaded.
type Uploaded = (PathBuf, Result<Sent, String>);

struct Watcher<'a> {
    report: Report<'a>,
    uploader: &'a Uploader<'a>,
    output: Output,
    folder: Folder,
    uploaded: usize,
    already_there: usize,
    /// Files that wait for their upload.
    queue: VecDeque<PathBuf>,
    uploads: FuturesUnordered<LocalBoxFuture<'a, Uploaded>>,
    /// Why files could not be uploaded; each reason is printed once.
    failures: HashMap<PathBuf, String>,
}

/// Watches until a signal ends it.
pub async fn run(global: &Global, args: &WatchArgs, output: Output) -> Result<Exit, CliError> {
    let folder = shown(&args.folder);
    match args.folder.metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(CliError::Failed(format!("{folder} is not a folder; `sightline upload` uploads files"))),
        Err(error) => return Err(CliError::Failed(format!("{folder}: {}", unreadable(&args.folder, &error)))),
    }
    let session = Session::open(global).await?;
    let uploader = Uploader::new(&session, &args.owner);
    say!("watching {folder}; Ctrl-C ends it");
    let _handler = stop::handle_in_command();
    let mut watcher = Watcher {
        report: Report { bucket: &session.stack.images_bucket, owner: &args.owner, has_waited: false },
        uploader: &uploader,
        output,
        folder: Folder::default(),
        uploaded: 0,
        already_there: 0,
        queue: VecDeque::new(),
        uploads: FuturesUnordered::new(),
        failures: HashMap::new(),
    };
    watcher.run(args).await
}

fn shown(path: &Path) -> String {
    clean(&path.to_string_lossy())
}

impl<'a> Watcher<'a> {
    async fn run(&mut self, args: &'a WatchArgs) -> Result<Exit, CliError> {
        let (started, mut stop) = (Instant::now(), std::pin::pin!(stop::requested()));
        let mut tick = tokio::time::interval(SCAN_INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => self.scan(args),
                Some(uploaded) = self.uploads.next() => self.on_uploaded(uploaded)?,
                _ = &mut stop => break,
            }
            while self.uploads.len() < args.concurrency
                && let Some(path) = self.queue.pop_front()
            {
                self.uploads.push(Box::pin(upload(path, self.uploader)));
            }
        }
        say!("watched for {}: {}", span(started.elapsed()), self.summary());
        Ok(Exit::of_many(self.failures.len(), self.failures.len() + self.uploaded + self.already_there))
    }

    fn scan(&mut self, args: &WatchArgs) {
        let Scan { ready, problems } = self.folder.scan(&args.folder, Instant::now());
        self.queue.extend(ready);
        for (path, problem) in problems {
            say!("{}: {problem}", shown(&path));
        }
    }

    fn on_uploaded(&mut self, (path, result): Uploaded) -> Result<(), CliError> {
        match result {
            Ok(sent) => {
                self.failures.remove(&path);
                match sent.outcome {
                    UploadOutcome::Uploaded | UploadOutcome::UploadedAgain => self.uploaded += 1,
                    UploadOutcome::AlreadyThere => self.already_there += 1,
                }
                let file = path.to_string_lossy();
                let text = format!("{}  {:14}  {}", sent.image_id, sent.outcome.name(), clean(&file));
                let line = Line { file: &file, stage: Ok(&Stage::Sent(sent)) };
                Ok(self.output.next(&self.report.json(&line)?, || text)?)
            }
            Err(reason) => {
                self.folder.retry_later(&path, Instant::now());
                // A file that was deleted meanwhile is not a failure.
                if path.exists() && self.failures.get(&path) != Some(&reason) {
                    say!("{}: {reason}; it will be retried", shown(&path));
                    self.failures.insert(path, reason);
                }
                Ok(())
            }
        }
    }

    fn summary(&self) -> String {
        let mut parts = vec![format!("{} uploaded", count(self.uploaded, "file")), format!("{} already there", self.already_there)];
        if !self.failures.is_empty() {
            parts.push(format!("{} not uploaded", self.failures.len()));
        }
        let unfinished = self.queue.len() + self.uploads.len() + self.folder.changing();
        if unfinished > 0 {
            parts.push(format!("{unfinished} not yet uploaded; the next watch uploads them"));
        }
        parts.join(", ")
    }
}

async fn upload(path: PathBuf, uploader: &Uploader<'_>) -> Uploaded {
    let plan = plan::plan(vec![Candidate::file(path.clone())], None).await;
    let problem = plan.files.into_iter().find_map(|file| file.image.err());
    let result = match (problem, plan.images.into_iter().next()) {
        (None, Some(image)) => uploader.send(&image).await.map_err(|error| sentence(&error)),
        (problem, _) => Err(problem.unwrap_or_default()),
    };
    (path, result)
}
