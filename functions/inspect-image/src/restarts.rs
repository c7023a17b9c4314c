//! Restart markers of a JPEG: the decoder goes on at the next one that it finds, so a missing one moves everything behind it.

use crate::{
    bytes::be16,
    jpeg::{Component, DRI, EOI, Frame, SOS, segment_end},
};

/// How the restart markers of a file fit its intervals.
#[derive(Debug, PartialEq, Eq)]
pub enum Restarts {
    /// All are there, in order; or the file has none, or ends within a scan.
    Regular,
    /// Some were missing and have been put back, or their numbers are wrong.
    Irregular,
    /// The last ones of a scan are missing: the file was cut off and closed again.
    CutOff,
}

/// Puts missing restart markers back into `stream`, so that what follows them stays in its place.
///
/// `scan` is where the data of the first scan begins, and `scan_header` what its SOS segment holds; `interval` is in units, 0 for none.
pub fn repair(stream: &mut Vec<u8>, scan: usize, scan_header: &[u8], frame: &Frame, interval: u16) -> Restarts {
    let mut walk = Walk { interval: usize::from(interval), missing: Vec::new(), restarts: Restarts::Regular };
    walk.scans(stream, scan, scan_header, frame);
    if !walk.missing.is_empty() {
        let (mut repaired, mut copied) = (Vec::with_capacity(stream.len() + 2 * walk.missing.len()), 0);
        for (place, number) in walk.missing {
            repaired.extend_from_slice(stream.get(copied..place).unwrap_or_default());
            repaired.extend([0xff, 0xd0 + number]);
            copied = place;
        }
        repaired.extend_from_slice(stream.get(copied..).unwrap_or_default());
        *stream = repaired;
    }
    walk.restarts
}

struct Walk {
    interval: usize,
    /// Where which number is missing, in the order of the file.
    missing: Vec<(usize, u8)>,
    restarts: Restarts,
}

impl Walk {
    /// Goes through all scans; `None` at the end of the picture or of the file. Files without restart intervals cost no look at their data.
    fn scans<'a>(&mut self, stream: &'a [u8], mut place: usize, mut scan_header: &'a [u8], frame: &Frame) -> Option<()> {
        while self.interval > 0 {
            let (markers, end) = restart_markers(stream, place)?;
            self.compare(&markers, end, units(frame, scan_header)?.div_ceil(self.interval) - 1);
            // Tables and such, up to the next scan.
            place = end;
            loop {
                let marker = *stream.get(place + 1)?;
                if stream.get(place) != Some(&0xff) || marker == EOI {
                    return None;
                }
                let end = segment_end(stream, place + 2)?;
                let data = stream.get(place + 4..end)?;
                place = end;
                match marker {
                    DRI => self.interval = usize::from(be16(data, 0)?),
                    SOS => break scan_header = data,
                    _ => {}
                }
            }
        }
        None
    }

    /// Numbers count from 0 to 7 and again from 0. A gap is what is missing, as long as the scan lacks so many.
    fn compare(&mut self, found: &[(usize, u8)], end: usize, expected: usize) {
        let (mut lacking, mut next) = (expected.saturating_sub(found.len()), 0);
        for (place, number) in found.iter().copied() {
            let gap = (number + 8 - next) % 8;
            if gap > 0 || found.len() > expected {
                self.restarts = Restarts::Irregular;
            }
            if usize::from(gap) <= lacking {
                self.missing.extend((0..gap).map(|step| (place, (next + step) % 8)));
                lacking -= usize::from(gap);
            }
            next = (number + 1) % 8;
        }
        match lacking {
            0 => {}
            1 => {
                self.missing.push((end, next));
                self.restarts = Restarts::Irregular;
            }
            _ => self.restarts = Restarts::CutOff,
        }
    }
}

/// The restart markers from `place` on, each with its number, and where the next other marker is; `None` where the file ends before.
fn restart_markers(stream: &[u8], mut place: usize) -> Option<(Vec<(usize, u8)>, usize)> {
    let mut found = Vec::new();
    loop {
        place += stream.get(place..)?.iter().position(|byte| *byte == 0xff)?;
        match *stream.get(place + 1)? {
            0x00 => place += 2,
            0xff => place += 1,
            marker @ 0xd0..=0xd7 => {
                found.push((place, marker - 0xd0));
                place += 2;
            }
            _ => return Some((found, place)),
        }
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
