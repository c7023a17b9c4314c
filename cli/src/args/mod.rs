//! The command line: what may be typed, and its help.

mod dlq;
mod erase;
mod executions;
mod find;
mod import;
mod logs;
mod reconcile;
mod review;
mod trends;
mod upload;
mod watch;

pub use dlq::{DlqCommand, ListLetters, ReplayLetters};
pub use erase::Erase;
pub use executions::{ExecutionStatus, ExecutionsCommand, ListExecutions, Redrive, ShowExecution};
pub use find::{Find, exclusions_last};
pub use import::Import;
pub use logs::Logs;
pub use reconcile::Reconcile;
pub use review::{Approve, Decision, ListReviews, Reject, ReviewCommand};
pub use trends::{Stats, Trends};
pub use upload::Upload;
pub use watch::Watch;

use crate::output::Format;
use clap::{Args, Parser, Subcommand, builder::NonEmptyStringValueParser};
use clap_complete::Shell;
use std::time::Duration;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 called wrongly, 3 partly done, 4 not found, 5 not allowed or no credentials,
            6 --timeout is over, 130 interrupted.
Data goes to stdout; progress and messages go to stderr.
Settings: flag, then environment, then default. Credentials, profile, region and endpoint come from
the environment and the AWS configuration files as in every AWS tool.";

/// Upload photos, see what is in them, find them again, review what was flagged.
#[derive(Debug, Parser)]
#[command(name = "sightline", version, about, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    /// Flags of every verb.
    #[command(flatten)]
    pub global: Global,
    /// The verb.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// How data is printed
    #[arg(long, short, global = true, value_enum, ignore_case = true, default_value = "table", env = "SIGHTLINE_OUTPUT")]
    pub output: Format,
    /// Name of the deployment: its stacks are NAME-stateful and NAME-stateless
    #[arg(long, global = true, default_value = "sightline", env = "SIGHTLINE_NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// Profile.
    #[arg(help = "Profile of the AWS configuration files [env: AWS_PROFILE]", long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,
    /// Region.
    #[arg(help = "AWS region [env: AWS_REGION]", long, global = true, value_parser = NonEmptyStringValueParser::new())]
    pub region: Option<String>,
    /// Endpoint.
    #[arg(help = "Endpoint of all services, such as http://127.0.0.1:4566 for a local stack [env: AWS_ENDPOINT_URL]", long, global = true, value_parser = parse_endpoint)]
    pub endpoint_url: Option<String>,
    /// Show no progress
    #[arg(long, global = true)]
    pub no_progress: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Upload photos and, with --wait, follow them until they are analysed
    Upload(Upload),
    /// Upload what appears in a folder, each image once
    Watch(Watch),
    /// Analyse images that lie in a bucket already
    Import(Import),
    /// Show the record of an image
    Show(Show),
    /// Find images by what is in them, and by the names of their files
    Find(Find),
    /// See and decide what waits for a human decision
    #[command(subcommand)]
    Review(ReviewCommand),
    /// What is in the pictures, and how images ended: by week and day
    Trends(Trends),
    /// How it is going: outcomes, times, cost, and what is open now
    Stats(Stats),
    /// See how executions of the state machine went
    #[command(subcommand)]
    Executions(ExecutionsCommand),
    /// See what functions and state machines logged, by one id
    Logs(Logs),
    /// Erase images, and everything that was made of them, for ever
    Erase(Erase),
    /// Find what got lost, and put it right
    Reconcile(Reconcile),
    /// See and replay events that could not be delivered
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// Check credentials, region, stack and permissions, and say what to do
    #[command(
        after_help = "Exits 0 when all is well, 1 when something is not.\n\nExample:\n  sightline doctor --endpoint-url http://127.0.0.1:4566"
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

impl Command {
    /// How long the whole command may take, where `--timeout` says so.
    pub const fn timeout(&self) -> Option<Duration> {
        match self {
            Self::Upload(args) => args.timeout,
            Self::Import(args) if args.wait => Some(args.timeout),
            Self::Executions(ExecutionsCommand::Redrive(args)) if args.wait => Some(args.timeout),
            _ => None,
        }
    }
}

/// `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
The table has the key facts, with the reason of every analysis that was skipped; --output json has the whole record.

Examples:
  sightline show 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4
  sightline show 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --output json | jq .Labels")]
pub struct Show {
    /// The image.
    #[arg(help = "ImageID, as upload and find print it", value_name = "ID", value_parser = parse_image_id)]
    pub image_id: String,
}

/// An `ImageID` is a UUID in lower case.
pub fn parse_image_id(text: &str) -> Result<String, String> {
    let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    let id = uuid::Uuid::try_parse(text).ok().filter(|_| hyphenated);
    id.map(|id| id.to_string()).ok_or_else(|| "an ImageID is a UUID, such as 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4".to_owned())
}

fn parse_endpoint(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let fits = host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace));
    fits.then(|| text.to_owned()).ok_or_else(|| "an endpoint is a URL, such as http://127.0.0.1:4566".to_owned())
}

/// The first segment of a key below `raw-uploads/`, and the first of a partition key.
fn parse_owner(text: &str) -> Result<String, String> {
    const MAX: usize = 64;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    let dots = text.chars().all(|c| c == '.');
    let valid = (1..=MAX).contains(&text.len()) && text.chars().all(fits) && !dots;
    valid.then(|| text.to_owned()).ok_or_else(|| format!("an owner has 1 to {MAX} letters, digits and -_.@"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// AWS writes `TIMED_OUT`, where the command line has `timed-out`.
    #[test]
    fn every_value_of_an_enum_is_taken_in_any_case_and_in_the_spelling_of_aws() {
        fn look(command: &clap::Command, seen: &mut usize) {
            for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
                let values = arg.get_possible_values();
                for name in values.iter().map(clap::builder::PossibleValue::get_name) {
                    // Names of functions are ours and not AWS's.
                    let aws = if arg.get_id() == "function" { name.to_owned() } else { name.replace('-', "_") };
                    for spelling in [name.to_uppercase(), aws.to_uppercase(), aws] {
                        let taken = arg.is_ignore_case_set() && values.iter().any(|value| value.matches(&spelling, true));
                        assert!(taken, "{} {} {spelling}", command.get_name(), arg.get_id());
                        *seen += 1;
                    }
                }
            }
            command.get_subcommands().for_each(|command| look(command, seen));
        }
        let mut seen = 0;
        look(&Cli::command(), &mut seen);
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn an_id_is_a_hyphenated_uuid_in_any_case() {
        let id = "0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4";
        assert_eq!(parse_image_id(&id.to_uppercase()), Ok(id.to_owned()));
        for wrong in ["", "x", "0b6f7c525d5b5c8ea4a17f3e2b60c9d4", "{0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4}", "../../etc/passwd"] {
            assert!(parse_image_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn owners_fit_into_keys() {
        assert!(parse_owner("anna.b-1@x_y").is_ok());
        for wrong in ["", "..", "a/b", "a#b", "ä", "a b", &"x".repeat(65)] {
            assert!(parse_owner(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn endpoints_are_urls() {
        assert!(parse_endpoint("http://127.0.0.1:4566").is_ok());
        for wrong in ["127.0.0.1:4566", "http://", "ftp://x", "http://a b"] {
            assert!(parse_endpoint(wrong).is_err(), "{wrong}");
        }
    }
}
