//! Splits the characters of a line into words, each with its position.

use super::read::Glyph;
use super::region::Region;
use crate::geometry::{BoundingBox, Point};
use crate::pixels::Pixel;

/// One line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The recognised text.
    pub text: String,
    /// 0–100.
    pub confidence: f32,
    /// The axis-aligned box around the polygon.
    pub bounding_box: BoundingBox,
    /// Clockwise from the top left of the text as it reads.
    pub polygon: [Point; 4],
    /// The line's words, in order.
    pub words: Vec<Word>,
}

/// One word of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// The recognised text, without spaces.
    pub text: String,
    /// 0–100.
    pub confidence: f32,
    /// The axis-aligned box around the polygon.
    pub bounding_box: BoundingBox,
    /// Clockwise from the top left of the word as it reads.
    pub polygon: [Point; 4],
}

/// The line with its words; `None` if it has only spaces. `fraction` converts pixels to fractions of the image.
pub(super) fn to_line(region: &Region, glyphs: &[Glyph], fraction: impl Fn(Pixel) -> Point) -> Option<Line> {
    let groups: Vec<&[Glyph]> = glyphs.split(|glyph| glyph.character.is_whitespace()).filter(|group| !group.is_empty()).collect();
    let words: Vec<Word> = spans(&groups).into_iter().zip(&groups).map(|(span, group)| word(region, span, group, &fraction)).collect();
    let read = || groups.iter().flat_map(|group| group.iter());
    let polygon = region.corners().map(&fraction);
    (!words.is_empty()).then(|| Line {
        text: words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "),
        confidence: confidence(read()),
        bounding_box: BoundingBox::around(&polygon),
        polygon,
        words,
    })
}

fn word(region: &Region, (left, right): (f32, f32), glyphs: &[Glyph], fraction: impl Fn(Pixel) -> Point) -> Word {
    let polygon =
        [region.point_at(left, 0.), region.point_at(right, 0.), region.point_at(right, 1.), region.point_at(left, 1.)].map(fraction);
    Word {
        text: glyphs.iter().map(|glyph| glyph.character).collect(),
        confidence: confidence(glyphs.iter()),
        bounding_box: BoundingBox::around(&polygon),
        polygon,
    }
}

fn confidence<'a>(glyphs: impl Iterator<Item = &'a Glyph>) -> f32 {
    let (sum, count) = glyphs.fold((0., 0.), |(sum, count), glyph| (sum + glyph.score, count + 1.));
    if count > 0. { 100. * sum / count } else { 0. }
}

/// Start and end of each word, as fractions of the line: half a character outside the centres of its first and last character, but at most
/// half of the gap to its neighbour. The first and the last word reach the ends of the line.
fn spans(groups: &[&[Glyph]]) -> Vec<(f32, f32)> {
    let ends: Vec<(f32, f32)> = groups.iter().filter_map(|group| Some((group.first()?.position, group.last()?.position))).collect();
    let pitch = pitch(groups);
    let before = std::iter::once(None).chain(ends.iter().map(|&(_, last)| Some(last)));
    let after = ends.iter().skip(1).map(|&(first, _)| Some(first)).chain([None]);
    let half = |gap: f32| (pitch / 2.).min(gap / 2.);
    ends.iter()
        .zip(before)
        .zip(after)
        .map(|((&(first, last), before), after)| {
            (before.map_or(0., |before| first - half(first - before)), after.map_or(1., |after| last + half(after - last)))
        })
        .collect()
}

/// The mean distance between neighbouring characters of a word.
fn pitch(groups: &[&[Glyph]]) -> f32 {
    let steps = groups.iter().flat_map(|group| group.iter().zip(group.iter().skip(1)).map(|(a, b)| b.position - a.position));
    let (sum, count) = steps.fold((0., 0.), |(sum, count), step| (sum + step, count + 1.));
    if count > 0. { sum / count } else { 1. }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::as_f32;

    fn glyphs(text: &str) -> Vec<Glyph> {
        let count = as_f32(text.chars().count());
        text.chars().enumerate().map(|(i, character)| Glyph { character, score: 0.9, position: (as_f32(i) + 0.5) / count }).collect()
    }

    fn read(text: &str) -> Option<Line> {
        let region = Region { centre: [50., 10.], along: [1., 0.], down: [0., 1.], width: 100., height: 20. };
        to_line(&region, &glyphs(text), |[x, y]| Point { x: x / 100., y: y / 100. })
    }

    #[test]
    fn words_are_split_at_spaces_and_positioned_in_order() {
        let line = read("cups of tea").unwrap();
        assert_eq!(line.text, "cups of tea");
        let words: Vec<_> = line.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(words, ["cups", "of", "tea"]);
        let of = line.words[1].bounding_box;
        assert!((of.left - 5. / 11.).abs() < 0.01 && (of.width - 2. / 11.).abs() < 0.01, "{of:?}");
        assert!((line.confidence - 90.).abs() < 0.01);
    }

    #[test]
    fn only_spaces_are_not_a_line() {
        assert!(read("   ").is_none());
        assert!(read("").is_none());
    }

    #[test]
    fn a_single_character_fills_the_line() {
        let line = read("A").unwrap();
        assert_eq!(line.words[0].bounding_box, line.bounding_box);
    }
}
