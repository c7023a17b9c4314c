//! Text of the sample photos.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail at once")]

mod common;

use common::{models, sample, within_image};
use image::imageops::{rotate90, rotate180};
use sightline_vision::Line;

const PAGE: [&str; 6] = [
    "Region-based segmentation",
    "Let us first determine markers of the coins and the",
    "background. These markers are pixels that we can label",
    "unambiguously as either object or background. Here,",
    "the markers are found at the two extreme parts of the",
    "histogram of grey values:",
];

fn first_six(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).take(6).collect()
}

#[test]
fn a_printed_page_is_read_line_by_line() {
    let lines = models().text(&sample("printed-page.png")).unwrap();
    assert_eq!(first_six(&lines), PAGE);
    assert!(lines.iter().take(6).all(|line| line.confidence >= 90.));
}

#[test]
fn words_make_up_their_line_and_lie_in_it_side_by_side() {
    let lines = models().text(&sample("printed-page.png")).unwrap();
    for line in &lines {
        assert_eq!(line.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "), line.text);
        assert!(within_image(line.bounding_box) && line.words.iter().all(|word| within_image(word.bounding_box)));
        assert!(line.words.windows(2).all(|pair| pair[0].polygon[1].x <= pair[1].polygon[0].x + 0.01), "{line:?}");
    }
}

#[test]
fn a_page_on_its_head_is_read_from_its_own_top() {
    let lines = models().text(&rotate180(&sample("printed-page.png"))).unwrap();
    let read: Vec<&str> = lines.iter().rev().map(|line| line.text.as_str()).take(6).collect();
    assert_eq!(read, PAGE);
    let first_word = &lines.last().unwrap().words[0];
    assert!(first_word.polygon[0].x > first_word.polygon[1].x, "its top left lies to the right: {first_word:?}");
}

#[test]
fn a_page_on_its_side_is_read_too() {
    let lines = models().text(&rotate90(&sample("printed-page.png"))).unwrap();
    for expected in PAGE {
        assert!(lines.iter().any(|line| line.text == expected), "{expected}: {lines:?}");
    }
}

#[test]
fn a_photo_without_text_has_no_sure_line() {
    let models = models();
    for name in ["cat.webp", "coffee.jpg", "rocket.jpg"] {
        let lines = models.text(&sample(name)).unwrap();
        assert!(lines.iter().all(|line| line.confidence < 80.), "{name}: {lines:?}");
    }
}
