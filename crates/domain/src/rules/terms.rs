//! The terms of the search: [`indexed`] computes them for a text, [`Query`] for the words that a user types. Both split and fold words in
//! the same way, so that a text is found by its own words. docs/records.md describes the rules.

use std::{collections::BTreeSet, sync::LazyLock};
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};
use unicode_segmentation::UnicodeSegmentation;

/// Maximum length of an indexed term in characters. A partition key has at most 2,048 bytes, of which the owner can use a thousand; a longer
/// key would fail the whole transaction at every attempt.
pub const MAX_TERM_CHARS: usize = 64;

/// A term of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Folded: lower case, without accents, singular.
    pub term: String,
    /// The word in the text, in lower case and without accents.
    pub found: String,
    /// Whether it is one word of several letters. Single letters and joined words rank lower.
    pub is_word: bool,
}

/// The terms of `text`, in order, with duplicates:
///
/// - every word;
/// - the joined words of a chunk (the text between two blanks) that has several: `INV-2024/0815` is also found as `inv20240815`;
/// - two adjacent chunks joined, if they contain a digit: `RE16 TGK` is also found as `re16tgk`;
/// - the parts of a word with an apostrophe that have at least three letters: `l'eau` is also found as `eau`.
pub fn indexed(text: &str) -> Vec<Term> {
    let chunks: Vec<Chunk> = chunks(text).collect();
    let words = chunks.iter().flat_map(|chunk| {
        let parts = chunk.words.iter().flat_map(|word| {
            let whole = Term { term: singular(&word.joined()), found: word.written(), is_word: word.joined().chars().nth(1).is_some() };
            let several = word.parts.len() > 1;
            let parts = word.parts.iter().filter(move |part| several && part.chars().count() >= 3);
            std::iter::once(whole).chain(parts.map(|part| Term { term: singular(part), found: part.clone(), is_word: true }))
        });
        let joined = (chunk.words.len() > 1).then(|| joined_term(&chunk.joined, &chunk.written));
        parts.chain(joined)
    });
    let neighbours = chunks.windows(2).filter_map(|pair| {
        let [left, right] = pair else { return None };
        let (joined, written) = (format!("{}{}", left.joined, right.joined), format!("{} {}", left.written, right.written));
        joined.chars().any(char::is_numeric).then(|| joined_term(&joined, &written))
    });
    words.chain(neighbours).filter(|term| !term.term.is_empty()).collect()
}

fn joined_term(joined: &str, written: &str) -> Term {
    Term { term: singular(joined), found: written.to_owned(), is_word: false }
}

/// All words of a name joined, such as `egyptiancat`; `None` if it has only one.
pub fn joined(text: &str) -> Option<String> {
    let chunks: Vec<Chunk> = chunks(text).collect();
    let several = chunks.iter().map(|chunk| chunk.words.len()).sum::<usize>() > 1;
    several.then(|| singular(&chunks.iter().map(|chunk| chunk.joined.as_str()).collect::<String>()))
}

/// A search: it finds images that have all terms of at least one alternative, but not all terms of any exclusion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Sets of terms: the separate words and, if there are several, all of them joined.
    pub alternatives: Vec<Vec<String>>,
    /// Sets of terms: an image that has all terms of one of them is excluded.
    pub exclusions: Vec<Vec<String>>,
}

impl Query {
    /// The query for the arguments that a user typed; those that begin with `-` are exclusions. `None` if the others contain no word.
    pub fn of(typed: &[String]) -> Option<Self> {
        let (excluded, wanted): (Vec<&String>, Vec<&String>) = typed.iter().partition(|text| is_exclusion(text));
        let wanted: Vec<&str> = wanted.into_iter().map(String::as_str).collect();
        let alternatives = alternatives(&wanted.join(" "));
        let exclusions = excluded.iter().flat_map(|text| alternatives_of_exclusion(text)).collect();
        (!alternatives.is_empty()).then_some(Self { alternatives, exclusions })
    }
}

/// Whether an argument is an exclusion.
pub fn is_exclusion(typed: &str) -> bool {
    typed.trim_start().starts_with('-')
}

fn alternatives_of_exclusion(typed: &str) -> Vec<Vec<String>> {
    alternatives(typed.trim_start().trim_start_matches('-'))
}

fn alternatives(typed: &str) -> Vec<Vec<String>> {
    let words: BTreeSet<String> = chunks(typed).flat_map(|chunk| chunk.words).map(|word| singular(&word.joined())).collect();
    // A character of a script without blanks need not be searched separately if a pair contains it.
    let in_pair = |word: &String| word.starts_with(is_unspaced) && words.iter().any(|other| other != word && other.contains(word.as_str()));
    let every_word: Vec<String> = words.iter().filter(|word| !in_pair(word)).cloned().collect();
    let all_in_one = joined(typed).filter(|joined| joined.chars().count() <= MAX_TERM_CHARS).map(|joined| vec![joined]);
    Some(every_word).filter(|words| !words.is_empty()).into_iter().chain(all_in_one).collect()
}

/// The text between two blanks.
struct Chunk {
    words: Vec<Word>,
    /// Folded, without punctuation at its ends.
    written: String,
    /// Its letters and digits.
    joined: String,
}

/// A word, split at its apostrophes.
struct Word {
    parts: Vec<String>,
}

impl Word {
    /// Without apostrophes, so that `don't` and `dont` are the same term.
    fn joined(&self) -> String {
        self.parts.concat()
    }

    fn written(&self) -> String {
        self.parts.join("'")
    }
}

fn chunks(text: &str) -> impl Iterator<Item = Chunk> {
    let folded = fold(text);
    let chunks: Vec<Chunk> = folded
        .split_whitespace()
        .map(|chunk| Chunk {
            words: words(chunk),
            written: chunk.trim_matches(|c: char| !is_word_char(c)).to_owned(),
            joined: chunk.chars().filter(|c| is_word_char(*c)).collect(),
        })
        .filter(|chunk| !chunk.words.is_empty())
        .collect();
    chunks.into_iter()
}

/// The words of a folded chunk. Words in the sense of Unicode, such as `3.5` or `example.com`, are split at all punctuation except
/// apostrophes.
fn words(chunk: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    for piece in chunk.split_word_bounds() {
        if piece.chars().any(is_unspaced) {
            run.extend(piece.graphemes(true).filter(|one| one.contains(char::is_alphanumeric)));
            continue;
        }
        add_unspaced(&mut run, &mut words);
        let separate = piece.split(|c: char| !(is_word_char(c) || c == '\''));
        let parts = separate.map(|word| word.split('\'').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>());
        words.extend(parts.filter(|parts| !parts.is_empty()).map(|parts| Word { parts }));
    }
    add_unspaced(&mut run, &mut words);
    words
}

/// Adds the words of a run in a script without blanks: every character, and every pair of adjacent characters. Longer words are found by
/// their pairs.
fn add_unspaced(run: &mut Vec<&str>, words: &mut Vec<Word>) {
    let word = |text: String| Word { parts: vec![text] };
    words.extend(run.iter().map(|one| word((*one).to_owned())));
    words.extend(run.windows(2).map(|pair| word(pair.concat())));
    run.clear();
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || canonical_combining_class(c) != 0 || unicode_normalization::char::is_combining_mark(c)
}

/// Whether a letter belongs to a script without blanks between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese.
const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '々' | '〆' | '\u{3041}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Folds a text: lower case, compatibility forms, without accents: `ＲＥ１６`, `Straße`, `Łódź` become `re16`, `strasse`, `lodz`.
fn fold(text: &str) -> String {
    let apostrophes = text.chars().map(|c| if is_apostrophe(c) { '\'' } else { c });
    // Upper case turns ß into SS, and unites σ and ς, ı and i, s and ſ. Lower case before it, because only that turns ẞ into ß.
    let letters = apostrophes.nfkd().filter(|c| !is_accent(*c));
    let cased = letters.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    // Again, because letters such as İ decompose when their case changes.
    let plain: String = cased.nfkd().filter(|c| !is_accent(*c) && !is_ignored(*c)).nfc().collect();
    plain.chars().fold(String::with_capacity(plain.len()), |mut folded, c| {
        match spelled_out(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(c),
        }
        folded
    })
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '`' | '´' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ˈ' | '‘' | '’' | '‛' | '′' | '‵' | '＇' | 'ꞌ')
}

/// Whether the character is a mark above, below or across letters, or a vowel point in Hebrew, Arabic or Syriac (by its canonical combining
/// class in Unicode). Vowel signs of Indic scripts and Thai, and the voicing marks of kana, have other classes and stay.
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 1 | 10..=36 | 202..=240)
}

/// Soft hyphens, joiners, direction marks, Arabic tatweel and variation selectors.
const fn is_ignored(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{640}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Latin letters that Unicode does not decompose.
const fn spelled_out(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ł' => "l",
        'ŧ' => "t",
        'þ' => "th",
        'ŋ' => "n",
        'ĸ' => "k",
        _ => return None,
    })
}

/// Irregular plurals, each with its singular; and words that end in `s` but are not plurals.
static IRREGULAR: LazyLock<std::collections::HashMap<&str, &str>> = LazyLock::new(|| {
    let pairs = "people person persons person men man women woman children child grandchildren grandchild feet foot teeth tooth geese goose \
        mice mouse lice louse oxen ox cacti cactus fungi fungus knives knife wives wife lives life wolves wolf shelves shelf \
        bookshelves bookshelf leaves leaf loaves loaf thieves thief calves calf halves half scarves scarf hooves hoof elves elf \
        dwarves dwarf sheaves sheaf quizzes quiz busses bus menus menu emus emu gurus guru skis ski taxis taxi bikinis bikini kiwis kiwi \
        safaris safari corgis corgi martinis martini oases oasis crises crisis toes toe hoes hoe foes foe does doe \
        ties tie necktie necktie pies pie lies lie dies die news news lens lens lenses lens canvas canvas canvases canvas \
        atlas atlas atlases atlas bias bias chaos chaos cosmos cosmos christmas christmas texas texas kansas kansas";
    let words: Vec<&str> = pairs.split_whitespace().collect();
    words.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect()
});

/// Words that end in `men` but are not the plural of a word in `man`.
const NOT_PLURALS_IN_MEN: [&str; 12] =
    ["abdomen", "acumen", "amen", "bitumen", "lumen", "omen", "ramen", "regimen", "semen", "specimen", "stamen", "yemen"];

/// The common form of an English word and its plural. It need not be a word: `horse` and `horses` both become `hors`. Words of other
/// languages are changed in the same way in texts and queries, so they are found too.
///
/// This is Harman's S-stemmer ("How effective is suffixing?", 1991), extended by rules for plurals in `es` and a list of irregular plurals.
/// Snowball's English stemmer also unites `university` and `universe`, and does not handle irregular plurals.
fn singular(word: &str) -> String {
    if let Some(singular) = IRREGULAR.get(word) {
        return without_silent_ending(singular);
    }
    if word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let stem = |cut: usize| word.get(..word.len() - cut).unwrap_or_default();
    let is_man = word.ends_with("men") && !NOT_PLURALS_IN_MEN.contains(&word);
    let one = if is_man {
        format!("{}an", stem(2))
    } else if word.len() > 4 && word.ends_with("ies") {
        format!("{}y", stem(3))
    } else if word.len() > 4 && (["ses", "xes", "zes", "ches", "shes", "oes"].iter().any(|ending| word.ends_with(ending))) {
        return stem(2).to_owned();
    } else if word.ends_with('s') && !["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) {
        stem(1).to_owned()
    } else {
        word.to_owned()
    };
    without_silent_ending(IRREGULAR.get(one.as_str()).copied().unwrap_or(&one))
}

/// Removes the `e` that is lost when [`singular`] cuts `es`, and turns `ie` into `y`: `horse`, `shoe` and `movie` become `hors`, `sho` and
/// `movy`.
fn without_silent_ending(word: &str) -> String {
    let stem = |cut: usize| word.get(..word.len() - cut).unwrap_or_default();
    let silent = ["se", "xe", "ze", "che", "she", "oe"].iter().any(|ending| word.ends_with(ending));
    match word {
        _ if word.len() > 4 && word.ends_with("ie") => format!("{}y", stem(2)),
        _ if word.len() > 3 && silent => stem(1).to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(text: &str) -> BTreeSet<String> {
        indexed(text).into_iter().map(|term| term.term).collect()
    }

    fn finds(typed: &str, text: &str) -> bool {
        let (terms, query) = (terms(text), Query::of(&[typed.to_owned()]));
        query.is_some_and(|query| query.alternatives.iter().any(|all| all.iter().all(|term| terms.contains(term))))
    }

    #[test]
    fn text_is_found_by_the_words_that_people_type() {
        let cases: &[(&str, &[&str])] = &[
            ("DON'T WALK", &["don't", "dont", "don’t", "don`t", "walk", "don't walk", "walk don't"]),
            ("don’t", &["don't", "DONT"]),
            ("RE16 TGK", &["RE16 TGK", "re16", "tgk re16", "RE16TGK", "re16-tgk"]),
            ("RE16TGK", &["RE16 TGK", "re16tgk"]),
            ("B MW 1234", &["B MW 1234", "mw 1234", "mw1234"]),
            ("INV-2024/0815", &["INV-2024/0815", "inv-2024", "0815", "inv 2024", "INV20240815", "2024/0815"]),
            ("A-113", &["A-113", "a113", "113", "a 113"]),
            ("OPEN 24/7", &["24/7", "open 24/7", "247"]),
            ("3.5mm jack", &["3.5mm", "jack"]),
            ("1,299.00 €", &["1,299.00", "1,299.00 €", "1299.00", "1,299"]),
            ("anna.müller@example.com", &["anna.müller@example.com", "anna.muller@example.com", "example.com", "müller", "Anna"]),
            ("https://www.example.com/shop?id=7", &["https://www.example.com/shop?id=7", "www.example.com", "example.com/shop", "shop"]),
            ("#NoFilter", &["#nofilter", "nofilter"]),
            ("check-in desk", &["check-in", "check in", "checkin", "desk"]),
            ("Müller's Café", &["Müller's", "muller", "Mullers", "cafe", "CAFÉ", "müller"]),
            ("l'eau", &["l'eau", "l’eau", "eau", "leau"]),
            ("Straße", &["strasse", "STRASSE", "straße", "STRAẞE"]),
            ("Łódź Ærø København İzmir ısı", &["lodz", "aero", "ærø", "kobenhavn", "izmir", "isi"]),
            ("ＲＥ１６ ﬁn", &["re16", "fin"]),
            ("ΟΔΟΣ", &["οδος", "οδός"]),
            ("日本語の看板", &["日本", "日本語", "看板", "看", "の看"]),
            ("コーヒー", &["コーヒー", "ｺｰﾋｰ"]),
            ("ภาษาไทย", &["ภาษา", "ไทย"]),
            ("مُحَمَّد", &["محمد"]),
            ("שָׁלוֹם", &["שלום"]),
            ("हिन्दी", &["हिन्दी"]),
            ("soft\u{ad}hyphen", &["softhyphen"]),
            ("snake_case.txt", &["snake", "case", "snake_case", "snake_case.txt"]),
        ];
        for (text, queries) in cases {
            for typed in *queries {
                assert!(finds(typed, text), "{typed:?} in {text:?}: {:?} of {:?}", Query::of(&[(*typed).to_owned()]), terms(text));
            }
        }
    }

    #[test]
    fn other_words_are_not_found() {
        for (typed, text) in [
            ("don", "dont"),
            ("re17 tgk", "RE16 TGK"),
            ("inv-2025", "INV-2024/0815"),
            ("か", "が"),
            ("किताब", "कताब"),
            ("日語", "日本語"),
            ("a-114", "A-113"),
        ] {
            assert!(!finds(typed, text), "{typed:?} in {text:?}");
        }
    }

    #[test]
    fn singular_and_plural_find_each_other() {
        for (one, many) in [
            ("cat", "cats"),
            ("bus", "buses"),
            ("bus", "busses"),
            ("glass", "glasses"),
            ("box", "boxes"),
            ("axe", "axes"),
            ("dish", "dishes"),
            ("bench", "benches"),
            ("headache", "headaches"),
            ("horse", "horses"),
            ("house", "houses"),
            ("vase", "vases"),
            ("rose", "roses"),
            ("nose", "noses"),
            ("size", "sizes"),
            ("lens", "lenses"),
            ("cherry", "cherries"),
            ("movie", "movies"),
            ("cookie", "cookies"),
            ("tie", "ties"),
            ("pie", "pies"),
            ("tomato", "tomatoes"),
            ("photo", "photos"),
            ("shoe", "shoes"),
            ("toe", "toes"),
            ("person", "people"),
            ("person", "persons"),
            ("child", "children"),
            ("child", "children's"),
            ("man", "men"),
            ("woman", "women"),
            ("fireman", "firemen"),
            ("foot", "feet"),
            ("mouse", "mice"),
            ("goose", "geese"),
            ("knife", "knives"),
            ("glove", "gloves"),
            ("leaf", "leaves"),
            ("shelf", "shelves"),
            ("cactus", "cacti"),
            ("cactus", "cactuses"),
            ("tree", "trees"),
            ("key", "keys"),
            ("face", "faces"),
            ("taxi", "taxis"),
            ("menu", "menus"),
            ("camera", "cameras"),
            ("quiz", "quizzes"),
            ("dining table", "dining tables"),
            ("canvas", "canvases"),
        ] {
            assert!(finds(one, many), "{one} in {many}: {:?}", terms(many));
            assert!(finds(many, one), "{many} in {one}: {:?}", terms(one));
        }
    }

    #[test]
    fn words_that_only_look_like_plurals_stay_apart() {
        for (one, other) in [
            ("car", "care"),
            ("car", "cares"),
            ("plan", "planes"),
            ("new", "news"),
            ("bus", "bu"),
            ("glass", "glas"),
            ("pin", "pines"),
            ("specimen", "speciman"),
            ("to", "toes"),
            ("no", "noses"),
            ("ski", "sky"),
            ("gas", "ga"),
            ("bar", "bare"),
            ("hat", "hate"),
        ] {
            assert!(!finds(one, other) && !finds(other, one), "{one}, {other}");
        }
    }

    #[test]
    fn all_words_are_required_and_a_leading_hyphen_excludes() {
        let typed = ["Persons", "Dining Table", "-RE16 TGK", "-car"].map(str::to_owned);
        let query = Query::of(&typed).unwrap();
        assert_eq!(query.alternatives, [vec!["dining".to_owned(), "person".into(), "table".into()], vec!["personsdiningtable".into()]]);
        let excluded = [vec!["re16".to_owned(), "tgk".into()], vec!["re16tgk".into()], vec!["car".into()]];
        assert_eq!(query.exclusions, excluded);
        for nothing in [&[] as &[&str], &["-car"], &["…"], &[" ", "-"]] {
            assert_eq!(Query::of(&nothing.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()), None, "{nothing:?}");
        }
    }

    #[test]
    fn names_of_several_words_are_joined() {
        assert_eq!(joined("Egyptian Cats").as_deref(), Some("egyptiancat"));
        assert_eq!(joined("cat"), None);
    }

    proptest! {
        #[test]
        fn every_indexed_text_is_found_by_itself(text in "\\PC{0,60}") {
            prop_assert!(Query::of(&[text.trim_start_matches([' ', '-']).to_owned()]).is_none() || finds(text.trim_start_matches([' ', '-']), &text));
        }

        #[test]
        fn terms_do_not_contain_the_separator_of_keys(text in "\\PC{0,60}") {
            prop_assert!(terms(&text).iter().all(|term| !term.contains('#') && !term.is_empty()));
        }
    }
}
