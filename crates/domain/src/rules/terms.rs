//! Terms of the search: [`indexed`] makes those of a text that is indexed, [`Query`] those of what people type. Both cut and fold words in
//! the same way, so that what is indexed is found as it is typed. docs/records.md has the rule in words.

use std::{collections::BTreeSet, sync::LazyLock};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;
use unicode_segmentation::UnicodeSegmentation;

/// Longest term in characters; longer ones are not indexed. A partition key holds 2,048 bytes at most, of which the owner may take a
/// thousand, and a key that DynamoDB refuses would fail the whole transaction at every try.
pub const MAX_TERM_CHARS: usize = 64;

/// A term of a text, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Folded: lower case, without accents, singular.
    pub term: String,
    /// The word as it stands in the text, in lower case and without accents.
    pub found: String,
    /// Whether it is a word of several letters. Single letters and words that are joined are less useful.
    pub is_word: bool,
}

/// The terms of `text`, in order, with repetitions:
///
/// - every word;
/// - what stands between two blanks, joined, where it has several words: `INV-2024/0815` is also found as `inv20240815`;
/// - two neighbours joined, where one of them has a digit: `RE16 TGK` is also found as `re16tgk`;
/// - the parts beside an apostrophe that have three letters or more: `l'eau` is also found as `eau`.
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

/// All words of a name in one, such as `egyptiancat`, where it has several.
pub fn joined(text: &str) -> Option<String> {
    let chunks: Vec<Chunk> = chunks(text).collect();
    let several = chunks.iter().map(|chunk| chunk.words.len()).sum::<usize>() > 1;
    several.then(|| singular(&chunks.iter().map(|chunk| chunk.joined.as_str()).collect::<String>()))
}

/// What to look for: images that have all terms of one of the alternatives, and of no exclusion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Sets of terms: every word by itself; and all of them joined, where there are several.
    pub alternatives: Vec<Vec<String>>,
    /// Sets of terms: an image that has all terms of one of them is left out.
    pub exclusions: Vec<Vec<String>>,
}

impl Query {
    /// Of what was typed: an argument that begins with `-` excludes. `None` where nothing is left to look for.
    pub fn of(typed: &[String]) -> Option<Self> {
        let (excluded, wanted): (Vec<&String>, Vec<&String>) = typed.iter().partition(|text| is_exclusion(text));
        let wanted: Vec<&str> = wanted.into_iter().map(String::as_str).collect();
        let alternatives = alternatives(&wanted.join(" "));
        let exclusions = excluded.iter().flat_map(|text| alternatives_of_exclusion(text)).collect();
        (!alternatives.is_empty()).then_some(Self { alternatives, exclusions })
    }
}

/// Whether an argument excludes what it names.
pub fn is_exclusion(typed: &str) -> bool {
    typed.trim_start().starts_with('-')
}

fn alternatives_of_exclusion(typed: &str) -> Vec<Vec<String>> {
    alternatives(typed.trim_start().trim_start_matches('-'))
}

fn alternatives(typed: &str) -> Vec<Vec<String>> {
    let words: BTreeSet<String> = chunks(typed).flat_map(|chunk| chunk.words).map(|word| singular(&word.joined())).collect();
    // A character that is part of a pair need not be looked for by itself.
    let in_pair = |word: &String| word.starts_with(is_unspaced) && words.iter().any(|other| other != word && other.contains(word.as_str()));
    let every_word: Vec<String> = words.iter().filter(|word| !in_pair(word)).cloned().collect();
    let all_in_one = joined(typed).filter(|joined| joined.chars().count() <= MAX_TERM_CHARS).map(|joined| vec![joined]);
    Some(every_word).filter(|words| !words.is_empty()).into_iter().chain(all_in_one).collect()
}

/// What stands between two blanks.
struct Chunk {
    words: Vec<Word>,
    /// Folded, without the marks around it.
    written: String,
    /// Its letters and digits.
    joined: String,
}

/// A word, in the parts that its apostrophes make.
struct Word {
    parts: Vec<String>,
}

impl Word {
    /// Without apostrophes, so that `don't` and `dont` are one.
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
            written: chunk.trim_matches(|c: char| !is_of_word(c)).to_owned(),
            joined: chunk.chars().filter(|c| is_of_word(*c)).collect(),
        })
        .filter(|chunk| !chunk.words.is_empty())
        .collect();
    chunks.into_iter()
}

/// The words of a folded chunk. What Unicode takes for one word, such as `3.5` or `example.com`, is split at everything but apostrophes.
fn words(chunk: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    for piece in chunk.split_word_bounds() {
        if piece.chars().any(is_unspaced) {
            run.extend(piece.graphemes(true).filter(|one| one.contains(char::is_alphanumeric)));
            continue;
        }
        unspaced(&mut run, &mut words);
        let spelled = piece.split(|c: char| !(is_of_word(c) || c == '\''));
        let parts = spelled.map(|word| word.split('\'').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>());
        words.extend(parts.filter(|parts| !parts.is_empty()).map(|parts| Word { parts }));
    }
    unspaced(&mut run, &mut words);
    words
}

/// Scripts without blanks between words: every character is a word, and so is every pair of neighbours. Words of other lengths are found
/// by the pairs that they are made of.
fn unspaced(run: &mut Vec<&str>, words: &mut Vec<Word>) {
    let word = |text: String| Word { parts: vec![text] };
    words.extend(run.iter().map(|one| word((*one).to_owned())));
    words.extend(run.windows(2).map(|pair| word(pair.concat())));
    run.clear();
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || canonical_combining_class(c) != 0 || unicode_normalization::char::is_combining_mark(c)
}

/// Whether a letter belongs to a script that writes no blanks between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese.
const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '々' | '〆' | '\u{3041}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Lower case, compatibility forms, without accents: `ＲＥ１６`, `Straße`, `Łódź` become `re16`, `strasse`, `lodz`.
fn fold(text: &str) -> String {
    let apostrophes = text.chars().map(|c| if is_apostrophe(c) { '\'' } else { c });
    // Upper case in between: it spells out ß, and it is one for σ and ς, ı and i, s and ſ. Lower case before: ẞ has no other way to ß.
    let letters = apostrophes.nfkd().filter(|c| !is_accent(*c));
    let cased = letters.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    // Again, since İ and the like come apart when they get another case.
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

/// Marks above, below and across letters, and the points of Hebrew, Arabic and Syriac (Unicode, canonical combining classes). The vowel signs
/// of Indic scripts and of Thai, and the marks that make another letter of a kana, are of other classes: they stay.
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 1 | 10..=36 | 202..=240)
}

/// Soft hyphen, joiners, marks of direction, the stretching of Arabic, variation selectors.
const fn is_ignored(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{640}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Latin letters that Unicode does not take apart.
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

/// Plurals that no rule below makes singular, each with its singular; and words that end in `s` and are no plural.
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

/// Words in `men` that are not the plural of a `man`.
const NOT_OF_MAN: [&str; 12] =
    ["abdomen", "acumen", "amen", "bitumen", "lumen", "omen", "ramen", "regimen", "semen", "specimen", "stamen", "yemen"];

/// The form that an English word contributions with its plural. It need not be a word: `horse` and `horses` meet at `hors`. Words of other languages
/// are treated alike wherever they stand, so they are found as well.
///
/// Harman's S-stemmer ("How effective is suffixing?", 1991), with the plurals in `es` told apart and the irregular ones listed. Snowball's
/// English stemmer would also make one term of `university` and `universe`, and knows no irregular plurals.
fn singular(word: &str) -> String {
    if let Some(singular) = IRREGULAR.get(word) {
        return ending(singular);
    }
    if word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let stem = |cut: usize| word.get(..word.len() - cut).unwrap_or_default();
    let is_man = word.ends_with("men") && !NOT_OF_MAN.contains(&word);
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
    IRREGULAR.get(one.as_str()).map_or_else(|| ending(&one), |singular| ending(singular))
}

/// Drops the ending that a plural in `es` or `ies` does not show: `horse`, `shoe` and `movie` become `hors`, `sho` and `movy`.
fn ending(word: &str) -> String {
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
    fn text_is_found_as_people_type_it() {
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
    fn several_words_are_all_wanted_and_a_hyphen_in_front_excludes() {
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
        fn whatever_is_indexed_is_found_by_its_own_text(text in "\\PC{0,60}") {
            prop_assert!(Query::of(&[text.trim_start_matches([' ', '-']).to_owned()]).is_none() || finds(text.trim_start_matches([' ', '-']), &text));
        }

        #[test]
        fn terms_hold_no_separator_of_a_key(text in "\\PC{0,60}") {
            prop_assert!(terms(&text).iter().all(|term| !term.contains('#') && !term.is_empty()));
        }
    }
}
