//! Runs the step with fakes: how it claims uploads, and what it writes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

mod claims;
mod runs;

use image::{Rgb, RgbImage};
use sightline_inspection::{encode, picture::Chroma};

/// A JPEG of this width and 100 px height.
fn photo(width: u32) -> Vec<u8> {
    encode(&RgbImage::from_pixel(width, 100, Rgb([200, 30, 60])), Chroma::Half, 90).unwrap()
}
