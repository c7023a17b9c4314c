//! Keys and prefixes of the images bucket.

use crate::model::analysis::Analysis;

/// Prefix of the uploads. Only objects with this prefix start executions, and functions write nothing under it except imported copies.
pub const UPLOADS: &str = "raw-uploads/";

/// Prefix of the normalised copies.
pub const PROCESSED: &str = "processed/";

/// Prefix of the stored Rekognition answers.
pub const RESULTS: &str = "results/";

/// Prefix of withheld and rejected images.
pub const ARCHIVED: &str = "archived/";

/// Prefix of operational data: bookmarks and import lists.
pub const OPERATIONS: &str = "operations/";

/// Key of the bookmark of `reconcile`: where its next run continues.
pub const RECONCILE_BOOKMARK: &str = "operations/reconcile.json";

fn import_prefix(name: &str) -> String {
    format!("{OPERATIONS}imports/{name}/")
}

/// Key of the list of an import.
pub fn import_list(name: &str) -> String {
    format!("{}items.csv", import_prefix(name))
}

/// Prefix under which Step Functions writes the results of an import's items.
pub fn import_results(name: &str) -> String {
    format!("{}results", import_prefix(name))
}

/// Key of the normalised copy: upright, sRGB, at most 2048 px, without metadata.
pub fn processed_image(image_id: &str) -> String {
    format!("{PROCESSED}{image_id}/image.jpg")
}

/// Key of the thumbnail.
pub fn thumbnail(image_id: &str) -> String {
    format!("{PROCESSED}{image_id}/thumbnail.jpg")
}

/// Key of the thumbnail for dense screens.
pub fn large_thumbnail(image_id: &str) -> String {
    format!("{PROCESSED}{image_id}/thumbnail-640.jpg")
}

/// Key of the stored answer of one analysis.
pub fn result(image_id: &str, analysis: Analysis) -> String {
    format!("{RESULTS}{image_id}/{}.json", analysis.as_ref())
}

/// Key of the receipt of an alert: it shows that an alert of this kind was sent for this image.
pub fn alert_receipt(image_id: &str, kind: &str) -> String {
    format!("{RESULTS}{image_id}/alert-{}.json", kind.to_ascii_lowercase().replace('_', "-"))
}

/// Key to which a processed object is moved if its image is withheld.
pub fn withheld(processed_key: &str) -> String {
    format!("{ARCHIVED}{}", processed_key.strip_prefix(PROCESSED).unwrap_or(processed_key))
}

/// Key of the archived original of a rejected image.
pub fn rejected_original(image_id: &str) -> String {
    format!("{ARCHIVED}{image_id}/original")
}
