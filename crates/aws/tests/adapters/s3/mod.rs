//! S3: exact keys and versions, the meaning of its errors, and listings.

use sightline_domain::model::{ObjectRef, Upload};

pub mod import_source;
mod links;
mod memory;
mod objects;
mod uploads;

const IMAGE: ObjectRef<'static> = ObjectRef { bucket: "images", key: "raw-uploads/a b+ü%25.jpg", version_id: Some("v1") };
const ENCODED: &str = "raw-uploads/a%20b%2B%C3%BC%2525.jpg";

fn upload(version_id: Option<&str>) -> Upload {
    Upload { bucket: "images".into(), key: IMAGE.key.into(), version_id: version_id.map(str::to_owned), etag: "etag-1".into() }
}
