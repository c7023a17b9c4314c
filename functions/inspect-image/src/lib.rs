//! Inspects an upload: claims its record, rejects what is not a supported image, writes the normalised copy and the thumbnail.
//!
//! Input: [`step::Input`]. Output: [`sightline_domain::model::image::ImageRef`]. Errors: `Image.Rejected` (with a reason code),
//! `Image.Duplicate`, `Upload.FolderMarker`, `Storage.*`.
//!
//! What is in the file and what its copies look like is decided by [`sightline_inspection`].

mod claim;
pub mod step;
