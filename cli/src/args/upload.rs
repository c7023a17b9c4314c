//! `upload`.

use super::parse_owner;
use crate::clock::parse_duration;
use clap::{Args, builder::NonEmptyStringValueParser, value_parser};
use std::{path::PathBuf, time::Duration};

/// `upload`.
#[derive(Debug, Args)]
#[command(after_help = "\
The same content of the same owner is the same image: it is uploaded and analysed once, however often and under
whatever names it is given. An image whose analysis failed for a reason that may have passed is uploaded again.
Folders are searched through; names in them that begin with a dot, and links to folders, are left out, and the command says so.
`-` reads one photo from stdin, of at most 100 MB.
Every file is uploaded as it is, so that the pipeline itself says what is wrong with it; only what S3 would never
take (over 5 GB) is refused here. All paths and the stack are checked before the first byte goes out. A file that changes
or vanishes while it is sent is named and not uploaded; the others are.

With --wait, an image is finished when it is COMPLETED, FAILED or waits for a review. A rejected image is a result
with a reason; exit code 3 says that some files FAILED or could not be uploaded, 1 that all did, 6 that time ran out:
that of --timeout, which counts from the start of the command, or 10 minutes after the last file was sent.

Output with --wait: one whole record per file, in the names of the record's schema, plus File; with ndjson each as
it finishes. A file that could not be read or uploaded has File and Error instead.

Examples:
  sightline upload photo.jpg --wait
  sightline upload holiday/ -c 16 --wait --timeout 30m
  curl -s https://example.com/cat.jpg | sightline upload - --filename cat.jpg
  sightline upload *.jpg --wait --output ndjson | jq -c '[.File, .ProcessingStatus, .Labels[0].Name]'")]
pub struct Upload {
    /// Photos, or folders of photos; - is a photo on stdin
    #[arg(required = true, value_name = "FILES")]
    pub paths: Vec<PathBuf>,
    /// Follow the images until they are analysed
    #[arg(long)]
    pub wait: bool,
    /// How long the whole command may take, such as 90s, 10m, 1h [default: until 10m after the last file was sent]
    #[arg(long, requires = "wait", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// Uploads at once
    #[arg(long, short, value_name = "N", default_value = "8", value_parser = value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// Whose images these are
    #[arg(long, default_value = "default", value_parser = parse_owner)]
    pub owner: String,
    /// Name of the photo on stdin, such as cat.jpg
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub filename: Option<String>,
}
