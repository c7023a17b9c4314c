//! `sightline logs`: what functions and state machines wrote, found by one id.

mod entry;
mod source;

pub use source::SOURCES;

use crate::{
    args::{Global, Logs as Args},
    clock::SystemClock,
    error::CliError,
    executions::{Wanted, name_in},
    exit::Exit,
    output::{self, Format, Output, streams},
    session::Session,
    stop,
};
use entry::Entry;
use futures_util::{StreamExt, TryStreamExt, stream};
use sightline_aws::cloudformation::LogGroup;
use sightline_domain::{
    model::{
        clock::{Clock, EpochMillis},
        record::Record,
    },
    ports::Records,
};
use std::{collections::BTreeSet, time::Duration};

/// Lines that one look takes from one group.
const MOST: usize = 10_000;
/// Groups looked at at once: `FilterLogEvents` has a small quota.
const AT_ONCE: usize = 4;
/// Between two looks of `--tail`.
const PAUSE: Duration = Duration::from_secs(2);
/// Lines turn up late in `CloudWatch`: each look of `--tail` starts so far before the newest line.
const LATE: EpochMillis = 15_000;
/// The time looked at where nothing else is known.
const LATELY: EpochMillis = 3_600_000;
/// The clocks of S3 and of the functions need not agree.
const SKEW: EpochMillis = 60_000;

/// What is looked for, and where.
struct Search {
    groups: Vec<LogGroup>,
    /// A line fits that holds one of them; all fit where there are none.
    phrases: Vec<String>,
}

/// Prints the lines.
pub async fn run(global: &Global, args: &Args, output: Output) -> Result<Exit, CliError> {
    if args.tail && output.format == Format::Json {
        return Err(CliError::Usage("--tail never comes to the end of one JSON value; use --output ndjson".to_owned()));
    }
    let id = args.id.as_deref().map(phrase).transpose()?;
    let session = Session::open(global).await?;
    let record = match args.id.as_deref().map(Wanted::parse) {
        Some(Ok(Wanted::Image(image_id))) => session.tables().find(&image_id).await?,
        _ => None,
    };
    // An image that was erased has no execution any more.
    let execution = record.as_ref().map(|record| name_in(&record.execution_arn).to_owned()).filter(|name| !name.is_empty());
    let search = Search {
        groups: source::chosen(session.log_groups(global).await?, &args.function),
        phrases: id.iter().cloned().chain(execution).collect(),
    };
    let (now, uploaded) = (SystemClock.now(), record.as_ref().map(|record| record.upload_timestamp - SKEW));
    let since = args.since.map_or_else(|| uploaded.unwrap_or(now - LATELY), |since| since.moment(now));
    let found = search.look(&session, since).await?;
    if found.is_empty() && !args.tail {
        return nothing(args, id.as_deref(), record.as_ref());
    }
    print(&found, args, output)?;
    if args.tail {
        return follow(&session, &search, found, since, args, output).await;
    }
    Ok(Exit::Done)
}

/// An id as it stands in the lines: an execution by its name, which is in its ARN too.
fn phrase(id: &str) -> Result<String, CliError> {
    const LONGEST: usize = 300;
    if id.len() > LONGEST || id.contains(|c: char| c == '"' || c.is_control()) {
        return Err(CliError::Usage("an id has no quotes or control characters, and at most 300 bytes".to_owned()));
    }
    Ok(match Wanted::parse(id) {
        Ok(Wanted::Image(image_id)) => image_id,
        Ok(Wanted::Arn(arn)) => name_in(&arn).to_owned(),
        _ => id.to_owned(),
    })
}

fn nothing(args: &Args, id: Option<&str>, record: Option<&Record>) -> Result<Exit, CliError> {
    if let (Some(id), None) = (id, record) {
        return Err(CliError::NotFound(format!("no log says anything of {id}; look further back with --since")));
    }
    let hint = if args.since.is_some() { "" } else { "; look further back with --since" };
    say!("nothing was logged in that time{hint}");
    Ok(Exit::Done)
}

impl Search {
    /// The entries since then, oldest first.
    async fn look(&self, session: &Session, since: EpochMillis) -> Result<BTreeSet<Entry>, CliError> {
        let logs = session.logs();
        let phrases: Vec<Option<&str>> =
            if self.phrases.is_empty() { vec![None] } else { self.phrases.iter().map(|phrase| Some(phrase.as_str())).collect() };
        let looks = self.groups.iter().flat_map(|group| phrases.iter().map(move |phrase| (group, *phrase)));
        let one = |(group, phrase): (&LogGroup, Option<&str>)| {
            let (logs, group) = (&logs, group.clone());
            let phrase = phrase.map(str::to_owned);
            async move {
                let lines = logs.lines(&group.name, phrase.as_deref(), since, MOST).await?;
                if lines.len() == MOST {
                    say!("{} has more than {MOST} lines; showing the oldest (--since)", source::name(&group));
                }
                Ok::<_, CliError>(lines.into_iter().map(|line| Entry::new(source::name(&group), line)).collect::<Vec<_>>())
            }
        };
        let found: Vec<Vec<Entry>> = stream::iter(looks).map(one).buffer_unordered(AT_ONCE).try_collect().await?;
        // A line may hold both the image and the execution; as a set it is there once.
        Ok(found.into_iter().flatten().collect())
    }
}

/// Prints new entries until Ctrl-C, or until the reader closes stdout.
async fn follow(
    session: &Session,
    search: &Search,
    mut shown: BTreeSet<Entry>,
    since: EpochMillis,
    args: &Args,
    output: Output,
) -> Result<Exit, CliError> {
    let _ending = stop::own_ending();
    loop {
        let from = shown.last().map_or(since, |newest| since.max(newest.line.at - LATE));
        let next = async {
            tokio::time::sleep(PAUSE).await;
            search.look(session, from).await
        };
        let found = tokio::select! {
            found = next => found?,
            // The usual ways to end it.
            _ = stop::requested() => return Ok(Exit::Done),
            () = streams::reader_leaves() => return Ok(Exit::Done),
        };
        let new: BTreeSet<Entry> = found.difference(&shown).cloned().collect();
        print(&new, args, output)?;
        shown.retain(|entry| entry.line.at >= from);
        shown.extend(new);
    }
}

fn print(entries: &BTreeSet<Entry>, args: &Args, output: Output) -> Result<(), CliError> {
    match output.format {
        Format::Table => {
            let lines = entries.iter().filter(|entry| args.metrics || !entry.is_measurement());
            let text: String = lines.map(|entry| entry.for_people() + "\n").collect();
            streams::write(&text);
            Ok(())
        }
        Format::Json => output.list(&entries.iter().map(Entry::json).collect::<Vec<_>>(), String::new),
        Format::Ndjson => entries.iter().try_for_each(|entry| output::line(&entry.json())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_looked_for_by_its_name() {
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:sightline-image-analysis:a-name";
        assert_eq!(phrase(arn).unwrap(), "a-name");
        assert_eq!(phrase("0B6F7C52-5D5B-5C8E-A4A1-7F3E2B60C9D4").unwrap(), "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4");
        assert_eq!(phrase("1-5bef4de7-ad49b0e87f6ef6c87fc2e700").unwrap(), "1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
        assert_eq!(phrase("a\" -\"b").unwrap_err().exit(), Exit::Usage);
    }
}
