//! All that the models say of each face.

use image::RgbImage;

use super::detect::Detection;
use super::{Face, Landmark, LandmarkKind, attributes, detect, mesh, quality};
use crate::placement::{Pixel, Placement};
use crate::runtime::{Model, Runtime};
use crate::{Point, VisionError, geometry};

/// A face whose longer side is smaller (in pixels of the photo) is only located: the rest would be guessed.
const LEAST_SIDE: f32 = 28.;
/// Sharpness and brightness are measured on a face of this size.
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
    /// Opens them all.
    pub fn open(runtime: &Runtime) -> Result<Self, VisionError> {
        Ok(Self {
            detector: runtime.open(detect::FILE)?,
            mesh: runtime.open(mesh::FILE)?,
            age: runtime.open(attributes::AGE)?,
            gender: runtime.open(attributes::GENDER)?,
            emotion: runtime.open(attributes::EMOTION)?,
        })
    }

    /// All faces, the largest first.
    pub fn find(&self, image: &RgbImage) -> Result<Vec<Face>, VisionError> {
        let found = detect::find(&self.detector, image)?;
        let mut faces = found.iter().map(|face| self.inspect(image, face)).collect::<Result<Vec<_>, _>>()?;
        let area = |face: &Face| face.bounding_box.width * face.bounding_box.height;
        faces.sort_by(|a, b| area(b).total_cmp(&area(a)));
        Ok(faces)
    }

    fn inspect(&self, image: &RgbImage, found: &Detection) -> Result<Face, VisionError> {
        let (width, height) = (geometry::as_f32(image.width() as usize), geometry::as_f32(image.height() as usize));
        let to_pixel = |point: Point| [point.x * width, point.y * height];
        let points = found.points.map(to_pixel);
        let area = found.bounding_box;
        let side = (area.width * width).max(area.height * height);
        let centre = to_pixel(Point { x: area.left + area.width / 2., y: area.top + area.height / 2. });
        let tight = Placement::square(centre, side, 0., QUALITY_SIDE).cut(image, QUALITY_SIDE, QUALITY_SIDE);
        let mut face = Face {
            bounding_box: area,
            confidence: 100. * found.score,
            landmarks: five_landmarks(found),
            pose: None,
            age_range: None,
            gender: None,
            emotions: Vec::new(),
            smile: None,
            eyes_open: None,
            mouth_open: None,
            quality: quality::measure(&tight),
        };
        if side < LEAST_SIDE {
            return Ok(face);
        }
        let mesh = mesh::fit(&self.mesh, image, found, to_pixel)?;
        let aligned = mesh.as_ref().map_or_else(|| guess_alignment(&points), mesh::Mesh::alignment);
        face.age_range = Some(attributes::age(&self.age, image, &aligned)?);
        face.gender = Some(attributes::gender(&self.gender, image, &aligned)?);
        let angle = mesh.as_ref().map_or_else(|| eye_line(&points), mesh::Mesh::angle);
        face.emotions = attributes::emotions(&self.emotion, image, centre, side, angle)?;
        face.smile = attributes::smile(&face.emotions);
        if let Some(mesh) = mesh {
            // The mesh judges for itself whether it lies on a face: a second witness.
            face.confidence = 100. * found.score.max(mesh.fit);
            let fraction = |landmark: Landmark| Landmark { x: landmark.x / width, y: landmark.y / height, ..landmark };
            face.landmarks = mesh.landmarks().into_iter().map(fraction).collect();
            face.pose = Some(mesh.pose());
            face.eyes_open = Some(mesh.eyes_open());
            face.mouth_open = Some(mesh.mouth_open());
        }
        Ok(face)
    }
}

fn five_landmarks(found: &Detection) -> Vec<Landmark> {
    use LandmarkKind::{EyeLeft, EyeRight, MouthLeft, MouthRight, Nose};
    let named = [EyeLeft, EyeRight, Nose, MouthLeft, MouthRight].into_iter().zip(found.points);
    named.map(|(kind, point)| Landmark { kind, x: point.x, y: point.y }).collect()
}

fn eye_line([left, right, ..]: &[Pixel; 5]) -> f32 {
    (right[1] - left[1]).atan2(right[0] - left[0])
}

/// Where the corners of the eyes and the base of the nose should be, from the detector's five points.
fn guess_alignment([left, right, nose, mouth_left, mouth_right]: &[Pixel; 5]) -> [Pixel; 5] {
    let along = |from: &Pixel, to: &Pixel, part: f32| [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
    // An eye is about two fifths as wide as the eyes are apart.
    let mouth = along(mouth_left, mouth_right, 0.5);
    [along(left, right, -0.2), along(left, right, 0.2), along(left, right, 0.8), along(left, right, 1.2), along(nose, &mouth, 0.25)]
}
