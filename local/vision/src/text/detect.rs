//! Where text is: PP-OCRv6's detector and the steps of its makers around it.

use image::RgbImage;

use super::region::Region;
use crate::VisionError;
use crate::geometry::as_f32;
use crate::pixels::{self, Normal};
use crate::runtime::{Model, Output};

/// The model's file.
pub(crate) const FILE: &str = "text-detector.onnx";
/// Its sides must be multiples of this.
const STEP: u32 = 32;
const NORMAL: Normal = Normal::same(127.5, 1. / 127.5);
/// A pixel from this score on belongs to text.
const LEAST_PIXEL: f32 = 0.3;
/// A region is text when its pixels score this on average.
const LEAST_SCORE: f32 = 0.5;
/// The model draws text thinner than it is: a region grows by its area, times this, over its outline.
const GROWTH: f32 = 1.6;
/// Regions that are lower (in pixels of the map) are noise.
const LEAST_HEIGHT: f32 = 3.;
const MOST_REGIONS: usize = 500;

/// A piece of text, and how sure it is that there is one (0–1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(super) region: Region,
    pub score: f32,
}

/// Finds text in the photo as seen at `size` (multiples of 32); regions are in the photo's own pixels.
pub(crate) fn find(model: &Model, image: &RgbImage, (width, height): (u32, u32)) -> Result<Vec<Found>, VisionError> {
    let data = pixels::planes_reversed(&pixels::resize(image, width, height), NORMAL);
    let (width, height) = (width as usize, height as usize);
    let scale = [as_f32(image.width() as usize) / as_f32(width), as_f32(image.height() as usize) / as_f32(height)];
    let found = model.run([1, 3, height, width], &data, |[map]| Some(Map::new(&map)?.regions()))?;
    Ok(found.into_iter().map(|found| Found { region: found.region.scaled(scale), ..found }).collect())
}

/// The sizes at which photos are searched.
pub(crate) fn size(image: &RgbImage, least: f32, most: f32) -> (u32, u32) {
    pixels::size_between(image, least, most, STEP)
}

/// How likely each pixel is part of text.
struct Map<'a> {
    width: usize,
    height: usize,
    scores: &'a [f32],
}

impl<'a> Map<'a> {
    fn new(output: &Output<'a>) -> Option<Self> {
        let &[1, 1, height, width] = output.shape.as_slice() else { return None };
        Some(Self { width, height, scores: output.data })
    }

    fn regions(&self) -> Vec<Found> {
        let mut unseen: Vec<bool> = self.scores.iter().map(|&score| score > LEAST_PIXEL).collect();
        let mut found = Vec::new();
        for start in 0..unseen.len() {
            if found.len() < MOST_REGIONS && unseen.get(start) == Some(&true) {
                found.extend(self.region(&self.connected(start, &mut unseen)));
            }
        }
        found
    }

    /// All text pixels that hang together with `start`; they are marked as seen.
    fn connected(&self, start: usize, unseen: &mut [bool]) -> Vec<(usize, usize)> {
        let mut pixels = Vec::new();
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            if !unseen.get_mut(index).is_some_and(std::mem::take) {
                continue;
            }
            let (x, y) = (index % self.width, index / self.width);
            pixels.push((x, y));
            for row in y.saturating_sub(1)..=(y + 1).min(self.height - 1) {
                open.extend((x.saturating_sub(1)..=(x + 1).min(self.width - 1)).map(|column| row * self.width + column));
            }
        }
        pixels
    }

    fn region(&self, pixels: &[(usize, usize)]) -> Option<Found> {
        let corners = |&(x, y): &(usize, usize)| {
            let (x, y) = (as_f32(x), as_f32(y));
            [[x, y], [x + 1., y], [x, y + 1.], [x + 1., y + 1.]]
        };
        let tight = Region::around(&pixels.iter().flat_map(corners).collect::<Vec<_>>())?;
        let score = self.mean_within(&tight);
        let lower = tight.width.min(tight.height);
        let growth = GROWTH * tight.width * tight.height / (2. * (tight.width + tight.height));
        (lower >= LEAST_HEIGHT && score >= LEAST_SCORE).then_some(Found { region: tight.grown(growth), score })
    }

    /// The mean score of the pixels within a rectangle.
    fn mean_within(&self, region: &Region) -> f32 {
        let (mut sum, mut count) = (0., 0.);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (across, down) = (region.width.ceil().max(1.) as u16, region.height.ceil().max(1.) as u16);
        for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row, column))) {
            let [x, y] = region.place((f32::from(column) + 0.5) / f32::from(across), (f32::from(row) + 0.5) / f32::from(down));
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let (x, y) = (x as usize, y as usize);
            if x < self.width
                && let Some(score) = self.scores.get(y * self.width + x)
            {
                sum += score;
                count += 1.;
            }
        }
        if count > 0. { sum / count } else { 0. }
    }
}
