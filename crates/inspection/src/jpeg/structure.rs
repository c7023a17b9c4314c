//! The structure of a JPEG file, read without decoding: the segments before the first scan, and whether all scans are complete.
//!
//! The walk follows libjpeg: stray bytes between segments and damaged metadata are skipped.

use crate::{
    exif,
    picture::{Profile, be16, truncated, unsupported},
};
use sightline_domain::model::Rejection;

// Markers (ITU-T T.81, table B.1).
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const COM: u8 = 0xfe;
const DHP: u8 = 0xde;
const DHT: u8 = 0xc4;
const DQT: u8 = 0xdb;
const DRI: u8 = 0xdd;
pub const EOI: u8 = 0xd9;
const JPEG_LS: u8 = 0xf7;
pub const PROGRESSIVE: u8 = 0xc2;
const SOS: u8 = 0xda;

/// An APP0 segment that makes the decoder use the standard Huffman tables (ITU-T T.81, annex K), which frames of Motion JPEG omit.
const STANDARD_TABLES: [u8; 9] = [0xff, APP0, 0, 7, b'A', b'V', b'I', b'1', 0];

/// The frame header (SOF).
pub struct Frame {
    pub marker: u8,
    bits: u8,
    pub width: u16,
    pub height: u16,
    pub components: Vec<Component>,
}

/// A colour component of a frame: its id and sampling factors.
pub struct Component {
    pub id: u8,
    pub horizontal: u8,
    pub vertical: u8,
}

/// Everything before the pixel data, and the scans.
pub struct Header<'a> {
    /// SOI, tables, frame header and first scan header: what the decoder needs.
    pub stream: Vec<u8>,
    pub scans: Scans<'a>,
    pub frame: Frame,
    pub has_jfif: bool,
    pub adobe_transform: Option<u8>,
    pub exif: Option<&'a [u8]>,
    pub profile: Profile,
}

/// Walks the segments up to the first scan.
///
/// # Errors
/// TRUNCATED if there is no scan, UNSUPPORTED_FORMAT for a kind of JPEG that is not decoded.
pub fn read_header(bytes: &[u8]) -> Result<Header<'_>, Rejection> {
    let truncated_header = || truncated("it ends before its first pixel");
    let mut stream = vec![0xff, 0xd8];
    let (mut frame, mut restart_interval) = (None, 0);
    let (mut has_jfif, mut adobe_transform, mut exif, mut has_huffman_tables) = (false, None, None, false);
    let mut icc = IccParts::default();
    let mut offset = 2;
    loop {
        let marker = next_marker(bytes, &mut offset).ok_or_else(truncated_header)?;
        match marker {
            // TEM, RST and SOI have no length.
            0x01 | 0xd0..=0xd8 => continue,
            EOI => return Err(truncated("it has no pixels")),
            // Reserved markers: a segment if another marker follows its end.
            0x02..=0xbf | 0xf0..=0xf6 | 0xf8..=0xfd => {
                offset = segment_end(bytes, offset).filter(|end| bytes.get(*end) == Some(&0xff)).unwrap_or(offset);
                continue;
            }
            _ => {}
        }
        let Some(end) = segment_end(bytes, offset) else {
            if matches!(marker, APP0..=0xef | COM) {
                continue; // damaged length: its data is skipped as stray bytes
            }
            return Err(truncated_header());
        };
        let data = bytes.get(offset + 2..end).ok_or_else(truncated_header)?;
        let whole = bytes.get(offset..end).ok_or_else(truncated_header)?;
        offset = end;
        match marker {
            APP0 => has_jfif |= data.starts_with(b"JFIF\0"),
            APP1 if exif.is_none() && data.starts_with(b"Exif") => exif = exif::tiff(data),
            APP2 if data.starts_with(b"ICC_PROFILE\0") => icc.add(data.get(12..).unwrap_or_default()),
            APP14 if data.starts_with(b"Adobe") => adobe_transform = data.get(11).copied().or(adobe_transform),
            0xc0..=0xcf | DHP | JPEG_LS if !matches!(marker, DHT | 0xc8 | 0xcc) => {
                let read = read_frame(marker, data).ok_or_else(truncated_header)?;
                check_supported(&read)?;
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
            let scans = Scans { bytes: bytes.get(offset..).unwrap_or_default(), first_header: data, restart_interval };
            return Ok(Header { stream, scans, frame, has_jfif, adobe_transform, exif, profile: icc.profile() });
        }
    }
}

/// The next marker at or after `offset`, which moves past it. Skips stray bytes and fill bytes.
fn next_marker(bytes: &[u8], offset: &mut usize) -> Option<u8> {
    // A segment whose 0xff is damaged is skipped as a whole: its data may contain the markers of a thumbnail.
    if let [first, APP0..=0xef | COM, ..] = bytes.get(*offset..)?
        && *first != 0xff
        && let Some(end) = segment_end(bytes, *offset + 2)
        && bytes.get(end) == Some(&0xff)
    {
        *offset = end;
    }
    loop {
        *offset += bytes.get(*offset..)?.iter().position(|byte| *byte == 0xff)?;
        *offset += bytes.get(*offset..)?.iter().position(|byte| *byte != 0xff)?;
        let marker = *bytes.get(*offset)?;
        *offset += 1;
        if marker != 0 {
            return Some(marker);
        }
    }
}

/// The end of the segment whose length is at `offset`; `None` if the length is too small or leads beyond the end of the file.
fn segment_end(bytes: &[u8], offset: usize) -> Option<usize> {
    let length = usize::from(be16(bytes, offset)?);
    (length >= 2 && offset + length <= bytes.len()).then_some(offset + length)
}

fn read_frame(marker: u8, data: &[u8]) -> Option<Frame> {
    let components = data.get(6..)?.chunks_exact(3).take(usize::from(*data.get(5)?));
    let components = components.filter_map(|component| match component {
        [id, sampling, _] => Some(Component { id: *id, horizontal: sampling >> 4, vertical: sampling & 0x0f }),
        _ => None,
    });
    Some(Frame { marker, bits: *data.first()?, height: be16(data, 1)?, width: be16(data, 3)?, components: components.collect() })
}

fn check_supported(frame: &Frame) -> Result<(), Rejection> {
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

/// Whether the first component has the largest sampling factors and all are powers of two: the decoder gets others wrong.
fn has_usual_sampling(frame: &Frame) -> bool {
    let Some(first) = frame.components.first() else { return false };
    let fits = |factor: u8, most: u8| factor.is_power_of_two() && factor <= most;
    let component = |one: &Component| fits(one.horizontal, first.horizontal) && fits(one.vertical, first.vertical);
    frame.components.len() == 1 || frame.components.iter().all(component)
}

/// The parts of an ICC profile, one per APP2 segment: number, count, data (ICC.1, annex B.4).
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
        if is_complete && !self.is_damaged { Profile::from_icc(profile) } else { Profile::Broken }
    }
}

/// Maximum number of scans; encoders write about ten, and the decoder accepts no more than this.
const MAX_SCANS: usize = 100;

/// The scans of a JPEG.
#[derive(Clone, Copy)]
pub struct Scans<'a> {
    /// From the data of the first scan to the end of the file.
    pub bytes: &'a [u8],
    /// The data of the first SOS segment.
    pub first_header: &'a [u8],
    /// The restart interval of the first scan, in MCUs; 0 for none.
    pub restart_interval: u16,
}

/// Whether a file has the restart markers that its intervals require.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarts {
    /// It has all, in order; or needs none, or ends within a scan.
    Regular,
    /// Some are missing in the middle or have wrong numbers: the pixels after them are shifted.
    Irregular,
    /// The last ones of a scan are missing: the file was cut off and an end marker appended.
    CutOff,
}

struct Scan<'a> {
    header: &'a [u8],
    interval: usize,
    /// The numbers of its restart markers.
    restarts: Vec<u8>,
    /// Whether a marker follows its data, so that it is not cut off.
    has_end: bool,
}

impl<'a> Scans<'a> {
    /// Checks the restart markers. One without an interval is damage: the decoder stops there as at an end marker.
    pub fn restarts(self, frame: &Frame) -> Restarts {
        let mut all = Restarts::Regular;
        for scan in self.iter().filter(|scan| scan.has_end) {
            if scan.interval == 0 {
                if scan.restarts.is_empty() {
                    continue;
                }
                return Restarts::CutOff;
            }
            match mcu_count(frame, scan.header).map(|mcus| compare_restarts(&scan.restarts, mcus.div_ceil(scan.interval) - 1)) {
                Some(Restarts::CutOff) => return Restarts::CutOff,
                Some(Restarts::Irregular) => all = Restarts::Irregular,
                Some(Restarts::Regular) | None => {}
            }
        }
        all
    }

    /// The data of all scans, without the end marker.
    pub fn before_end(self) -> &'a [u8] {
        let (mut offset, mut interval) = (0, 0);
        while let Some(end) = end_of_data(self.bytes, offset, &mut Vec::new()) {
            offset = end;
            if next_scan_header(self.bytes, &mut offset, &mut interval).is_none() {
                let (data, rest) = self.bytes.split_at(offset.min(self.bytes.len()));
                return if rest.starts_with(&[0xff, EOI]) { data } else { self.bytes };
            }
        }
        self.bytes
    }

    /// Whether a progressive picture is complete, but the file ends without an end marker.
    pub fn is_complete_without_end_marker(self, frame: &Frame) -> bool {
        let scans: Vec<Scan<'_>> = self.iter().take(MAX_SCANS + 1).collect();
        scans.len() <= MAX_SCANS && scans.last().is_some_and(|scan| !scan.has_end) && are_all_bits_present(&scans, frame)
    }

    /// Whether a progressive picture has an end marker, but scans before it are missing.
    pub fn is_missing_scans(self, frame: &Frame) -> bool {
        let scans: Vec<Scan<'_>> = self.iter().take(MAX_SCANS + 1).collect();
        scans.len() <= MAX_SCANS && scans.last().is_some_and(|scan| scan.has_end) && !are_all_bits_present(&scans, frame)
    }

    /// Iterates over the scans up to the end of the picture or of the file.
    fn iter(self) -> impl Iterator<Item = Scan<'a>> {
        let (mut offset, mut header, mut interval) = (0, Some(self.first_header), usize::from(self.restart_interval));
        std::iter::from_fn(move || {
            let mut scan = Scan { header: header.take()?, interval, restarts: Vec::new(), has_end: false };
            if let Some(end) = end_of_data(self.bytes, offset, &mut scan.restarts) {
                scan.has_end = true;
                offset = end;
                header = next_scan_header(self.bytes, &mut offset, &mut interval);
            }
            Some(scan)
        })
    }
}

/// Whether the scans together contain all bits of all coefficients of all components (ITU-T T.81, G.1.1.1).
fn are_all_bits_present(scans: &[Scan<'_>], frame: &Frame) -> bool {
    // For each component, the number of low bits that 64 coefficients still lack.
    let mut missing: Vec<(u8, [u8; 64])> = frame.components.iter().map(|component| (component.id, [u8::MAX; 64])).collect();
    for scan in scans {
        let Some((count, rest)) = scan.header.split_first() else { return false };
        let Some((components, [start, end, bits])) = rest.split_at_checked(2 * usize::from(*count)) else { return false };
        for (id, coefficients) in &mut missing {
            if components.iter().step_by(2).any(|known| known == id) {
                let part = coefficients.get_mut(usize::from(*start)..=usize::from(*end)).unwrap_or_default();
                part.fill(bits & 0x0f);
            }
        }
    }
    missing.iter().all(|(_, coefficients)| coefficients.iter().all(|bit| *bit == 0))
}

/// The end of the entropy-coded data that begins at `offset`: the first marker that is not a restart marker. `None` if the file ends first.
fn end_of_data(bytes: &[u8], mut offset: usize, restarts: &mut Vec<u8>) -> Option<usize> {
    loop {
        offset += bytes.get(offset..)?.iter().position(|byte| *byte == 0xff)?;
        match *bytes.get(offset + 1)? {
            0x00 => offset += 2,
            0xff => offset += 1,
            marker @ 0xd0..=0xd7 => {
                restarts.push(marker - 0xd0);
                offset += 2;
            }
            _ => return Some(offset),
        }
    }
}

/// The data of the next SOS segment, after any tables; `offset` moves past it. `None` at the end of the picture.
fn next_scan_header<'a>(bytes: &'a [u8], offset: &mut usize, interval: &mut usize) -> Option<&'a [u8]> {
    loop {
        let marker = *bytes.get(*offset + 1)?;
        if bytes.get(*offset) != Some(&0xff) || marker == EOI {
            return None;
        }
        let end = segment_end(bytes, *offset + 2)?;
        let data = bytes.get(*offset + 4..end)?;
        *offset = end;
        match marker {
            DRI => *interval = usize::from(be16(data, 0)?),
            SOS => return Some(data),
            _ => {}
        }
    }
}

/// Compares the numbers of restart markers, which count from 0 to 7 and start again, with the expected number of markers. A gap in the
/// numbers counts as missing markers, unless the scan is not missing that many.
fn compare_restarts(found: &[u8], expected: usize) -> Restarts {
    let (mut missing, mut next) = (expected.saturating_sub(found.len()), 0);
    let mut is_regular = found.len() == expected;
    for number in found {
        let gap = usize::from((number + 8 - next) % 8);
        is_regular &= gap == 0;
        missing -= if gap <= missing { gap } else { 0 };
        next = (number + 1) % 8;
    }
    match missing {
        2.. => Restarts::CutOff,
        _ if is_regular => Restarts::Regular,
        _ => Restarts::Irregular,
    }
}

/// The number of MCUs of a scan: one block each if the scan has one component, else a group of blocks (ITU-T T.81, A.2).
fn mcu_count(frame: &Frame, scan_header: &[u8]) -> Option<usize> {
    let most = |sampling: fn(&Component) -> u8| frame.components.iter().map(sampling).max().map(|most| usize::from(most.max(1)));
    let (horizontal, vertical) = (most(|component| component.horizontal)?, most(|component| component.vertical)?);
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let (across, down) = match scan_header {
        [1, id, ..] => {
            let component = frame.components.iter().find(|component| component.id == *id)?;
            let blocks = |side: usize, sampling: u8, most: usize| (side * usize::from(sampling)).div_ceil(most).div_ceil(8);
            (blocks(width, component.horizontal, horizontal), blocks(height, component.vertical, vertical))
        }
        _ => (width.div_ceil(8 * horizontal), height.div_ceil(8 * vertical)),
    };
    Some(across * down).filter(|mcus| *mcus > 0)
}
