//! The inspection of a file, and the copies that it makes.

use crate::{
    colour, exif, format, jpeg,
    picture::{Chroma, Limits, MIN_SIDE},
    png, webp,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use image::{DynamicImage, RgbImage, metadata::Orientation};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};
use sightline_domain::model::{ExifFacts, ImageFormat, ReasonCode, Rejection, identity::hex_sha256};
use sightline_resize::{Crop, Filter, resize, resize_crop, resize_inks};
use std::{cell::Cell, error::Error};

/// Longest side of the normalised copy, px.
const COPY_SIDE: u32 = 2048;
/// Longest side of the thumbnail, px.
const THUMBNAIL_SIDE: u32 = 320;
/// Longest side of the thumbnail for dense screens, px.
const LARGE_THUMBNAIL_SIDE: u32 = 640;
/// Longest side of the picture that the thumbhash is computed from, px. The hash has at most seven waves on a side, so more adds nothing.
const THUMBHASH_SIDE: u32 = 64;
/// Shortest side of a panorama's thumbnail, px: nothing is recognisable in a thinner one.
const MIN_THUMBNAIL_SIDE: u32 = 40;
const COPY_QUALITY: u8 = 90;
const THUMBNAIL_QUALITY: u8 = 80;
/// Lower, because a dense screen shows each pixel in a quarter of the area.
const LARGE_THUMBNAIL_QUALITY: u8 = 70;

thread_local! {
    /// The samples of the last JPEG, whose memory the next one uses again: to provide 36 MB of new memory, for 12 megapixels, takes the
    /// system about 20 ms (decision 22).
    static SAMPLES: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An accepted image.
pub struct Inspected {
    /// Detected from the content.
    pub format: ImageFormat,
    /// Upright width, px.
    pub width: u32,
    /// Upright height, px.
    pub height: u32,
    /// Facts from the camera's metadata.
    pub exif: ExifFacts,
    /// Oddities, one sentence each.
    pub warnings: Vec<String>,
    /// Hex SHA-256 of the file.
    pub content_sha256: String,
    /// The normalised copy, a JPEG.
    pub copy: Vec<u8>,
    /// The thumbnail, a JPEG.
    pub thumbnail: Vec<u8>,
    /// The thumbnail for dense screens, a JPEG; `None` if the first one has all pixels of the copy.
    pub large_thumbnail: Option<Vec<u8>>,
    /// Base64 of the thumbhash of the thumbnail.
    pub thumbhash: String,
}

/// Inspects a whole file and makes its copies: new sRGB JPEGs of the upright pixels, without any of the file's metadata.
///
/// Only the extension of `key` is read. `with_gps` says whether the location is kept.
///
/// # Errors
/// A rejection that says in plain words what is wrong with the file.
pub fn inspect(key: &str, bytes: &[u8], limits: &Limits, with_gps: bool) -> Result<Inspected, Rejection> {
    let format = format::detect(bytes)?;
    // Taken for every format: it is freed before the pixels of another one are decoded.
    let memory = Some(SAMPLES.take()).filter(|_| format == ImageFormat::Jpeg).unwrap_or_default();
    let decoded = match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, limits, memory),
        ImageFormat::Png => png::decode(bytes, limits),
        ImageFormat::WebP => webp::decode(bytes, limits),
    }?;
    let orientation = decoded.exif.map_or(Orientation::NoTransforms, exif::orientation);
    let (width, height) = upright((decoded.picture.width(), decoded.picture.height()), orientation);
    // Pixels are shrunk first, so that colours are converted and turned in a fraction of them.
    let (copy, colour_warning) = colour::to_srgb(shrink(decoded.picture), decoded.model, &decoded.profile);
    let copy = turn(copy, orientation);
    let large = (copy.width().max(copy.height()) > THUMBNAIL_SIDE).then(|| thumbnail(&copy, LARGE_THUMBNAIL_SIDE));
    let small = thumbnail(large.as_ref().unwrap_or(&copy), THUMBNAIL_SIDE);
    Ok(Inspected {
        format,
        width,
        height,
        exif: decoded.exif.map(|exif| exif::facts(exif, with_gps)).unwrap_or_default(),
        warnings: format::extension_warning(key, format).into_iter().chain(decoded.warnings).chain(colour_warning).collect(),
        content_sha256: hex_sha256(bytes),
        thumbhash: thumbhash(&small),
        thumbnail: encode(&small, decoded.chroma, THUMBNAIL_QUALITY)?,
        large_thumbnail: large.map(|large| encode(&large, decoded.chroma, LARGE_THUMBNAIL_QUALITY)).transpose()?,
        copy: encode(&copy, decoded.chroma, COPY_QUALITY)?,
    })
}

/// The sides of a picture after it is turned.
fn upright((width, height): (u32, u32), orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => (height, width),
        Orientation::NoTransforms | Orientation::Rotate180 | Orientation::FlipHorizontal | Orientation::FlipVertical => (width, height),
    }
}

fn turn(copy: RgbImage, orientation: Orientation) -> RgbImage {
    let mut copy = DynamicImage::from(copy);
    copy.apply_orientation(orientation);
    copy.into_rgb8()
}

/// Shrinks a picture to the size of the normalised copy: RGB, or four inks if the picture has them.
fn shrink(picture: DynamicImage) -> DynamicImage {
    let (width, height) = shrunk_sides((picture.width(), picture.height()), COPY_SIDE, MIN_SIDE);
    if (width, height) == (picture.width(), picture.height()) {
        return picture;
    }
    match picture {
        DynamicImage::ImageRgba8(inks) => resize_inks(&inks, width, height).into(),
        picture => {
            let picture = picture.into_rgb8();
            let shrunk = resize(&picture, width, height, Filter::Cubic);
            SAMPLES.set(picture.into_raw());
            shrunk.into()
        }
    }
}

/// A thumbnail of a normalised copy whose longest side is at most `longest` px; of a panorama, only the middle part, so that it has the same
/// proportions in every size.
fn thumbnail(copy: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = shrunk_sides(copy.dimensions(), longest, MIN_THUMBNAIL_SIDE * longest / THUMBNAIL_SIDE);
    let shown = (width.min(longest), height.min(longest));
    if shown == copy.dimensions() {
        return copy.clone();
    }
    let side = |side: u32, shown: u32, shrunk: u32| f64::from(side) * f64::from(shown) / f64::from(shrunk);
    let (width, height) = (side(copy.width(), shown.0, width), side(copy.height(), shown.1, height));
    let (left, top) = ((f64::from(copy.width()) - width) / 2.0, (f64::from(copy.height()) - height) / 2.0);
    resize_crop(copy, Crop { left, top, width, height }, shown.0, shown.1)
}

/// The thumbhash of a thumbnail: about 21 bytes that a page paints as a blurred picture until the thumbnail is there.
fn thumbhash(thumbnail: &RgbImage) -> String {
    let (width, height) = shrunk_sides(thumbnail.dimensions(), THUMBHASH_SIDE, 1);
    let tiny = DynamicImage::from(resize(thumbnail, width, height, Filter::Bilinear)).into_rgba8();
    STANDARD.encode(thumbhash::rgba_to_thumb_hash(width as usize, height as usize, tiny.as_raw()))
}

/// The sides, shrunk so that the longest is at most `longest` px, unless that makes the shortest less than `shortest` px.
fn shrunk_sides((width, height): (u32, u32), longest: u32, shortest: u32) -> (u32, u32) {
    let (short, long) = (f64::from(width.min(height)), f64::from(width.max(height)));
    let scale = (f64::from(longest) / long).max(f64::from(shortest) / short).min(1.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a u32 times a scale of at most 1")]
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

/// A JPEG of a picture, without metadata.
///
/// # Errors
/// UNSUPPORTED_FORMAT: a picture that cannot be encoded cannot be accepted.
pub fn encode(picture: &RgbImage, chroma: Chroma, quality: u8) -> Result<Vec<u8>, Rejection> {
    let rejection = |error: &dyn Error| Rejection::new(ReasonCode::UnsupportedFormat, format!("no copy of it can be made: {error}"));
    let side = |side: u32| u16::try_from(side).map_err(|error| rejection(&error));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(match chroma {
        Chroma::Full => SamplingFactor::F_1_1,
        Chroma::Half => SamplingFactor::F_2_2,
    });
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.encode(picture, side(picture.width())?, side(picture.height())?, ColorType::Rgb).map_err(|error| rejection(&error))?;
    Ok(bytes)
}
