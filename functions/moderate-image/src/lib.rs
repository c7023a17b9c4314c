//! Applies the moderation policy to an image. It fails closed: without an answer there is no verdict. The step is
//! [`sightline_kit::AnalysisStep`].
//!
//! Input `{"Image": ImageRef}`. Errors: `Recognition.*`, `Storage.*`.

use sightline_domain::rules::moderation::Policy;
use sightline_kit::settings::Reader;

/// Reads the policy from the settings (docs/configuration.md). It has no default: a missing policy would let every image pass.
pub fn rules(reader: &mut Reader<'_>) -> Policy {
    let text = reader.text("MODERATION_POLICY");
    let policy = if text.is_empty() { Policy::default() } else { reader.json("MODERATION_POLICY", Policy::default()) };
    for problem in policy.problems() {
        reader.problem(format!("MODERATION_POLICY: {problem}"));
    }
    policy
}
