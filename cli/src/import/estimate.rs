//! What an import is about, and what it will cost.

use super::{gather::Gathered, standing::Standing};
use crate::output::{
    facts::Facts,
    text::{dollars, megabytes},
};
use serde::Serialize;
use sightline_domain::rules::cost::{Cost, MICRODOLLARS_PER_STATE};

/// Before anything is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Estimate {
    /// The name of the run.
    pub import: String,
    /// Images that can be imported.
    pub images: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Those of them that are analysed, or at work.
    pub already_analyzed: usize,
    /// Those that the import would work on.
    pub to_analyze: usize,
    /// Named, and not there or not for us to read.
    pub absent: usize,
    /// What was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Millionths of a dollar: two Rekognition calls an image.
    pub microdollars_least: u64,
    /// Millionths of a dollar: four Rekognition calls an image, an alert and a review.
    pub microdollars_most: u64,
}

impl Estimate {
    /// Of what was gathered, as it stands.
    pub fn new(import: String, gathered: &Gathered, standings: &[Standing]) -> Self {
        let to_analyze = standings.iter().filter(|standing| standing.to_do).count();
        // Every image enters one state of the import, too.
        let of_all = |cost: Cost| u64::from(cost.microdollars() + MICRODOLLARS_PER_STATE) * to_analyze as u64;
        Self {
            import,
            images: gathered.found.len(),
            bytes: gathered.found.iter().map(|found| found.size).sum(),
            already_analyzed: standings.len() - to_analyze,
            to_analyze,
            absent: gathered.absent.len(),
            left_out: gathered.left_out.sentence(),
            microdollars_least: of_all(Cost::LEAST),
            microdollars_most: of_all(Cost::MOST),
        }
    }

    /// `0.69 to 1.32 dollars`.
    pub fn range(&self) -> String {
        format!("{} to {} dollars", dollars(self.microdollars_least), dollars(self.microdollars_most))
    }

    /// For people.
    pub fn facts(&self) -> String {
        let mut facts = Facts::default();
        facts.add("images", format!("{}, {}", self.images, megabytes(self.bytes)));
        facts.add("analysed already", self.already_analyzed.to_string());
        facts.add("to analyse", self.to_analyze.to_string());
        facts.add_some("not to be read", (self.absent > 0).then(|| self.absent.to_string()));
        facts.add_some("left out", self.left_out.clone());
        facts.add("cost", format!("{} at list prices: 2 to 4 Rekognition calls an image, and states", self.range()));
        facts.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_to_be_done_costs_money() {
        let standing = |to_do| Standing { to_do, ..Standing::default() };
        let standings: Vec<Standing> = (0..300).map(|place| standing(place < 100)).collect();
        let estimate = Estimate::new("i".into(), &Gathered::default(), &standings);
        assert_eq!((estimate.to_analyze, estimate.already_analyzed), (100, 200));
        // Two calls and 11 + 1 states; four calls and 15 + 1 states.
        assert_eq!((estimate.microdollars_least, estimate.microdollars_most), (230_000, 440_000));
        assert_eq!(estimate.range(), "0.23 to 0.44 dollars");
    }
}
