//! Detects and reads printed and written text.

mod detect;
mod order;
mod pictograms;
mod read;
mod region;
mod words;

use std::sync::Arc;

use image::RgbImage;

pub(crate) use self::detect::Regions;
pub use self::words::{Line, Word};
use self::{
    detect::Detected,
    read::{Glyph, Reader},
    region::Region,
};
use crate::geometry::{BoundingBox, Point, as_f32, dimensions};
use crate::photo::Photo;
use crate::pixels;
use crate::runtime::{Model, Runtime, VisionError};

/// Photos are resized to between these numbers of pixels; a side is at most doubled.
const MIN_PIXELS: f32 = 400_000.;
const MAX_PIXELS: f32 = 1_000_000.;
/// Size at which a photo is checked for any text. Of 65 photos of COCO val2017 with readable text, 60 are noticed at this size with
/// `GLANCE_REGIONS` regions; 56 at 250,000 pixels with 5 regions, 30 at 90,000 pixels with 3.
const GLANCE_PIXELS: f32 = 400_000.;
/// Number of the largest regions that are read to confirm that they are text.
const GLANCE_REGIONS: usize = 6;
/// The part of a photo that is searched for lines reaches this far beyond the traces of text that the check saw, as a fraction of each side.
const SEARCH_MARGIN: f32 = 0.03;
/// Traces on more than this fraction of a photo: all of it is searched.
const SEARCH_ALL: f32 = 0.7;
/// The part of a region that is read, as a multiple of its height.
const GLANCE_LENGTH: f32 = 4.;
/// Minimum score and number of letters that confirm text.
const GLANCE_SCORE: f32 = 0.8;
const GLANCE_CHARACTERS: usize = 2;
/// A photo is a page if text covers at least this fraction of it.
const PAGE_COVERAGE: f32 = 0.2;
/// A line with a lower score is noise.
const MIN_LINE_SCORE: f32 = 0.5;
/// A line with a lower score may be upside down.
const UPRIGHT_SCORE: f32 = 0.95;
/// A region that is this many times taller than wide is a vertical line.
const VERTICAL: f32 = 1.5;

/// The result of a quick check for text.
pub(crate) struct TextGlance {
    /// The confidence that there is text, 0–100; `None` if there is none.
    pub confidence: Option<f32>,
    /// Whether the photo is mostly text.
    pub is_page: bool,
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

    /// Checks quickly whether there is any text. Detected regions are read to confirm, because patterns look like text too.
    pub fn glance(&self, photo: &Photo) -> Result<TextGlance, VisionError> {
        let image = photo.pixels();
        let area = |detected: &Detected| detected.region.width * detected.region.height;
        let mut regions = self.regions(photo)?.detected.clone();
        regions.sort_by(|a, b| area(b).total_cmp(&area(a)));
        let mut confidence = None;
        for detected in regions.iter().take(GLANCE_REGIONS) {
            let (_, glyphs) = self.read_upright(image, detected.region.beginning(GLANCE_LENGTH))?;
            let letters = glyphs.iter().filter(|glyph| glyph.character.is_alphanumeric()).count();
            if letters >= GLANCE_CHARACTERS && score(&glyphs) >= GLANCE_SCORE {
                confidence = Some(100. * score(&glyphs).max(detected.score));
                break;
            }
        }
        let (width, height) = dimensions(image);
        let covered = regions.iter().map(area).sum::<f32>() / (width * height);
        Ok(TextGlance { confidence, is_page: confidence.is_some() && covered >= PAGE_COVERAGE })
    }

    /// All lines, in reading order.
    pub fn find(&self, photo: &Photo) -> Result<Vec<Line>, VisionError> {
        let image = photo.pixels();
        let mut read = Vec::new();
        for detected in self.search(photo)? {
            let (region, glyphs) = self.read_upright(image, detected.region)?;
            let glyphs = limit_single_character(glyphs, detected.score);
            if score(&glyphs) >= MIN_LINE_SCORE {
                read.push((region, glyphs));
            }
        }
        let read = order::sort_for_reading(pictograms::removed(read), |(region, glyphs)| (*region, glyphs.len()));
        let (width, height) = dimensions(image);
        let fraction = |[x, y]: [f32; 2]| Point { x: (x / width).clamp(0., 1.), y: (y / height).clamp(0., 1.) };
        Ok(read.into_iter().filter_map(|(region, glyphs)| words::to_line(&region, &glyphs, fraction)).collect())
    }

    /// The regions at the size of the quick check.
    fn regions(&self, photo: &Photo) -> Result<Arc<Regions>, VisionError> {
        let image = photo.pixels();
        photo.regions.get_or_make(|| detect::detect(&self.detector, image, detect::size(image, 0., GLANCE_PIXELS)))
    }

    /// The regions to read: detected in full size, but only where the quick check saw traces of text.
    fn search(&self, photo: &Photo) -> Result<Vec<Detected>, VisionError> {
        let image = photo.pixels();
        let seen = self.regions(photo)?;
        let size = detect::size(image, MIN_PIXELS, MAX_PIXELS);
        if seen.size == size {
            return Ok(seen.detected.clone());
        }
        let Some(traces) = seen.traces else { return Ok(Vec::new()) };
        let part = with_margin(traces);
        if part.area() > SEARCH_ALL {
            return Ok(detect::detect(&self.detector, image, size)?.detected);
        }
        let (corner, cut) = pixels::cut_out(image, part);
        let pixels = part.area() * as_f32(size.0 as usize * size.1 as usize);
        let detected = detect::detect(&self.detector, &cut, detect::size(&cut, pixels, pixels))?.detected;
        Ok(detected.into_iter().map(|detected| Detected { region: detected.region.moved(corner), ..detected }).collect())
    }

    /// Reads a region in its own direction and, if the score is low, upside down; returns the better result.
    fn read_upright(&self, image: &RgbImage, region: Region) -> Result<(Region, Vec<Glyph>), VisionError> {
        let region = if region.height >= VERTICAL * region.width { region.rotated() } else { region };
        let glyphs = self.reader.read(image, &region)?;
        if score(&glyphs) >= UPRIGHT_SCORE {
            return Ok((region, glyphs));
        }
        let upside_down = region.rotated().rotated();
        let other = self.reader.read(image, &upside_down)?;
        Ok(if score(&other) > score(&glyphs) { (upside_down, other) } else { (region, glyphs) })
    }
}

/// Limits the score of a single character to the region's score, because many shapes look like a character.
fn limit_single_character(mut glyphs: Vec<Glyph>, region_score: f32) -> Vec<Glyph> {
    if let [glyph] = glyphs.as_mut_slice() {
        glyph.score = glyph.score.min(region_score);
    }
    glyphs
}

fn score(glyphs: &[Glyph]) -> f32 {
    glyphs.iter().map(|glyph| glyph.score).sum::<f32>() / as_f32(glyphs.len().max(1))
}

fn with_margin(part: BoundingBox) -> BoundingBox {
    let BoundingBox { left, top, width, height } = part;
    BoundingBox::within_image(left - SEARCH_MARGIN, top - SEARCH_MARGIN, left + width + SEARCH_MARGIN, top + height + SEARCH_MARGIN)
}
