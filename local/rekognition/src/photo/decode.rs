//! Pixels, upright and no larger than the models can use.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, Limits, RgbImage, codecs::jpeg::JpegDecoder, codecs::png::PngDecoder};
use sightline_resize::{Filter, resize};

use super::{Header, header::Format};
use crate::refusal::Refusal;

/// Long side of what the models see, in pixels: they all look at a smaller picture than this, or at crops of this size.
const WORKING_SIDE: u32 = 2048;

/// Decodes an image whose header has passed its checks.
pub fn decode(bytes: &[u8], header: &Header) -> Result<RgbImage, Refusal> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(header.decoding_bytes + 64 * 1024 * 1024);
    let pixels = match header.format {
        Format::Jpeg => JpegDecoder::new(Cursor::new(bytes)).and_then(|decoder| with_limits(decoder, limits)),
        Format::Png => PngDecoder::with_limits(Cursor::new(bytes), limits.clone()).and_then(|decoder| with_limits(decoder, limits)),
    };
    let pixels = pixels.map_err(|_| Refusal::format("the image is broken"))?.into_rgb8();
    let mut image = DynamicImage::ImageRgb8(shrunk(pixels));
    image.apply_orientation(header.orientation);
    Ok(image.into_rgb8())
}

fn with_limits(mut decoder: impl ImageDecoder, limits: Limits) -> image::ImageResult<DynamicImage> {
    decoder.set_limits(limits)?;
    DynamicImage::from_decoder(decoder)
}

/// Boxes are fractions, so a smaller picture changes no answer's meaning.
fn shrunk(pixels: RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let long = width.max(height);
    if long <= WORKING_SIDE {
        return pixels;
    }
    let scaled = |side: u32| u32::try_from(u64::from(side) * u64::from(WORKING_SIDE) / u64::from(long)).unwrap_or(WORKING_SIDE).max(1);
    resize(&pixels, scaled(width), scaled(height), Filter::Bilinear)
}
