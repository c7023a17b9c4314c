//! What a JPEG's markers say, read without decoding a pixel (ITU-T T.81, annex B).

/// The frame of a JPEG.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    pub width: u16,
    pub height: u16,
    /// The decoder has to hold all coefficients of a progressive image.
    pub progressive: bool,
    /// Coefficients per pixel, in sixteenths: 16 for each component that is not subsampled.
    pub coefficients: u64,
    /// The TIFF block of the EXIF segment, if there is one.
    pub exif: Option<Vec<u8>>,
}

/// Walks the markers from start to end; `None` if the file is no JPEG or breaks off before its end marker.
pub fn frame(mut rest: &[u8]) -> Option<Frame> {
    let mut frame = None;
    let mut exif = None;
    rest = rest.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let (marker, after) = next_marker(rest)?;
        if marker == 0xd9 {
            return Some(Frame { exif, ..frame? });
        }
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            rest = after;
            continue;
        }
        let length = usize::from(word(after, 0)?);
        let segment = after.get(2..length)?;
        match marker {
            0xc0..=0xc2 => frame = Some(start_of_frame(marker == 0xc2, segment)?),
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return None, // lossless, hierarchical, arithmetic: nobody reads these
            0xe1 if exif.is_none() => exif = segment.strip_prefix(b"Exif\0\0").map(<[u8]>::to_vec),
            _ => {}
        }
        rest = after.get(length..)?;
    }
}

/// The next marker, after any entropy-coded data and fill bytes, and what follows it.
fn next_marker(mut rest: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = rest.iter().position(|byte| *byte == 0xff)?;
        rest = rest.get(at + 1..)?;
        match rest.first()? {
            0x00 | 0xff => {} // a stuffed byte, or fill
            marker => return Some((*marker, rest.get(1..)?)),
        }
    }
}

fn start_of_frame(progressive: bool, segment: &[u8]) -> Option<Frame> {
    let components = segment.get(6..)?.chunks_exact(3).take(usize::from(*segment.get(5)?));
    let areas: Vec<u64> =
        components.filter_map(|component| component.get(1).map(|sampling| u64::from(sampling >> 4) * u64::from(sampling & 15))).collect();
    let largest = areas.iter().copied().max().filter(|area| *area > 0)?;
    let coefficients = areas.iter().map(|area| area * 16 / largest).sum();
    Some(Frame { width: word(segment, 3)?, height: word(segment, 1)?, progressive, coefficients, exif: None })
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}
