//! Moderation of the sample photos (all harmless; the naming of other scores is tested beside the taxonomy).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail at once")]

mod common;

use common::{models, sample};

#[test]
fn harmless_photos_are_not_flagged() {
    let models = models();
    for name in ["astronaut.jpg", "camera-operator.jpg", "cat.webp", "coffee.jpg", "hopper-rotated.jpg", "printed-page.png", "rocket.jpg"] {
        let moderation = models.moderation(&sample(name)).unwrap();
        assert!(moderation.labels.iter().all(|label| label.confidence < 25.), "{name}: {moderation:?}");
    }
}

#[test]
fn the_classes_of_nsfwjs_are_shares_of_one() {
    let scores = models().moderation(&sample("coffee.jpg")).unwrap().scores;
    let sum = scores.drawing + scores.hentai + scores.neutral + scores.porn + scores.sexy;
    assert!((sum - 1.).abs() < 0.01, "{scores:?}");
    assert!(scores.neutral > 0.9, "{scores:?}");
}
