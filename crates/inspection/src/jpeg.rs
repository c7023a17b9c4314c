//! Decodes JPEGs with the same colours as libjpeg.
//!
//! The decoder gets only the segments that it needs and the pixel data. All other segments are read here, so damaged metadata or stray bytes
//! do not prevent decoding, while missing pixels are still an error because the decoder is strict.

mod structure;

use self::structure::{Component, EOI, Frame, Header, PROGRESSIVE, Restarts, Scans, read_header};
use crate::picture::{Chroma, Decoded, Limits, Model, check_size, truncated};
use image::{DynamicImage, RgbImage, RgbaImage};
use sightline_domain::model::Rejection;
use std::mem;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

/// Number of bytes that the decoder reads ahead.
const READ_AHEAD: usize = 8;

/// The colour coding of a frame's samples.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Coding {
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}

/// Decodes a file that begins with SOI. The pixels are put into `memory` if it is large enough.
///
/// # Errors
/// TRUNCATED, UNSUPPORTED_FORMAT, or a rejection of its size.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits, mut memory: Vec<u8>) -> Result<Decoded<'a>, Rejection> {
    let header = read_header(bytes)?;
    check_size(u32::from(header.frame.width), u32::from(header.frame.height), limits)?;
    let coding = coding(&header);
    let mut warnings = Vec::new();
    if coding == Coding::Cmyk && header.adobe_transform.is_none() {
        warnings.push("the file does not say how its CMYK inks are stored; if the colours are inverted, export it as RGB".to_owned());
    }
    let has_irregular_restarts = match header.scans.restarts(&header.frame) {
        Restarts::Regular => false,
        Restarts::Irregular => true,
        Restarts::CutOff => return Err(truncated("its last rows are missing")),
    };
    if has_irregular_restarts {
        warnings.push("restart markers are missing or out of order; parts of the picture may be shifted or blank".to_owned());
    }
    if header.frame.marker == PROGRESSIVE && header.scans.is_missing_scans(&header.frame) {
        warnings.push("the last scans of the progressive picture are missing; it lacks detail".to_owned());
    }
    let stream = if header.frame.marker == PROGRESSIVE {
        [&header.stream, header.scans.bytes].concat()
    } else {
        // Without an end marker, because the decoder fills missing pixels with grey at one, and reports an error at the end of the data.
        [header.stream.as_slice(), header.scans.before_end(), &[0; READ_AHEAD]].concat()
    };
    let samples = decode_samples(&stream, coding, true, &mut memory)
        .or_else(|| decode_without_end_marker(&stream, coding, &header.frame, header.scans))
        .or_else(|| has_irregular_restarts.then(|| decode_samples(&stream, coding, false, &mut memory))?)
        .ok_or_else(|| truncated("its pixels cannot be decoded to the end"))?;
    let (width, height) = (u32::from(header.frame.width), u32::from(header.frame.height));
    let (picture, model) = match coding {
        Coding::Grey => (RgbImage::from_raw(width, height, samples).map(DynamicImage::from), Model::Grey),
        Coding::YCbCr | Coding::Rgb => (RgbImage::from_raw(width, height, samples).map(DynamicImage::from), Model::Rgb),
        Coding::Cmyk | Coding::Ycck => (RgbaImage::from_raw(width, height, samples).map(DynamicImage::from), Model::Cmyk),
    };
    let picture = picture.ok_or_else(|| truncated("pixels are missing"))?;
    let chroma = if has_half_chroma(coding, &header.frame) { Chroma::Half } else { Chroma::Full };
    Ok(Decoded { picture, model, chroma, profile: header.profile, exif: header.exif, warnings })
}

/// Applies the rules of libjpeg (`default_decompress_parms`): JFIF takes precedence over Adobe, Adobe over the component ids.
fn coding(header: &Header<'_>) -> Coding {
    let ids: Vec<u8> = header.frame.components.iter().map(|component| component.id).collect();
    match (ids.as_slice(), header.adobe_transform) {
        ([_], _) => Coding::Grey,
        ([_, _, _, _], None | Some(0)) => Coding::Cmyk,
        ([_, _, _, _], Some(_)) => Coding::Ycck,
        _ if header.has_jfif => Coding::YCbCr,
        (_, Some(0)) | (b"RGB", None) => Coding::Rgb,
        _ => Coding::YCbCr,
    }
}

/// Whether the frame has fewer samples of colour than of brightness.
fn has_half_chroma(coding: Coding, frame: &Frame) -> bool {
    let [brightness, colour @ ..] = frame.components.as_slice() else { return false };
    let samples = |component: &Component| u16::from(component.horizontal) * u16::from(component.vertical);
    coding == Coding::YCbCr && colour.iter().all(|colour| samples(colour) < samples(brightness))
}

/// Decodes a complete progressive picture that has no end marker.
fn decode_without_end_marker(stream: &[u8], coding: Coding, frame: &Frame, scans: Scans<'_>) -> Option<Vec<u8>> {
    if frame.marker != PROGRESSIVE || !scans.is_complete_without_end_marker(frame) {
        return None;
    }
    // The decoder reads missing bits from the bytes that follow. If two different endings give the same pixels, no bits are missing.
    let followed_by = |bits: u8| decode_samples(&[stream, &[bits; 64], &[0xff, EOI]].concat(), coding, true, &mut Vec::new());
    let samples = followed_by(0x00)?;
    (followed_by(0xaa)? == samples).then_some(samples)
}

/// Decodes a stream to three samples per pixel (RGB), or four for inks, where 0 means no ink. `None` if pixels are missing; without
/// `strict`, only if the header is damaged. Takes `memory` for the samples if it is large enough.
fn decode_samples(stream: &[u8], coding: Coding, strict: bool, memory: &mut Vec<u8>) -> Option<Vec<u8>> {
    let any_side = usize::from(u16::MAX);
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(any_side)
        .set_max_height(any_side)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(stream), options);
    decoder.decode_headers().ok()?;
    let assumed = decoder.input_colorspace()?;
    // The decoder converts to RGB what it assumes to be YCbCr or grey; if asked for the assumed colour space, it does not convert.
    let converts = matches!((coding, assumed), (Coding::Grey, ColorSpace::Luma) | (Coding::YCbCr, ColorSpace::YCbCr));
    if !converts {
        decoder.set_options(options.jpeg_set_out_colorspace(assumed));
    }
    let mut samples = zeros(decoder.output_buffer_size()?, memory);
    decoder.decode_into(&mut samples).ok()?;
    match coding {
        Coding::YCbCr if !converts => samples.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = rgb(*pixel)),
        // Inks are stored inverted, following Adobe; browsers assume so even without the Adobe segment.
        Coding::Cmyk => samples.iter_mut().for_each(|ink| *ink = 255 - *ink),
        // Converted to RGB, YCCK gives the inverse of the inverted inks, which are the inks.
        Coding::Ycck => samples.as_chunks_mut::<4>().0.iter_mut().for_each(|[y, cb, cr, black]| {
            [*y, *cb, *cr] = rgb([*y, *cb, *cr]);
            *black = 255 - *black;
        }),
        Coding::Grey | Coding::YCbCr | Coding::Rgb => {}
    }
    Some(samples)
}

/// Zeros, in `memory` if it is large enough. All of it is overwritten, so that pixels of the previous picture never appear where a damaged
/// picture has none.
fn zeros(size: usize, memory: &mut Vec<u8>) -> Vec<u8> {
    let mut zeros = mem::take(memory);
    if zeros.capacity() < size {
        drop(zeros);
        return vec![0; size];
    }
    zeros.clear();
    zeros.resize(size, 0);
    zeros
}

/// Converts YCbCr to RGB (JFIF 1.02, page 3) in 16-bit fixed point.
fn rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb].map(|value| {
        let rounded = (value + (1 << 15)) >> 16;
        u8::try_from(rounded.clamp(0, 255)).unwrap_or(u8::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_the_picture_before_is_used_again_and_overwritten() {
        let mut memory = vec![7; 100];
        let address = memory.as_ptr();
        let smaller = zeros(60, &mut memory);
        assert_eq!((smaller.as_slice(), smaller.as_ptr()), ([0; 60].as_slice(), address));
        let mut memory = vec![7; 100];
        assert_eq!((zeros(200, &mut memory), memory.capacity()), (vec![0; 200], 0), "too small: freed first");
    }
}
