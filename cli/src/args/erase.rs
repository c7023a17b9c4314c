//! `erase`.

use super::parse_image_id;
use clap::Args;
use sightline_domain::model::layout::UPLOADS;

/// `erase`.
#[derive(Debug, Args)]
#[command(after_help = "\
Removes every version of the original, the copies, Rekognition's answers, the label rows, the question to the reviewers
and the share of the trends; stops an execution that runs; and leaves a tombstone, which keeps late writes out. There is
no way back. It may be run again: what was interrupted goes on, and of an image that was erased before, what was
written since is removed. A function that was at work may write for another minute: reconcile looks once more.

An image whose record has expired is found by its id as well: in the archive, the copies and the results, and among all
uploads, which are listed for it. --key names the original instead, without the bucket; of a key that was overwritten,
every content is an image of its own, and all of them are erased.

Examples:
  sightline erase 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --dry-run
  sightline erase 0b6f7c52-5d5b-5c8e-a4a1-7f3e2b60c9d4 --yes --output json > receipt.json
  sightline erase --key raw-uploads/holiday.jpg --dry-run")]
pub struct Erase {
    /// The images.
    #[arg(help = "ImageIDs, as upload and find print them", value_name = "ID", required_unless_present = "keys", value_parser = parse_image_id)]
    pub image_ids: Vec<String>,
    /// The images that were uploaded under this key, such as raw-uploads/holiday.jpg; may be given more than once
    #[arg(long = "key", value_name = "KEY", value_parser = parse_key)]
    pub keys: Vec<String>,
    /// Say what would be removed, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// The key of an upload, without its bucket.
fn parse_key(text: &str) -> Result<String, String> {
    if text.len() > UPLOADS.len() && text.starts_with(UPLOADS) {
        Ok(text.to_owned())
    } else {
        Err(format!("the key of an original begins with {UPLOADS}"))
    }
}
