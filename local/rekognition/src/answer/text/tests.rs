use serde_json::Value;
use sightline_vision::Point as Corner;

use super::*;

const CORNERS: [Corner; 4] = [Corner { x: 0.1, y: 0.1 }, Corner { x: 0.2, y: 0.1 }, Corner { x: 0.2, y: 0.2 }, Corner { x: 0.1, y: 0.2 }];

fn area(left: f32) -> Area {
    Area { left, top: 0.1, width: 0.1, height: 0.1 }
}

fn word(text: &str, left: f32, confidence: f32) -> Word {
    Word { text: text.to_owned(), confidence, bounding_box: area(left), polygon: CORNERS }
}

fn line(words: Vec<Word>) -> Line {
    let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    Line { text, confidence: 90., bounding_box: area(0.1), polygon: CORNERS, words }
}

fn sent(found: Vec<Line>, request: &TextRequest) -> Vec<Value> {
    serde_json::to_value(text(found, request)).unwrap()["TextDetections"].as_array().unwrap().clone()
}

fn texts(sent: &[Value]) -> Vec<&str> {
    sent.iter().map(|item| item["DetectedText"].as_str().unwrap()).collect()
}

#[test]
fn lines_come_before_words_and_words_name_their_line() {
    let found = vec![line(vec![word("no", 0.1, 99.), word("entry", 0.3, 98.)]), line(vec![word("today", 0.1, 97.)])];

    let sent = sent(found, &TextRequest::default());

    assert_eq!(texts(&sent), ["no entry", "today", "no", "entry", "today"]);
    assert_eq!(sent.iter().map(|item| item["Id"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(
        sent.iter().map(|item| item.get("ParentId").and_then(Value::as_u64)).collect::<Vec<_>>(),
        [None, None, Some(0), Some(0), Some(1)]
    );
    assert_eq!(sent[0]["Type"], "LINE");
    assert_eq!(sent[4]["Type"], "WORD");
    assert_eq!(sent[4]["Geometry"]["Polygon"].as_array().unwrap().len(), 4);
}

#[test]
fn no_more_than_a_hundred_words_are_sent() {
    let found = (0..30).map(|_| line((0..7).map(|_| word("x", 0.1, 99.)).collect())).collect();

    let sent = sent(found, &TextRequest::default());

    assert_eq!(sent.iter().filter(|item| item["Type"] == "WORD").count(), 100);
    assert_eq!(sent.iter().filter(|item| item["Type"] == "LINE").count(), 15);
}

#[test]
fn a_word_filter_drops_words_and_the_lines_that_it_empties() {
    let rules = WordRules { confidence: 80., height: 0.05, width: 0.05 };
    let found = vec![line(vec![word("weak", 0.1, 79.)]), line(vec![word("strong", 0.1, 80.), word("faint", 0.3, 10.)])];

    let sent = sent(found, &TextRequest { words: Some(rules), regions: vec![] });

    assert_eq!(texts(&sent), ["strong faint", "strong"]);
}

#[test]
fn a_region_keeps_what_lies_mostly_within() {
    let region = Area { left: 0.1, top: 0., width: 0.3, height: 1. };
    let found = vec![line(vec![word("in", 0.1, 99.), word("mostly", 0.34, 99.), word("less", 0.36, 99.), word("out", 0.6, 99.)])];

    let sent = sent(found, &TextRequest { words: None, regions: vec![region] });

    assert_eq!(texts(&sent)[1..], ["in", "mostly"]);
}
