//! Faces, labels, moderation labels and text of the sample photos (all harmless; other moderation scores are tested in `src/moderation.rs`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail at once")]

mod common;

use common::{models, sample, within_image};
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, replace, resize, rotate90, rotate180};
use sightline_vision::{EmotionKind, Face, Gender, Label, LandmarkKind, Line, Photo};

fn faces_of(name: &str) -> Vec<Face> {
    models().faces(&Photo::new(sample(name))).unwrap()
}

fn position(face: &Face, kind: LandmarkKind) -> (f32, f32) {
    face.landmarks.iter().find(|landmark| landmark.kind == kind).map(|landmark| (landmark.x, landmark.y)).unwrap()
}

#[test]
fn a_smiling_face_is_measured() {
    let faces = faces_of("astronaut.jpg");
    let [face] = faces.as_slice() else { panic!("{faces:?}") };
    assert!(face.confidence >= 90. && within_image(face.bounding_box));
    assert_eq!(face.gender.unwrap().value, Gender::Female);
    let age = face.age_range.unwrap();
    assert!(age.low <= 40 && age.high >= 35, "{age:?}"); // she was about 38
    assert_eq!(face.emotions[0].kind, EmotionKind::Happy);
    assert!((face.emotions.iter().map(|emotion| emotion.confidence).sum::<f32>() - 100.).abs() < 1.);
    assert!(face.smile.unwrap().value && face.eyes_open.unwrap().value);
    let pose = face.pose.unwrap();
    assert!(pose.roll.abs() < 10. && pose.yaw.abs() < 10. && pose.pitch.abs() < 10., "{pose:?}");
}

#[test]
fn landmarks_are_named_as_the_viewer_sees_them() {
    let faces = faces_of("astronaut.jpg");
    let (left, right) = (position(&faces[0], LandmarkKind::EyeLeft), position(&faces[0], LandmarkKind::EyeRight));
    let (nose, mouth) = (position(&faces[0], LandmarkKind::Nose), position(&faces[0], LandmarkKind::MouthLeft));
    assert!(left.0 < nose.0 && nose.0 < right.0);
    assert!(left.1 < nose.1 && nose.1 < mouth.1);
}

#[test]
fn a_turned_head_with_a_closed_mouth_is_measured() {
    let faces = faces_of("camera-operator.jpg");
    let [face] = faces.as_slice() else { panic!("{faces:?}") };
    assert!(face.pose.unwrap().yaw > 25., "{:?}", face.pose);
    assert!(!face.mouth_open.unwrap().value && !face.smile.unwrap().value);
    assert_eq!(face.gender.unwrap().value, Gender::Male);
}

#[test]
fn an_old_face_has_a_high_age_range() {
    let faces = faces_of("hopper-rotated.jpg");
    let [face] = faces.as_slice() else { panic!("{faces:?}") };
    assert!(face.age_range.unwrap().low >= 55, "{:?}", face.age_range);
}

#[test]
fn photos_without_faces_have_no_faces() {
    let models = models();
    for name in ["cat.webp", "coffee.jpg", "printed-page.png", "rocket.jpg"] {
        assert_eq!(models.faces(&Photo::new(sample(name))).unwrap(), [], "{name}");
    }
}

#[test]
fn a_very_small_face_is_only_located() {
    let small = resize(&sample("astronaut.jpg"), 100, 100, FilterType::Triangle);
    let faces = models().faces(&Photo::new(small)).unwrap();
    let [face] = faces.as_slice() else { panic!("{faces:?}") };
    assert_eq!(face.landmarks.len(), 5);
    assert!(face.age_range.is_none() && face.gender.is_none() && face.emotions.is_empty() && face.pose.is_none());
}

fn labels_of(name: &str) -> Vec<Label> {
    models().labels(&Photo::new(sample(name))).unwrap()
}

fn confidence(labels: &[Label], name: &str) -> f32 {
    labels.iter().find(|label| label.name == name).map_or(0., |label| label.confidence)
}

#[test]
fn a_portrait_has_one_person_with_a_box() {
    let labels = labels_of("astronaut.jpg");
    let person = labels.iter().find(|label| label.name == "Person").unwrap();
    assert!(person.confidence >= 80., "{}", person.confidence);
    assert_eq!(person.aliases, ["Human"]);
    let confident: Vec<_> = person.instances.iter().filter(|instance| instance.confidence >= 50.).collect();
    let [instance] = confident.as_slice() else { panic!("{confident:?}") };
    assert!(instance.bounding_box.left < 0.2 && instance.bounding_box.width > 0.5, "{instance:?}");
    assert!(confidence(&labels, "Text") < 50.);
    assert!(confidence(&labels, "Bottle") < 80., "the model of the space shuttle");
}

#[test]
fn a_cat_is_an_animal_and_not_a_person() {
    let labels = labels_of("cat.webp");
    assert!(confidence(&labels, "Cat") >= 95.);
    assert!(confidence(&labels, "Animal") >= confidence(&labels, "Cat"));
    assert!(confidence(&labels, "Person") < 50. && confidence(&labels, "Text") < 50.);
}

#[test]
fn a_table_with_coffee_has_a_cup() {
    let labels = labels_of("coffee.jpg");
    assert!(confidence(&labels, "Cup") >= 90.);
    assert!(confidence(&labels, "Person") < 50. && confidence(&labels, "Text") < 50.);
}

#[test]
fn a_printed_page_has_text_and_is_not_a_refrigerator() {
    let labels = labels_of("printed-page.png");
    assert!(confidence(&labels, "Text") >= 90.);
    assert!(confidence(&labels, "Refrigerator") < 50.);
    let text = labels.iter().find(|label| label.name == "Text").unwrap();
    assert_eq!(text.categories, ["Text and Documents"]);
}

#[test]
fn a_rocket_has_neither_person_nor_text_and_is_no_weapon() {
    let labels = labels_of("rocket.jpg");
    assert!(confidence(&labels, "Person") < 50. && confidence(&labels, "Text") < 50.);
    assert!(confidence(&labels, "Weapon") < 50.);
}

#[test]
fn labels_are_sorted_and_parents_have_at_least_the_same_confidence() {
    let labels = labels_of("coffee.jpg");
    assert!(labels.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
    for label in &labels {
        for parent in &label.parents {
            assert!(confidence(&labels, parent) >= label.confidence, "{} {parent}", label.name);
        }
    }
}

#[test]
fn harmless_photos_have_no_moderation_labels() {
    let models = models();
    for name in ["astronaut.jpg", "camera-operator.jpg", "cat.webp", "coffee.jpg", "hopper-rotated.jpg", "printed-page.png", "rocket.jpg"] {
        let moderation = models.moderation(&Photo::new(sample(name))).unwrap();
        assert!(moderation.labels.iter().all(|label| label.confidence < 25.), "{name}: {moderation:?}");
    }
}

#[test]
fn the_scores_of_nsfwjs_add_up_to_one() {
    let scores = models().moderation(&Photo::new(sample("coffee.jpg"))).unwrap().scores;
    let sum = scores.drawing + scores.hentai + scores.neutral + scores.porn + scores.sexy;
    assert!((sum - 1.).abs() < 0.01, "{scores:?}");
    assert!(scores.neutral > 0.9, "{scores:?}");
}

/// Its letters are 10 px high, so at 90,000 pixels they would have vanished.
const CAPTION_WIDTH: u32 = 480;

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
    let lines = models().text(&Photo::new(sample("printed-page.png"))).unwrap();
    assert_eq!(first_six(&lines), PAGE);
    assert!(lines.iter().take(6).all(|line| line.confidence >= 90.));
}

#[test]
fn words_form_their_line_and_are_positioned_side_by_side() {
    let lines = models().text(&Photo::new(sample("printed-page.png"))).unwrap();
    for line in &lines {
        assert_eq!(line.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "), line.text);
        assert!(within_image(line.bounding_box) && line.words.iter().all(|word| within_image(word.bounding_box)));
        assert!(line.words.windows(2).all(|pair| pair[0].polygon[1].x <= pair[1].polygon[0].x + 0.01), "{line:?}");
    }
}

#[test]
fn an_upside_down_page_is_read() {
    let lines = models().text(&Photo::new(rotate180(&sample("printed-page.png")))).unwrap();
    let read: Vec<&str> = lines.iter().map(|line| line.text.as_str()).take(6).collect();
    assert_eq!(read, PAGE);
    let first_word = &lines[0].words[0];
    assert!(first_word.polygon[0].x > first_word.polygon[1].x, "its top left is on the right: {first_word:?}");
}

#[test]
fn a_page_rotated_by_a_quarter_turn_is_read() {
    let lines = models().text(&Photo::new(rotate90(&sample("printed-page.png")))).unwrap();
    let read: Vec<&str> = lines.iter().map(|line| line.text.as_str()).take(6).collect();
    assert_eq!(read, PAGE);
}

/// Two copies of the upper lines of the page, side by side.
fn two_columns() -> RgbImage {
    let page = sample("printed-page.png");
    let column = crop_imm(&page, 0, 0, page.width(), page.height() * 4 / 5).to_image();
    let mut columns = RgbImage::from_pixel(2 * column.width() + 60, column.height(), *column.get_pixel(0, 0));
    for left in [0, column.width() + 60] {
        replace(&mut columns, &column, left.into(), 0);
    }
    columns
}

#[test]
fn columns_are_read_one_after_the_other_also_upside_down() {
    let models = models();
    for page in [two_columns(), rotate180(&two_columns())] {
        let lines = models.text(&Photo::new(page)).unwrap();
        let read: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(read, [PAGE, PAGE].concat());
    }
}

#[test]
fn a_small_caption_in_a_large_photo_is_noticed_and_read() {
    let models = models();
    let mut photo = resize(&sample("coffee.jpg"), 1600, 1067, FilterType::Triangle);
    let page = sample("printed-page.png");
    let line = crop_imm(&page, 0, 84, page.width(), 42).to_image();
    let caption = resize(&line, CAPTION_WIDTH, CAPTION_WIDTH * line.height() / line.width(), FilterType::Triangle);
    replace(&mut photo, &caption, 40, 1000);
    let photo = Photo::new(photo);
    assert!(confidence(&models.labels(&photo).unwrap(), "Text") >= 80.);
    let lines = models.text(&photo).unwrap();
    assert!(lines.iter().any(|line| line.text == PAGE[1]), "{lines:?}");
}

#[test]
fn a_photo_without_text_has_no_line_with_high_confidence() {
    let models = models();
    for name in ["cat.webp", "coffee.jpg", "rocket.jpg"] {
        let lines = models.text(&Photo::new(sample(name))).unwrap();
        assert!(lines.iter().all(|line| line.confidence < 80.), "{name}: {lines:?}");
    }
}
