//! Inspects an upload: claims its record, rejects what is not a supported image, writes the normalised copy and the thumbnail.
//!
//! Input: [`step::Input`]. Output: [`sightline_domain::model::image::ImageRef`]. Errors: `Image.Rejected` (with a reason code),
//! `Image.Duplicate`, `Upload.FolderMarker`, `Storage.*`.
//!
//! [`sightline_inspection`] decides what is in the file and makes the copies.

mod claim;
pub mod step;
