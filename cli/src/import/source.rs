//! What an import is made of, as it may be typed.

use std::{path::PathBuf, str::FromStr};

/// An object, or a prefix of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Bucket.
    pub bucket: String,
    /// Key or prefix.
    pub key: String,
}

/// Where a list of images lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// On this machine.
    Here(PathBuf),
    /// In S3.
    InS3(Place),
}

/// What to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// All objects below a prefix.
    Prefix(Place),
    /// Those that a CSV file lists.
    Manifest(File),
    /// Those that an S3 Inventory lists.
    Inventory(File),
}

impl Place {
    /// Reads `s3://bucket/key`.
    pub fn parse(url: &str) -> Option<Self> {
        let (bucket, key) = url.strip_prefix("s3://")?.split_once('/').unwrap_or((url.strip_prefix("s3://")?, ""));
        // S3 user guide, "General purpose bucket naming rules".
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        let valid = (3..=63).contains(&bucket.len()) && bucket.chars().all(fits);
        valid.then(|| Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let file = match Place::parse(text) {
            Some(place) => File::InS3(place),
            None if text.starts_with("s3://") => return Err("a bucket is written as s3://bucket/prefix".to_owned()),
            None => File::Here(PathBuf::from(text)),
        };
        let ends = |ending: &str| text.to_ascii_lowercase().ends_with(ending);
        match file {
            file if ends(".csv") => Ok(Self::Manifest(file)),
            file if ends("manifest.json") => Ok(Self::Inventory(file)),
            File::InS3(place) => Ok(Self::Prefix(place)),
            File::Here(_) => Err("images are imported from s3://bucket/prefix, a manifest .csv or the manifest.json of an S3 Inventory; \
                                  `sightline upload` takes files and folders"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_source_is_told_by_its_name() {
        let place = |bucket: &str, key: &str| Place { bucket: bucket.into(), key: key.into() };
        for (text, source) in [
            ("s3://photos", Source::Prefix(place("photos", ""))),
            ("s3://photos/2019/a b", Source::Prefix(place("photos", "2019/a b"))),
            ("s3://photos/list.CSV", Source::Manifest(File::InS3(place("photos", "list.CSV")))),
            ("a/list.csv", Source::Manifest(File::Here("a/list.csv".into()))),
            ("s3://inv/x/manifest.json", Source::Inventory(File::InS3(place("inv", "x/manifest.json")))),
        ] {
            assert_eq!(text.parse(), Ok(source), "{text}");
        }
        for wrong in ["", "s3://", "s3:///a", "s3://A_b/c", "s3://ab", "photos/", "a.jpg", "https://x/y.jpg"] {
            assert!(wrong.parse::<Source>().is_err(), "{wrong}");
        }
    }
}
