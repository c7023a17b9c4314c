//! Decodes PNGs with the tone curve that browsers apply.
//!
//! The decoder gets only header, palette, transparency and pixel data. All other chunks are read here.

use crate::{
    colour::flatten,
    exif,
    picture::{Chroma, Decoded, Limits, Model, Profile, be32, check_size, truncated, undecodable, unsupported},
};
use flate2::{Crc, read::ZlibDecoder};
use image::{DynamicImage, ImageBuffer, RgbImage, RgbaImage, codecs::png::PngDecoder};
use moxcms::{Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, MatrixCoefficients, TransferCharacteristics};
use sightline_domain::model::Rejection;
use std::{
    io::{Cursor, Read},
    ops::RangeInclusive,
};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Maximum memory, in bytes, that the decoder may use in addition to the pixels: its row buffers.
const MAX_ROW_BUFFERS: u64 = 32 * 1024 * 1024;

/// Longest ICC profile that is used, in bytes. The largest in public use are printing profiles of two to four megabytes.
const MAX_PROFILE_BYTES: usize = 8 * 1024 * 1024;
/// The exponent of a display's tone curve, also of pictures without `gAMA`.
const DISPLAY_GAMMA: f64 = 2.2;
/// An exponent this close to 1 changes nothing visible; libpng ignores it too.
const GAMMA_THRESHOLD: f64 = 0.05;
/// Values of `gAMA` that libpng accepts, in hundred-thousandths.
const USABLE_GAMMA: RangeInclusive<u32> = 16..=625_000_000;
/// Larger chromaticities are damaged: all colour spaces in use stay below 1.1.
const MAX_CHROMATICITY: u32 = 110_000;
/// Chromaticities of sRGB in the order of `cHRM`: x and y of white, red, green and blue, in hundred-thousandths.
const SRGB_CHROMATICITIES: [u32; 8] = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000];

/// The chunks of a file.
struct Chunks<'a> {
    /// A PNG with only the chunks that the decoder needs.
    stream: Vec<u8>,
    width: u32,
    height: u32,
    is_grey: bool,
    exif: Option<&'a [u8]>,
    colours: Colours<'a>,
    is_complete: bool,
}

/// The chunks about colours (PNG specification, 4.3), in order of precedence: `cICP`, `iCCP`, `sRGB`, then `gAMA` and `cHRM`.
#[derive(Default)]
struct Colours<'a> {
    cicp: Option<&'a [u8]>,
    iccp: Option<&'a [u8]>,
    srgb: bool,
    gamma: Option<u32>,
    chromaticities: Option<[u32; 8]>,
}

/// Decodes a file that begins with the signature.
///
/// # Errors
/// TRUNCATED, UNSUPPORTED_FORMAT, or a rejection of its size.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, Rejection> {
    let chunks = read_chunks(bytes)?;
    check_size(chunks.width, chunks.height, limits)?;
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(MAX_ROW_BUFFERS);
    let decoder = PngDecoder::with_limits(Cursor::new(&chunks.stream), limits).map_err(|error| undecodable(&error))?;
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| undecodable(&error))?;
    let profile = chunks.colours.profile();
    let picture = match chunks.colours.exponent(&profile) {
        Some(exponent) => apply_exponent(picture, exponent),
        None => picture,
    };
    let (picture, transparency) = flatten(picture);
    let cut_off = (!chunks.is_complete).then(|| "the file is cut off after its last pixel".to_owned());
    Ok(Decoded {
        picture,
        model: if chunks.is_grey { Model::Grey } else { Model::Rgb },
        chroma: Chroma::Full,
        profile,
        exif: chunks.exif,
        warnings: cut_off.into_iter().chain(transparency).collect(),
    })
}

fn read_chunks(bytes: &[u8]) -> Result<Chunks<'_>, Rejection> {
    let mut stream = SIGNATURE.to_vec();
    let (mut exif, mut colours, mut has_pixels, mut is_complete) = (None, Colours::default(), false, false);
    let mut offset = SIGNATURE.len();
    let mut header: Option<&[u8]> = None;
    while let Some((length, kind)) = be32(bytes, offset).zip(bytes.get(offset + 4..).and_then(|rest| rest.first_chunk::<4>())) {
        let rest = bytes.get(offset + 8..).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let data = rest.get(..length).unwrap_or(rest);
        let is_whole = rest.len() >= length.saturating_add(4);
        match kind {
            b"IHDR" if header.is_none() && data.len() == 13 => header = Some(data),
            b"CgBI" => {
                return Err(unsupported("a PNG in the form that Xcode makes for iPhones (CgBI); use the picture that it was made from"));
            }
            b"IDAT" | b"PLTE" | b"tRNS" | b"IHDR" => {}
            b"IEND" => {
                is_complete = is_whole;
                break;
            }
            b"eXIf" if exif.is_none() => exif = exif::tiff(data),
            // As in libpng, a damaged chunk or one after the first pixels is ignored.
            b"cICP" | b"iCCP" | b"sRGB" | b"gAMA" | b"cHRM"
                if has_pixels || rest.get(length..).and_then(|rest| be32(rest, 0)) != Some(checksum(*kind, data)) => {}
            b"cICP" | b"iCCP" | b"sRGB" | b"gAMA" | b"cHRM" => colours.add(*kind, data),
            [first, ..] if first.is_ascii_uppercase() && kind.iter().all(u8::is_ascii_alphabetic) => {
                return Err(unsupported("a PNG with an extension that few programs know; save it as an ordinary PNG or as JPEG"));
            }
            _ => {}
        }
        has_pixels |= kind == b"IDAT";
        if header.is_none() {
            break;
        }
        if matches!(kind, b"IHDR" | b"IDAT" | b"PLTE" | b"tRNS") {
            if is_whole {
                stream.extend_from_slice(bytes.get(offset..offset + 12 + length).unwrap_or_default());
            } else {
                // All pixels may still be in it: the decoder checks.
                stream.extend(chunk(*kind, data));
            }
        }
        if !is_whole {
            break;
        }
        offset += 12 + length;
    }
    stream.extend(chunk(*b"IEND", &[]));
    let header = header.ok_or_else(|| truncated("it has no header"))?;
    let (width, height) = (be32(header, 0).unwrap_or(0), be32(header, 4).unwrap_or(0));
    let is_grey = matches!(header.get(9), Some(0 | 4));
    Ok(Chunks { stream, width, height, is_grey, exif, colours, is_complete })
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    [&u32::try_from(data.len()).unwrap_or(0).to_be_bytes()[..], &kind, data, &checksum(kind, data).to_be_bytes()].concat()
}

fn checksum(kind: [u8; 4], data: &[u8]) -> u32 {
    let mut checksum = Crc::new();
    checksum.update(&kind);
    checksum.update(data);
    checksum.sum()
}

fn chromaticities(data: &[u8]) -> Option<[u32; 8]> {
    let values: Vec<u32> = (0..8).filter_map(|offset| be32(data, offset * 4)).filter(|value| *value <= MAX_CHROMATICITY).collect();
    values.try_into().ok()
}

impl<'a> Colours<'a> {
    /// Adds a chunk. The first chunk of each kind counts, as in libpng.
    fn add(&mut self, kind: [u8; 4], data: &'a [u8]) {
        match &kind {
            b"cICP" => self.cicp = self.cicp.or(Some(data)),
            b"iCCP" => self.iccp = self.iccp.or(Some(data)),
            b"sRGB" => self.srgb = true,
            b"gAMA" => self.gamma = self.gamma.or_else(|| be32(data, 0).filter(|gamma| USABLE_GAMMA.contains(gamma))),
            b"cHRM" => self.chromaticities = self.chromaticities.or_else(|| chromaticities(data)),
            _ => {}
        }
    }

    fn profile(&self) -> Profile {
        if let Some(profile) = self.cicp.and_then(from_cicp) {
            return profile;
        }
        match (self.iccp, self.srgb, self.chromaticities) {
            (Some(iccp), ..) => icc(iccp).map_or(Profile::Broken, Profile::from_icc),
            (None, false, Some(chromaticities)) => from_chromaticities(chromaticities),
            _ => Profile::Absent,
        }
    }

    /// The exponent that converts samples (0–1) to samples of a display; `None` if no conversion is needed.
    fn exponent(&self, profile: &Profile) -> Option<f64> {
        let applies = !self.srgb && !matches!(profile, Profile::Icc(_)) && self.cicp.and_then(from_cicp).is_none();
        let exponent = 100_000.0 / (DISPLAY_GAMMA * f64::from(self.gamma.filter(|_| applies)?));
        ((exponent - 1.0).abs() > GAMMA_THRESHOLD).then_some(exponent)
    }
}

/// Unpacks the profile of an `iCCP` chunk: a name, a zero byte, the method, a zlib stream.
fn icc(data: &[u8]) -> Option<Vec<u8>> {
    let name = data.iter().position(|byte| *byte == 0)?;
    let mut profile = Vec::new();
    let most = u64::try_from(MAX_PROFILE_BYTES).unwrap_or(u64::MAX);
    ZlibDecoder::new(data.get(name + 2..)?).take(most + 1).read_to_end(&mut profile).ok()?;
    (!profile.is_empty() && profile.len() <= MAX_PROFILE_BYTES).then_some(profile)
}

/// Reads `cICP`: primaries, transfer, matrix, range (ITU-T H.273). `None` if it is damaged or unspecified, so that other chunks count.
fn from_cicp(data: &[u8]) -> Option<Profile> {
    let [primaries, transfer, 0, 1] = data else { return None };
    if matches!(transfer, 16 | 18) {
        return Some(Profile::Broken); // PQ and HLG: brighter than sRGB can represent
    }
    let color_primaries = CicpColorPrimaries::try_from(*primaries).ok()?;
    let transfer_characteristics = TransferCharacteristics::try_from(*transfer).ok()?;
    let matrix_coefficients = MatrixCoefficients::Identity;
    let cicp = CicpProfile { color_primaries, transfer_characteristics, matrix_coefficients, full_range: true };
    let profile = ColorProfile::new_from_cicp(cicp);
    profile.red_trc.is_some().then(|| Profile::Matrix(Box::new(profile)))
}

/// A profile with these primaries and the tone curve of sRGB, which `apply_exponent` has already produced.
fn from_chromaticities(values: [u32; 8]) -> Profile {
    if values.iter().zip(SRGB_CHROMATICITIES).all(|(value, srgb)| value.abs_diff(srgb) < 1_000) {
        return Profile::Absent;
    }
    #[allow(clippy::cast_possible_truncation, reason = "a share with five digits")]
    let [white_x, white_y, red_x, red_y, green_x, green_y, blue_x, blue_y] = values.map(|value| (f64::from(value) / 100_000.0) as f32);
    let triangle = (red_x - blue_x) * (green_y - blue_y) - (green_x - blue_x) * (red_y - blue_y);
    if triangle.abs() < 0.01 || [white_y, red_y, green_y, blue_y].iter().any(|y| *y < 0.001) {
        return Profile::Absent; // degenerate: libpng and browsers ignore it
    }
    let mut profile = ColorProfile::new_srgb();
    let (red, green, blue) = (Chromaticity::new(red_x, red_y), Chromaticity::new(green_x, green_y), Chromaticity::new(blue_x, blue_y));
    profile.update_rgb_colorimetry(Chromaticity::new(white_x, white_y).to_xyyb(), ColorPrimaries { red, green, blue });
    Profile::Matrix(Box::new(profile))
}

/// Raises each channel except alpha to the power of `exponent`, and converts to 8 bits per channel. 16-bit samples are reduced afterwards,
/// because dark tones of linear light need them.
fn apply_exponent(picture: DynamicImage, exponent: f64) -> DynamicImage {
    let has_alpha = picture.color().has_alpha();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
    let tone = |value: f64| (value.powf(exponent) * 255.0).round() as u8;
    if picture.color().bytes_per_pixel() == 2 * picture.color().channel_count() {
        let tones: Vec<u8> = (0..=u16::MAX).map(|value| tone(f64::from(value) / 65_535.0)).collect();
        let tone = |value: u16| tones.get(usize::from(value)).copied().unwrap_or_default();
        if has_alpha {
            let source = picture.into_rgba16();
            return RgbaImage::from_fn(source.width(), source.height(), |x, y| {
                let image::Rgba([red, green, blue, alpha]) = *source.get_pixel(x, y);
                image::Rgba([tone(red), tone(green), tone(blue), alpha.to_be_bytes()[0]])
            })
            .into();
        }
        let source = picture.into_rgb16();
        let (width, height) = source.dimensions();
        let samples = source.into_raw().into_iter().map(tone).collect();
        return ImageBuffer::from_raw(width, height, samples).map_or_else(|| RgbImage::new(width, height).into(), DynamicImage::ImageRgb8);
    }
    let tones: Vec<u8> = (0..=u8::MAX).map(|value| tone(f64::from(value) / 255.0)).collect();
    let tone = |value: &mut u8| *value = tones.get(usize::from(*value)).copied().unwrap_or_default();
    if has_alpha {
        let mut picture = picture.into_rgba8();
        picture.pixels_mut().for_each(|image::Rgba([red, green, blue, _])| [red, green, blue].into_iter().for_each(tone));
        return picture.into();
    }
    let mut picture = picture.into_rgb8();
    picture.iter_mut().for_each(tone);
    picture.into()
}
