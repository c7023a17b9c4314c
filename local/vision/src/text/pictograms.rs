//! Pictograms and ornaments that were read as characters.
//!
//! The reader knows thousands of East Asian characters, and a pictogram often resembles one. An ornament resembles a star or another sign.

use super::{read::Glyph, region::Region};

/// East Asian characters with at least this score are characters.
const SURE: f32 = 0.9;
/// This many of them in a row, each at least fairly certain, mean that the photo shows such a script, so that others are plausible.
const WRITING: usize = 3;
const FAIRLY_SURE: f32 = 0.7;

/// A line of so few signs, without any letter or digit, is an ornament.
const ORNAMENT: usize = 2;

/// The lines that are not ornaments, without uncertain East Asian characters, unless the photo shows writing in such a script.
pub(super) fn removed(lines: Vec<(Region, Vec<Glyph>)>) -> Vec<(Region, Vec<Glyph>)> {
    let lines: Vec<_> = lines.into_iter().filter(|(_, glyphs)| !is_ornament(glyphs)).collect();
    if lines.iter().any(|(_, glyphs)| has_writing(glyphs)) {
        return lines;
    }
    let keep = |glyph: &Glyph| !is_east_asian(glyph.character) || glyph.score >= SURE;
    let kept = lines.into_iter().map(|(region, mut glyphs)| {
        glyphs.retain(keep);
        (region, glyphs)
    });
    kept.filter(|(_, glyphs)| !is_ornament(glyphs)).collect()
}

fn is_ornament(glyphs: &[Glyph]) -> bool {
    glyphs.len() <= ORNAMENT && !glyphs.iter().any(|glyph| glyph.character.is_alphanumeric())
}

fn has_writing(glyphs: &[Glyph]) -> bool {
    let plausible = |glyph: &Glyph| is_east_asian(glyph.character) && glyph.score >= FAIRLY_SURE;
    glyphs.windows(WRITING).any(|row| row.iter().all(plausible))
}

/// Kana, Chinese characters, Hangul, and the punctuation and wide forms that go with them.
fn is_east_asian(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, score: f32) -> (Region, Vec<Glyph>) {
        let region = Region { centre: [0., 0.], along: [1., 0.], down: [0., 1.], width: 100., height: 10. };
        (region, text.chars().map(|character| Glyph { character, score, position: 0.5 }).collect())
    }

    fn texts(lines: Vec<(Region, Vec<Glyph>)>) -> Vec<String> {
        removed(lines).into_iter().map(|(_, glyphs)| glyphs.iter().map(|glyph| glyph.character).collect()).collect()
    }

    #[test]
    fn a_lone_uncertain_character_among_latin_text_is_removed() {
        assert_eq!(texts(vec![line("EXIT", 0.99), line("区", 0.6)]), ["EXIT"]);
        assert_eq!(texts(vec![line("回Lift", 0.8)]), ["Lift"]);
    }

    #[test]
    fn a_certain_character_stays() {
        assert_eq!(texts(vec![line("出口", 0.97), line("EXIT", 0.99)]), ["出口", "EXIT"]);
    }

    #[test]
    fn an_uncertain_character_stays_in_a_photo_with_such_writing() {
        assert_eq!(texts(vec![line("東京駅", 0.8), line("口", 0.6)]), ["東京駅", "口"]);
    }

    #[test]
    fn a_lone_sign_is_an_ornament() {
        assert_eq!(
            texts(vec![line("★", 0.95), line("HOPPER", 0.99), line("* ", 0.9), line("7", 0.9), line("50 %", 0.9)]),
            ["HOPPER", "7", "50 %"]
        );
    }

    #[test]
    fn other_scripts_are_not_touched() {
        assert_eq!(texts(vec![line("Выход €5", 0.55)]), ["Выход €5"]);
    }
}
