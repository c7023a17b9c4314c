//! From scores to Rekognition's names.
//!
//! Two classifiers measure how revealing a photo is; neither sees which part of a body is bare. So no name of level 3 is ever given,
//! and of level 2 only those that say no more than "nudity": what they cannot tell apart stays at the level above.

use super::{ModerationLabel, ModerationScores};

const EXPLICIT: &str = "Explicit";
const NON_EXPLICIT: &str = "Non-Explicit Nudity of Intimate parts and Kissing";
const SWIMWEAR: &str = "Swimwear or Underwear";

/// Every level of every flag, the likeliest first.
pub(super) fn labels(scores: ModerationScores) -> Vec<ModerationLabel> {
    let explicit = f32::midpoint(scores.open_nsfw, scores.porn + scores.hentai);
    // A revealing photo shows bare skin that `open_nsfw` objects to, or clothes that it does not object to.
    let non_explicit = scores.sexy * scores.open_nsfw;
    let swimwear = scores.sexy * (1. - scores.open_nsfw);
    let mut labels = vec![
        label(EXPLICIT, "", 1, explicit),
        label("Explicit Nudity", EXPLICIT, 2, explicit),
        label(NON_EXPLICIT, "", 1, non_explicit),
        label("Non-Explicit Nudity", NON_EXPLICIT, 2, non_explicit),
        label(SWIMWEAR, "", 1, swimwear),
    ];
    labels.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    labels
}

fn label(name: &'static str, parent_name: &'static str, taxonomy_level: u8, score: f32) -> ModerationLabel {
    ModerationLabel { name, parent_name, taxonomy_level, confidence: 100. * score.clamp(0., 1.) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARMLESS: ModerationScores = ModerationScores { open_nsfw: 0.02, drawing: 0.01, hentai: 0., neutral: 0.98, porn: 0., sexy: 0.01 };

    fn confidence(scores: ModerationScores, name: &str) -> f32 {
        labels(scores).iter().find(|label| label.name == name).unwrap().confidence
    }

    #[test]
    fn a_harmless_photo_stays_below_any_sensible_threshold() {
        assert!(labels(HARMLESS).iter().all(|label| label.confidence < 5.));
    }

    #[test]
    fn both_models_must_agree_before_a_photo_is_surely_explicit() {
        let agreed = ModerationScores { open_nsfw: 0.96, neutral: 0.02, porn: 0.9, ..HARMLESS };
        let alone = ModerationScores { porn: 0.9, neutral: 0.1, ..HARMLESS };
        assert!(confidence(agreed, "Explicit Nudity") > 90.);
        assert!(confidence(alone, "Explicit") < 50.);
    }

    #[test]
    fn a_revealing_photo_is_told_by_how_much_open_nsfw_objects() {
        let beach = ModerationScores { open_nsfw: 0.1, neutral: 0.1, sexy: 0.9, ..HARMLESS };
        let bare = ModerationScores { open_nsfw: 0.8, neutral: 0.1, sexy: 0.9, ..HARMLESS };
        assert!(confidence(beach, SWIMWEAR) > confidence(beach, NON_EXPLICIT));
        assert!(confidence(bare, NON_EXPLICIT) > confidence(bare, SWIMWEAR));
    }

    #[test]
    fn every_label_comes_with_its_parent_at_least_as_sure() {
        let scores = ModerationScores { open_nsfw: 0.6, neutral: 0.2, porn: 0.4, sexy: 0.4, ..HARMLESS };
        let all = labels(scores);
        for label in all.iter().filter(|label| label.taxonomy_level > 1) {
            let parent = all.iter().find(|other| other.name == label.parent_name).unwrap();
            assert!(parent.confidence >= label.confidence && parent.taxonomy_level == label.taxonomy_level - 1);
        }
    }
}
