//! `DetectText`.

use serde::Serialize;
use sightline_vision::{BoundingBox, Line, Point, Word};

use crate::{
    error::ApiError,
    wire::{self, MODEL_VERSION, Request, bounded, percentage},
};

/// `DetectText` returns at most 100 words.
const MAX_WORDS: usize = 100;

/// The checked parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextParameters {
    /// Absent: all words.
    pub words: Option<WordFilter>,
    /// Empty: the whole image.
    pub regions: Vec<BoundingBox>,
}

/// The minimum that a word must have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordFilter {
    /// 0–100.
    pub confidence: f32,
    /// As a fraction of the image's height.
    pub height: f32,
    /// As a fraction of the image's width.
    pub width: f32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
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

impl TextParameters {
    /// Checks the parameters. The documented default of a word filter's `MinConfidence` is 80; without a filter all words are returned.
    pub fn new(request: &Request<'_>) -> Result<Self, ApiError> {
        let Some(filters) = request.filters.as_ref() else { return Ok(Self::default()) };
        if filters.regions_of_interest.len() > 10 {
            return Err(ApiError::invalid_parameter("RegionsOfInterest holds more than 10 regions"));
        }
        Ok(Self {
            words: filters.word_filter.as_ref().map(WordFilter::new).transpose()?,
            regions: filters.regions_of_interest.iter().map(region).collect::<Result<_, _>>()?,
        })
    }

    /// All lines, then all words, numbered from 0; a word has the id of its line. A line without any remaining word is omitted.
    pub fn response(&self, found: Vec<Line>) -> impl Serialize + use<> {
        let mut remaining = MAX_WORDS;
        let (mut lines, mut words) = (Vec::new(), Vec::new());
        for mut line in found {
            let kept: Vec<Word> = std::mem::take(&mut line.words).into_iter().filter(|word| self.includes(word)).take(remaining).collect();
            if !kept.is_empty() {
                remaining -= kept.len();
                words.extend(kept.into_iter().map(|word| (lines.len(), word)));
                lines.push(line);
            }
        }
        let detection = |r#type, id, parent_id, detected_text, confidence, bounding_box, polygon| {
            let geometry = Geometry { bounding_box, polygon };
            Detection { detected_text, r#type, id, parent_id, confidence, geometry }
        };
        let line = |(id, line): (usize, Line)| detection("LINE", id, None, line.text, line.confidence, line.bounding_box, line.polygon);
        let word = |(id, (parent, word)): (usize, (usize, Word))| {
            detection("WORD", id, Some(parent), word.text, word.confidence, word.bounding_box, word.polygon)
        };
        let first_word = lines.len();
        let text_detections = lines.into_iter().enumerate().map(line).chain((first_word..).zip(words).map(word)).collect();
        Response { text_detections, text_model_version: MODEL_VERSION }
    }

    fn includes(&self, word: &Word) -> bool {
        self.words.is_none_or(|filter| filter.includes(word))
            && (self.regions.is_empty() || self.regions.iter().any(|region| is_mostly_in(word.bounding_box, *region)))
    }
}

impl WordFilter {
    fn new(filter: &wire::WordFilter) -> Result<Self, ApiError> {
        Ok(Self {
            confidence: percentage("WordFilter.MinConfidence", filter.confidence)?.unwrap_or(80.),
            height: bounded("WordFilter.MinBoundingBoxHeight", filter.height, 1.)?.unwrap_or(0.),
            width: bounded("WordFilter.MinBoundingBoxWidth", filter.width, 1.)?.unwrap_or(0.),
        })
    }

    fn includes(self, word: &Word) -> bool {
        word.confidence >= self.confidence && word.bounding_box.height >= self.height && word.bounding_box.width >= self.width
    }
}

fn region(region: &wire::Region) -> Result<BoundingBox, ApiError> {
    if region.polygon.is_some() {
        return Err(ApiError::not_supported_locally("a RegionOfInterest with a Polygon"));
    }
    let sides = region.bounding_box.as_ref().and_then(|b| Some((b.left?, b.top?, b.width?, b.height?)));
    let Some((left, top, width, height)) = sides else {
        return Err(ApiError::invalid_parameter("a RegionOfInterest needs a BoundingBox with Left, Top, Width and Height"));
    };
    Ok(BoundingBox { left, top, width, height })
}

/// Whether more than half of a word lies within a region, as documented for regions of interest.
fn is_mostly_in(word: BoundingBox, region: BoundingBox) -> bool {
    let overlap = |a: f32, a_size: f32, b: f32, b_size: f32| ((a + a_size).min(b + b_size) - a.max(b)).max(0.);
    let shared = overlap(word.left, word.width, region.left, region.width) * overlap(word.top, word.height, region.top, region.height);
    shared > word.width * word.height / 2.
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const CORNERS: [Point; 4] = [Point { x: 0.1, y: 0.1 }, Point { x: 0.2, y: 0.1 }, Point { x: 0.2, y: 0.2 }, Point { x: 0.1, y: 0.2 }];

    fn area(left: f32) -> BoundingBox {
        BoundingBox { left, top: 0.1, width: 0.1, height: 0.1 }
    }

    fn word(text: &str, left: f32, confidence: f32) -> Word {
        Word { text: text.to_owned(), confidence, bounding_box: area(left), polygon: CORNERS }
    }

    fn line(words: Vec<Word>) -> Line {
        let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        Line { text, confidence: 90., bounding_box: area(0.1), polygon: CORNERS, words }
    }

    fn detections(found: Vec<Line>, parameters: &TextParameters) -> Vec<Value> {
        serde_json::to_value(parameters.response(found)).unwrap()["TextDetections"].as_array().unwrap().clone()
    }

    fn texts(detections: &[Value]) -> Vec<&str> {
        detections.iter().map(|item| item["DetectedText"].as_str().unwrap()).collect()
    }

    #[test]
    fn lines_come_before_words_and_words_have_the_id_of_their_line() {
        let found = vec![line(vec![word("no", 0.1, 99.), word("entry", 0.3, 98.)]), line(vec![word("today", 0.1, 97.)])];

        let detections = detections(found, &TextParameters::default());

        assert_eq!(texts(&detections), ["no entry", "today", "no", "entry", "today"]);
        assert_eq!(detections.iter().map(|item| item["Id"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(
            detections.iter().map(|item| item.get("ParentId").and_then(Value::as_u64)).collect::<Vec<_>>(),
            [None, None, Some(0), Some(0), Some(1)]
        );
        assert_eq!(detections[0]["Type"], "LINE");
        assert_eq!(detections[4]["Type"], "WORD");
        assert_eq!(detections[4]["Geometry"]["Polygon"].as_array().unwrap().len(), 4);
    }

    #[test]
    fn at_most_100_words_are_returned() {
        let found = (0..30).map(|_| line((0..7).map(|_| word("x", 0.1, 99.)).collect())).collect();

        let detections = detections(found, &TextParameters::default());

        assert_eq!(detections.iter().filter(|item| item["Type"] == "WORD").count(), 100);
        assert_eq!(detections.iter().filter(|item| item["Type"] == "LINE").count(), 15);
    }

    #[test]
    fn a_word_filter_removes_words_and_lines_without_words() {
        let filter = WordFilter { confidence: 80., height: 0.05, width: 0.05 };
        let found = vec![line(vec![word("weak", 0.1, 79.)]), line(vec![word("strong", 0.1, 80.), word("faint", 0.3, 10.)])];

        let detections = detections(found, &TextParameters { words: Some(filter), regions: vec![] });

        assert_eq!(texts(&detections), ["strong faint", "strong"]);
    }

    #[test]
    fn a_region_keeps_words_that_lie_mostly_within_it() {
        let region = BoundingBox { left: 0.1, top: 0., width: 0.3, height: 1. };
        let found = vec![line(vec![word("in", 0.1, 99.), word("mostly", 0.34, 99.), word("less", 0.36, 99.), word("out", 0.6, 99.)])];

        let detections = detections(found, &TextParameters { words: None, regions: vec![region] });

        assert_eq!(texts(&detections)[1..], ["in", "mostly"]);
    }
}
