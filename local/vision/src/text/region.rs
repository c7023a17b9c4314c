//! A rotated rectangle around a line of text.

use crate::pixels::Pixel;

/// A rectangle. `along` and `down` are perpendicular unit vectors in the reading direction of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Region {
    pub centre: Pixel,
    pub along: Pixel,
    pub down: Pixel,
    pub width: f32,
    pub height: f32,
}

impl Region {
    /// The smallest rectangle around points, with its rows as horizontal as possible. `None` if the points span no area.
    pub fn around(points: &[Pixel]) -> Option<Self> {
        let hull = convex_hull(points.to_vec());
        let edges = hull.iter().zip(hull.iter().cycle().skip(1));
        let fits = edges.filter_map(|(a, b)| Self::fit(&hull, direction(*a, *b)?));
        fits.min_by(|a, b| (a.width * a.height).total_cmp(&(b.width * b.height)))
    }

    /// The rectangle around points with one side parallel to a direction.
    fn fit(points: &[Pixel], direction: Pixel) -> Option<Self> {
        // Of the four possible reading directions, the one closest to left-to-right.
        let along = if direction[0].abs() >= direction[1].abs() { direction } else { [direction[1], -direction[0]] };
        let along = if along[0] < 0. { [-along[0], -along[1]] } else { along };
        let down = [-along[1], along[0]];
        let (left, right) = extent(points, along)?;
        let (top, bottom) = extent(points, down)?;
        let (x, y) = (f32::midpoint(left, right), f32::midpoint(top, bottom));
        let centre = [along[0] * x + down[0] * y, along[1] * x + down[1] * y];
        Some(Self { centre, along, down, width: right - left, height: bottom - top })
    }

    /// The point at fractions (0–1) of the width and the height.
    pub fn point_at(&self, x: f32, y: f32) -> Pixel {
        let (x, y) = ((x - 0.5) * self.width, (y - 0.5) * self.height);
        [self.centre[0] + self.along[0] * x + self.down[0] * y, self.centre[1] + self.along[1] * x + self.down[1] * y]
    }

    /// The corners, clockwise from the top left of the text as it reads.
    pub fn corners(&self) -> [Pixel; 4] {
        [self.point_at(0., 0.), self.point_at(1., 0.), self.point_at(1., 1.), self.point_at(0., 1.)]
    }

    /// The rectangle with every side moved out by `by`.
    pub fn grown(self, by: f32) -> Self {
        Self { width: self.width + 2. * by, height: self.height + 2. * by, ..self }
    }

    /// The beginning of the rectangle, limited to `max_ratio` times its other side.
    pub fn beginning(self, max_ratio: f32) -> Self {
        let (width, height) = (self.width.min(max_ratio * self.height), self.height.min(max_ratio * self.width));
        let part = |cut: f32, whole: f32| cut / whole.max(f32::EPSILON) / 2.;
        Self { centre: self.point_at(part(width, self.width), part(height, self.height)), width, height, ..self }
    }

    /// The rectangle read in a direction that is rotated clockwise by a quarter turn.
    pub fn rotated(self) -> Self {
        let down = self.along.map(|part| -part);
        Self { along: self.down, down, width: self.height, height: self.width, ..self }
    }

    /// The rectangle in an image of which this one's is a part that begins at `corner`.
    pub fn moved(self, corner: Pixel) -> Self {
        Self { centre: [self.centre[0] + corner[0], self.centre[1] + corner[1]], ..self }
    }

    /// The rectangle in an image that is scaled by `scale` horizontally and vertically.
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

/// The convex hull (Andrew's monotone chain).
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
    half.pop(); // the first point of the other half
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_horizontal_rectangle_is_found_exactly() {
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
    fn the_beginning_of_a_long_line_has_its_start() {
        let line = Region::around(&[[0., 0.], [100., 0.], [100., 10.], [0., 10.]]).unwrap();
        for (point, expected) in line.beginning(4.).corners().iter().zip([[0., 0.], [40., 0.], [40., 10.], [0., 10.]]) {
            assert!((point[0] - expected[0]).abs() < 0.01 && (point[1] - expected[1]).abs() < 0.01, "{point:?}");
        }
        assert!((line.beginning(20.).width - 100.).abs() < 0.01);
    }

    #[test]
    fn too_few_points_have_no_rectangle() {
        assert!(Region::around(&[]).is_none());
        assert!(Region::around(&[[1., 1.]]).is_none());
    }

    #[test]
    fn a_rectangle_rotated_by_a_quarter_turn_reads_downwards() {
        let tall = Region::around(&[[0., 0.], [10., 0.], [10., 40.], [0., 40.]]).unwrap();
        assert_eq!(tall.rotated().corners(), [[10., 0.], [10., 40.], [0., 40.], [0., 0.]]);
    }
}
