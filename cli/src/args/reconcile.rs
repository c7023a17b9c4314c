//! `reconcile`.

use crate::clock::parse_duration;
use clap::Args;
use std::time::Duration;

/// `reconcile`.
#[derive(Debug, Args)]
#[command(after_help = "\
Does at once what the function reconcile does every five minutes: uploads without a record are started, records whose
execution is over are marked FAILED (and started afresh where the engine lost the execution), decisions that no execution
heard of are told again. It goes on where the last run stopped (operations/reconcile.json in the images bucket; without
that file it looks at everything), and starts at most 300 executions: exit code 3 says that there is more to do.

Examples:
  sightline reconcile --dry-run
  sightline reconcile --grace 1m --output json | jq -r '.Actions[].ImageID'")]
pub struct Reconcile {
    /// How old an upload without a record must be, such as 90s, 10m, 1h
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = parse_duration)]
    pub grace: Duration,
    /// Look at all uploads, whatever earlier runs have seen: after a table was restored from a backup
    #[arg(long)]
    pub full: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}
