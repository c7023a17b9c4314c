//! `sightline import`: images that lie in a bucket already.

mod ending;
mod estimate;
mod follow;
mod gather;
mod inventory;
mod launch;
mod listed;
mod manifest;
mod results;
mod source;
mod standing;

pub use source::Source;

use crate::{
    args::{Global, Import},
    confirm,
    error::CliError,
    exit::Exit,
    output::{
        Output,
        facts::Facts,
        text::{clean, count},
    },
    progress::Progress,
    session::Session,
    stop,
};
use ending::Ending;
use estimate::Estimate;
use gather::{Found, Gathered, gather};
use launch::{Run, Slot};
use serde::Serialize;
use sightline_aws::stepfunctions::BulkImports;
use standing::{Standing, look_up};

/// Unreadable objects that are named one by one.
const NAMED: usize = 10;

/// An import that goes on without us.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Begun<'a> {
    import: &'a str,
    execution_arn: &'a str,
    images: usize,
}

/// Imports, or says what it would import.
pub async fn run(global: &Global, args: &Import, output: Output) -> Result<Exit, CliError> {
    if let Some(path) = &args.results {
        results::check(path)?;
    }
    let session = Session::open(global).await?;
    let imports = session.imports();
    let most = imports.max_concurrency().await?;
    let concurrency = concurrency(args.concurrency, most, session.stack.rekognition_calls_per_second)?;
    let gathered = looked_over(global, &session, args).await?;
    let name = launch::name_of(&args.owner, &gathered.found);
    let run = match launch::find(&imports, &name).await? {
        Slot::Running(run) => {
            say!("an import of this very list runs: {}", run.name);
            run
        }
        Slot::Free(name) => {
            let progress = Progress::new(!global.no_progress, gathered.found.len());
            let standings = look_up(&session, &args.owner, &gathered.found, &progress).await?;
            progress.clear();
            let estimate = Estimate::new(name.clone(), &gathered, &standings);
            if args.dry_run {
                output.one(&estimate, || estimate.facts())?;
                return Ok(Exit::Done);
            }
            if estimate.to_analyze == 0 {
                say!("there is nothing to start: all {} are analysed, or at work", count(estimate.images, "image"));
                let ending = Ending { global, session: &session, args, gathered: &gathered, run: None, concurrency };
                return ending.without_run(output, &standings);
            }
            agreed(args, &estimate)?;
            stop::note(format!("the import {name} may have been started; the same command joins it"));
            started(&session, &imports, args, &name, &gathered.found, &standings).await?
        }
    };
    if args.dry_run {
        return Ok(Exit::Done);
    }
    let (end, arn) = ("to end it: aws stepfunctions stop-execution --execution-arn", &run.arn);
    stop::note(format!("the import {} goes on, and the same command joins it again; {end} {arn}", run.name));
    if args.wait {
        return Ending { global, session: &session, args, gathered: &gathered, run: Some(&run), concurrency }.wait(&imports, output).await;
    }
    if let Some(concurrency) = concurrency {
        follow::bound(&imports, &run, concurrency).await?;
    }
    let begun = Begun { import: &run.name, execution_arn: &run.arn, images: gathered.found.len() };
    output.one(&begun, || facts(&begun))?;
    say!("it goes on by itself; follow it by the same command with --wait");
    Ok(Exit::Done)
}

/// What bounds the run, where the deployed definition does not bound it enough: what was wished, and Rekognition's quota. An image takes
/// at least two seconds, so two at once for each call a second use the quota up.
///
/// # Errors
///
/// More at once than the deployment allows: it would starve the uploads of people who wait.
fn concurrency(wished: Option<u16>, most: Option<u64>, calls_per_second: u32) -> Result<Option<u16>, CliError> {
    if let (Some(wished), Some(most)) = (wished, most)
        && u64::from(wished) > most
    {
        return Err(CliError::Usage(format!(
            "--concurrency {wished} is more than this deployment allows; its setting importConcurrency is {most}"
        )));
    }
    let by_quota = u16::try_from(calls_per_second.saturating_mul(2)).unwrap_or(u16::MAX);
    let too_many = wished.map(u64::from).or(most).is_some_and(|at_once| at_once > u64::from(by_quota));
    Ok(if too_many { Some(by_quota) } else { wished })
}

/// Gathers, and says what is not imported.
async fn looked_over(global: &Global, session: &Session, args: &Import) -> Result<Gathered, CliError> {
    let progress = Progress::new(!global.no_progress, 0);
    let gathered = gather(session, &args.source, &progress).await?;
    progress.clear();
    if let Some(left_out) = gathered.left_out.sentence() {
        say!("left out: {left_out}");
    }
    for absent in gathered.absent.iter().take(NAMED) {
        say!("s3://{}/{}: {}", clean(&absent.bucket), clean(&absent.key), absent.sentence());
    }
    if gathered.absent.len() > NAMED {
        say!("and {} more that are not to be read", gathered.absent.len() - NAMED);
    }
    match (gathered.found.is_empty(), gathered.absent.is_empty()) {
        (true, true) => Err(CliError::NotFound("there are no images to import".to_owned())),
        (true, false) => Err(CliError::Failed("none of the objects can be read".to_owned())),
        (false, _) => Ok(gathered),
    }
}

fn agreed(args: &Import, estimate: &Estimate) -> Result<(), CliError> {
    let (images, range) = (count(estimate.to_analyze, "image"), estimate.range());
    if args.yes {
        say!("importing {images}, for {range}");
        return Ok(());
    }
    if confirm::agreed(&format!("Import {images}, for {range}?"), &format!("{images} would be analysed, for {range}"))? {
        Ok(())
    } else {
        Err(CliError::Failed("nothing was imported".to_owned()))
    }
}

/// Starts the run `name`, or joins the one that somebody else has just started.
async fn started(
    session: &Session,
    imports: &BulkImports,
    args: &Import,
    name: &str,
    found: &[Found],
    standings: &[Standing],
) -> Result<Run, CliError> {
    let to_do = found.iter().zip(standings).filter(|(_, standing)| standing.to_do).map(|(found, _)| found);
    let run = launch::start(session, imports, name, &args.owner, to_do).await?;
    Ok(run.unwrap_or_else(|| Run { name: name.to_owned(), arn: imports.arn_of(name) }))
}

fn facts(begun: &Begun<'_>) -> String {
    let mut facts = Facts::default();
    facts.add("import", begun.import);
    facts.add("execution", begun.execution_arn);
    facts.add("images", begun.images.to_string());
    facts.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn import_is_bounded_by_the_wish_the_setting_and_the_quota() {
        for (wished, most, calls, bound) in [
            (None, Some(5), 5, None),
            (None, Some(20), 5, Some(10)),
            (None, Some(20), 50, None),
            (Some(3), Some(20), 5, Some(3)),
            (Some(15), Some(20), 5, Some(10)),
            (Some(4), None, 1, Some(2)),
            (None, None, 5, None),
        ] {
            assert_eq!(concurrency(wished, most, calls).unwrap(), bound, "{wished:?} {most:?} {calls}");
        }
        assert!(concurrency(Some(6), Some(5), 50).is_err());
    }
}
