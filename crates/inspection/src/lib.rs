//! From the bytes of an upload to its facts and copies: [`inspect()`]. Pure: no AWS, no clock.
//!
//! Modules import downwards only: `inspect` → `jpeg`, `png`, `webp`, `format` → `exif`, `colour` → `picture`.

pub mod colour;
pub mod exif;
mod format;
mod inspect;
mod jpeg;
pub mod picture;
mod png;
mod webp;

pub use self::inspect::{Inspected, encode, inspect};
