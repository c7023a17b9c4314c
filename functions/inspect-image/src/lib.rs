//! Inspects an upload: claims its record, refuses what is no image, makes the normalised copy and the thumbnail.
//!
//! Input: [`step::Input`]. Output: [`sightline_domain::model::image::ImageRef`]. Errors: `Image.Rejected` (with a reason code),
//! `Image.Duplicate`, `Upload.FolderMarker`, `Storage.*`.

mod bytes;
pub mod camera;
mod claim;
pub mod colour;
pub mod copies;
pub mod decode;
mod disguise;
mod flatten;
pub mod inspect;
mod jpeg;
mod png;
mod scans;
pub mod settings;
pub mod sniff;
pub mod step;
mod webp;
