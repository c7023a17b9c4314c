//! From bytes to an upright picture, with hard limits before any pixel is decoded.

use crate::inspect::Limits;
use image::{
    DynamicImage, ImageDecoder, ImageError, RgbImage,
    codecs::{png::PngDecoder, webp::WebPDecoder},
    error::LimitErrorKind,
    metadata::Orientation,
};
use sightline_domain::{
    image::ImageFormat,
    rejection::{ReasonCode, Rejection},
};
use std::io::Cursor;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

/// Smallest side, px (Rekognition's minimum).
pub const MIN_SIDE: u32 = 80;
/// Largest side of what Rekognition takes, px.
pub const MAX_RECOGNITION_SIDE: u32 = 10_000;

/// Most memory, in bytes, for what a PNG holds beside its pixels: a colour profile of a kilobyte can swell to a gigabyte when it is
/// inflated. One that is too large is left out; a file holds 15 MB at most of all else.
const MAX_BESIDE_PIXELS: u64 = 32 * 1024 * 1024;

/// A decoded picture.
pub struct Decoded {
    /// Upright pixels: 8 bits each, opaque, in the file's own colour space.
    pub picture: DynamicImage,
    /// The file's colour profile.
    pub icc_profile: Option<Vec<u8>>,
    /// The file's EXIF, as a TIFF structure.
    pub exif: Option<Vec<u8>>,
}

/// Decodes the first frame of `bytes`.
pub fn decode(format: ImageFormat, bytes: &[u8], limits: &Limits) -> Result<Decoded, Rejection> {
    match format {
        ImageFormat::Jpeg => jpeg(bytes, limits),
        ImageFormat::Png => {
            let mut beside = image::Limits::no_limits();
            beside.max_alloc = Some(MAX_BESIDE_PIXELS);
            PngDecoder::with_limits(Cursor::new(bytes), beside).map_err(unreadable).and_then(|decoder| other(decoder, limits))
        }
        ImageFormat::WebP => WebPDecoder::new(Cursor::new(bytes)).map_err(unreadable).and_then(|decoder| other(decoder, limits)),
    }
}

/// `image` takes truncated JPEGs without a word; zune-jpeg in strict mode refuses them, and still takes files without an end marker.
fn jpeg(bytes: &[u8], limits: &Limits) -> Result<Decoded, Rejection> {
    let any_side = usize::from(u16::MAX);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(any_side)
        .set_max_height(any_side)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| damaged(&error))?;
    let info = decoder.info().ok_or_else(|| truncated("it has no header"))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(width, height, limits)?;
    let cmyk = matches!(decoder.input_colorspace(), Some(ColorSpace::CMYK | ColorSpace::YCCK));
    let pixels = decoder.decode().map_err(|error| damaged(&error))?;
    let picture = RgbImage::from_raw(width, height, pixels).ok_or_else(|| truncated("pixels are missing"))?;
    let exif = decoder.exif().cloned();
    Ok(Decoded {
        picture: upright(DynamicImage::ImageRgb8(picture), exif.as_deref()),
        // A CMYK profile says nothing about the RGB pixels that we get.
        icc_profile: if cmyk { None } else { decoder.icc_profile() },
        exif,
    })
}

fn other(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<Decoded, Rejection> {
    let (width, height) = decoder.dimensions();
    check_size(width, height, limits)?;
    let icc_profile = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    let picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    Ok(Decoded { picture: upright(opaque(picture), exif.as_deref()), icc_profile, exif })
}

fn check_size(width: u32, height: u32, limits: &Limits) -> Result<(), Rejection> {
    let (short, long) = (width.min(height), width.max(height));
    if short < MIN_SIDE {
        let detail = format!("{width}×{height} px; both sides need at least {MIN_SIDE} px");
        return Err(Rejection::new(ReasonCode::TooSmall, detail));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.max_pixels {
        let detail = format!("{width}×{height} px are {pixels} pixels; at most {} are taken", limits.max_pixels);
        return Err(Rejection::new(ReasonCode::TooManyPixels, detail));
    }
    // Shrunk to the longest side that Rekognition takes, the short side must still reach its minimum.
    if u64::from(long) * u64::from(MIN_SIDE) > u64::from(short) * u64::from(MAX_RECOGNITION_SIDE) {
        let detail = format!("{width}×{height} px; one side may be at most {} times the other", MAX_RECOGNITION_SIDE / MIN_SIDE);
        return Err(Rejection::new(ReasonCode::TooManyPixels, detail));
    }
    Ok(())
}

fn upright(mut picture: DynamicImage, exif: Option<&[u8]>) -> DynamicImage {
    picture.apply_orientation(exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms));
    picture
}

/// Eight bits per channel, and white behind what is transparent.
fn opaque(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(picture.into_rgb8());
    }
    let source = picture.into_rgba8();
    let over_white = |channel: u8, alpha: u8| {
        let (channel, alpha) = (u16::from(channel), u16::from(alpha));
        u8::try_from((channel * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    DynamicImage::ImageRgb8(RgbImage::from_fn(source.width(), source.height(), |x, y| {
        let image::Rgba([red, green, blue, alpha]) = *source.get_pixel(x, y);
        image::Rgb([red, green, blue].map(|channel| over_white(channel, alpha)))
    }))
}

fn truncated(what: &str) -> Rejection {
    Rejection::new(ReasonCode::Truncated, format!("the file is cut off or damaged: {what}"))
}

fn damaged(error: &DecodeErrors) -> Rejection {
    match error {
        DecodeErrors::Unsupported(scheme) => {
            Rejection::new(ReasonCode::UnsupportedFormat, format!("a kind of JPEG that is not taken: {scheme:?}"))
        }
        other => truncated(&format!("{other:?}")),
    }
}

fn unreadable(error: ImageError) -> Rejection {
    match error {
        ImageError::Unsupported(unsupported) => Rejection::new(ReasonCode::UnsupportedFormat, unsupported.to_string()),
        ImageError::Limits(limit) if matches!(limit.kind(), LimitErrorKind::DimensionError | LimitErrorKind::InsufficientMemory) => {
            Rejection::new(ReasonCode::TooManyPixels, limit.to_string())
        }
        other => truncated(&other.to_string()),
    }
}
