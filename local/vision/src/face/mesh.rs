//! Fits 468 points to a face with `MediaPipe`'s Face Mesh.

use image::RgbImage;

use super::detect::Detection;
use super::types::{Landmark, LandmarkKind, Pose, Verdict};
use crate::geometry::Point;
use crate::pixels::{self, Normalization, Pixel, Placement};
use crate::runtime::{Model, VisionError};

pub(super) const FILE: &str = "facemesh.onnx";
const SIDE: u32 = 192;
const POINTS: usize = 468;
/// With a lower score, the mesh does not fit the face.
const MIN_FIT: f32 = 0.5;
/// Side of the first crop, in longer sides of the detector's box, and of the second, in longer sides of the first mesh.
const AROUND_BOX: f32 = 1.4;
const AROUND_MESH: f32 = 1.5;

/// The pitch that the mesh has for a straight head, in degrees.
const STRAIGHT_PITCH: f32 = -9.;

/// The points of a face.
#[derive(Debug)]
pub(super) struct Mesh {
    /// The score that this is a face, 0–1.
    pub fit: f32,
    /// x, y and depth in image pixels; depth towards the viewer is negative.
    points: Vec<[f32; 3]>,
}

/// Fits a mesh to a detected face; `None` if it does not fit.
pub(super) fn fit(
    model: &Model,
    image: &RgbImage,
    face: &Detection,
    to_pixel: impl Fn(Point) -> Pixel,
) -> Result<Option<Mesh>, VisionError> {
    let [left, right, ..] = face.points.map(&to_pixel);
    let area = face.bounding_box;
    let [width, height] = to_pixel(Point { x: area.width, y: area.height });
    let centre = to_pixel(Point { x: area.left + area.width / 2., y: area.top + area.height / 2. });
    let angle = (right[1] - left[1]).atan2(right[0] - left[0]);
    let rough = Placement::square(centre, AROUND_BOX * width.max(height), angle, SIDE);
    let Some(first) = run(model, image, rough)? else { return Ok(None) };
    // The model expects a crop centred on the mesh, so it runs again on such a crop.
    run(model, image, first.surroundings())
}

fn run(model: &Model, image: &RgbImage, placement: Placement) -> Result<Option<Mesh>, VisionError> {
    let data = pixels::planes(&placement.crop(image, SIDE, SIDE), Normalization::same(0., 1. / 255.));
    let scale = placement.scale();
    model.run([1, 3, SIDE as usize, SIDE as usize], &data, |[mesh, fit]| {
        let fit = *fit.data.first()?;
        let map = |point: &[f32]| match point {
            &[x, y, z] => {
                let [x, y] = placement.apply([x, y]);
                Some([x, y, z * scale])
            }
            _ => None,
        };
        let points = mesh.data.chunks_exact(3).map(map).collect::<Option<Vec<_>>>()?;
        (points.len() == POINTS).then_some((fit >= MIN_FIT).then_some(Mesh { fit, points }))
    })
}

impl Mesh {
    fn at(&self, index: usize) -> [f32; 3] {
        self.points.get(index).copied().unwrap_or_default()
    }

    fn between(&self, one: usize, other: usize) -> Pixel {
        let ([ax, ay, _], [bx, by, _]) = (self.at(one), self.at(other));
        [f32::midpoint(ax, bx), f32::midpoint(ay, by)]
    }

    fn distance(&self, one: usize, other: usize) -> f32 {
        let (a, b) = (self.at(one), self.at(other));
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    }

    /// The crop for the second run, aligned with the eyes.
    fn surroundings(&self) -> Placement {
        let mut low = [f32::MAX; 2];
        let mut high = [f32::MIN; 2];
        for &[x, y, _] in &self.points {
            low = [low[0].min(x), low[1].min(y)];
            high = [high[0].max(x), high[1].max(y)];
        }
        let side = AROUND_MESH * (high[0] - low[0]).max(high[1] - low[1]);
        Placement::square([f32::midpoint(low[0], high[0]), f32::midpoint(low[1], high[1])], side, self.angle(), SIDE)
    }

    /// The angle of the line between the eyes, radians, clockwise.
    pub fn angle(&self) -> f32 {
        let (left, right) = (self.between(33, 133), self.between(362, 263));
        (right[1] - left[1]).atan2(right[0] - left[0])
    }

    /// Outer and inner corners of the eyes, the viewer's left first, and the base of the nose.
    pub fn alignment(&self) -> [Pixel; 5] {
        [33, 133, 362, 263, 2].map(|index| {
            let [x, y, _] = self.at(index);
            [x, y]
        })
    }

    /// The points that Rekognition names, in image pixels.
    pub fn landmarks(&self) -> Vec<Landmark> {
        let single = NAMED.iter().map(|&(kind, index)| {
            let [x, y, _] = self.at(index);
            Landmark { kind, x, y }
        });
        let eyes = [(LandmarkKind::EyeLeft, 33, 133), (LandmarkKind::EyeRight, 362, 263)].map(|(kind, outer, inner)| {
            let [x, y] = self.between(outer, inner);
            Landmark { kind, x, y }
        });
        eyes.into_iter().chain(single).collect()
    }

    /// The direction of the head, from the lines between the ears and between forehead and chin.
    pub fn pose(&self) -> Pose {
        let difference = |from: usize, to: usize| {
            let (a, b) = (self.at(from), self.at(to));
            [b[0] - a[0], b[1] - a[1], b[2] - a[2]]
        };
        let (across, down) = (difference(234, 454), difference(10, 152));
        Pose {
            roll: across[1].atan2(across[0]).to_degrees(),
            yaw: across[2].atan2(across[0].hypot(across[1])).to_degrees(),
            pitch: (-down[2]).atan2(down[0].hypot(down[1])).to_degrees() - STRAIGHT_PITCH,
        }
    }

    /// From the gap between the lids relative to the width of the eye.
    pub fn eyes_open(&self) -> Verdict {
        let left = self.distance(159, 145) / self.distance(33, 133).max(1.);
        let right = self.distance(386, 374) / self.distance(362, 263).max(1.);
        verdict(f32::midpoint(left, right), 0.17, 0.04)
    }

    /// From the gap between the lips relative to the width of the mouth.
    pub fn mouth_open(&self) -> Verdict {
        verdict(self.distance(13, 14) / self.distance(78, 308).max(1.), 0.12, 0.04)
    }
}

/// Compares a measure with a threshold. The confidence is 73 % at a distance of `width` from the threshold, and at most 95 %.
fn verdict(measure: f32, threshold: f32, width: f32) -> Verdict {
    let yes = 1. / (1. + (-(measure - threshold) / width).exp());
    Verdict { value: yes >= 0.5, confidence: (100. * yes.max(1. - yes)).min(95.) }
}

/// The mesh points of Rekognition's landmarks.
const NAMED: [(LandmarkKind, usize); 26] = {
    use LandmarkKind::{
        ChinBottom, LeftEyeBrowLeft, LeftEyeBrowRight, LeftEyeBrowUp, LeftEyeDown, LeftEyeLeft, LeftEyeRight, LeftEyeUp, MidJawlineLeft,
        MidJawlineRight, MouthDown, MouthLeft, MouthRight, MouthUp, Nose, NoseLeft, NoseRight, RightEyeBrowLeft, RightEyeBrowRight,
        RightEyeBrowUp, RightEyeDown, RightEyeLeft, RightEyeRight, RightEyeUp, UpperJawlineLeft, UpperJawlineRight,
    };
    [
        (Nose, 1),
        (MouthLeft, 61),
        (MouthRight, 291),
        (LeftEyeBrowLeft, 70),
        (LeftEyeBrowUp, 105),
        (LeftEyeBrowRight, 107),
        (RightEyeBrowLeft, 336),
        (RightEyeBrowUp, 334),
        (RightEyeBrowRight, 300),
        (LeftEyeLeft, 33),
        (LeftEyeRight, 133),
        (LeftEyeUp, 159),
        (LeftEyeDown, 145),
        (RightEyeLeft, 362),
        (RightEyeRight, 263),
        (RightEyeUp, 386),
        (RightEyeDown, 374),
        (NoseLeft, 98),
        (NoseRight, 327),
        (MouthUp, 0),
        (MouthDown, 17),
        (UpperJawlineLeft, 127),
        (MidJawlineLeft, 172),
        (ChinBottom, 152),
        (MidJawlineRight, 397),
        (UpperJawlineRight, 356),
    ]
};
