//! The fault plan: what to do to which calls, and how often, before any work is done.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    operation::Operation,
    refusal::{Code, Refusal},
};

/// How a call is to fail.
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

/// A fault as it is asked for and listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    operation: Which,
    /// A part of the image's key in S3; absent: any image, inline ones too.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    mode: Mode,
    /// Calls still to be hit; absent: all until the fault is cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    /// For `slow`: milliseconds before the real answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// For `answer`: what is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// One operation or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Which {
    #[serde(rename = "*")]
    All,
    #[serde(untagged)]
    One(Operation),
}

/// A fault in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    id: u64,
    #[serde(flatten)]
    fault: Fault,
}

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send this error.
    Refuse(Refusal),
    /// Send this body with HTTP 200.
    Answer(String),
    /// Wait, then do the real work.
    Delay(Duration),
    /// Never answer.
    Hang,
    /// Drop the connection.
    Close,
}

impl Fault {
    /// Says what is missing, in words for whoever planned it.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.mode {
            Mode::Slow if self.delay_ms.is_none() => Err("mode slow needs delayMs"),
            Mode::Answer if self.body.is_none() => Err("mode answer needs body"),
            _ if self.times == Some(0) => Err("times must be 1 or more, or absent"),
            _ => Ok(()),
        }
    }

    fn matches(&self, operation: Operation, image: &str) -> bool {
        let operation_matches = match self.operation {
            Which::All => true,
            Which::One(one) => one == operation,
        };
        operation_matches && self.image.as_deref().is_none_or(|part| image.contains(part))
    }

    fn effect(&self) -> Effect {
        let refuse = |code, message: &str| Effect::Refuse(Refusal::new(code, message));
        match self.mode {
            Mode::Throttle => Effect::Refuse(Refusal::throttled()),
            Mode::ProvisionedThroughput => refuse(Code::ProvisionedThroughputExceeded, "Provisioned rate exceeded"),
            Mode::Internal => Effect::Refuse(Refusal::internal("planned fault")),
            Mode::Hang => Effect::Hang,
            Mode::BadJson => Effect::Answer("{\"Labels\": [{\"Name\": ".to_owned()),
            Mode::Close => Effect::Close,
            Mode::Slow => Effect::Delay(Duration::from_millis(self.delay_ms.unwrap_or_default())),
            Mode::AccessDenied => refuse(Code::AccessDenied, "User is not authorized to perform this action"),
            Mode::InvalidS3Object => {
                refuse(Code::InvalidS3Object, "Unable to get object metadata from S3. Check object key, region and/or access permissions.")
            }
            Mode::InvalidParameter => refuse(Code::InvalidParameter, "Request has invalid parameters"),
            Mode::InvalidImageFormat => refuse(Code::InvalidImageFormat, "Request has invalid image format"),
            Mode::ImageTooLarge => refuse(Code::ImageTooLarge, "Image size is too large"),
            Mode::Answer => Effect::Answer(self.body.clone().unwrap_or_default()),
        }
    }
}

/// The faults still to happen, the oldest first.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    last_id: u64,
    planned: Vec<Planned>,
}

impl Faults {
    /// Adds a fault and returns its id.
    pub fn add(&self, fault: Fault) -> u64 {
        self.with(|plan| {
            plan.last_id += 1;
            plan.planned.push(Planned { id: plan.last_id, fault });
            plan.last_id
        })
    }

    /// The faults that can still happen.
    pub fn list(&self) -> Vec<Planned> {
        self.with(|plan| plan.planned.clone())
    }

    /// Drops all faults.
    pub fn clear(&self) {
        self.with(|plan| plan.planned.clear());
    }

    /// Drops one fault; false if there is none of this id.
    pub fn remove(&self, id: u64) -> bool {
        self.with(|plan| {
            let before = plan.planned.len();
            plan.planned.retain(|planned| planned.id != id);
            plan.planned.len() < before
        })
    }

    /// What the oldest matching fault does to this call; uses it up by one.
    pub fn hit(&self, operation: Operation, image: &str) -> Option<Effect> {
        self.with(|plan| {
            let planned = plan.planned.iter_mut().find(|planned| planned.fault.matches(operation, image))?;
            let effect = planned.fault.effect();
            if let Some(times) = &mut planned.fault.times {
                *times -= 1;
            }
            plan.planned.retain(|planned| planned.fault.times != Some(0));
            Some(effect)
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(value: serde_json::Value) -> Fault {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_fault_hits_its_operation_and_image_so_many_times() {
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
        for operation in Operation::ALL {
            assert_eq!(faults.hit(operation, ""), Some(Effect::Close));
        }
        assert!(faults.remove(id));
        assert!(!faults.remove(id));
        assert_eq!(faults.hit(Operation::DetectText, ""), None);
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_not_planned() {
        for value in [
            json!({"operation": "*", "mode": "slow"}),
            json!({"operation": "*", "mode": "answer"}),
            json!({"operation": "*", "mode": "hang", "times": 0}),
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
