//! The opened models and the sample photos.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail at once")]

use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use sightline_vision::{BoundingBox, Models};

/// The downloaded models; without them the test fails and says what to run.
pub fn models() -> Models {
    let dir = sightline_vision::default_dir().expect("HOME is set");
    Models::load(&dir).unwrap_or_else(|error| panic!("{error}"))
}

/// A sample photo, upright.
#[allow(dead_code, reason = "not every test looks at samples")]
pub fn sample(name: &str) -> RgbImage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name);
    let mut decoder = ImageReader::open(path).unwrap().with_guessed_format().unwrap().into_decoder().unwrap();
    let orientation = decoder.orientation().unwrap();
    let mut image = DynamicImage::from_decoder(decoder).unwrap();
    image.apply_orientation(orientation);
    image.to_rgb8()
}

/// Whether a box lies within the image.
#[allow(dead_code, reason = "not every test looks at boxes")]
pub fn within_image(area: BoundingBox) -> bool {
    let BoundingBox { left, top, width, height } = area;
    [left, top, width, height].iter().all(|part| (0. ..=1.).contains(part)) && left + width <= 1.001 && top + height <= 1.001
}
