//! From the findings of an image to its record, and from the record to its rows of the label index.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that cannot read its own sample must stop")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::json;
use sightline_domain::rules::{
    label_index::index,
    merge::{Findings, merge},
};
use sightline_tests::samples::{NOW, claimed, findings};
use std::hint::black_box;

/// Labels of the record: the default of the setting `maxStoredLabels`.
const LABELS: u32 = 10;

fn sample() -> Findings {
    let mut sample = findings();
    let label = |number: u32| {
        json!({
            "Name": format!("label {number}"), "Confidence": 99.0 - f64::from(number), "Parents": [format!("Parent {number}"), "Thing"],
            "Aliases": [format!("Alias {number}")], "Categories": ["Everyday Objects"],
        })
    };
    sample["Labels"]["Labels"] = (0..LABELS).map(label).collect();
    let line = |text: &str| json!({ "Text": text, "Confidence": 97.0, "Box": { "Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.1 } });
    sample["Text"] =
        json!({ "Status": "DONE", "ResultKey": "results/text.json", "TextLines": [line("RE16 TGK"), line("Region-based segmentation")] });
    serde_json::from_value(sample).unwrap()
}

fn benches(criterion: &mut Criterion) {
    let sample = sample();
    criterion.bench_function("index rows/merge the findings", |bencher| {
        bencher.iter_batched(|| (claimed(), sample.clone()), |(claimed, sample)| merge(claimed, sample, NOW, 730), BatchSize::SmallInput);
    });
    let record = merge(claimed(), sample, NOW, 730);
    assert!(index(&record).rows.len() > LABELS as usize, "rows of labels, parents, aliases and words");
    criterion.bench_function("index rows/rows of a record", |bencher| bencher.iter(|| index(black_box(&record))));
}

criterion_group!(index_rows, benches);
criterion_main!(index_rows);
