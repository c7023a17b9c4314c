//! Decodes WebP.
//!
//! The decoder gets a new container with only the chunks of the picture or of the first frame. All other chunks are read here, so metadata
//! that is announced but missing, or cut off at the end of the file, does not prevent decoding.

use crate::{
    colour::flatten,
    exif,
    picture::{Chroma, Decoded, Limits, Model, Profile, check_size, le32, truncated, undecodable},
};
use image::{DynamicImage, ImageDecoder, codecs::webp::WebPDecoder};
use sightline_domain::model::Rejection;
use std::io::Cursor;

/// Flags of `VP8X` (WebP container specification).
const ANIMATION: u8 = 0x02;
const ALPHA: u8 = 0x10;

/// The first chunk of each kind in a file.
#[derive(Default)]
struct Chunks<'a> {
    extended: Option<&'a [u8]>,
    animation: Option<&'a [u8]>,
    frame: Option<&'a [u8]>,
    alpha: Option<&'a [u8]>,
    picture: Option<([u8; 4], &'a [u8])>,
    exif: Option<&'a [u8]>,
    icc: Option<&'a [u8]>,
    is_cut_off: bool,
}

/// Decodes the first frame of a file that begins with `RIFF`, a size and `WEBP`.
///
/// # Errors
/// TRUNCATED, UNSUPPORTED_FORMAT, or a rejection of its size.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, Rejection> {
    let chunks = read_chunks(bytes)?;
    let stream = chunks.container()?;
    let decoder = WebPDecoder::new(Cursor::new(&stream)).map_err(|error| undecodable(&error))?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, limits)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| undecodable(&error))?;
    let (picture, transparency) = flatten(picture);
    // Lossy WebP stores colour at half the resolution, but transparency at the full one (RFC 9649, 2.4 and 2.7.1.2).
    let is_photo = transparency.is_none() && chunks.picture.is_some_and(|(kind, _)| kind == *b"VP8 ");
    let chroma = if is_photo { Chroma::Half } else { Chroma::Full };
    let cut_off = chunks.is_cut_off.then(|| "the file is cut off after its last pixel".to_owned());
    let profile = chunks.icc.map_or(Profile::Absent, |icc| Profile::from_icc(icc.to_vec()));
    Ok(Decoded {
        picture,
        model: Model::Rgb,
        chroma,
        profile,
        exif: chunks.exif,
        warnings: cut_off.into_iter().chain(transparency).collect(),
    })
}

/// Reads the chunks. One that holds pixels must be complete.
fn read_chunks(bytes: &[u8]) -> Result<Chunks<'_>, Rejection> {
    let mut chunks = Chunks::default();
    let end = le32(bytes, 4).and_then(|size| usize::try_from(size).ok()).map_or(0, |size| size.saturating_add(8));
    chunks.is_cut_off = end > bytes.len() + 1; // some writers omit the last padding byte
    let mut offset = 12;
    while let Some((kind, size)) = bytes.get(offset..).and_then(|rest| rest.first_chunk::<4>()).zip(le32(bytes, offset + 4)) {
        if offset >= end && (chunks.frame.is_some() || chunks.picture.is_some()) {
            break; // trailing bytes after the file
        }
        let rest = bytes.get(offset + 8..).unwrap_or_default();
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let is_whole = rest.len() >= size;
        let data = rest.get(..size).unwrap_or(rest);
        // After its first frame, an animation may be cut off anywhere.
        let holds_pixels = matches!(kind, b"VP8 " | b"VP8L" | b"ALPH" | b"ANMF") && chunks.frame.is_none() && chunks.picture.is_none();
        if holds_pixels && !is_whole {
            return Err(truncated("it ends before its last pixel"));
        }
        match kind {
            b"VP8X" => chunks.extended = chunks.extended.or(Some(data)),
            b"ANIM" => chunks.animation = chunks.animation.or(Some(data)),
            b"ANMF" => chunks.frame = chunks.frame.or(Some(data)),
            b"ALPH" => chunks.alpha = chunks.alpha.or(Some(data)),
            b"VP8 " | b"VP8L" => chunks.picture = chunks.picture.or(Some((*kind, data))),
            b"EXIF" => chunks.exif = chunks.exif.or_else(|| exif::tiff(data)),
            b"ICCP" => chunks.icc = chunks.icc.or(Some(data)),
            _ => {}
        }
        if !is_whole {
            chunks.is_cut_off = true;
            break;
        }
        offset += 8 + size + size % 2;
    }
    Ok(chunks)
}

impl Chunks<'_> {
    /// A container with only the picture.
    fn container(&self) -> Result<Vec<u8>, Rejection> {
        let mut body = b"WEBP".to_vec();
        let flags = self.extended.and_then(|extended| extended.first()).copied().unwrap_or(0);
        match (self.extended, self.frame, self.picture) {
            (Some(extended), Some(frame), _) if flags & ANIMATION != 0 => {
                // The area outside the first frame is transparent, even if the flags say otherwise.
                push(&mut body, *b"VP8X", &with_flags(extended, ANIMATION | ALPHA));
                push(&mut body, *b"ANIM", self.animation.unwrap_or(&[0; 6]));
                push(&mut body, *b"ANMF", frame);
            }
            (Some(extended), _, Some((kind, picture))) => {
                // A lossy picture has its alpha in a separate chunk, a lossless one in its pixels.
                let alpha = self.alpha.filter(|_| kind == *b"VP8 ");
                let has_alpha = if kind == *b"VP8 " { alpha.is_some() } else { uses_alpha(picture) };
                push(&mut body, *b"VP8X", &with_flags(extended, if has_alpha { ALPHA } else { 0 }));
                if let Some(alpha) = alpha {
                    push(&mut body, *b"ALPH", alpha);
                }
                push(&mut body, kind, picture);
            }
            (None, _, Some((kind, picture))) => push(&mut body, kind, picture),
            _ => return Err(truncated("it has no pixels")),
        }
        Ok([b"RIFF", &u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes()[..], &body].concat())
    }
}

/// Whether a lossless picture uses its alpha channel: bit 28 after the signature byte (WebP lossless specification, 3).
fn uses_alpha(picture: &[u8]) -> bool {
    le32(picture, 1).is_some_and(|header| header >> 28 & 1 == 1)
}

fn with_flags(extended: &[u8], flags: u8) -> Vec<u8> {
    std::iter::once(flags).chain(extended.iter().copied().skip(1)).collect()
}

fn push(body: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    body.extend(kind);
    body.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    body.extend_from_slice(data);
    if !data.len().is_multiple_of(2) {
        body.push(0);
    }
}
