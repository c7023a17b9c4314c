//! Detects text with PP-OCRv6, with the post-processing of its authors.

use image::RgbImage;

use super::region::Region;
use crate::geometry::{BoundingBox, as_f32, dimensions};
use crate::pixels::{self, Normalization};
use crate::runtime::{Model, Output, VisionError};

pub(super) const FILE: &str = "text-detector.onnx";
/// Sides must be multiples of this.
const STEP: u32 = 32;
const NORMALIZATION: Normalization = Normalization::same(127.5, 1. / 127.5);
/// A pixel with a higher score belongs to text.
const MIN_PIXEL_SCORE: f32 = 0.3;
/// A pixel with a higher score may belong to text that is too small for this size.
const MIN_TRACE_SCORE: f32 = 0.1;
/// A region is text if the mean score of its pixels is at least this.
const MIN_SCORE: f32 = 0.5;
/// The model marks text narrower than it is: each side of a region is moved out by this factor × area / perimeter.
const GROWTH: f32 = 1.6;
/// Thinner regions (px of the map) are noise.
const MIN_HEIGHT: f32 = 3.;
const MAX_REGIONS: usize = 500;

/// A detected region of text, with its score (0–1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detected {
    pub region: Region,
    pub score: f32,
}

/// The regions of a photo.
#[derive(Debug)]
pub(crate) struct Regions {
    /// The size to which the photo was resized.
    pub size: (u32, u32),
    /// In pixels of the photo.
    pub detected: Vec<Detected>,
    /// The area of the photo that may contain text, including text that is too small to be detected at this size; `None` if there is none.
    pub traces: Option<BoundingBox>,
}

/// Detects text in the photo after resizing it to the given size (multiples of 32).
pub(super) fn detect(model: &Model, image: &RgbImage, size: (u32, u32)) -> Result<Regions, VisionError> {
    let data = pixels::planes_reversed(&pixels::resize(image, size.0, size.1), NORMALIZATION);
    let (width, height) = (size.0 as usize, size.1 as usize);
    let (photo_width, photo_height) = dimensions(image);
    let scale = [photo_width / as_f32(width), photo_height / as_f32(height)];
    let (detected, traces) = model.run([1, 3, height, width], &data, |[map]| {
        let map = Map::new(&map)?;
        Some((map.regions(), map.traces()))
    })?;
    let detected = detected.into_iter().map(|detected| Detected { region: detected.region.scaled(scale), ..detected }).collect();
    Ok(Regions { size, detected, traces })
}

/// The size for a photo between two numbers of pixels.
pub(super) fn size(image: &RgbImage, least: f32, most: f32) -> (u32, u32) {
    pixels::size_between(image, least, most, STEP)
}

/// The score of each pixel.
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

    fn traces(&self) -> Option<BoundingBox> {
        let (width, height) = (as_f32(self.width), as_f32(self.height));
        let traces = self.scores.iter().enumerate().filter(|&(_, &score)| score > MIN_TRACE_SCORE);
        let places = traces.map(|(index, _)| (as_f32(index % self.width), as_f32(index / self.width)));
        let (low, high) = places
            .fold(([f32::MAX; 2], [f32::MIN; 2]), |(low, high), (x, y)| ([low[0].min(x), low[1].min(y)], [high[0].max(x), high[1].max(y)]));
        (low[0] <= high[0])
            .then(|| BoundingBox::within_image(low[0] / width, low[1] / height, (high[0] + 1.) / width, (high[1] + 1.) / height))
    }

    fn regions(&self) -> Vec<Detected> {
        let mut unseen: Vec<bool> = self.scores.iter().map(|&score| score > MIN_PIXEL_SCORE).collect();
        let mut detected = Vec::new();
        for start in 0..unseen.len() {
            if detected.len() < MAX_REGIONS && unseen.get(start) == Some(&true) {
                detected.extend(self.region(&self.connected(start, &mut unseen)));
            }
        }
        detected
    }

    /// All text pixels that are connected with `start`; they are marked as seen.
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

    fn region(&self, pixels: &[(usize, usize)]) -> Option<Detected> {
        let corners = |&(x, y): &(usize, usize)| {
            let (x, y) = (as_f32(x), as_f32(y));
            [[x, y], [x + 1., y], [x, y + 1.], [x + 1., y + 1.]]
        };
        let tight = Region::around(&pixels.iter().flat_map(corners).collect::<Vec<_>>())?;
        let score = self.mean_within(&tight);
        let thickness = tight.width.min(tight.height);
        let growth = GROWTH * tight.width * tight.height / (2. * (tight.width + tight.height));
        (thickness >= MIN_HEIGHT && score >= MIN_SCORE).then_some(Detected { region: tight.grown(growth), score })
    }

    /// The mean score of the pixels in a region.
    fn mean_within(&self, region: &Region) -> f32 {
        let (mut sum, mut count) = (0., 0.);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (across, down) = (region.width.ceil().max(1.) as u16, region.height.ceil().max(1.) as u16);
        for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row, column))) {
            let [x, y] = region.point_at((f32::from(column) + 0.5) / f32::from(across), (f32::from(row) + 0.5) / f32::from(down));
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
