//! What a line of text says: PP-OCRv6's reader.

use image::RgbImage;

use super::region::Region;
use crate::VisionError;
use crate::geometry::as_f32;
use crate::pixels::{self, Normal};
use crate::placement::Placement;
use crate::runtime::{Model, Output};

/// The model's file.
pub(crate) const FILE: &str = "text-reader.onnx";
const HEIGHT: u32 = 48;
/// Shorter lines are filled up with grey, as in training; longer ones than `MOST_WIDTH` are squeezed.
const LEAST_WIDTH: u32 = 160;
const MOST_WIDTH: u32 = 2400;
const NORMAL: Normal = Normal::same(127.5, 1. / 127.5);
/// The answer that stands for "no new character here".
const BLANK: usize = 0;

/// Reads lines with the alphabet that the model file carries.
#[derive(Debug)]
pub(crate) struct Reader {
    model: Model,
    alphabet: Vec<char>,
}

/// One character as read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    pub character: char,
    /// 0–1.
    pub score: f32,
    /// Its middle, as a fraction of the line's width.
    pub place: f32,
}

impl Reader {
    /// Takes the alphabet from the opened model.
    pub fn new(model: Model) -> Result<Self, VisionError> {
        // The alphabet follows the blank, and a space ends it.
        let alphabet = model.metadata("character")?.lines().filter_map(|line| line.chars().next()).chain([' ']).collect();
        Ok(Self { model, alphabet })
    }

    /// The characters of a line, in order.
    pub(super) fn read(&self, image: &RgbImage, region: &Region) -> Result<Vec<Glyph>, VisionError> {
        let step = region.height / as_f32(HEIGHT as usize);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let width = ((region.width / step).round() as u32).clamp(8, MOST_WIDTH);
        let step = step.max(region.width / as_f32(MOST_WIDTH as usize));
        let [x, y] = region.along;
        let line = Placement::at(region.place(0., 0.), [x * step, y * step]).cut(image, width, HEIGHT);
        let padded = width.max(LEAST_WIDTH).next_multiple_of(8);
        let data = pad(&pixels::planes_reversed(&line, NORMAL), width as usize, padded as usize);
        let stretch = as_f32(padded as usize) / as_f32(width as usize);
        self.model.run([1, 3, HEIGHT as usize, padded as usize], &data, |[steps]| self.decode(&steps, stretch))
    }

    /// The best character of each step; a blank or a new character ends the one before.
    fn decode(&self, steps: &Output<'_>, stretch: f32) -> Option<Vec<Glyph>> {
        let &[1, count, classes] = steps.shape.as_slice() else { return None };
        let mut glyphs = Vec::new();
        let mut previous = BLANK;
        for (step, scores) in steps.data.chunks_exact(classes).enumerate() {
            let (best, &score) = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
            if best != BLANK && best != previous {
                let character = *self.alphabet.get(best - 1)?;
                let place = ((as_f32(step) + 0.5) / as_f32(count) * stretch).min(1.);
                glyphs.push(Glyph { character, score, place });
            }
            previous = best;
        }
        Some(glyphs)
    }
}

/// Lengthens each row of three planes with the grey that stands for nothing.
fn pad(planes: &[f32], width: usize, padded: usize) -> Vec<f32> {
    let grey = std::iter::repeat_n(0., padded - width);
    planes.chunks_exact(width).flat_map(|row| row.iter().copied().chain(grey.clone())).collect()
}
