//! Real photos, the real models, and the real SDK.

use crate::{Server, encoded, inline, sample};
use aws_sdk_rekognition::types::{Attribute, BoundingBox, DetectTextFilters, DetectionFilter, TextTypes};
use image::{DynamicImage, ImageDecoder, ImageFormat, codecs::jpeg::JpegDecoder};

#[tokio::test]
async fn the_sdk_reads_the_models_results() {
    let server = Server::start(&[]);
    a_person_has_a_label_with_a_box(&server).await;
    thresholds_and_limits_are_applied(&server).await;
    a_face_has_the_requested_attributes(&server).await;
    a_page_has_lines_and_words(&server).await;
    a_harmless_photo_has_no_moderation_labels(&server).await;
    a_rotated_photo_is_turned_upright(&server).await;
    let calls = server.calls("DetectLabels", "");
    assert_eq!(calls[1..], [0, 0, 0], "no call failed");
}

async fn a_person_has_a_label_with_a_box(server: &Server) {
    let answer = server.client().detect_labels().image(inline(sample("astronaut.jpg"))).send().await.unwrap();

    assert_eq!(answer.label_model_version(), Some("local-1.0"));
    assert!(answer.orientation_correction().is_none(), "AWS has not sent it since 2021");
    let labels = answer.labels();
    assert!(labels.iter().all(|label| label.confidence() >= Some(55.)), "the default threshold");
    assert!(labels.is_sorted_by(|a, b| a.confidence() >= b.confidence()));
    let person = labels.iter().find(|label| label.name() == Some("Person")).expect("a person");
    let area = person.instances()[0].bounding_box().unwrap();
    assert!(area.height().unwrap() > 0.5, "{area:?}");
    assert!(!person.categories().is_empty());
}

async fn thresholds_and_limits_are_applied(server: &Server) {
    let ask = || server.client().detect_labels().image(inline(sample("coffee.jpg")));

    let wide = ask().min_confidence(0.).send().await.unwrap();
    let two = ask().min_confidence(0.).max_labels(2).send().await.unwrap();

    assert!(wide.labels().len() > 2, "{:?}", wide.labels());
    assert_eq!(two.labels(), &wide.labels()[..2]);
    assert!(wide.labels().iter().any(|label| label.name() == Some("Cup")));
}

async fn a_face_has_the_requested_attributes(server: &Server) {
    let ask = || server.client().detect_faces().image(inline(sample("astronaut.jpg")));

    let default = ask().send().await.unwrap();
    let all = ask().attributes(Attribute::All).send().await.unwrap();
    let none = server.client().detect_faces().image(inline(sample("coffee.jpg"))).send().await.unwrap();

    let [face] = default.face_details() else { panic!("one face expected: {default:?}") };
    assert!(face.confidence().unwrap() > 50. && face.quality().is_some() && face.landmarks().len() == 5);
    assert!(face.age_range().is_none() && face.gender().is_none() && face.emotions().is_empty());
    let [face] = all.face_details() else { panic!("one face expected: {all:?}") };
    let age = face.age_range().unwrap();
    assert!(age.low() < age.high());
    assert!(face.gender().is_some() && face.emotions().len() == 7 && face.landmarks().len() > 5);
    assert!(face.beard().is_none() && face.eyeglasses().is_none(), "no model measures these");
    assert!(none.face_details().is_empty());
}

async fn a_page_has_lines_and_words(server: &Server) {
    let ask = || server.client().detect_text().image(inline(sample("printed-page.png")));

    let answer = ask().send().await.unwrap();
    let sure = DetectionFilter::builder().min_confidence(100.).build();
    let filtered = ask().filters(DetectTextFilters::builder().word_filter(sure).build()).send().await.unwrap();

    let of_kind = |kind| answer.text_detections().iter().filter(|item| item.r#type() == Some(&kind)).collect::<Vec<_>>();
    let (lines, words) = (of_kind(TextTypes::Line), of_kind(TextTypes::Word));
    assert!(lines.len() >= 3 && words.len() > lines.len(), "{} lines, {} words", lines.len(), words.len());
    assert!(lines.iter().all(|line| line.parent_id().is_none()));
    assert!(words.iter().all(|word| lines.iter().any(|line| line.id() == word.parent_id())));
    assert!(words.iter().all(|word| word.geometry().unwrap().polygon().len() == 4));
    assert!(filtered.text_detections().len() < answer.text_detections().len());
}

async fn a_harmless_photo_has_no_moderation_labels(server: &Server) {
    let answer = server.client().detect_moderation_labels().image(inline(sample("coffee.jpg"))).send().await.unwrap();

    assert!(answer.moderation_labels().is_empty(), "{answer:?}");
    assert_eq!(answer.moderation_model_version(), Some("local-1.0"));
}

/// The same pixels, turned upright beforehand, have the same box; without EXIF they do not.
async fn a_rotated_photo_is_turned_upright(server: &Server) {
    let rotated = sample("hopper-rotated.jpg");
    let mut decoder = JpegDecoder::new(std::io::Cursor::new(&rotated)).unwrap();
    let orientation = decoder.orientation().unwrap();
    let on_its_side = DynamicImage::from_decoder(decoder).unwrap();
    let mut upright = on_its_side.clone();
    upright.apply_orientation(orientation);

    let by_exif = face_box(server, rotated).await.expect("a face");
    let by_hand = face_box(server, encoded(&upright, ImageFormat::Png)).await.expect("a face");
    let without = face_box(server, encoded(&on_its_side, ImageFormat::Png)).await;

    assert!(is_near(&by_exif, &by_hand), "{by_exif:?} {by_hand:?}");
    assert!(without.is_none_or(|other| !is_near(&by_exif, &other)));
}

async fn face_box(server: &Server, bytes: Vec<u8>) -> Option<BoundingBox> {
    let answer = server.client().detect_faces().image(inline(bytes)).send().await.unwrap();
    answer.face_details().first()?.bounding_box().cloned()
}

fn is_near(a: &BoundingBox, b: &BoundingBox) -> bool {
    let sides = |area: &BoundingBox| [area.left(), area.top(), area.width(), area.height()].map(Option::unwrap);
    sides(a).iter().zip(sides(b)).all(|(a, b)| (a - b).abs() < 0.02)
}
