//! A turned rectangle around a piece of text.

use crate::placement::Pixel;

/// A rectangle; `along` and `down` are unit vectors, at right angles, the way the text reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub centre: Pixel,
    pub along: Pixel,
    pub down: Pixel,
    pub width: f32,
    pub height: f32,
}

impl Region {
    /// The smallest rectangle around points, its rows as level as can be. `None` for fewer than three points that span an area.
    pub fn around(points: &[Pixel]) -> Option<Self> {
        let hull = convex_hull(points.to_vec());
        let edges = hull.iter().zip(hull.iter().cycle().skip(1));
        let fits = edges.filter_map(|(a, b)| Self::fit(&hull, direction(*a, *b)?));
        fits.min_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height)))
    }

    /// The rectangle around points with one side along a direction.
    fn fit(points: &[Pixel], direction: Pixel) -> Option<Self> {
        // Of the four ways to turn a rectangle, the one that reads most like a level line from left to right.
        let along = if direction[0].abs() >= direction[1].abs() { direction } else { [direction[1], -direction[0]] };
        let along = if along[0] < 0. { [-along[0], -along[1]] } else { along };
        let down = [-along[1], along[0]];
        let (left, right) = extent(points, along)?;
        let (top, bottom) = extent(points, down)?;
        let (x, y) = (f32::midpoint(left, right), f32::midpoint(top, bottom));
        let centre = [along[0] * x + down[0] * y, along[1] * x + down[1] * y];
        Some(Self { centre, along, down, width: right - left, height: bottom - top })
    }

    /// The place at fractions (0–1) of the width and the height.
    pub fn place(&self, x: f32, y: f32) -> Pixel {
        let (x, y) = ((x - 0.5) * self.width, (y - 0.5) * self.height);
        [self.centre[0] + self.along[0] * x + self.down[0] * y, self.centre[1] + self.along[1] * x + self.down[1] * y]
    }

    /// The corners, clockwise from the text's own top left.
    pub fn corners(&self) -> [Pixel; 4] {
        [self.place(0., 0.), self.place(1., 0.), self.place(1., 1.), self.place(0., 1.)]
    }

    /// The same rectangle with every side moved out.
    pub fn grown(self, by: f32) -> Self {
        Self { width: self.width + 2. * by, height: self.height + 2. * by, ..self }
    }

    /// As much of the rectangle's beginning as is `most` times longer than it is high (or higher than it is long).
    pub fn beginning(self, most: f32) -> Self {
        let (width, height) = (self.width.min(most * self.height), self.height.min(most * self.width));
        let part = |cut: f32, whole: f32| cut / whole.max(f32::EPSILON) / 2.;
        Self { centre: self.place(part(width, self.width), part(height, self.height)), width, height, ..self }
    }

    /// The same rectangle read a quarter turn further: its rows run where its columns ran.
    pub fn turned(self) -> Self {
        let down = self.along.map(|part| -part);
        Self { along: self.down, down, width: self.height, height: self.width, ..self }
    }

    /// The same rectangle in an image of another size, `scale` times as large across and down.
    pub fn scaled(self, scale: Pixel) -> Self {
        let stretch = |vector: Pixel| [vector[0] * scale[0], vector[1] * scale[1]];
        let (along, down) = (stretch(self.along), stretch(self.down));
        let (long, tall) = (along[0].hypot(along[1]), down[0].hypot(down[1]));
        let along = along.map(|part| part / long);
        let down = [-along[1], along[0]];
        Self { centre: stretch(self.centre), along, down, width: self.width * long, height: self.height * tall }
    }
}

fn direction(a: Pixel, b: Pixel) -> Option<Pixel> {
    let (x, y) = (b[0] - a[0], b[1] - a[1]);
    let length = x.hypot(y);
    (length > 0.).then(|| [x / length, y / length])
}

fn extent(points: &[Pixel], direction: Pixel) -> Option<(f32, f32)> {
    let along = || points.iter().map(|point| point[0] * direction[0] + point[1] * direction[1]);
    Some((along().reduce(f32::min)?, along().reduce(f32::max)?))
}

/// The corners of the tightest fence around points (Andrew's monotone chain).
fn convex_hull(mut points: Vec<Pixel>) -> Vec<Pixel> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let mut hull = half_hull(points.iter().copied());
    hull.extend(half_hull(points.iter().rev().copied()));
    hull
}

fn half_hull(points: impl Iterator<Item = Pixel>) -> Vec<Pixel> {
    let mut half: Vec<Pixel> = Vec::new();
    for point in points {
        while let [.., a, b] = half.as_slice()
            && (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) <= 0.
        {
            half.pop();
        }
        half.push(point);
    }
    half.pop(); // where the other half begins
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_rectangle_is_found_as_it_is() {
        let region = Region::around(&[[10., 20.], [50., 20.], [50., 30.], [10., 30.], [30., 25.]]).unwrap();
        assert_eq!(region.corners(), [[10., 20.], [50., 20.], [50., 30.], [10., 30.]]);
    }

    #[test]
    fn a_tilted_line_keeps_its_reading_direction() {
        let truth = Region { centre: [100., 100.], along: [0.8, 0.6], down: [-0.6, 0.8], width: 60., height: 10. };
        let found = Region::around(&truth.corners()).unwrap();
        for (a, b) in truth.corners().iter().zip(found.corners()) {
            assert!((a[0] - b[0]).abs() < 0.01 && (a[1] - b[1]).abs() < 0.01, "{a:?} {b:?}");
        }
    }

    #[test]
    fn the_beginning_of_a_long_line_starts_where_the_line_does() {
        let line = Region::around(&[[0., 0.], [100., 0.], [100., 10.], [0., 10.]]).unwrap();
        for (place, expected) in line.beginning(4.).corners().iter().zip([[0., 0.], [40., 0.], [40., 10.], [0., 10.]]) {
            assert!((place[0] - expected[0]).abs() < 0.01 && (place[1] - expected[1]).abs() < 0.01, "{place:?}");
        }
        assert!((line.beginning(20.).width - 100.).abs() < 0.01);
    }

    #[test]
    fn too_few_points_make_no_rectangle() {
        assert!(Region::around(&[]).is_none());
        assert!(Region::around(&[[1., 1.]]).is_none());
    }

    #[test]
    fn a_quarter_turn_reads_downwards() {
        let tall = Region::around(&[[0., 0.], [10., 0.], [10., 40.], [0., 40.]]).unwrap();
        assert_eq!(tall.turned().corners(), [[10., 0.], [10., 40.], [0., 40.], [0., 0.]]);
    }
}
