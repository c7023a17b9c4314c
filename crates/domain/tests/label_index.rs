//! The rows of the label index.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use sightline_domain::{
    model::{Record, Verdict},
    rules::label_index::{MAX_ROWS, TermKind, index, keys, month, partition, rows},
};
use sightline_tests::samples::{IMAGE_ID, UPLOADED, claimed};
use std::collections::HashSet;

fn record(labels: &Value, lines: &[&str]) -> Record {
    let lines: Vec<Value> = lines
        .iter()
        .map(|text| json!({"Text": text, "Confidence": 90.0, "Box": {"Left": 0.0, "Top": 0.0, "Width": 0.1, "Height": 0.1}}))
        .collect();
    Record {
        image_name: None,
        labels: serde_json::from_value(labels.clone()).unwrap(),
        text_lines: serde_json::from_value(json!(lines)).unwrap(),
        ..claimed()
    }
}

fn terms(record: &Record) -> Vec<(String, TermKind)> {
    rows(record).into_iter().map(|row| (row.term, row.term_kind)).collect()
}

#[test]
fn names_aliases_parents_and_words_are_indexed_in_that_order() {
    let labels = json!([{"Name": "car", "Confidence": 90.0, "Parents": ["Vehicle"], "Aliases": ["Automobile"], "Categories": ["Vehicles and Automotive"]}]);
    let found = terms(&record(&labels, &["TAXI 42"]));
    let expected = [
        ("car", TermKind::Label),
        ("automobile", TermKind::Alias),
        ("vehicle", TermKind::Parent),
        ("42", TermKind::Text),
        ("taxi", TermKind::Text),
        ("taxi42", TermKind::Text),
    ];
    assert_eq!(found, expected.map(|(term, kind)| (term.to_owned(), kind)));
}

#[test]
fn the_words_of_the_owner_are_indexed_and_removed_labels_are_not() {
    let labels =
        json!([{"Name": "car", "Confidence": 90.0, "Parents": ["Vehicle"]}, {"Name": "tree", "Confidence": 80.0, "Parents": ["Plant"]}]);
    let record = Record {
        title: Some("Our trip".to_owned()),
        own_labels: vec!["grandma ann".to_owned(), "car".to_owned()],
        removed_labels: vec!["tree".to_owned()],
        ..record(&labels, &[])
    };
    let expected = [
        ("ann", TermKind::Own),
        ("car", TermKind::Own),
        ("grandma", TermKind::Own),
        ("our", TermKind::Title),
        ("trip", TermKind::Title),
        ("vehicle", TermKind::Parent),
        ("grandmaann", TermKind::Own),
    ];
    assert_eq!(terms(&record), expected.map(|(term, kind)| (term.to_owned(), kind)));
    let row = rows(&record).into_iter().find(|row| row.term == "trip").unwrap();
    assert_eq!((row.label.as_str(), row.found.as_str(), row.confidence), ("Our trip", "Our trip", 100.0));
    let vehicle = rows(&record).into_iter().find(|row| row.term == "vehicle").unwrap();
    assert_eq!((vehicle.label.as_str(), vehicle.confidence), ("car", 100.0), "the owner confirms the label with all that follows from it");
    let has_tree = keys(&record).iter().any(|key| key.owner_label_month.contains("#tree#"));
    assert!(has_tree, "an erasure looks for the rows of removed labels, too");
}

#[test]
fn a_term_is_indexed_once_with_its_best_kind() {
    let labels = json!([
        {"Name": "sedan", "Confidence": 99.0, "Parents": ["Car"]},
        {"Name": "car", "Confidence": 85.0},
        {"Name": "wheel", "Confidence": 95.0, "Parents": ["Car", "Machine"]},
        {"Name": "engine", "Confidence": 97.0, "Parents": ["Machine"]},
    ]);
    let rows = rows(&record(&labels, &["car"]));
    let car: Vec<_> = rows.iter().filter(|row| row.term == "car").collect();
    assert_eq!((car.len(), car[0].term_kind, car[0].confidence), (1, TermKind::Label, 85.0), "a name beats a parent with more confidence");
    let machine = rows.iter().find(|row| row.term == "machine").unwrap();
    assert_eq!((machine.label.as_str(), machine.confidence), ("engine", 97.0));
}

#[test]
fn keys_contain_owner_term_month_and_time() {
    let row = rows(&record(&json!([{"Name": "car", "Confidence": 90.0}]), &[])).remove(0);
    assert_eq!(row.owner_label_month, "anna#car#2026-03");
    assert_eq!(row.time_image_id, format!("{UPLOADED}#{IMAGE_ID}"));
    assert_eq!(partition("anna", "car", "2026-03"), row.owner_label_month);
}

#[test]
fn early_moments_sort_before_late_ones() {
    let early = Record { upload_timestamp: 999, ..record(&json!([{"Name": "car", "Confidence": 90.0}]), &[]) };
    assert!(rows(&early)[0].time_image_id.starts_with("0000000000999#"));
}

#[test]
fn the_month_is_in_utc() {
    let cases = [
        (0, "1970-01"),
        (-1, "1969-12"),
        (1_772_323_199_999, "2026-02"),
        (1_772_323_200_000, "2026-03"),
        (1_767_225_599_999, "2025-12"),
        (1_767_225_600_000, "2026-01"),
        (1_709_164_800_000, "2024-02"),
    ];
    for (at, expected) in cases {
        assert_eq!(month(at), expected, "{at}");
    }
}

#[test]
fn at_most_ninety_nine_rows_are_kept_and_words_are_dropped_first() {
    let labels: Vec<Value> =
        (0..50).map(|place| json!({"Name": format!("label{place}"), "Confidence": 99.0, "Parents": [format!("Parent{place}")]})).collect();
    let words: Vec<String> = (0..100).map(|place| format!("word{place}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let index = index(&record(&json!(labels), &words));
    assert_eq!(index.rows.len(), MAX_ROWS);
    assert_eq!(index.rows.iter().filter(|row| row.term_kind == TermKind::Label).count(), 50);
    assert_eq!(index.rows.iter().filter(|row| row.term_kind == TermKind::Parent).count(), 49);
    assert_eq!(index.omitted, 101);
    let warning = index.warning().unwrap();
    assert!(warning.starts_with("101 of 200 search terms are not in the search index"), "{warning}");
}

#[test]
fn a_complete_index_has_no_warning() {
    let index = index(&record(&json!([{"Name": "car", "Confidence": 90.0}]), &["TAXI"]));
    assert_eq!((index.omitted, index.warning()), (0, None));
}

#[test]
fn single_letters_and_joined_words_are_dropped_before_words() {
    let letters = ('a'..='z').map(|letter| letter.to_string()).collect::<Vec<_>>().join(" ");
    let words: Vec<String> = (0..95).map(|place| format!("word{place}")).collect();
    let lines: Vec<&str> = [letters.as_str(), "INV-2024"].into_iter().chain(words.iter().map(String::as_str)).collect();
    let found = terms(&record(&json!([]), &lines));
    assert_eq!(found.iter().filter(|(term, _)| term.starts_with("word")).count(), 95);
    assert!(found.iter().any(|(term, _)| term == "inv") && !found.iter().any(|(term, _)| term == "inv2024"));
}

#[test]
fn a_name_of_several_words_is_indexed_by_each_and_by_all_joined() {
    let labels = json!([{"Name": "egyptian cat", "Confidence": 95.0}, {"Name": "cat", "Confidence": 60.0}]);
    let found: Vec<_> = rows(&record(&labels, &[])).into_iter().map(|row| (row.term, row.label, row.confidence)).collect();
    let expected = [("egyptian", "egyptian cat", 95.0), ("cat", "cat", 60.0), ("egyptiancat", "egyptian cat", 95.0)];
    assert_eq!(
        found,
        expected.map(|(term, label, confidence)| (term.to_owned(), label.to_owned(), confidence)),
        "a whole name beats a part"
    );
}

#[test]
fn the_words_of_the_files_name_are_indexed_with_and_without_its_ending() {
    let named = |name: &str| rows(&Record { image_name: Some(name.to_owned()), ..record(&json!([]), &[]) });
    let of = |name: &str| named(name).into_iter().map(|row| row.term).collect::<HashSet<_>>();
    let expected = ["img", "1234", "jpg", "img1234", "img1234jpg"];
    assert_eq!(of("IMG_1234.jpg"), expected.map(str::to_owned).into());
    assert!(["beach", "party", "2024"].iter().all(|term| of("beach-party_2024.png").contains(*term)));
    let row = named("Größe.png").remove(0);
    assert_eq!((row.term_kind, row.found.as_str(), row.image_name.as_deref()), (TermKind::Name, "Größe.png", Some("Größe.png")));
    assert!(named(&format!("{IMAGE_ID}.jpg")).is_empty(), "an id is no name");
}

#[test]
fn keys_cover_every_row_and_every_dropped_term() {
    let words: Vec<String> = (0..150).map(|place| format!("Wörter{place}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let record = Record { image_name: Some("a b.png".into()), ..record(&json!([{"Name": "egyptian cat", "Confidence": 90.0}]), &words) };
    let keys: HashSet<_> = keys(&record).into_iter().map(|key| (key.owner_label_month, key.time_image_id)).collect();
    assert!(rows(&record).into_iter().all(|row| keys.contains(&(row.owner_label_month, row.time_image_id))));
    assert!(keys.len() > 150 && keys.iter().any(|(partition, _)| partition == "anna#worter149#2026-03"));
}

#[test]
fn words_are_folded_and_say_how_they_were_written() {
    let found: HashSet<_> = rows(&record(&json!([]), &["STOP! a Naïve-Cafés"])).into_iter().map(|row| (row.term, row.found)).collect();
    let expected = [("stop", "stop"), ("a", "a"), ("naive", "naive"), ("cafe", "cafes"), ("naivecafe", "naive-cafes")];
    assert_eq!(found, expected.map(|(term, found)| (term.to_owned(), found.to_owned())).into());
}

#[test]
fn rows_of_a_withheld_image_are_marked() {
    let record = Record { moderation_verdict: Some(Verdict::Block), ..record(&json!([{"Name": "car", "Confidence": 90.0}]), &[]) };
    assert!(rows(&record).iter().all(|row| row.withheld));
}

#[test]
fn rows_expire_with_their_record() {
    let record = Record { expires_at: Some(123), ..record(&json!([{"Name": "car", "Confidence": 90.0}]), &["word"]) };
    assert!(rows(&record).iter().all(|row| row.expires_at == Some(123)));
}

#[test]
fn a_record_without_findings_has_no_rows() {
    assert!(rows(&claimed()).is_empty());
}

proptest! {
    /// A transaction must not name an item twice, and a partition key holds at most 2048 bytes (DynamoDB, limits).
    #[test]
    fn rows_of_any_record_fit_into_one_transaction(
        names in prop::collection::vec("\\PC{0,12}", 0..40), parents in prop::collection::vec("\\PC{0,12}", 0..40), line in "\\PC{0,200}",
    ) {
        let parents = &parents;
        let labels: Vec<Value> = names.iter().map(|name| json!({"Name": name.to_lowercase(), "Confidence": 90.0, "Parents": parents})).collect();
        let rows = rows(&record(&json!(labels), &[&line]));
        let keys: HashSet<_> = rows.iter().map(|row| (row.owner_label_month.clone(), row.time_image_id.clone())).collect();
        prop_assert_eq!(keys.len(), rows.len());
        prop_assert!(rows.len() <= MAX_ROWS);
    }
}

#[test]
fn a_very_long_word_makes_a_key_within_dynamodbs_limit() {
    let line = "ab".repeat(3_000);
    for row in rows(&record(&json!([]), &[&line])) {
        assert!(row.owner_label_month.len() <= 2048, "{} bytes", row.owner_label_month.len());
    }
}
