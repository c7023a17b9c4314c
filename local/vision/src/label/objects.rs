//! Objects with boxes: SSD `MobileNet` v2, trained on COCO.

use image::RgbImage;

use super::Instance;
use crate::VisionError;
use crate::geometry::{BoundingBox, suppress};
use crate::pixels::{self, Normal};
use crate::runtime::{Model, Output};

/// The model's file.
pub(crate) const FILE: &str = "coco-ssd.onnx";
const SIDE: u32 = 300;
const NORMAL: Normal = Normal::same(127.5, 1. / 127.5);
const CLASSES: usize = 90;
/// Below this, a score says nothing.
const LEAST_SCORE: f32 = 0.1;
/// Boxes of one class that share more than this are the same thing.
const SAME_THING: f32 = 0.5;
/// A box that lies mostly within (or around) one of the same class, and is so much less sure, is its echo.
const NESTED: f32 = 0.8;
const ECHO: f32 = 0.7;
const MOST_INSTANCES: usize = 50;
const BOOK: usize = 84;
const WHOLE_PICTURE: f32 = 0.8;

/// What was seen of one class.
pub(crate) struct Seen {
    /// COCO's number, 1–90.
    pub class: usize,
    /// The likeliest first.
    pub instances: Vec<Instance>,
}

/// Finds objects.
pub(crate) fn find(model: &Model, image: &RgbImage) -> Result<Vec<Seen>, VisionError> {
    let data = pixels::planes(&pixels::resize(image, SIDE, SIDE), NORMAL);
    model.run([1, 3, SIDE as usize, SIDE as usize], &data, |[boxes, scores]| decode(&boxes, &scores))
}

fn decode(boxes: &Output<'_>, scores: &Output<'_>) -> Option<Vec<Seen>> {
    if scores.data.len() / CLASSES != boxes.data.len() / 4 {
        return None;
    }
    let mut by_class: Vec<Vec<Instance>> = vec![Vec::new(); CLASSES];
    for (corners, scores) in boxes.data.chunks_exact(4).zip(scores.data.chunks_exact(CLASSES)) {
        for (instances, &score) in by_class.iter_mut().zip(scores) {
            if score >= LEAST_SCORE
                && let &[top, left, bottom, right] = corners
            {
                let bounding_box = BoundingBox::within_image(left, top, right, bottom);
                instances.push(Instance { bounding_box, confidence: 100. * calibrated(score) });
            }
        }
    }
    let seen = by_class.into_iter().enumerate().filter(|(_, instances)| !instances.is_empty());
    Some(seen.map(|(index, instances)| Seen { class: index + 1, instances: distinct(instances) }).collect())
}

fn distinct(instances: Vec<Instance>) -> Vec<Instance> {
    let candidates = suppress(instances, SAME_THING, MOST_INSTANCES, |instance| (instance.confidence, instance.bounding_box));
    let mut kept: Vec<Instance> = Vec::new();
    for candidate in candidates {
        let echo = |surer: &Instance| {
            candidate.confidence < ECHO * surer.confidence && surer.bounding_box.nesting(&candidate.bounding_box) > NESTED
        };
        if !kept.iter().any(echo) {
            kept.push(candidate);
        }
    }
    kept
}

/// Leaves out what spans the whole picture. The model knows no documents: it takes a page for a refrigerator (books it does know).
pub(crate) fn without_frame(seen: Vec<Seen>) -> Vec<Seen> {
    let smaller = |seen: Seen| {
        let book = seen.class == BOOK;
        let kept = seen.instances.into_iter().filter(|instance| book || instance.bounding_box.area() < WHOLE_PICTURE);
        Seen { class: seen.class, instances: kept.collect() }
    };
    seen.into_iter().map(smaller).filter(|seen| !seen.instances.is_empty()).collect()
}

/// How often a label with this raw score is right, as measured on photos of COCO val2017: the model is too modest.
fn calibrated(score: f32) -> f32 {
    let logit = (score / (1. - score).max(1e-6)).ln();
    1. / (1. + (-(1.49 * logit + 1.67)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_become_the_measured_share_of_right_answers() {
        for (score, share) in [(0.3, 0.60), (0.5, 0.84), (0.8, 0.98)] {
            assert!((calibrated(score) - share).abs() < 0.02, "{score}: {}", calibrated(score));
        }
        assert!(calibrated(1.) <= 1.);
    }
}
