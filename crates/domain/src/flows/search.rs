//! Searching the table `LabelIndex`: images that have all terms of a query, newest first.
//!
//! The rows of every term are read in the order of their sort key, which is the same for all terms of an image. So the images that several
//! terms share are found by reading the terms side by side, each from where the others stand; a rare term skips most rows of a common one.

use crate::{
    model::{
        clock::{DAY_MILLIS, EpochMillis},
        error::StorageError,
    },
    ports::{LabelIndex, RowRange},
    rules::{
        label_index::{LabelRow, TermKind, month, partition},
        terms::Query,
    },
};
use serde::Serialize;
use std::collections::VecDeque;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Whose images.
    pub owner_id: &'a str,
    /// The terms.
    pub query: &'a Query,
    /// Percent; a term that is less certain does not count. One that is excluded always does.
    pub min_confidence: f64,
    /// Whether images that must not be shown are found, too.
    pub withheld: bool,
    /// Images uploaded at this moment or later, epoch milliseconds.
    pub since: EpochMillis,
    /// Images uploaded at this moment or before, epoch milliseconds.
    pub until: EpochMillis,
    /// At most this many images.
    pub limit: usize,
}

/// An image that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Hit {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// The file's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// Epoch milliseconds.
    pub upload_timestamp: EpochMillis,
    /// `s3://bucket/key` of the original.
    #[serde(rename = "S3_URL")]
    pub s3_url: String,
    /// Whether the image must not be shown.
    pub withheld: bool,
    /// Percent: of the least certain match.
    pub confidence: f64,
    /// Why it was found: one match for each term.
    pub matches: Vec<Match>,
}

/// Why an image was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Match {
    /// The term, folded.
    pub term: String,
    /// What it is to the image.
    pub term_kind: TermKind,
    /// The label that it stands for.
    pub label: String,
    /// The name or word that has it.
    pub found: String,
    /// Percent.
    pub confidence: f64,
}

/// Finds the images, newest first.
///
/// # Errors
///
/// Whatever the table answers.
pub async fn search(index: &impl LabelIndex, search: &Search<'_>) -> Result<Vec<Hit>, StorageError> {
    let mut hits = Vec::new();
    for name in months_back(search.since, search.until) {
        let mut month = Month::new(search, &name);
        while hits.len() < search.limit
            && let Some(hit) = month.next(index).await?
        {
            hits.push(hit);
        }
        if hits.len() >= search.limit {
            break;
        }
    }
    Ok(hits)
}

/// The search within one month.
struct Month {
    alternatives: Vec<Shared>,
    exclusions: Vec<Shared>,
    newest: String,
}

impl Month {
    fn new(search: &Search<'_>, month: &str) -> Self {
        let from = format!("{:013}", search.since.max(0));
        let shared = |terms: &Vec<String>, min_confidence, withheld| Shared {
            terms: terms
                .iter()
                .map(|term| Rows {
                    partition: partition(search.owner_id, term, month),
                    from: from.clone(),
                    min_confidence,
                    withheld,
                    read: VecDeque::new(),
                    after: None,
                    is_end: false,
                })
                .collect(),
        };
        Self {
            alternatives: search.query.alternatives.iter().map(|terms| shared(terms, search.min_confidence, search.withheld)).collect(),
            exclusions: search.query.exclusions.iter().map(|terms| shared(terms, 0.0, true)).collect(),
            // '~' sorts behind every character of an image's id.
            newest: format!("{:013}#~", search.until.max(0)),
        }
    }

    async fn next(&mut self, index: &impl LabelIndex) -> Result<Option<Hit>, StorageError> {
        loop {
            let mut best: Option<(String, Vec<LabelRow>)> = None;
            for alternative in &mut self.alternatives {
                // Of two ways to the same image the last one, all words joined, says more.
                if let Some(key) = alternative.newest(index, &self.newest).await?
                    && best.as_ref().is_none_or(|(best, _)| key >= *best)
                {
                    best = Some((key, alternative.heads()));
                }
            }
            let Some((key, rows)) = best else { return Ok(None) };
            self.alternatives.iter_mut().for_each(|alternative| alternative.pass(&key));
            let mut excluded = false;
            for exclusion in &mut self.exclusions {
                excluded |= exclusion.newest(index, &key).await?.as_ref() == Some(&key);
            }
            if !excluded {
                return Ok(hit(rows));
            }
        }
    }
}

fn hit(rows: Vec<LabelRow>) -> Option<Hit> {
    let confidence = rows.iter().map(|row| row.confidence).fold(100.0, f64::min);
    let first = rows.first().cloned()?;
    let of = |row: LabelRow| {
        // Rows of the first version say in `Label` what they were made of.
        let found = if row.found.is_empty() { row.label.clone() } else { row.found };
        Match { term: row.term, term_kind: row.term_kind, label: row.label, found, confidence: row.confidence }
    };
    Some(Hit {
        image_id: first.image_id,
        image_name: first.image_name,
        upload_timestamp: first.upload_timestamp,
        s3_url: first.s3_url,
        withheld: first.withheld,
        confidence,
        matches: rows.into_iter().map(of).collect(),
    })
}

/// The images that several terms share.
struct Shared {
    terms: Vec<Rows>,
}

impl Shared {
    /// The largest sort key up to `bound` that all terms have; their rows are the heads then. Bounds may only sink from call to call.
    async fn newest(&mut self, index: &impl LabelIndex, bound: &str) -> Result<Option<String>, StorageError> {
        let mut key = bound.to_owned();
        let (mut agreed, mut turn) = (0, 0);
        while agreed < self.terms.len() {
            let Some(rows) = self.terms.get_mut(turn) else { return Ok(None) };
            let Some(head) = rows.newest(index, &key).await? else { return Ok(None) };
            if head == key {
                agreed += 1;
            } else {
                (key, agreed) = (head, 1);
            }
            turn = (turn + 1) % self.terms.len();
        }
        Ok(Some(key).filter(|_| !self.terms.is_empty()))
    }

    fn heads(&self) -> Vec<LabelRow> {
        self.terms.iter().filter_map(|rows| rows.read.front().cloned()).collect()
    }

    fn pass(&mut self, key: &str) {
        for rows in &mut self.terms {
            rows.read.pop_front_if(|row| row.time_image_id == key);
        }
    }
}

/// The rows of one term, read page by page.
struct Rows {
    partition: String,
    from: String,
    min_confidence: f64,
    withheld: bool,
    read: VecDeque<LabelRow>,
    after: Option<String>,
    is_end: bool,
}

impl Rows {
    /// The largest sort key up to `bound`.
    async fn newest(&mut self, index: &impl LabelIndex, bound: &str) -> Result<Option<String>, StorageError> {
        loop {
            while self.read.pop_front_if(|row| row.time_image_id.as_str() > bound).is_some() {}
            if let Some(row) = self.read.front() {
                return Ok(Some(row.time_image_id.clone()));
            }
            if self.is_end || bound < self.from.as_str() {
                return Ok(None);
            }
            // Where the other terms are further on than the last page, this one goes on from there.
            let after = self.after.as_deref().filter(|after| *after <= bound);
            let range = RowRange {
                partition: &self.partition,
                from: &self.from,
                to: bound,
                after,
                min_confidence: self.min_confidence,
                withheld: self.withheld,
            };
            let page = index.rows(range).await?;
            self.read.extend(page.rows);
            self.is_end = page.next.is_none();
            self.after = page.next;
        }
    }
}

/// The months from `until` back to `since`, newest first.
fn months_back(since: EpochMillis, until: EpochMillis) -> Vec<String> {
    let mut months = vec![month(until)];
    let mut day = until;
    while day > since {
        day = (day - DAY_MILLIS).max(since);
        let earlier = month(day);
        if months.last() != Some(&earlier) {
            months.push(earlier);
        }
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_back_over_the_turn_of_the_year_and_skip_none() {
        let (until, since) = (1_772_323_200_000, 1_764_547_199_000); // 2026-03-01T00:00:00Z, 2025-11-30T23:59:59Z
        assert_eq!(months_back(since, until), ["2026-03", "2026-02", "2026-01", "2025-12", "2025-11"]);
    }

    #[test]
    fn a_span_within_a_month_is_one_query() {
        assert_eq!(months_back(1_772_323_200_000, 1_772_323_200_000), ["2026-03"]);
    }
}
