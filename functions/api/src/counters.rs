//! Names of the counters of an owner.

/// The counter of the labels of an owner's images: `Count`, and one number for each week of upload.
pub fn owner_labels_counter(owner_id: &str) -> String {
    format!("owner-labels#{owner_id}")
}

/// The counter of an owner's images by month of upload.
pub fn owner_months_counter(owner_id: &str) -> String {
    format!("owner-months#{owner_id}")
}

/// The counter of the outcomes of an owner's images by day.
pub fn owner_days_counter(owner_id: &str) -> String {
    format!("owner-days#{owner_id}")
}
