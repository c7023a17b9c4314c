//! Lists of images: manifests and S3 Inventories.

use super::source::{Entry, LeftOut, Place};
use crate::output::clean;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use sightline_domain::model::percent;

/// Spreadsheets write it at the beginning of a CSV.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Parses a manifest: CSV with `bucket,key[,version]` or an s3:// URL a line, with or without a heading. Keys are not encoded.
///
/// # Errors
///
/// A sentence if a line has neither form.
pub fn parse_manifest(csv: &[u8]) -> Result<Vec<Entry>, String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(csv.strip_prefix(BYTE_ORDER_MARK).unwrap_or(csv));
    let mut entries = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|_| "the manifest is not CSV in UTF-8".to_owned())? {
        match entry(&record) {
            Some(entry) => entries.push(entry),
            None if entries.is_empty() && is_heading(&record) => {}
            None => {
                let line: String = record.iter().collect::<Vec<_>>().join(",").chars().take(60).collect();
                return Err(format!("a line of the manifest is bucket,key or an s3:// URL, and this is neither: {}", clean(&line)));
            }
        }
    }
    Ok(entries)
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

/// manifest.json of an S3 Inventory.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InventoryManifest {
    destination_bucket: String,
    file_format: String,
    file_schema: String,
    files: Vec<InventoryFile>,
}

#[derive(Debug, Deserialize)]
struct InventoryFile {
    key: String,
}

/// An S3 Inventory: gzipped CSV files that a manifest.json lists (S3 user guide, "Locating your inventory list").
/// Its keys are URL-encoded as in forms: `+` is a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    pub files: Vec<Place>,
    columns: Vec<String>,
}

impl Inventory {
    /// Parses manifest.json.
    ///
    /// # Errors
    ///
    /// A sentence if it is not the manifest of a CSV inventory with buckets and keys.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let manifest: InventoryManifest =
            serde_json::from_slice(json).map_err(|_| "the file is not the manifest.json of an S3 Inventory".to_owned())?;
        if manifest.file_format != "CSV" {
            return Err(format!("the inventory is in format {}; only CSV can be read", clean(&manifest.file_format)));
        }
        let bucket = manifest.destination_bucket.rsplit(':').next().unwrap_or_default().to_owned();
        let columns: Vec<String> = manifest.file_schema.split(',').map(|column| column.trim().to_owned()).collect();
        if !["Bucket", "Key"].iter().all(|needed| columns.iter().any(|column| column == needed)) {
            return Err("the inventory has no columns Bucket and Key".to_owned());
        }
        let files = manifest.files.into_iter().map(|file| Place { bucket: bucket.clone(), key: file.key }).collect();
        Ok(Self { files, columns })
    }

    /// Parses one of the files; old versions and deletions are counted and left out.
    ///
    /// # Errors
    ///
    /// A sentence if it is not gzipped CSV, or a line has no bucket or key.
    pub fn entries(&self, gzipped: &[u8], left_out: &mut LeftOut) -> Result<Vec<Entry>, String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(MultiGzDecoder::new(gzipped));
        let mut entries = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|_| "the file is not gzipped CSV".to_owned())?;
            let field = |name: &str| {
                let place = self.columns.iter().position(|column| column == name)?;
                record.get(place).filter(|field| !field.is_empty())
            };
            if field("IsLatest") == Some("false") || field("IsDeleteMarker") == Some("true") {
                left_out.old_versions += 1;
                continue;
            }
            let key = field("Key").and_then(|key| percent::decode(&key.replace('+', " ")));
            let (Some(bucket), Some(key)) = (field("Bucket"), key) else {
                return Err("a line has no bucket, or no URL-encoded key".to_owned());
            };
            entries.push(Entry {
                bucket: bucket.to_owned(),
                key,
                version_id: field("VersionId").filter(|version| *version != "null").map(str::to_owned),
                etag: field("ETag").map(|etag| etag.trim_matches('"').to_owned()),
                size: field("Size").and_then(|size| size.parse().ok()),
            });
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use serde_json::json;
    use std::io::Write;

    fn keys(csv: &str) -> Vec<(String, String, Option<String>)> {
        parse_manifest(csv.as_bytes()).unwrap().into_iter().map(|entry| (entry.bucket, entry.key, entry.version_id)).collect()
    }

    fn line(bucket: &str, key: &str, version: Option<&str>) -> (String, String, Option<String>) {
        (bucket.into(), key.into(), version.map(Into::into))
    }

    #[test]
    fn manifest_has_buckets_and_keys_or_urls_with_or_without_a_heading() {
        let expected = [line("photos", "2019/a b.jpg", None), line("photos", "ü,+%20.jpg", Some("v1"))];
        assert_eq!(keys("photos,2019/a b.jpg\nphotos,\"ü,+%20.jpg\",v1\n"), expected);
        assert_eq!(keys("\u{feff}Bucket,Key,Version_ID\r\nphotos,2019/a b.jpg,\r\n\r\nphotos,\"ü,+%20.jpg\",v1"), expected);
        assert_eq!(keys("url\ns3://photos/2019/a b.jpg\n\"s3://photos/ü,+%20.jpg\",v1\n"), expected);
        assert!(keys("").is_empty() && keys("bucket,key\n").is_empty());
    }

    #[test]
    fn manifest_line_that_is_not_an_image_is_shown_in_the_error() {
        let error = |csv: &[u8]| parse_manifest(csv).unwrap_err();
        assert!(error(b"photos,a.jpg\nphotos\n").ends_with("neither: photos"));
        assert!(error(b"Photos!,a.jpg\n").ends_with("neither: Photos!,a.jpg"));
        assert!(error(b"photos,a.jpg\n\ns3://photos\n").ends_with("neither: s3://photos"));
        assert!(error(b"photos,\xff\xfe.jpg\n").contains("UTF-8"));
    }

    #[test]
    fn bucket_may_have_the_name_of_a_heading() {
        assert_eq!(keys("url-photos,a.jpg\n").len(), 1);
    }

    fn inventory(format: &str, schema: &str) -> Vec<u8> {
        json!({"sourceBucket": "photos", "destinationBucket": "arn:aws:s3:::inventories", "version": "2016-11-30", "creationTimestamp": "1",
            "fileFormat": format, "fileSchema": schema, "files": [{"key": "photos/all/data/1.csv.gz", "size": 1, "MD5checksum": "x"}]})
        .to_string()
        .into_bytes()
    }

    fn gzipped(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn inventory_has_files_columns_and_encoded_keys() {
        let parsed = Inventory::parse(&inventory("CSV", "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag")).unwrap();
        assert_eq!(parsed.files, [Place { bucket: "inventories".into(), key: "photos/all/data/1.csv.gz".into() }]);
        let rows = gzipped(
            "\"photos\",\"a+b%2B%C3%BC.jpg\",\"v2\",\"true\",\"false\",\"12\",\"e1\"\n\
             \"photos\",\"a+b%2B%C3%BC.jpg\",\"v1\",\"false\",\"false\",\"11\",\"e0\"\n\
             \"photos\",\"gone.jpg\",\"v9\",\"true\",\"true\",\"\",\"\"\n",
        );
        let mut left_out = LeftOut::default();

        let entries = parsed.entries(&rows, &mut left_out).unwrap();

        let (version_id, etag) = (Some("v2".to_owned()), Some("e1".to_owned()));
        assert_eq!(entries, [Entry { bucket: "photos".into(), key: "a b+ü.jpg".into(), version_id, etag, size: Some(12) }]);
        assert_eq!(left_out.old_versions, 2);
    }

    #[test]
    fn inventory_error_names_the_problem() {
        assert!(Inventory::parse(b"{}").unwrap_err().contains("manifest.json"));
        assert!(Inventory::parse(&inventory("Parquet", "Bucket, Key")).unwrap_err().contains("Parquet"));
        assert!(Inventory::parse(&inventory("CSV", "Bucket, Size")).unwrap_err().contains("Key"));
        let parsed = Inventory::parse(&inventory("CSV", "Bucket, Key")).unwrap();
        assert!(parsed.entries(b"photos,a.jpg", &mut LeftOut::default()).unwrap_err().contains("gzipped"));
        assert!(parsed.entries(&gzipped("photos,100%.jpg\n"), &mut LeftOut::default()).unwrap_err().contains("URL-encoded"));
    }
}
