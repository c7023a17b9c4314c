//! `sightline logs`: the log lines of functions and state machines, found by an id.

mod entry;

use crate::{
    args::Global,
    clock::{Since, SystemClock, parse_since},
    error::{CliError, Exit},
    executions::ExecutionRef,
    output::{Format, List, Output, streams},
    session::Session,
    stop,
};
use clap::{
    ArgGroup, Args,
    builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser},
};
use entry::Entry;
use futures_util::{StreamExt, TryStreamExt, stream};
use sightline_aws::cloudformation::LogGroup;
use sightline_domain::{
    model::{
        clock::{Clock, EpochMillis},
        execution::execution_name,
        record::Record,
    },
    ports::Records,
};
use std::{collections::BTreeSet, time::Duration};

/// `logs`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["id", "function"]).required(true).multiple(true))]
#[command(after_help = "\
An ImageID finds the lines of all functions and state machines about the image and its execution. The ARN or name of an
execution, a request id or a trace id (1-…) find the lines that contain it. Each line shows time (UTC), function, level,
message and fields. Lines of metrics and of the Lambda platform are left out of the table, but not of json and ndjson.

Examples:
  sightline logs 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4
  sightline logs --function detect-labels --since 15m --tail
  sightline logs 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --output ndjson | jq .Message")]
pub struct LogsArgs {
    /// ImageID, execution (ARN or name), request id or trace id
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub id: Option<String>,
    /// Only the log of this function or state machine; may be repeated
    #[arg(long, value_name = "NAME", ignore_case = true, value_parser = PossibleValuesParser::new(SOURCES).map(|name| name.to_ascii_lowercase()))]
    pub function: Vec<String>,
    /// Written since: 15m, 24h or 2026-11-24 [default: the upload of the image, else 1h]
    #[arg(long, value_name = "WHEN", value_parser = parse_since)]
    pub since: Option<Since>,
    /// Continue with new lines until Ctrl-C, or until the reader closes the output
    #[arg(long)]
    pub tail: bool,
    /// Also show lines of metrics and of the platform in the table
    #[arg(long)]
    pub metrics: bool,
}

/// Lines that one search reads from one log group.
const MOST: usize = 10_000;
/// Searches at the same time: `FilterLogEvents` has a small quota.
const AT_ONCE: usize = 4;
/// Time between two searches of `--tail`.
const PAUSE: Duration = Duration::from_secs(2);
/// Lines reach CloudWatch late, so that each search of `--tail` begins this long before the newest line.
const LATE: EpochMillis = 15_000;
/// The time that is searched if there is neither `--since` nor an image.
const DEFAULT_SINCE: EpochMillis = 3_600_000;
/// The clocks of S3 and of the functions may differ.
const CLOCK_SKEW: EpochMillis = 60_000;

struct Search {
    groups: Vec<LogGroup>,
    /// A line matches if it contains one of these; every line matches if there are none.
    phrases: Vec<String>,
}

pub async fn run(global: &Global, args: &LogsArgs, output: Output) -> Result<Exit, CliError> {
    if args.tail && output.format == Format::Json {
        return Err(CliError::Usage("--tail has no end, and so cannot print one JSON value; use --output ndjson".to_owned()));
    }
    let id = args.id.as_deref().map(phrase).transpose()?;
    let session = Session::open(global).await?;
    let record = match args.id.as_deref().map(ExecutionRef::parse) {
        Some(Ok(ExecutionRef::Image(image_id))) => session.tables().find(&image_id).await?,
        _ => None,
    };
    // The record of an erased image has no execution.
    let execution = record.as_ref().map(|record| execution_name(&record.execution_arn).to_owned()).filter(|name| !name.is_empty());
    let search = Search {
        groups: select(session.log_groups(global).await?, &args.function),
        phrases: id.iter().cloned().chain(execution).collect(),
    };
    let (now, uploaded) = (SystemClock.now(), record.as_ref().map(|record| record.upload_timestamp - CLOCK_SKEW));
    let since = args.since.map_or_else(|| uploaded.unwrap_or(now - DEFAULT_SINCE), |since| since.to_millis(now));
    let found = search.run(&session, since).await?;
    if found.is_empty() && !args.tail {
        return report_nothing(args, id.as_deref(), record.as_ref());
    }
    print(&found, args, output)?;
    if args.tail {
        return tail(&session, &search, found, since, args, output).await;
    }
    Ok(Exit::Success)
}

/// The text to search for an id. An execution is searched by its name, which its ARN contains too.
fn phrase(id: &str) -> Result<String, CliError> {
    const LONGEST: usize = 300;
    if id.len() > LONGEST || id.contains(|c: char| c == '"' || c.is_control()) {
        return Err(CliError::Usage("an id has no quotes or control characters, and at most 300 bytes".to_owned()));
    }
    Ok(match ExecutionRef::parse(id) {
        Ok(ExecutionRef::Image(image_id)) => image_id,
        Ok(ExecutionRef::Arn(arn)) => execution_name(&arn).to_owned(),
        _ => id.to_owned(),
    })
}

fn report_nothing(args: &LogsArgs, id: Option<&str>, record: Option<&Record>) -> Result<Exit, CliError> {
    if let (Some(id), None) = (id, record) {
        return Err(CliError::NotFound(format!("no log line contains {id}; search further back with --since")));
    }
    let hint = if args.since.is_some() { "" } else { "; search further back with --since" };
    say!("nothing was logged in that time{hint}");
    Ok(Exit::Success)
}

impl Search {
    /// The entries since `since`, oldest first.
    async fn run(&self, session: &Session, since: EpochMillis) -> Result<BTreeSet<Entry>, CliError> {
        let logs = session.logs();
        let phrases: Vec<Option<&str>> =
            if self.phrases.is_empty() { vec![None] } else { self.phrases.iter().map(|phrase| Some(phrase.as_str())).collect() };
        let searches = self.groups.iter().flat_map(|group| phrases.iter().map(move |phrase| (group, *phrase)));
        let one = |(group, phrase): (&LogGroup, Option<&str>)| {
            let (logs, group) = (&logs, group.clone());
            let phrase = phrase.map(str::to_owned);
            async move {
                let lines = logs.lines(&group.name, phrase.as_deref(), since, MOST).await?;
                if lines.len() == MOST {
                    say!("{} has more than {MOST} lines; showing the oldest; to see later ones, pass a later --since", source_of(&group));
                }
                Ok::<_, CliError>(lines.into_iter().map(|line| Entry::new(source_of(&group), line)).collect::<Vec<_>>())
            }
        };
        let found: Vec<Vec<Entry>> = stream::iter(searches).map(one).buffer_unordered(AT_ONCE).try_collect().await?;
        // A set, because two searches may find the same line.
        Ok(found.into_iter().flatten().collect())
    }
}

/// Prints new entries until a signal, or until the reader closes stdout.
async fn tail(
    session: &Session,
    search: &Search,
    mut shown: BTreeSet<Entry>,
    since: EpochMillis,
    args: &LogsArgs,
    output: Output,
) -> Result<Exit, CliError> {
    let _handler = stop::handle_in_command();
    loop {
        let from = shown.last().map_or(since, |newest| since.max(newest.line.at - LATE));
        let next = async {
            tokio::time::sleep(PAUSE).await;
            search.run(session, from).await
        };
        let found = tokio::select! {
            found = next => found?,
            _ = stop::requested() => return Ok(Exit::Success),
            () = streams::closed() => return Ok(Exit::Success),
        };
        let new: BTreeSet<Entry> = found.difference(&shown).cloned().collect();
        print(&new, args, output)?;
        shown.retain(|entry| entry.line.at >= from);
        shown.extend(new);
    }
}

fn print(entries: &BTreeSet<Entry>, args: &LogsArgs, output: Output) -> Result<(), CliError> {
    let is_shown = |entry: &&Entry| output.format != Format::Table || args.metrics || !entry.is_measurement();
    let entries: Vec<&Entry> = entries.iter().filter(is_shown).collect();
    let text = |entries: &[&Entry]| entries.iter().map(|entry| entry.text()).collect::<Vec<_>>().join("\n");
    Ok(List::new(&entries).print(output, text)?)
}

/// Functions and state machines that have a log.
const SOURCES: [&str; 17] = [
    "inspect-image",
    "record-rejection",
    "detect-labels",
    "analyze-faces",
    "detect-text",
    "moderate-image",
    "send-alert",
    "request-review",
    "store-record",
    "record-failure",
    "reconcile",
    "count-trends",
    "report-trends",
    "import-image",
    "api",
    "image-analysis",
    "bulk-import",
];

/// The function or state machine of a log group, from its logical id: `FunctionsDetectLabelsFunctionLogs34218ECC` is `detect-labels`. The
/// logical id itself if it is none of these.
fn source_of(group: &LogGroup) -> String {
    /// Length of the hash that CDK appends.
    const HASH: usize = 8;
    let end = group.logical_id.len().saturating_sub(HASH);
    let id = group.logical_id.get(..end).unwrap_or_default();
    let stem = id.strip_suffix("FunctionLogs").or_else(|| id.strip_suffix("Logs")).unwrap_or(id);
    let known = SOURCES.iter().filter(|source| stem.ends_with(&pascal_case(source))).max_by_key(|source| source.len());
    known.map_or_else(|| group.logical_id.clone(), ToString::to_string)
}

/// `detect-labels` → `DetectLabels`.
fn pascal_case(name: &str) -> String {
    let capital = |word: &str| word.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(word.chars().skip(1)).collect::<String>();
    name.split('-').map(capital).collect()
}

/// The groups of these sources, or all groups if no source is named.
fn select(groups: Vec<LogGroup>, sources: &[String]) -> Vec<LogGroup> {
    groups.into_iter().filter(|group| sources.is_empty() || sources.contains(&source_of(group))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn execution_is_searched_by_its_name() {
        let arn = "arn:aws:states:eu-west-1:123456789012:execution:sightline-image-analysis:a-name";
        assert_eq!(phrase(arn).unwrap(), "a-name");
        assert_eq!(phrase("0B6F7C52-5D5B-5C8E-A4A1-7F3E2B60C9D4").unwrap(), "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4");
        assert_eq!(phrase("1-5bef4de7-ad49b0e87f6ef6c87fc2e700").unwrap(), "1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
        assert_eq!(phrase("a\" -\"b").unwrap_err().exit(), Exit::Usage);
    }

    fn group(logical_id: &str) -> LogGroup {
        LogGroup { name: format!("/aws/{logical_id}"), logical_id: logical_id.to_owned() }
    }

    #[test]
    fn log_group_is_named_by_its_function_or_state_machine() {
        assert_eq!(source_of(&group("FunctionsDetectLabelsFunctionLogs34218ECC")), "detect-labels");
        assert_eq!(source_of(&group("ReconcileReconcileFunctionLogsB9070565")), "reconcile");
        assert_eq!(source_of(&group("BulkImportImportImageFunctionLogs0B8B3354")), "import-image");
        assert_eq!(source_of(&group("BulkImportLogs1AA37305")), "bulk-import");
        assert_eq!(source_of(&group("ImageAnalysisLogs3CAEE99D")), "image-analysis");
        assert_eq!(source_of(&group("ApiApiFunctionLogsB638EA6A")), "api");
        assert_eq!(source_of(&group("SomethingElse12345678")), "SomethingElse12345678");
        assert_eq!(source_of(&group("é")), "é");
    }

    #[test]
    fn groups_are_selected_by_that_name() {
        let groups = || vec![group("FunctionsDetectLabelsFunctionLogs34218ECC"), group("ImageAnalysisLogs3CAEE99D")];
        assert_eq!(select(groups(), &[]).len(), 2);
        assert_eq!(select(groups(), &["image-analysis".to_owned()]), [group("ImageAnalysisLogs3CAEE99D")]);
    }

    #[test]
    fn every_log_group_of_the_template_has_a_name() {
        let template = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../cdk/test/snapshots/sightline.json")).unwrap();
        let template: serde_json::Value = serde_json::from_str(&template).unwrap();
        let mut named = 0;
        for resources in template.as_object().unwrap().values().filter_map(|stack| stack["Resources"].as_object()) {
            // The access log and the log of CDK's own function in the stack web have no lines of ours.
            let is_ours = |id: &str| !id.starts_with("HttpApiAccessLog") && !id.starts_with("SiteFilesLogs");
            for (id, _) in resources.iter().filter(|(id, resource)| resource["Type"] == "AWS::Logs::LogGroup" && is_ours(id)) {
                assert!(SOURCES.contains(&source_of(&group(id)).as_str()), "{id}");
                named += 1;
            }
        }
        assert!(named >= 11, "{named}");
    }
}
