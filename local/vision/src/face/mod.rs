//! Detects faces and measures each with four further models.

mod attributes;
mod detect;
mod mesh;
mod types;

use image::RgbImage;

pub use self::types::{AgeRange, Emotion, EmotionKind, Face, Gender, GenderEstimate, Landmark, LandmarkKind, Pose, Quality, Verdict};
use self::{detect::Detection, mesh::Mesh};
use crate::geometry::{self, Point};
use crate::pixels::{Pixel, Placement};
use crate::runtime::{Model, Runtime, VisionError};

/// A face with a smaller longer side (px of the photo) is only located, because the other models would guess.
const MIN_SIDE: f32 = 28.;
/// Size of the crop on which sharpness and brightness are measured, px.
const QUALITY_SIDE: u32 = 64;

/// The models for faces.
#[derive(Debug)]
pub(crate) struct FaceModels {
    detector: Model,
    mesh: Model,
    age: Model,
    gender: Model,
    emotion: Model,
}

impl FaceModels {
    /// Opens all five.
    pub fn open(runtime: &Runtime) -> Result<Self, VisionError> {
        Ok(Self {
            detector: runtime.open(detect::FILE)?,
            mesh: runtime.open(mesh::FILE)?,
            age: runtime.open(attributes::AGE)?,
            gender: runtime.open(attributes::GENDER)?,
            emotion: runtime.open(attributes::EMOTION)?,
        })
    }

    /// All faces, largest first.
    pub fn find(&self, image: &RgbImage) -> Result<Vec<Face>, VisionError> {
        let detected = detect::detect(&self.detector, image)?;
        let mut faces = detected.iter().map(|face| self.measure(image, face)).collect::<Result<Vec<_>, _>>()?;
        let area = |face: &Face| face.bounding_box.width * face.bounding_box.height;
        faces.sort_by(|a, b| area(b).total_cmp(&area(a)));
        Ok(faces)
    }

    fn measure(&self, image: &RgbImage, detection: &Detection) -> Result<Face, VisionError> {
        let (width, height) = geometry::dimensions(image);
        let to_pixel = |point: Point| [point.x * width, point.y * height];
        let points = detection.points.map(to_pixel);
        let area = detection.bounding_box;
        let side = (area.width * width).max(area.height * height);
        let centre = to_pixel(Point { x: area.left + area.width / 2., y: area.top + area.height / 2. });
        let crop = Placement::square(centre, side, 0., QUALITY_SIDE).crop(image, QUALITY_SIDE, QUALITY_SIDE);
        let mut face = Face {
            bounding_box: area,
            confidence: calibrated(detection.score),
            landmarks: five_landmarks(detection),
            pose: None,
            age_range: None,
            gender: None,
            emotions: Vec::new(),
            smile: None,
            eyes_open: None,
            mouth_open: None,
            quality: attributes::quality(&crop),
        };
        if side < MIN_SIDE {
            return Ok(face);
        }
        let mesh = mesh::fit(&self.mesh, image, detection, to_pixel)?;
        let aligned = mesh.as_ref().map_or_else(|| estimate_alignment(&points), Mesh::alignment);
        face.age_range = Some(attributes::age(&self.age, image, &aligned)?);
        face.gender = Some(attributes::gender(&self.gender, image, &aligned)?);
        let angle = mesh.as_ref().map_or_else(|| eye_angle(&points), Mesh::angle);
        face.emotions = attributes::emotions(&self.emotion, image, centre, side, angle)?;
        face.smile = attributes::smile(&face.emotions);
        if let Some(mesh) = mesh {
            // The mesh model also scores whether there is a face.
            face.confidence = calibrated(detection.score.max(mesh.fit));
            let fraction = |landmark: Landmark| Landmark { x: landmark.x / width, y: landmark.y / height, ..landmark };
            face.landmarks = mesh.landmarks().into_iter().map(fraction).collect();
            face.pose = Some(mesh.pose());
            face.eyes_open = Some(mesh.eyes_open());
            face.mouth_open = Some(mesh.mouth_open());
        }
        Ok(face)
    }
}

/// Scores and the confidence (0–100) that each stands for, in ascending order. Measured on 240 chips of UTKFace, photos of COCO val2017 and group
/// photos: of the faces with a score of 0.4–0.5, about 80 % are faces, of those with 0.5–0.6, 94 %, above that 99 %. No false one had 0.56 or
/// more, so that is where the confidence reaches 80, which records need.
const CALIBRATION: [(f32, f32); 5] = [(0.4, 70.), (0.56, 80.), (0.6, 92.), (0.7, 98.), (1., 100.)];

/// The confidence that a detection with this score is a face, 0–100: interpolated between the measured points.
fn calibrated(score: f32) -> f32 {
    let [(lowest, at_lowest), ..] = CALIBRATION;
    let within = CALIBRATION.windows(2).rev().find_map(|pair| match *pair {
        [(from, low), (to, high)] if score >= from => Some(low + (high - low) * ((score - from) / (to - from)).min(1.)),
        _ => None,
    });
    within.unwrap_or(at_lowest * score / lowest)
}

fn five_landmarks(detection: &Detection) -> Vec<Landmark> {
    use LandmarkKind::{EyeLeft, EyeRight, MouthLeft, MouthRight, Nose};
    let named = [EyeLeft, EyeRight, Nose, MouthLeft, MouthRight].into_iter().zip(detection.points);
    named.map(|(kind, point)| Landmark { kind, x: point.x, y: point.y }).collect()
}

fn eye_angle([left, right, ..]: &[Pixel; 5]) -> f32 {
    (right[1] - left[1]).atan2(right[0] - left[0])
}

/// Estimates the corners of the eyes and the base of the nose from the detector's five points.
fn estimate_alignment([left, right, nose, mouth_left, mouth_right]: &[Pixel; 5]) -> [Pixel; 5] {
    let along = |from: &Pixel, to: &Pixel, part: f32| [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
    // An eye is about two fifths as wide as the distance between the eyes.
    let mouth = along(mouth_left, mouth_right, 0.5);
    [along(left, right, -0.2), along(left, right, 0.2), along(left, right, 0.8), along(left, right, 1.2), along(nose, &mouth, 0.25)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_reads_as_the_measured_share_of_faces() {
        for (score, confidence) in [(0., 0.), (0.4, 70.), (0.48, 75.), (0.56, 80.), (0.58, 86.), (0.65, 95.), (1., 100.), (1.2, 100.)] {
            assert!((calibrated(score) - confidence).abs() < 0.01, "{score}: {}", calibrated(score));
        }
        assert!(calibrated(0.559) < 80., "records store faces from a score of 0.56 on");
    }
}
