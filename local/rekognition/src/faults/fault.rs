//! One fault: which calls it hits and what it does to them.

use std::time::Duration;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Of the calls that match, the share that is hit, from above 0 to 1; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    /// For `slow`: milliseconds before the real work; for `answer`, which may go without: before the answer.
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

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send this error.
    Refuse(Refusal),
    /// Wait, then send this body with HTTP 200; the image is not looked at, and may be gone by then.
    Answer(Duration, String),
    /// Send this body with HTTP 200; it is no answer.
    Garble(&'static str),
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
            _ if self.share.is_some_and(|share| !(share > 0. && share <= 1.)) => Err("share must be above 0 and at most 1, or absent"),
            _ if self.times == Some(0) => Err("times must be 1 or more, or absent"),
            _ => Ok(()),
        }
    }

    /// Whether it hits calls of this operation on this image.
    pub fn matches(&self, operation: Operation, image: &str) -> bool {
        let operation_matches = match self.operation {
            Which::All => true,
            Which::One(one) => one == operation,
        };
        operation_matches && self.image.as_deref().is_none_or(|part| image.contains(part))
    }

    /// Whether it hits the call that is its `count`th match. Looks random, and is the same in each run.
    pub fn picks(&self, count: u64) -> bool {
        self.share.is_none_or(|share| scattered(count) < share)
    }

    /// Uses the fault up by one; false when nothing is left of it.
    pub fn use_up(&mut self) -> bool {
        if let Some(times) = &mut self.times {
            *times = times.saturating_sub(1);
        }
        self.times != Some(0)
    }

    /// What it does to a call that it hits.
    pub fn effect(&self) -> Effect {
        let refuse = |code, message: &str| Effect::Refuse(Refusal::new(code, message));
        let delay = Duration::from_millis(self.delay_ms.unwrap_or_default());
        match self.mode {
            Mode::Throttle => Effect::Refuse(Refusal::throttled()),
            Mode::ProvisionedThroughput => refuse(Code::ProvisionedThroughputExceeded, "Provisioned rate exceeded"),
            Mode::Internal => Effect::Refuse(Refusal::internal("planned fault")),
            Mode::Hang => Effect::Hang,
            Mode::BadJson => Effect::Garble("{\"Labels\": [{\"Name\": "),
            Mode::Close => Effect::Close,
            Mode::Slow => Effect::Delay(delay),
            Mode::AccessDenied => refuse(Code::AccessDenied, "User is not authorized to perform this action"),
            Mode::InvalidS3Object => {
                refuse(Code::InvalidS3Object, "Unable to get object metadata from S3. Check object key, region and/or access permissions.")
            }
            Mode::InvalidParameter => refuse(Code::InvalidParameter, "Request has invalid parameters"),
            Mode::InvalidImageFormat => refuse(Code::InvalidImageFormat, "Request has invalid image format"),
            Mode::ImageTooLarge => refuse(Code::ImageTooLarge, "Image size is too large"),
            Mode::Answer => Effect::Answer(delay, self.body.clone().unwrap_or_default()),
        }
    }
}

/// A number from 0 to below 1 for each count, evenly spread and without a pattern (`SplitMix64`).
#[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
fn scattered(count: u64) -> f64 {
    let mut mixed = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
