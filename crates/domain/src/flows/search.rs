//! Searches the table `LabelIndex` for images that have all terms of a query, newest first.
//!
//! All rows of an image have the same sort key, and the rows of each term are read in the order of this key. The images that have all terms
//! are therefore the intersection of sorted lists: each list is read from the current position of the others, so a rare term skips most rows
//! of a common one.

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
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// How far a search without an end reaches into the future: the clock of S3, which dates uploads, may be ahead of ours. Milliseconds.
pub const CLOCK_SKEW: EpochMillis = 5 * 60_000;

/// A search request.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The owner of the images.
    pub owner_id: &'a str,
    /// The terms.
    pub query: &'a Query,
    /// Minimum confidence of a match, percent. Exclusions match at any confidence.
    pub min_confidence: f64,
    /// Whether withheld images are found too.
    pub withheld: bool,
    /// Images uploaded at this moment or later, epoch milliseconds.
    pub since: EpochMillis,
    /// Images uploaded at this moment or before, epoch milliseconds.
    pub until: EpochMillis,
    /// Maximum number of images.
    pub limit: usize,
}

/// An image that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Hit {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// The name of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// Sort key of the record, epoch milliseconds.
    pub upload_timestamp: EpochMillis,
    /// `s3://bucket/key` of the original.
    #[serde(rename = "S3_URL")]
    pub s3_url: String,
    /// Whether the image must not be shown.
    pub withheld: bool,
    /// The lowest confidence of its matches, percent.
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
    /// Where the term comes from.
    pub term_kind: TermKind,
    /// The name of the label, for a term of a label; otherwise the same as `found`.
    pub label: String,
    /// The name or word that contains the term.
    pub found: String,
    /// Confidence, percent.
    pub confidence: f64,
}

/// Where a search continues: in this month, below this sort key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchPosition {
    /// The month, such as `2026-11`.
    pub month: String,
    /// [`LabelRow::time_image_id`] of the newest image that can still be found.
    pub bound: String,
    /// Whether the image under exactly this key was found already.
    pub is_found: bool,
}

/// A page of a search.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Newest first. Can be empty although more pages follow.
    pub hits: Vec<Hit>,
    /// The start of the next page; `None` on the last page.
    pub next: Option<SearchPosition>,
}

/// What one page of a search may cost, and where it starts.
#[derive(Debug, Clone, Default)]
pub struct SearchPage<'a> {
    /// The start; `None`: the newest image.
    pub after: Option<&'a SearchPosition>,
    /// Pages of rows that are read at most.
    pub reads: usize,
    /// The months that are searched, if it is known in which months the owner has images.
    pub months: Option<&'a BTreeSet<String>>,
}

/// Finds the images, newest first.
///
/// # Errors
///
/// [`StorageError`] if DynamoDB cannot be read.
pub async fn search(index: &impl LabelIndex, search: &Search<'_>) -> Result<Vec<Hit>, StorageError> {
    let page = SearchPage { reads: usize::MAX, ..SearchPage::default() };
    Ok(search_page(index, search, &page).await?.hits)
}

/// Finds a page of the images, newest first, with a limited number of reads.
///
/// # Errors
///
/// [`StorageError`] if DynamoDB cannot be read.
pub async fn search_page(index: &impl LabelIndex, search: &Search<'_>, page: &SearchPage<'_>) -> Result<Found, StorageError> {
    let (mut hits, mut reads) = (Vec::new(), page.reads);
    let is_due = |name: &String| {
        let has_images = page.months.is_none_or(|months| months.contains(name));
        has_images && page.after.is_none_or(|after| *name <= after.month)
    };
    for name in months_back(search.since, search.until).into_iter().filter(is_due) {
        let start = page.after.filter(|after| after.month == name);
        let mut month = MonthSearch::new(search, &name, start);
        loop {
            match month.next(index, &mut reads).await {
                Ok(Some(hit)) => hits.push(hit),
                Ok(None) => break,
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::OutOfReads(_)) => return Ok(Found { hits, next: Some(month.position(name)) }),
            }
            if hits.len() >= search.limit {
                return Ok(Found { hits, next: Some(month.position(name)) });
            }
        }
    }
    Ok(Found { hits, next: None })
}

/// Why a search stops before its end.
enum Stop {
    /// The reads are used up; the search has reached this sort key.
    OutOfReads(String),
    /// DynamoDB cannot be read.
    Failed(StorageError),
}

/// The search within one month.
struct MonthSearch {
    alternatives: Vec<Intersection>,
    /// The largest sort key that each alternative has still to search.
    bounds: Vec<String>,
    exclusions: Vec<Intersection>,
    /// The largest sort key that is searched.
    newest: String,
    /// The sort key that was found or excluded last.
    found: Option<String>,
}

impl MonthSearch {
    fn new(search: &Search<'_>, month: &str, start: Option<&SearchPosition>) -> Self {
        let from = format!("{:013}", search.since.max(0));
        let intersection = |terms: &Vec<String>, min_confidence, withheld| Intersection {
            terms: terms
                .iter()
                .map(|term| TermRows {
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
        let alternatives: Vec<_> =
            search.query.alternatives.iter().map(|terms| intersection(terms, search.min_confidence, search.withheld)).collect();
        // '~' sorts after every character of an image's id.
        let newest = start.map_or_else(|| format!("{:013}#~", search.until.max(0)), |start| start.bound.clone());
        Self {
            bounds: vec![newest.clone(); alternatives.len()],
            alternatives,
            exclusions: search.query.exclusions.iter().map(|terms| intersection(terms, 0.0, true)).collect(),
            newest,
            found: start.filter(|start| start.is_found).map(|start| start.bound.clone()),
        }
    }

    /// Where the search of this month, called `month`, continues.
    fn position(&self, month: String) -> SearchPosition {
        let bound = self.bounds.iter().max().cloned().unwrap_or_default();
        SearchPosition { month, is_found: self.found.as_ref() == Some(&bound), bound }
    }

    /// The next image, from newest to oldest.
    async fn next(&mut self, index: &impl LabelIndex, reads: &mut usize) -> Result<Option<Hit>, Stop> {
        loop {
            let mut best: Option<(String, Vec<LabelRow>)> = None;
            for (alternative, bound) in self.alternatives.iter_mut().zip(&mut self.bounds) {
                let sought = alternative.seek(index, &self.newest, reads).await;
                match &sought {
                    Ok(key) => *bound = key.clone().unwrap_or_default(),
                    Err(Stop::OutOfReads(key)) if key < bound => bound.clone_from(key),
                    Err(Stop::OutOfReads(_) | Stop::Failed(_)) => {}
                }
                // If two alternatives find the same image, the last one is used: its term, all words joined, is more specific.
                if let Some(key) = sought?
                    && best.as_ref().is_none_or(|(best, _)| key >= *best)
                {
                    best = Some((key, alternative.current_rows()));
                }
            }
            let Some((key, rows)) = best else { return Ok(None) };
            let mut excluded = self.found.as_ref() == Some(&key);
            for exclusion in &mut self.exclusions {
                excluded |= exclusion.seek(index, &key, reads).await?.as_ref() == Some(&key);
            }
            self.alternatives.iter_mut().for_each(|alternative| alternative.skip(&key));
            (self.newest, self.found) = (key.clone(), Some(key));
            if !excluded {
                return Ok(hit(rows));
            }
        }
    }
}

fn hit(rows: Vec<LabelRow>) -> Option<Hit> {
    let confidence = rows.iter().map(|row| row.confidence).fold(100.0, f64::min);
    let first = rows.first().cloned()?;
    let to_match = |row: LabelRow| {
        // Rows that the first release wrote have no `Found`; their `Label` is the source.
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
        matches: rows.into_iter().map(to_match).collect(),
    })
}

/// The images that have all of several terms.
struct Intersection {
    terms: Vec<TermRows>,
}

impl Intersection {
    /// Moves all terms to the largest sort key up to `bound` that they have in common, and returns it; `None` if there is none. `bound` must
    /// not increase from call to call.
    async fn seek(&mut self, index: &impl LabelIndex, bound: &str, reads: &mut usize) -> Result<Option<String>, Stop> {
        let mut key = bound.to_owned();
        let (mut agreed, mut turn) = (0, 0);
        while agreed < self.terms.len() {
            let Some(rows) = self.terms.get_mut(turn) else { return Ok(None) };
            let Some(found) = rows.seek(index, &key, reads).await? else { return Ok(None) };
            if found == key {
                agreed += 1;
            } else {
                (key, agreed) = (found, 1);
            }
            turn = (turn + 1) % self.terms.len();
        }
        Ok(Some(key).filter(|_| !self.terms.is_empty()))
    }

    fn current_rows(&self) -> Vec<LabelRow> {
        self.terms.iter().filter_map(|rows| rows.read.front().cloned()).collect()
    }

    fn skip(&mut self, key: &str) {
        for rows in &mut self.terms {
            rows.read.pop_front_if(|row| row.time_image_id == key);
        }
    }
}

/// The rows of one term, read page by page.
struct TermRows {
    partition: String,
    from: String,
    min_confidence: f64,
    withheld: bool,
    read: VecDeque<LabelRow>,
    after: Option<String>,
    is_end: bool,
}

impl TermRows {
    /// Moves to the largest sort key up to `bound`, and returns it; `None` if there is none.
    async fn seek(&mut self, index: &impl LabelIndex, bound: &str, reads: &mut usize) -> Result<Option<String>, Stop> {
        loop {
            while self.read.pop_front_if(|row| row.time_image_id.as_str() > bound).is_some() {}
            if let Some(row) = self.read.front() {
                return Ok(Some(row.time_image_id.clone()));
            }
            if self.is_end || bound < self.from.as_str() {
                return Ok(None);
            }
            *reads = reads.checked_sub(1).ok_or_else(|| Stop::OutOfReads(bound.to_owned()))?;
            // If the other terms are already beyond the end of the last page, this one continues from their position.
            let after = self.after.as_deref().filter(|after| *after <= bound);
            let range = RowRange {
                partition: &self.partition,
                from: &self.from,
                to: bound,
                after,
                min_confidence: self.min_confidence,
                withheld: self.withheld,
            };
            let page = index.rows(range).await.map_err(Stop::Failed)?;
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
    fn months_go_back_across_new_year_without_gaps() {
        let (until, since) = (1_772_323_200_000, 1_764_547_199_000); // 2026-03-01T00:00:00Z, 2025-11-30T23:59:59Z
        assert_eq!(months_back(since, until), ["2026-03", "2026-02", "2026-01", "2025-12", "2025-11"]);
    }

    #[test]
    fn a_range_within_a_month_has_one_month() {
        assert_eq!(months_back(1_772_323_200_000, 1_772_323_200_000), ["2026-03"]);
    }
}
