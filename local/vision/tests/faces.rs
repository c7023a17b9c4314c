//! Faces of the sample photos.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail at once")]

mod common;

use common::{models, sample, within_image};
use image::imageops::{FilterType, resize};
use sightline_vision::{EmotionKind, Face, Gender, LandmarkKind};

fn faces(name: &str) -> Vec<Face> {
    models().faces(&sample(name)).unwrap()
}

fn place(face: &Face, kind: LandmarkKind) -> (f32, f32) {
    face.landmarks.iter().find(|landmark| landmark.kind == kind).map(|landmark| (landmark.x, landmark.y)).unwrap()
}

#[test]
fn a_smiling_astronaut_is_seen_as_she_is() {
    let faces = faces("astronaut.jpg");
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
    let faces = faces("astronaut.jpg");
    let (left, right) = (place(&faces[0], LandmarkKind::EyeLeft), place(&faces[0], LandmarkKind::EyeRight));
    let (nose, mouth) = (place(&faces[0], LandmarkKind::Nose), place(&faces[0], LandmarkKind::MouthLeft));
    assert!(left.0 < nose.0 && nose.0 < right.0);
    assert!(left.1 < nose.1 && nose.1 < mouth.1);
}

#[test]
fn a_head_turned_aside_has_a_yaw_and_keeps_its_mouth_shut() {
    let faces = faces("camera-operator.jpg");
    let [face] = faces.as_slice() else { panic!("{faces:?}") };
    assert!(face.pose.unwrap().yaw > 25., "{:?}", face.pose);
    assert!(!face.mouth_open.unwrap().value && !face.smile.unwrap().value);
    assert_eq!(face.gender.unwrap().value, Gender::Male);
}

#[test]
fn an_old_face_is_estimated_to_be_old() {
    let faces = faces("hopper-rotated.jpg");
    let [face] = faces.as_slice() else { panic!("{faces:?}") };
    assert!(face.age_range.unwrap().low >= 55, "{:?}", face.age_range);
}

#[test]
fn what_has_no_face_has_none() {
    let models = models();
    for name in ["cat.webp", "coffee.jpg", "printed-page.png", "rocket.jpg"] {
        assert_eq!(models.faces(&sample(name)).unwrap(), [], "{name}");
    }
}

#[test]
fn a_face_too_small_to_judge_is_only_located() {
    let small = resize(&sample("astronaut.jpg"), 100, 100, FilterType::Triangle);
    let faces = models().faces(&small).unwrap();
    let [face] = faces.as_slice() else { panic!("{faces:?}") };
    assert_eq!(face.landmarks.len(), 5);
    assert!(face.age_range.is_none() && face.gender.is_none() && face.emotions.is_empty() && face.pose.is_none());
}
