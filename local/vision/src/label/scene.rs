//! What the whole photo shows, from EfficientNet-Lite0, trained on `ImageNet`.
//!
//! The model always selects one of its classes, even if none is in the photo. So labels that contradict the object detector are dropped.

use std::collections::BTreeMap;

use image::RgbImage;

use super::catalog::{Catalog, Entry};
use super::objects::Objects;
use crate::pixels::{self, Normalization};
use crate::runtime::{Model, Runtime, VisionError};

const MODEL: &str = "efficientnet-lite0.onnx";
const SIDE: u32 = 224;
const NORMALIZATION: Normalization = Normalization::same(127., 1. / 128.);
const CLASSES: usize = 1000;
/// Lower scores are noise.
const MIN_SCORE: f32 = 0.7;

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

    /// Labels of the whole photo that do not contradict the detected objects, with their confidence, 0–100. The score of a label is the sum over
    /// its own classes and its descendants'.
    pub fn classify(&self, catalog: &Catalog, image: &RgbImage, objects: &Objects) -> Result<Vec<(&'static str, f32)>, VisionError> {
        let data = pixels::planes(&pixels::resize(image, SIDE, SIDE), NORMALIZATION);
        self.0.run([1, 3, SIDE as usize, SIDE as usize], &data, |[scores]| {
            (scores.data.len() == CLASSES).then(|| sum_scores(catalog, scores.data, &Detected::new(catalog, objects)))
        })
    }
}

/// What the detector says about the photo.
struct Detected<'a> {
    catalog: &'a Catalog,
    objects: &'a Objects,
    /// The labels of things that it is sure of. Persons do not count: they go with everything.
    sure: Vec<&'a Entry>,
    /// The confidence of the first of them, 0–1.
    surest: f32,
    is_at_table: bool,
}

impl<'a> Detected<'a> {
    fn new(catalog: &'a Catalog, objects: &'a Objects) -> Self {
        let detected = || objects.by_class.iter().filter_map(|object| Some((catalog.of_coco(object.class)?, object.confidence())));
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
            return known.all(|class| self.objects.confidence(class) < SUPPORTED);
        }
        let is_animal = |entry: &Entry| entry.lineage().any(|name| name == ANIMAL);
        is_animal(entry) && self.surest >= score && !self.sure.iter().any(|sure| is_animal(sure))
    }
}

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
    sums.into_iter().filter(|&(_, score)| score >= MIN_SCORE).map(|(name, score)| (name, 100. * score.min(1.))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BoundingBox;
    use crate::label::{Instance, objects::ClassObjects};

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
        let objects = Objects::of(objects.iter().map(object).collect());
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
    fn a_ballplayer_is_a_person_and_not_a_ball_game() {
        assert_eq!(labels(BALLPLAYER, &[]), ["Person"]);
    }
}
