//! S3 Inventory: a manifest.json that names gzipped CSV files (S3 user guide, "Locating your inventory list").
//!
//! Its keys are URL-encoded as forms are: `+` is a space.

use super::{
    listed::{Entry, LeftOut},
    source::Place,
};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use sightline_domain::model::percent;

/// What of manifest.json matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    destination_bucket: String,
    file_format: String,
    file_schema: String,
    files: Vec<ManifestFile>,
}

#[derive(Debug, Deserialize)]
struct ManifestFile {
    key: String,
}

/// An inventory: its files, and what their columns are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The gzipped CSV files.
    pub files: Vec<Place>,
    columns: Vec<String>,
}

impl Inventory {
    /// Reads manifest.json.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let manifest: Manifest = serde_json::from_slice(json).map_err(|_| "it is no manifest.json of an S3 Inventory".to_owned())?;
        if manifest.file_format != "CSV" {
            return Err(format!("the inventory is in format {}; only CSV can be read", crate::output::text::clean(&manifest.file_format)));
        }
        let bucket = manifest.destination_bucket.rsplit(':').next().unwrap_or_default().to_owned();
        let columns: Vec<String> = manifest.file_schema.split(',').map(|column| column.trim().to_owned()).collect();
        if !["Bucket", "Key"].iter().all(|needed| columns.iter().any(|column| column == needed)) {
            return Err("the inventory has no columns Bucket and Key".to_owned());
        }
        let files = manifest.files.into_iter().map(|file| Place { bucket: bucket.clone(), key: file.key }).collect();
        Ok(Self { files, columns })
    }

    /// Reads one of its files; old versions and deletions are counted and left out.
    pub fn entries(&self, gzipped: &[u8], left_out: &mut LeftOut) -> Result<Vec<Entry>, String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(MultiGzDecoder::new(gzipped));
        let mut entries = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|_| "it is no gzipped CSV".to_owned())?;
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
                return Err("a line of it has no bucket, or no URL-encoded key".to_owned());
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

    fn manifest(format: &str, schema: &str) -> Vec<u8> {
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
    fn files_columns_and_encoded_keys_are_read() {
        let inventory = Inventory::parse(&manifest("CSV", "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag")).unwrap();
        assert_eq!(inventory.files, [Place { bucket: "inventories".into(), key: "photos/all/data/1.csv.gz".into() }]);
        let rows = gzipped(
            "\"photos\",\"a+b%2B%C3%BC.jpg\",\"v2\",\"true\",\"false\",\"12\",\"e1\"\n\
             \"photos\",\"a+b%2B%C3%BC.jpg\",\"v1\",\"false\",\"false\",\"11\",\"e0\"\n\
             \"photos\",\"gone.jpg\",\"v9\",\"true\",\"true\",\"\",\"\"\n",
        );
        let mut left_out = LeftOut::default();

        let entries = inventory.entries(&rows, &mut left_out).unwrap();

        let (version_id, etag) = (Some("v2".to_owned()), Some("e1".to_owned()));
        assert_eq!(entries, [Entry { bucket: "photos".into(), key: "a b+ü.jpg".into(), version_id, etag, size: Some(12) }]);
        assert_eq!(left_out.old_versions, 2);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert!(Inventory::parse(b"{}").unwrap_err().contains("manifest.json"));
        assert!(Inventory::parse(&manifest("Parquet", "Bucket, Key")).unwrap_err().contains("Parquet"));
        assert!(Inventory::parse(&manifest("CSV", "Bucket, Size")).unwrap_err().contains("Key"));
        let inventory = Inventory::parse(&manifest("CSV", "Bucket, Key")).unwrap();
        assert!(inventory.entries(b"photos,a.jpg", &mut LeftOut::default()).unwrap_err().contains("gzipped"));
        assert!(inventory.entries(&gzipped("photos,100%.jpg\n"), &mut LeftOut::default()).unwrap_err().contains("URL-encoded"));
    }
}
