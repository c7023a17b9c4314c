//! Keys and prefixes of the images bucket.

use crate::model::analysis::Analysis;

/// The only prefix whose objects start executions; nothing but uploads is written below it.
pub const UPLOADS: &str = "raw-uploads/";

/// Prefix of the normalised copies.
pub const PROCESSED: &str = "processed/";

/// Prefix of whole Rekognition answers.
pub const RESULTS: &str = "results/";

/// Prefix of withheld and rejected images.
pub const ARCHIVED: &str = "archived/";

/// Prefix of what operating the system needs: bookmarks, lists of imports.
pub const OPERATIONS: &str = "operations/";

/// Key of the note where reconciling goes on.
pub const RECONCILE_BOOKMARK: &str = "operations/reconcile.json";

fn import(name: &str) -> String {
    format!("{OPERATIONS}imports/{name}/")
}

/// Key of the list of an import.
pub fn import_list(name: &str) -> String {
    format!("{}items.csv", import(name))
}

/// Prefix of what Step Functions writes of an import's items.
pub fn import_results(name: &str) -> String {
    format!("{}results", import(name))
}

/// Key of the normalised copy: upright, sRGB, at most 2048 px, without metadata.
pub fn processed_image(image_id: &str) -> String {
    format!("{PROCESSED}{image_id}/image.jpg")
}

/// Key of the thumbnail.
pub fn thumbnail(image_id: &str) -> String {
    format!("{PROCESSED}{image_id}/thumbnail.jpg")
}

/// Key of the whole answer of one analysis.
pub fn result(image_id: &str, analysis: Analysis) -> String {
    format!("{RESULTS}{image_id}/{}.json", analysis.file_stem())
}

/// Key of the note that an alert of this kind was sent for this image.
pub fn alert_receipt(image_id: &str, kind: &str) -> String {
    format!("{RESULTS}{image_id}/alert-{}.json", kind.to_ascii_lowercase().replace('_', "-"))
}

/// Key under which a processed object of a withheld image is kept instead.
pub fn withheld(processed_key: &str) -> String {
    format!("{ARCHIVED}{}", processed_key.strip_prefix(PROCESSED).unwrap_or(processed_key))
}

/// Key under which the original of a rejected image is kept.
pub fn rejected_original(image_id: &str) -> String {
    format!("{ARCHIVED}{image_id}/original")
}
