//! `sightline upload`.

pub mod follow;
mod paths;
pub mod plan;
pub mod put;
pub mod report;
mod work;

pub use paths::{Candidate, not_a_file, unreadable};

use crate::{
    args::{Global, Upload},
    error::CliError,
    exit::Exit,
    output::{
        self, Format, Output,
        text::{clean, count, span},
    },
    session::Session,
    stop,
};
use paths::Collected;
use plan::Plan;
use put::Uploader;
use report::{Frame, Line, Stage};
use std::time::Duration;
use work::{End, Work};

/// How long images are waited for after the last was sent, without `--timeout`.
const USUAL_WAIT: Duration = Duration::from_mins(10);

/// Uploads, and follows where asked to.
pub async fn run(global: &Global, args: Upload, output: Output) -> Result<Exit, CliError> {
    let Collected { candidates, left_out } = paths::collect(&args.paths)?;
    if args.filename.is_some() && candidates.iter().all(|candidate| candidate.stdin.is_none()) {
        return Err(CliError::Usage("--filename names the photo on stdin; upload - reads it".to_owned()));
    }
    for sentence in left_out {
        say!("{sentence}");
    }
    for candidate in &candidates {
        if let Some(problem) = &candidate.problem {
            say!("{}: {problem}", candidate.path.display());
        }
    }
    // Before the first byte goes out: without a readable file or a stack there is nothing to do.
    if candidates.iter().all(|candidate| candidate.problem.is_some()) {
        return Err(CliError::Failed("none of the files can be uploaded".to_owned()));
    }
    let session = Session::open(global).await?;
    let plan = plan::plan(candidates, &args.owner, args.filename.as_deref()).await;
    let uploader = Uploader { s3: session.clients.s3(), bucket: session.stack.images_bucket.clone(), records: session.tables() };
    let frame = Frame { bucket: &session.stack.images_bucket, owner: &args.owner, waited: args.wait };
    let _ending = stop::own_ending();
    let mut work = Work::new(&plan, &uploader, frame, output, !global.no_progress);
    let longest = args.timeout.is_none().then_some(USUAL_WAIT);
    let end = work.run(usize::from(args.concurrency), longest).await?;
    finish(&plan, &work.stages, frame, output, end)
}

fn finish(plan: &Plan, stages: &[Stage], frame: Frame<'_>, output: Output, end: End) -> Result<Exit, CliError> {
    let lines = lines(plan, stages);
    match output.format {
        Format::Table => output.list::<()>(&[], || report::table(&lines, frame))?,
        Format::Json => {
            let values = lines.iter().map(|line| line.json(frame)).collect::<Result<Vec<_>, _>>()?;
            output.list(&values, String::new)?;
        }
        // What finished was printed as it finished; what did not, comes now.
        Format::Ndjson => {
            for line in lines.iter().filter(|line| !work::is_printed(line, frame)) {
                output::line(&line.json(frame)?)?;
            }
        }
    }
    match end {
        End::Stopped(stop) => {
            let sent = lines.iter().filter(|line| matches!(line.image, Ok((_, Stage::Sent(_) | Stage::Settled(..))))).count();
            say!(
                "{} with {sent} of {} uploaded; run the same command again to continue, nothing is uploaded or analysed twice",
                stop.sentence(),
                count(lines.len(), "file")
            );
            return Ok(stop.exit());
        }
        End::Done if frame.waited => unfinished(&lines),
        End::Done => {}
    }
    hint(&lines);
    Ok(report::exit(&lines, frame))
}

fn unfinished(lines: &[Line<'_>]) {
    let waiting = lines.iter().filter_map(|line| match line.image {
        Ok((image, Stage::Sent(_))) => Some((line.file, image)),
        _ => None,
    });
    for (file, image) in waiting {
        let waited = span(USUAL_WAIT);
        say!("{file}: image {} is still at work {waited} after the last file was sent; run the same command again to continue", image.id);
    }
}

fn lines<'a>(plan: &'a Plan, stages: &'a [Stage]) -> Vec<Line<'a>> {
    let of = |index: usize| plan.images.get(index).zip(stages.get(index)).ok_or("not planned");
    plan.files
        .iter()
        .map(|file| Line { file: &file.file, image: file.image.as_ref().map_err(String::as_str).and_then(|index| of(*index)) })
        .collect()
}

/// How to look closer at what failed by the pipeline's fault and not the image's.
fn hint(lines: &[Line<'_>]) {
    for line in lines {
        if let Ok((_, Stage::Settled(record))) = line.image
            && record.is_rerunnable()
        {
            let reason = [&record.status_reason, &record.status_detail].into_iter().flatten().map(|part| clean(part));
            say!(
                "{}: {}; look with `sightline executions show {}`, and upload it again once the cause is gone",
                clean(line.file),
                reason.collect::<Vec<_>>().join(": "),
                record.image_id
            );
        }
    }
}
