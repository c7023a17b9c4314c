//! `DetectText`.

use serde::Serialize;
use sightline_vision::{BoundingBox as Area, Line, Word};

use super::{BoundingBox, Point};
use crate::{
    answer::MODEL_VERSION,
    request::{TextRequest, WordRules},
};

/// As documented: `DetectText` finds at most 100 words.
const MAX_WORDS: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    text_detections: Vec<Detection>,
    text_model_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Detection {
    detected_text: String,
    r#type: &'static str,
    id: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<usize>,
    confidence: f32,
    geometry: Geometry,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Geometry {
    bounding_box: BoundingBox,
    polygon: [Point; 4],
}

/// All lines, then all words, numbered from 0; a word names its line. Lines of which no word is left are left out.
pub fn text(found: Vec<Line>, request: &TextRequest) -> impl Serialize {
    let mut left = MAX_WORDS;
    let mut lines = Vec::new();
    let mut words = Vec::new();
    for mut line in found {
        let kept: Vec<Word> = std::mem::take(&mut line.words).into_iter().filter(|word| wanted(word, request)).take(left).collect();
        if kept.is_empty() {
            continue;
        }
        left -= kept.len();
        words.extend(kept.into_iter().map(|word| (lines.len(), word)));
        lines.push(line);
    }
    let first_word = lines.len();
    let lines = lines.into_iter().enumerate().map(|(id, line)| line_item(id, line));
    let words = words.into_iter().enumerate().map(|(index, (parent, word))| word_item(first_word + index, parent, word));
    Answer { text_detections: lines.chain(words).collect(), text_model_version: MODEL_VERSION }
}

fn line_item(id: usize, line: Line) -> Detection {
    let geometry = Geometry { bounding_box: line.bounding_box.into(), polygon: line.polygon.map(Point::from) };
    Detection { detected_text: line.text, r#type: "LINE", id, parent_id: None, confidence: line.confidence, geometry }
}

fn word_item(id: usize, parent: usize, word: Word) -> Detection {
    let geometry = Geometry { bounding_box: word.bounding_box.into(), polygon: word.polygon.map(Point::from) };
    Detection { detected_text: word.text, r#type: "WORD", id, parent_id: Some(parent), confidence: word.confidence, geometry }
}

fn wanted(word: &Word, request: &TextRequest) -> bool {
    request.words.is_none_or(|rules| meets(word, rules))
        && (request.regions.is_empty() || request.regions.iter().any(|region| mostly_in(word.bounding_box, *region)))
}

fn meets(word: &Word, rules: WordRules) -> bool {
    word.confidence >= rules.confidence && word.bounding_box.height >= rules.height && word.bounding_box.width >= rules.width
}

/// As documented: a word is returned if more than half of it lies within the region.
fn mostly_in(word: Area, region: Area) -> bool {
    let overlap = |a: f32, a_size: f32, b: f32, b_size: f32| ((a + a_size).min(b + b_size) - a.max(b)).max(0.);
    let shared = overlap(word.left, word.width, region.left, region.width) * overlap(word.top, word.height, region.top, region.height);
    shared > word.width * word.height / 2.
}

#[cfg(test)]
mod tests;
