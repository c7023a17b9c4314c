//! `import`.

use super::parse_owner;
use crate::clock::parse_duration;
use crate::import::Source;
use clap::{Args, value_parser};
use std::{path::PathBuf, time::Duration};

/// `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
SOURCE is a prefix (s3://bucket/prefix), a list of images as CSV, here or in S3 (manifest.csv, s3://…/manifest.csv: columns
bucket,key or s3:// URLs, one an image), or an S3 Inventory (s3://…/manifest.json). Folders, empty objects and objects over
50 MB are left out, and what is named more than once is imported once; the command says how many.

Images below raw-uploads/ of the deployment's own bucket are analysed where they lie; all others are copied there first. The
deployment must be allowed to read their bucket: setting importBuckets. The same object of the same owner is the same image:
importing again costs nothing for what is analysed already, and while an import of the very same list runs, the command joins it.

It asks before it starts, since analyses cost money; --yes starts at once. The import goes on without this command.

With --wait, an image is done when it is COMPLETED, rejected or waits for a review. Exit code 3 says that some could not be
imported or FAILED, 1 that all did, 6 that time ran out. Running the command again imports these once more.

--concurrency holds on AWS; the local engine takes it and goes on with the setting importConcurrency.

Examples:
  sightline import s3://old-photos/2019/ --dry-run
  sightline import s3://old-photos/2019/ --owner anna --wait --results results.csv
  sightline import s3://inventories/old-photos/all/2026-11-24T01-00Z/manifest.json --yes")]
pub struct Import {
    /// The images.
    #[arg(help = "s3://BUCKET/PREFIX, a manifest as CSV, or the manifest.json of an S3 Inventory", value_name = "SOURCE")]
    pub source: Source,
    /// Whose images the copies become
    #[arg(long, default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// Images at work at once; at most, and without it, the setting importConcurrency
    #[arg(long, short, value_name = "N", value_parser = value_parser!(u16).range(1..=10_000))]
    pub concurrency: Option<u16>,
    /// Say how many images there are and what they would cost, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Follow the import until it is over
    #[arg(long, conflicts_with = "dry_run")]
    pub wait: bool,
    /// How long the whole command may take, such as 30m, 12h; the import goes on without it
    #[arg(long, requires = "wait", default_value = "24h", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Write what became of each image to this file, as CSV; a file that is there is replaced at the end
    #[arg(long, value_name = "FILE", requires = "wait")]
    pub results: Option<PathBuf>,
}
