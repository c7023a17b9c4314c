//! All lines of text in a photo.

use image::RgbImage;

use super::read::{Glyph, Reader};
use super::region::Region;
use super::{Line, detect, read, words};
use crate::geometry::as_f32;
use crate::runtime::{Model, Runtime};
use crate::{Point, VisionError};

/// Photos are searched at about as many pixels; small ones are enlarged, up to twice their sides.
const LEAST_PIXELS: f32 = 400_000.;
const MOST_PIXELS: f32 = 1_000_000.;
/// For the question whether there is text at all.
const GLANCE_PIXELS: f32 = 90_000.;
/// So many of the largest pieces are read to make sure, of each as much as is so many times longer than high.
const GLANCE_PIECES: usize = 3;
const GLANCE_LENGTH: f32 = 4.;
const GLANCE_READABLE: f32 = 0.8;
const GLANCE_CHARACTERS: usize = 2;
/// From this share of the picture on, text is what it shows.
const PAGE: f32 = 0.2;
/// A line read worse than this is noise.
const LEAST_READABLE: f32 = 0.5;
/// A line read worse than this may stand on its head.
const SURELY_UPRIGHT: f32 = 0.95;
/// Taller than wide by this, a region is a line that reads downwards or upwards.
const VERTICAL: f32 = 1.5;

/// What a quick look says.
pub(crate) struct Glance {
    /// That there is text, 0–100; `None` when none was read.
    pub confidence: Option<f32>,
    /// That the picture is mostly text.
    pub page: bool,
}

/// The models for text.
#[derive(Debug)]
pub(crate) struct TextModels {
    detector: Model,
    reader: Reader,
}

impl TextModels {
    /// Opens both.
    pub fn open(runtime: &Runtime) -> Result<Self, VisionError> {
        Ok(Self { detector: runtime.open(detect::FILE)?, reader: Reader::new(runtime.open(read::FILE)?)? })
    }

    /// Whether there is any text, from a quick look; what seems to be text is read to make sure, since patterns look like text too.
    pub fn glance(&self, image: &RgbImage) -> Result<Glance, VisionError> {
        let mut found = detect::find(&self.detector, image, detect::size(image, 0., GLANCE_PIXELS))?;
        let area = |found: &detect::Found| found.region.width * found.region.height;
        found.sort_by(|a, b| area(b).total_cmp(&area(a)));
        let mut confidence = None;
        for piece in found.iter().take(GLANCE_PIECES) {
            let (_, glyphs) = self.read_upright(image, piece.region.beginning(GLANCE_LENGTH))?;
            let letters = glyphs.iter().filter(|glyph| glyph.character.is_alphanumeric()).count();
            if letters >= GLANCE_CHARACTERS && score(&glyphs) >= GLANCE_READABLE {
                confidence = Some(100. * score(&glyphs).max(piece.score));
                break;
            }
        }
        let covered = found.iter().map(area).sum::<f32>() / (as_f32(image.width() as usize) * as_f32(image.height() as usize));
        Ok(Glance { confidence, page: confidence.is_some() && covered >= PAGE })
    }

    /// The lines, in reading order.
    pub fn find(&self, image: &RgbImage) -> Result<Vec<Line>, VisionError> {
        let mut found = detect::find(&self.detector, image, detect::size(image, LEAST_PIXELS, MOST_PIXELS))?;
        sort_for_reading(&mut found);
        let (width, height) = (as_f32(image.width() as usize), as_f32(image.height() as usize));
        let fraction = |[x, y]: [f32; 2]| Point { x: (x / width).clamp(0., 1.), y: (y / height).clamp(0., 1.) };
        let mut lines = Vec::new();
        for piece in found {
            let (region, glyphs) = self.read_upright(image, piece.region)?;
            let glyphs = doubted(glyphs, piece.score);
            if score(&glyphs) >= LEAST_READABLE {
                lines.extend(words::line(&region, &glyphs, fraction));
            }
        }
        Ok(lines)
    }

    /// Reads a piece the way it stands; on its head too when that may be better.
    fn read_upright(&self, image: &RgbImage, region: Region) -> Result<(Region, Vec<Glyph>), VisionError> {
        let region = if region.height >= VERTICAL * region.width { region.turned() } else { region };
        let glyphs = self.reader.read(image, &region)?;
        if score(&glyphs) >= SURELY_UPRIGHT {
            return Ok((region, glyphs));
        }
        let overturned = region.turned().turned();
        let other = self.reader.read(image, &overturned)?;
        Ok(if score(&other) > score(&glyphs) { (overturned, other) } else { (region, glyphs) })
    }
}

/// A lone character may be any round or straight thing: it is no surer than that there is text at all.
fn doubted(mut glyphs: Vec<Glyph>, there_is_text: f32) -> Vec<Glyph> {
    if let [glyph] = glyphs.as_mut_slice() {
        glyph.score = glyph.score.min(there_is_text);
    }
    glyphs
}

fn score(glyphs: &[Glyph]) -> f32 {
    glyphs.iter().map(|glyph| glyph.score).sum::<f32>() / as_f32(glyphs.len().max(1))
}

/// From top to bottom, and from left to right what stands in one row.
fn sort_for_reading(found: &mut Vec<detect::Found>) {
    found.sort_by(|a, b| a.region.centre[1].total_cmp(&b.region.centre[1]));
    let mut rows: Vec<Vec<detect::Found>> = Vec::new();
    for piece in found.drain(..) {
        let row = rows.last_mut().filter(|row| row.first().is_some_and(|first| same_row(&first.region, &piece.region)));
        match row {
            Some(row) => row.push(piece),
            None => rows.push(vec![piece]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.region.centre[0].total_cmp(&b.region.centre[0]));
    }
    found.extend(rows.into_iter().flatten());
}

fn same_row(a: &Region, b: &Region) -> bool {
    (a.centre[1] - b.centre[1]).abs() < a.height.min(b.height) / 2.
}
