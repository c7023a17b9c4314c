//! Settings of moderate-image; docs/configuration.md says what each is for.

use sightline_domain::moderation::Policy;
use sightline_kit::settings::Reader;

/// Reads the policy. There is no default here: a policy that fell away unseen would let everything through.
pub fn read(reader: &mut Reader<'_>) -> Policy {
    let text = reader.text("MODERATION_POLICY");
    let policy = if text.is_empty() { Policy::default() } else { reader.json("MODERATION_POLICY", Policy::default()) };
    for problem in policy.problems() {
        reader.problem(format!("MODERATION_POLICY: {problem}"));
    }
    policy
}
