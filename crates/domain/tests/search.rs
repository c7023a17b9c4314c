//! Searching the label index.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use proptest::prelude::*;
use serde_json::{Value, json};
use sightline_domain::{
    flows::search::{Hit, Search, SearchPage, search, search_page},
    model::{
        clock::{DAY_MILLIS, EpochMillis},
        findings::Verdict,
        record::Record,
    },
    ports::LabelIndex,
    rules::{
        label_index::{month, rows},
        terms::Query,
    },
};
use sightline_tests::{
    failing::Failing,
    futures::ready,
    samples::{UPLOADED, claimed},
    tables::MemoryTables,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

fn table(records: &[Record]) -> MemoryTables {
    let tables = MemoryTables::default();
    tables.put_label_rows(records.iter().flat_map(rows).collect());
    tables
}

/// An image of anna's with these labels, `hours` after [`UPLOADED`].
fn image(number: u32, hours: i64, labels: &[(&str, f64)], text: &str) -> Record {
    let labels: Vec<Value> = labels.iter().map(|(name, confidence)| json!({"Name": name, "Confidence": confidence})).collect();
    let line = json!([{"Text": text, "Confidence": 90.0, "Box": {"Left": 0.0, "Top": 0.0, "Width": 0.1, "Height": 0.1}}]);
    Record {
        image_id: format!("image-{number}"),
        image_name: Some(format!("photo{number}.jpg")),
        upload_timestamp: UPLOADED + hours * 3_600_000,
        labels: serde_json::from_value(json!(labels)).unwrap(),
        text_lines: serde_json::from_value(line).unwrap(),
        ..claimed()
    }
}

fn query(typed: &[&str]) -> Query {
    Query::of(&typed.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn wanted(query: &Query) -> Search<'_> {
    let (since, until) = (UPLOADED - 60 * DAY_MILLIS, UPLOADED + 60 * DAY_MILLIS);
    Search { owner_id: "anna", query, min_confidence: 0.0, withheld: false, since, until, limit: 100 }
}

fn hits(table: &impl LabelIndex, typed: &[&str]) -> Vec<Hit> {
    let query = query(typed);
    ready(search(table, &wanted(&query))).unwrap()
}

fn ids(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.image_id.as_str()).collect()
}

#[test]
fn several_terms_must_all_match_and_the_newest_image_is_first() {
    let table = table(&[
        image(1, 0, &[("person", 99.0), ("car", 80.0)], "RE16 TGK"),
        image(2, 1, &[("person", 99.0)], "RE16"),
        image(3, 2, &[("car", 99.0)], "TGK"),
        image(4, -1_000, &[("cars", 70.0), ("person", 99.0)], "tgk re16"),
    ]);
    assert_eq!(ids(&hits(&table, &["people", "cars"])), ["image-1", "image-4"]);
    assert_eq!(ids(&hits(&table, &["person car"])), ["image-1", "image-4"]);
    assert_eq!(ids(&hits(&table, &["RE16 TGK"])), ["image-1", "image-4"]);
    assert_eq!(ids(&hits(&table, &["RE16TGK"])), ["image-1"]);
    assert_eq!(ids(&hits(&table, &["car", "photo3"])), ["image-3"]);
    let found = hits(&table, &["person", "car"]).remove(0);
    assert_eq!((found.confidence, found.matches.len(), found.image_name.as_deref()), (80.0, 2, Some("photo1.jpg")));
}

#[test]
fn a_label_of_several_words_is_found_by_its_words_in_any_order() {
    let table =
        table(&[image(1, 0, &[("egyptian cat", 95.0)], ""), image(2, 1, &[("cat", 60.0)], ""), image(3, 2, &[("dining table", 90.0)], "")]);
    for typed in [&["egyptian cat"] as &[&str], &["cat egyptian"], &["Egyptian", "cats"], &["egyptian"], &["EgyptianCat"]] {
        assert_eq!(ids(&hits(&table, typed)), ["image-1"], "{typed:?}");
    }
    assert_eq!(ids(&hits(&table, &["cat"])), ["image-2", "image-1"]);
    assert_eq!(ids(&hits(&table, &["tables"])), ["image-3"]);
    assert_eq!(hits(&table, &["egyptian cat"])[0].matches.len(), 1, "all joined says more than its words");
}

#[test]
fn an_excluded_term_removes_every_matching_image() {
    let table = table(&[
        image(1, 0, &[("person", 99.0), ("car", 10.0)], ""),
        image(2, 1, &[("person", 99.0)], "don't walk"),
        image(3, 2, &[("person", 99.0)], "walk"),
    ]);
    assert_eq!(ids(&hits(&table, &["person", "-car"])), ["image-3", "image-2"]);
    assert_eq!(ids(&hits(&table, &["person", "-don’t walk", "-cars"])), ["image-3"]);
    assert_eq!(ids(&hits(&table, &["person", "-walk"])), ["image-1"]);
}

#[test]
fn confidence_time_owner_and_withheld_filter_the_results() {
    let withheld = Record { moderation_verdict: Some(Verdict::Block), ..image(2, 1, &[("person", 99.0)], "") };
    let table = table(&[image(1, 0, &[("person", 60.0)], ""), withheld, image(3, 2, &[("person", 99.0)], "")]);
    let query = query(&["person"]);
    let found =
        |search_for: Search<'_>| ready(search(&table, &search_for)).unwrap().into_iter().map(|hit| hit.image_id).collect::<Vec<_>>();
    let all = wanted(&query);
    assert_eq!(found(all), ["image-3", "image-1"]);
    assert_eq!(found(Search { withheld: true, ..all }), ["image-3", "image-2", "image-1"]);
    assert_eq!(found(Search { min_confidence: 70.0, ..all }), ["image-3"]);
    assert_eq!(found(Search { since: UPLOADED + 1, ..all }), ["image-3"]);
    assert_eq!(found(Search { until: UPLOADED, ..all }), ["image-1"]);
    assert_eq!(found(Search { limit: 1, ..all }), ["image-3"]);
    assert_eq!(found(Search { owner_id: "ben", ..all }), Vec::<String>::new());
}

#[test]
fn a_rare_term_skips_the_rows_of_a_common_one() {
    let images: Vec<Record> =
        (0..300).map(|number| image(number, i64::from(number) / 60, &[("person", 99.0)], if number == 7 { "rare" } else { "" })).collect();
    let pages = Arc::new(AtomicUsize::new(0));
    let counter = pages.clone();
    let table = Failing::new(table(&images)).before("rows", move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(ids(&hits(&table, &["person", "rare"])), ["image-7"]);
    let pages = pages.load(Ordering::Relaxed);
    assert!(pages < 30, "{pages} pages");
}

proptest! {
    #[test]
    fn a_search_finds_the_same_as_a_scan_of_all_images(
        images in prop::collection::vec((prop::collection::vec(0..4_usize, 0..4), 0..2_000_i64), 0..25),
        wanted_words in prop::collection::vec(0..4_usize, 1..4), without in prop::option::of(0..4_usize),
    ) {
        const WORDS: [&str; 4] = ["alpha", "beta", "gamma", "delta"];
        let records: Vec<Record> = images.iter().zip(0..).map(|((words, hours), number)| {
            let text: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
            image(number, *hours - 900, &[], &text.join(" "))
        }).collect();
        let exclusion = without.map(|word| format!("-{}", WORDS[word]));
        let typed: Vec<&str> = wanted_words.iter().map(|word| WORDS[*word]).chain(exclusion.as_deref()).collect();
        let found = hits(&table(&records), &typed);
        let has = |number: usize, word: &usize| images[number].0.contains(word);
        let mut expected: Vec<(EpochMillis, String)> = (0..images.len())
            .filter(|number| wanted_words.iter().all(|word| has(*number, word)) && !without.is_some_and(|word| has(*number, &word)))
            .map(|number| (records[number].upload_timestamp, records[number].image_id.clone()))
            .collect();
        expected.sort_by(|a, b| b.cmp(a));
        prop_assert_eq!(ids(&found), expected.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>());
    }

    #[test]
    fn pages_with_few_reads_find_the_same_as_one_search(
        images in prop::collection::vec((prop::collection::vec(0..3_usize, 0..3), 0..2_000_i64), 0..25),
        typed in prop::collection::vec(prop::sample::select(vec!["alpha", "beta", "-gamma"]), 0..3),
        limit in 1..5_usize, reads in 8..12_usize, by_month in any::<bool>(),
    ) {
        const WORDS: [&str; 3] = ["alpha", "beta", "gamma"];
        let records: Vec<Record> = images.iter().zip(0..).map(|((words, hours), number)| {
            let text: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
            image(number, *hours - 900, &[], &text.join(" "))
        }).collect();
        let table = table(&records);
        let months = records.iter().map(|record| month(record.upload_timestamp)).collect();
        let typed: Vec<&str> = ["alpha"].into_iter().chain(typed).collect();
        let query = query(&typed);
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..1_000 {
            let page = SearchPage { after: after.as_ref(), reads, months: by_month.then_some(&months) };
            let page = ready(search_page(&table, &Search { limit, ..wanted(&query) }, &page)).unwrap();
            prop_assert!(page.hits.len() <= limit);
            found.extend(page.hits);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        prop_assert!(after.is_none(), "the search ends");
        let whole = hits(&table, &typed);
        prop_assert_eq!(ids(&found), ids(&whole));
    }
}
