//! What the whole photo shows, from EfficientNet-Lite0, trained on `ImageNet`.
//!
//! The model always selects one of its classes, even if none is in the photo. So its scores are calibrated, and labels that contradict the object
//! detector are dropped.

use std::collections::BTreeMap;

use image::RgbImage;

use super::catalog::{Catalog, Entry};
use super::objects::{ClassObjects, logit, sigmoid};
use crate::geometry::{BoundingBox, as_f32, dimensions};
use crate::pixels::{self, Normalization};
use crate::runtime::{Model, Runtime, VisionError};

const MODEL: &str = "efficientnet-lite0.onnx";
const SIDE: u32 = 224;
const NORMALIZATION: Normalization = Normalization::same(127., 1. / 128.);
const CLASSES: usize = 1000;
/// Lower scores are noise.
const MIN_SCORE: f32 = 0.2;

/// The weights of `calibrated`. They were fitted on 329 photos of many kinds, labelled by eye, and checked on 152 others (docs/local.md). `SINGLE` is
/// 0.3 lower than for the scene model alone, so that the confidences are right after the merge with the objects.
const SINGLE: f32 = 1.1;
const SHARE: f32 = -2.4;
const SPECIFIC: f32 = -0.8;

/// The detector is sure of an object from this confidence on, and supports a label of the scene model from the lower one on.
const SURE: f32 = 60.;
const SUPPORTED: f32 = 20.;

const KNIFE: &str = "Knife";
const ANIMAL: &str = "Animal";
const PERSON: &str = "Person";

/// The scene model.
#[derive(Debug)]
pub(super) struct SceneModel(Model);

impl SceneModel {
    pub fn open(runtime: &Runtime) -> Result<Self, VisionError> {
        Ok(Self(runtime.open(MODEL)?))
    }

    /// The scores of all classes, 0–1: the mean of what the whole photo and the square in its middle show. The model learned from such squares,
    /// and the whole photo is distorted.
    pub fn scores(&self, image: &RgbImage) -> Result<Vec<f32>, VisionError> {
        let whole = self.view(image)?;
        if image.width() == image.height() {
            return Ok(whole);
        }
        let middle = self.view(&pixels::cut_out(image, middle_square(image)).1)?;
        Ok(whole.iter().zip(&middle).map(|(a, b)| f32::midpoint(*a, *b)).collect())
    }

    fn view(&self, image: &RgbImage) -> Result<Vec<f32>, VisionError> {
        let data = pixels::planes(&pixels::resize(image, SIDE, SIDE), NORMALIZATION);
        self.0.run([1, 3, SIDE as usize, SIDE as usize], &data, |[scores]| (scores.data.len() == CLASSES).then(|| scores.data.to_vec()))
    }
}

fn middle_square(image: &RgbImage) -> BoundingBox {
    let (width, height) = dimensions(image);
    let side = width.min(height);
    BoundingBox { left: (1. - side / width) / 2., top: (1. - side / height) / 2., width: side / width, height: side / height }
}

/// Labels of the whole photo that do not contradict the detected objects, with their confidence, 0–100.
pub(super) fn labels(catalog: &Catalog, scores: &[f32], objects: &[ClassObjects]) -> Vec<(&'static str, f32)> {
    sum_scores(catalog, scores, &Detected::new(catalog, objects))
}

/// The confidence, 0–1, of a label with this sum of scores. A label that covers a large share of all classes collects the noise of many, and the
/// kind of a thing (a beagle) is more often wrong than the thing (a dog).
fn calibrated(entry: &Entry, score: f32) -> f32 {
    let share = as_f32(entry.covered.len()) / as_f32(CLASSES);
    sigmoid(logit(score) + SINGLE + SHARE * share + if entry.is_specific { SPECIFIC } else { 0. })
}

/// What the detector says about the photo.
struct Detected<'a> {
    catalog: &'a Catalog,
    objects: &'a [ClassObjects],
    /// The labels of things that it is sure of. Persons do not count: they go with everything.
    sure: Vec<&'a Entry>,
    /// The confidence of the first of them, 0–1.
    surest: f32,
    is_at_table: bool,
}

impl<'a> Detected<'a> {
    fn new(catalog: &'a Catalog, objects: &'a [ClassObjects]) -> Self {
        let detected = || objects.iter().filter_map(|object| Some((catalog.of_coco(object.class)?, object.confidence())));
        let is_at_table = detected().any(|(entry, confidence)| entry.means_table(confidence));
        let sure = || detected().filter(|(entry, confidence)| *confidence >= SURE && entry.name != PERSON);
        let surest = sure().map(|(_, confidence)| confidence / 100.).fold(0., f32::max);
        Self { catalog, objects, sure: sure().map(|(entry, _)| entry).collect(), surest, is_at_table }
    }

    /// Whether a label of the scene model is something that the detector would have seen, while it is sure of other things: an object of its own
    /// classes, or an animal where it sees none and is at least as sure. A cleaver on a laid table contradicts it too.
    fn contradicts(&self, entry: &Entry, score: f32) -> bool {
        if self.is_at_table && entry.lineage().any(|name| name == KNIFE) {
            return true;
        }
        if self.sure.is_empty() {
            return false;
        }
        let mut known = entry.lineage().filter_map(|name| self.catalog.get(name)?.coco).peekable();
        if known.peek().is_some() {
            return known.all(|class| self.confidence(class) < SUPPORTED);
        }
        let is_animal = |entry: &Entry| entry.lineage().any(|name| name == ANIMAL);
        is_animal(entry) && self.surest >= score && !self.sure.iter().any(|sure| is_animal(sure))
    }

    /// The confidence that the photo shows an object of a class (COCO's number), 0–100.
    fn confidence(&self, class: usize) -> f32 {
        self.objects.iter().find(|objects| objects.class == class).map_or(0., ClassObjects::confidence)
    }
}

/// The score of a label is the sum over its own classes and its descendants'.
fn sum_scores(catalog: &Catalog, scores: &[f32], detected: &Detected<'_>) -> Vec<(&'static str, f32)> {
    let own = |classes: &[usize]| classes.iter().filter_map(|&class| scores.get(class)).sum::<f32>();
    let mut sums = BTreeMap::<&'static str, f32>::new();
    for entry in catalog.iter().filter(|entry| !entry.imagenet.is_empty()) {
        let score = own(&entry.imagenet);
        if detected.contradicts(entry, score) {
            continue;
        }
        for name in entry.lineage() {
            *sums.entry(name).or_default() += score;
        }
    }
    let label = |(name, score)| Some((name, 100. * calibrated(catalog.get(name)?, score)));
    sums.into_iter().filter(|&(_, score)| score >= MIN_SCORE).filter_map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Instance;

    const TOILET_SEAT: usize = 861;
    const BEAGLE: usize = 162;
    const KOALA: usize = 105;
    const BUTTERFLY: usize = 323;
    const BALLPLAYER: usize = 981;
    const LIGHTHOUSE: usize = 437;
    const CLEAVER: usize = 499;
    const RIFLE: usize = 764;

    /// What remains of one certain `ImageNet` class beside objects of these COCO classes.
    fn labels(class: usize, objects: &[(usize, f32)]) -> Vec<&'static str> {
        let bounding_box = BoundingBox { left: 0., top: 0., width: 1., height: 1. };
        let object = |&(class, confidence)| ClassObjects { class, instances: vec![Instance { bounding_box, confidence }] };
        let objects: Vec<_> = objects.iter().map(object).collect();
        let catalog = Catalog::load();
        let mut scores = vec![0.; CLASSES];
        scores[class] = 0.95;
        sum_scores(&catalog, &scores, &Detected::new(&catalog, &objects)).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_label_that_contradicts_the_objects_is_dropped() {
        assert_eq!(labels(TOILET_SEAT, &[(60, 95.), (51, 80.)]), [""; 0], "a donut in a bowl");
        assert_eq!(labels(BEAGLE, &[(78, 90.)]), [""; 0], "a microwave");
        assert_eq!(labels(KOALA, &[(52, 97.)]), [""; 0], "bananas");
    }

    #[test]
    fn a_label_that_the_detector_supports_stays() {
        assert!(labels(BEAGLE, &[(18, 30.), (63, 90.)]).contains(&"Beagle"), "a dog on a couch");
        assert!(labels(KOALA, &[(23, 97.)]).contains(&"Koala"), "the detector knows no koala, but sees an animal");
    }

    #[test]
    fn without_a_surer_object_of_another_kind_nothing_contradicts() {
        assert!(labels(BEAGLE, &[]).contains(&"Beagle"));
        assert!(labels(BEAGLE, &[(1, 99.)]).contains(&"Dog"), "a person with a dog that the detector missed");
        assert!(
            labels(BUTTERFLY, &[(28, 80.)]).contains(&"Butterfly"),
            "a butterfly that the detector takes for an umbrella, but is less sure"
        );
        assert!(labels(LIGHTHOUSE, &[(9, 90.)]).contains(&"Lighthouse"), "the detector knows no buildings");
    }

    #[test]
    fn a_cleaver_is_a_weapon_unless_food_is_beside_it_but_a_rifle_always_is() {
        assert!(labels(CLEAVER, &[]).contains(&"Weapon"));
        assert_eq!(labels(CLEAVER, &[(57, 40.)]), [""; 0], "carrots");
        assert!(labels(RIFLE, &[(47, 90.)]).contains(&"Weapon"), "a cup");
    }

    #[test]
    fn scores_become_the_fitted_confidences() {
        let catalog = Catalog::load();
        let confidence = |name, score| calibrated(catalog.get(name).unwrap(), score);
        for (name, score, precision) in [
            ("Lighthouse", 0.3, 0.37),
            ("Lighthouse", 0.7, 0.76),
            ("Dog", 0.5, 0.69),
            ("Dog", 0.9, 0.95),
            ("Animal", 0.5, 0.54),
            ("Animal", 0.9, 0.91),
        ] {
            assert!((confidence(name, score) - precision).abs() < 0.02, "{name} {score}: {}", confidence(name, score));
        }
        assert!(confidence("Animal", 1.) <= 1.);
    }

    #[test]
    fn the_square_in_the_middle_of_a_photo() {
        let square = |width, height| middle_square(&RgbImage::new(width, height));
        assert_eq!(square(400, 100), BoundingBox { left: 0.375, top: 0., width: 0.25, height: 1. });
        assert_eq!(square(100, 400), BoundingBox { left: 0., top: 0.375, width: 1., height: 0.25 });
    }

    #[test]
    fn a_ballplayer_is_a_person_and_not_a_ball_game() {
        assert_eq!(labels(BALLPLAYER, &[]), ["Person"]);
    }
}
