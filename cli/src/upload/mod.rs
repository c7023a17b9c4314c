//! `sightline upload`.

pub mod follow;
mod paths;
pub mod plan;
pub mod put;
pub mod report;
mod work;

pub use paths::{Candidate, unreadable};

use crate::{
    args::{Global, Upload},
    error::CliError,
    exit::Exit,
    output::{
        self, Format, Output,
        text::{clean, count},
    },
    session::Session,
};
use plan::Plan;
use put::Uploader;
use report::{Frame, Line, Stage};
use work::{End, Work};

/// Uploads, and follows where asked to.
pub async fn run(global: &Global, args: Upload, output: Output) -> Result<Exit, CliError> {
    let candidates = paths::collect(&args.paths);
    for candidate in &candidates {
        if let Some(problem) = &candidate.problem {
            eprintln!("sightline: {}: {problem}", clean(&candidate.path.to_string_lossy()));
        }
    }
    // Before the first byte goes out: without a readable file or a stack there is nothing to do.
    if candidates.iter().all(|candidate| candidate.problem.is_some()) {
        return Err(CliError::Failed("none of the files can be uploaded".to_owned()));
    }
    let session = Session::open(global).await?;
    let plan = plan::plan(candidates, &args.owner).await;
    let uploader = Uploader { s3: session.clients.s3(), bucket: session.stack.images_bucket.clone(), records: session.records() };
    let frame = Frame { bucket: &session.stack.images_bucket, owner: &args.owner, waited: args.wait };
    let mut work = Work::new(&plan, &uploader, frame, output, !global.no_progress);
    let end = work.run(usize::from(args.concurrency), args.timeout).await?;
    finish(&plan, &work.stages, frame, output, end, args.timeout)
}

fn finish(
    plan: &Plan,
    stages: &[Stage],
    frame: Frame<'_>,
    output: Output,
    end: End,
    timeout: std::time::Duration,
) -> Result<Exit, CliError> {
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
        End::Interrupted => {
            let sent = lines.iter().filter(|line| matches!(line.image, Ok((_, Stage::Sent(_) | Stage::Settled(..))))).count();
            eprintln!(
                "sightline: interrupted with {sent} of {} uploaded; run the same command again to go on, nothing is uploaded or analysed twice",
                count(lines.len(), "file")
            );
            return Ok(Exit::Interrupted);
        }
        End::Done if frame.waited => unfinished(&lines, timeout),
        End::Done => {}
    }
    hint(&lines);
    Ok(report::exit(&lines, frame))
}

fn unfinished(lines: &[Line<'_>], timeout: std::time::Duration) {
    let waiting = lines.iter().filter_map(|line| match line.image {
        Ok((image, Stage::Sent(_))) => Some((line.file, image)),
        _ => None,
    });
    for (file, image) in waiting {
        eprintln!(
            "sightline: {}: image {} is still at work after {} seconds; run the same command again to go on waiting",
            clean(file),
            image.id,
            timeout.as_secs()
        );
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
            eprintln!(
                "sightline: {}: {}; look with `sightline executions show {}`, and upload it again once the cause is gone",
                clean(line.file),
                reason.collect::<Vec<_>>().join(": "),
                record.image_id
            );
        }
    }
}
