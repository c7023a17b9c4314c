//! Counts calls per operation and image: those that Rekognition would have billed, and the others.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use strum::VariantArray;

use crate::{error::Code, operation::Operation};

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// HTTP 200, which Rekognition bills.
    Answered,
    /// An error in the request or its image.
    Refused,
    /// Either of the two throttling errors.
    Throttled,
    /// A server error, or no valid response reached the client.
    Failed,
}

impl From<Code> for Outcome {
    fn from(code: Code) -> Self {
        match code {
            Code::Throttling | Code::ProvisionedThroughputExceeded => Self::Throttled,
            Code::InternalServerError => Self::Failed,
            Code::AccessDenied
            | Code::ImageTooLarge
            | Code::InvalidImageFormat
            | Code::InvalidParameter
            | Code::InvalidS3Object
            | Code::NotSupportedLocally
            | Code::Serialization
            | Code::UnknownOperation => Self::Refused,
        }
    }
}

/// The number of calls of one operation, by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    answered: u64,
    refused: u64,
    throttled: u64,
    failed: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.refused += other.refused;
        self.throttled += other.throttled;
        self.failed += other.failed;
    }

    fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Answered => &mut self.answered,
            Outcome::Refused => &mut self.refused,
            Outcome::Throttled => &mut self.throttled,
            Outcome::Failed => &mut self.failed,
        } += 1;
    }
}

/// All calls since the start.
#[derive(Debug, Default)]
pub struct Calls(Mutex<HashMap<(Operation, String), Counts>>);

impl Calls {
    /// Counts one call; `image` is the key in S3, empty for inline bytes or an unreadable request.
    pub fn count(&self, operation: Operation, image: &str, outcome: Outcome) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.entry((operation, image.to_owned())).or_default().count(outcome);
    }

    /// The counts of every operation, summed over all images whose key contains `part`.
    pub fn sums(&self, part: &str) -> BTreeMap<Operation, Counts> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums: BTreeMap<_, _> = Operation::VARIANTS.iter().map(|operation| (*operation, Counts::default())).collect();
        for ((operation, _), counts) in calls.iter().filter(|((_, image), _)| image.contains(part)) {
            sums.entry(*operation).or_default().add(*counts);
        }
        sums
    }

    /// The counts of every image, by its key.
    pub fn by_image(&self) -> BTreeMap<String, BTreeMap<Operation, Counts>> {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut images: BTreeMap<String, BTreeMap<Operation, Counts>> = BTreeMap::new();
        for ((operation, image), counts) in calls.iter() {
            images.entry(image.clone()).or_default().insert(*operation, *counts);
        }
        images
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_summed_over_matching_images() {
        let calls = Calls::default();
        calls.count(Operation::DetectLabels, "processed/a/image.jpg", Outcome::Answered);
        calls.count(Operation::DetectLabels, "processed/b/image.jpg", Outcome::Answered);
        calls.count(Operation::DetectLabels, "processed/b/image.jpg", Code::Throttling.into());

        assert_eq!(calls.sums("/b/")[&Operation::DetectLabels], Counts { answered: 1, throttled: 1, ..Counts::default() });
        assert_eq!(calls.sums("")[&Operation::DetectLabels].answered, 2);
        assert_eq!(calls.sums("/c/")[&Operation::DetectText], Counts::default());
        assert_eq!(
            calls.by_image()["processed/b/image.jpg"],
            BTreeMap::from([(Operation::DetectLabels, calls.sums("/b/")[&Operation::DetectLabels])])
        );
    }
}
