//! The rows of the table `LabelIndex`: one for each term of an image, so that "all images with cars, newest first" is one query.

use crate::{
    model::{
        clock::{EpochMillis, day},
        image::round_percent,
        image_name::stem,
        record::Record,
    },
    rules::{
        overlay::{LabelSource, ShownLabel, shown_labels},
        terms::{self, MAX_TERM_CHARS},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};
use uuid::Uuid;

/// Where a term comes from, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TermKind {
    /// A label that the owner added.
    Own,
    /// The name of a label.
    Label,
    /// The title that the owner gave.
    Title,
    /// The name of the file.
    Name,
    /// An alias of a label.
    Alias,
    /// A parent of a label.
    Parent,
    /// A word found in the image.
    Text,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelRow {
    /// `{owner}#{term}#{yyyy-mm}`; partition key. With the month, a common term such as "person" is not one hot
    /// partition.
    pub owner_label_month: String,
    /// `{epoch milliseconds, 13 digits}#{ImageID}`; sort key.
    #[serde(rename = "TimeImageID")]
    pub time_image_id: String,
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Sort key of the record, epoch milliseconds.
    pub upload_timestamp: EpochMillis,
    /// The term, folded ([`terms`]).
    pub term: String,
    /// Where the term comes from.
    pub term_kind: TermKind,
    /// The name of the label, for a term of a label; otherwise the same as [`LabelRow::found`].
    pub label: String,
    /// The source that contains the term: the name of the label, alias, parent or file, the title, or the word in the text.
    #[serde(default)]
    pub found: String,
    /// Confidence, percent; 100 for an own label, the title and the name of the file.
    pub confidence: f64,
    /// The name of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// `s3://bucket/key` of the original.
    #[serde(rename = "S3_URL")]
    pub s3_url: String,
    /// Whether the image must not be shown.
    #[serde(default)]
    pub withheld: bool,
    /// When DynamoDB may delete it, epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// The key of a row of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RowKey {
    /// [`LabelRow::owner_label_month`].
    pub owner_label_month: String,
    /// [`LabelRow::time_image_id`].
    #[serde(rename = "TimeImageID")]
    pub time_image_id: String,
}

impl RowKey {
    /// The key of a row.
    pub fn of(row: &LabelRow) -> Self {
        Self { owner_label_month: row.owner_label_month.clone(), time_image_id: row.time_image_id.clone() }
    }
}

/// Maximum number of rows of an image: a DynamoDB transaction has at most 100 items, and one of them is the record.
pub const MAX_ROWS: usize = 99;

/// The month of a time, `yyyy-mm` in UTC.
pub fn month(at: EpochMillis) -> String {
    day(at).chars().take("yyyy-mm".len()).collect()
}

/// The partition key for an owner, a folded term and a month.
pub fn partition(owner_id: &str, term: &str, month: &str) -> String {
    format!("{owner_id}#{term}#{month}")
}

/// The index rows of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexRows {
    /// At most [`MAX_ROWS`], best first.
    pub rows: Vec<LabelRow>,
    /// The number of terms without a row: there are too many, or they are too long.
    pub omitted: usize,
}

impl IndexRows {
    /// A sentence for the record's warnings, if terms were omitted.
    pub fn warning(&self) -> Option<String> {
        let (omitted, all) = (self.omitted, self.rows.len() + self.omitted);
        (omitted > 0).then(|| {
            format!(
                "{omitted} of {all} search terms are not in the search index, so the image is not found by them: the index holds at most {MAX_ROWS} terms per image, of at most {MAX_TERM_CHARS} characters"
            )
        })
    }
}

/// The index rows of a record: one for each term, from its best source. Words of the owner's labels come first, then words of Rekognition's
/// labels, of the title, the file name, aliases, parents and text; single letters and joined words come last.
pub fn index(record: &Record) -> IndexRows {
    let mut best: BTreeMap<String, TermSource> = BTreeMap::new();
    for (term, source) in term_sources(record) {
        if best.get(&term).is_none_or(|known| source.is_better_than(known)) {
            best.insert(term, source);
        }
    }
    let terms = best.len();
    let mut ranked: Vec<_> = best.into_iter().filter(|(term, _)| term.chars().count() <= MAX_TERM_CHARS).collect();
    ranked.sort_by(|(_, a), (_, b)| {
        (Reverse(a.is_word), a.kind).cmp(&(Reverse(b.is_word), b.kind)).then(b.confidence.total_cmp(&a.confidence))
    });
    ranked.truncate(MAX_ROWS);
    let month = month(record.upload_timestamp);
    let rows: Vec<LabelRow> = ranked
        .into_iter()
        .map(|(term, source)| LabelRow {
            owner_label_month: partition(&record.owner_id, &term, &month),
            time_image_id: time_image_id(record.upload_timestamp, &record.image_id),
            image_id: record.image_id.clone(),
            upload_timestamp: record.upload_timestamp,
            term,
            term_kind: source.kind,
            label: source.label,
            found: source.found,
            confidence: round_percent(source.confidence),
            image_name: record.image_name.clone(),
            s3_url: record.s3_url.clone(),
            withheld: record.is_withheld(),
            expires_at: record.expires_at,
        })
        .collect();
    IndexRows { omitted: terms - rows.len(), rows }
}

/// The rows of [`index`].
pub fn rows(record: &Record) -> Vec<LabelRow> {
    index(record).rows
}

/// The keys of all rows that a record can have: those of [`rows`], of terms beyond [`MAX_ROWS`], and of labels that the owner removed.
pub fn keys(record: &Record) -> Vec<RowKey> {
    let record = &Record { removed_labels: Vec::new(), ..record.clone() };
    let (month, time_image_id) = (month(record.upload_timestamp), time_image_id(record.upload_timestamp, &record.image_id));
    let key = |term: &str| RowKey { owner_label_month: partition(&record.owner_id, term, &month), time_image_id: time_image_id.clone() };
    let terms = term_sources(record).into_iter().filter(|(term, _)| term.chars().count() <= MAX_TERM_CHARS);
    let keys: BTreeSet<RowKey> = terms.map(|(term, _)| key(&term)).collect();
    keys.into_iter().collect()
}

/// [`LabelRow::time_image_id`] of an image.
pub fn time_image_id(upload_timestamp: EpochMillis, image_id: &str) -> String {
    format!("{upload_timestamp:013}#{image_id}")
}

/// Where a term of an image comes from, and how good this source is.
struct TermSource {
    kind: TermKind,
    /// Whether the term is the whole name from which it comes.
    is_whole: bool,
    /// Whether the term is a word, and not a single letter or several joined words.
    is_word: bool,
    /// Percent.
    confidence: f64,
    label: String,
    found: String,
}

impl TermSource {
    fn new(kind: TermKind, is_word: bool, confidence: f64, label: &str, found: &str) -> Self {
        Self { kind, is_whole: false, is_word, confidence, label: label.to_owned(), found: found.to_owned() }
    }

    fn is_better_than(&self, known: &Self) -> bool {
        let rank = |source: &Self| (source.kind, Reverse(source.is_whole));
        rank(self).cmp(&rank(known)).then(known.confidence.total_cmp(&self.confidence)).is_lt()
    }
}

/// All terms of an image with their sources; a term can have several.
fn term_sources(record: &Record) -> Vec<(String, TermSource)> {
    let mut sources = Vec::new();
    for ShownLabel { label, source } in &shown_labels(record) {
        let mut add = |kind, name: &str| sources.extend(terms_of_name(kind, name, label.confidence, &label.name));
        let kind = match source {
            LabelSource::Rekognition => TermKind::Label,
            LabelSource::Own => TermKind::Own,
        };
        add(kind, &label.name);
        label.aliases.iter().for_each(|name| add(TermKind::Alias, name));
        label.parents.iter().for_each(|name| add(TermKind::Parent, name));
    }
    if let Some(title) = record.title.as_deref() {
        let terms = terms::indexed(title).into_iter();
        sources.extend(terms.map(|term| (term.term, TermSource::new(TermKind::Title, term.is_word, 100.0, title, title))));
    }
    // The name in a key that an upload client chose is an id.
    if let Some(name) = record.image_name.as_deref().filter(|name| Uuid::try_parse(stem(name)).is_err()) {
        let terms = terms::indexed(stem(name)).into_iter().chain(terms::indexed(name));
        sources.extend(terms.map(|term| (term.term, TermSource::new(TermKind::Name, term.is_word, 100.0, name, name))));
    }
    for line in record.text_lines.iter().flatten() {
        let terms = terms::indexed(&line.text).into_iter();
        sources.extend(terms.map(|term| {
            let source = TermSource::new(TermKind::Text, term.is_word, line.confidence, &term.found, &term.found);
            (term.term, source)
        }));
    }
    sources
}

/// The words of a name and, if there are several, all of them joined.
fn terms_of_name(kind: TermKind, name: &str, confidence: f64, label: &str) -> Vec<(String, TermSource)> {
    let source = |is_word, is_whole| TermSource { is_whole, ..TermSource::new(kind, is_word, confidence, label, name) };
    let joined = terms::joined(name);
    let is_whole = joined.is_none();
    let words = terms::indexed(name).into_iter().map(|term| (term.term, source(term.is_word, is_whole)));
    words.chain(joined.map(|term| (term, source(false, true)))).collect()
}
