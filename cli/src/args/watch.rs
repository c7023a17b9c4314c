//! `watch`.

use super::parse_owner;
use clap::{Args, value_parser};
use std::path::PathBuf;

/// `watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
Uploads what lies in the folder and in those below it, and then what appears, each file once it has not changed for a moment.
The same content of the same owner is the same image, so that nothing is uploaded or analysed twice, by a restart neither. Left
alone: names that begin with a dot, unfinished downloads (.part, .partial, .tmp, .crdownload, .download), empty files, links
to folders. A file that cannot be read is named once; one that could not be uploaded is tried again.

Ctrl-C ends it with a summary; exit code 3 says that some files could not be uploaded. Output: one line per file, JSON with
--output ndjson or json.

Examples:
  sightline watch ~/Pictures/scans
  sightline watch inbox/ --owner anna --output ndjson | jq -r .ImageID")]
pub struct Watch {
    /// The folder
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Whose images these are
    #[arg(long, default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// Uploads at once
    #[arg(long, short, value_name = "N", default_value = "4", value_parser = value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
}
