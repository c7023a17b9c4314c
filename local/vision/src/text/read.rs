//! Reads a line of text with PP-OCRv6.

use image::RgbImage;

use super::region::Region;
use crate::geometry::as_f32;
use crate::pixels::{self, Normalization, Placement};
use crate::runtime::{Model, Output, VisionError};

pub(super) const FILE: &str = "text-reader.onnx";
const HEIGHT: u32 = 48;
/// Shorter lines are padded with grey, as in training; lines longer than `MAX_WIDTH` are compressed.
const MIN_WIDTH: u32 = 160;
const MAX_WIDTH: u32 = 2400;
const NORMALIZATION: Normalization = Normalization::same(127.5, 1. / 127.5);
/// The class "no new character".
const BLANK: usize = 0;

/// The model, with the alphabet in its metadata.
#[derive(Debug)]
pub(super) struct Reader {
    model: Model,
    alphabet: Vec<char>,
}

/// One recognised character.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    pub character: char,
    /// 0–1.
    pub score: f32,
    /// Its centre, as a fraction of the width of the line.
    pub position: f32,
}

impl Reader {
    /// Reads the alphabet from the opened model.
    pub fn new(model: Model) -> Result<Self, VisionError> {
        // The classes are the blank, the alphabet, and a space.
        let alphabet = model.metadata("character")?.lines().filter_map(|line| line.chars().next()).chain([' ']).collect();
        Ok(Self { model, alphabet })
    }

    /// The characters of a line, in order.
    pub(super) fn read(&self, image: &RgbImage, region: &Region) -> Result<Vec<Glyph>, VisionError> {
        let step = region.height / as_f32(HEIGHT as usize);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let width = ((region.width / step).round() as u32).clamp(8, MAX_WIDTH);
        let step = step.max(region.width / as_f32(MAX_WIDTH as usize));
        let [x, y] = region.along;
        let line = Placement::at(region.point_at(0., 0.), [x * step, y * step]).crop(image, width, HEIGHT);
        let padded = width.max(MIN_WIDTH).next_multiple_of(8);
        let data = pad(&pixels::planes_reversed(&line, NORMALIZATION), width as usize, padded as usize);
        let stretch = as_f32(padded as usize) / as_f32(width as usize);
        self.model.run([1, 3, HEIGHT as usize, padded as usize], &data, |[steps]| self.decode(&steps, stretch))
    }

    /// The best character of each step; repeated characters count once unless a blank is between them.
    fn decode(&self, steps: &Output<'_>, stretch: f32) -> Option<Vec<Glyph>> {
        let &[1, count, classes] = steps.shape.as_slice() else { return None };
        let mut glyphs = Vec::new();
        let mut previous = BLANK;
        for (step, scores) in steps.data.chunks_exact(classes).enumerate() {
            let (best, &score) = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
            if best != BLANK && best != previous {
                let character = *self.alphabet.get(best - 1)?;
                let position = ((as_f32(step) + 0.5) / as_f32(count) * stretch).min(1.);
                glyphs.push(Glyph { character, score, position });
            }
            previous = best;
        }
        Some(glyphs)
    }
}

/// Pads each row of three planes with grey.
fn pad(planes: &[f32], width: usize, padded: usize) -> Vec<f32> {
    let grey = std::iter::repeat_n(0., padded - width);
    planes.chunks_exact(width).flat_map(|row| row.iter().copied().chain(grey.clone())).collect()
}
