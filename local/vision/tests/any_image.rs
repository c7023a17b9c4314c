//! Images of all shapes: nothing panics, positions and confidences are in range, and memory stays bounded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail at once")]

mod common;

use std::sync::Arc;

use common::{models, sample, within_image};
use image::{Rgb, RgbImage};
use sightline_vision::{Models, Photo, VisionError};

/// Memory limit of the whole process.
const MAX_MEGABYTES: u64 = 700;

fn detect_everything(models: &Models, image: RgbImage) {
    let image = &Photo::new(image);
    let is_percentage = |confidence: f32| (0. ..=100.01).contains(&confidence);
    for label in models.labels(image).unwrap() {
        assert!(is_percentage(label.confidence), "{label:?}");
        assert!(label.instances.iter().all(|instance| is_percentage(instance.confidence) && within_image(instance.bounding_box)));
    }
    for face in models.faces(image).unwrap() {
        assert!(is_percentage(face.confidence) && within_image(face.bounding_box), "{face:?}");
    }
    for line in models.text(image).unwrap() {
        assert!(is_percentage(line.confidence) && within_image(line.bounding_box), "{line:?}");
    }
    assert!(models.moderation(image).unwrap().labels.iter().all(|label| is_percentage(label.confidence)));
}

/// Noise that is the same in each run.
fn noise(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let [a, b, c, _] = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503_u32.wrapping_mul(x | 1))).to_le_bytes();
        Rgb([a, b, c])
    })
}

#[test]
fn images_of_every_shape_are_accepted() {
    let models = models();
    let flat = |width, height, value| RgbImage::from_pixel(width, height, Rgb([value; 3]));
    let images = [flat(80, 80, 128), flat(80, 4_000, 0), flat(10_000, 100, 255), noise(333, 777), flat(1, 1, 9)];
    for image in images {
        detect_everything(&models, image);
    }
}

#[test]
fn memory_stays_bounded_over_photos_of_many_sizes() {
    let models = models();
    let page = sample("printed-page.png");
    for width in [3_000, 900, 1_700, 640] {
        let page = image::imageops::resize(&page, width, width / 2, image::imageops::FilterType::Triangle);
        detect_everything(&models, page);
    }
    assert!(peak_megabytes() < MAX_MEGABYTES, "{} MB", peak_megabytes());
}

#[test]
fn threads_share_the_models_and_get_the_same_results() {
    let models = Arc::new(models());
    let coffee = Arc::new(Photo::new(sample("coffee.jpg")));
    let alone = models.labels(&coffee).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (models, coffee) = (Arc::clone(&models), Arc::clone(&coffee));
            std::thread::spawn(move || models.labels(&coffee).unwrap())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), alone);
    }
}

#[test]
fn a_missing_model_is_an_error_that_says_what_to_run() {
    let error = Models::load(std::path::Path::new("/nowhere")).unwrap_err();
    assert!(matches!(error, VisionError::ModelMissing { .. }));
    assert!(error.to_string().contains("fetch_models.py"), "{error}");
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
