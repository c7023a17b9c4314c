//! Planned faults: tests make calls fail in a given way, before any work is done.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    error::{ApiError, Code},
    operation::Operation,
};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Throttle,
    ProvisionedThroughput,
    Internal,
    Hang,
    BadJson,
    Close,
    Slow,
    AccessDenied,
    InvalidS3Object,
    InvalidParameter,
    InvalidImageFormat,
    ImageTooLarge,
    Answer,
}

/// A fault as clients plan and list it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    operation: OperationFilter,
    /// A part of the image's key in S3; absent: any image, including inline images.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    mode: Mode,
    /// Remaining calls to hit; absent: all until the fault is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// Fraction of the matching calls to hit, above 0 and at most 1; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    /// Milliseconds before the real work (`slow`) or before the response (`answer`, optional).
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// The response body (`answer`).
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// One operation or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum OperationFilter {
    #[serde(rename = "*")]
    All,
    #[serde(untagged)]
    One(Operation),
}

/// The effect of a fault on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Return this error.
    Error(ApiError),
    /// Wait, then return this body with HTTP 200; the image is not read, and need not exist.
    Answer(Duration, String),
    /// Return this invalid body with HTTP 200.
    InvalidBody(&'static str),
    /// Wait, then do the real work.
    Delay(Duration),
    /// Never respond.
    Hang,
    /// Drop the connection.
    Close,
}

impl Fault {
    /// Checks the fields; the error is a message for the client.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.mode {
            Mode::Slow if self.delay_ms.is_none() => Err("mode slow needs delayMs"),
            Mode::Answer if self.body.is_none() => Err("mode answer needs body"),
            _ if self.share.is_some_and(|share| !(share > 0. && share <= 1.)) => Err("share must be above 0 and at most 1, or absent"),
            _ if self.times == Some(0) => Err("times must be 1 or more, or absent"),
            _ => Ok(()),
        }
    }

    /// Whether it applies to calls of this operation on this image.
    fn matches(&self, operation: Operation, image: &str) -> bool {
        let operation_matches = match self.operation {
            OperationFilter::All => true,
            OperationFilter::One(one) => one == operation,
        };
        operation_matches && self.image.as_deref().is_none_or(|part| image.contains(part))
    }

    /// Whether it hits the `count`th matching call. The selection looks random, but is the same in each run.
    fn selects(&self, count: u64) -> bool {
        self.share.is_none_or(|share| pseudo_random(count) < share)
    }

    /// Decrements the remaining calls; returns false if none remain.
    fn decrement(&mut self) -> bool {
        if let Some(times) = &mut self.times {
            *times = times.saturating_sub(1);
        }
        self.times != Some(0)
    }

    fn effect(&self) -> Effect {
        let error = |code, message: &str| Effect::Error(ApiError::new(code, message));
        let delay = Duration::from_millis(self.delay_ms.unwrap_or_default());
        match self.mode {
            Mode::Throttle => Effect::Error(ApiError::throttled()),
            Mode::ProvisionedThroughput => error(Code::ProvisionedThroughputExceeded, "Provisioned rate exceeded"),
            Mode::Internal => Effect::Error(ApiError::internal("planned fault")),
            Mode::Hang => Effect::Hang,
            Mode::BadJson => Effect::InvalidBody("{\"Labels\": [{\"Name\": "),
            Mode::Close => Effect::Close,
            Mode::Slow => Effect::Delay(delay),
            Mode::AccessDenied => error(Code::AccessDenied, "User is not authorized to perform this action"),
            Mode::InvalidS3Object => {
                error(Code::InvalidS3Object, "Unable to get object metadata from S3. Check object key, region and/or access permissions.")
            }
            Mode::InvalidParameter => error(Code::InvalidParameter, "Request has invalid parameters"),
            Mode::InvalidImageFormat => error(Code::InvalidImageFormat, "Request has invalid image format"),
            Mode::ImageTooLarge => error(Code::ImageTooLarge, "Image size is too large"),
            Mode::Answer => Effect::Answer(delay, self.body.clone().unwrap_or_default()),
        }
    }
}

/// A planned fault.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    id: u64,
    #[serde(flatten)]
    fault: Fault,
    /// Number of matching calls.
    matched: u64,
    /// Number of matching calls that failed.
    hit: u64,
}

/// The planned faults, oldest first.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    last_id: u64,
    planned: Vec<Planned>,
}

impl Planned {
    /// Counts the call if it matches, and returns whether it should fail.
    fn should_hit(&mut self, operation: Operation, image: &str) -> bool {
        let matches = self.fault.matches(operation, image);
        self.matched += u64::from(matches);
        matches && self.fault.selects(self.matched)
    }
}

impl Faults {
    /// Adds a fault and returns its id.
    pub fn add(&self, fault: Fault) -> u64 {
        self.with(|plan| {
            plan.last_id += 1;
            plan.planned.push(Planned { id: plan.last_id, fault, matched: 0, hit: 0 });
            plan.last_id
        })
    }

    /// The faults that are still planned.
    pub fn list(&self) -> Vec<Planned> {
        self.with(|plan| plan.planned.clone())
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.with(|plan| plan.planned.clear());
    }

    /// Removes a fault; returns whether it existed.
    pub fn remove(&self, id: u64) -> bool {
        self.with(|plan| {
            let before = plan.planned.len();
            plan.planned.retain(|planned| planned.id != id);
            plan.planned.len() < before
        })
    }

    /// The effect of the oldest fault that hits this call. A fault is removed after its last call.
    pub fn hit(&self, operation: Operation, image: &str) -> Option<Effect> {
        self.with(|plan| {
            let at = plan.planned.iter_mut().position(|planned| planned.should_hit(operation, image))?;
            let planned = plan.planned.get_mut(at)?;
            planned.hit += 1;
            let effect = planned.fault.effect();
            if !planned.fault.decrement() {
                plan.planned.remove(at);
            }
            Some(effect)
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A number from 0 to below 1 for each count, evenly distributed and without a pattern (`SplitMix64`).
#[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
fn pseudo_random(count: u64) -> f64 {
    let mut mixed = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strum::VariantArray;

    use super::*;

    fn fault(value: serde_json::Value) -> Fault {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_fault_hits_its_operation_and_image_the_given_number_of_times() {
        let faults = Faults::default();
        faults.add(fault(json!({"operation": "DetectText", "image": "/a/", "mode": "throttle", "times": 2})));

        assert_eq!(faults.hit(Operation::DetectLabels, "x/a/y"), None);
        assert_eq!(faults.hit(Operation::DetectText, "x/b/y"), None);
        assert_eq!(faults.hit(Operation::DetectText, ""), None, "inline bytes have no key");
        assert!(faults.hit(Operation::DetectText, "x/a/y").is_some());
        assert_eq!(serde_json::to_value(faults.list()).unwrap()[0]["times"], 1);
        assert!(faults.hit(Operation::DetectText, "x/a/y").is_some());
        assert_eq!(faults.hit(Operation::DetectText, "x/a/y"), None);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn faults_without_times_stay_until_they_are_removed() {
        let faults = Faults::default();
        let id = faults.add(fault(json!({"operation": "*", "mode": "close"})));
        for &operation in Operation::VARIANTS {
            assert_eq!(faults.hit(operation, ""), Some(Effect::Close));
        }
        assert!(faults.remove(id));
        assert!(!faults.remove(id));
        assert_eq!(faults.hit(Operation::DetectText, ""), None);
    }

    #[test]
    fn a_share_hits_the_same_calls_in_each_run() {
        let hits = || {
            let faults = Faults::default();
            faults.add(fault(json!({"operation": "*", "mode": "internal", "share": 0.01})));
            (0..10_000).map(|_| faults.hit(Operation::DetectLabels, "").is_some()).collect::<Vec<_>>()
        };
        let first = hits();

        let count = first.iter().filter(|hit| **hit).count();
        assert!((70..=130).contains(&count), "{count}");
        assert!(!first[..20].contains(&true), "no hits at the start");
        assert_eq!(first, hits());
    }

    #[test]
    fn a_call_that_one_fault_does_not_hit_may_be_hit_by_the_next() {
        let faults = Faults::default();
        faults.add(fault(json!({"operation": "*", "mode": "internal", "share": 0.000_001})));
        faults.add(fault(json!({"operation": "*", "mode": "close", "times": 1})));

        assert_eq!(faults.hit(Operation::DetectText, ""), Some(Effect::Close));
        let left = serde_json::to_value(faults.list()).unwrap();
        assert_eq!((&left[0]["matched"], &left[0]["hit"], left.as_array().unwrap().len()), (&json!(1), &json!(0), 1));
    }

    #[test]
    fn an_invalid_fault_is_not_planned() {
        for value in [
            json!({"operation": "*", "mode": "slow"}),
            json!({"operation": "*", "mode": "answer"}),
            json!({"operation": "*", "mode": "hang", "times": 0}),
            json!({"operation": "*", "mode": "hang", "share": 0.0}),
            json!({"operation": "*", "mode": "hang", "share": 1.01}),
        ] {
            assert!(fault(value.clone()).check().is_err(), "{value}");
        }
        for value in [
            json!({"operation": "*", "mode": "explode"}),
            json!({"operation": "Sing", "mode": "hang"}),
            json!({"operation": "*", "mode": "hang", "time": 1}),
        ] {
            assert!(serde_json::from_value::<Fault>(value.clone()).is_err(), "{value}");
        }
    }
}
