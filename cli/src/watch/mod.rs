//! `sightline watch`: uploads what appears in a folder.

mod folder;

use crate::{
    args::{Global, Watch},
    error::{CliError, sentence},
    exit::Exit,
    output::{
        self, Format, Output, streams,
        text::{clean, count, span},
    },
    session::Session,
    stop,
    upload::{
        Candidate,
        plan::{self, Image},
        put::{How, Sent, Uploader},
        report::{Frame, Line, Stage, how_name},
        unreadable,
    },
};
use folder::{Folder, Look};
use futures_util::{StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    time::{Duration, Instant},
};

/// Between two looks at the folder.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What became of one file.
type Uploaded = (PathBuf, Result<(Image, How), String>);

/// How many files there were.
#[derive(Debug, Default)]
struct Tally {
    uploaded: usize,
    already_there: usize,
}

/// The watch.
struct Watching<'a> {
    frame: Frame<'a>,
    uploader: &'a Uploader,
    output: Output,
    folder: Folder,
    tally: Tally,
    /// Files that wait for their upload.
    queue: VecDeque<PathBuf>,
    under_way: FuturesUnordered<LocalBoxFuture<'a, Uploaded>>,
    /// Why files could not be uploaded, each said once.
    failures: HashMap<PathBuf, String>,
}

/// Watches until Ctrl-C.
pub async fn run(global: &Global, args: &Watch, output: Output) -> Result<Exit, CliError> {
    let shown = || clean(&args.folder.to_string_lossy());
    match args.folder.metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(CliError::Failed(format!("{} is no folder; `sightline upload` takes files", shown()))),
        Err(error) => return Err(CliError::Failed(format!("{}: {}", shown(), unreadable(&args.folder, &error)))),
    }
    let session = Session::open(global).await?;
    let uploader = Uploader { s3: session.clients.s3(), bucket: session.stack.images_bucket.clone(), records: session.tables() };
    let frame = Frame { bucket: &session.stack.images_bucket, owner: &args.owner, waited: false };
    say!("watching {}; Ctrl-C ends it", shown());
    let _ending = stop::own_ending();
    let mut watching = Watching {
        frame,
        uploader: &uploader,
        output,
        folder: Folder::default(),
        tally: Tally::default(),
        queue: VecDeque::new(),
        under_way: FuturesUnordered::new(),
        failures: HashMap::new(),
    };
    watching.run(args).await
}

impl<'a> Watching<'a> {
    async fn run(&mut self, args: &'a Watch) -> Result<Exit, CliError> {
        let (started, mut stop) = (Instant::now(), std::pin::pin!(stop::requested()));
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => self.look(args),
                Some(uploaded) = self.under_way.next() => self.uploaded(uploaded)?,
                _ = &mut stop => break,
            }
            while self.under_way.len() < usize::from(args.concurrency)
                && let Some(path) = self.queue.pop_front()
            {
                self.under_way.push(Box::pin(upload(path, &args.owner, self.uploader)));
            }
        }
        self.end(started.elapsed());
        Ok(Exit::of_many(self.failures.len(), self.failures.len() + self.tally.uploaded + self.tally.already_there))
    }

    fn look(&mut self, args: &Watch) {
        let Look { ready, troubles } = self.folder.look(&args.folder, Instant::now());
        self.queue.extend(ready);
        for (path, why) in troubles {
            say!("{}: {why}", clean(&path.to_string_lossy()));
        }
    }

    fn uploaded(&mut self, (path, result): Uploaded) -> Result<(), CliError> {
        match result {
            Ok((image, how)) => {
                self.failures.remove(&path);
                match how {
                    How::Uploaded | How::UploadedAgain => self.tally.uploaded += 1,
                    How::AlreadyThere => self.tally.already_there += 1,
                }
                self.print(&path.to_string_lossy(), &image, how)
            }
            Err(why) => {
                self.folder.failed(&path, Instant::now());
                // A file that is gone by now is nobody's trouble.
                if path.exists() && self.failures.get(&path) != Some(&why) {
                    say!("{}: {why}; it will be tried again", clean(&path.to_string_lossy()));
                    self.failures.insert(path, why);
                }
                Ok(())
            }
        }
    }

    fn print(&self, file: &str, image: &Image, how: How) -> Result<(), CliError> {
        let stage = Stage::Sent(how);
        match self.output.format {
            Format::Table => {
                streams::write(&format!("{}  {:14}  {}\n", image.id, how_name(how), clean(file)));
                Ok(())
            }
            Format::Json | Format::Ndjson => output::line(&Line { file, image: Ok((image, &stage)) }.json(self.frame)?),
        }
    }

    fn end(&self, watched: Duration) {
        let Tally { uploaded, already_there } = self.tally;
        let mut parts = vec![format!("{} uploaded", count(uploaded, "file")), format!("{already_there} already there")];
        if !self.failures.is_empty() {
            parts.push(format!("{} not uploaded", self.failures.len()));
        }
        let unfinished = self.queue.len() + self.under_way.len() + self.folder.settling();
        if unfinished > 0 {
            parts.push(format!("{unfinished} not yet; the next watch takes them up"));
        }
        say!("watched for {}: {}", span(watched), parts.join(", "));
    }
}

async fn upload(path: PathBuf, owner: &str, uploader: &Uploader) -> Uploaded {
    let plan = plan::plan(vec![Candidate::file(path.clone())], owner, None).await;
    let problem = plan.files.into_iter().find_map(|file| file.image.err());
    let result = match (problem, plan.images.into_iter().next()) {
        (None, Some(image)) => match uploader.send(&image).await {
            Ok(Sent { how, .. }) => Ok((image, how)),
            Err(error) => Err(sentence(&error)),
        },
        (problem, _) => Err(problem.unwrap_or_default()),
    };
    (path, result)
}
