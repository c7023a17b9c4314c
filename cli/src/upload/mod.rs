//! `sightline upload`.

pub mod follow;
mod paths;
pub mod plan;
pub mod put;
pub mod report;
mod work;

pub use paths::{Candidate, not_a_file, unreadable};

use crate::{
    args::{Global, parse_owner, up_to},
    clock::parse_duration,
    error::{CliError, Exit},
    output::{Format, List, Output, clean, count, span},
    session::Session,
    stop,
};
use clap::{Args, builder::NonEmptyStringValueParser};
use paths::Collected;
use plan::{Plan, PlannedFile};
use put::{Sent, Uploader};
use report::{Line, Report, Stage};
use std::{path::PathBuf, time::Duration};
use work::{End, Work};

/// `upload`.
#[derive(Debug, Args)]
#[command(after_help = "\
The same content of the same owner is the same image: it is uploaded and analysed once, even under several names. An
image whose analysis failed for a reason that may be gone is uploaded again.
The command searches folders. It skips names in them that begin with a dot, and links to folders, and says so.
`-` reads one photo from stdin, at most 100 MB.
Files are uploaded unchanged, because the pipeline reports what is wrong with them; only a file that S3 cannot take (over
5 GB) is refused. All paths and the stack are checked before the first upload. A file that changes or disappears while it is
sent is reported and not uploaded; the others are.

With --wait, an image is finished when it is COMPLETED or FAILED or waits for a review. A rejected image is a result with a
reason. Exit code 3 means that some files FAILED or could not be uploaded, 1 that all did, 6 that time ran out: --timeout,
which counts from the start of the command, or 10 minutes after the last file was sent.

Output with --wait: for each file its whole record plus File, with the names of the record's schema; with ndjson as soon as
it is finished. A file that could not be read or uploaded has File and Error instead.

Examples:
  sightline upload photo.jpg --wait
  sightline upload holiday/ -c 16 --wait --timeout 30m
  curl -s https://example.com/cat.jpg | sightline upload - --filename cat.jpg
  sightline upload *.jpg --wait --output ndjson | jq -c '[.File, .ProcessingStatus, .Labels[0].Name]'")]
pub struct UploadArgs {
    /// Photos, or folders of photos; - reads a photo from stdin
    #[arg(required = true, value_name = "FILES")]
    pub paths: Vec<PathBuf>,
    /// Wait until the images are analysed
    #[arg(long)]
    pub wait: bool,
    /// Longest duration of the whole command, such as 90s, 10m, 1h [default: until 10m after the last file was sent]
    #[arg(long, requires = "wait", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// Number of uploads at the same time
    #[arg(long, short, value_name = "N", default_value = "8", value_parser = up_to(64))]
    pub concurrency: usize,
    /// Owner of the images
    #[arg(long, env = "SIGHTLINE_OWNER", default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// File name of the photo on stdin, such as cat.jpg
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub filename: Option<String>,
}

/// How long the command waits for images after the last was sent, without `--timeout`.
const DEFAULT_WAIT: Duration = Duration::from_mins(10);

/// Uploads and, with `--wait`, follows the images.
pub async fn run(global: &Global, args: UploadArgs, output: Output) -> Result<Exit, CliError> {
    let Collected { candidates, skipped } = paths::collect(&args.paths)?;
    if args.filename.is_some() && candidates.iter().all(|candidate| candidate.stdin.is_none()) {
        return Err(CliError::Usage("--filename names the photo on stdin; upload - reads it".to_owned()));
    }
    for sentence in skipped {
        say!("{sentence}");
    }
    for candidate in &candidates {
        if let Some(problem) = &candidate.problem {
            say!("{}: {problem}", candidate.path.display());
        }
    }
    if candidates.iter().all(|candidate| candidate.problem.is_some()) {
        return Err(CliError::Failed("none of the files can be uploaded".to_owned()));
    }
    let session = Session::open(global).await?;
    let plan = plan::plan(candidates, args.filename.as_deref()).await;
    let uploader = Uploader::new(&session, &args.owner);
    let report = Report { bucket: &session.stack.images_bucket, owner: &args.owner, has_waited: args.wait };
    let _handler = stop::handle_in_command();
    let mut work = Work::new(&plan, &uploader, report, output, !global.no_progress);
    let longest_wait = args.timeout.is_none().then_some(DEFAULT_WAIT);
    let end = work.run(args.concurrency, longest_wait).await?;
    finish(&plan, &work.stages, report, output, end)
}

fn finish(plan: &Plan, stages: &[Stage], report: Report<'_>, output: Output, end: End) -> Result<Exit, CliError> {
    let lines = lines(plan, stages);
    // With ndjson, finished files were printed when they finished.
    let unprinted = lines.iter().filter(|line| output.format != Format::Ndjson || !report.is_final(line));
    let values = unprinted.map(|line| report.json(line)).collect::<Result<Vec<_>, _>>()?;
    List::new(&values).print(output, |_| report.table(&lines))?;
    match end {
        End::Stopped(stop) => {
            let sent = lines.iter().filter(|line| matches!(line.stage, Ok(Stage::Sent(_) | Stage::Finished(_)))).count();
            say!(
                "{} with {sent} of {} uploaded; run the same command again to continue, nothing is uploaded or analysed twice",
                stop.sentence(),
                count(lines.len(), "file")
            );
            return Ok(stop.exit());
        }
        End::Done => report_unfinished(&lines, report),
    }
    report_failures(&lines);
    Ok(report.exit(&lines))
}

fn report_unfinished(lines: &[Line<'_>], report: Report<'_>) {
    for line in lines {
        if let (true, Ok(Stage::Sent(Sent { image_id: id, .. }))) = (report.has_waited, line.stage) {
            let (file, waited) = (line.file, span(DEFAULT_WAIT));
            say!("{file}: image {id} is still in progress {waited} after the last file was sent; run the same command again to continue");
        }
    }
}

fn lines<'a>(plan: &'a Plan, stages: &'a [Stage]) -> Vec<Line<'a>> {
    let stage_of = |file: &'a PlannedFile| {
        let index = file.image.as_ref().map_err(String::as_str)?;
        stages.get(*index).ok_or("not planned")
    };
    plan.files.iter().map(|file| Line { file: &file.file, stage: stage_of(file) }).collect()
}

/// Says how to examine the images that the pipeline, and not the image itself, made fail.
fn report_failures(lines: &[Line<'_>]) {
    for line in lines {
        if let Ok(Stage::Finished(record)) = line.stage
            && record.is_rerunnable()
        {
            let reason = [&record.status_reason, &record.status_detail].into_iter().flatten().map(|part| clean(part));
            say!(
                "{}: {}; see `sightline executions show {}`, fix the cause, and upload the file again",
                clean(line.file),
                reason.collect::<Vec<_>>().join(": "),
                record.image_id
            );
        }
    }
}
