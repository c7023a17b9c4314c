//! Rows of the table `LabelIndex`: one per term and image, so that "all images with cars, newest first" is one query.

use crate::{
    model::{clock::EpochMillis, image::percent, image_name::stem, record::Record},
    rules::terms::{self, MAX_TERM_CHARS},
};
use serde::{Deserialize, Serialize};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};
use time::OffsetDateTime;
use uuid::Uuid;

/// What a term is to the image; best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TermKind {
    /// Name of a label.
    Label,
    /// The file's own name.
    Name,
    /// Another name of a label.
    Alias,
    /// A broader label.
    Parent,
    /// A word found in the image.
    Text,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelRow {
    /// `{owner}#{term}#{yyyy-mm}`; partition key. The month keeps a term as common as "person" from becoming one hot partition.
    pub owner_label_month: String,
    /// `{epoch milliseconds, 13 digits}#{ImageID}`; sort key.
    #[serde(rename = "TimeImageID")]
    pub time_image_id: String,
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Epoch milliseconds.
    pub upload_timestamp: EpochMillis,
    /// The term, folded ([`terms`]).
    pub term: String,
    /// What it is to the image.
    pub term_kind: TermKind,
    /// The label that the term stands for; otherwise as [`LabelRow::found`].
    pub label: String,
    /// What has the term in it: the name of the label, alias, parent or file, or the word of the text.
    #[serde(default)]
    pub found: String,
    /// Percent; 100 of the file's name.
    pub confidence: f64,
    /// The file's own name.
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

/// The key of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RowKey {
    /// [`LabelRow::owner_label_month`].
    pub owner_label_month: String,
    /// [`LabelRow::time_image_id`].
    #[serde(rename = "TimeImageID")]
    pub time_image_id: String,
}

/// Rows that fit into one DynamoDB transaction (100 items) beside the record.
pub const MAX_ROWS: usize = 99;

/// The month of a moment, `yyyy-mm` in UTC.
pub fn month(at: EpochMillis) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{:04}-{:02}", at.year(), u8::from(at.month()))
}

/// Partition key of an owner's term, as [`terms`] folds it, in a month.
pub fn partition(owner_id: &str, term: &str, month: &str) -> String {
    format!("{owner_id}#{term}#{month}")
}

/// What the index holds of a record, and what it cannot hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Indexed {
    /// At most [`MAX_ROWS`], best first.
    pub rows: Vec<LabelRow>,
    /// Terms without a row: there were too many, or they are too long.
    pub left_out: usize,
}

impl Indexed {
    /// A sentence for the record's warnings, where terms were left out.
    pub fn warning(&self) -> Option<String> {
        let all = self.rows.len() + self.left_out;
        (self.left_out > 0).then(|| {
            let left_out = self.left_out;
            format!(
                "{left_out} of {all} search terms are not in the search index, so the image is not found by them: the index holds {MAX_ROWS} terms of an image, of {MAX_TERM_CHARS} characters at most"
            )
        })
    }
}

/// The index of a record: each term once, with its best standing. Words of labels first, then of the file's name, aliases, parents and text;
/// single letters and joined words last.
pub fn index(record: &Record) -> Indexed {
    let mut best: BTreeMap<String, Standing> = BTreeMap::new();
    for (term, standing) in standings(record) {
        if best.get(&term).is_none_or(|known| standing.is_better_than(known)) {
            best.insert(term, standing);
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
        .map(|(term, standing)| LabelRow {
            owner_label_month: partition(&record.owner_id, &term, &month),
            time_image_id: time_image_id(record),
            image_id: record.image_id.clone(),
            upload_timestamp: record.upload_timestamp,
            term,
            term_kind: standing.kind,
            label: standing.label,
            found: standing.found,
            confidence: percent(standing.confidence),
            image_name: record.image_name.clone(),
            s3_url: record.s3_url.clone(),
            withheld: record.is_withheld(),
            expires_at: record.expires_at,
        })
        .collect();
    Indexed { left_out: terms - rows.len(), rows }
}

/// The rows of [`index`].
pub fn rows(record: &Record) -> Vec<LabelRow> {
    index(record).rows
}

/// The keys of all rows that a record may have: those of [`rows`], and of the terms that did not fit.
pub fn keys(record: &Record) -> Vec<RowKey> {
    let (month, time_image_id) = (month(record.upload_timestamp), time_image_id(record));
    let key = |term: &str| RowKey { owner_label_month: partition(&record.owner_id, term, &month), time_image_id: time_image_id.clone() };
    let terms = standings(record).into_iter().filter(|(term, _)| term.chars().count() <= MAX_TERM_CHARS);
    let keys: BTreeSet<RowKey> = terms.map(|(term, _)| key(&term)).collect();
    keys.into_iter().collect()
}

fn time_image_id(record: &Record) -> String {
    format!("{:013}#{}", record.upload_timestamp, record.image_id)
}

/// How a term stands to the image.
struct Standing {
    kind: TermKind,
    /// Whether the term is all of the name that it comes from.
    is_whole: bool,
    is_word: bool,
    confidence: f64,
    label: String,
    found: String,
}

impl Standing {
    fn is_better_than(&self, known: &Self) -> bool {
        let rank = |standing: &Self| (standing.kind, Reverse(standing.is_whole));
        rank(self).cmp(&rank(known)).then(known.confidence.total_cmp(&self.confidence)).is_lt()
    }
}

fn standings(record: &Record) -> Vec<(String, Standing)> {
    let mut standings = Vec::new();
    for label in record.labels.iter().flatten() {
        let mut add = |kind, name: &str| standings.extend(of_name(kind, name, label.confidence, &label.name));
        add(TermKind::Label, &label.name);
        label.aliases.iter().for_each(|name| add(TermKind::Alias, name));
        label.parents.iter().for_each(|name| add(TermKind::Parent, name));
    }
    // A key that an upload client chose is an id and no name.
    if let Some(name) = record.image_name.as_deref().filter(|name| Uuid::try_parse(stem(name)).is_err()) {
        let whole = terms::indexed(stem(name)).into_iter().chain(terms::indexed(name));
        standings.extend(whole.map(|term| of_term(term, TermKind::Name, 100.0, |_| (name.to_owned(), name.to_owned()))));
    }
    for line in record.text_lines.iter().flatten() {
        let words = terms::indexed(&line.text).into_iter();
        standings.extend(words.map(|term| of_term(term, TermKind::Text, line.confidence, |found| (found.clone(), found))));
    }
    standings
}

/// Of a name, its words and, where there are several, all of them joined.
fn of_name(kind: TermKind, name: &str, confidence: f64, label: &str) -> Vec<(String, Standing)> {
    let words = terms::indexed(name);
    let joined = terms::joined(name).map(|term| terms::Term { term, found: name.to_owned(), is_word: false });
    let is_whole = joined.is_none();
    let named = |term, is_whole| {
        let (term, standing) = of_term(term, kind, confidence, |_| (label.to_owned(), name.to_owned()));
        (term, Standing { is_whole, ..standing })
    };
    words.into_iter().map(|term| named(term, is_whole)).chain(joined.map(|term| named(term, true))).collect()
}

fn of_term(term: terms::Term, kind: TermKind, confidence: f64, source: impl Fn(String) -> (String, String)) -> (String, Standing) {
    let (label, found) = source(term.found);
    (term.term, Standing { kind, is_whole: false, is_word: term.is_word, confidence, label, found })
}
