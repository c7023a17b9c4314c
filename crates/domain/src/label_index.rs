//! Rows of the table `LabelIndex`: one per term and image, so that "all images with cars, newest first" is one query.

use crate::{clock::EpochMillis, geometry::percent, record::Record};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};
use time::OffsetDateTime;

/// What a term is to the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TermKind {
    /// Name of a label.
    Label,
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
    /// The term, in lower case.
    pub term: String,
    /// What it is to the image.
    pub term_kind: TermKind,
    /// The label that the term stands for; of a word, the word.
    pub label: String,
    /// Percent.
    pub confidence: f64,
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

/// Words of other lengths are not indexed: a single letter finds everything, and a partition key holds 2,048 bytes at most, of which the
/// owner may take a thousand. A key that DynamoDB refuses would fail the whole transaction, at every try.
const WORD_CHARS: RangeInclusive<usize> = 2..=64;

/// The month of a moment, `yyyy-mm` in UTC.
pub fn month(at: EpochMillis) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{:04}-{:02}", at.year(), u8::from(at.month()))
}

/// Partition key of an owner's term in a month.
pub fn partition(owner_id: &str, term: &str, month: &str) -> String {
    format!("{owner_id}#{}#{month}", term.to_lowercase())
}

/// The rows of a record: names first, then aliases, parents and words, each term once with its best standing; at most [`MAX_ROWS`].
pub fn rows(record: &Record) -> Vec<LabelRow> {
    let mut best: BTreeMap<String, (TermKind, f64, String)> = BTreeMap::new();
    for (term, kind, confidence, label) in terms(record) {
        let better = best.get(&term).is_none_or(|(known, so_far, _)| kind < *known || (kind == *known && confidence > *so_far));
        if better {
            best.insert(term, (kind, confidence, label));
        }
    }
    let mut ranked: Vec<_> = best.into_iter().collect();
    ranked.sort_by(|(_, (kind_a, confidence_a, _)), (_, (kind_b, confidence_b, _))| {
        kind_a.cmp(kind_b).then(confidence_b.total_cmp(confidence_a))
    });
    ranked.truncate(MAX_ROWS);
    let month = month(record.upload_timestamp);
    ranked
        .into_iter()
        .map(|(term, (term_kind, confidence, label))| LabelRow {
            owner_label_month: partition(&record.owner_id, &term, &month),
            time_image_id: time_image_id(record),
            image_id: record.image_id.clone(),
            upload_timestamp: record.upload_timestamp,
            term,
            term_kind,
            label,
            confidence: percent(confidence),
            s3_url: record.s3_url.clone(),
            withheld: record.is_withheld(),
            expires_at: record.expires_at,
        })
        .collect()
}

/// The keys of all rows that a record may have: those of [`rows`], and of the terms that did not fit.
pub fn keys(record: &Record) -> Vec<RowKey> {
    let (month, time_image_id) = (month(record.upload_timestamp), time_image_id(record));
    let key = |term: &str| RowKey { owner_label_month: partition(&record.owner_id, term, &month), time_image_id: time_image_id.clone() };
    let keys: BTreeSet<RowKey> = terms(record).map(|(term, ..)| key(&term)).collect();
    keys.into_iter().collect()
}

fn time_image_id(record: &Record) -> String {
    format!("{:013}#{}", record.upload_timestamp, record.image_id)
}

fn terms(record: &Record) -> impl Iterator<Item = (String, TermKind, f64, String)> + '_ {
    let labels = record.labels.iter().flatten().flat_map(|label| {
        let named = |kind| move |name: &String| (name.to_lowercase(), kind, label.confidence, label.name.clone());
        [(label.name.clone(), TermKind::Label, label.confidence, label.name.clone())]
            .into_iter()
            .chain(label.aliases.iter().map(named(TermKind::Alias)))
            .chain(label.parents.iter().map(named(TermKind::Parent)))
    });
    let words = record.text_lines.iter().flatten().flat_map(|line| {
        line.text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| WORD_CHARS.contains(&word.chars().count()))
            .map(|word| (word.to_lowercase(), TermKind::Text, line.confidence, word.to_lowercase()))
    });
    labels.chain(words)
}
