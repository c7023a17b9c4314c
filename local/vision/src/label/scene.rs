//! What the whole photo shows: EfficientNet-Lite0, trained on `ImageNet`.

use image::RgbImage;

use super::catalog::Catalog;
use crate::VisionError;
use crate::pixels::{self, Normal};
use crate::runtime::Model;

/// The model's file.
pub(crate) const FILE: &str = "efficientnet-lite0.onnx";
const SIDE: u32 = 224;
const NORMAL: Normal = Normal::same(127., 1. / 128.);
const CLASSES: usize = 1000;
/// Only what the model is rather sure of is worth showing: it must choose one of its classes even when none is there.
const LEAST_SCORE: f32 = 0.7;

/// Labels of the whole photo with their confidence, 0–100. A label's score is the sum of its own classes and its descendants'.
pub(crate) fn judge(model: &Model, catalog: &Catalog, image: &RgbImage) -> Result<Vec<(&'static str, f32)>, VisionError> {
    let data = pixels::planes(&pixels::resize(image, SIDE, SIDE), NORMAL);
    model.run([1, 3, SIDE as usize, SIDE as usize], &data, |[scores]| (scores.data.len() == CLASSES).then(|| name(catalog, scores.data)))
}

fn name(catalog: &Catalog, scores: &[f32]) -> Vec<(&'static str, f32)> {
    let own = |classes: &[usize]| classes.iter().filter_map(|&class| scores.get(class)).sum::<f32>();
    let mut sums = std::collections::BTreeMap::<&'static str, f32>::new();
    for entry in catalog.iter().filter(|entry| !entry.imagenet.is_empty()) {
        let score = own(&entry.imagenet);
        for name in entry.ancestors.iter().chain([&entry.name]) {
            *sums.entry(name).or_default() += score;
        }
    }
    sums.into_iter().filter(|&(_, score)| score >= LEAST_SCORE).map(|(name, score)| (name, 100. * score.min(1.))).collect()
}
