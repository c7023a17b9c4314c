//! `dlq`.

use clap::{Args, Subcommand, value_parser};

/// `dlq`.
#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// Events that could not be delivered, with the reason; they stay in the queue
    #[command(after_help = "\
SQS shows messages only by receiving them: each look counts as received once more. A look takes a minute at most, and
names how many events it did not come to.

Example:
  sightline dlq list --output ndjson | jq -r .ImageID")]
    List(ListLetters),
    /// Make up for events that could not be delivered, and take them out of the queue
    #[command(after_help = "\
An upload's event starts an execution; a status event marks the record of its execution FAILED. Both change nothing
where that has happened already. What is neither is left in the queue, and named with the reason. It replays as many
events as there are at its start, and says how many came in meanwhile. A dry run looks at 10,000 at most.

Examples:
  sightline dlq replay --dry-run
  sightline dlq replay --yes")]
    Replay(ReplayLetters),
}

/// `dlq list`.
#[derive(Debug, Args)]
pub struct ListLetters {
    /// At most so many events
    #[arg(long, value_name = "N", default_value = "100", value_parser = value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// `dlq replay`.
#[derive(Debug, Args)]
pub struct ReplayLetters {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}
