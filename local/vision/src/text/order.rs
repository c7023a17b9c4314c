//! The reading order of lines: the page's direction, its columns, and its rows.

use super::region::Region;
use crate::geometry::as_f32;
use crate::pixels::Pixel;

/// A column has at least this many lines, and its middle line is at least this many times wider than high. Narrower ones are the columns of a
/// table or a receipt, whose rows belong together.
const COLUMN_LINES: usize = 3;
const COLUMN_LINE_RATIO: f32 = 6.;
/// Minimum gap between two columns, in line heights.
const COLUMN_GAP: f32 = 0.5;
/// Of the lines of a page with columns, at most this part (headings, captions) crosses the gap.
const MAX_CROSSING: f32 = 0.3;

/// Where a line is on the page, seen in the direction of reading.
#[derive(Debug, Clone, Copy)]
struct Place {
    index: usize,
    left: f32,
    right: f32,
    middle: f32,
    height: f32,
}

/// Sorts lines for reading; `weight` returns the region of a line and its number of characters. The direction of most characters is the
/// direction of the page, so a page that is upside down or turned sideways is also read in its own order.
pub(super) fn sort_for_reading<T>(lines: Vec<T>, weight: impl Fn(&T) -> (Region, usize)) -> Vec<T> {
    let along = page_direction(lines.iter().map(&weight));
    let places = lines.iter().enumerate().map(|(index, line)| place(index, &weight(line).0, along)).collect();
    let mut lines: Vec<Option<T>> = lines.into_iter().map(Some).collect();
    in_columns(places).into_iter().filter_map(|place| lines.get_mut(place.index)?.take()).collect()
}

/// The mean direction of the lines that are within an eighth of a turn of the most frequent quarter turn.
fn page_direction(lines: impl Iterator<Item = (Region, usize)>) -> Pixel {
    let mut sums = [([0., 0.], 0.); 4];
    for (region, characters) in lines {
        let [x, y] = region.along;
        let quarter = if x.abs() >= y.abs() { usize::from(x < 0.) } else { 2 + usize::from(y < 0.) };
        if let Some((sum, weight)) = sums.get_mut(quarter) {
            let characters = as_f32(characters);
            *sum = [sum[0] + x * characters, sum[1] + y * characters];
            *weight += characters;
        }
    }
    let ([x, y], _) = sums.into_iter().rev().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
    let length = x.hypot(y);
    if length > 0. { [x / length, y / length] } else { [1., 0.] }
}

fn place(index: usize, region: &Region, along: Pixel) -> Place {
    let project = |[x, y]: Pixel, [ax, ay]: Pixel| x * ax + y * ay;
    let corners = region.corners().map(|corner| project(corner, along));
    let edge = |select: fn(f32, f32) -> f32| corners.into_iter().reduce(select).unwrap_or_default();
    let middle = project(region.centre, [-along[1], along[0]]);
    Place { index, left: edge(f32::min), right: edge(f32::max), middle, height: region.height.min(region.width) }
}

/// The left column before the right one; what crosses the gap between them separates the parts above and below it.
fn in_columns(mut places: Vec<Place>) -> Vec<Place> {
    places.sort_by(|a, b| a.middle.total_cmp(&b.middle));
    let Some(gap) = column_gap(&places) else { return in_rows(places) };
    let mut sorted = Vec::new();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut finish = |left: &mut Vec<Place>, right: &mut Vec<Place>, crossing: Option<Place>| {
        sorted.extend(in_columns(std::mem::take(left)));
        sorted.extend(in_columns(std::mem::take(right)));
        sorted.extend(crossing);
    };
    for place in places {
        if place.right <= gap {
            left.push(place);
        } else if place.left >= gap {
            right.push(place);
        } else {
            finish(&mut left, &mut right, Some(place));
        }
    }
    finish(&mut left, &mut right, None);
    sorted
}

/// The middle of the gap between two columns that the fewest lines cross; `None` if the lines form no columns.
fn column_gap(places: &[Place]) -> Option<f32> {
    let gap = COLUMN_GAP * median(places.iter().map(|place| place.height))?;
    let candidates = places.iter().map(|place| place.right + 0.51 * gap);
    let crossing = |at: f32| places.iter().filter(|place| place.left < at + gap / 2. && place.right > at - gap / 2.).count();
    let most = MAX_CROSSING * as_f32(places.len());
    let is_gap = |at: &f32| {
        if as_f32(crossing(*at)) > most {
            return false;
        }
        let left: Vec<_> = places.iter().filter(|place| place.right <= *at).copied().collect();
        let right: Vec<_> = places.iter().filter(|place| place.left >= *at).copied().collect();
        is_column(&left) && is_column(&right) && stand_side_by_side(&left, &right)
    };
    candidates.filter(is_gap).min_by_key(|&at| crossing(at))
}

fn is_column(places: &[Place]) -> bool {
    let rows = in_rows(places.to_vec()).windows(2).filter(|pair| matches!(pair, [a, b] if !is_same_row(a, b))).count() + 1;
    rows >= COLUMN_LINES
        && places.len() >= COLUMN_LINES
        && median(places.iter().map(|place| (place.right - place.left) / place.height.max(1.)))
            .is_some_and(|ratio| ratio >= COLUMN_LINE_RATIO)
}

/// Whether the columns share at least half of the height of the lower one. Otherwise one follows the other.
fn stand_side_by_side(left: &[Place], right: &[Place]) -> bool {
    let extent = |places: &[Place]| Some((places.first()?.middle, places.last()?.middle));
    let (Some((a, b)), Some((c, d))) = (extent(left), extent(right)) else { return false };
    b.min(d) - a.max(c) >= (b - a).min(d - c) / 2.
}

/// From top to bottom, and from left to right within a row.
fn in_rows(places: Vec<Place>) -> Vec<Place> {
    let mut rows: Vec<Vec<Place>> = Vec::new();
    for place in places {
        match rows.last_mut().filter(|row| row.first().is_some_and(|first| is_same_row(first, &place))) {
            Some(row) => row.push(place),
            None => rows.push(vec![place]),
        }
    }
    for row in &mut rows {
        row.sort_by(|a, b| a.left.total_cmp(&b.left));
    }
    rows.into_iter().flatten().collect()
}

fn is_same_row(a: &Place, b: &Place) -> bool {
    (a.middle - b.middle).abs() < a.height.min(b.height) / 2.
}

fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of 10 px height, with its name.
    fn line(name: &'static str, left: f32, top: f32, width: f32) -> (Region, &'static str) {
        let centre = [left + width / 2., top + 5.];
        (Region { centre, along: [1., 0.], down: [0., 1.], width, height: 10. }, name)
    }

    fn sorted(lines: Vec<(Region, &'static str)>) -> Vec<&'static str> {
        sort_for_reading(lines, |(region, name)| (*region, name.len())).into_iter().map(|(_, name)| name).collect()
    }

    fn two_columns() -> Vec<(Region, &'static str)> {
        vec![
            line("heading", 0., 0., 210.),
            line("left 1", 0., 20., 100.),
            line("right 1", 110., 21., 100.),
            line("left 2", 0., 40., 95.),
            line("right 2", 110., 39., 98.),
            line("left 3", 0., 60., 99.),
            line("right 3", 110., 60., 70.),
        ]
    }

    const IN_ORDER: [&str; 7] = ["heading", "left 1", "left 2", "left 3", "right 1", "right 2", "right 3"];

    #[test]
    fn columns_are_read_one_after_the_other() {
        assert_eq!(sorted(two_columns()), IN_ORDER);
    }

    #[test]
    fn a_line_across_the_columns_separates_what_is_above_and_below_it() {
        let mut lines = two_columns();
        lines.extend([line("subheading", 20., 80., 150.), line("left 4", 0., 100., 100.), line("right 4", 110., 100., 100.)]);
        assert_eq!(sorted(lines)[..], [&IN_ORDER[..], &["subheading", "left 4", "right 4"]].concat()[..]);
    }

    #[test]
    fn a_page_turned_to_any_side_keeps_its_order() {
        for turns in 1..4 {
            let turned = |(region, name): (Region, &'static str)| {
                let quarter = |[x, y]: Pixel| [-y, x];
                let region = (0..turns).fold(region, |r, _| Region {
                    centre: quarter(r.centre),
                    along: quarter(r.along),
                    down: quarter(r.down),
                    ..r
                });
                (region, name)
            };
            assert_eq!(sorted(two_columns().into_iter().map(turned).collect()), IN_ORDER, "{turns} quarter turns");
        }
    }

    #[test]
    fn the_rows_of_a_receipt_stay_together() {
        let items = ["coffee", "cake", "tea"].into_iter().zip(["2.50", "3.90", "2.20"]).zip([0., 20., 40.]);
        let lines = items.flat_map(|((item, price), top)| [line(price, 150., top, 30.), line(item, 0., top, 80.)]).collect();
        assert_eq!(sorted(lines), ["coffee", "2.50", "cake", "3.90", "tea", "2.20"]);
    }

    #[test]
    fn no_lines_are_no_lines() {
        assert!(sorted(Vec::new()).is_empty());
    }
}
