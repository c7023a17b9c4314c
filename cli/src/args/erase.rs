//! `erase`.

use super::parse_image_id;
use clap::Args;

/// `erase`.
#[derive(Debug, Args)]
#[command(after_help = "\
Removes every version of the original, the copies, Rekognition's answers, the label rows, the question to the reviewers
and the share of the trends; stops an execution that runs; and leaves a tombstone, which keeps late writes out. There is
no way back. It may be run again: what was interrupted goes on, and of an image that was erased before, what was
written since is removed. A function that was at work may write for another minute: reconcile looks once more.

Examples:
  sightline erase 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --dry-run
  sightline erase 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --yes --output json > receipt.json")]
pub struct Erase {
    /// The images.
    #[arg(help = "ImageIDs, as upload and find print them", value_name = "ID", required = true, value_parser = parse_image_id)]
    pub image_ids: Vec<String>,
    /// Say what would be removed, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}
