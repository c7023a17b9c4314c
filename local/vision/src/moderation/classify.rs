//! The two classifiers.

use image::RgbImage;
use image::imageops::crop_imm;

use super::{Moderation, ModerationScores, taxonomy};
use crate::VisionError;
use crate::pixels::{self, Normal};
use crate::runtime::Model;

/// Yahoo's `open_nsfw`.
pub(crate) const OPEN_NSFW: &str = "open-nsfw.onnx";
/// nsfwjs, the middle one of its models.
pub(crate) const NSFWJS: &str = "nsfwjs.onnx";
const SIDE: u32 = 224;
/// `open_nsfw` looks at the middle of this.
const OPEN_NSFW_WHOLE: u32 = 256;
const OPEN_NSFW_MEAN: [f32; 3] = [104., 117., 123.]; // blue, green, red

/// Scores the photo with both and names the outcome.
pub(crate) fn moderate(open_nsfw: &Model, nsfwjs: &Model, image: &RgbImage) -> Result<Moderation, VisionError> {
    let open_nsfw = score_open_nsfw(open_nsfw, image)?;
    let [drawing, hentai, neutral, porn, sexy] = score_nsfwjs(nsfwjs, image)?;
    let scores = ModerationScores { open_nsfw, drawing, hentai, neutral, porn, sexy };
    Ok(Moderation { scores, labels: taxonomy::labels(scores) })
}

fn score_open_nsfw(model: &Model, image: &RgbImage) -> Result<f32, VisionError> {
    let whole = pixels::resize(image, OPEN_NSFW_WHOLE, OPEN_NSFW_WHOLE);
    let offset = (OPEN_NSFW_WHOLE - SIDE) / 2;
    let middle = crop_imm(&whole, offset, offset, SIDE, SIDE).to_image();
    let blue_green_red = middle.pixels().flat_map(|pixel| {
        let [red, green, blue] = pixel.0.map(f32::from);
        [blue, green, red]
    });
    let data: Vec<f32> = blue_green_red.zip(OPEN_NSFW_MEAN.into_iter().cycle()).map(|(value, mean)| value - mean).collect();
    model.run([1, SIDE as usize, SIDE as usize, 3], &data, |[scores]| scores.data.get(1).copied())
}

fn score_nsfwjs(model: &Model, image: &RgbImage) -> Result<[f32; 5], VisionError> {
    let data = pixels::planes(&pixels::resize(image, SIDE, SIDE), Normal::same(0., 1. / 255.));
    model.run([1, 3, SIDE as usize, SIDE as usize], &data, |[scores]| scores.data.try_into().ok())
}
