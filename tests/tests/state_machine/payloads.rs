//! The payload of each Task is the input of its function.

use crate::asl::{CALLED_FROM_OUTSIDE, functions, sample, tasks};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sightline_domain::{
    model::{ExecutionStatusChanged, ImportItem},
    rules::alert::AlertRequest,
};
use sightline_kit::AnalysisInput;
use std::collections::BTreeSet;

fn check<T: DeserializeOwned>(input: Value) -> Result<(), String> {
    serde_json::from_value::<T>(input).map(drop).map_err(|error| error.to_string())
}

/// Parses an input as the function does.
pub fn takes(function: &str, input: Value) -> Result<(), String> {
    match function {
        "inspect-image" => check::<inspect_image::step::Input>(input),
        "record-rejection" => check::<record_rejection::Input>(input),
        "detect-labels" | "analyze-faces" | "detect-text" | "moderate-image" => check::<AnalysisInput>(input),
        "send-alert" => check::<AlertRequest>(input),
        "request-review" => check::<request_review::Input>(input),
        "store-record" => check::<store_record::Input>(input),
        "record-failure" => check::<ExecutionStatusChanged>(input),
        "import-image" => check::<ImportItem>(input),
        other => panic!("{other} has no input here"),
    }
}

fn keys(value: &Value) -> BTreeSet<&String> {
    value.as_object().unwrap().keys().collect()
}

#[test]
fn payloads_have_the_keys_of_the_samples() {
    for task in tasks() {
        assert_eq!(keys(&task.body["Arguments"]["Payload"]), keys(&sample(&task.function())), "{}", task.name);
    }
}

/// Not part of the input type: the kit reads the image's id for the log.
const FOR_THE_LOG: (&str, &str) = ("record-rejection", "Image");
/// Null if no review was requested.
const OPTIONAL: (&str, &str) = ("store-record", "Review");

#[test]
fn every_key_of_a_sample_is_needed() {
    for function in functions().iter().filter(|function| !CALLED_FROM_OUTSIDE.contains(&function.as_str())) {
        let whole = sample(function);
        for key in keys(&whole) {
            let mut without = whole.clone();
            without.as_object_mut().unwrap().remove(key);
            let dispensable = [FOR_THE_LOG, OPTIONAL].contains(&(function.as_str(), key.as_str()));
            assert_eq!(takes(function, without).is_ok(), dispensable, "{function} without {key}");
        }
    }
}
