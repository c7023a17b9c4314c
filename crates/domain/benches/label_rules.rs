//! Reading an answer of `DetectLabels` with the maximum of 50 labels: parsing, then the rules.

#![allow(clippy::unwrap_used, reason = "a bench that cannot read its own sample must stop")]

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use sightline_domain::rules::{
    analysis::AnalysisRules,
    labels::{DetectLabelsAnswer, LabelRules},
};
use std::hint::black_box;

/// As many as detect-labels requests (`MaxLabels`).
const LABELS: u32 = 50;

fn answer() -> Value {
    let named = |text: &str| json!([{ "Name": text }]);
    let instance = json!({ "BoundingBox": { "Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4 }, "Confidence": 98.0 });
    let label = |number: u32| {
        json!({
            "Name": format!("Label {number}"), "Confidence": 100.0 - f64::from(number), "Instances": [instance, instance],
            "Parents": named("Thing"), "Aliases": named("Other name"), "Categories": named("Everyday Objects"),
        })
    };
    json!({ "Labels": (0..LABELS).map(label).collect::<Vec<_>>(), "LabelModelVersion": "3.0" })
}

fn benches(criterion: &mut Criterion) {
    let (json, rules) = (answer().to_string(), LabelRules::default());
    criterion.bench_function("label rules/parse 50 labels", |bencher| {
        bencher.iter(|| serde_json::from_str::<DetectLabelsAnswer>(black_box(&json)).unwrap());
    });
    let answer: DetectLabelsAnswer = serde_json::from_str(&json).unwrap();
    criterion.bench_function("label rules/read 50 labels", |bencher| bencher.iter(|| rules.read("an-image", black_box(&answer))));
}

criterion_group!(label_rules, benches);
criterion_main!(label_rules);
