//! The scans of a JPEG, looked at without decoding: whether their restart markers and, in a progressive picture, the scans are all there.

use crate::{
    bytes::be16,
    jpeg::{Component, DRI, EOI, Frame, SOS, segment_end},
};

/// Most scans that are looked at; encoders write about ten, and the decoder takes no more than this.
const MAX_SCANS: usize = 100;

/// What follows the header of a JPEG.
#[derive(Clone, Copy)]
pub struct Scans<'a> {
    /// From the data of the first scan on.
    pub bytes: &'a [u8],
    /// What the SOS segment of the first scan holds.
    pub first: &'a [u8],
    /// The restart interval of the first scan, in units; 0 for none.
    pub restart_interval: u16,
}

/// How the restart markers of a file fit its intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarts {
    /// All are there, in order; or the file has none, or it ends within a scan.
    Regular,
    /// Some are missing in between, or have wrong numbers: what is behind them is shifted.
    Irregular,
    /// The last ones of a scan are missing: the file was cut off and closed again.
    CutOff,
}

struct Scan<'a> {
    header: &'a [u8],
    interval: usize,
    /// The numbers of its restart markers.
    restarts: Vec<u8>,
    /// Whether a marker follows its data.
    has_end: bool,
}

impl<'a> Scans<'a> {
    /// A restart marker without an interval is damage: the decoder ends at it, as at an end marker.
    pub fn restarts(self, frame: &Frame) -> Restarts {
        let mut all = Restarts::Regular;
        for scan in self.walk().filter(|scan| scan.has_end) {
            if scan.interval == 0 {
                if scan.restarts.is_empty() {
                    continue;
                }
                return Restarts::CutOff;
            }
            match units(frame, scan.header).map(|units| compare(&scan.restarts, units.div_ceil(scan.interval) - 1)) {
                Some(Restarts::CutOff) => return Restarts::CutOff,
                Some(Restarts::Irregular) => all = Restarts::Irregular,
                Some(Restarts::Regular) | None => {}
            }
        }
        all
    }

    /// The data of all scans, without the end marker.
    pub fn before_end(self) -> &'a [u8] {
        let (mut place, mut interval) = (0, 0);
        while let Some(end) = end_of_data(self.bytes, place, &mut Vec::new()) {
            place = end;
            if next_header(self.bytes, &mut place, &mut interval).is_none() {
                let (data, rest) = self.bytes.split_at(place.min(self.bytes.len()));
                return if rest.starts_with(&[0xff, EOI]) { data } else { self.bytes };
            }
        }
        self.bytes
    }

    /// Whether the file ends within the last scan of a progressive picture, and its scans make up all bits of all coefficients.
    pub fn lack_only_the_end(self, frame: &Frame) -> bool {
        let scans: Vec<Scan<'_>> = self.walk().take(MAX_SCANS + 1).collect();
        scans.len() <= MAX_SCANS && scans.last().is_some_and(|scan| !scan.has_end) && make_up_all(&scans, frame)
    }

    /// Whether a progressive picture ends with an end marker, but before its scans make up all bits of all coefficients.
    pub fn lack_detail(self, frame: &Frame) -> bool {
        let scans: Vec<Scan<'_>> = self.walk().take(MAX_SCANS + 1).collect();
        scans.len() <= MAX_SCANS && scans.last().is_some_and(|scan| scan.has_end) && !make_up_all(&scans, frame)
    }

    /// Scan by scan, up to the end of the picture or of the file.
    fn walk(self) -> impl Iterator<Item = Scan<'a>> {
        let (mut place, mut header, mut interval) = (0, Some(self.first), usize::from(self.restart_interval));
        std::iter::from_fn(move || {
            let mut scan = Scan { header: header.take()?, interval, restarts: Vec::new(), has_end: false };
            if let Some(end) = end_of_data(self.bytes, place, &mut scan.restarts) {
                scan.has_end = true;
                place = end;
                header = next_header(self.bytes, &mut place, &mut interval);
            }
            Some(scan)
        })
    }
}

/// Whether the scans make up all bits of all coefficients of all components (ITU-T T.81, G.1.1.1).
fn make_up_all(scans: &[Scan<'_>], frame: &Frame) -> bool {
    // The lowest bit that is still missing, of 64 coefficients in each component.
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

/// Where the data that begins at `place` ends: at a marker that is none of its restart markers. `None` where the file ends before.
fn end_of_data(bytes: &[u8], mut place: usize, restarts: &mut Vec<u8>) -> Option<usize> {
    loop {
        place += bytes.get(place..)?.iter().position(|byte| *byte == 0xff)?;
        match *bytes.get(place + 1)? {
            0x00 => place += 2,
            0xff => place += 1,
            marker @ 0xd0..=0xd7 => {
                restarts.push(marker - 0xd0);
                place += 2;
            }
            _ => return Some(place),
        }
    }
}

/// Past tables and such, what the next SOS segment holds; leaves `place` behind it. `None` at the end.
fn next_header<'a>(bytes: &'a [u8], place: &mut usize, interval: &mut usize) -> Option<&'a [u8]> {
    loop {
        let marker = *bytes.get(*place + 1)?;
        if bytes.get(*place) != Some(&0xff) || marker == EOI {
            return None;
        }
        let end = segment_end(bytes, *place + 2)?;
        let data = bytes.get(*place + 4..end)?;
        *place = end;
        match marker {
            DRI => *interval = usize::from(be16(data, 0)?),
            SOS => return Some(data),
            _ => {}
        }
    }
}

/// Numbers count from 0 to 7 and again from 0. A gap is what is missing, as long as the scan lacks so many.
fn compare(found: &[u8], expected: usize) -> Restarts {
    let (mut lacking, mut next) = (expected.saturating_sub(found.len()), 0);
    let mut is_regular = found.len() == expected;
    for number in found {
        let gap = usize::from((number + 8 - next) % 8);
        is_regular &= gap == 0;
        lacking -= if gap <= lacking { gap } else { 0 };
        next = (number + 1) % 8;
    }
    match lacking {
        2.. => Restarts::CutOff,
        _ if is_regular => Restarts::Regular,
        _ => Restarts::Irregular,
    }
}

/// How many units (MCUs) a scan has: blocks where it has one component, else groups of blocks (ITU-T T.81, A.2).
fn units(frame: &Frame, scan_header: &[u8]) -> Option<usize> {
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
    Some(across * down).filter(|units| *units > 0)
}
