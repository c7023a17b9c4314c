//! Inspects an upload: claims its record, rejects what is not a supported image, writes the normalised copy and the thumbnail.
//!
//! Input: [`step::Input`]. Output: [`sightline_domain::model::image::ImageRef`]. Errors: `Image.Rejected` (with a reason code),
//! `Image.Duplicate`, `Upload.FolderMarker`, `Storage.*`.
//!
//! Modules import downwards only: `step` → `claim`, `inspect` → `jpeg`, `png`, `webp`, `format` → `exif`, `colour` → `picture`.

mod claim;
pub mod colour;
pub mod exif;
mod format;
pub mod inspect;
mod jpeg;
pub mod picture;
mod png;
pub mod step;
mod webp;
