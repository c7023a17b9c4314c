//! Lists of images as CSV: `bucket,key[,version]` or an s3:// URL a line, with or without a heading. Keys are written as they are.

use super::{listed::Entry, source::Place};
use crate::output::text::clean;

/// Reads the lines of `csv`; the first that is no image ends it.
pub fn parse(csv: &[u8]) -> Result<Vec<Entry>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(without_mark(csv));
    let mut entries = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|_| "the manifest is no CSV in UTF-8".to_owned())? {
        match entry(&record) {
            Some(entry) => entries.push(entry),
            None if entries.is_empty() && is_heading(&record) => {}
            None => {
                let said: String = record.iter().collect::<Vec<_>>().join(",").chars().take(60).collect();
                return Err(format!("the manifest is read as lines of bucket,key or of s3:// URLs, and this is neither: {}", clean(&said)));
            }
        }
    }
    Ok(entries)
}

/// Spreadsheets put a byte order mark in front.
fn without_mark(csv: &[u8]) -> &[u8] {
    csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv)
}

fn entry(record: &csv::StringRecord) -> Option<Entry> {
    let field = |place| record.get(place).map(str::trim).filter(|field| !field.is_empty());
    let first = field(0)?;
    let (place, version) = if let Some(place) = Place::parse(first) {
        (place, field(1))
    } else {
        let bucket = Place::parse(&format!("s3://{first}")).filter(|place| place.key.is_empty())?.bucket;
        (Place { bucket, key: record.get(1)?.to_owned() }, field(2))
    };
    (!place.key.is_empty() && !is_heading(record)).then(|| Entry {
        bucket: place.bucket,
        key: place.key,
        version_id: version.map(str::to_owned),
        ..Entry::default()
    })
}

fn is_heading(record: &csv::StringRecord) -> bool {
    let name = |field: Option<&str>| field.unwrap_or_default().trim().to_ascii_lowercase().replace(['_', ' '], "");
    let (first, second) = (name(record.get(0)), name(record.get(1)));
    (first == "bucket" && second == "key") || ["url", "s3url", "uri", "s3uri"].contains(&first.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(csv: &str) -> Vec<(String, String, Option<String>)> {
        parse(csv.as_bytes()).unwrap().into_iter().map(|entry| (entry.bucket, entry.key, entry.version_id)).collect()
    }

    fn line(bucket: &str, key: &str, version: Option<&str>) -> (String, String, Option<String>) {
        (bucket.into(), key.into(), version.map(Into::into))
    }

    #[test]
    fn buckets_and_keys_or_urls_with_or_without_a_heading() {
        let expected = [line("photos", "2019/a b.jpg", None), line("photos", "ü,+%20.jpg", Some("v1"))];
        assert_eq!(keys("photos,2019/a b.jpg\nphotos,\"ü,+%20.jpg\",v1\n"), expected);
        assert_eq!(keys("\u{feff}Bucket,Key,Version_ID\r\nphotos,2019/a b.jpg,\r\n\r\nphotos,\"ü,+%20.jpg\",v1"), expected);
        assert_eq!(keys("url\ns3://photos/2019/a b.jpg\n\"s3://photos/ü,+%20.jpg\",v1\n"), expected);
        assert!(keys("").is_empty() && keys("bucket,key\n").is_empty());
    }

    #[test]
    fn a_line_that_is_no_image_is_named() {
        let said = |csv: &[u8]| parse(csv).unwrap_err();
        assert!(said(b"photos,a.jpg\nphotos\n").ends_with("neither: photos"));
        assert!(said(b"Photos!,a.jpg\n").ends_with("neither: Photos!,a.jpg"));
        assert!(said(b"photos,a.jpg\n\ns3://photos\n").ends_with("neither: s3://photos"));
        assert!(said(b"photos,\xff\xfe.jpg\n").contains("UTF-8"));
    }

    #[test]
    fn a_bucket_may_be_called_as_a_heading_is() {
        assert_eq!(keys("url-photos,a.jpg\n").len(), 1);
    }
}
