//! `sightline import`: analyses images that are already in a bucket.

mod finish;
mod gather;
mod lists;
mod results;
mod run;
mod source;
mod state;

use crate::{
    actions::confirm,
    args::{Global, parse_owner},
    clock::parse_duration,
    error::{CliError, Exit},
    output::{Facts, Output, clean, count},
    progress::Progress,
    session::Session,
    stop,
};
use clap::{Args, value_parser};
use finish::Import;
use gather::{Gathered, gather};
use run::{Run, Slot};
use serde::Serialize;
use source::Source;
use state::{Estimate, read_states};
use std::{path::PathBuf, time::Duration};

/// `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
SOURCE is a prefix (s3://bucket/prefix), a list of images as a CSV file, local or in S3 (manifest.csv, s3://…/manifest.csv: a
line is bucket,key or an s3:// URL), or an S3 Inventory (s3://…/manifest.json). Folders, empty objects and objects over 50 MB
are left out, and an object that is listed more than once is imported once; the command says how many.

Images below raw-uploads/ of the images bucket are analysed in place; all others are copied there first. The deployment needs
permission to read their bucket: setting importBuckets. The same object of the same owner is the same image: importing it
again costs nothing if it is analysed already, and while an import of the same list runs, the command joins that import.

The command asks for confirmation, because analyses cost money; --yes starts at once. The import runs without the command.

With --wait, an image is finished when it is COMPLETED or rejected or waits for a review. Exit code 3 means that some images
could not be imported or FAILED, 1 that all did, 6 that time ran out. The same command imports them again.

--concurrency works on AWS; the local engine accepts it, but uses the setting importConcurrency.

Examples:
  sightline import s3://old-photos/2019/ --dry-run
  sightline import s3://old-photos/2019/ --owner anna --wait --results results.csv
  sightline import s3://inventories/old-photos/all/2026-11-24T01-00Z/manifest.json --yes")]
pub struct ImportArgs {
    /// s3://BUCKET/PREFIX, a manifest as CSV, or the manifest.json of an S3 Inventory
    #[arg(value_name = "SOURCE")]
    pub source: Source,
    /// Owner of the copies
    #[arg(long, env = "SIGHTLINE_OWNER", default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// Images processed at the same time, at most the setting importConcurrency, which is the default
    #[arg(long, short, value_name = "N", value_parser = value_parser!(u16).range(1..=10_000))]
    pub concurrency: Option<u16>,
    /// Show how many images there are and what they would cost, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Wait until the import is finished
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,
    /// Longest duration of the whole command, such as 30m, 12h; the import continues without it
    #[arg(long, requires = "wait", default_value = "24h", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Write the result of each image to this CSV file; an existing file is replaced at the end
    #[arg(long, value_name = "FILE", requires = "wait")]
    pub results: Option<PathBuf>,
}

/// Unreadable objects that are named one by one.
const MOST_NAMED: usize = 10;

/// An import that runs without the command.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Started<'a> {
    import: &'a str,
    execution_arn: &'a str,
    images: usize,
}

/// Imports, or shows what it would import.
pub async fn run(global: &Global, args: &ImportArgs, output: Output) -> Result<Exit, CliError> {
    if let Some(path) = &args.results {
        results::check(path)?;
    }
    let session = Session::open(global).await?;
    let imports = session.imports();
    let allowed = imports.max_concurrency().await?;
    let concurrency = bound_concurrency(args.concurrency, allowed, session.stack.rekognition_calls_per_second)?;
    let gathered = gather_and_report(global, &session, args).await?;
    let import = Import { global, session: &session, args, gathered: &gathered, concurrency };
    let run = match run::find(&imports, &run::name_of(&args.owner, &gathered.found)).await? {
        Slot::Running(run) => {
            say!("an import of the same list is running: {}", run.name);
            run
        }
        Slot::Free(name) => {
            let progress = Progress::new(!global.no_progress, gathered.found.len());
            let states = read_states(&session, &args.owner, &gathered.found, &progress).await?;
            progress.clear();
            let estimate = Estimate::new(name.clone(), &gathered, &states);
            if args.dry_run {
                output.one(&estimate, Estimate::facts)?;
                return Ok(Exit::Success);
            }
            if estimate.to_analyze == 0 {
                say!("nothing to start: {} analysed or in progress", count(estimate.images, "image"));
                return import.finish_without_run(output, &states);
            }
            confirm_import(args, &estimate)?;
            stop::advise(format!("the import {name} may have been started; the same command joins it"));
            let due = gathered.found.iter().zip(&states).filter(|(_, state)| state.is_due).map(|(found, _)| found);
            run::start(&session, &imports, &name, &args.owner, due).await?
        }
    };
    if args.dry_run {
        return Ok(Exit::Success);
    }
    let Run { name, arn } = &run;
    let end = format!("to end it: aws stepfunctions stop-execution --execution-arn {arn}");
    stop::advise(format!("the import {name} continues, and the same command joins it again; {end}"));
    if args.wait {
        return import.wait_and_finish(&imports, &run, output).await;
    }
    if let Some(concurrency) = concurrency {
        run::bound(&imports, &run, concurrency).await?;
    }
    let started = Started { import: name, execution_arn: arn, images: gathered.found.len() };
    output.one(&started, facts)?;
    say!("the import runs without this command; follow it by the same command with --wait");
    Ok(Exit::Success)
}

fn facts(started: &Started<'_>) -> String {
    let mut facts = Facts::default();
    facts.add("import", started.import);
    facts.add("execution", started.execution_arn);
    facts.add("images", started.images.to_string());
    facts.render()
}

/// The concurrency to set for the run, if the deployed definition allows too much: `requested`, bounded by Rekognition's quota. An image
/// takes at least two seconds, so that two images at a time use one call per second.
///
/// # Errors
///
/// `CliError::Usage` if more is requested than the deployment allows, because uploads of people who wait would be delayed.
fn bound_concurrency(requested: Option<u16>, allowed: Option<u64>, calls_per_second: u32) -> Result<Option<u16>, CliError> {
    if let (Some(requested), Some(allowed)) = (requested, allowed)
        && u64::from(requested) > allowed
    {
        return Err(CliError::Usage(format!(
            "--concurrency {requested} is more than this deployment allows; its setting importConcurrency is {allowed}"
        )));
    }
    let by_quota = u16::try_from(calls_per_second.saturating_mul(2)).unwrap_or(u16::MAX);
    let exceeds_quota = requested.map(u64::from).or(allowed).is_some_and(|at_once| at_once > u64::from(by_quota));
    Ok(if exceeds_quota { Some(by_quota) } else { requested })
}

/// Gathers the objects, and says which are not imported.
async fn gather_and_report(global: &Global, session: &Session, args: &ImportArgs) -> Result<Gathered, CliError> {
    let progress = Progress::new(!global.no_progress, 0);
    let gathered = gather(session, &args.source, &progress).await?;
    progress.clear();
    if let Some(left_out) = gathered.left_out.sentence() {
        say!("left out: {left_out}");
    }
    for absent in gathered.absent.iter().take(MOST_NAMED) {
        say!("s3://{}/{}: {}", clean(&absent.bucket), clean(&absent.key), absent.reason());
    }
    if gathered.absent.len() > MOST_NAMED {
        say!("and {} more that cannot be read", gathered.absent.len() - MOST_NAMED);
    }
    match (gathered.found.is_empty(), gathered.absent.is_empty()) {
        (true, true) => Err(CliError::NotFound("there are no images to import".to_owned())),
        (true, false) => Err(CliError::Failed("none of the objects can be read".to_owned())),
        (false, _) => Ok(gathered),
    }
}

fn confirm_import(args: &ImportArgs, estimate: &Estimate) -> Result<(), CliError> {
    let (images, range) = (count(estimate.to_analyze, "image"), estimate.range());
    if args.yes {
        say!("importing {images}, for {range}");
        return Ok(());
    }
    confirm(&format!("Import {images}, for {range}?"), &format!("{images} would be analysed, for {range}"), "nothing was imported")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_is_bounded_by_the_request_the_setting_and_the_quota() {
        for (requested, allowed, calls, bound) in [
            (None, Some(5), 5, None),
            (None, Some(20), 5, Some(10)),
            (None, Some(20), 50, None),
            (Some(3), Some(20), 5, Some(3)),
            (Some(15), Some(20), 5, Some(10)),
            (Some(4), None, 1, Some(2)),
            (None, None, 5, None),
        ] {
            assert_eq!(bound_concurrency(requested, allowed, calls).unwrap(), bound, "{requested:?} {allowed:?} {calls}");
        }
        assert!(bound_concurrency(Some(6), Some(5), 50).is_err());
    }
}
