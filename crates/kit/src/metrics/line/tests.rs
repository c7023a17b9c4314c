use super::super::{ALL, DURATION, END_TO_END_SECONDS, IMAGES, ORPHANS, STATES, STRANDED, THROTTLES};
use super::*;

const NOW: EpochMillis = 1_795_513_267_123;

/// What the specification asks of a document, as far as we use it.
fn check(document: &Value) {
    let aws = document["_aws"].as_object().unwrap();
    assert_eq!(aws.keys().collect::<Vec<_>>(), ["CloudWatchMetrics", "Timestamp"]);
    assert!(aws["Timestamp"].is_i64(), "milliseconds since 1970");
    for directive in aws["CloudWatchMetrics"].as_array().unwrap() {
        let members = directive.as_object().unwrap();
        assert_eq!(members.keys().collect::<Vec<_>>(), ["Dimensions", "Metrics", "Namespace"]);
        assert!((1..=1024).contains(&directive["Namespace"].as_str().unwrap().len()));
        for set in directive["Dimensions"].as_array().unwrap() {
            let set = set.as_array().unwrap();
            assert!(set.len() <= 30);
            for dimension in set {
                let value =
                    document[dimension.as_str().unwrap()].as_str().unwrap_or_else(|| panic!("{dimension} has no value: {document}"));
                assert!((1..=1024).contains(&value.len()) && value.is_ascii());
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            assert_eq!(metric.as_object().unwrap().keys().collect::<Vec<_>>(), ["Name", "Unit"]);
            assert!(document[metric["Name"].as_str().unwrap()].is_number());
            assert!(["Count", "Milliseconds", "Seconds", "None"].contains(&metric["Unit"].as_str().unwrap()));
        }
    }
}

#[test]
fn a_line_is_a_document_of_the_embedded_metric_format() {
    let line = Line::default()
        .with(DURATION, 120)
        .with(THROTTLES, 2)
        .with(END_TO_END_SECONDS, seconds(2_500))
        .with(STATES, 11)
        .with(IMAGES, 1)
        .about("Function", Some("store-record"))
        .about("Outcome", Some("COMPLETED"))
        .about("image_id", Some("an-id"))
        .about("error", None);
    let document = line.json("sightline", NOW);
    check(&document);
    assert_eq!(
        document,
        json!({
            "_aws": {
                "Timestamp": NOW,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "sightline",
                        "Dimensions": [["Deployment"]],
                        "Metrics": [{ "Name": "Throttles", "Unit": "Count" }, { "Name": "EndToEndSeconds", "Unit": "Seconds" }],
                    },
                    { "Namespace": "sightline", "Dimensions": [["Deployment", "Outcome"]], "Metrics": [{ "Name": "Images", "Unit": "Count" }] },
                ],
            },
            "Deployment": "sightline", "Function": "store-record", "Outcome": "COMPLETED",
            "Duration": 120, "Throttles": 2, "EndToEndSeconds": 2.5, "States": 11, "Images": 1,
            "image_id": "an-id", "level": "INFO", "timestamp": "2026-11-24T09:41:07.123Z",
        })
    );
}

/// A metric that is sent every hour costs 0.30 dollars a month: nothing to count costs nothing.
#[test]
fn zeros_and_what_nothing_graphs_are_fields_of_the_line_and_no_metrics() {
    let document = Line::default().with(ORPHANS, 0).with(STRANDED, 0).with(THROTTLES, 0).with(DURATION, 12).json("sightline", NOW);
    check(&document);
    assert_eq!(document["_aws"]["CloudWatchMetrics"], json!([]));
    assert_eq!((&document["Orphans"], &document["Throttles"], &document["Duration"]), (&json!(0), &json!(0), &json!(12)));
}

#[test]
fn every_metric_makes_a_valid_line() {
    for metric in ALL {
        let line = Line::default().with(*metric, 1).about("Function", Some("f")).about("Outcome", Some("o"));
        check(&line.json("d", NOW));
    }
    let names: std::collections::BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(names.len(), ALL.len(), "each name once");
}

#[test]
fn seconds_keep_their_thousandths_and_never_run_backwards() {
    assert_eq!((seconds(1_250), seconds(-5)), (Number::from_f64(1.25).unwrap(), Number::from_f64(0.0).unwrap()));
}
