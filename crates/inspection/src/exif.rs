//! Reads EXIF: orientation, time, camera and location.
//!
//! EXIF is a TIFF structure (CIPA DC-008): directories of 12-byte entries that point at values and at further directories. Each fact
//! is looked up separately, so a bad pointer, entry or directory only loses its own facts. There are no loops: the main directory may point
//! to the Exif and the GPS directory, and their pointers are not followed.

use crate::picture::{be16, be32, le16, le32};
use image::metadata::Orientation;
use sightline_domain::model::{ExifFacts, GeoPoint};

/// Maximum length of a text, in characters.
const MAX_TEXT_CHARS: usize = 100;

const MAKE: u16 = 0x010f;
const MODEL: u16 = 0x0110;
const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;
const GPS_DIRECTORY: u16 = 0x8825;
/// Tags of times and of their UTC offsets, most relevant first: taken, digitised, changed.
const TIMES: [(u16, u16); 3] = [(0x9003, 0x9011), (0x9004, 0x9012), (0x0132, 0x9010)];
const LATITUDE_REFERENCE: u16 = 1;
const LATITUDE: u16 = 2;
const LONGITUDE_REFERENCE: u16 = 3;
const LONGITUDE: u16 = 4;

/// The TIFF structure in an EXIF segment or chunk; `None` if there is none. JPEG puts `Exif\0\0` in front of it, PNG and WebP do not, but
/// many writers mix this up.
pub fn tiff(payload: &[u8]) -> Option<&[u8]> {
    let tiff = payload.strip_prefix(b"Exif").and_then(|rest| rest.get(2..)).unwrap_or(payload);
    Tiff::new(tiff).map(|_| tiff)
}

/// Reads the facts from a TIFF structure, the location only if `with_gps`. Unreadable facts are omitted.
pub fn facts(exif: &[u8], with_gps: bool) -> ExifFacts {
    let Some(tiff) = Tiff::new(exif) else { return ExifFacts::default() };
    let directories = tiff.main_and_exif();
    let gps = tiff.pointer(GPS_DIRECTORY).filter(|_| with_gps);
    ExifFacts { taken_at: taken_at(&tiff, directories), camera: camera(&tiff, directories), gps: gps.and_then(|gps| location(&tiff, gps)) }
}

/// How to turn the picture upright; no change if the TIFF structure has no valid orientation.
pub fn orientation(exif: &[u8]) -> Orientation {
    let stored = Tiff::new(exif).and_then(|tiff| first(tiff.main_and_exif(), |directory| tiff.number(directory, ORIENTATION)));
    stored.and_then(|value| u8::try_from(value).ok()).and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

/// A TIFF structure.
struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

/// An entry of a directory. A value that is longer than the file is cut off.
struct Entry<'a> {
    tag: u16,
    kind: u16,
    value: &'a [u8],
}

/// The offset of a directory.
type Directory = usize;

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.first_chunk()? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        Some(Self { bytes, big_endian })
    }

    fn u16(&self, bytes: &[u8], at: usize) -> Option<u16> {
        if self.big_endian { be16(bytes, at) } else { le16(bytes, at) }
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Option<u32> {
        if self.big_endian { be32(bytes, at) } else { le32(bytes, at) }
    }

    /// The main directory. If the header's pointer is invalid, it is expected right after the header, where nearly all writers put it.
    fn main(&self) -> Option<Directory> {
        let pointer = self.u32(self.bytes, 4).and_then(|offset| usize::try_from(offset).ok());
        [pointer, Some(8)].into_iter().flatten().find(|offset| self.entries(*offset).next().is_some())
    }

    fn pointer(&self, tag: u16) -> Option<Directory> {
        self.number(self.main()?, tag).and_then(|offset| usize::try_from(offset).ok())
    }

    /// The two directories that writers put the same entries into.
    fn main_and_exif(&self) -> [Option<Directory>; 2] {
        [self.main(), self.pointer(EXIF_DIRECTORY)]
    }

    /// The entries that the directory declares, as far as the file reaches.
    fn entries(&self, directory: Directory) -> impl Iterator<Item = Entry<'a>> {
        let count = usize::from(self.u16(self.bytes, directory).unwrap_or(0));
        let entries = directory.checked_add(2).and_then(|start| self.bytes.get(start..)).unwrap_or_default();
        entries.chunks_exact(12).take(count).filter_map(|entry| self.entry(entry))
    }

    fn entry(&self, entry: &'a [u8]) -> Option<Entry<'a>> {
        let kind = self.u16(entry, 2)?;
        let size = match kind {
            1 | 2 | 6 | 7 | 129 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        let length = usize::try_from(self.u32(entry, 4)?).ok()?.saturating_mul(size);
        let room = if length <= 4 { entry.get(8..)? } else { self.bytes.get(usize::try_from(self.u32(entry, 8)?).ok()?..)? };
        Some(Entry { tag: self.u16(entry, 0)?, kind, value: room.get(..length).unwrap_or(room) })
    }

    /// The first value that `read` accepts among the entries with this tag.
    fn read<T>(&self, directory: Directory, tag: u16, read: impl Fn(&Entry<'a>) -> Option<T>) -> Option<T> {
        self.entries(directory).filter(|entry| entry.tag == tag).find_map(|entry| read(&entry))
    }

    /// An unsigned number of any width: BYTE, SHORT, LONG or IFD.
    fn number(&self, directory: Directory, tag: u16) -> Option<u32> {
        self.read(directory, tag, |entry| match entry.kind {
            1 => entry.value.first().copied().map(u32::from),
            3 => self.u16(entry.value, 0).map(u32::from),
            4 | 13 => self.u32(entry.value, 0),
            _ => None,
        })
    }

    fn text(&self, directory: Directory, tag: u16) -> Option<String> {
        self.read(directory, tag, text)
    }

    /// Up to three rationals.
    fn rationals(&self, directory: Directory, tag: u16) -> Option<Vec<f64>> {
        self.read(directory, tag, |entry| {
            let pairs = (entry.kind == 5).then(|| entry.value.chunks_exact(8))?.take(3);
            pairs
                .map(|pair| Some(f64::from(self.u32(pair, 0)?) / f64::from(self.u32(pair, 4)?)).filter(|value| value.is_finite()))
                .collect()
        })
    }
}

/// The first value that `read` finds in the directories.
fn first<T>(directories: [Option<Directory>; 2], read: impl Fn(Directory) -> Option<T>) -> Option<T> {
    directories.into_iter().flatten().find_map(read)
}

/// A text (ASCII, UTF-8 or UNDEFINED) without control characters; `None` if nothing is left.
fn text(entry: &Entry<'_>) -> Option<String> {
    let written = matches!(entry.kind, 2 | 7 | 129).then_some(entry.value)?;
    let text = String::from_utf8_lossy(written.split(|byte| *byte == 0).next()?);
    let clean: String = text.chars().filter(|c| !c.is_control()).take(MAX_TEXT_CHARS).collect();
    Some(clean.trim().to_owned()).filter(|clean| !clean.is_empty())
}

/// The most relevant valid time, with its UTC offset if the file has one.
fn taken_at(tiff: &Tiff<'_>, directories: [Option<Directory>; 2]) -> Option<String> {
    let offset_of = |tag| first(directories, |directory| tiff.text(directory, tag)).filter(|offset| is_offset(offset));
    TIMES.into_iter().find_map(|(time, offset)| {
        let written = first(directories, |directory| tiff.read(directory, time, |entry| date_time(&text(entry)?)))?;
        Some(written + &offset_of(offset).unwrap_or_default())
    })
}

/// Parses EXIF's `YYYY:MM:DD hh:mm:ss`; `None` for a time that does not exist.
fn date_time(written: &str) -> Option<String> {
    let bytes = written.as_bytes();
    let separators = [4, 7, 10, 13, 16].map(|index| bytes.get(index).copied());
    if !matches!(separators, [Some(b':' | b'-' | b'/'), Some(b':' | b'-' | b'/'), Some(b' ' | b'T'), Some(b':'), Some(b':')]) {
        return None;
    }
    let number = |start: usize, length: usize| {
        let digits = written.get(start..start + length)?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let days = match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let plausible = year > 0 && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 61;
    plausible.then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

/// Whether a text has the form `+hh:mm` or `-hh:mm`.
fn is_offset(text: &str) -> bool {
    matches!(text.as_bytes(), [b'+' | b'-', h1, h2, b':', m1, m2] if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()))
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// Make and model; the make is left out if the model begins with it.
fn camera(tiff: &Tiff<'_>, directories: [Option<Directory>; 2]) -> Option<String> {
    let text = |tag| first(directories, |directory| tiff.text(directory, tag));
    match (text(MAKE), text(MODEL)) {
        (Some(make), Some(model)) if first_word(&model).eq_ignore_ascii_case(first_word(&make)) => Some(model),
        (Some(make), Some(model)) => Some(format!("{make} {model}")),
        (make, model) => make.or(model),
    }
}

fn location(tiff: &Tiff<'_>, gps: Directory) -> Option<GeoPoint> {
    let latitude = degrees(tiff, gps, LATITUDE, LATITUDE_REFERENCE, "S")?;
    let longitude = degrees(tiff, gps, LONGITUDE, LONGITUDE_REFERENCE, "W")?;
    let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    on_earth.then_some(GeoPoint { latitude, longitude })
}

/// Converts degrees, minutes and seconds (the last two are optional) to decimal degrees.
fn degrees(tiff: &Tiff<'_>, gps: Directory, tag: u16, reference: u16, negative: &str) -> Option<f64> {
    let parts = tiff.rationals(gps, tag)?;
    let part = |index: usize| parts.get(index).copied();
    let value = part(0)? + part(1).unwrap_or(0.0) / 60.0 + part(2).unwrap_or(0.0) / 3600.0;
    let sign = if tiff.text(gps, reference)?.eq_ignore_ascii_case(negative) { -1.0 } else { 1.0 };
    Some((sign * value * 1e6).round() / 1e6)
}
