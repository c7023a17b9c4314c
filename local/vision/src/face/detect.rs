//! Detects faces with `CenterFace`.

use image::RgbImage;

use crate::geometry::{self, BoundingBox, Point, suppress};
use crate::pixels::{self, Normalization};
use crate::runtime::{Model, Output, VisionError};

pub(super) const FILE: &str = "centerface.onnx";
/// Photos are shrunk to about this many pixels; small photos are not enlarged.
const MAX_PIXELS: f32 = 800. * 600.;
/// Sides must be multiples of this.
const STEP: u32 = 32;
const MIN_SCORE: f32 = 0.4;
/// Boxes that overlap more than this are the same face.
const SAME_FACE: f32 = 0.3;
const MAX_FACES: usize = 100;

/// A detected face with five points: eyes, nose and corners of the mouth, the viewer's left first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detection {
    pub bounding_box: BoundingBox,
    /// 0–1.
    pub score: f32,
    pub points: [Point; 5],
}

/// Detects faces, highest score first.
pub(super) fn detect(model: &Model, image: &RgbImage) -> Result<Vec<Detection>, VisionError> {
    let (width, height) = pixels::size_between(image, 0., MAX_PIXELS, STEP);
    let data = pixels::planes(&pixels::resize(image, width, height), Normalization::same(0., 1.));
    let (width, height) = (width as usize, height as usize);
    model.run([1, 3, height, width], &data, |[heat, size, offset, points]| Grid::new(&heat, &size, &offset, &points)?.decode())
}

/// The output of the model: planes of cells.
struct Grid<'a> {
    width: usize,
    height: usize,
    heat: &'a [f32],
    /// Logarithms of the height and width of the box, in cells.
    size: [&'a [f32]; 2],
    /// Vertical and horizontal offset of the centre in its cell.
    offset: [&'a [f32]; 2],
    /// Vertical and horizontal position of five points, as fractions of the box.
    points: [&'a [f32]; 10],
}

impl<'a> Grid<'a> {
    fn new(heat: &Output<'a>, size: &Output<'a>, offset: &Output<'a>, points: &Output<'a>) -> Option<Self> {
        let &[1, 1, height, width] = heat.shape.as_slice() else { return None };
        Some(Self {
            width,
            height,
            heat: heat.data,
            size: split(size.data, width * height)?,
            offset: split(offset.data, width * height)?,
            points: split(points.data, width * height)?,
        })
    }

    fn decode(&self) -> Option<Vec<Detection>> {
        let candidates = self.heat.iter().enumerate().filter(|&(_, &score)| score >= MIN_SCORE);
        let detected = candidates.map(|(cell, &score)| self.at(cell, score)).collect::<Option<Vec<_>>>()?;
        Some(suppress(detected, SAME_FACE, MAX_FACES, |face| (face.score, face.bounding_box)))
    }

    fn at(&self, cell: usize, score: f32) -> Option<Detection> {
        let value = |plane: &[f32]| plane.get(cell).copied();
        let [tall, wide] = [value(self.size[0])?, value(self.size[1])?].map(f32::exp);
        let (row, column) = (geometry::as_f32(cell / self.width), geometry::as_f32(cell % self.width));
        let top = row + value(self.offset[0])? + 0.5 - tall / 2.;
        let left = column + value(self.offset[1])? + 0.5 - wide / 2.;
        let across = |cells: f32| cells / geometry::as_f32(self.width);
        let down = |cells: f32| cells / geometry::as_f32(self.height);
        let mut points = [Point { x: 0., y: 0. }; 5];
        for (point, planes) in points.iter_mut().zip(self.points.chunks_exact(2)) {
            if let &[y, x] = planes {
                *point = Point { x: across(left + value(x)? * wide), y: down(top + value(y)? * tall) };
            }
        }
        let bounding_box = BoundingBox::within_image(across(left), down(top), across(left + wide), down(top + tall));
        Some(Detection { bounding_box, score, points })
    }
}

fn split<const N: usize>(data: &[f32], plane: usize) -> Option<[&[f32]; N]> {
    data.chunks_exact(plane).collect::<Vec<_>>().try_into().ok()
}
