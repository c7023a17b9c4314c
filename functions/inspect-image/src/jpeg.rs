//! JPEG: header segments, and decoding with the colours that libjpeg shows.
//!
//! The decoder gets a stream of its own: the segments that it needs, and the pixel data. Everything else is read here, so a slip between
//! segments, or in one that holds metadata, does no harm; missing pixels still end in an error, since the decoder is strict.

use crate::{
    bytes::be16,
    camera,
    colour::{Model, Profile},
    decode::{Decoded, check_size, truncated, unsupported, upright},
    inspect::Limits,
    scans::{Restarts, Scans},
};
use image::{DynamicImage, RgbImage, RgbaImage};
use sightline_domain::model::rejection::Rejection;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

// Markers (ITU-T T.81, table B.1).
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const COM: u8 = 0xfe;
const DHP: u8 = 0xde;
const DHT: u8 = 0xc4;
const DQT: u8 = 0xdb;
pub const DRI: u8 = 0xdd;
pub const EOI: u8 = 0xd9;
const JPEG_LS: u8 = 0xf7;
const PROGRESSIVE: u8 = 0xc2;
pub const SOS: u8 = 0xda;

/// An APP0 segment that makes the decoder use the Huffman tables of ITU-T T.81, annex K, as frames of Motion JPEG leave them out.
const STANDARD_TABLES: [u8; 9] = [0xff, APP0, 0, 7, b'A', b'V', b'I', b'1', 0];

/// How far the decoder reads ahead, bytes.
const READ_AHEAD: usize = 8;

/// The frame header (SOF).
pub struct Frame {
    marker: u8,
    bits: u8,
    pub width: u16,
    pub height: u16,
    pub components: Vec<Component>,
}

/// A component of a frame: its id and how often it is sampled in a block of pixels.
pub struct Component {
    pub id: u8,
    pub horizontal: u8,
    pub vertical: u8,
}

/// What stands in front of the pixel data.
struct Header<'a> {
    /// Tables, frame and first scan header, as the decoder needs them, from SOI on.
    stream: Vec<u8>,
    /// Pixel data, further scans.
    scans: Scans<'a>,
    frame: Frame,
    jfif: bool,
    adobe_transform: Option<u8>,
    exif: Option<&'a [u8]>,
    profile: Profile,
}

/// How the samples of a frame make colours.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Coding {
    Grey,
    YCbCr,
    Rgb,
    Cmyk,
    Ycck,
}

/// Decodes `bytes`, which begin with SOI.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, Rejection> {
    let header = header(bytes)?;
    check_size(u32::from(header.frame.width), u32::from(header.frame.height), limits)?;
    let coding = coding(&header);
    let mut warnings = Vec::new();
    if coding == Coding::Cmyk && header.adobe_transform.is_none() {
        warnings.push("the file does not say how its CMYK inks are stored; if the colours are inverted, export it as RGB".to_owned());
    }
    let are_irregular = match header.scans.restarts(&header.frame) {
        Restarts::Regular => false,
        Restarts::Irregular => true,
        Restarts::CutOff => return Err(truncated("its last rows are missing")),
    };
    if are_irregular {
        warnings.push("restart markers are missing or out of order; parts of the picture may be shifted or blank".to_owned());
    }
    if header.frame.marker == PROGRESSIVE && header.scans.lack_detail(&header.frame) {
        warnings.push("the last scans of the progressive picture are missing; it lacks detail".to_owned());
    }
    let stream = if header.frame.marker == PROGRESSIVE {
        [&header.stream, header.scans.bytes].concat()
    } else {
        // At an end marker the decoder fills missing pixels with grey; where the data just ends, it reports an error.
        [header.stream.as_slice(), header.scans.before_end(), &[0; READ_AHEAD]].concat()
    };
    let samples = decoded(&stream, coding, true)
        .or_else(|| decoded_without_end(&stream, coding, &header.frame, header.scans))
        .or_else(|| are_irregular.then(|| decoded(&stream, coding, false))?)
        .ok_or_else(|| truncated("its pixels cannot be decoded to the end"))?;
    let (width, height) = (u32::from(header.frame.width), u32::from(header.frame.height));
    let (picture, model) = match coding {
        Coding::Grey => (RgbImage::from_raw(width, height, samples).map(DynamicImage::from), Model::Grey),
        Coding::YCbCr | Coding::Rgb => (RgbImage::from_raw(width, height, samples).map(DynamicImage::from), Model::Rgb),
        Coding::Cmyk | Coding::Ycck => (RgbaImage::from_raw(width, height, samples).map(DynamicImage::from), Model::Cmyk),
    };
    let picture = upright(picture.ok_or_else(|| truncated("pixels are missing"))?, header.exif);
    Ok(Decoded { picture, model, profile: header.profile, exif: header.exif, warnings })
}

/// Walks the segments up to the first scan.
fn header(bytes: &[u8]) -> Result<Header<'_>, Rejection> {
    let ends_early = || truncated("it ends before its first pixel");
    let mut stream = vec![0xff, 0xd8];
    let (mut frame, mut restart_interval) = (None, 0);
    let (mut jfif, mut adobe_transform, mut exif, mut has_huffman_tables) = (false, None, None, false);
    let mut icc = IccParts::default();
    let mut place = 2;
    loop {
        let marker = next_marker(bytes, &mut place).ok_or_else(ends_early)?;
        match marker {
            // Without a length: TEM, RST, SOI.
            0x01 | 0xd0..=0xd8 => continue,
            EOI => return Err(truncated("it has no pixels")),
            // Reserved: a segment if it looks like one.
            0x02..=0xbf | 0xf0..=0xf6 | 0xf8..=0xfd => {
                place = segment_end(bytes, place).filter(|end| bytes.get(*end) == Some(&0xff)).unwrap_or(place);
                continue;
            }
            _ => {}
        }
        let Some(end) = segment_end(bytes, place) else {
            if matches!(marker, APP0..=0xef | COM) {
                continue; // its length is damaged; what follows counts as stray bytes
            }
            return Err(ends_early());
        };
        let data = bytes.get(place + 2..end).ok_or_else(ends_early)?;
        let whole = bytes.get(place..end).ok_or_else(ends_early)?;
        place = end;
        match marker {
            APP0 => jfif |= data.starts_with(b"JFIF\0"),
            APP1 if exif.is_none() && data.starts_with(b"Exif") => exif = camera::tiff(data),
            APP2 if data.starts_with(b"ICC_PROFILE\0") => icc.add(data.get(12..).unwrap_or_default()),
            APP14 if data.starts_with(b"Adobe") => adobe_transform = data.get(11).copied().or(adobe_transform),
            0xc0..=0xcf | DHP | JPEG_LS if !matches!(marker, DHT | 0xc8 | 0xcc) => {
                let read = read_frame(marker, data).ok_or_else(ends_early)?;
                refuse_unsupported(&read)?;
                frame = Some(read);
            }
            DRI => restart_interval = be16(data, 0).unwrap_or(0),
            _ => {}
        }
        has_huffman_tables |= marker == DHT;
        if marker == SOS && !has_huffman_tables {
            stream.extend(STANDARD_TABLES);
        }
        if matches!(marker, 0xc0..=0xc2 | DHT | DQT | DRI | SOS) {
            stream.extend([0xff, marker]);
            stream.extend_from_slice(whole);
        }
        if marker == SOS {
            let frame = frame.ok_or_else(|| truncated("it has no frame header"))?;
            let scans = Scans { bytes: bytes.get(place..).unwrap_or_default(), first: data, restart_interval };
            return Ok(Header { stream, scans, frame, jfif, adobe_transform, exif, profile: icc.profile() });
        }
    }
}

/// The next marker, from `place` on; leaves `place` behind it. Skips stray bytes and fill bytes, as libjpeg does.
fn next_marker(bytes: &[u8], place: &mut usize) -> Option<u8> {
    // A segment whose 0xff is damaged: its data may hold markers of a thumbnail, so it is skipped as a whole.
    if let [first, APP0..=0xef | COM, ..] = bytes.get(*place..)?
        && *first != 0xff
        && let Some(end) = segment_end(bytes, *place + 2)
        && bytes.get(end) == Some(&0xff)
    {
        *place = end;
    }
    loop {
        *place += bytes.get(*place..)?.iter().position(|byte| *byte == 0xff)?;
        *place += bytes.get(*place..)?.iter().position(|byte| *byte != 0xff)?;
        let marker = *bytes.get(*place)?;
        *place += 1;
        if marker != 0 {
            return Some(marker);
        }
    }
}

/// Where the segment ends whose length is at `place`; `None` where the length is too small or leads beyond the end.
pub fn segment_end(bytes: &[u8], place: usize) -> Option<usize> {
    let length = usize::from(be16(bytes, place)?);
    (length >= 2 && place + length <= bytes.len()).then_some(place + length)
}

fn read_frame(marker: u8, data: &[u8]) -> Option<Frame> {
    let components = data.get(6..)?.chunks_exact(3).take(usize::from(*data.get(5)?));
    let components = components.filter_map(|component| match component {
        [id, sampling, _] => Some(Component { id: *id, horizontal: sampling >> 4, vertical: sampling & 0x0f }),
        _ => None,
    });
    Some(Frame { marker, bits: *data.first()?, height: be16(data, 1)?, width: be16(data, 3)?, components: components.collect() })
}

fn refuse_unsupported(frame: &Frame) -> Result<(), Rejection> {
    let kind = match (frame.marker, frame.bits, frame.components.len()) {
        (0xc3 | 0xcb, ..) => "a lossless JPEG".to_owned(),
        (0xc9 | 0xca, ..) => "a JPEG with arithmetic coding".to_owned(),
        (0xc5..=0xc7 | 0xcd..=0xcf | DHP, ..) => "a hierarchical JPEG".to_owned(),
        (JPEG_LS, ..) => "a JPEG-LS picture".to_owned(),
        (_, bits, _) if bits != 8 => format!("a JPEG with {bits} bits per sample"),
        (.., components) if !matches!(components, 1 | 3 | 4) => format!("a JPEG with {components} colour components"),
        _ if !has_usual_sampling(frame) => "a JPEG with unusual sampling factors".to_owned(),
        _ if frame.height == 0 => "a JPEG whose height is not in its header".to_owned(),
        _ => return Ok(()),
    };
    Err(unsupported(&format!("{kind}; save it as an ordinary JPEG (8 bits per sample, Huffman coding) or as PNG")))
}

/// Whether the first component is sampled most often and the factors are powers of two: the decoder shows others wrongly.
fn has_usual_sampling(frame: &Frame) -> bool {
    let Some(first) = frame.components.first() else { return false };
    let fits = |factor: u8, most: u8| factor.is_power_of_two() && factor <= most;
    let component = |one: &Component| fits(one.horizontal, first.horizontal) && fits(one.vertical, first.vertical);
    frame.components.len() == 1 || frame.components.iter().all(component)
}

/// The rules of libjpeg (`default_decompress_parms`): JFIF outranks Adobe, Adobe outranks the ids of the components.
fn coding(header: &Header<'_>) -> Coding {
    let ids: Vec<u8> = header.frame.components.iter().map(|component| component.id).collect();
    match (ids.as_slice(), header.adobe_transform) {
        ([_], _) => Coding::Grey,
        ([_, _, _, _], None | Some(0)) => Coding::Cmyk,
        ([_, _, _, _], Some(_)) => Coding::Ycck,
        _ if header.jfif => Coding::YCbCr,
        (_, Some(0)) | (b"RGB", None) => Coding::Rgb,
        _ => Coding::YCbCr,
    }
}

/// A progressive picture that lacks its end marker: all scans are there, and what follows them changes nothing.
fn decoded_without_end(stream: &[u8], coding: Coding, frame: &Frame, scans: Scans<'_>) -> Option<Vec<u8>> {
    if frame.marker != PROGRESSIVE || !scans.lack_only_the_end(frame) {
        return None;
    }
    // The decoder takes missing bits for what follows, so it is given two different ends.
    let followed_by = |bits: u8| decoded(&[stream, &[bits; 64], &[0xff, EOI]].concat(), coding, true);
    let samples = followed_by(0x00)?;
    (followed_by(0xaa)? == samples).then_some(samples)
}

/// Three samples a pixel, RGB; four for inks, where 0 is no ink. `None` where pixels are missing; unless `strict`, only where the header
/// is damaged.
fn decoded(stream: &[u8], coding: Coding, strict: bool) -> Option<Vec<u8>> {
    let any_side = usize::from(u16::MAX);
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(any_side)
        .set_max_height(any_side)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(stream), options);
    decoder.decode_headers().ok()?;
    let assumed = decoder.input_colorspace()?;
    // The decoder converts what it takes for YCbCr or grey; asked for its own colour space, it leaves the samples alone.
    let converts = matches!((coding, assumed), (Coding::Grey, ColorSpace::Luma) | (Coding::YCbCr, ColorSpace::YCbCr));
    if !converts {
        decoder.set_options(options.jpeg_set_out_colorspace(assumed));
    }
    let mut samples = decoder.decode().ok()?;
    match coding {
        Coding::YCbCr if !converts => samples.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = rgb(*pixel)),
        // Inks are stored inverted, as Adobe began it; browsers take them for inverted without its marker, too.
        Coding::Cmyk => samples.iter_mut().for_each(|ink| *ink = 255 - *ink),
        // Of YCCK libjpeg makes inverted inks that are the inverse of RGB.
        Coding::Ycck => samples.as_chunks_mut::<4>().0.iter_mut().for_each(|[y, cb, cr, black]| {
            [*y, *cb, *cr] = rgb([*y, *cb, *cr]);
            *black = 255 - *black;
        }),
        Coding::Grey | Coding::YCbCr | Coding::Rgb => {}
    }
    Some(samples)
}

/// JFIF 1.02, page 3, in 16-bit fixed point.
fn rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    [y + 91_881 * cr, y - 22_554 * cb - 46_802 * cr, y + 116_130 * cb].map(|value| {
        let rounded = (value + (1 << 15)) >> 16;
        u8::try_from(rounded.clamp(0, 255)).unwrap_or(u8::MAX)
    })
}

/// The parts of an ICC profile (ICC.1, annex B.4): number, count, data.
#[derive(Default)]
struct IccParts<'a> {
    parts: Vec<(u8, u8, &'a [u8])>,
    is_damaged: bool,
}

impl<'a> IccParts<'a> {
    fn add(&mut self, part: &'a [u8]) {
        match part {
            [number, count, data @ ..] => self.parts.push((*number, *count, data)),
            _ => self.is_damaged = true,
        }
    }

    /// Complete only if the parts are numbered from 1 to their count, each once.
    fn profile(mut self) -> Profile {
        if self.parts.is_empty() && !self.is_damaged {
            return Profile::Absent;
        }
        self.parts.sort_by_key(|(number, ..)| *number);
        let count = self.parts.len();
        let is_complete = (1..).zip(&self.parts).all(|(at, (number, of, _))| usize::from(*number) == at && usize::from(*of) == count);
        let profile: Vec<u8> = self.parts.into_iter().flat_map(|(.., data)| data).copied().collect();
        if is_complete && !self.is_damaged { Profile::of_icc(profile) } else { Profile::Broken }
    }
}
