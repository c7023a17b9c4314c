//! Restart markers of a JPEG: the decoder goes on at the next one that it finds, so a missing one moves what is behind it.

use crate::{
    bytes::be16,
    jpeg::{Component, DRI, EOI, Frame, SOS, segment_end},
};

/// How the restart markers of a file fit its intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarts {
    /// All are there, in order; or the file has none, or it ends within a scan.
    Regular,
    /// Some are missing in between, or have wrong numbers.
    Irregular,
    /// The last ones of a scan are missing: the file was cut off and closed again.
    CutOff,
}

/// Compares the markers in `scans` with the frame and the restart interval (in units, 0 for none).
///
/// `scans` begins with the data of the first scan, whose SOS segment holds `scan_header`. Files without an interval cost no look at it.
pub fn check(scans: &[u8], scan_header: &[u8], frame: &Frame, interval: u16) -> Restarts {
    let mut walk = Walk { interval: usize::from(interval), restarts: Restarts::Regular };
    walk.scans(scans, scan_header, frame);
    walk.restarts
}

struct Walk {
    interval: usize,
    restarts: Restarts,
}

impl Walk {
    /// `None` at the end of the picture or of the file.
    fn scans<'a>(&mut self, stream: &'a [u8], mut scan_header: &'a [u8], frame: &Frame) -> Option<()> {
        let mut place = 0;
        while self.interval > 0 && self.restarts != Restarts::CutOff {
            let (numbers, end) = restart_markers(stream, place)?;
            self.compare(&numbers, units(frame, scan_header)?.div_ceil(self.interval) - 1);
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
    fn compare(&mut self, found: &[u8], expected: usize) {
        let (mut lacking, mut next) = (expected.saturating_sub(found.len()), 0);
        let mut is_regular = found.len() == expected;
        for number in found {
            let gap = usize::from((number + 8 - next) % 8);
            is_regular &= gap == 0;
            lacking -= if gap <= lacking { gap } else { 0 };
            next = (number + 1) % 8;
        }
        if lacking > 1 {
            self.restarts = Restarts::CutOff;
        } else if !is_regular {
            self.restarts = Restarts::Irregular;
        }
    }
}

/// The numbers of the restart markers from `place` on, and where the next other marker is; `None` where the file ends before.
fn restart_markers(stream: &[u8], mut place: usize) -> Option<(Vec<u8>, usize)> {
    let mut numbers = Vec::new();
    loop {
        place += stream.get(place..)?.iter().position(|byte| *byte == 0xff)?;
        match *stream.get(place + 1)? {
            0x00 => place += 2,
            0xff => place += 1,
            marker @ 0xd0..=0xd7 => {
                numbers.push(marker - 0xd0);
                place += 2;
            }
            _ => return Some((numbers, place)),
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
