//! The command line: every command, in one order (the order of a photo's life), and what runs it.

use crate::{
    args::Global,
    dlq::{self, DlqCommand},
    doctor, erase,
    error::{CliError, Exit},
    executions::{self, ExecutionsCommand},
    find, import, logs,
    output::{Format, Output, streams},
    reconcile,
    review::{self, ReviewCommand},
    show, stats, trends, upload, watch,
};
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::{ffi::OsString, time::Duration};

const EXIT_CODES: &str = "\
Exit codes: 0 success, 1 failed, 2 wrong usage, 3 partly done, 4 not found, 5 no credentials or permission denied,
            6 --timeout has passed, 130 interrupted.
Data goes to stdout; progress and messages go to stderr.
A setting comes from its option, else from the environment, else it has its default. Credentials, profile, region and
endpoint come from the environment and the AWS configuration files, as in every AWS tool.";

/// Upload photos, see what is in them, find them and review those that were flagged
#[derive(Debug, Parser)]
#[command(name = "sightline", version, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The commands; the README lists them in the same order.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Upload photos and, with --wait, follow them until they are analysed
    Upload(upload::UploadArgs),
    /// Upload photos as they appear in a folder, each once
    Watch(watch::WatchArgs),
    /// Analyse images already in a bucket
    Import(import::ImportArgs),
    /// Show the record of an image
    Show(show::ShowArgs),
    /// Find images by labels, by words in them, and by file names
    Find(find::FindArgs),
    /// List and decide the images that wait for a review
    #[command(subcommand)]
    Review(ReviewCommand),
    /// Show labels by week, outcomes by day, and reasons of failures
    Trends(trends::TrendsArgs),
    /// Show outcomes, latency, cost and open work
    Stats(stats::StatsArgs),
    /// List, show and redrive executions of the state machine
    #[command(subcommand)]
    Executions(ExecutionsCommand),
    /// Show the log lines of an image, execution, request or trace
    Logs(logs::LogsArgs),
    /// Erase images and everything derived from them, permanently
    Erase(erase::EraseArgs),
    /// Find and repair lost uploads, stuck records and undelivered decisions
    Reconcile(reconcile::ReconcileArgs),
    /// List and replay events that could not be delivered
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// Check credentials, region, stack and permissions, and say how to fix them
    #[command(
        after_help = "Exits with 0 if every check passes, else with 1.\n\nExample:\n  sightline doctor --endpoint-url http://127.0.0.1:4566"
    )]
    Doctor,
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  sightline completions bash > ~/.local/share/bash-completion/completions/sightline")]
    Completions {
        /// The shell
        #[arg(value_enum, ignore_case = true)]
        shell: Shell,
    },
}

/// Runs the command.
///
/// # Errors
///
/// Any `CliError` that ends the command early.
pub async fn run(cli: Cli) -> Result<Exit, CliError> {
    let Cli { global, command } = cli;
    let output = Output { format: global.output };
    match command {
        Command::Upload(args) => upload::run(&global, args, output).await,
        Command::Watch(args) => watch::run(&global, &args, output).await,
        Command::Import(args) => import::run(&global, &args, output).await,
        Command::Show(args) => show::run(&global, &args, output).await,
        Command::Find(args) => find::run(&global, &args, output).await,
        Command::Review(command) => review::run(&global, command, output).await,
        Command::Trends(args) => trends::run(&global, &args, output).await,
        Command::Stats(args) => stats::run(&global, &args, output).await,
        Command::Executions(command) => Box::pin(executions::run(&global, &command, output)).await,
        Command::Logs(args) => logs::run(&global, &args, output).await,
        Command::Erase(args) => erase::run(&global, &args, output).await,
        Command::Reconcile(args) => reconcile::run(&global, &args, output).await,
        Command::Dlq(command) => dlq::run(&global, &command, output).await,
        Command::Doctor => doctor::run(&global, output).await,
        Command::Completions { shell } => Ok(completions(shell)),
    }
}

impl Command {
    /// `--timeout`, which bounds the whole command.
    pub const fn timeout(&self) -> Option<Duration> {
        match self {
            Self::Upload(args) => args.timeout,
            Self::Import(args) if args.wait => Some(args.timeout),
            Self::Executions(ExecutionsCommand::Redrive(args)) if args.wait => Some(args.timeout),
            _ => None,
        }
    }

    /// What a command that is stopped says last: what was done, and how to continue. Commands that know more replace it.
    pub const fn stop_advice(&self) -> &'static str {
        match self {
            Self::Upload(_) | Self::Watch(_) => "run the same command again to continue; nothing is uploaded or analysed twice",
            Self::Import(_) => "no import was started",
            Self::Review(ReviewCommand::Approve(_) | ReviewCommand::Reject(_)) => "`sightline show` shows whether the decision was saved",
            Self::Executions(ExecutionsCommand::Redrive(_)) => {
                "executions that were started continue without this command; run it again for the others"
            }
            Self::Erase(_) => "images erased so far stay erased; run the same command again for the others",
            Self::Reconcile(_) => "repairs made so far are kept; run the same command again for the others",
            Self::Dlq(DlqCommand::List(_)) => "the events stay in the queue",
            Self::Dlq(DlqCommand::Replay(_)) => "events that were not replayed stay in the queue; run the same command again in 5 minutes",
            Self::Show(_)
            | Self::Find(_)
            | Self::Review(ReviewCommand::List(_))
            | Self::Trends(_)
            | Self::Stats(_)
            | Self::Executions(ExecutionsCommand::List(_) | ExecutionsCommand::Show(_))
            | Self::Logs(_)
            | Self::Doctor
            | Self::Completions { .. } => "",
        }
    }
}

fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sightline", &mut script);
    streams::write(&String::from_utf8_lossy(&script));
    Exit::Success
}

/// Moves the excluded terms of `find`, such as `-car`, behind `--`, so that clap does not read them as options. Other arguments stay.
pub fn move_exclusions_last(typed: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let typed: Vec<OsString> = typed.into_iter().collect();
    let Some(verb) = verb(&typed).filter(|place| typed.get(*place).is_some_and(|verb| verb == "find")) else { return typed };
    let (before, after) = typed.split_at(verb + 1);
    let literal = after.iter().position(|argument| argument == "--").unwrap_or(after.len());
    let (arguments, literal) = after.split_at(literal);
    let (excluded, kept): (Vec<_>, Vec<_>) = arguments.iter().cloned().partition(is_exclusion);
    let separator = (!excluded.is_empty() || !literal.is_empty()).then(|| "--".into());
    before.iter().cloned().chain(kept).chain(separator).chain(excluded).chain(literal.iter().skip(1).cloned()).collect()
}

/// Index of the verb: the first argument that is neither an option nor the value of one.
fn verb(typed: &[OsString]) -> Option<usize> {
    let command = Cli::command();
    let takes_value = |argument: &str| {
        let is = |option: &clap::Arg| {
            let is_long = argument.strip_prefix("--").is_some_and(|name| option.get_long() == Some(name));
            let is_short = argument.strip_prefix('-').is_some_and(|name| option.get_short().is_some_and(|short| name == short.to_string()));
            (is_long || is_short) && option.get_action().takes_values()
        };
        command.get_arguments().any(is)
    };
    let mut place = 1;
    while let Some(argument) = typed.get(place) {
        let argument = argument.to_string_lossy();
        match argument.starts_with('-') {
            true if takes_value(&argument) => place += 2,
            true => place += 1,
            false => return Some(place),
        }
    }
    None
}

/// Whether an argument of `find` is an excluded term: one hyphen and a word that is not one of the short options, `-h`, `-V`, `-o json`.
fn is_exclusion(argument: &OsString) -> bool {
    const SHORT_OPTIONS: [&str; 3] = ["h", "V", "o"];
    let argument = argument.to_string_lossy();
    let is_output =
        |word: &str| word.strip_prefix('o').is_some_and(|format| Format::from_str(format.trim_start_matches('='), true).is_ok());
    let word = argument.strip_prefix('-').filter(|word| !word.is_empty() && !word.starts_with('-'));
    word.is_some_and(|word| !SHORT_OPTIONS.contains(&word) && !is_output(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn readme_lists_the_commands_in_their_order() {
        let readme = include_str!("../README.md");
        let listed: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split([' ', '`']).next()).collect();
        let commands: Vec<String> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let mut listed: Vec<&str> = listed.into_iter().filter(|name| commands.iter().any(|command| command == name)).collect();
        listed.dedup();
        assert_eq!(listed[..commands.len()], commands);
    }

    /// AWS writes `TIMED_OUT`, the command line `timed-out`.
    #[test]
    fn enum_values_are_accepted_in_any_case_and_in_the_spelling_of_aws() {
        fn check(command: &clap::Command, checked: &mut usize) {
            for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
                let values = arg.get_possible_values();
                for name in values.iter().map(clap::builder::PossibleValue::get_name) {
                    // The names of functions are our own.
                    let aws = if arg.get_id() == "function" { name.to_owned() } else { name.replace('-', "_") };
                    for spelling in [name.to_uppercase(), aws.to_uppercase(), aws] {
                        let is_accepted = arg.is_ignore_case_set() && values.iter().any(|value| value.matches(&spelling, true));
                        assert!(is_accepted, "{} {} {spelling}", command.get_name(), arg.get_id());
                        *checked += 1;
                    }
                }
            }
            command.get_subcommands().for_each(|command| check(command, checked));
        }
        let mut checked = 0;
        check(&Cli::command(), &mut checked);
        assert!(checked > 20, "{checked}");
    }

    fn terms(line: &str) -> Vec<String> {
        let typed = move_exclusions_last(line.split(' ').map(Into::into));
        let cli = Cli::try_parse_from(typed).unwrap_or_else(|error| panic!("{line}: {error}"));
        let Command::Find(find) = cli.command else { panic!("{line} is not the command find") };
        assert_eq!((find.limit, cli.global.output), (5, Format::Json), "{line}");
        find.terms
    }

    #[test]
    fn term_with_a_leading_hyphen_is_an_exclusion_in_any_place() {
        for line in [
            "sightline find person -text --limit 5 -o json",
            "sightline find -text --limit 5 -ojson person",
            "sightline --name find -o json find person --limit 5 -text",
            "sightline find --output=json --limit=5 person -- -text",
        ] {
            assert_eq!(terms(line), ["person", "-text"], "{line}");
        }
        assert_eq!(terms("sightline find a -b --limit 5 -c -o json -- d -e"), ["a", "-b", "-c", "d", "-e"]);
    }

    #[test]
    fn arguments_of_other_commands_stay_in_place() {
        for line in ["sightline show -x", "sightline", "sightline --name find show -x", "sightline logs find -x"] {
            let typed: Vec<OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(move_exclusions_last(typed.clone()), typed);
        }
    }
}
