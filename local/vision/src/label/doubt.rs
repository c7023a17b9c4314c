//! How far the whole photo confirms the detected objects.
//!
//! The detector learned from crowded photos of eighty kinds of things. In a photo of anything else it takes the main thing for one of them: a fish
//! for a bird, a ball for a frisbee. Such a mistake often stands alone, and the scene model knows better.

use super::catalog::{Catalog, Entry};
use super::objects::{ClassObjects, logit, sigmoid};

const ANIMAL: &str = "Animal";
const PERSON: &str = "Person";

/// The weights were fitted on 329 photos of many kinds, labelled by eye, and checked on 152 others (docs/local.md). `OWN` is what the detector says
/// of the class itself, and `COMPANY` what it says of all other classes together, which counts up to `MAX_COMPANY` certain ones. `OTHER` is the
/// scene model's highest score of a class that is something else, and `ANIMALS` the sum of its scores of all animals that are something else.
const OWN: f32 = 0.85;
const COMPANY: f32 = 0.9;
const MAX_COMPANY: f32 = 3.;
const OTHER: f32 = -1.8;
const ANIMALS: f32 = -3.;
const ALONE: f32 = -1.95;

/// Persons are alone in many photos, and appear together with everything except animals.
const PERSON_OWN: f32 = 1.65;
const PERSON_ANIMALS: f32 = -2.6;
const PERSON_ALONE: f32 = 0.25;

/// The objects with the confidence that remains in view of the scene model's scores of its classes.
pub(super) fn doubted(catalog: &Catalog, objects: Vec<ClassObjects>, scores: &[f32]) -> Vec<ClassObjects> {
    let everything: f32 = objects.iter().map(|object| object.confidence() / 100.).sum();
    let doubt = |object: ClassObjects| {
        let Some(entry) = catalog.of_coco(object.class) else { return object };
        let own = object.confidence() / 100.;
        let remaining = confidence(entry, own, everything - own, catalog, scores);
        object.with_confidence(100. * remaining)
    };
    objects.into_iter().map(doubt).collect()
}

/// The confidence, 0–1, that remains of a class with this confidence of its own, in this company.
fn confidence(entry: &Entry, own: f32, company: f32, catalog: &Catalog, scores: &[f32]) -> f32 {
    let others = || scores.iter().enumerate().filter(|(class, _)| !entry.covered.contains(class));
    let is_animal = |class: &usize| catalog.get(ANIMAL).is_some_and(|animal| animal.covered.contains(class));
    let animals: f32 = others().filter(|(class, _)| is_animal(class)).map(|(_, score)| score).sum();
    if entry.name == PERSON {
        return sigmoid(PERSON_OWN * logit(own) + PERSON_ANIMALS * animals + PERSON_ALONE);
    }
    let other = others().map(|(_, &score)| score).fold(0., f32::max);
    sigmoid(OWN * logit(own) + COMPANY * company.min(MAX_COMPANY) + OTHER * other + ANIMALS * animals + ALONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BoundingBox;
    use crate::label::Instance;

    const SHARK: usize = 2;
    const ROBIN: usize = 15;
    const LIGHTHOUSE: usize = 437;

    /// The remaining confidence of the first of these objects (COCO class and confidence) beside this score of an `ImageNet` class.
    fn remaining(objects: &[(usize, f32)], (class, score): (usize, f32)) -> f32 {
        let bounding_box = BoundingBox { left: 0., top: 0., width: 1., height: 1. };
        let object = |&(class, confidence)| ClassObjects { class, instances: vec![Instance { bounding_box, confidence }] };
        let mut scores = vec![0.; 1000];
        scores[class] = score;
        doubted(&Catalog::load(), objects.iter().map(object).collect(), &scores)[0].confidence()
    }

    fn is_near(confidence: f32, expected: f32) -> bool {
        (confidence - expected).abs() < 2.
    }

    #[test]
    fn a_thing_alone_is_doubtful_and_in_company_it_is_not() {
        assert!(is_near(remaining(&[(44, 80.)], (LIGHTHOUSE, 0.)), 32.), "a bottle");
        assert!(is_near(remaining(&[(44, 80.), (67, 90.), (47, 90.)], (LIGHTHOUSE, 0.)), 70.), "a bottle on a table with a cup");
        assert!(
            is_near(remaining(&[(44, 95.), (67, 99.), (47, 99.), (62, 99.)], (LIGHTHOUSE, 0.)), 96.),
            "a bottle with three other things"
        );
        let crowd = [(44, 95.), (67, 99.), (47, 99.), (62, 99.), (1, 99.), (2, 99.)];
        assert!(is_near(remaining(&crowd, (LIGHTHOUSE, 0.)), 96.), "further things add nothing");
    }

    #[test]
    fn a_sure_scene_of_something_else_contradicts_an_object() {
        let boat = |score| remaining(&[(9, 95.)], (LIGHTHOUSE, score));
        assert!(is_near(boat(0.1), 59.) && is_near(boat(0.9), 25.), "{} {}", boat(0.1), boat(0.9));
    }

    #[test]
    fn a_bird_is_no_other_animal() {
        assert!(is_near(remaining(&[(16, 95.)], (ROBIN, 0.9)), 63.), "its own classes do not contradict it");
        assert!(remaining(&[(16, 95.)], (SHARK, 0.9)) < 3.);
    }

    #[test]
    fn a_person_may_be_alone_but_not_if_the_photo_shows_an_animal() {
        assert!(is_near(remaining(&[(1, 80.)], (LIGHTHOUSE, 0.9)), 93.));
        assert!(is_near(remaining(&[(1, 80.)], (SHARK, 0.9)), 55.));
    }
}
